"""`make soak`: bounded long runs against the production path, with kills and restarts, judged at the end.

Reading: for the first half and a bit visitors read, somebody sends odd input, and every while something is killed; the
rest is quiet reading, in which no process may grow. Then the runs of `tests.soak.sign_ups`, `tests.soak.mail` and
`tests.soak.enumeration`, each in a process and on a database of its own. `--only` chooses. Exits with 1 and a list of what was wrong.
"""

import argparse
import contextlib
import io
import itertools
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx

# Looked up before the next lines fill them in.
ENVIRONMENT = dict(os.environ)
FOREIGN_DATABASE = bool(os.environ.get("DATABASE_URL"))
from platform_mark.embedded import EmbeddedServer, server_process  # noqa: E402
from tests import environment  # noqa: E402 (sets up a throw-away environment before Django loads)

READERS = 3
# How long visitors may feel a blow after it is over: the bar asks for 5 s after a kill, 10 s after the database is back.
AFTER_KILL, AFTER_DATABASE = 5.0, 10.0
DATABASE_DOWN = 4.0
# RestartSec of deploy/systemd/portal-worker.service.
RESTART_SECONDS = 5.0
GROWTH = 0.10
# Below this, ten percent are noise.
NOISE_MIB = 4.0


@dataclass(frozen=True)
class Answer:
    at: float
    seconds: float
    path: str
    status: int
    is_page: bool


@dataclass
class Record:
    """What happened, seen from outside. Threads only append."""

    answers: list[Answer] = field(default_factory=list)
    odd: list[Answer] = field(default_factory=list)
    #: Blows as (what, begin, end of the time in which 503 is forgiven).
    blows: list[tuple[str, float, float]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def is_forgiven(self, answer: Answer) -> bool:
        """Whether a blow explains a 503."""
        return any(begin - 1 <= answer.at <= end for _, begin, end in self.blows)


class Portal:
    """The portal of this run: web server, worker, database, and nginx where it is installed."""

    def __init__(self, folder: Path, workers: int, server: EmbeddedServer | None) -> None:
        from tests.production import Gunicorn, Nginx

        self.folder, self.server = folder, server
        self.environment = {
            **os.environ,
            "TRUSTED_PROXIES": "1",
            "LOG_LEVEL": "INFO",
            # Workers that are replaced by number of requests would hide growth.
            "GUNICORN_CMD_ARGS": "--max-requests 0",
            "PYTHONUNBUFFERED": "1",
        }
        self.web = Gunicorn(folder, self.environment, workers=workers)
        self.nginx = (
            Nginx(folder / "nginx", data=Path(os.environ["DATA_DIR"]), web_socket=self.web.socket)
            if Nginx.program()
            else None
        )
        self.jobs_log = folder / "worker.log"
        self.jobs: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep_jobs)

    def __enter__(self) -> "Portal":
        self.web.start()
        self._keeper.start()
        if self.nginx:
            self.nginx.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._keeper.join()
        if self.nginx:
            self.nginx.stop()
        self.web.stop()

    def _keep_jobs(self) -> None:
        """Start the job worker after every end of it, as the service manager does."""
        with self.jobs_log.open("ab") as log:
            while not self._ended.is_set():
                self.jobs = subprocess.Popen(
                    [sys.executable, "manage.py", "procrastinate", "worker"],
                    env=self.environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
                while self.jobs.poll() is None and not self._ended.wait(0.2):
                    pass
                self._ended.wait(RESTART_SECONDS)
            if self.jobs and self.jobs.poll() is None:
                self.jobs.terminate()
                self.jobs.wait(40)

    def visitor(self) -> httpx.Client:
        """A client by nginx, or by the application's own socket."""
        from tests.production import HOST

        if self.nginx:
            return self.nginx.client()
        headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
        return httpx.Client(
            base_url=f"http://{HOST}",
            transport=httpx.HTTPTransport(uds=str(self.web.socket)),
            headers=headers,
            timeout=30,
        )

    def processes(self) -> dict[int, str]:
        """Process ids of ours that live now, with their names."""
        assert self.web.process and self.jobs
        found = {self.web.process.pid: "gunicorn", self.jobs.pid: "worker"}
        return found | dict.fromkeys(self.web.workers(), "web")


# ---------------------------------------------------------------- visitors


def addresses() -> list[str]:
    """Pages a visitor finds, and lists narrowed in every way."""
    from platform_mark.taxonomy.models import Branch, CompanySize
    from practices.models import Practice

    branches = list(Branch.objects.current())
    lists = [
        f"/beispiele/?branche={branch.slug}&groesse={size.slug}" for branch in branches[:8] for size in CompanySize
    ]
    details = [practice.get_absolute_url() for practice in Practice.objects.published()]
    return [
        *["/", "/beispiele/", "/beispiele/?seite=2", "/branchen/"] * 5,
        *(branch.get_absolute_url() for branch in branches),
        *details * 2,
        *lists,
        *("/impressum/", "/datenschutz/", "/barrierefreiheit/", "/sitemap.xml", "/konto/anmelden/", "/healthz"),
    ]


def read(portal: Portal, record: Record, pages: list[str], seed: int, done: threading.Event) -> None:
    """One visitor after another, each with a connection of their own for a while."""
    choose = random.Random(seed)
    while not done.is_set():
        with portal.visitor() as visitor:
            for _ in range(50):
                if done.is_set():
                    return
                record.answers.append(ask(lambda: visitor.get(choose.choice(pages))))
                # People read; a machine that never waits would only measure its own load.
                time.sleep(choose.uniform(0, 0.03))


def misuse(portal: Portal, record: Record, seed: int, done: threading.Event) -> None:
    """Input that no page offers: every answer but a server error is right."""
    choose = random.Random(seed)
    while not done.is_set():
        with portal.visitor() as visitor:
            for method, path in itertools.islice(odd_requests(choose), 50):
                if done.is_set():
                    return
                record.odd.append(ask(lambda method=method, path=path: visitor.request(method, path)))
                time.sleep(0.05)


def odd_requests(choose: random.Random) -> Iterator[tuple[str, str]]:
    words = ["%00", "%ed%a0%80", "%ff", "'", '"><script>', "{{7*7}}", "../../etc/passwd", "%F0%9F%A6%84", "-1", "0"]
    words += ["9" * 30, "a" * 5000, "ä" * 300, "1e309", "NaN", "%0d%0aX:1", "\\", "|", "%", "%2", "[]", "\u202e"]
    names = ["branche", "groesse", "seite", "q", "next", "csrfmiddlewaretoken", "branche[]", "", "__proto__"]
    paths = ["/", "/beispiele/", "/branchen/", "/konto/anmelden/", "/admin/", "/medien/bilder/", "/static/", "/healthz"]
    while True:
        path = choose.choice(paths) + choose.choice(["", "", quote(choose.choice(words), safe="%/"), "x/" * 40])
        query = "&".join(
            f"{choose.choice(names)}={quote(choose.choice(words), safe='%')}" for _ in range(choose.randrange(6))
        )
        yield (
            choose.choice(["GET"] * 8 + ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"]),
            f"{path}?{query}",
        )


def ask(request: Callable[[], httpx.Response]) -> Answer:
    """One request, as an answer whatever comes of it; 0 stands for none."""
    started = time.monotonic()
    try:
        answer = request()
    except httpx.HTTPError as error:
        path = error.request.url.raw_path[:80].decode("ascii", "replace") if error._request else ""
        return Answer(started, time.monotonic() - started, f"{path} {type(error).__name__}", 0, False)
    # A HEAD has no page to look at.
    is_page = answer.request.method == "HEAD" or ("<html" in answer.text[:200] and 'lang="de"' in answer.text[:200])
    return Answer(
        started,
        time.monotonic() - started,
        answer.request.url.raw_path[:80].decode("ascii", "replace"),
        answer.status_code,
        is_page,
    )


# ---------------------------------------------------------------- blows


def kill_a_web_worker(portal: Portal, record: Record) -> None:
    victims = portal.web.workers()
    os.kill(random.choice(victims), signal.SIGKILL)
    _await_health(portal, record, "a killed web worker", AFTER_KILL)


def kill_the_job_worker(portal: Portal, record: Record) -> None:
    assert portal.jobs
    portal.jobs.kill()


def reload_the_web(portal: Portal, record: Record) -> None:
    """A rolling restart, as every update does: nobody may notice."""
    before = set(portal.web.workers())
    assert portal.web.process
    portal.web.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 40
    while before & set(portal.web.workers()):
        if time.monotonic() > deadline:
            record.faults.append("A rolling restart did not end within 40 s.")
            return
        time.sleep(0.2)


def restart_the_database(portal: Portal, record: Record) -> None:
    """Stop PostgreSQL without mercy for its clients, leave it down for a moment, start it."""
    assert portal.server
    os.kill(server_process(portal.server.folders.cluster), signal.SIGQUIT)
    time.sleep(DATABASE_DOWN)
    portal.server.start()
    _await_health(portal, record, "a restart of the database", AFTER_DATABASE)


def _await_health(portal: Portal, record: Record, what: str, limit: float) -> None:
    """The portal must serve a page from the database again within `limit` seconds."""
    started = time.monotonic()
    with portal.visitor() as visitor:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if visitor.get("/beispiele/").status_code == 200:
                    break
            if time.monotonic() - started > limit:
                record.faults.append(f"After {what} the portal was not back within {limit:.0f} s.")
                break
            time.sleep(0.1)


BLOWS: list[tuple[Callable[[Portal, Record], None], float]] = [
    (kill_a_web_worker, AFTER_KILL),
    (kill_the_job_worker, 0),
    (reload_the_web, 0),
    (restart_the_database, AFTER_DATABASE),
]


# ---------------------------------------------------------------- judgement


def memory(pids: dict[int, str]) -> dict[int, float]:
    """Private MiB of each process that lives."""
    found = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            found[pid] = sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
    return found


def connections() -> int:
    """How many clients the database has, this process apart."""
    from django.db import connection

    # The last one may have met a restart.
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        count = int(cursor.fetchone()[0])
    connection.close()
    return count


def judge_answers(record: Record) -> None:
    for answer in [*record.answers, *record.odd]:
        if answer.status == 500 or (answer.status == 0 and not record.is_forgiven(answer)):
            record.faults.append(f"{answer.path} answered {answer.status}.")
        elif answer.status == 503 and not answer.is_page:
            record.faults.append(f"{answer.path} answered 503 without our page.")
        elif answer.status >= 500 and answer.status != 503:
            record.faults.append(f"{answer.path} answered {answer.status}.")
        elif answer.status == 503 and not record.is_forgiven(answer):
            record.faults.append(f"{answer.path} answered 503 although nothing was broken.")
    if len(record.answers) < 200 or len(record.odd) < 50:
        record.faults.append(f"Too little was tried: {len(record.answers)} pages, {len(record.odd)} odd requests.")
    if not any(answer.status == 503 for answer in record.answers) and any(
        "database" in what for what, *_ in record.blows
    ):
        record.faults.append("Nobody noticed that the database was away: the run tried nothing.")


def judge_logs(portal: Portal, record: Record) -> int:
    """Errors must be about the database that was away, and nothing else. Returns how many lines were read."""
    lines = portal.web.log.read_text(errors="replace").splitlines()
    for line in lines:
        if not line.startswith("{"):
            record.faults.append(f"A line of the web log is not JSON: {line[:200]}")
            continue
        entry = json.loads(line)
        about_database = re.search(r"OperationalError|InterfaceError|AdminShutdown", entry.get("exception", ""))
        about_kill = entry["logger"] == "gunicorn.error" and "SIGKILL" in entry["message"]
        if entry["level"] in ("error", "critical") and not about_database and not about_kill:
            record.faults.append(f"The web log says: {line[:300]}")
    return len(lines)


def prepare(folder: Path) -> EmbeddedServer | None:
    """Start a database of our own, unless one was given, and fill it."""
    import django
    from django.core.management import call_command

    server = None if FOREIGN_DATABASE else EmbeddedServer(folder / "database")
    if server:
        server.start()
        os.environ["DATABASE_URL"] = server.url
    os.environ |= {"DJANGO_SETTINGS_MODULE": "platform_mark.settings", "LOG_LEVEL": "WARNING"}
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("error_pages", stdout=io.StringIO())
    from django.db import connection

    from tests.make import fill_site

    fill_site()
    connection.close()
    return server


def main() -> int:
    """Run everything that was chosen, one after another, and say what failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument(
        "--minutes",
        type=float,
        default=float(os.environ.get("MINUTES") or 10),
        help="of reading; what else takes time is shortened or stretched along with it",
    )
    parser.add_argument("--workers", type=int, default=2, help="web workers")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument(
        "--only", nargs="+", choices=["reading", "sign-ups", "mail", "enumeration"], help="leave the others out"
    )
    options = parser.parse_args()
    minutes: float = options.minutes
    runs: dict[str, Callable[[], int]] = {
        "reading": lambda: reading(options),
        # A minute of coming and leaving for each seed, and the mail server away for as long as people read above.
        "sign-ups": lambda: in_its_own_process("sign_ups", "--seconds", f"{minutes * 6:g}"),
        "mail": lambda: in_its_own_process("mail", "--minutes", f"{minutes:g}", "--seed", str(options.seed)),
        "enumeration": lambda: in_its_own_process("enumeration"),
    }
    failed = []
    for name, run in runs.items():
        if options.only and name not in options.only:
            continue
        print(f"== {name}", flush=True)
        if run():
            failed.append(name)
    shutil.rmtree(environment.folder, ignore_errors=True)
    print(f"failed: {', '.join(failed)}" if failed else "soak passed")
    return 1 if failed else 0


def in_its_own_process(module: str, *arguments: str) -> int:
    """Run one of the other scripts in the environment this one was started in; returns its exit code."""
    return subprocess.run([sys.executable, "-m", f"tests.soak.{module}", *arguments], env=ENVIRONMENT).returncode


def reading(options: argparse.Namespace) -> int:
    """Run, print what was done, and judge."""
    duration = options.minutes * 60
    # Whoever was restarted last has settled after a minute: modules loaded, pools filled.
    rough, warm = 0.6 * duration, min(75.0, 0.2 * duration)
    random.seed(options.seed)

    record, done = Record(), threading.Event()
    with tempfile.TemporaryDirectory(prefix="portal-soak-") as folder:
        print(f"{options.minutes:g} minutes, seed {options.seed}; preparing …", flush=True)
        server = prepare(Path(folder))
        pages = addresses()
        with Portal(Path(folder), options.workers, server) as portal:
            if not portal.nginx:
                print("nginx is not installed: visitors speak with the application itself.")
            blows = BLOWS if server else BLOWS[:-1]
            if not server:
                print("DATABASE_URL is set: that server is not restarted.")
            threads = [
                *(
                    threading.Thread(target=read, args=(portal, record, pages, options.seed + n, done))
                    for n in range(READERS)
                ),
                threading.Thread(target=misuse, args=(portal, record, options.seed, done)),
            ]
            for thread in threads:
                thread.start()
            try:
                began = time.monotonic()
                pause = max(5.0, rough / (3 * len(blows)) - 8)
                for blow, forgiven in itertools.cycle(blows):
                    time.sleep(pause)
                    if time.monotonic() - began > rough:
                        break
                    at = time.monotonic()
                    print(f"{at - began:6.0f} s  {blow.__name__.replace('_', ' ')}", flush=True)
                    # Open while it lasts, so that what happens meanwhile is explained.
                    record.blows.append((blow.__name__, at, at + 3600 if forgiven else at))
                    blow(portal, record)
                    record.blows[-1] = (blow.__name__, at, time.monotonic() + forgiven if forgiven else at)
                print(f"{time.monotonic() - began:6.0f} s  quiet reading", flush=True)
                time.sleep(warm)
                names = portal.processes()
                before, open_before = memory(names), connections()
                time.sleep(max(5.0, duration - (time.monotonic() - began)))
                after, open_after = memory(names), connections()
                with portal.visitor() as visitor:
                    ready = visitor.get("/readyz")
            finally:
                done.set()
                for thread in threads:
                    thread.join(60)
            judge(record, portal, options.workers, names, before, after, (open_before, open_after), ready)
        if server:
            server.stop()
    return report(record)


def judge(
    record: Record,
    portal: Portal,
    workers: int,
    names: dict[int, str],
    before: dict[int, float],
    after: dict[int, float],
    open_connections: tuple[int, int],
    ready: httpx.Response,
) -> None:
    judge_answers(record)
    lines = judge_logs(portal, record)
    if ready.status_code != 200:
        record.faults.append(f"At the end the portal is not ready: {ready.text}")
    if len(portal.web.workers()) != workers:
        record.faults.append(f"{len(portal.web.workers())} web workers live instead of {workers}.")
    if set(before) != set(after) or Counter(names.values())["web"] != workers:
        record.faults.append("A process ended while nothing was broken.")
    for pid in before.keys() & after.keys():
        grown = after[pid] - before[pid]
        print(f"memory of {names[pid]:<9} {before[pid]:6.1f} -> {after[pid]:6.1f} MiB private")
        if grown > max(GROWTH * before[pid], NOISE_MIB):
            record.faults.append(f"A {names[pid]} process grew from {before[pid]:.1f} to {after[pid]:.1f} MiB.")
    opened, left = open_connections
    # One for each web worker; the job worker keeps a small pool.
    print(f"connections to the database: {opened} -> {left}; {lines} lines of log")
    if left > opened + workers:
        record.faults.append(f"Connections to the database grew from {opened} to {left}.")


def report(record: Record) -> int:
    """Print counts and faults; returns the exit code."""
    statuses = Counter(answer.status for answer in record.answers)
    odd = Counter(answer.status for answer in record.odd)
    quiet = sorted(answer.seconds for answer in record.answers if answer.status == 200)
    print(f"pages: {dict(sorted(statuses.items()))}")
    print(f"odd:   {dict(sorted(odd.items()))}")
    if len(quiet) > 100:
        print(f"p50 {statistics.median(quiet) * 1000:.0f} ms, p95 {quiet[int(len(quiet) * 0.95)] * 1000:.0f} ms")
    print(f"blows: {dict(Counter(what for what, *_ in record.blows))}")
    for fault, number in Counter(record.faults).most_common(30):
        print(f"FAULT {fault}" + (f" ({number} times)" if number > 1 else ""))
    return 1 if record.faults else 0


if __name__ == "__main__":
    sys.exit(main())
