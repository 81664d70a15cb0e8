"""What is deleted when, by jobs that may run twice or twice at once."""

from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import OperationalError, connection
from django.utils import timezone

from dialogues import offers, registration, retention, transitions
from dialogues.models import Answer, Question, Registration, RegistrationEvent
from platform_mark.mail.models import OutgoingMail
from tests.dialogues.make import make_dialogue
from tests.dialogues.test_registration import book, sign_up, state

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


def sent(row: Registration, at: datetime) -> None:
    OutgoingMail.objects.filter(token_row=row.pk).update(state="sent", sent_at=at)


def test_the_48_hours_run_from_the_sending_of_the_mail() -> None:
    now = timezone.now()
    dialogue = make_dialogue()
    row = sign_up(dialogue)
    Registration.objects.update(created_at=now - 9 * DAY)
    OutgoingMail.objects.update(created_at=now - 9 * DAY)
    assert registration.expire_unconfirmed() == 0, "the mail server is down: nothing runs out"
    sent(row, now - 47 * HOUR)
    assert registration.expire_unconfirmed() == 0
    sent(row, now - 49 * HOUR)
    assert registration.expire_unconfirmed() == 1
    assert registration.expire_unconfirmed() == 0
    row.refresh_from_db()
    assert (row.state, row.company, row.email, row.attendees.get().name) == ("expired", "", "", "")
    assert not OutgoingMail.objects.exclude(text="").exists()


def test_without_a_mail_or_with_one_refused_they_run_from_its_writing(settings: Any) -> None:
    now = timezone.now()
    row, other = sign_up(make_dialogue()), sign_up(make_dialogue(), "b")
    OutgoingMail.objects.filter(token_row=row.pk).delete()
    OutgoingMail.objects.filter(token_row=other.pk).update(state="failed", created_at=now - 49 * HOUR)
    Registration.objects.update(created_at=now - 49 * HOUR)
    assert registration.expire_unconfirmed() == 2


def test_what_is_confirmed_does_not_expire() -> None:
    rows = [book(make_dialogue()), book(make_dialogue(is_moderated=True), "b")]
    for row in rows:
        sent(row, timezone.now() - 9 * DAY)
    Registration.objects.update(created_at=timezone.now() - 9 * DAY)
    assert registration.expire_unconfirmed() == 0


def test_a_link_whose_time_is_over_no_longer_confirms_though_the_job_has_not_run() -> None:
    row = sign_up(make_dialogue())
    sent(row, timezone.now() - 49 * HOUR)
    Registration.objects.update(created_at=timezone.now() - 49 * HOUR)
    with pytest.raises(transitions.Refused, match="abgelaufen"):
        registration.confirm(row)


# The night of the clock change lies between the dialogue and the day on which its names go. Far ahead, since the database
# has a clock of its own.
@time_machine.travel(datetime(2099, 3, 10, 9, tzinfo=BERLIN), tick=False)
def test_each_thing_goes_on_its_day_and_numbers_stay() -> None:
    starts_at = datetime(2099, 3, 15, 16, tzinfo=BERLIN)
    dialogue = make_dialogue(starts_at=starts_at, ends_at=starts_at + 3 * HOUR, retention_days=30)
    # Days of 24 hours, whatever the clocks on the wall do meanwhile.
    dialogue.refresh_from_db()
    question = Question.objects.create(dialogue=dialogue, text="Welcher Tisch?", delete_after_days=7)
    details = {"needs": "vegan", "needs_agreed": True, "list_agreed": True, "answers": {question: ["Rüsten"]}}
    row = book(dialogue, "a", 2, size="small", **details)
    gone: dict[str, int] = {}
    for day in range(40):
        counts = retention.forget_old(dialogue.ends_at + day * DAY + HOUR)
        gone |= {name: day for name, count in counts.items() if count}
    assert gone == {"needs": 2, "listed": 7, "answers": 7, "people": 30}
    row.refresh_from_db()
    assert (row.company, row.contact_name, row.email, row.email_key, row.needs) == ("", "", "", "", "")
    assert (row.state, row.size, row.attendees.count()) == ("confirmed", "small", 2)
    assert not Answer.objects.exists()
    assert not row.attendees.exclude(name="").exists()
    assert RegistrationEvent.objects.count() == 2
    assert not OutgoingMail.objects.exclude(to="geloescht@example.invalid").exists()


def test_a_run_that_is_cut_off_comes_back_to_the_mails() -> None:
    dialogue = make_dialogue()
    book(dialogue)
    due = dialogue.ends_at + 31 * DAY

    def cut_off(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith(("UPDATE", "DELETE")) and "outbox_outgoingmail" in sql:
            raise OperationalError("The server is gone.")
        return execute(sql, *args)

    with pytest.raises(OperationalError), connection.execute_wrapper(cut_off):
        retention.forget_old(due)
    assert retention.forget_old(due)["people"] == 1
    assert not OutgoingMail.objects.exclude(text="").exists()


def test_who_agreed_to_news_stays_known_by_address_for_a_year_and_by_nothing_else() -> None:
    dialogue = make_dialogue()
    row = book(dialogue, news_agreed=True)
    retention.forget_old(dialogue.ends_at + 31 * DAY)
    row.refresh_from_db()
    assert (row.email, row.company, row.contact_name, row.attendees.get().name) == ("a@firma.example", "", "", "")
    retention.forget_old(dialogue.ends_at + 364 * DAY)
    row.refresh_from_db()
    assert row.email
    retention.forget_old(dialogue.ends_at + 366 * DAY)
    row.refresh_from_db()
    assert (row.email, row.news_agreed_at) == ("", None)


def test_withdrawing_the_consent_deletes_the_address_with_the_next_run() -> None:
    dialogue = make_dialogue()
    row = book(dialogue, news_agreed=True)
    registration.end_news(row)
    retention.forget_old(dialogue.ends_at + 31 * DAY)
    row.refresh_from_db()
    assert row.email == ""


def test_cancelling_drops_wishes_and_answers_at_once() -> None:
    dialogue = make_dialogue()
    question = Question.objects.create(dialogue=dialogue, text="Welcher Tisch?")
    row = book(dialogue, needs="vegan", needs_agreed=True, answers={question: ["Rüsten"]})
    registration.cancel(row)
    row.refresh_from_db()
    assert (row.needs, row.needs_agreed_at, row.answers.count()) == ("", None, 0)


def test_two_bookings_whose_addresses_are_deleted_do_not_clash() -> None:
    dialogue = make_dialogue()
    book(dialogue, "a")
    book(dialogue, "b")
    assert retention.forget_old(dialogue.ends_at + 31 * DAY)["people"] == 2


def test_erasing_after_the_dialogue_keeps_the_counts() -> None:
    dialogue = make_dialogue()
    row = book(dialogue, "a", 2)
    type(dialogue).objects.update(starts_at=timezone.now() - 4 * HOUR, ends_at=timezone.now() - HOUR)
    registration.erase(row)
    row.refresh_from_db()
    assert (row.state, row.company, row.attendees.count()) == ("confirmed", "", 2)


@pytest.mark.django_db(transaction=True)
def test_jobs_that_run_twice_at_once_do_their_work_once() -> None:
    now = timezone.now()
    dialogue = make_dialogue(seats=1, waiting_mode="offer")
    first, second, third = (book(dialogue, who) for who in "abc")
    registration.cancel(first)
    Registration.objects.filter(pk=second.pk).update(offered_until=now - HOUR)
    unconfirmed = sign_up(dialogue, "u")
    sent(unconfirmed, now - 49 * HOUR)
    Registration.objects.filter(pk=unconfirmed.pk).update(created_at=now - 49 * HOUR)
    old = make_dialogue(starts_at=now - 40 * DAY, ends_at=now - 39 * DAY)
    Registration.objects.create(dialogue=old, company="Alt", notice_version="2026-11", state="cancelled")
    barrier, results = Barrier(2), []

    def run() -> None:
        barrier.wait()
        results.append((offers.expire_offers(), registration.expire_unconfirmed(), retention.forget_old()))
        connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result[0] for result in results) == [0, 1]
    assert sorted(result[1] for result in results) == [0, 1]
    assert (state(second), state(third), state(unconfirmed)) == ("expired", "offered", "expired")
    assert OutgoingMail.objects.filter(kind="dialog-angebot", token_row=third.pk).count() == 1
    assert second.events.filter(action="offer-expired").count() == 1
