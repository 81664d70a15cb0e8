"""The embedded server, for real: every test starts PostgreSQL in a folder of its own."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from platform_mark.embedded import EmbeddedServer, EmbeddedServerError, programs, server_process

ROOT = Path(__file__).resolve().parent.parent.parent
FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB"}
# Starts the server of a folder and holds it until it is killed.
HOLDER = """
import sys, time
from pathlib import Path
from platform_mark.embedded import EmbeddedServer
EmbeddedServer(Path(sys.argv[1])).start()
print("ready", flush=True)
time.sleep(600)
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="Only root needs another identity for the server.")

MakeServer = Callable[..., EmbeddedServer]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a database that has run before: making one costs more than all else here."""
    folder = tmp_path_factory.mktemp("template")
    server = EmbeddedServer(folder, options=FAST)
    server.start()
    server.stop()
    return folder


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that any account can reach: pytest's own stand in one that it closes to others."""
    with tempfile.TemporaryDirectory(prefix="portal-embedded-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def make(tmp_path: Path, template: Path) -> Iterator[MakeServer]:
    """Servers that end with the test."""
    made: list[EmbeddedServer] = []

    def make_server(folder: Path | None = None, *, new: bool = False, **options: bool) -> EmbeddedServer:
        server = EmbeddedServer(folder or tmp_path / "data", options=FAST, **options)
        if not new and not server.folders.data.exists():
            server.folders.base.mkdir(parents=True, mode=0o700)
            shutil.copytree(template / "postgres" / "cluster", server.folders.cluster)
            shutil.copyfile(template / "postgres" / "password", server.folders.password)
            server.folders.password.chmod(0o600)
        made.append(server)
        return server

    yield make_server
    for server in made:
        server.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """One server for the tests that only look."""
    with pytest.MonkeyPatch.context() as patch:
        # What callers have in their shells must not reach the server.
        patch.setenv("LC_ALL", "C")
        patch.setenv("PGPORT", "1")
        patch.setenv("PGDATA", "/nowhere")
        patch.setenv("TZ", "America/New_York")
        server = EmbeddedServer(tmp_path_factory.mktemp("shared") / "data", options=FAST)
        server.start()
    yield server
    server.stop()


def ask(server: EmbeddedServer, sql: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(sql).fetchone()
        return row[0] if row else None


def keeper_of(server: EmbeddedServer) -> int:
    return int(server.folders.keeper_lock.read_text())


def eventually(condition: Callable[[], object], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# ---------------------------------------------------------------- what the server is like


def test_it_knows_german_letters_whatever_the_locale_of_the_caller(shared: EmbeddedServer) -> None:
    with psycopg.connect(shared.url) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        answer = connection.execute(
            "SELECT lower('ÄÖÜ'), 'Ölmühle' ILIKE 'öl%', array_length(show_trgm('Öl'), 1),"
            " to_tsvector('german', 'Maßnahmen für Häuser')::text"
        ).fetchone()
        connection.rollback()
    assert answer == ("äöü", True, 3, "'haus':3 'massnahm':1")


def test_it_runs_in_utc_and_sorts_alike_everywhere(shared: EmbeddedServer) -> None:
    assert ask(shared, "SHOW timezone") in ("UTC", "Etc/UTC")
    assert ask(shared, "SHOW lc_messages") == "C"
    assert (
        ask(shared, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'portal'") == "bC.UTF-8"
    )


def test_it_listens_on_a_private_socket_only(shared: EmbeddedServer) -> None:
    assert ask(shared, "SHOW listen_addresses") == ""
    assert stat.S_IMODE(shared.folders.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(shared.folders.cluster.stat().st_mode) == 0o700
    assert stat.S_IMODE(shared.folders.password.stat().st_mode) == 0o600


def test_it_asks_for_the_password(shared: EmbeddedServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(shared.url, password="wrong")


def test_the_portal_works_there_with_the_rights_it_has_in_production(shared: EmbeddedServer) -> None:
    assert ask(shared, "SELECT current_user") == "portal"
    assert ask(shared, "SELECT rolsuper FROM pg_roles WHERE rolname = 'portal'") is False
    with psycopg.connect(shared.url) as connection:
        connection.execute("CREATE EXTENSION unaccent")
        connection.rollback()


# ---------------------------------------------------------------- how long it lives


def test_it_lives_until_its_last_user_leaves(make: MakeServer) -> None:
    first, second = make(), make()
    first.start()
    second.start()
    assert keeper_of(first) == keeper_of(second)
    first.release()
    assert second.is_running()
    assert ask(second, "SELECT 1") == 1
    main = server_process(second.folders.cluster)
    second.release()
    assert eventually(lambda: not second.is_running() and not is_alive(main))


def test_the_starter_waits_for_the_end(make: MakeServer) -> None:
    server = make()
    server.start()
    main = server_process(server.folders.cluster)
    server.release()
    assert not server.is_running()
    assert not is_alive(main)


def test_it_ends_with_a_user_that_is_killed(tmp_path: Path, make: MakeServer) -> None:
    server = make()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "data")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"ready\n"
        main = server_process(server.folders.cluster)
        assert is_alive(main)
        holder.kill()
    assert eventually(lambda: not server.is_running() and not is_alive(main))


@pytest.mark.skipif(sys.platform != "linux", reason="Other systems do not tell a process of its parent's death.")
def test_a_server_does_not_outlive_its_keeper(make: MakeServer) -> None:
    server = make()
    server.start()
    main = server_process(server.folders.cluster)
    os.kill(keeper_of(server), signal.SIGKILL)
    assert eventually(lambda: not is_alive(main))


def test_what_was_committed_survives_every_kill(make: MakeServer) -> None:
    server = make()
    server.start()
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS round")
    for victims in (
        lambda: [server_process(server.folders.cluster)],
        lambda: [keeper_of(server)],
        lambda: [keeper_of(server), server_process(server.folders.cluster)],
    ):
        for pid in victims():
            os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: not server.is_running())
        server.start()
        assert ask(server, "SELECT round FROM kept") == 1


def test_a_backend_that_survived_its_server_does_not_keep_the_next_from_starting(make: MakeServer) -> None:
    server = make()
    server.start()
    with closing(psycopg.connect(server.url)) as connection:
        backend = connection.info.backend_pid
        # A loop without any wait notices nothing of the world around it.
        connection.pgconn.send_query(b"SELECT count(*) FROM (SELECT generate_series(1, 100000000000)) AS numbers")
        assert connection.pgconn.flush() == 0
        # One that still waits for its order would end with its server.
        assert eventually(lambda: int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) > 0.5e9)
        # The server first: on its keeper's death it would stop in good order, and its backends with it.
        for pid in (server_process(server.folders.cluster), keeper_of(server)):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.3)
        assert is_alive(backend)
        server.start()
        assert not is_alive(backend)
        assert ask(server, "SELECT 1") == 1


def test_a_stale_process_number_that_somebody_else_has_now_does_not_matter(make: MakeServer) -> None:
    server = make()
    server.start()
    os.kill(server_process(server.folders.cluster), signal.SIGKILL)
    assert eventually(lambda: not server.is_running())
    pid_file = server.folders.cluster / "postmaster.pid"
    with subprocess.Popen(["sleep", "60"]) as stranger:
        _, *rest = pid_file.read_text().split("\n")
        pid_file.write_text("\n".join([str(stranger.pid), *rest]))
        server.start()
        assert ask(server, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_a_first_start_that_was_cut_short_begins_anew(make: MakeServer) -> None:
    server = make(new=True)
    draft = server.folders.base / "cluster.draft"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    server.start()
    assert ask(server, "SELECT 1") == 1
    assert not draft.exists()


def test_a_throw_away_server_takes_its_folder_along(make: MakeServer) -> None:
    server = make(throw_away=True)
    server.start()
    os.kill(keeper_of(server), signal.SIGTERM)
    assert eventually(lambda: not server.folders.data.exists())


# ---------------------------------------------------------------- odd places


@pytest.mark.parametrize("name", ["x" * 120, 'Daten, Öl & "Co\'s" #1 %20'])
def test_any_folder_will_do(tmp_path: Path, make: MakeServer, name: str) -> None:
    server = make(tmp_path / name / "data")
    server.start()
    assert ask(server, "SELECT 1") == 1
    server.stop()
    assert not server.folders.socket.exists()


def test_a_foreign_folder_in_place_of_the_socket_is_refused(tmp_path: Path, make: MakeServer) -> None:
    server = make(tmp_path / ("x" * 120), new=True)
    server.folders.socket.mkdir(mode=0o755)
    try:
        with pytest.raises(EmbeddedServerError, match=f"{server.folders.socket} .* für andere offen"):
            server.start()
    finally:
        server.folders.socket.rmdir()


# ---------------------------------------------------------------- faults


def test_a_cluster_of_another_version_is_named(make: MakeServer) -> None:
    server = make()
    server.start()
    server.stop()
    (server.folders.cluster / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match="stammt von PostgreSQL 17, installiert ist 18"):
        server.start()
    assert not server.is_running()


def test_a_server_that_cannot_start_says_why(make: MakeServer) -> None:
    server = make()
    server.start()
    server.stop()
    (server.folders.cluster / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedServerError, match=r"PostgreSQL startet nicht: .*pg_control.*Protokoll: .*server\.log"):
        server.start()


def test_a_missing_wheel_is_named_with_what_installs_it(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from platform_mark.embedded import EmbeddedServer, EmbeddedServerError
try:
    EmbeddedServer(Path(sys.argv[1])).start()
except EmbeddedServerError as error:
    print(error)
"""
    # Without site-packages there is no wheel, and nothing else that the module would need.
    done = subprocess.run(
        [sys.executable, "-S", "-c", script, str(tmp_path / "data")],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ist nicht installiert" in done.stdout
    assert "make run" in done.stdout


# ---------------------------------------------------------------- as root


def owner_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


@as_root
def test_without_a_namespace_root_hands_the_server_to_a_service_account(tmp_path: Path, make: MakeServer) -> None:
    before = [folder.stat().st_mode for folder in tmp_path.parents]
    server = make(new=True, namespace=False)
    server.start()
    assert owner_of(server_process(server.folders.cluster)) != 0
    assert ask(server, "SELECT lower('Ä')") == "ä"
    assert stat.S_IMODE(server.folders.cluster.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.folders.password.stat().st_mode) == 0o600
    assert [folder.stat().st_mode for folder in tmp_path.parents] == before
    server.stop()

    # The same data by the other way, and back.
    for namespace in (True, False):
        again = make(namespace=namespace)
        again.start()
        assert ask(again, "SELECT 1") == 1
        again.stop()


@as_root
def test_programs_that_the_service_account_cannot_reach_are_copied(tmp_path: Path, make: MakeServer) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = programs().parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, closed / part.name)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(closed))
        assert programs().is_relative_to(closed)
        server = make(namespace=False)
        server.start()
    main = server_process(server.folders.cluster)
    assert Path(f"/proc/{main}/exe").readlink().is_relative_to(server.folders.data)
    assert ask(server, "SELECT lower('Ä')") == "ä"


@as_root
def test_a_data_folder_that_the_service_account_cannot_reach_is_named(tmp_path: Path, make: MakeServer) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = make(closed / "data", new=True, namespace=False)
    with pytest.raises(EmbeddedServerError, match=f"kommt nicht in den Ordner {closed}\\. Bitte einen anderen"):
        server.start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
