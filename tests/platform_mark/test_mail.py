"""The outbox: written with its cause, sent by the worker over a real socket, tried again, told to staff."""

import socket
import threading
import time
from datetime import timedelta
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from platform_mark.mail import bulk, outbox
from platform_mark.mail.bulk import BulkRefused, draft_bulk
from platform_mark.mail.models import BulkMail, MailText, OutgoingMail
from platform_mark.mail.outbox import (
    LINK,
    Link,
    address_key,
    forget_old_texts,
    is_late,
    queue,
    queue_letter,
    retry,
    send_due,
    send_next,
)
from platform_mark.mail.texts import Letter, MailKind, Text, check, fill
from platform_mark.tokens import read_token
from tests.mails import faults, html_of, read, subject_of, text_of
from tests.smtp import Postbox, mail_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture(autouse=True)
def templates(settings: LazySettings, tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "email"
    folder.mkdir(parents=True)
    (folder / "letter.txt").write_text(
        "Für {firma}: {titel}\n\nGuten Tag,\n\n{eckdaten}\n\nOnline:\n{zugang}\n\nAnmeldung ansehen:\n{link}\n"
    )
    (folder / "probe.txt").write_text(
        "{% autoescape off %}Nachricht von {{ company }}\n\nGuten Tag {{ company }},\nhier entlang: {{ link }}\n"
        "{{ operator.name }}\n{% endautoescape %}"
    )
    ours = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**ours, "DIRS": [tmp_path / "templates", *ours["DIRS"]]}]


@pytest.fixture
def postbox(settings: LazySettings) -> Any:
    with mail_server(settings) as postbox:
        yield postbox


def queue_probe(to: str = "chef@firma.test", **options: Any) -> OutgoingMail | None:
    link = Link("/beispiele/vorschlag/{token}/", "probe", 7, 2)
    return queue("probe", to, context={"company": "Heat & Co's Härterei"}, link=link, **options)


def waiting_jobs() -> int:
    # The queue's tables are not the test runner's to flush, so tests compare.
    return ProcrastinateJob.objects.filter(task_name="platform_mark.mail.tasks.send_due", status="todo").count()


def test_a_mail_arrives_whole_with_its_link_and_the_database_never_knew_the_link(postbox: Postbox) -> None:
    queue_probe()
    stored = OutgoingMail.objects.get()
    assert LINK in stored.text
    assert "vorschlag/7" not in stored.text

    assert send_next() is True
    assert send_next() is False

    [mail] = postbox.mails
    body = text_of(mail)
    assert str(make_header(decode_header(mail["Subject"]))) == "Nachricht von Heat & Co's Härterei"
    assert "Guten Tag Heat & Co's Härterei," in body
    token = body.partition("https://portal.test/beispiele/vorschlag/")[2].partition("/")[0]
    subject = read_token("probe", token)
    assert (subject.row_id, subject.version) == (7, 2)
    assert mail["To"] == "chef@firma.test"
    assert mail["Message-ID"] == stored.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    stored.refresh_from_db()
    assert stored.state == "sent"


def test_a_rolled_back_cause_leaves_neither_mail_nor_job() -> None:
    before = waiting_jobs()
    with pytest.raises(RuntimeError), transaction.atomic():
        queue_probe()
        raise RuntimeError
    assert not OutgoingMail.objects.exists()
    assert waiting_jobs() == before


def test_a_queued_mail_wakes_the_worker() -> None:
    before = waiting_jobs()
    queue_probe()
    assert waiting_jobs() == before + 1


def test_a_server_that_is_down_is_tried_again_later_with_the_same_message_id(settings: LazySettings) -> None:
    with mail_server(settings) as postbox:
        pass  # its port is closed now
    queue_probe()
    assert send_due() == 0
    stored = OutgoingMail.objects.get()
    assert (stored.state, stored.attempts) == ("waiting", 1)
    assert stored.next_attempt_at > timezone.now() + timedelta(seconds=30)
    assert send_next() is False

    with mail_server(settings) as postbox, time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert send_next() is True
    assert [mail["Message-ID"] for mail in postbox.mails] == [stored.message_id]


def test_a_refused_address_fails_at_once_delays_nobody_and_can_be_tried_again(postbox: Postbox) -> None:
    queue_probe("weg@firma.test")
    queue_probe("da@firma.test")
    postbox.answer = "550 no such user"
    send_next()
    postbox.answer = "250 OK"
    send_next()

    failed, sent = OutgoingMail.objects.order_by("pk")
    assert (failed.state, failed.attempts, sent.state) == ("failed", 1, "sent")
    assert "550 no such user" in failed.error
    assert send_next() is False

    retry(failed)
    send_next()
    assert [mail["To"] for mail in postbox.mails] == ["da@firma.test", "weg@firma.test"]


def test_a_server_that_defers_for_a_day_is_given_up_and_told(postbox: Postbox) -> None:
    queue_probe()
    postbox.answer = "451 later"
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for _ in range(60):
            send_next()
            clock.shift(timedelta(hours=3))
        mail = OutgoingMail.objects.get()
        assert mail.state == "failed"

        retry(mail)
        send_next()
        mail.refresh_from_db()
        assert mail.state == "waiting", "who tries again by hand gets a day again, not one attempt"
        clock.shift(timedelta(hours=3))
        postbox.answer = "250 OK"
        send_next()
    assert len(postbox.mails) == 1


def test_two_workers_send_each_mail_once(postbox: Postbox) -> None:
    for number in range(20):
        queue_probe(f"person{number}@firma.test")

    def work() -> None:
        try:
            while send_next():
                pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mail["To"] for mail in postbox.mails) == sorted(f"person{n}@firma.test" for n in range(20))


def test_a_mail_whose_worker_died_is_sent_after_the_lease(postbox: Postbox) -> None:
    queue_probe()
    OutgoingMail.objects.update(leased_until=timezone.now() + timedelta(minutes=5), attempts=1)
    assert send_next() is False
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert send_next() is True


def test_an_address_gets_at_most_three_triggered_mails_an_hour_and_six_a_day_however_it_is_written() -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        written = [
            queue_probe(to, is_limited=True) for to in ("a@firma.test", " A@FIRMA.test", "a@Firma.test", "a@firma.test")
        ]
        assert [mail is not None for mail in written] == [True, True, True, False]
        assert queue_probe("a@firma.test") is not None, "what a person must get is not limited"
        clock.shift(timedelta(minutes=61))
        written = [queue_probe("a@firma.test", is_limited=True) for _ in range(4)]
        assert [mail is not None for mail in written] == [True, True, True, False]
        clock.shift(timedelta(minutes=61))
        assert queue_probe("a@firma.test", is_limited=True) is None


@pytest.mark.parametrize(
    ("written", "key"),
    [
        (" Chef@Firma.DE ", "chef@firma.de"),
        ("chef@müller.de", "chef@xn--mller-kva.de"),
        ("\uff43hef@firma.de", "chef@firma.de"),
    ],
)
def test_addresses_are_compared_as_people_recognise_them(written: str, key: str) -> None:
    assert address_key(written) == key


def test_texts_and_addresses_are_forgotten_after_a_month_but_not_while_they_wait(postbox: Postbox) -> None:
    queue_probe("weg@firma.test")
    send_next()
    queue_probe("wartet@firma.test")
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert forget_old_texts() == 1
    sent, waiting = OutgoingMail.objects.order_by("pk")
    assert (sent.text, sent.address_key) == ("", "")
    assert "weg@" not in sent.to
    assert waiting.to == "wartet@firma.test"


def test_a_line_break_in_a_name_cannot_add_a_header(postbox: Postbox) -> None:
    queue("probe", "chef@firma.test", context={"company": "X\r\nBcc: alle@firma.test"})
    send_next()
    [mail] = postbox.mails
    assert mail["Bcc"] is None


# ---------------------------------------------------------------- texts and parts

LETTER = MailKind(
    name="letter",
    label="Probe",
    placeholders={"firma": "", "titel": "", "eckdaten": "", "zugang": "", "link": ""},
    required=("eckdaten", "link"),
    example=lambda is_real: letter(),
)


def letter(**changes: Any) -> Letter:
    values = {
        "firma": "Heat & Co's",
        "titel": "Rüsten ohne Suchen",
        "eckdaten": "  Wann    Donnerstag, 16 bis 19 Uhr\n  Wo      Halle 2",
        "zugang": "",
    }
    return Letter(values, {"link": Link("/anmeldung/{token}/", "probe", 7, 2)}, **changes)


CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def test_both_parts_say_the_same_and_the_event_is_enclosed(postbox: Postbox) -> None:
    queue_letter(LETTER, "chef@firma.test", letter(calendar=CALENDAR))
    send_due()

    [mail] = postbox.mails
    assert subject_of(mail) == "Für Heat & Co's: Rüsten ohne Suchen"
    assert faults(mail) == []
    html = html_of(mail)
    url = text_of(mail).partition("Anmeldung ansehen:\n")[2].split()[0]
    assert f'<a class="knopf" href="{url}">Anmeldung ansehen</a>' in html
    assert '<th scope="row">Wann</th><td>Donnerstag, 16 bis 19\xa0Uhr' in html
    [calendar] = [part for part in read(mail).walk() if part.get_content_type() == "text/calendar"]
    assert calendar.get_param("method") == "CANCEL"
    assert calendar.get_filename() == "termin.ics"
    assert "BEGIN:VEVENT" in calendar.get_content()


def test_what_a_person_typed_becomes_neither_mark_up_nor_link_nor_placeholder(postbox: Postbox) -> None:
    typed = '{link} [persönlicher Link] <a href="https://boese.example/">x</a> https://boese.example/'
    queue_letter(LETTER, "chef@firma.test", Letter({**letter().values, "eckdaten": typed}, letter().links))
    send_due()

    [mail] = postbox.mails
    html = html_of(mail)
    assert 'href="https://boese' not in html
    assert text_of(mail).count("https://portal.test/anmeldung/") == 1
    assert "{link} (persönlicher Link] <a" in text_of(mail)


def test_a_line_without_words_falls_away_with_what_announces_it() -> None:
    text = Text("Betreff", "Guten Tag,\n\nOnline:\n{zugang}\n\nAnfahrt: {anfahrt}\n\nEnde")
    assert fill(text, {"zugang": "", "anfahrt": ""}, []).body == "Guten Tag,\n\nEnde"
    assert "Anfahrt: Tor 3" in fill(text, {"zugang": "", "anfahrt": "Tor 3"}, []).body


@pytest.mark.parametrize(
    ("subject", "body", "fault"),
    [
        ("Betreff {passwort}", "{eckdaten} {link}", "Den Platzhalter {passwort} gibt es hier nicht."),
        ("Betreff", "{eckdaten} {link} {titel.__class__}", "geschweifte Klammer"),
        ("Betreff", "{eckdaten} {link} {{ settings }}", "geschweifte Klammer"),
        ("Betreff", "{eckdaten}", "Der Platzhalter {link} muss im Text stehen bleiben."),
        ("Betreff\nBcc: x", "{eckdaten} {link}", "einzige Zeile"),
        ("Betreff \u202e", "{eckdaten} {link}", "nicht sieht"),
    ],
)
def test_a_text_that_cannot_work_is_refused_in_words(subject: str, body: str, fault: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check(Text(subject, body), placeholders=LETTER.placeholders, required=LETTER.required)
    assert fault in " ".join(refused.value.messages)


def test_the_text_of_the_staff_counts_until_it_is_taken_back(postbox: Postbox) -> None:
    row = MailText.objects.create(kind="letter", subject="Hallo {firma}", text="Kurz.\n\n{eckdaten}\n\n{link}")
    queue_letter(LETTER, "chef@firma.test", letter())
    row.delete()
    queue_letter(LETTER, "chef@firma.test", letter())
    send_due()
    assert [subject_of(mail) for mail in postbox.mails] == [
        "Hallo Heat & Co's",
        "Für Heat & Co's: Rüsten ohne Suchen",
    ]


@pytest.mark.parametrize(
    "to", ["chef@firma.test\nBcc: alle@firma.test", "chef@firma.test\x00", "kein-zeichen", "a@b@c"]
)
def test_an_address_that_is_none_is_refused(to: str) -> None:
    with pytest.raises(ValidationError):
        queue_probe(to)
    assert not OutgoingMail.objects.exists()


def test_a_text_of_the_staff_that_a_later_version_has_outdated_stops_no_mail() -> None:
    MailText.objects.create(kind="letter", subject="Hallo {frueher}", text="{eckdaten} {link}")
    mail = queue_letter(LETTER, "chef@firma.test", letter())
    assert mail is not None
    assert mail.subject == "Für Heat & Co's: Rüsten ohne Suchen"


# ---------------------------------------------------------------- several people


def draft(number: int = 3) -> BulkMail:
    people = [(f"person{n}@firma.test", letter()) for n in range(number)]
    return draft_bulk(LETTER, subject="An {firma}", text="Text\n\n{link}", recipients=people)


def test_a_bulk_mail_waits_for_the_press_that_names_its_number(postbox: Postbox) -> None:
    row = draft()
    assert send_due() == 0
    with pytest.raises(BulkRefused, match="Inzwischen sind es 3 Empfänger"):
        bulk.release(row, recipients=2)
    assert send_due() == 0

    bulk.release(row, recipients=3)
    assert send_due() == 3
    assert sorted(mail["To"] for mail in postbox.mails) == [f"person{n}@firma.test" for n in range(3)]
    assert [faults(mail) for mail in postbox.mails] == [[], [], []]
    assert [mail.values for mail in row.mails.all()] == [{}, {}, {}], "nothing of the people is kept twice"
    with pytest.raises(BulkRefused, match="schon abgeschickt"):
        bulk.release(row, recipients=3)


def test_an_address_that_is_chosen_twice_gets_one_mail_and_a_discarded_draft_leaves_nothing() -> None:
    people = [("a@firma.test", letter()), (" A@firma.TEST", letter()), ("b@firma.test", letter())]
    row = draft_bulk(LETTER, subject="An {firma}", text="Text {link}", recipients=people)
    assert row.mails.count() == 2
    bulk.discard(row)
    assert not OutgoingMail.objects.exists()


def test_a_draft_names_known_placeholders_only_and_somebody_to_send_to() -> None:
    with pytest.raises(ValidationError, match="gibt es hier nicht"):
        draft_bulk(LETTER, subject="An", text="{geheim} {link}", recipients=[("a@firma.test", letter())])
    with pytest.raises(BulkRefused, match="niemanden"):
        draft_bulk(LETTER, subject="An", text="{link}", recipients=[])


def test_a_draft_that_nobody_releases_is_forgotten_after_a_month() -> None:
    draft()
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert forget_old_texts() == 3
    assert not BulkMail.objects.exists()


# ---------------------------------------------------------------- a mail server with moods


def test_a_server_without_the_tls_that_is_asked_for_gets_nothing(settings: LazySettings, postbox: Postbox) -> None:
    settings.EMAIL_USE_TLS = True
    queue_probe()
    assert send_due() == 0
    stored = OutgoingMail.objects.get()
    assert (stored.state, postbox.mails) == ("waiting", [])
    assert "STARTTLS" in stored.error
    assert settings.EMAIL_TIMEOUT <= 15


def test_one_connection_carries_many_mails_and_a_refusal_does_not_spoil_the_next(postbox: Postbox) -> None:
    for number in range(outbox.MAILS_PER_CONNECTION + 5):
        queue_probe(f"person{number}@firma.test")
    postbox.refused = {"person3@firma.test": "550 no such user", "person7@firma.test": "451 later"}
    assert send_due() == outbox.MAILS_PER_CONNECTION + 5
    assert len(postbox.mails) == outbox.MAILS_PER_CONNECTION + 3
    assert postbox.connections == 2
    states = dict(OutgoingMail.objects.exclude(state="sent").values_list("to", "state"))
    assert states == {"person3@firma.test": "failed", "person7@firma.test": "waiting"}


def test_a_server_that_is_down_is_tried_by_one_mail_a_run_so_that_other_jobs_go_on(settings: LazySettings) -> None:
    with mail_server(settings):
        pass  # its port is closed now
    for number in range(5):
        queue_probe(f"person{number}@firma.test")
    assert send_due() == 0
    assert sorted(OutgoingMail.objects.values_list("attempts", flat=True)) == [0, 0, 0, 0, 1]
    assert is_late(), "an outage shows at once"

    start = timezone.now()
    with mail_server(settings) as postbox, time_machine.travel(start + timedelta(minutes=2)):
        assert send_due() == 5
        assert not is_late()
    assert len({mail["Message-ID"] for mail in postbox.mails}) == 5


def test_a_server_that_says_nothing_holds_nobody_up_for_long(settings: LazySettings) -> None:
    settings.EMAIL_TIMEOUT = 1
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        for number in range(5):
            queue_probe(f"person{number}@firma.test")
        start = time.monotonic()
        assert send_due() == 0
    assert time.monotonic() - start < 5
    assert OutgoingMail.objects.filter(state="waiting").count() == 5


def test_one_full_mailbox_is_no_alarm_but_mail_that_nobody_sends_is(postbox: Postbox) -> None:
    queue_probe("voll@firma.test")
    postbox.answer = "452 mailbox full"
    send_due()
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        assert not is_late()
    queue_probe("da@firma.test")
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        assert is_late()


def test_a_mail_that_is_erased_while_it_is_sent_does_not_come_back(postbox: Postbox) -> None:
    queue_probe()
    postbox.on_data = lambda: OutgoingMail.objects.all().delete()
    assert send_due() == 1
    assert not OutgoingMail.objects.exists()


def test_the_quick_start_keeps_every_mail_in_a_file(settings: LazySettings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    for number in range(3):
        queue_probe(f"person{number}@firma.test")
    assert send_due() == 3
    files = [path.read_text() for path in (tmp_path / "mail").iterdir()]
    # Django may put two of the same second into one file.
    assert sum(file.count("\nTo: ") for file in files) == 3
