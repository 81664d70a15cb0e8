"""The production path on a free port: gunicorn with our file, behind nginx with our configuration, over TLS.

Only paths, ports and the name differ from what `deploy/` holds, and only by replacing them in the text.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
HOST = "portal.test"
STARTUP = 20.0


class NamedTransport(httpx.HTTPTransport):
    """Names the portal in the TLS handshake, although the address is a number."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {"sni_hostname": HOST, **request.extensions}
        return super().handle_request(request)


class Nginx:
    """The distribution's nginx with the files of deploy/nginx, run from `folder`, in front of `web_socket`."""

    def __init__(self, folder: Path, *, data: Path, web_socket: Path) -> None:
        self.folder = folder
        self.port, self.plain_port = _free_port(), _free_port()
        self.log = folder / "log" / "portal-error.log"
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("snippets", "log", "tmp"):
            (folder / name).mkdir(parents=True)
        self._certify()
        replaced = {
            "/var/lib/portal": str(data),
            "/run/portal-web.sock": str(web_socket),
            "/etc/ssl/portal": str(folder),
            "/var/log/nginx": str(folder / "log"),
            "portal.example": HOST,
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
        }
        for path in (ROOT / "deploy" / "nginx").glob("*.conf"):
            text = re.sub(r"^\s*listen \[::\].*$", "", path.read_text(), flags=re.MULTILINE)
            for old, new in replaced.items():
                text = text.replace(old, new)
            (folder / ("site.conf" if path.name == "portal.conf" else f"snippets/{path.name}")).write_text(text)
        temporary = "".join(
            f"{kind}_temp_path {folder}/tmp/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # What Debian's nginx.conf holds around a site; the test's folder is open to its owner only.
        (folder / "nginx.conf").write_text(
            f"{'user root;' if os.geteuid() == 0 else ''} worker_processes 1; daemon off; pid {folder}/pid;"
            f" error_log {folder}/log/error.log warn; events {{ worker_connections 768; }}"
            f" http {{ include {_mime_types()}; default_type application/octet-stream; sendfile on;"
            f" {temporary} include {folder}/site.conf; }}"
        )

    @staticmethod
    def program() -> str | None:
        """Where nginx is installed, if it is; it lies outside an ordinary user's PATH."""
        return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

    def start(self) -> None:
        """Return when the port answers."""
        self._process = subprocess.Popen(
            [str(self.program()), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", str(self.log)]
        )
        _until(lambda: _accepts(self.port), "nginx")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)

    def client(self, **options: object) -> httpx.Client:
        """A visitor who finds the portal's name at this port, and whose proxy settings do not matter."""
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}",
            transport=NamedTransport(verify=False),
            trust_env=False,
            timeout=30,
            **{"headers": {"Host": HOST}, **options},  # type: ignore[arg-type]
        )

    def raw(self, request: bytes, *, timeout: float = 10) -> bytes:
        """Send bytes as they are and return all that comes back."""
        with self.connect(timeout) as connection:
            connection.sendall(request)
            answer = b""
            with contextlib.suppress(TimeoutError, ConnectionError, ssl.SSLError):
                while part := connection.recv(65536):
                    answer += part
            return answer

    def connect(self, timeout: float = 10) -> ssl.SSLSocket:
        """A TLS connection under the portal's name."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        return context.wrap_socket(plain, server_hostname=HOST)

    def _certify(self) -> None:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
                *("-days", "2", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"),
                *("-keyout", str(self.folder / "privkey.pem"), "-out", str(self.folder / "fullchain.pem")),
            ],
            check=True,
            capture_output=True,
        )


class Gunicorn:
    """The web application as deploy/systemd starts it, on a socket of its own."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        *,
        workers: int = 2,
        application: str = "platform_mark.wsgi",
    ) -> None:
        self.application = application
        self.socket = folder / "web.sock"
        self.log = folder / "web.log"
        self.environment = {
            **environment,
            "WEB_BIND": f"unix:{self.socket}",
            "WEB_CONCURRENCY": str(workers),
            "PYTHONUNBUFFERED": "1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when the application answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", self.application],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        _until(lambda: self.get("/healthz").startswith(b"HTTP/1.1 200"), "gunicorn")

    def stop(self, signum: int = signal.SIGTERM) -> None:
        if self.process and self.process.poll() is None:
            workers = self.workers()
            self.process.send_signal(signum)
            self.process.wait(40)
            for pid in workers:
                # After a kill they would serve on for a while, as orphans.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signum)
            _until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "the end of gunicorn")

    def workers(self) -> list[int]:
        """Process ids of the workers that live now."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in children]

    def get(self, path: str, **headers: str) -> bytes:
        """What the application answers without nginx before it."""
        lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}", "X-Forwarded-Proto: https", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        answer = b""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.socket))
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            while part := connection.recv(65536):
                answer += part
        return answer


@contextlib.contextmanager
def production(folder: Path, environment: Mapping[str, str], *, workers: int = 2) -> Iterator[tuple[Nginx, Gunicorn]]:
    """Run both until the end of the block. `environment` names a migrated database and collected static files."""
    web = Gunicorn(folder, environment, workers=workers)
    nginx = Nginx(folder / "nginx", data=Path(environment["DATA_DIR"]), web_socket=web.socket)
    try:
        web.start()
        nginx.start()
        yield nginx, web
    finally:
        nginx.stop()
        web.stop()


def _mime_types() -> str:
    return next(path for path in ("/etc/nginx/mime.types", "/usr/local/etc/nginx/mime.types") if Path(path).exists())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _until(condition: object, name: str) -> None:
    deadline = time.monotonic() + STARTUP
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} does not answer")
        time.sleep(0.05)
