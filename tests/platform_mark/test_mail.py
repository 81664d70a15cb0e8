"""The outbox: written with its cause, sent by the worker over a real socket, tried again, told to staff."""

import threading
from datetime import timedelta
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import LINK, Link, address_key, forget_old_texts, queue, retry, send_next
from platform_mark.tokens import read_token
from tests.smtp import Postbox, mail_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture(autouse=True)
def templates(settings: LazySettings, tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "email"
    folder.mkdir(parents=True)
    (folder / "probe.txt").write_text(
        "{% autoescape off %}Nachricht von {{ company }}\n\nGuten Tag {{ company }},\nhier entlang: {{ link }}\n"
        "{{ operator.name }}\n{% endautoescape %}"
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path / "templates"]}]


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
    body = mail.get_payload(decode=True).decode()  # type: ignore[union-attr]
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
    send_next()
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
    assert OutgoingMail.objects.get().state == "failed"


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
