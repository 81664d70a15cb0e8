"""What `manage.py` settles before Django loads: the data folder, its environment file and its embedded database.

A configured machine has `SECRET_KEY` in its environment and passes through untouched. Elsewhere `manage.py up` makes
`DATA_DIR/env` with random secrets, and every other command reads it, so that all of them work on the same data.
"""

import argparse
import contextlib
import errno
import fcntl
import ipaddress
import os
import secrets
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from platform_mark.embedded import EmbeddedServer, EmbeddedServerError, unusable

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 8000
STOPPING = "Das Portal wird beendet …"
# Children of `up` carry the data folder in this variable, so that the next start knows what a killed one left behind.
MARK = "STARTED_BY_UP"
LEFTOVERS_TIMEOUT = 4.0


class Fault(Exception):
    """A foreseeable fault; the message says in German what is wrong and what to do."""


class Stopped(BaseException):
    """Somebody asked the running portal to stop (Ctrl-C, TERM, a closed terminal)."""


@dataclass(frozen=True)
class Bind:
    """The loopback address on which the quick start answers."""

    host: str
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    @property
    def base_url(self) -> str:
        """The address to show: by name, because passkeys refuse a bare number."""
        named = self.host in ("127.0.0.1", "::1")
        return f"http://{'localhost' if named else self.host}:{self.port}"

    def listen(self) -> socket.socket:
        """Take the port, or say that it is taken."""
        listener = socket.socket(self.family, socket.SOCK_STREAM)
        try:
            # Connections of the last run may linger for a minute.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE:
                raise Fault(self._taken()) from error
            if error.errno == errno.EACCES:
                raise Fault(
                    f"Den Port {self.port} darf dieses Konto nicht benutzen. Bitte einen ab 1024 wählen, zum Beispiel:"
                    f" PORT={DEFAULT_PORT} make run"
                ) from error
            raise Fault(f"Die Adresse {self.host}:{self.port} ist nicht nutzbar: {error.strerror}.") from error
        return listener

    def check_free(self) -> None:
        """Refuse a port on which something answers, on the other loopback address of `localhost`, too."""
        self.listen().close()
        other = {"127.0.0.1": "::1", "::1": "127.0.0.1"}.get(self.host)
        if other:
            with contextlib.suppress(OSError), socket.create_connection((other, self.port), timeout=1):
                raise Fault(self._taken())

    def _taken(self) -> str:
        other = self.port + 1 if self.port < 65535 else DEFAULT_PORT
        return f"Port {self.port} ist schon belegt. Bitte einen anderen wählen, zum Beispiel: PORT={other} make run"


@dataclass
class Start:
    """What is settled for the running command."""

    data: Path
    server: EmbeddedServer | None = None
    # Only `up` has these two.
    bind: Bind | None = None
    lock: int | None = None


current: Start | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `up`, for Django's parser and for the one that runs before Django."""
    parser.add_argument(
        "--bind",
        metavar="ADRESSE:PORT",
        help="Adresse dieses Rechners und Port, zum Beispiel 127.0.0.1:8010 (sonst PORT aus der Umgebung, sonst 8000)",
    )
    parser.add_argument("--data", metavar="ORDNER", help="Datenordner (sonst DATA_DIR aus der Umgebung, sonst ./var)")


def hand_over(arguments: Sequence[str]) -> None:
    """Complete the environment for this command; raises `Fault` where that cannot work."""
    command = arguments[1] if len(arguments) > 1 else "help"
    only_help = command in ("help", "--help", "-h", "--version") or bool({"--help", "-h"} & set(arguments[2:]))
    try:
        if command == "up" and only_help:
            _fill_for_help()
        elif command == "up":
            _prepare_up(arguments[2:])
        elif not os.environ.get("SECRET_KEY"):
            _prepare_command(start_server=not only_help)
    except EmbeddedServerError as error:
        raise Fault(str(error)) from error


def close() -> None:
    """Leave the embedded server; after `up` it ends, whoever else uses it."""
    global current
    start, current = current, None
    if start is None:
        return
    if start.lock is not None:
        ignore_stop_signals()
    if start.server is not None:
        if start.lock is not None:
            start.server.stop()
        else:
            start.server.release()
    if start.lock is not None:
        os.close(start.lock)


def say(line: str) -> None:
    """Write a line for the person at the terminal, which may be gone."""
    with contextlib.suppress(OSError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


# ---------------------------------------------------------------- `up`


def _prepare_up(arguments: Sequence[str]) -> None:
    global current
    _on_stop_signal(_leave)
    bind, data = _parse(arguments)
    with usable_folder(data):
        # Private from the start: media, mail and the database lie here.
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        current = Start(data=data, bind=bind)
        current.lock = _lock(data, bind)
        _end_leftovers(data)
        bind.check_free()
        configured = bool(os.environ.get("SECRET_KEY"))
        if not configured:
            _write_environment(data, bind)
            _read_environment(data)
    os.environ["DATA_DIR"] = str(data)
    if url := os.environ.get("DATABASE_URL"):
        if not url.startswith(("postgresql://", "postgres://")):
            raise Fault("DATABASE_URL muss mit postgresql:// beginnen: postgresql://NAME:PASSWORT@RECHNER/DATENBANK")
        if not urlsplit(url).path.strip("/"):
            raise Fault("DATABASE_URL nennt keine Datenbank: postgresql://NAME:PASSWORT@RECHNER/DATENBANK")
        return
    current.server = _embedded(data)
    say("PostgreSQL startet …" if current.server.exists else "PostgreSQL wird eingerichtet …")
    current.server.start()
    os.environ["DATABASE_URL"] = current.server.url


def _parse(arguments: Sequence[str]) -> tuple[Bind, Path]:
    parser = argparse.ArgumentParser(prog="manage.py up", add_help=False, allow_abbrev=False)
    add_arguments(parser)
    options, _ = parser.parse_known_args(arguments)
    data = options.data or os.environ.get("DATA_DIR") or str(ROOT / "var")
    return _parse_bind(options.bind), Path(data).expanduser().resolve()


def _parse_bind(text: str | None) -> Bind:
    host, _, port = (text or os.environ.get("PORT") or str(DEFAULT_PORT)).rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if host == "localhost":
        host = "127.0.0.1"
    try:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError
    except ValueError:
        raise Fault(
            f"Der Schnellstart antwortet nur auf diesem Rechner, nicht auf „{host}“. Bitte 127.0.0.1 angeben; für andere"
            " Rechner siehe docs/betrieb.md."
        ) from None
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise Fault(
            f"„{port}“ ist kein Port. Bitte eine Zahl von 1 bis 65535 angeben, zum Beispiel: PORT=8010 make run"
        )
    return Bind(host, int(port))


def _lock(data: Path, bind: Bind) -> int:
    """Hold the data folder for one `up` at a time; the kernel frees it with the process."""
    lock = os.open(data / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 200, 0).decode(errors="replace").strip()
        os.close(lock)
        raise Fault(
            f"Mit dem Datenordner {data} läuft das Portal schon{f' ({holder})' if holder else ''}. Bitte erst beenden"
            " oder mit --data einen anderen Ordner wählen."
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{bind.base_url}/, Prozess {os.getpid()}\n".encode(), 0)
    return lock


def _end_leftovers(data: Path) -> None:
    """End web server and worker of a killed `up`: Linux tells them of its death, but they may be slow or stuck."""
    deadline = time.monotonic() + LEFTOVERS_TIMEOUT
    told: set[int] = set()
    while leftovers := set(_started_by_up(data)):
        late = time.monotonic() > deadline
        for pid in leftovers if late else leftovers - told:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        told |= leftovers
        time.sleep(0.1)


def _started_by_up(data: Path) -> Iterator[int]:
    mark = os.fsencode(f"{MARK}={data}")
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0") and int(entry.name) != os.getpid():
                yield int(entry.name)


def _fill_for_help() -> None:
    # Settings must load to print a help text; nothing is written and nothing is contacted.
    for name, value in {**_defaults(Bind("127.0.0.1", DEFAULT_PORT)), **_computed(ROOT / "var")}.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("DATABASE_URL", "postgresql:///portal")


# ---------------------------------------------------------------- every other command


def _prepare_command(*, start_server: bool) -> None:
    global current
    data = Path(os.environ.get("DATA_DIR") or ROOT / "var").expanduser().resolve()
    with usable_folder(data):
        if not (data / "env").exists():
            return
        _read_environment(data)
    current = Start(data=data)
    if os.environ.get("DATABASE_URL"):
        return
    server = _embedded(data)
    if start_server:
        if not server.exists:
            raise Fault(
                f"Im Datenordner {data} liegt keine Datenbank. Bitte zuerst „manage.py up“ ausführen oder DATABASE_URL"
                " setzen."
            )
        current.server = server
        server.start()
    os.environ["DATABASE_URL"] = server.url


# ---------------------------------------------------------------- the environment file


def _defaults(bind: Bind) -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "QUICK_START": "1",
        "BASE_URL": bind.base_url,
        "ALLOWED_HOSTS": ",".join(dict.fromkeys(["localhost", "127.0.0.1", "[::1]", bind.host.strip("[]")])),
        "DEFAULT_FROM_EMAIL": "portal@localhost",
    }


def _computed(data: Path) -> dict[str, str]:
    """What follows from the folder's place, so that it may be moved."""
    from urllib.parse import quote

    return {"DATA_DIR": str(data), "EMAIL_URL": f"filemail:///{quote(str(data / 'mail'))}"}


def _write_environment(data: Path, bind: Bind) -> None:
    """Make the file, or bring its address up to date; what somebody added to it stays."""
    path = data / "env"
    defaults = _defaults(bind)
    lines = (
        path.read_text().splitlines() if path.exists() else ["# Schnellstart: enthält Geheimnisse, nicht weitergeben."]
    )
    known = _values(lines)
    fresh = {name: defaults[name] for name in ("BASE_URL", "ALLOWED_HOSTS")}
    fresh |= {name: value for name, value in defaults.items() if not known.get(name)}
    if all(known.get(name) == value for name, value in fresh.items()):
        path.chmod(0o600)
        return
    lines = [line for line in lines if line.split("=", 1)[0] not in fresh]
    lines += [f"{name}={value}" for name, value in fresh.items()]
    handle, draft = tempfile.mkstemp(dir=data, prefix="env-")
    with os.fdopen(handle, "w") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _read_environment(data: Path) -> None:
    for name, value in {**_values((data / "env").read_text().splitlines()), **_computed(data)}.items():
        # Empty is unset: a shell script may well export an empty variable.
        if not os.environ.get(name):
            os.environ[name] = value


def _values(lines: list[str]) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


# ---------------------------------------------------------------- small things


def _embedded(data: Path) -> EmbeddedServer:
    # For machines on which a namespace can be entered but the server does not run in it.
    return EmbeddedServer(data, namespace=os.environ.get("EMBEDDED_USER_NAMESPACE", "") != "off")


@contextlib.contextmanager
def usable_folder(folder: Path) -> Iterator[None]:
    """Turn an error of the file system in or above this folder into a line for people; others are mistakes of ours."""
    try:
        yield
    except OSError as error:
        named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else folder
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        if not (full or named.is_relative_to(folder) or folder.is_relative_to(named)):
            raise
        raise Fault(f"{unusable(folder, error)} Anderen Datenordner wählen: manage.py up --data ORDNER") from error


STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_stop_asked = False


def _on_stop_signal(handler: Callable[[int, FrameType | None], None]) -> None:
    for signum in STOP_SIGNALS:
        # `nohup` asks to ignore the end of the terminal.
        if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:
            signal.signal(signum, handler)


def _leave(signum: int, frame: FrameType | None) -> None:
    """During the start: end the server and go. An exception might get lost in a callback of whatever runs now."""
    ignore_stop_signals()
    with contextlib.suppress(OSError):
        os.write(1, f"{STOPPING}\n".encode())
    close()
    os._exit(0)


def raise_on_stop() -> None:
    """From now on a stop signal raises `Stopped`, for there are programs to end in order."""
    _on_stop_signal(_raise)


def check_stop() -> None:
    """Raise `Stopped` once more, in case the first one got lost."""
    if _stop_asked:
        raise Stopped


def _raise(signum: int, frame: FrameType | None) -> None:
    global _stop_asked
    _stop_asked = True
    raise Stopped


def ignore_stop_signals() -> None:
    """For the way out, which is under way already."""
    for signum in STOP_SIGNALS:
        signal.signal(signum, signal.SIG_IGN)
