"""The keeper of an embedded server: makes the cluster, runs PostgreSQL, stops it when nobody uses it any more.

A process of its own (`embedded.py` starts it), so that the server ends with its last user and not with its first. It says
in lines of JSON on its standard output what became of the start, and alone holds `keeper.lock` while a server runs.
"""

import contextlib
import fcntl
import json
import locale
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from platform_mark.embedded import (
    DATABASE,
    EmbeddedServerError,
    Folders,
    check_private_folder,
    die_with_parent,
    server_process,
    server_status,
    unshare_user_namespace,
    unusable,
)

# Recovery may replay much before the server is ready.
READY_TIMEOUT = 170.0
FAST_STOP_TIMEOUT = 20.0
IMMEDIATE_STOP_TIMEOUT = 5.0
# An orphaned server shuts down by itself; backends of a killed one notice at their next wait, which may be far away.
ORPHANED_SERVER_TIMEOUT = 10.0
ORPHANED_BACKENDS_TIMEOUT = 2.0
LARGEST_LOG = 5_000_000
PULSE = 0.1


@dataclass(frozen=True)
class Identity:
    """As whom the server runs: PostgreSQL refuses root, and `initdb` wants a user with a name."""

    uid: int
    gid: int
    # The name that the same user has inside a user namespace, or None without one.
    inner_uid: int | None = None

    @property
    def changes_user(self) -> bool:
        return self.uid != os.geteuid()

    def enter(self) -> None:
        """Become this identity; for a child before it runs a program of PostgreSQL."""
        os.setsid()
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if self.inner_uid is not None:
            unshare_user_namespace(self.inner_uid)
        elif self.changes_user:
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)
        # A fast shutdown; set last, because a change of user clears it.
        die_with_parent(signal.SIGINT)

    def can(self, check: Callable[[], bool]) -> bool:
        """Ask `check` as this identity; False also where this machine does not let us become it."""
        pid = os.fork()
        if pid == 0:
            answer = 1
            with contextlib.suppress(BaseException):
                self.enter()
                answer = 0 if check() else 1
            os._exit(answer)
        return os.waitpid(pid, 0)[1] == 0


class Keeper:
    """Runs one server from its start to its end."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.folders = Folders(Path(order["data"]))
        self.folders_socket = Path(order["socket"])
        self.installed = Path(order["programs"])
        self.options: dict[str, str] = order["options"]
        self.throw_away: bool = order["throw_away"]
        self.namespace: bool = order["namespace"]
        self.programs = self.installed
        self.identity = Identity(os.geteuid(), os.getegid())
        self.server: subprocess.Popen[bytes] | None = None
        self.told_to_stop = False

    def run(self) -> None:
        """Start the server, keep it while it is used, stop it."""
        os.umask(0o077)
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._note_stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        lock = os.open(self.folders.keeper_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        users = os.open(self.folders.users_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(busy=True)
            return
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        try:
            self._prepare()
            self._start()
            _say(ready=True)
            self._watch(users)
        except EmbeddedServerError as error:
            _say(error=str(error))
        except OSError as error:
            self._log(traceback.format_exc())
            _say(error=unusable(self.folders.base, error))
        except Exception as error:
            self._log(traceback.format_exc())
            _say(error=f"PostgreSQL startet nicht ({error}). Protokoll: {self.folders.log}")
        finally:
            self._stop()
            if self.throw_away:
                shutil.rmtree(self.folders.data, ignore_errors=True)
            # In this order: who waits for `users.lock` must find no keeper.
            os.close(lock)
            os.close(users)

    # ------------------------------------------------------------ before the start

    def _prepare(self) -> None:
        self._rotate_log()
        self.identity = self._choose_identity()
        self._open_the_way()
        self._check_owner()
        self._end_orphans()
        self._make_socket_folder()
        if not (self.folders.cluster / "PG_VERSION").is_file():
            self._make_cluster()
        self._check_version()

    def _choose_identity(self) -> Identity:
        uid, gid = os.geteuid(), os.getegid()
        if uid != 0 and _has_name(uid):
            return Identity(uid, gid)
        named = _unprivileged_user()
        if self.namespace and sys.platform == "linux":
            inside = Identity(uid, gid, inner_uid=named.pw_uid)
            if inside.can(lambda: True):
                return inside
        if uid != 0:
            raise EmbeddedServerError(
                f"Das Konto mit der Nummer {uid} hat auf diesem Rechner keinen Namen; PostgreSQL braucht einen."
                " Bitte das Konto anlegen oder mit DATABASE_URL einen eigenen Server nennen."
            )
        service = Identity(named.pw_uid, named.pw_gid)
        if service.can(lambda: True):
            return service
        raise EmbeddedServerError(
            "PostgreSQL läuft nicht als root, und dieser Rechner erlaubt keinen Wechsel des Kontos. Bitte als"
            " gewöhnlicher Benutzer starten oder mit DATABASE_URL einen eigenen Server nennen."
        )

    def _open_the_way(self) -> None:
        """See that the server's identity reaches the data folder and the programs; change nothing outside."""
        if self.identity.changes_user:
            for folder in (self.folders.data, self.folders.base):
                folder.chmod(folder.stat().st_mode | 0o011)
        closed = self._first_closed(self.folders.base)
        if closed is not None:
            raise EmbeddedServerError(
                f"Das Konto „{_name(self.identity.uid)}“, unter dem PostgreSQL läuft, kommt nicht in den Ordner {closed}."
                " Bitte einen anderen Datenordner wählen, zum Beispiel: manage.py up --data /srv/portal"
            )
        if not self.identity.can(lambda: _usable(self.installed)):
            self.programs = self._copy_programs()

    def _first_closed(self, folder: Path) -> Path | None:
        steps = [*reversed(folder.parents), folder]
        return next((step for step in steps if not self.identity.can(partial(os.access, step, os.X_OK))), None)

    def _copy_programs(self) -> Path:
        """A readable copy below the data folder, for an identity that may not reach the installed programs."""
        target = self.folders.base / "programs"
        source = self.installed.parent
        stamp = target / "copied-from"
        mark = f"{source} {(self.installed / 'bin' / 'postgres').stat()}"
        if stamp.is_file() and stamp.read_text() == mark:
            return target / source.name / self.installed.name
        shutil.rmtree(target, ignore_errors=True)
        # The libraries lie beside the package, where the programs look for them.
        for part in (self.installed, source.parent / f"{source.name}.libs"):
            if part.is_dir():
                shutil.copytree(
                    part,
                    target / part.relative_to(source.parent),
                    ignore=shutil.ignore_patterns("include", "*.a"),
                    copy_function=shutil.copyfile,
                )
        for path in [target, *target.rglob("*")]:
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        stamp.write_text(mark)
        return target / source.name / self.installed.name

    def _check_owner(self) -> None:
        cluster = self.folders.cluster
        if not cluster.exists():
            return
        owner = cluster.stat().st_uid
        if owner == self.identity.uid:
            return
        # Root changes between a user namespace and the service account; both are its own.
        if os.geteuid() == 0 and owner in (0, _unprivileged_user().pw_uid):
            self._give(cluster)
            return
        raise EmbeddedServerError(
            f"Die Datenbank in {cluster} gehört dem Konto „{_name(owner)}“. Bitte unter diesem Konto starten oder einen"
            " anderen Datenordner wählen."
        )

    def _give(self, top: Path) -> None:
        for folder, _, files in os.walk(top):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                os.chown(path, self.identity.uid, self.identity.gid, follow_symlinks=False)

    def _make_socket_folder(self) -> None:
        folder = self.folders_socket
        if folder.parent == self.folders.base:
            shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(mode=0o700)
            os.chown(folder, self.identity.uid, self.identity.gid)
        except FileExistsError:
            if folder.lstat().st_uid in (os.geteuid(), self.identity.uid) and not folder.is_symlink():
                os.chown(folder, self.identity.uid, self.identity.gid)
            check_private_folder(folder, self.identity.uid)

    def _make_cluster(self) -> None:
        """Make the cluster beside its place and move it there when it is whole."""
        draft = self.folders.base / "cluster.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password_file = draft.with_name("password.draft")
        password = self.folders.password.read_text()
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        for path in (draft, password_file):
            os.chown(path, self.identity.uid, self.identity.gid)
        try:
            self._run(
                "initdb",
                f"--pgdata={draft}",
                "--username=postgres",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # Everywhere the same order and the same small letters, whatever the machine's locale.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                f"--lc-ctype={_utf8_ctype()}",
                "--lc-collate=C",
                "--no-instructions",
                *(["--no-sync"] if self.throw_away else []),
            )
            # The portal works with the rights that production gives it, plus the one that tests need.
            self._run(
                "postgres",
                "--single",
                *("-D", str(draft), "-c", "log_checkpoints=off", "-c", "exit_on_error=on", "postgres"),
                sql=f"CREATE ROLE {DATABASE} LOGIN CREATEDB PASSWORD '{password}';\n"
                f"CREATE DATABASE {DATABASE} OWNER {DATABASE};\n",
            )
            draft.rename(self.folders.cluster)
        finally:
            password_file.unlink(missing_ok=True)
            shutil.rmtree(draft, ignore_errors=True)

    def _run(self, program: str, *arguments: str, sql: str | None = None) -> None:
        done = subprocess.run(  # noqa: S603
            [str(self.programs / "bin" / program), *arguments],
            input=sql.encode() if sql is not None else b"",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            check=False,
            preexec_fn=self.identity.enter,
        )
        output = done.stdout.decode(errors="replace")
        if done.returncode != 0:
            self._log(f"{program} {' '.join(arguments)}\n{output}")
            raise EmbeddedServerError(
                f"Die Datenbank lässt sich nicht anlegen: {_fault(output)} Protokoll: {self.folders.log}"
            )

    def _check_version(self) -> None:
        stored = (self.folders.cluster / "PG_VERSION").read_text().strip()
        answer = subprocess.run(  # noqa: S603
            [str(self.programs / "bin" / "postgres"), "--version"], stdout=subprocess.PIPE, check=True
        ).stdout.decode()
        installed = answer.split()[-1].split(".")[0]
        if stored != installed:
            raise EmbeddedServerError(
                f"Die Datenbank in {self.folders.cluster} stammt von PostgreSQL {stored}, installiert ist {installed}."
                " Bitte mit der alten Fassung sichern und in einen neuen Datenordner einspielen (docs/betrieb.md) oder"
                " mit „manage.py up --data ORDNER“ leer beginnen."
            )

    # ------------------------------------------------------------ the server

    def _start(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT
        while True:
            begin = self.folders.log.stat().st_size if self.folders.log.exists() else 0
            self._launch()
            if self._await_ready(deadline):
                return
            with self.folders.log.open("rb") as log:
                log.seek(begin)
                output = log.read().decode(errors="replace")
            # Backends of a killed server may still hold its memory for a moment.
            if "still in use" not in output or time.monotonic() > deadline:
                raise EmbeddedServerError(f"PostgreSQL startet nicht: {_fault(output)} Protokoll: {self.folders.log}")
            time.sleep(0.5)

    def _launch(self) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folders_socket),
            "unix_socket_permissions": "0700",
            "port": "5432",
            "log_checkpoints": "off",
            **self.options,
        }
        with self.folders.log.open("ab") as log:
            self.server = subprocess.Popen(  # noqa: S603
                [
                    str(self.programs / "bin" / "postgres"),
                    *("-D", str(self.folders.cluster)),
                    *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                preexec_fn=self.identity.enter,
            )

    def _await_ready(self, deadline: float) -> bool:
        assert self.server is not None  # noqa: S101 (launched just before)
        while self.server.poll() is None and time.monotonic() < deadline and not self.told_to_stop:
            if (
                server_process(self.folders.cluster) == self.server.pid
                and server_status(self.folders.cluster) == "ready"
            ):
                return True
            time.sleep(0.02)
        return False

    def _watch(self, users: int) -> None:
        """Return when the server ended, when told to stop, or when the last user has gone."""
        assert self.server is not None  # noqa: S101 (started just before)
        while self.server.poll() is None and not self.told_to_stop:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _say(stopping=True)
                return
            time.sleep(PULSE)

    def _stop(self) -> None:
        if self.server is None:
            return
        for signum, timeout in (
            (signal.SIGINT, FAST_STOP_TIMEOUT),
            (signal.SIGQUIT, IMMEDIATE_STOP_TIMEOUT),
            (signal.SIGKILL, IMMEDIATE_STOP_TIMEOUT),
        ):
            if self.server.poll() is not None:
                break
            self.server.send_signal(signum)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.server.wait(timeout)
        if self.folders_socket.parent != self.folders.base:
            shutil.rmtree(self.folders_socket, ignore_errors=True)

    def _end_orphans(self) -> None:
        """End what a killed keeper left behind, so that a stale `postmaster.pid` is known to be stale."""
        if not Path("/proc/self/cwd").exists():
            return
        begin = time.monotonic()
        while orphans := list(self._processes_of_the_cluster()):
            main = server_process(self.folders.cluster)
            patience = ORPHANED_SERVER_TIMEOUT if main in orphans else ORPHANED_BACKENDS_TIMEOUT
            late = time.monotonic() > begin + patience
            for pid in orphans:
                if late or pid == main:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL if late else signal.SIGINT)
            time.sleep(0.2)
        # After a reboot or in a new container another process may have the number in it; PostgreSQL would refuse to start.
        (self.folders.cluster / "postmaster.pid").unlink(missing_ok=True)

    def _processes_of_the_cluster(self) -> Iterator[int]:
        """Every process of a server works in its cluster's folder and runs a program called postgres."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                if (
                    os.path.samefile(entry / "cwd", self.folders.cluster)
                    and os.path.basename(os.readlink(entry / "exe")).split()[0] == "postgres"
                ):
                    yield int(entry.name)

    # ------------------------------------------------------------ small things

    def _note_stop(self, signum: int, frame: FrameType | None) -> None:
        self.told_to_stop = True

    def _rotate_log(self) -> None:
        log = self.folders.log
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))

    def _log(self, text: str) -> None:
        with contextlib.suppress(OSError), self.folders.log.open("a") as log:
            log.write(text)


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


def _name(uid: int) -> str:
    return pwd.getpwuid(uid).pw_name if _has_name(uid) else str(uid)


def _unprivileged_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        for user in pwd.getpwall():
            if user.pw_uid != 0:
                return user
    raise EmbeddedServerError(
        "PostgreSQL läuft nicht als root, und dieser Rechner kennt kein anderes Konto. Bitte ein Konto anlegen oder mit"
        " DATABASE_URL einen eigenen Server nennen."
    )


def _usable(programs: Path) -> bool:
    return all(
        os.access(programs / path, mode)
        for path, mode in (("bin/postgres", os.R_OK | os.X_OK), ("share/postgres.bki", os.R_OK), ("lib", os.X_OK))
    )


def _utf8_ctype() -> str:
    """The locale for the few places that still ask the C library; names differ between systems."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8", "de_DE.UTF-8", "UTF-8"):
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, name)
                return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C"


def _fault(output: str) -> str:
    """The one line of a program's output that says what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for mark in ("FATAL:", "PANIC:", "ERROR:", "error:"):
        for line in lines:
            if mark in line:
                return line.split(mark, 1)[1].strip().rstrip(".") + "."
    return (lines[-1].rstrip(".") + ".") if lines else "ohne Meldung."


def _say(**answer: bool | str) -> None:
    # Whoever asked may be gone.
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    if os.fork():
        os._exit(0)
    Keeper(json.loads(sys.argv[1])).run()
