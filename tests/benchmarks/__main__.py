"""`make bench`: how much work a page is for the server, as a ratio to a plain page measured in the same run.

Then how fast many sign up at once (`tests.benchmarks.sign_ups`), and how fast mails go out (`tests.benchmarks.mail`).

Server CPU is read from the kernel's accounts of the worker processes, so other load on the machine hardly moves it.
"""

import argparse
import gzip
import http.client
import io
import json
import logging
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from tests import environment  # sets up a throw-away environment before Django loads

WORKERS = 2
ROUNDS = 5
# Enough examples for the yardstick when something else is measured.
FEW = 200
# A cold visit fetches what these name: styles, scripts, icons, fonts; photos are counted apart.
_LINKED = re.compile(r"<(?:link|script|use)\b[^>]*?(?:href|src)=\"([^\"#]+)")
_FONT = re.compile(r"url\(\"?([^\")]+)")


def processor_time(pid: int) -> float:
    """Seconds of processor time a process has used so far."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


@dataclass(frozen=True)
class Server:
    """One gunicorn under measurement."""

    port: int
    pid: int

    @property
    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(child) for child in children]

    def cpu(self) -> float:
        """Seconds of processor time all workers have used so far."""
        return sum(processor_time(pid) for pid in self.workers)

    def private_memory(self) -> float:
        """Private MiB of the largest worker."""
        sizes = []
        for pid in self.workers:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            sizes.append(sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024)
        return max(sizes)

    def get(
        self, path: str, connection: http.client.HTTPConnection | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Fetch one address; raises when it is not answered with 200."""
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Accept-Encoding": "br, gzip", "Host": "127.0.0.1", "X-Forwarded-Proto": "https"}
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}")
        return response, body


@contextmanager
def serve(application: str, port: int, **environment: str) -> Iterator[Server]:
    """Run gunicorn with sync workers, as production does, until the block ends."""
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    command += ["--workers", str(WORKERS), "--log-level", "error", "--preload"]
    environ = {**os.environ, "LOG_LEVEL": "WARNING", "TRUSTED_PROXIES": "1", **environment}
    with subprocess.Popen(command, env=environ) as process:
        server = Server(port, process.pid)
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    server.get("/")
                    break
                except (OSError, RuntimeError):
                    if time.monotonic() > deadline or process.poll() is not None:
                        raise
                    time.sleep(0.2)
            yield server
        finally:
            process.terminate()


def cpu_per_request(server: Server, path: str, seconds: float) -> float:
    """Median over rounds of the processor milliseconds that one request costs the web server."""
    for _ in range(10):
        server.get(path)
    samples = []
    for _ in range(ROUNDS):
        requests, before, stop = 0, server.cpu(), time.monotonic() + seconds / ROUNDS
        while time.monotonic() < stop:
            server.get(path)
            requests += 1
        samples.append((server.cpu() - before) / requests * 1000)
    return statistics.median(samples)


def throughput(server: Server, path: str, seconds: float, clients: int = 4) -> tuple[float, float, float]:
    """Requests a second, p50 and p95 in milliseconds, with a few clients at once."""
    times: list[float] = []
    stop = time.monotonic() + seconds

    def client() -> None:
        while time.monotonic() < stop:
            start = time.perf_counter()
            server.get(path)
            times.append((time.perf_counter() - start) * 1000)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(times, n=20)
    return len(times) / seconds, statistics.median(times), cuts[18]


def cold_visit(server: Server, path: str) -> tuple[int, int, int]:
    """Requests, compressed bytes and raw bytes of HTML of a first visit, without photos."""
    _, html = server.get(path)
    size, requests = len(gzip.compress(html, 6)), 1
    seen: set[str] = set()
    waiting = [urljoin(path, link) for link in _LINKED.findall(html.decode())]
    while waiting:
        link = waiting.pop()
        parts = urlsplit(link)
        if parts.netloc or parts.path in seen or not parts.path.startswith("/static/"):
            continue
        seen.add(parts.path)
        _, body = server.get(parts.path)
        requests, size = requests + 1, size + len(body)
        if parts.path.endswith(".css"):
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            connection.request("GET", parts.path, headers={"Host": "127.0.0.1", "X-Forwarded-Proto": "https"})
            css = connection.getresponse().read().decode()
            waiting += [urljoin(parts.path, name) for name in _FONT.findall(css)]
    return requests, size, len(html)


@dataclass(frozen=True)
class Statements:
    """What one request asks of the database: how often, and the processor milliseconds that it takes there."""

    count: int
    ms: float


def statements(path: str) -> Statements:
    """Ask the page of this process, and look at the database server's process behind its connection."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "127.0.0.1"})
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, secure=True).status_code == 200, path
    # Now: the next request empties the list.
    count = len(captured)
    backend = connection.connection.info.backend_pid
    samples = []
    for _ in range(9):
        before = processor_time(backend)
        client.get(path, secure=True)
        samples.append((processor_time(backend) - before) * 1000)
    return Statements(count, statistics.median(samples))


def prepare() -> None:
    """Make a database of its own and the files the pages need."""
    import django

    if environment.server:
        environment.server.start()
    os.environ["DJANGO_SETTINGS_MODULE"] = "platform_mark.settings"
    django.setup()
    from django.core.management import call_command

    # The pages that this process asks itself would write their lines between those of the tables.
    logging.disable(logging.WARNING)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("migrate", verbosity=0)
    call_command("createcachetable")
    call_command("load_reference", stdout=io.StringIO())


def pages(rows: int) -> dict[str, str]:
    """What is measured, by its name in the tables."""
    from tests.benchmarks.data import word_in

    narrow = "branche=metall-und-draht&groesse=klein&groesse=mittel"
    words = {share: word_in(share) for share in (0.25, 0.015, 0.001)}
    frequent, medium, rare = words.values()
    print(f"häufig: {frequent}, mittel: {medium}, selten: {rare}\n")
    return {
        "Start": "/",
        "Liste": "/beispiele/",
        "Liste, 2 Filter": f"/beispiele/?{narrow}",
        "Liste, 5 Filter": f"/beispiele/?{narrow}&kreis=maerkischer-kreis&aufwand=mittel&zielgruppe=beschaeftigte",
        "Liste, nach Kosten": "/beispiele/?sortierung=kosten",
        "Liste, tiefe Seite": f"/beispiele/?seite={max(2, rows // 24)}",
        "Text, häufig": f"/beispiele/?q={frequent}",
        "Text, mittel": f"/beispiele/?q={medium}",
        "Text, selten": f"/beispiele/?q={rare}",
        "Text, zwei Wörter": f"/beispiele/?q={frequent}+{medium}",
        "Text, Tippfehler": f"/beispiele/?q={medium[:3]}{medium[4:]}",
        "Text, 2 Filter": f"/beispiele/?q={frequent}&{narrow}",
        "Text, tiefe Seite": f"/beispiele/?q={frequent}&seite={max(2, rows // 120)}",
        "Beispiel": "/beispiele/beispiel-3/",
        "Erste Schritte": "/einstieg/?branche=metall-und-draht&groesse=klein&druck=papierkram",
        "Selbstcheck": "/einstieg/selbstcheck/?zettel=ja&maschinen=ja&branche=metall-und-draht",
        "Branchen": "/branchen/",
        "Branche": "/branchen/metall-und-draht/",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[1000], help="examples in the database, one run for each"
    )
    parser.add_argument(
        "--activities", type=int, nargs="+", help="measure the register instead, with as many entries, one run for each"
    )
    parser.add_argument("--people", type=int, nargs="+", default=[200, 500], help="who sign up at once for 50 seats")
    parser.add_argument("--dialogues", type=int, default=5000, help="dialogues in the database")
    parser.add_argument("--mails", type=int, default=1000, help="mails to a server on this machine")
    parser.add_argument("--only", nargs="+", choices=["pages", "sign-ups", "mails"], help="leave the others out")
    parser.add_argument("--seconds", type=float, default=5, help="how long to measure each page")
    parser.add_argument("--port", type=int, default=8790)
    parser.add_argument("--json", type=Path, help="keep the figures in this file")
    options = parser.parse_args()
    # Imports this module in turn.
    from tests.benchmarks import mail, sign_ups

    parts = options.only or ["pages", "sign-ups", "mails"]
    try:
        prepare()
        if "pages" in parts:
            subject = "Aktivitäten" if options.activities else "Beispiele"
            sizes = sorted(options.activities or options.rows)
            figures = {
                rows: measure(subject, rows, options.seconds, options.port, dialogues=options.dialogues)
                for rows in sizes
            }
            if len(figures) > 1:
                print_growth(subject, figures)
            if options.json:
                options.json.write_text(json.dumps(figures, indent=1))
        if "sign-ups" in parts:
            sign_ups.measure(options.people, options.port + 2)
        if "mails" in parts:
            mail.print_mails(options.mails)
    finally:
        if environment.server:
            environment.server.stop()
        shutil.rmtree(environment.folder, ignore_errors=True)


Figures = dict[str, dict[str, float]]


def measure(subject: str, rows: int, seconds: float, port: int, *, dialogues: int) -> Figures:
    """Fill up to so many rows and print one line for each page of the subject, beside the yardstick."""
    from django.db import connection

    from tests.benchmarks import data, register, searching
    from tests.benchmarks.dialogues import dialogue_pages, load_dialogues

    start = time.monotonic()
    # The yardstick shows examples, whatever is measured.
    data.load(rows if subject == "Beispiele" else FEW)
    if subject == "Aktivitäten":
        register.load(rows)
    else:
        load_dialogues(dialogues)
    print(f"{rows} {subject} (geladen in {time.monotonic() - start:.0f} s), {WORKERS} sync worker")
    found = register.pages(rows) if subject == "Aktivitäten" else pages(rows) | dialogue_pages()
    found |= searching.search_pages()
    connection.close()
    print(
        f"{'Seite':<20}{'CPU ms':>8}{'x Maß':>7}{'req/s':>7}{'p50 ms':>8}{'p95 ms':>8}"
        f"{'SQL':>5}{'SQL ms':>8}{'Abrufe':>8}{'kB':>7}{'HTML kB':>9}"
    )
    figures: Figures = {}
    with (
        serve("tests.benchmarks.yardstick:application", port) as bare,
        serve("platform_mark.wsgi:application", port + 1) as portal,
    ):
        yardstick = cpu_per_request(bare, "/", seconds)
        rate, p50, p95 = throughput(bare, "/", 2)
        print(f"{'Maß (Yardstick)':<20}{yardstick:>8.2f}{1:>7.2f}{rate:>7.0f}{p50:>8.1f}{p95:>8.1f}{1:>5}")
        for name, path in found.items():
            cpu = cpu_per_request(portal, path, seconds)
            rate, p50, p95 = throughput(portal, path, 2)
            requests, size, html = cold_visit(portal, path)
            sql = statements(path)
            figures[name] = {
                "ratio": cpu / yardstick,
                "cpu_ms": cpu,
                "queries": sql.count,
                "sql_ms": sql.ms,
                "kb": size / 1000,
                "requests": requests,
            }
            print(
                f"{name:<20}{cpu:>8.2f}{cpu / yardstick:>7.2f}{rate:>7.0f}{p50:>8.1f}{p95:>8.1f}"
                f"{sql.count:>5}{sql.ms:>8.1f}{requests:>8}{size / 1000:>7.1f}{html / 1000:>9.1f}"
            )
        print(
            f"\nPrivater Speicher je worker: Portal {portal.private_memory():.0f} MiB, Maß {bare.private_memory():.0f} MiB\n"
        )
    connection.close()
    return figures


def print_growth(subject: str, figures: dict[int, Figures]) -> None:
    """Print by how much web server and database need longer with more examples."""
    sizes = list(figures)
    print(f"Wachstum von {sizes[0]} auf {sizes[-1]} {subject} (Webserver + Datenbank, ms)")
    for name in figures[sizes[0]]:
        spent = [figures[rows][name]["cpu_ms"] + figures[rows][name]["sql_ms"] for rows in sizes]
        print(f"{name:<20}" + "".join(f"{ms:>9.1f}" for ms in spent) + f"{spent[-1] / spent[0]:>9.1f} x")


if __name__ == "__main__":
    main()
