"""`python -m tests.soak.sign_ups`: hundreds of people for fifty seats, by the production path, judged at the end.

R1 500 people at once, mails through a real server, each confirmed by the link in the mail; R2 the same without the lock,
which must be found out; R3 people coming and leaving while the capacity changes; R4 every form posted twice at once; R5 the
same as R1 while web workers are killed. Exits with 1 and a list of what was wrong.
"""

import argparse
import contextlib
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.smtp import Postbox
from tests.soak.__main__ import prepare

AT_ONCE = 50
P95 = 5.0
BACK_AFTER_KILL = 5.0
KILLS = 5
_HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|opened)" value="([^"]+)"')
_LINK = re.compile(r"https://portal\.test(/anmeldung/[^/\s]+/)")


class Run:
    """A web server on the shared database, and what was found wrong."""

    def __init__(self, folder: Path, *, application: str = "platform_mark.wsgi") -> None:
        from tests.production import Gunicorn

        folder.mkdir()
        environment = {
            **os.environ,
            "TRUSTED_PROXIES": "1",
            "POST_LIMIT_FACTOR": "100000",
            "LOG_LEVEL": "WARNING",
            "GUNICORN_CMD_ARGS": "--max-requests 0",
        }
        self.web = Gunicorn(folder, environment, workers=3, application=application)
        self.times: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.longest_gap = 0.0

    def __enter__(self) -> "Run":
        self.web.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.web.stop()

    def visitor(self) -> httpx.Client:
        """Somebody with a jar of cookies of their own."""
        headers = {
            "Host": "portal.test",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "127.0.0.1",
            "Referer": "https://portal.test/",
        }
        return httpx.Client(
            base_url="https://portal.test",
            transport=Plain(str(self.web.socket)),
            headers=headers,
            timeout=60,
        )

    def send(self, ask: Callable[[], httpx.Response], *, patient: bool = False) -> httpx.Response:
        """Ask, and ask again where a killed worker hung up, as a browser's reload does."""
        began = time.monotonic()
        while True:
            start = time.monotonic()
            try:
                response = ask()
            except httpx.TransportError:
                if not patient or time.monotonic() - began > 30:
                    raise
                time.sleep(0.1)
                continue
            self.times.append(time.monotonic() - start)
            self.statuses[response.status_code] += 1
            self.longest_gap = max(self.longest_gap, time.monotonic() - began)
            return response


class Plain(httpx.BaseTransport):
    """Speaks https by name with the application's own socket, which a proxy would do."""

    def __init__(self, path: str) -> None:
        self.inner = httpx.HTTPTransport(uds=path)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http")
        return self.inner.handle_request(request)


def all_at_once(tasks: Iterable[Callable[[], Any]], clients: int = AT_ONCE) -> list[Any]:
    """Work through all tasks with so many at a time; the first exception ends the run."""
    with ThreadPoolExecutor(clients) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def sign_up_by_form(run: Run, slug: str, number: int, who: str, *, times: int = 1, patient: bool = False) -> None:
    """Open the form, take the time a person takes, post it; as often at once as told, and once more after Back."""
    path = f"/dialoge/{slug}/anmelden/"
    with run.visitor() as visitor:
        page = run.send(lambda: visitor.get(path), patient=patient).text
        time.sleep(3.2)
        fields = {
            **dict(_HIDDEN.findall(page)),
            "company": f"Firma {number} & Co.",
            "contact_name": "Mara",
            "email": f"{who}{number}@firma.example",
            "rows": "1",
            "name-0": f"Person {number}",
            "group": "all",
        }
        post = lambda: run.send(lambda: visitor.post(path, data=fields), patient=patient)  # noqa: E731
        answers = all_at_once([post] * times, times) + ([post()] if times > 1 else [])
        assert {answer.status_code for answer in answers} == {302}, answers


def confirm_by_link(run: Run, path: str, *, times: int = 1, patient: bool = False) -> None:
    """Open the link of the mail and press the button."""
    with run.visitor() as visitor:
        page = run.send(lambda: visitor.get(path), patient=patient)
        fields = {**dict(_HIDDEN.findall(page.text)), "action": "confirm"}
        post = lambda: run.send(lambda: visitor.post(path, data=fields), patient=patient)  # noqa: E731
        all_at_once([post] * times, times)


@contextlib.contextmanager
def mail_server() -> Iterator[Postbox]:
    """A real mail server at the port the portal was told."""
    from aiosmtpd.controller import Controller

    postbox = Postbox()
    address = urlsplit(os.environ["EMAIL_URL"])
    controller = Controller(postbox, hostname=str(address.hostname), port=int(address.port or 0))
    controller.start()
    try:
        yield postbox
    finally:
        controller.stop()


@contextlib.contextmanager
def job_worker(folder: Path) -> Iterator[None]:
    """The process that sends the mails."""
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "procrastinate", "worker"], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(40)


def links(postbox: Postbox, kind: str, who: str, number: int, seconds: float = 300) -> dict[str, str]:
    """The link each of them got by mail, once so many have come whose subject begins like that."""
    deadline = time.monotonic() + seconds
    while True:
        found = [mail for mail in mails_to(postbox, who) if _subject(mail).startswith(kind)]
        if len(found) >= number or time.monotonic() > deadline:
            return {str(mail["To"]): _LINK.search(_text(mail)).group(1) for mail in found}  # type: ignore[union-attr]
        time.sleep(0.5)


def mails_to(postbox: Postbox, who: str) -> list[Any]:
    """What came for the people of one run; the worker also sends what earlier ones left."""
    return [mail for mail in list(postbox.mails) if str(mail["To"]).startswith(who)]


def _subject(mail: Any) -> str:
    from email.header import decode_header, make_header

    return str(make_header(decode_header(mail["Subject"])))


def _text(mail: Any) -> str:
    part = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    return part.get_payload(decode=True).decode()


# ---------------------------------------------------------------- judgement


def judge_line(dialogue: Any, people: int, seats: int) -> list[str]:
    """What is wrong with seats and line, if anything."""
    from dialogues.models import RegistrationEvent

    rows = dialogue.registrations
    faults = []
    confirmed = rows.filter(state="confirmed").count()
    if confirmed != seats:
        faults.append(f"{confirmed} confirmed instead of {seats}")
    line = list(rows.in_line())
    if [row.waiting_number for row in line] != list(range(1, people - seats + 1)):
        faults.append(f"{len(line)} waiting, with gaps or doubles")
    steps = RegistrationEvent.objects.filter(registration__dialogue=dialogue, to_state="waiting").order_by("pk")
    if list(steps.values_list("registration", flat=True)) != [row.pk for row in line]:
        faults.append("the line is not in the order of the commits")
    if rows.filter(attendees=None).exists():
        faults.append("a booking without people")
    if rows.filter(events=None).exists():
        faults.append("a booking without history")
    return faults


def judge_run(run: Run) -> list[str]:
    """What is wrong with the answers of the web server."""
    faults = [f"{number} answers {status}" for status, number in run.statuses.items() if status >= 500]
    p95 = statistics.quantiles(run.times, n=20)[18]
    print(f"    {sum(run.statuses.values())} answers {dict(run.statuses)}, p95 {p95:.2f} s")
    if p95 > P95:
        faults.append(f"p95 is {p95:.1f} s")
    return faults


def judge_mails(dialogue: Any, postbox: Postbox, people: int, seats: int) -> list[str]:
    """Each got exactly one mail that says what became of the sign-up."""
    who = f"d{dialogue.pk}-"
    links(postbox, "Platz bestätigt", who, seats)
    links(postbox, "Warteliste", who, people - seats)
    told = Counter((str(mail["To"]), _subject(mail).split(":")[0].split(",")[0]) for mail in mails_to(postbox, who))
    wanted = Counter(
        (row.email, "Platz bestätigt" if row.state == "confirmed" else "Warteliste")
        for row in dialogue.registrations.all()
    )
    answers = Counter({key: number for key, number in told.items() if key[1] in ("Platz bestätigt", "Warteliste")})
    return [] if answers == wanted else [f"mails: {len(answers)} of {len(wanted)} match"]


# ---------------------------------------------------------------- the runs


def rush(folder: Path, people: int, seats: int, *, kills: int = 0) -> list[str]:
    """R1, and R5 with kills: everybody signs up, gets the mail, confirms by its link."""
    from tests.dialogues.make import make_dialogue

    dialogue = make_dialogue(seats=seats)
    patient = kills > 0
    with mail_server() as postbox, job_worker(folder), Run(folder / f"r{dialogue.pk}") as run:
        killer = threading.Thread(target=_kill_workers, args=(run, kills))
        killer.start()
        who = f"d{dialogue.pk}-"
        all_at_once(
            [
                lambda n=n: sign_up_by_form(run, dialogue.slug, n, who, patient=patient)  # type: ignore[misc]
                for n in range(people)
            ]
        )
        found = links(postbox, "Bitte bestätigen", who, people)
        if len(found) != people:
            return [f"{len(found)} of {people} got their link"]
        # Later all do so at once.
        all_at_once(
            [lambda path=path: confirm_by_link(run, path, patient=patient) for path in found.values()]  # type: ignore[misc]
        )
        killer.join()
        faults = [*judge_line(dialogue, people, seats), *judge_run(run)]
        if kills and run.longest_gap > BACK_AFTER_KILL:
            faults.append(f"after a kill somebody waited {run.longest_gap:.1f} s")
        return faults + judge_mails(dialogue, postbox, people, seats)


def _kill_workers(run: Run, kills: int) -> None:
    for _ in range(kills):
        time.sleep(random.uniform(2, 5))
        with contextlib.suppress(ProcessLookupError, IndexError):
            os.kill(random.choice(run.web.workers()), signal.SIGKILL)


def without_lock(folder: Path, people: int, seats: int) -> list[str]:
    """R2: with the lock away the judge must find faults, in one of three runs at least."""
    from dialogues import links
    from tests.dialogues.make import make_dialogue

    for attempt in range(3):
        dialogue = make_dialogue(seats=seats)
        rows = [_signed_up(dialogue, n) for n in range(people)]
        with Run(folder / f"unlocked-{attempt}", application="tests.soak.unlocked_wsgi") as run:
            paths = [links.own_path(row) for row in rows]
            all_at_once([lambda path=path: confirm_by_link(run, path) for path in paths])  # type: ignore[misc]
        found = judge_line(dialogue, people, seats)
        if found:
            print(f"    found out: {'; '.join(found)}")
            return []
    return ["without the lock nothing was found: the judge judges nothing"]


def churn(seconds: float, seed: int) -> list[str]:
    """R3: people confirm and cancel while staff change the capacity; no moment may show more seats given than allowed."""
    from django.db import connection

    from dialogues import registration, waiting_line
    from dialogues.models import RegistrationEvent, SeatKind
    from platform_mark.mail.models import OutgoingMail
    from tests.dialogues.make import make_dialogue

    choose = random.Random(seed)
    dialogue = make_dialogue(seats=50)
    kind = dialogue.seat_kinds.get()
    rows = [_signed_up(dialogue, n) for n in range(200)]
    done, faults = threading.Event(), []

    def watch() -> None:
        before = 0
        while not done.is_set():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT k.capacity, (SELECT count(*) FROM dialogues_attendee a JOIN dialogues_registration r"
                    " ON r.id = a.registration_id WHERE a.seat_kind_id = k.id AND r.state IN ('confirmed', 'offered'))"
                    " FROM dialogues_seatkind k WHERE k.id = %s",
                    [kind.pk],
                )
                capacity, taken = cursor.fetchone()
            # Lowered under what is taken, it may stay so, but never grow.
            if taken > max(capacity, before):
                faults.append(f"{taken} seated for {capacity} seats")
            before = taken
        connection.close()

    def capacity(seats: int) -> None:
        SeatKind.objects.filter(pk=kind.pk).update(capacity=seats)
        waiting_line.promote(dialogue)

    tasks: list[Callable[[], Any]] = [lambda row=row: registration.confirm(row) for row in rows]
    tasks += [lambda row=row: registration.cancel(row) for row in choose.sample(rows, 100)]
    tasks += [lambda seats=seats: capacity(seats) for seats in choose.choices([40, 50, 60], k=30)]
    choose.shuffle(tasks)
    pause = seconds * 8 / len(tasks)

    def later(task: Callable[[], Any]) -> None:
        time.sleep(choose.uniform(0, 2 * pause))
        task()
        connection.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    all_at_once([lambda task=task: later(task) for task in tasks], 8)  # type: ignore[misc]
    done.set()
    watcher.join()
    capacity(60)
    waiting: dict[int, int] = {}
    for step in RegistrationEvent.objects.filter(registration__dialogue=dialogue).order_by("pk"):
        number = step.registration.waiting_number or 0
        if step.to_state == "waiting":
            waiting[step.registration_id] = number
        else:
            waiting.pop(step.registration_id, None)
            if step.action == "promoted" and any(other < number for other in waiting.values()):
                faults.append(f"number {number} passed somebody")
    states = Counter(dialogue.registrations.values_list("state", flat=True))
    if sum(states.values()) != len(rows) or states["confirmed"] > 60:
        faults.append(f"the sum is wrong: {dict(states)}")
    if states["waiting"] and states["confirmed"] < 60:
        faults.append("free seats although people wait")
    promoted = set(
        RegistrationEvent.objects.filter(registration__dialogue=dialogue, action="promoted").values_list(
            "registration", flat=True
        )
    )
    told = Counter(
        OutgoingMail.objects.filter(kind="dialog-nachgerueckt", token_row__in=promoted).values_list(
            "token_row", flat=True
        )
    )
    if told != Counter(dict.fromkeys(promoted, 1)):
        faults.append("not everybody who moved up was told once")
    print(f"    seed {seed}: {dict(states)}, {len(promoted)} moved up")
    return faults


def twice(folder: Path, people: int) -> list[str]:
    """R4: every form and every button twice at once, and again after Back: one row, one mail, the same page."""
    from dialogues import links
    from platform_mark.mail.models import OutgoingMail
    from tests.dialogues.make import make_dialogue

    dialogue = make_dialogue(seats=people)
    with Run(folder / "twice") as run:
        all_at_once(
            [lambda n=n: sign_up_by_form(run, dialogue.slug, n, "twice", times=2) for n in range(people)],  # type: ignore[misc]
            AT_ONCE // 2,
        )
        rows = list(dialogue.registrations.all())
        paths = [links.own_path(row) for row in rows]
        all_at_once([lambda path=path: confirm_by_link(run, path, times=2) for path in paths], AT_ONCE // 2)  # type: ignore[misc]
        faults = [*judge_line(dialogue, people, people), *judge_run(run)]
    mails = OutgoingMail.objects.filter(token_row__in=[row.pk for row in rows])
    for kind in ("dialog-bestaetigen", "dialog-platz-bestaetigt"):
        if mails.filter(kind=kind).count() != people:
            faults.append(f"{mails.filter(kind=kind).count()} mails {kind} for {people} people")
    return faults


def _signed_up(dialogue: Any, number: int) -> Any:
    from dialogues import registration
    from dialogues.party import Person

    return registration.sign_up(
        dialogue,
        company=f"Firma {number}",
        contact_name="Mara",
        email=f"d{dialogue.pk}-{number}@firma.example",
        people=[Person("", dialogue.seat_kinds.get())],
    )


def main() -> int:
    """Run everything, print what was found, and judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.sign_ups", description=__doc__)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--seats", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60, help="of coming and leaving, for each seed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--only", nargs="+", choices=["R1", "R2", "R3", "R4", "R5"])
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{probe.getsockname()[1]}"
    faults = []
    with tempfile.TemporaryDirectory(prefix="portal-soak-") as name:
        folder = Path(name)
        server = prepare(folder)
        try:
            people, seats = options.people, options.seats
            runs: dict[str, Callable[[], list[str]]] = {
                "R1": lambda: rush(folder, people, seats),
                "R2": lambda: without_lock(folder, people, seats),
                "R3": lambda: [fault for seed in options.seeds for fault in churn(options.seconds, seed)],
                "R4": lambda: twice(folder, people // 5),
                "R5": lambda: rush(folder, people, seats, kills=KILLS),
            }
            for run, work in runs.items():
                if options.only and run not in options.only:
                    continue
                print(f"{run} …", flush=True)
                start = time.monotonic()
                found = work()
                print(f"{run}: {'; '.join(found) or 'as it should be'} ({time.monotonic() - start:.0f} s)", flush=True)
                faults += [f"{run}: {fault}" for fault in found]
        finally:
            if server:
                from django.db import connection

                connection.close()
                server.stop()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
