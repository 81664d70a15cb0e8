"""Reminders, thanks and the news of documents: to whom, when by the clock on the wall, and once."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection

from dialogues.models import Attendee, Dialogue, Notice, Registration, RegistrationEvent, Report
from dialogues.reminding import days_before, remind, tell_of_documents, thank
from dialogues.reminding_tasks import write_notices
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import send_due
from tests.dialogues.make import make_dialogue, make_registration
from tests.mails import read
from tests.smtp import mail_server

pytestmark = pytest.mark.django_db(transaction=True)

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 12, 3, 16, tzinfo=BERLIN)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    """Sign-ups of these tests come in a month before."""
    with time_machine.travel(datetime(2026, 11, 1, 12, tzinfo=BERLIN), tick=False) as clock:
        yield clock


def told(kind: str = "dialog-erinnerung") -> list[str]:
    """Who got a mail of that kind, in the order of writing."""
    return list(OutgoingMail.objects.filter(kind=kind).order_by("pk").values_list("to", flat=True))


def attendees(registration: Registration, presence: Attendee.Presence) -> None:
    Attendee.objects.filter(registration=registration).update(presence=presence)


def test_people_with_a_seat_are_reminded_seven_days_and_one_day_before_and_once() -> None:
    dialogue = make_dialogue(starts_at=START)
    make_registration(dialogue, email="a@firma.example")
    make_registration(dialogue, email="wartet@firma.example", state=Registration.State.WAITING)
    make_registration(dialogue, email="neu@firma.example", state=Registration.State.PENDING)
    make_registration(dialogue, email="weg@firma.example", state=Registration.State.CANCELLED)
    expected = {timedelta(days=7, minutes=1): 0, timedelta(days=7): 1, timedelta(days=2): 0, timedelta(days=1): 1}
    for before, number in expected.items():
        assert remind(START - before) == number, before
        assert remind(START - before) == 0, "twice does no harm"
    assert told() == ["a@firma.example", "a@firma.example"]


def test_after_a_pause_of_the_worker_only_the_latest_reminder_is_caught_up_and_none_after_the_start() -> None:
    make_registration(make_dialogue(starts_at=START), email="a@firma.example")
    make_registration(make_dialogue(starts_at=START - timedelta(days=4)), email="verpasst@firma.example")
    assert remind(START - timedelta(hours=5)) == 1
    assert remind(START + timedelta(minutes=1)) == 0
    assert told() == ["a@firma.example"]


def test_who_got_the_seat_after_a_reminder_was_due_is_not_reminded_of_what_the_mail_just_said() -> None:
    dialogue = make_dialogue(starts_at=START)
    late = START - timedelta(days=6)
    make_registration(dialogue, email="spaet@firma.example", confirmed_at=late)
    promoted = make_registration(dialogue, email="nachgerueckt@firma.example")
    RegistrationEvent.objects.create(
        registration=promoted, at=late, action="promoted", from_state="waiting", to_state="confirmed", people=1
    )
    assert remind(START - timedelta(days=5)) == 0
    assert remind(START - timedelta(days=1)) == 2


def test_each_dialogue_has_its_own_days_and_moving_it_reminds_anew() -> None:
    dialogue = make_dialogue(starts_at=START, reminder_days=[2])
    make_registration(dialogue, email="a@firma.example")
    make_registration(make_dialogue(starts_at=START, reminder_days=[]), email="nie@firma.example")
    assert remind(START - timedelta(days=2)) == 1
    moved = START + timedelta(days=14)
    Dialogue.objects.filter(pk=dialogue.pk).update(starts_at=moved, ends_at=moved + timedelta(hours=3))
    assert remind(moved - timedelta(days=2)) == 1


@pytest.mark.parametrize("change", [{"cancelled_at": START, "cancel_reason": "krank"}, {"state": "draft"}])
def test_nobody_is_reminded_of_what_does_not_happen(change: dict[str, Any]) -> None:
    dialogue = make_dialogue(starts_at=START)
    make_registration(dialogue)
    Dialogue.objects.filter(pk=dialogue.pk).update(**change)
    assert remind(START - timedelta(days=1)) == 0


def test_who_ended_reminders_keeps_the_seat_and_gets_none() -> None:
    make_registration(make_dialogue(starts_at=START), reminders_ended_at=START - timedelta(days=20))
    assert remind(START - timedelta(days=1)) == 0


def test_a_booking_of_which_a_part_waits_is_reminded_once_by_its_one_address() -> None:
    dialogue = make_dialogue(starts_at=START)
    whole = make_registration(dialogue, email="a@firma.example")
    make_registration(dialogue, email="a@firma.example", part_of=whole)
    assert remind(START - timedelta(days=1)) == 1


@pytest.mark.parametrize(
    ("starts_at", "days", "due"),
    [
        # The clocks go on in the night to 29 March: 23 hours before is the same time of day.
        (datetime(2026, 3, 29, 16, tzinfo=BERLIN), 1, datetime(2026, 3, 28, 16, tzinfo=BERLIN)),
        (datetime(2026, 10, 25, 16, tzinfo=BERLIN), 1, datetime(2026, 10, 24, 16, tzinfo=BERLIN)),
        (datetime(2026, 3, 30, 2, 30, tzinfo=BERLIN), 1, datetime(2026, 3, 29, 3, 30, tzinfo=BERLIN)),
        (datetime(2026, 10, 26, 2, 30, tzinfo=BERLIN), 1, datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0)),
        (datetime(2027, 1, 1, 0, 30, tzinfo=BERLIN), 1, datetime(2026, 12, 31, 0, 30, tzinfo=BERLIN)),
    ],
)
def test_days_before_are_days_of_the_clock_on_the_wall(starts_at: datetime, days: int, due: datetime) -> None:
    assert days_before(starts_at, days).timestamp() == due.timestamp()


def test_two_workers_remind_everybody_once() -> None:
    dialogue = make_dialogue(starts_at=START)
    for number in range(12):
        make_registration(dialogue, email=f"p{number:02}@firma.example")
    faults: list[BaseException] = []

    def work() -> None:
        try:
            remind(START - timedelta(days=1))
        except BaseException as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Rows that another one held are caught by the next run.
    remind(START - timedelta(days=1))
    assert faults == []
    assert sorted(told()) == [f"p{number:02}@firma.example" for number in range(12)]


def test_the_reminder_that_arrives_can_be_ended_by_one_click(settings: LazySettings) -> None:
    registration = make_registration(make_dialogue(starts_at=START), email="a@firma.example")
    remind(START - timedelta(days=1))
    with mail_server(settings) as postbox:
        send_due()
    [mail] = postbox.mails
    own = f"https://portal.test/anmeldung/{registration.pk}-1."
    assert str(read(mail)["list-unsubscribe"]).strip().startswith(f"<{own}")
    assert str(read(mail)["list-unsubscribe"]).endswith("/erinnerungen-beenden/>")
    assert read(mail)["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"


# ---------------------------------------------------------------- afterwards


def test_thanks_go_the_morning_after_to_those_who_were_there() -> None:
    dialogue = make_dialogue(starts_at=START)
    there, absent, unknown = (make_registration(dialogue, email=f"{n}@firma.example") for n in ("da", "weg", "offen"))
    attendees(there, Attendee.Presence.ATTENDED)
    attendees(absent, Attendee.Presence.ABSENT)
    assert thank(datetime(2026, 12, 4, 8, 59, tzinfo=BERLIN)) == 0
    assert thank(datetime(2026, 12, 4, 9, 0, tzinfo=BERLIN)) == 1
    assert thank(datetime(2026, 12, 4, 9, 10, tzinfo=BERLIN)) == 0
    assert told("dialog-danke") == ["da@firma.example"]
    assert "rueckmeldung" in OutgoingMail.objects.get().other_links
    assert unknown.state == "confirmed"


def test_where_nobody_was_ticked_off_all_with_a_seat_are_thanked_but_not_after_four_days() -> None:
    make_registration(make_dialogue(starts_at=START), email="a@firma.example")
    long_ago = make_dialogue(starts_at=START - timedelta(days=8))
    make_registration(long_ago, email="zu-spaet@firma.example")
    thank(datetime(2026, 12, 4, 9, 0, tzinfo=BERLIN))
    assert told("dialog-danke") == ["a@firma.example"]


def test_documents_that_are_there_are_told_once_whoever_told_first() -> None:
    dialogue = make_dialogue(starts_at=START)
    first, second = (make_registration(dialogue, email=f"{n}@firma.example") for n in "ab")
    after = START + timedelta(days=5)
    assert tell_of_documents(after) == 0
    Report.objects.create(dialogue=dialogue, published_at=after)
    Notice.objects.create(registration=first, kind="documents")
    assert tell_of_documents(after) == 1
    assert tell_of_documents(after + timedelta(days=1)) == 0
    assert told("dialog-unterlagen") == [second.email]


def test_the_job_does_all_three_and_running_it_twice_changes_nothing(clock: Any) -> None:
    make_registration(make_dialogue(starts_at=START), email="vorher@firma.example")
    past = make_dialogue(starts_at=START - timedelta(days=2))
    make_registration(past, email="nachher@firma.example")
    Report.objects.create(dialogue=past, published_at=START - timedelta(days=1))
    clock.move_to(START - timedelta(hours=10))
    for _ in range(2):
        write_notices(0)
        assert told() == ["vorher@firma.example"]
        assert told("dialog-danke") == told("dialog-unterlagen") == ["nachher@firma.example"]
