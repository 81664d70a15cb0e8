"""The mails with what is new: to whom, when by the clock on the wall, what they hold, and once."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dialogues.models import Host, Series
from platform_mark.alerts import news, subscribing
from platform_mark.alerts.digest import send_digests
from platform_mark.alerts.models import Alert
from platform_mark.alerts.rhythm import last_due
from platform_mark.alerts.tasks import send_digests as job
from platform_mark.mail.models import MailText, OutgoingMail
from platform_mark.mail.outbox import full_text, send_due
from platform_mark.publishing.models import State
from platform_mark.search import index
from practices.models import Practice
from tests.actors.make import make_activity, make_actor
from tests.alerts.make import link_in_last_mail, make_alert
from tests.dialogues.formats.make import make_format
from tests.dialogues.make import make_dialogue
from tests.mails import faults, read
from tests.make import make_branch, make_practice, make_topic
from tests.smtp import mail_server

BERLIN = ZoneInfo("Europe/Berlin")
pytestmark = pytest.mark.django_db


def local(month: int, day: int, hour: int = 12, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN)


WEDNESDAY, MONDAY = local(11, 4), local(11, 9, 7, 30)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    """These tests begin on a Wednesday at noon."""
    with time_machine.travel(WEDNESDAY, tick=False) as clock:
        yield clock


def mails() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind="benachrichtigung-neues").order_by("pk"))


def texts() -> list[str]:
    return [full_text(mail) for mail in mails()]


def test_a_week_of_news_comes_on_monday_morning_and_once(clock: Any) -> None:
    make_practice("Schon länger da", published_at=WEDNESDAY - timedelta(days=3))
    make_alert()
    clock.move_to(local(11, 5))
    make_practice("Rüsten in zehn Minuten")
    clock.move_to(local(11, 6))
    make_practice("Prüfmaße von selbst")
    for at in (local(11, 8, 23), local(11, 9, 6, 59)):
        assert send_digests(at) == 0, at
    assert send_digests(local(11, 9, 7)) == 1
    assert send_digests(local(11, 9, 8)) == send_digests(local(11, 10, 8)) == 0
    assert "Schon länger da" not in texts()[0]
    assert texts()[0].index("Prüfmaße von selbst") < texts()[0].index("Rüsten in zehn Minuten")
    assert mails()[0].subject == "Neu im Portal: 2 gute Beispiele"
    clock.move_to(local(11, 16, 8))
    assert send_digests() == 0, "nothing new, no mail"
    make_practice("Angebote am selben Tag")
    clock.move_to(local(11, 23, 8))
    assert send_digests() == 1
    assert "Rüsten" not in texts()[1]


def test_the_hour_is_that_of_the_wall_whatever_the_clocks_do() -> None:
    assert last_due("weekly", local(10, 26, 6, 59)) == local(10, 19, 7)
    assert last_due("weekly", local(10, 26, 7)) == local(10, 26, 7)
    assert last_due("daily", local(3, 29, 7)).utcoffset() == timedelta(hours=2)
    assert last_due("daily", local(3, 29, 6, 59)) == local(3, 28, 7)
    assert last_due("monthly", local(12, 1, 6)) == local(11, 1, 7)
    assert last_due("monthly", local(1, 1, 6, year=2027)) == local(12, 1, 7)
    assert last_due("monthly", local(12, 31, 23)) == local(12, 1, 7)


def test_daily_and_monthly_come_in_their_rhythm(clock: Any) -> None:
    make_alert("taeglich@firma.test", rhythm="daily")
    make_alert("monatlich@firma.test", rhythm="monthly")
    make_practice("Rüsten in zehn Minuten", published_at=WEDNESDAY + timedelta(hours=1))
    clock.move_to(local(11, 5, 7, 7))
    assert send_digests() == 1
    clock.move_to(local(12, 1, 7, 7))
    assert send_digests() == 1
    assert [mail.to for mail in mails()] == ["taeglich@firma.test", "monatlich@firma.test"]


def test_after_days_without_the_worker_nothing_is_lost_and_nothing_comes_twice(clock: Any) -> None:
    make_alert(rhythm="daily")
    for day in (5, 6, 7):
        clock.move_to(local(11, day))
        make_practice(f"Beispiel vom {day}.")
    clock.move_to(local(11, 10, 15))
    job(0)
    job(0)
    assert len(mails()) == 1
    assert all(f"Beispiel vom {day}." in texts()[0] for day in (5, 6, 7))


def test_one_person_gets_one_mail_and_each_thing_once_by_alert_in_words(clock: Any) -> None:
    metal = make_branch("Metall und Draht")
    make_alert(about=f"zu=beispiele&branche={metal.slug}")
    clock.shift(timedelta(minutes=1))
    make_alert(about="zu=beispiele")
    make_alert(about="zu=dialoge")
    clock.shift(timedelta(hours=1))
    make_practice("Rüsten & Prüfen", branches=(metal,))
    make_practice("Backen nach Plan")
    make_dialogue("Rüsten ohne Suchen", published_at=WEDNESDAY + timedelta(hours=1), starts_at=local(12, 3, 16))
    clock.move_to(MONDAY)
    assert send_digests() == 1
    text = texts()[0]
    assert mails()[0].subject == "Neu im Portal: 2 gute Beispiele und 1 Dialog"
    parts = ["Gute Beispiele, Branche: Metall und Draht", "Rüsten & Prüfen", "Gute Beispiele\n", "Backen nach Plan"]
    parts += ["Branchendialoge", "Rüsten ohne Suchen (3. Dezember)"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert text.count("Rüsten & Prüfen") == 1


def test_what_is_not_public_now_is_not_told(clock: Any) -> None:
    make_alert()
    make_alert(about="zu=aktivitaeten")
    make_alert(about="zu=dialoge")
    clock.shift(timedelta(hours=1))
    hidden = make_practice("Zurückgezogen")
    Practice.objects.filter(pk=hidden.pk).update(state=State.ARCHIVED)
    make_practice("Abgelaufen", expires_at=WEDNESDAY + timedelta(days=1))
    later = make_practice("Erst nächste Woche", published_at=local(11, 12))
    make_activity("Nur für Akteure", visibility="actors")
    make_dialogue("Abgesagt", cancelled_at=WEDNESDAY, cancel_reason="Die Halle ist belegt.")
    clock.move_to(MONDAY)
    assert send_digests() == 0
    clock.move_to(local(11, 16, 8))
    assert send_digests() == 1
    assert later.title in texts()[0]


def test_an_alert_tells_what_its_list_would_show(clock: Any) -> None:
    """Facets are OR inside and AND across, what is meant for all is for each, and words are understood."""
    metal, wood = make_branch("Metall"), make_branch("Holz")
    topic = make_topic("Rüsten")
    about = {
        f"zu=beispiele&branche={metal.slug}&branche={wood.slug}&thema={topic.slug}": {"Metall mit Thema"},
        "zu=beispiele&q=Pr%C3%BCfma%C3%9Fe": {"Prüfmaß von selbst"},
        f"zu=aktivitaeten&branche={metal.slug}": {"Beratung für alle", "Beratung Metall"},
        f"zu=aktivitaeten&branche={metal.slug}&eigens=ja": {"Beratung Metall"},
        f"zu=formate&branche={wood.slug}&ziel=ausprobieren": {"Werkstattrunde"},
        f"zu=alles&branche={metal.slug}": {
            *(
                "Metall mit Thema",
                "Metall ohne",
                "Beratung für alle",
                "Beratung Metall",
                "Werkstattrunde",
                "Drahtdialog",
            ),
        },
        "zu=alles&q=Drahtdialog": {"Drahtdialog"},
        "zu=akteur&akteur=kammer-am-fluss": {"Beratung Metall", "Drahtdialog"},
        "zu=reihe&dialog=der-erste": {"Zweiter Abend"},
    }
    chamber = make_actor("Kammer am Fluss")
    series = Series.objects.create(name="Rüsten")
    make_dialogue("Der erste", series=series, published_at=WEDNESDAY - timedelta(days=3))
    for number, wish in enumerate(about):
        make_alert(f"p{number}@firma.test", wish)
    clock.shift(timedelta(hours=1))
    make_practice("Metall mit Thema", branches=(metal,), topics=(topic,))
    make_practice("Metall ohne", branches=(metal,))
    make_practice("Nur Thema", topics=(topic,))
    make_practice("Prüfmaß von selbst")
    make_activity("Beratung für alle")
    make_activity("Beratung Metall", branches=(metal,), actor=chamber)
    make_format("Werkstattrunde")
    make_dialogue("Zweiter Abend", series=series, published_at=WEDNESDAY + timedelta(hours=1))
    make_dialogue("Gestrichener Abend", series=series, cancelled_at=timezone.now(), cancel_reason="Krank.")
    dialogue = make_dialogue("Drahtdialog", branches=[metal], published_at=WEDNESDAY + timedelta(hours=1))
    Host.objects.create(dialogue=dialogue, actor=chamber)
    index.put(dialogue)
    titles = {title for found in about.values() for title in found} | {"Nur Thema", "Gestrichener Abend"}
    clock.move_to(MONDAY)
    assert send_digests() == len(about)
    told = {mail.to: {title for title in titles if f"- {title}" in full_text(mail)} for mail in mails()}
    assert told == {f"p{number}@firma.test": expected for number, expected in enumerate(about.values())}


def test_a_merged_branch_is_followed_and_one_that_is_gone_tells_nothing(clock: Any, client: Any) -> None:
    old, new = make_branch("Draht"), make_branch("Metall")
    make_alert("a@firma.test", f"zu=beispiele&branche={old.slug}")
    gone = make_alert("b@firma.test", f"zu=beispiele&branche={old.slug}")
    Alert.objects.filter(pk=gone.pk).update(query="branche=gibt-es-nicht-mehr")
    old.merged_into = new
    old.save()
    clock.shift(timedelta(hours=1))
    make_practice("Federn rüsten", branches=(new,))
    clock.move_to(MONDAY)
    assert send_digests() == 1
    assert mails()[0].to == "a@firma.test"


def test_paused_unconfirmed_and_ended_alerts_are_silent(clock: Any) -> None:
    paused = make_alert("pause@firma.test")
    subscribing.pause(paused)
    make_alert("offen@firma.test", confirmed_at=None, checked_at=None)
    ended = make_alert("weg@firma.test")
    clock.shift(timedelta(hours=1))
    make_practice("Rüsten in zehn Minuten")
    subscribing.end(ended)
    clock.move_to(MONDAY)
    assert send_digests() == 0
    subscribing.resume(paused)
    clock.move_to(local(11, 16, 8))
    assert send_digests() == 0, "what was new during the pause is not told afterwards"


def test_a_long_list_is_cut_and_says_where_the_rest_is(clock: Any) -> None:
    make_alert(about="zu=beispiele&groesse=klein")
    clock.shift(timedelta(hours=1))
    for number in range(17):
        make_practice(f"Beispiel Nummer {number}", employees=20)
    clock.move_to(MONDAY)
    send_digests()
    assert texts()[0].count("Beispiel Nummer") == 15
    assert "Und 2 weitere: https://portal.test/beispiele/?groesse=klein" in texts()[0]


def test_what_came_before_many_others_is_told_all_the_same(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "CHUNK", 3)
    make_alert(about="zu=beispiele&groesse=klein")
    clock.shift(timedelta(hours=1))
    make_practice("Das eine kleine", employees=20)
    clock.shift(timedelta(hours=1))
    for number in range(7):
        make_practice(f"Ein großes, Nummer {number}", employees=2000)
    clock.move_to(MONDAY)
    send_digests()
    assert "Das eine kleine" in texts()[0]
    assert "Ein großes" not in texts()[0]


@pytest.mark.django_db(transaction=True)
def test_the_mail_is_clean_on_the_wire_and_its_links_lead_to_the_own_page(
    clock: Any, client: Any, settings: Any
) -> None:
    make_alert(about="zu=beispiele&q=Heat%20Co")
    clock.shift(timedelta(hours=1))
    make_practice("Heat & Co's Ofenbuch")
    clock.move_to(MONDAY)
    send_digests()
    own, leave = link_in_last_mail(), link_in_last_mail(number=1)
    with mail_server(settings) as postbox:
        send_due()
    assert [faults(mail, needs_unsubscribe=True) for mail in postbox.mails] == [[]]
    assert str(read(postbox.mails[0])["list-unsubscribe"]).strip() == f"<https://portal.test{leave}>"
    assert "Ihre Benachrichtigungen" in client.get(own).content.decode()
    assert client.post(leave).status_code == 200
    assert not Alert.objects.exists()


def test_staff_may_change_the_words_around_the_news(clock: Any) -> None:
    MailText.objects.create(
        kind="benachrichtigung-neues", subject="Frisch: {anzahl}", text="Moin,\n\n{neues}\n\n{link}\n\n{abmelden}"
    )
    make_alert()
    clock.shift(timedelta(hours=1))
    make_practice("Rüsten in zehn Minuten")
    clock.move_to(MONDAY)
    send_digests()
    assert mails()[0].subject == "Frisch: 1 gutes Beispiel"
    assert texts()[0].startswith("Moin,")


def test_a_run_reads_what_is_new_once_whatever_the_number_of_alerts(clock: Any) -> None:
    for number in range(3):
        make_alert(f"p{number}@firma.test", "zu=beispiele&q=Schweineohr")
    clock.shift(timedelta(hours=1))
    make_practice("Backen nach Plan")
    clock.move_to(MONDAY)
    with CaptureQueriesContext(connection) as few:
        assert send_digests() == 0
    for number in range(3, 30):
        make_alert(f"p{number}@firma.test", "zu=beispiele&q=Schweineohr")
    Alert.objects.update(checked_at=WEDNESDAY)
    with CaptureQueriesContext(connection) as many:
        assert send_digests() == 0
    assert len(many) == len(few)


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_write_one_mail_each(clock: Any) -> None:
    for number in range(20):
        make_alert(f"p{number}@firma.test")
    clock.shift(timedelta(hours=1))
    make_practice("Rüsten in zehn Minuten")
    barrier = threading.Barrier(3)

    def run() -> None:
        barrier.wait()
        send_digests(MONDAY)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mail.to for mail in mails()) == sorted(f"p{number}@firma.test" for number in range(20))
