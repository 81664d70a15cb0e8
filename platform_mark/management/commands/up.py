"""`manage.py up`: the whole portal on one machine, for trying and developing. `quickstart.py` runs before this."""

import contextlib
import http.client
import io
import secrets
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, OperationalError, connection, transaction

from platform_mark import database_checks, quickstart
from platform_mark.quickstart import Bind, Fault, say
from platform_mark.starter import actors, content
from platform_mark.static_state import static_state
from platform_mark.supervisor import Patience, Program, end_all

FIRST_ACCOUNT = "verwaltung@localhost"
FIRST_ANSWER_TIMEOUT = 60.0
PULSE = 0.2


class Command(BaseCommand):
    help = "Startet das Portal auf diesem Rechner: Datenbank, Webserver und Hintergrunddienst."
    # They run before migrations; what matters here is checked below, in words for people.
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        quickstart.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        start = quickstart.current
        if start is None or start.bind is None:
            raise CommandError("Bitte so starten: python manage.py up")
        self.data = start.data
        self.bind: Bind = start.bind
        self.server = start.server
        self.verbose = options["verbosity"] > 1
        with quickstart.usable_folder(self.data):
            self.logs = self.data / "log"
            for name in ("log", "mail", "media"):
                (self.data / name).mkdir(mode=0o700, exist_ok=True)
            self.check_database()
            with database_faults():
                self.collect_static()
                self.fill_database()
            self.serve()

    # ------------------------------------------------------------ before the first page

    def check_database(self) -> None:
        """Look before anything is written, and without Django, which refuses old servers in its own words."""
        parameters = connection.get_connection_params() | {"connect_timeout": 8}
        try:
            with psycopg.connect(**parameters) as probe:

                def ask(sql: str) -> Any:
                    row = probe.execute(sql).fetchone()
                    return row[0] if row else None

                if probe.info.server_version >= database_checks.OLDEST_SERVER * 10_000:
                    # Tried out and rolled back: whether the extension is there shows only now or in a migration.
                    probe.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
                    found = database_checks.faults(ask)
                else:
                    found = database_checks.faults(lambda sql: probe.info.server_version)
                probe.rollback()
        except psycopg.OperationalError as error:
            raise Fault(connection_fault(error)) from error
        except psycopg.Error as error:
            raise Fault(setup_fault(error)) from error
        for fault in found:
            raise Fault(f"{fault.msg} {fault.hint}")

    def collect_static(self) -> None:
        """Collect static files where they differ from the last time; compressing them takes seconds."""
        # Beside the folder it speaks of, not in it: what lies in there is public.
        stamp = settings.STATIC_ROOT.with_name(f"{settings.STATIC_ROOT.name}.stamp")
        state = static_state()
        with contextlib.suppress(FileNotFoundError):
            if stamp.read_text() == state and (settings.STATIC_ROOT / "staticfiles.json").is_file():
                return
        say("Gestaltung und Schriften werden bereitgestellt …")
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(state)

    def fill_database(self) -> None:
        """Bring tables, reference data, starter content and the first account to where they should be."""
        say("Datenbank wird auf den neuesten Stand gebracht …")
        quiet: dict[str, Any] = {"verbosity": 0, "stdout": io.StringIO()}
        call_command("migrate", interactive=False, **quiet)
        call_command("createcachetable", **quiet)
        call_command("load_reference", **quiet)
        if not settings.QUICK_START:
            return
        if content.is_untouched():
            say("Beispiele werden geladen …")
            call_command("starter_content", "load", **quiet)
        accounts = get_user_model().objects
        if not accounts.filter(is_superuser=True).exists():
            password = "-".join(secrets.token_hex(2) for _ in range(5))
            # Shown before it counts: a start that is cut short here must not leave an account that nobody can open.
            with transaction.atomic():
                accounts.create_superuser(email=FIRST_ACCOUNT, password=password)
                say("")
                say("Erstes Konto der Verwaltung, das Passwort steht nur hier und nur jetzt:")
                say(f"    E-Mail-Adresse  {FIRST_ACCOUNT}")
                say(f"    Passwort        {password}")
                say("")
        if actors.wants_demo_account():
            password = "-".join(secrets.token_hex(2) for _ in range(5))
            with transaction.atomic():
                actors.make_demo_account(password)
                say("Konto eines erfundenen Akteurs zum Ausprobieren, das Passwort steht nur hier und nur jetzt:")
                say(f"    E-Mail-Adresse  {actors.DEMO_ACCOUNT}")
                say(f"    Passwort        {password}")
                say("")

    # ------------------------------------------------------------ serving

    def serve(self) -> None:
        """Run web server and worker until somebody stops us."""
        connection.close()
        listener = self.bind.listen()
        # Kept open here, so that a restarted web server finds its port, and visitors wait instead of being refused.
        web = self.program("Der Webserver", "web", *web_arguments(listener.fileno()), pass_fds=[listener.fileno()])
        worker = self.program("Der Hintergrunddienst", "worker", "manage.py", "procrastinate", "worker")
        programs = [web, worker]
        try:
            quickstart.raise_on_stop()
            for program in programs:
                program.start()
            self.await_first_page(web)
            self.watch(programs)
        except quickstart.Stopped:
            quickstart.ignore_stop_signals()
            say(quickstart.STOPPING)
            raise
        finally:
            quickstart.ignore_stop_signals()
            end_all(programs)
            listener.close()

    def program(self, name: str, log: str, *arguments: str, pass_fds: list[int] | None = None) -> Program:
        return Program(
            name,
            [sys.executable, *arguments],
            data=self.data,
            log=None if self.verbose else self.logs / f"{log}.log",
            pass_fds=pass_fds or [],
        )

    def await_first_page(self, web: Program) -> None:
        """Return when a visitor would get an answer, and say where."""
        deadline = time.monotonic() + FIRST_ANSWER_TIMEOUT
        # Short turns: the port is open already, so a request to a dead web server would wait, not fail.
        while self.status_of("/healthz", timeout=2) != 200:
            if not web.is_alive or time.monotonic() > deadline:
                raise Fault(f"Der Webserver startet nicht. Protokoll: {web.log or 'siehe oben'}")
            time.sleep(0.05)
        if not 0 < (status := self.status_of("/", timeout=30)) < 400:
            say(f"Achtung: Die Startseite antwortet nicht richtig ({status}). Protokoll: {web.log or 'siehe oben'}")
        say(f"Das Portal läuft:  {settings.BASE_URL}/")
        say(f"Verwaltung:        {settings.BASE_URL}/admin/")
        say(f"Daten:             {self.data}")
        say("Beenden mit Strg+C.")

    def status_of(self, path: str, timeout: float) -> int:
        """The status of one of our pages, 0 without an answer."""
        visit = http.client.HTTPConnection(self.bind.host, self.bind.port, timeout=timeout)
        try:
            visit.request("GET", path, headers={"Host": urlsplit(settings.BASE_URL).netloc})
            return visit.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            visit.close()

    def watch(self, programs: list[Program]) -> None:
        """Restart what dies; ends by a stop signal or a `Fault`."""
        database = Patience("PostgreSQL", self.data / "postgres" / "server.log")
        while True:
            time.sleep(PULSE)
            quickstart.check_stop()
            if self.server and not self.server.is_running():
                database.note_death()
                if not self.server.exists:
                    raise Fault(f"Die Datenbank in {self.data} ist verschwunden.")
                say("PostgreSQL hat aufgehört und startet neu …")
                self.server.start()
                say("PostgreSQL läuft wieder.")
            for program in programs:
                if not program.is_alive:
                    program.patience.note_death()
                    say(f"{program.name} hat aufgehört und startet neu …")
                    program.end(0)
                    program.start()


def web_arguments(descriptor: int) -> list[str]:
    """Gunicorn's command line, after the name of the interpreter."""
    from gunicorn.config import KNOWN_SETTINGS

    known = {flag for setting in KNOWN_SETTINGS for flag in setting.cli or []}
    return [
        *("-m", "gunicorn", "platform_mark.wsgi"),
        *("--bind", f"fd://{descriptor}"),
        *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
        # Loaded once, then forked: half the work at the start.
        *("--preload", "--graceful-timeout", "8", "--log-level", "warning"),
        # What is too long is refused by a page of ours (platform_mark.middleware), not by gunicorn's.
        *("--limit-request-line", "0"),
        # Newer releases open a control socket in the home folder, which two instances would share.
        *(["--no-control-socket"] if "--no-control-socket" in known else []),
    ]


# ---------------------------------------------------------------- faults of a database, in words for people


@contextlib.contextmanager
def database_faults() -> Iterator[None]:
    """Turn what an operator can mend into a line; a mistake of ours stays a traceback."""
    try:
        yield
    except OperationalError as error:
        raise Fault(f"Die Verbindung zur Datenbank ist abgerissen: {first_line(error)}") from error
    except DatabaseError as error:
        if not isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            raise
        raise Fault(setup_fault(error)) from error


def setup_fault(error: Exception) -> str:
    """Why the database cannot be set up."""
    return (
        f"Die Datenbank lässt sich nicht einrichten: {first_line(error)} Bitte prüfen, ob das Konto in DATABASE_URL dort"
        " Tabellen und die Erweiterungen pg_trgm und unaccent anlegen darf (docs/betrieb.md)."
    )


def connection_fault(error: Exception) -> str:
    """Why the database cannot be reached; servers say it in their own language, German or English."""
    parameters = connection.get_connection_params()
    where = parameters.get("host") or "dem Unix-Socket"
    if parameters.get("port"):
        where = f"{where}:{parameters['port']}"
    name, user = parameters.get("dbname"), parameters.get("user")
    text = str(error)
    missing = "does not exist" in text or "existiert nicht" in text
    if "assword" in text or "asswort" in text or (missing and ("role" in text or "Rolle" in text)):
        fault = f"Der Datenbankserver auf {where} nimmt Name oder Passwort von „{user}“ nicht an."
    elif missing:
        fault = f"Auf dem Datenbankserver {where} gibt es keine Datenbank „{name}“."
    elif "FATAL" in text:
        fault = f"Der Datenbankserver auf {where} lehnt ab: {first_line(error).split('FATAL:')[-1].strip()}"
    else:
        fault = f"Der Datenbankserver auf {where} ist nicht erreichbar."
    return f"{fault} Bitte DATABASE_URL prüfen."


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0].rstrip(".") + "."
