"""The last seats, with real transactions and real threads. The long runs are in tests/soak/."""

from collections.abc import Callable, Iterable
from threading import Barrier, Lock, Thread
from typing import Any

import pytest
from django.db import connection

from dialogues import registration, transitions, waiting_line
from dialogues.models import Dialogue, Registration, RegistrationEvent, SeatKind
from platform_mark.mail.models import OutgoingMail
from tests.dialogues.make import make_dialogue
from tests.dialogues.test_registration import people, sign_up

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(tasks: Iterable[Callable[[], Any]]) -> list[Exception]:
    """Run everything at the same moment, each with a connection of its own; return what was raised."""
    work = list(tasks)
    barrier, guard = Barrier(len(work)), Lock()
    faults: list[Exception] = []

    def run(task: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            task()
        except Exception as fault:  # judged by the caller
            with guard:
                faults.append(fault)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[task]) for task in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def confirming(rows: Iterable[Registration]) -> list[Callable[[], Any]]:
    return [lambda row=row: registration.confirm(row) for row in rows]


def judge(dialogue: Dialogue, *, seats: int, people_in_all: int) -> None:
    """Exactly the seats there are, and the rest in line in the order of their steps, without gap or double."""
    taken = Registration.objects.filter(dialogue=dialogue, state="confirmed", attendees__isnull=False).count()
    line = list(Registration.objects.filter(dialogue=dialogue).in_line())
    assert taken == seats
    assert [row.waiting_number for row in line] == list(range(1, people_in_all - seats + 1))
    steps = RegistrationEvent.objects.filter(to_state="waiting", registration__dialogue=dialogue).order_by("pk")
    assert [step.registration_id for step in steps] == [row.pk for row in line]


def test_twelve_at_once_for_three_seats() -> None:
    dialogue = make_dialogue(seats=3)
    rows = [sign_up(dialogue, f"p{n}") for n in range(12)]
    assert at_once(confirming(rows)) == []
    judge(dialogue, seats=3, people_in_all=12)
    assert OutgoingMail.objects.filter(kind="dialog-platz-bestaetigt").count() == 3
    assert OutgoingMail.objects.filter(kind="dialog-warteliste").count() == 9


def test_the_same_button_pressed_twice_at_once_counts_once() -> None:
    dialogue = make_dialogue(seats=5)
    rows = [sign_up(dialogue, f"p{n}") for n in range(4)]
    assert at_once(confirming(rows * 2)) == []
    judge(dialogue, seats=4, people_in_all=4)
    assert OutgoingMail.objects.filter(kind="dialog-platz-bestaetigt").count() == 4


def test_the_same_form_posted_twice_at_once_is_one_row_and_one_mail() -> None:
    dialogue = make_dialogue()
    assert at_once([lambda: sign_up(dialogue)] * 6) == []
    assert Registration.objects.count() == 1
    assert OutgoingMail.objects.count() == 1


def test_confirming_cancelling_and_changing_capacity_at_once_loses_no_seat_and_passes_nobody() -> None:
    dialogue = make_dialogue(seats=4)
    seated = [sign_up(dialogue, f"s{n}") for n in range(4)]
    for row in seated:
        registration.confirm(row)
    coming = [sign_up(dialogue, f"p{n}") for n in range(8)]

    def raise_capacity() -> None:
        SeatKind.objects.filter(dialogue=dialogue).update(capacity=6)
        waiting_line.promote(dialogue)

    leaving = [lambda row=row: registration.cancel(row) for row in seated[:3]]
    assert at_once([*confirming(coming), *leaving, raise_capacity]) == []
    confirmed = Registration.objects.filter(state="confirmed")
    assert confirmed.count() == 6
    passed = Registration.objects.in_line().first()
    assert passed
    promoted = RegistrationEvent.objects.filter(action="promoted").values_list(
        "registration__waiting_number", flat=True
    )
    assert all(number < passed.waiting_number for number in promoted)
    for row in Registration.objects.filter(events__action="promoted"):
        assert OutgoingMail.objects.filter(kind="dialog-nachgerueckt", token_row=row.pk).count() == 1


def test_changing_and_cancelling_the_same_booking_at_once_ends_in_one_of_both() -> None:
    dialogue = make_dialogue(seats=5)
    row = sign_up(dialogue)
    registration.confirm(row)
    faults = at_once(
        [
            lambda: registration.cancel(row),
            lambda: registration.change_party(row, people=people(dialogue, 3)),
            lambda: registration.erase(row),
        ]
    )
    assert all(isinstance(fault, transitions.Refused) for fault in faults)
    row.refresh_from_db()
    assert (row.state, row.company) == ("cancelled", "")
