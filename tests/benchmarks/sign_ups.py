"""200 and 500 people for 50 seats over real HTTP, beside a bare Django form and beside plain SQL in the same run.

`python -m tests.benchmarks.sign_ups`; part of `make bench`. Fails when the seats or the line are not exact.
"""

import argparse
import http.client
import os
import queue
import re
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests import environment
from tests.benchmarks.__main__ import Server, prepare, serve

CLIENTS = 16
SEATS = 50
HEADERS = {"Host": "127.0.0.1", "X-Forwarded-Proto": "https", "Referer": "https://127.0.0.1/"}
_HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|opened)" value="([^"]+)"')


@dataclass
class Visitor:
    """One person with a jar of cookies and the form as it was opened."""

    cookie: str = ""
    fields: dict[str, str] | None = None

    def get(self, server: Server, path: str) -> None:
        """Open a page and keep its hidden fields."""
        status, headers, body = self._ask(server, "GET", path)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        self.cookie = headers.split(";")[0] or self.cookie
        self.fields = dict(_HIDDEN.findall(body))

    def post(self, server: Server, path: str, fields: dict[str, str]) -> int:
        """Send the form; return the status."""
        return self._ask(server, "POST", path, urlencode({**(self.fields or {}), **fields}))[0]

    def _ask(self, server: Server, method: str, path: str, body: str | None = None) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {**HEADERS, "Cookie": self.cookie}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, response.headers.get("Set-Cookie", ""), text


@dataclass
class Phase:
    """How long many did one thing at once."""

    seconds: float
    p95: float
    cpu: float
    statuses: set[Any]

    def per_second(self, number: int) -> float:
        return number / self.seconds


def at_once(
    tasks: Sequence[Callable[[], Any]],
    done: Callable[[], None] = lambda: None,
    cpu: Callable[[], float] = time.process_time,
) -> Phase:
    """Let a few clients work through all tasks as fast as they can. `cpu` tells whose processor time counts."""
    waiting: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)
    times: list[float] = []
    statuses: set[Any] = set()

    def client() -> None:
        while True:
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                break
            start = time.perf_counter()
            statuses.add(task())
            times.append(time.perf_counter() - start)
        done()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    start, before = time.perf_counter(), cpu()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, spent = time.perf_counter() - start, (cpu() - before) / len(tasks) * 1000
    return Phase(seconds, statistics.quantiles(times, n=20)[18] * 1000, spent, statuses)


def bare_over_http(port: int, people: int) -> Phase:
    """The bare form: everybody has it open, then all post."""
    from django.db import connection

    from tests.benchmarks.bare_form import TABLES

    with connection.cursor() as cursor:
        cursor.execute(TABLES)
    connection.close()
    with serve("tests.benchmarks.bare_form:application", port) as server:
        visitors = [Visitor() for _ in range(people)]
        at_once([lambda visitor=visitor: visitor.get(server, "/") for visitor in visitors])
        phase = at_once(
            [
                lambda n=n, visitor=visitor: visitor.post(
                    server, "/", {"company": f"Firma {n}", "contact_name": "Mara", "email": f"p{n}@firma.example"}
                )
                for n, visitor in enumerate(visitors)
            ],
            cpu=server.cpu,
        )
    assert phase.statuses == {302}, phase.statuses
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FILTER (WHERE waiting IS NULL), count(*) FROM bare_sign_up")
        assert cursor.fetchone() == (SEATS, people)
    connection.close()
    return phase


def portal_over_http(port: int, people: int) -> tuple[Phase, Phase]:
    """The portal: all post the form, then all press the button behind their link."""
    from django.db import connection

    from dialogues import links
    from dialogues.models import Registration
    from tests.dialogues.make import make_dialogue

    dialogue = make_dialogue(seats=SEATS)
    path = f"/dialoge/{dialogue.slug}/anmelden/"
    with serve("platform_mark.wsgi:application", port, POST_LIMIT_FACTOR="100000") as server:
        visitors = [Visitor() for _ in range(people)]
        at_once([lambda visitor=visitor: visitor.get(server, path) for visitor in visitors])
        # Nobody types faster than the trap for robots allows.
        time.sleep(3.5)
        signing_up = at_once(
            [
                lambda n=n, visitor=visitor: visitor.post(
                    server,
                    path,
                    {
                        "company": f"Firma {n}",
                        "contact_name": "Mara",
                        "email": f"{dialogue.pk}-{n}@firma.example",
                        "rows": "1",
                        "name-0": "Mara",
                        "group": "all",
                    },
                )
                for n, visitor in enumerate(visitors)
            ],
            cpu=server.cpu,
        )
        assert signing_up.statuses == {302}, signing_up.statuses
        rows = list(Registration.objects.filter(dialogue=dialogue))
        assert len(rows) == people
        connection.close()
        pages = [links.own_path(row) for row in rows]
        at_once([lambda n=n: visitors[n].get(server, pages[n]) for n in range(people)])
        confirming = at_once(
            [lambda n=n: visitors[n].post(server, pages[n], {"action": "confirm"}) for n in range(people)],
            cpu=server.cpu,
        )
        assert confirming.statuses == {302}, confirming.statuses
    judge(dialogue, people)
    return signing_up, confirming


def judge(dialogue: Any, people: int) -> None:
    """Exactly the seats there are, the rest in line in the order of their commits, one mail each."""
    from dialogues.models import RegistrationEvent

    rows = dialogue.registrations
    assert rows.filter(state="confirmed").count() == SEATS
    line = list(rows.in_line())
    assert [row.waiting_number for row in line] == list(range(1, people - SEATS + 1))
    steps = RegistrationEvent.objects.filter(registration__dialogue=dialogue, to_state="waiting").order_by("pk")
    assert list(steps.values_list("registration", flat=True)) == [row.pk for row in line]


def functions(people: int) -> tuple[Phase, Phase]:
    """The journey function and plain SQL, both from threads of this process: what the rules themselves cost."""
    from django.db import connection, transaction

    from dialogues import registration
    from dialogues.party import Person
    from tests.benchmarks.bare_form import TABLES, seat
    from tests.dialogues.make import make_dialogue

    with connection.cursor() as cursor:
        cursor.execute(TABLES)

    def plain(n: int) -> None:
        with transaction.atomic():
            seat(f"Firma {n}", "Mara", f"p{n}@firma.example")

    sql = at_once([lambda n=n: plain(n) for n in range(people)], lambda: connection.close())
    dialogue = make_dialogue(seats=SEATS)
    kind = dialogue.seat_kinds.get()
    rows = []
    for n in range(people):
        row = registration.sign_up(
            dialogue,
            company=f"Firma {n}",
            contact_name="Mara",
            email=f"{dialogue.pk}-{n}@firma.example",
            people=[Person("Mara", kind)],
        )
        assert row
        rows.append(row)
    journey = at_once(
        [lambda row=row: registration.confirm(row).state and None for row in rows], lambda: connection.close()
    )
    judge(dialogue, people)
    return sql, journey


def measure(sizes: Sequence[int], port: int) -> None:
    """Print one block for each number of people."""
    for people in sizes:
        print(f"\n{people} Anmeldungen auf {SEATS} Plätze, {CLIENTS} zugleich", flush=True)
        bare = bare_over_http(port, people)
        signing_up, confirming = portal_over_http(port + 1, people)
        sql, journey = functions(people)
        print(f"{'':<34}{'s':>7}{'je s':>8}{'p95 ms':>8}{'CPU ms':>8}{'x Zeit':>8}{'x CPU':>8}")
        for name, phase, beside in (
            ("bares Formular, absenden", bare, bare),
            ("Portal, Formular absenden", signing_up, bare),
            ("Portal, bestätigen (Platz)", confirming, bare),
            ("reines SQL mit Sperre", sql, sql),
            ("registration.confirm", journey, sql),
        ):
            print(
                f"{name:<34}{phase.seconds:>7.2f}{phase.per_second(people):>8.0f}{phase.p95:>8.0f}{phase.cpu:>8.2f}"
                f"{phase.seconds / beside.seconds:>8.2f}{phase.cpu / beside.cpu:>8.2f}"
            )
        print(f"genau {SEATS} bestätigt, {people - SEATS} in der Reihenfolge ihrer Bestätigung, kein Fehler")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[200, 500])
    parser.add_argument("--port", type=int, default=8794)
    options = parser.parse_args()
    try:
        prepare()
        measure(options.people, options.port)
    finally:
        if environment.server:
            environment.server.stop()
        shutil.rmtree(environment.folder, ignore_errors=True)


if __name__ == "__main__":
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    main()
