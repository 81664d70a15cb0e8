"""`python -m tests.soak.mail`: the mail server down, silent, refusing and dropping, and the worker killed while it sends.

Runs the real worker against a mail server with moods, on a database of its own. Exits with 1 and a list of what was wrong.
"""

import argparse
import contextlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

FOREIGN_DATABASE = bool(os.environ.get("DATABASE_URL"))
from platform_mark.embedded import EmbeddedServer  # noqa: E402
from tests import environment  # noqa: E402 (sets up a throw-away environment before Django loads)
from tests.moody import MoodyServer  # noqa: E402

PEOPLE = 200
KILLS = 10
# A killed worker's mail waits for the end of its lease, then for the next minute.
AFTER_KILLS = 8 * 60
# R7: everything has arrived so long after the server is back.
AFTER_RECOVERY = 15 * 60
FORM_SECONDS = 1.0


class Worker:
    """The worker as the service manager runs it: started again whenever it ends."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "manage.py", "procrastinate", "worker"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env={**os.environ}, stdout=log, stderr=subprocess.STDOUT)

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait(20)
        self.start()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(40)


@contextlib.contextmanager
def working(folder: Path) -> Iterator[Worker]:
    worker = Worker(folder / "worker.log")
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def queue_mails(prefix: str, number: int) -> float:
    """Write as many mails, each in a transaction as a form does; return how long the slowest took."""
    from django.db import transaction

    from dialogues.mails import Kind, tell
    from dialogues.models import Registration

    slowest = 0.0
    for row in Registration.objects.filter(email__startswith=prefix).select_related("dialogue")[:number]:
        begun = time.monotonic()
        with transaction.atomic():
            tell(Kind.CONFIRMED, row)
        slowest = max(slowest, time.monotonic() - begun)
    return slowest


def make_people(prefix: str, number: int) -> None:
    from tests.dialogues.make import make_dialogue, make_registration

    dialogue = make_dialogue(f"Dauerlauf {prefix}", seats=number)
    for n in range(number):
        make_registration(dialogue, email=f"{prefix}{n}@firma.example")


def until(done: Callable[[], bool], seconds: float) -> bool:
    """Wait for something; return whether it came."""
    from django.db import connection

    deadline = time.monotonic() + seconds
    while not done():
        connection.close()
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def nothing_waits() -> bool:
    from platform_mark.mail.models import OutgoingMail

    return not OutgoingMail.objects.filter(state=OutgoingMail.State.WAITING).exists()


def kill_while_sending(server: MoodyServer, folder: Path, faults: list[str]) -> None:
    """R6: ten kills at random moments; everybody is reached, no more than one mail comes twice for each kill."""
    make_people("kill", PEOPLE)
    server.mood, server.delay = "ok", 0.15
    with working(folder) as worker:
        queue_mails("kill", PEOPLE)
        for _ in range(KILLS):
            # Only a worker that is sending is worth a kill.
            seen = len(server.delivered)
            until(lambda seen=seen: len(server.delivered) > seen, 90)  # type: ignore[misc]
            time.sleep(random.uniform(0.05, 0.6))
            worker.kill()
        server.delay = 0
        if not until(nothing_waits, AFTER_KILLS):
            faults.append("After the kills mails still wait.")
    reached = Counter(to for to, _ in server.delivered if to.startswith("kill"))
    twice = {to: number for to, number in reached.items() if number > 1}
    if len(reached) != PEOPLE:
        faults.append(f"{len(reached)} of {PEOPLE} people were reached.")
    if sum(number - 1 for number in twice.values()) > KILLS:
        faults.append(f"More than one duplicate a kill: {twice}")
    ids: dict[str, set[str]] = {}
    for to, message_id in server.delivered:
        ids.setdefault(to, set()).add(message_id)
    if any(len(found) > 1 for found in ids.values()):
        faults.append("A duplicate has a Message-ID of its own.")
    print(f"kill -9: {len(reached)} people, {sum(reached.values()) - len(reached)} duplicates after {KILLS} kills")


def outage(mood: str, minutes: float, server: MoodyServer, folder: Path, faults: list[str]) -> None:
    """R7: the server is away in one way or another; writing goes on, staff see it, everything arrives afterwards."""
    from platform_mark.mail.outbox import is_late

    prefix = mood
    make_people(prefix, 20)
    server.mood = mood
    with working(folder):
        slowest = queue_mails(prefix, 10)
        if slowest > FORM_SECONDS:
            faults.append(f"{mood}: writing a mail took {slowest:.1f} s.")
        if mood in ("down", "hang", "drop") and not until(is_late, 30):
            faults.append(f"{mood}: not visible within 30 s.")
        time.sleep(minutes * 60)
        slowest = max(slowest, queue_mails(prefix, 20))
        server.mood = "ok"
        begun = time.monotonic()
        if not until(nothing_waits, AFTER_RECOVERY):
            faults.append(f"{mood}: not everything arrived within 15 min of recovery.")
        took = time.monotonic() - begun
    reached = {to for to, _ in server.delivered if to.startswith(prefix)}
    if len(reached) != 20:
        faults.append(f"{mood}: {len(reached)} of 20 people were reached.")
    print(
        f"{mood} for {minutes:g} min: all arrived {took:.0f} s after recovery, writing took {slowest * 1000:.0f} ms at most"
    )


def refusal(server: MoodyServer, folder: Path, faults: list[str]) -> None:
    """R8: a permanent refusal fails after one try and delays nobody."""
    from platform_mark.mail.models import OutgoingMail

    make_people("reject", 20)
    server.mood = "ok"
    server.rejected = "reject0@"
    with working(folder):
        queue_mails("reject", 20)
        if not until(nothing_waits, 90):
            faults.append("reject: others were delayed.")
    failed = OutgoingMail.objects.filter(to__startswith="reject", state=OutgoingMail.State.FAILED)
    if list(failed.values_list("to", "attempts")) != [("reject0@firma.example", 1)]:
        faults.append(f"reject: {list(failed.values_list('to', 'attempts'))}")
    print("reject: one failed after one try, 19 arrived")


def main() -> int:
    """Run all, print what was seen, and judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.mail", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=10, help="how long the server is down; the other moods take a fifth"
    )
    parser.add_argument("--only", choices=["kill", "outage", "reject"])
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    options = parser.parse_args()
    random.seed(options.seed)
    print(f"seed {options.seed}")
    folder = environment.folder / "soak"
    folder.mkdir()
    server = None
    faults: list[str] = []
    try:
        with MoodyServer() as mail:
            os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{mail.port}"
            server = prepare(folder)
            if options.only in (None, "reject"):
                refusal(mail, folder, faults)
            if options.only in (None, "outage"):
                outage("down", options.minutes, mail, folder, faults)
                for mood in ("defer", "hang", "drop", "flaky"):
                    outage(mood, options.minutes / 5, mail, folder, faults)
            if options.only in (None, "kill"):
                kill_while_sending(mail, folder, faults)
    finally:
        if server:
            server.stop()
        shutil.rmtree(environment.folder, ignore_errors=True)
    for fault in faults:
        print(f"WRONG: {fault}")
    return 1 if faults else 0


def prepare(folder: Path) -> EmbeddedServer | None:
    """Start a database of our own, unless one was given, and lay its tables."""
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
    return server


if __name__ == "__main__":
    sys.exit(main())
