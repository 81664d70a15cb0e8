import cProfile
import io
import pstats
import sys
import time

from tests.benchmarks.__main__ import prepare


def main():
    prepare()
    from tests.benchmarks import register

    register.load(int(sys.argv[1]))
    from django.test import Client

    c = Client(headers={"host": "127.0.0.1"})
    for name, path in register.pages(5000).items():
        if name not in sys.argv[2].split(","):
            continue
        for _ in range(5):
            assert c.get(path, secure=True).status_code == 200
        pr = cProfile.Profile()
        t = time.process_time()
        for _ in range(10):
            c.get(path, secure=True)
        t = (time.process_time() - t) / 10 * 1000
        pr.enable()
        for _ in range(10):
            c.get(path, secure=True)
        pr.disable()
        s = io.StringIO()
        pstats.Stats(pr, stream=s).sort_stats("cumulative").print_stats(65)
        print("=====", name, path, f"{t:.1f} ms")
        print(
            "\n".join(l for l in s.getvalue().splitlines()[6:] if "/wt/s3/" in l or "django" in l or "{built" in l)[
                :9000
            ]
        )


from tests import environment

try:
    main()
finally:
    environment.server and environment.server.stop()
