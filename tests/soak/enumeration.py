"""`python -m tests.soak.enumeration`: does an answer tell whether an address is known, by its words or by its time?

So many posts with a known and so many with an unknown address to each form that takes one, in a mixed order, over real HTTP
and one at a time. Status, headers and page must be the same but for the address itself; the medians of the times may differ
by less than 10 % and less than 20 ms. Exits with 1 and a list of what was wrong.
"""

import argparse
import os
import random
import re
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import httpx

from tests.soak.__main__ import prepare
from tests.soak.sign_ups import Run

SHARE, MILLISECONDS = 0.10, 20.0
# What differs between any two answers, whoever they are for.
PASSING_HEADERS = {"date", "expires", "content-length", "x-request-id", "server-timing"}
_HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|opened)" value="([^"]+)"')
_KEYS = re.compile(r'(name="(?:csrfmiddlewaretoken|opened)" value|nonce)="[^"]*"')
_SECONDS = re.compile(r"(?<=Max-Age=)\d+", re.IGNORECASE)
_CSP_NONCE = re.compile(r"'nonce-[^']*'")


@dataclass(frozen=True)
class Journey:
    """A form, what is typed into it besides the address, and the first part of addresses that are known there."""

    name: str
    known: str
    path: str
    field: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """All of an answer that could tell something, and how long it took."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    length: int
    #: Of the page that a browser shows in the end.
    page: str
    milliseconds: float


class Visitor:
    """One browser behind an address of its own, so that no limit of one client is reached."""

    def __init__(self, run: Run, number: int) -> None:
        self.client = run.visitor()
        self.client.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self.hidden: dict[str, str] = {}

    def open(self, journey: Journey) -> None:
        self.hidden = dict(_HIDDEN.findall(self.client.get(journey.path).text))

    def post(self, journey: Journey, email: str) -> Answer:
        data = {**self.hidden, **journey.fields, journey.field: email}
        start = time.perf_counter()
        response = self.client.post(journey.path, data=data)
        milliseconds = (time.perf_counter() - start) * 1000
        seen = response
        if response.is_redirect:
            seen = self.client.get(response.headers["Location"])
        self.client.close()
        return Answer(
            response.status_code,
            _headers(response),
            _without(response.text, email),
            len(response.content) - response.text.count(email) * len(email),
            f"{seen.status_code} {_without(seen.text, email)}",
            milliseconds,
        )


def _headers(response: httpx.Response) -> tuple[tuple[str, str], ...]:
    found = []
    for name, value in response.headers.multi_items():
        if name == "set-cookie":
            # The value is a key; that there is one, and for how long, could tell something.
            key, _, rest = value.partition("=")
            attributes = [part for part in rest.split(";")[1:] if "expires" not in part.lower()]
            # A second may pass between two lines of the server.
            value = f"{key};{';'.join(_SECONDS.sub(_in_minutes, part) for part in attributes)}"
        if name.startswith("content-security-policy"):
            # Each process writes the directives in an order of its own.
            value = "; ".join(sorted(_CSP_NONCE.sub("", value).split("; ")))
        if name not in PASSING_HEADERS:
            found.append((name, value))
    return tuple(sorted(found))


def _in_minutes(seconds: re.Match[str]) -> str:
    return f"{round(int(seconds.group()) / 60)} min"


def _without(text: str, email: str) -> str:
    return _KEYS.sub(r"\1", text).replace(email, "ADDRESS")


def judge(journey: Journey, known: list[Answer], unknown: list[Answer]) -> list[str]:
    """Say what differs, and print the times."""
    faults = []
    for what in ("status", "headers", "body", "length", "page"):
        first, second = ({getattr(answer, what) for answer in answers} for answers in (known, unknown))
        if what == "headers":
            first, second = (set(chain.from_iterable(values)) for values in (first, second))
        if first != second:
            faults.append(
                f"{journey.name}: {what} differs: {_shortened(first - second)} / {_shortened(second - first)}"
            )
    medians = [statistics.median(answer.milliseconds for answer in answers) for answers in (known, unknown)]
    difference = abs(medians[0] - medians[1])
    share = difference / max(medians)
    print(
        f"{journey.name:<28}{next(iter(known)).status:>5}{medians[0]:>9.1f}{medians[1]:>9.1f}{difference:>8.1f}"
        f"{share:>8.1%}",
        flush=True,
    )
    if difference >= MILLISECONDS or share >= SHARE:
        faults.append(f"{journey.name}: known {medians[0]:.1f} ms, unknown {medians[1]:.1f} ms")
    return faults


def _shortened(values: set[object]) -> str:
    return " | ".join(sorted(str(value)[:300] for value in values)[:2])


def compare(run: Run, journey: Journey, posts: int) -> list[str]:
    """Post to one form with addresses of both kinds, in a mixed order."""
    # A few before, so that no answer pays for what a process loads once.
    kinds = ["warm"] * 6 + random.sample(["known", "unknown"] * posts, 2 * posts)
    block = random.randrange(1 << 22)
    visitors = [Visitor(run, block + number) for number in range(len(kinds))]
    for visitor in visitors:
        visitor.open(journey)
    # Nobody types faster than the trap for robots allows.
    time.sleep(3.2)
    answers: dict[str, list[Answer]] = {"known": [], "unknown": [], "warm": []}
    for number, (visitor, kind) in enumerate(zip(visitors, kinds, strict=True)):
        email = f"fremd{block}-{number}@firma.example"
        if kind == "known":
            email = f"{journey.known}{len(answers['known'])}@firma.example"
        answers[kind].append(visitor.post(journey, email))
    return judge(journey, answers["known"], answers["unknown"])


def fill(posts: int) -> tuple[str, str]:
    """Accounts, confirmed sign-ups and unconfirmed ones; the slugs of the two dialogues."""
    from allauth.account.models import EmailAddress
    from django.contrib.auth.hashers import make_password
    from django.utils import timezone

    from platform_mark.accounts.models import User
    from tests.dialogues.make import make_dialogue, make_registration

    password = make_password("Federwindemaschine im Winter 7")
    # Each form has people of its own: who has had three mails gets none for an hour, which takes less time.
    for number in range(posts):
        for known in ("anmelden", "code", "vergessen", "neu"):
            email = f"{known}{number}@firma.example"
            user = User.objects.create(email=email, password=password, name="Nina")
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    sure, open_ = make_dialogue(seats=10_000), make_dialogue(seats=10_000)
    for number in range(posts):
        make_registration(sure, email=f"fest{number}@firma.example")
        row = make_registration(open_, email=f"offen{number}@firma.example", state="pending")
        type(row).objects.filter(pk=row.pk).update(confirmed_at=None, created_at=timezone.now())
    return sure.slug, open_.slug


def journeys(confirmed: str, pending: str) -> list[Journey]:
    """Every form that takes an address from anybody."""
    person = {"company": "Firma & Co.", "contact_name": "Mara", "rows": "1", "name-0": "Mara", "group": "all"}
    return [
        Journey("Anmeldung, bestätigt", "fest", f"/dialoge/{confirmed}/anmelden/", "email", person),
        Journey("Anmeldung, noch einmal", "offen", f"/dialoge/{pending}/anmelden/", "email", person),
        Journey("Konto, anmelden", "anmelden", "/konto/anmelden/", "login", {"password": "ein falsches Passwort"}),
        Journey("Konto, Code noch einmal", "code", "/konto/anmelden/code/", "email", {}),
        Journey("Konto, Passwort vergessen", "vergessen", "/konto/passwort/vergessen/", "email", {}),
        Journey(
            "Konto, neu",
            "neu",
            "/konto/neu/",
            "email",
            {"name": "Nina", "password1": "Eine Winde, zwei Federn, kein Wind"},
        ),
    ]


def main() -> int:
    """Run everything, print what was found, and judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.enumeration", description=__doc__)
    parser.add_argument("--posts", type=int, default=200, help="with each kind of address, to each form")
    parser.add_argument("--only", nargs="+", help="words in the names of forms")
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{probe.getsockname()[1]}"
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="portal-soak-") as name:
        folder = Path(name)
        server = prepare(folder)
        from django.db import connection

        try:
            slugs = fill(options.posts)
            connection.close()
            print(f"{'':<28}{'':>5}{'known':>9}{'unknown':>9}{'ms':>8}{'':>8}")
            with Run(folder / "web") as run:
                for journey in journeys(*slugs):
                    if not options.only or any(word in journey.name for word in options.only):
                        faults += compare(run, journey, options.posts)
        finally:
            connection.close()
            if server:
                server.stop()
    print("\n".join(faults) or "no answer tells whether an address is known")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
