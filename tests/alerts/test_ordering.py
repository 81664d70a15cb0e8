"""Ordering news by mail: what the page says, one mail, one button, and a page for everything after."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.utils import timezone

from dialogues.models import Series
from platform_mark.accounts.roles import load_roles
from platform_mark.alerts import subscribing
from platform_mark.alerts.mails import LEAVE, OWN, Section, own_link, tell_news
from platform_mark.alerts.models import Alert, Subscriber
from platform_mark.alerts.subscribing import MOST_ALERTS, forget_unconfirmed
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text, send_due
from platform_mark.publishing.models import State
from platform_mark.tokens import make_token
from tests.actors.make import make_actor
from tests.alerts.make import link_in_last_mail, make_alert
from tests.cast import make_cast
from tests.conftest import PortalClient
from tests.dialogues.make import make_dialogue
from tests.mails import faults, went_out
from tests.make import make_branch
from tests.markup import Page
from tests.smtp import mail_server

pytestmark = pytest.mark.django_db
NEW = "/benachrichtigungen/neu/"
WHO = "chefin@haerterei.test"


def fill_in(client: Any, about: str = "zu=beispiele", seconds: float = 20, **changes: str) -> Any:
    """Open the form, take some time, post it."""
    address = f"{NEW}?{about}"
    with time_machine.travel(timezone.now(), tick=False) as clock:
        opened = client.get(address).context["form"].fields["opened"].initial
        clock.shift(timedelta(seconds=seconds))
        return client.post(address, {"email": WHO, "rhythm": "weekly", "opened": opened, **changes})


def test_the_form_says_in_words_what_is_ordered(client: Any) -> None:
    branch = make_branch("Metall & Draht")
    about = (
        f"zu=beispiele&branche={branch.slug}&groesse=klein&groesse=mittel&q={quote('Rüsten')}&seite=3&sortierung=kosten"
    )
    page = client.get(f"{NEW}?{about}")
    words = " ".join(page.content.decode().split())
    for said in (
        "Gute Beispiele",
        "Branche: Metall &amp; Draht",
        "Größe: klein",
        "oder mittel",
        "Suchwort: „Rüsten“",
        "jederzeit",
    ):
        assert said in words, said
    assert "csrftoken" not in str(client.get("/beispiele/").cookies), "reading sets no cookie"


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ("zu=dialoge&form=online&zeitraum=vergangen", "Branchendialoge, Form: Online"),
        ("zu=aktivitaeten&art=beratung&eigens=ja&stand=faellig", "Aktivitäten, Art: Beratung; nur eigens dafür"),
        ("zu=formate&zielgruppe=auszubildende", "Formate, Für wen: Auszubildende"),
        ("zu=alles&branche=pflege", "Alles Neue, Branche: Pflege"),
        ("zu=akteur&akteur=kammer-am-fluss", "Neues von „Kammer am Fluss“"),
        ("zu=reihe&dialog=erster-abend", "Neues aus der Reihe „Rüsten & Richten“"),
    ],
)
def test_every_kind_of_list_a_branch_an_actor_and_a_series_can_be_ordered(client: Any, about: str, said: str) -> None:
    make_dialogue("Erster Abend", series=Series.objects.create(name="Rüsten & Richten"))
    make_branch("Pflege")
    make_actor("Kammer am Fluss")
    assert str(client.get(f"{NEW}?{about}").context["words"]) == said
    assert fill_in(client, about)["Location"] == "/benachrichtigungen/fast-fertig/"
    page = client.get(link_in_last_mail())
    assert str(page.context["words"]) == said


def test_what_the_portal_does_not_know_cannot_be_ordered(client: Any) -> None:
    page = client.get(f"{NEW}?zu=beispiele&branche=gibt-es-nicht")
    assert "Diesen Filter kennen wir nicht: <strong>gibt-es-nicht</strong>" in page.content.decode()
    posted = client.post(f"{NEW}?zu=beispiele&branche=gibt-es-nicht", {"email": WHO, "rhythm": "weekly"})
    assert posted.status_code == 200
    assert not Alert.objects.exists()
    make_dialogue("Allein")
    make_dialogue("Entwurf", series=Series.objects.create(name="Geheim"), state=State.DRAFT, published_at=None)
    actors = ("zu=akteur&akteur=niemand", "zu=akteur")
    series = ("zu=reihe", "zu=reihe&dialog=niemals", "zu=reihe&dialog=allein", "zu=reihe&dialog=entwurf")
    for about in ("", "zu=", "zu=wetter", *actors, *series):
        assert client.get(f"{NEW}?{about}").status_code == 404, about


def test_bad_input_comes_back_with_a_message_at_its_field(client: Any) -> None:
    response = fill_in(client, email="kein-at", rhythm="stündlich")
    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="kein-at"' in page
    assert "Wählen Sie bitte täglich, wöchentlich oder monatlich." in page
    assert not OutgoingMail.objects.exists()


def test_a_confirmed_order_runs_and_only_the_button_confirms_it(client: Any) -> None:
    fill_in(client)
    link = link_in_last_mail()
    for _ in range(2):
        assert "Benachrichtigung bestätigen" in client.get(link).content.decode()
        client.head(link)
    assert not Alert.objects.confirmed().exists()
    own = client.post(link)["Location"]
    confirmed_at = Alert.objects.confirmed().get().confirmed_at
    assert client.post(link)["Location"] == own
    assert Alert.objects.get().confirmed_at == confirmed_at
    assert "Schon bestätigt" in client.get(link).content.decode()
    assert WHO in client.get(own).content.decode()
    assert "Ihre Benachrichtigung ist bestätigt." in Page.of(client.get(own)).main.one("div", role="status").text


def test_the_check_mail_holds_nothing_that_was_typed_and_advertises_nothing(client: Any) -> None:
    make_actor("Kaufen Sie jetzt")
    fill_in(client, f"zu=beispiele&q={quote('gewinnen unter boese.example')}")
    fill_in(client, "zu=akteur&akteur=kaufen-sie-jetzt")
    for mail in OutgoingMail.objects.all():
        text = mail.subject + full_text(mail)
        assert mail.to == WHO
        assert "boese" not in text
        assert "Kaufen" not in text
        assert text.count("https://") == 1


def test_the_answer_is_the_same_for_every_state_of_an_address(client: Any) -> None:
    make_alert("bekannt@firma.test")
    seen = set()
    for email in ("neu@firma.test", "neu@firma.test", "bekannt@firma.test", "BEKANNT@firma.test"):
        response = fill_in(client, email=email)
        seen.add((response.status_code, response["Location"], response.content, tuple(sorted(response.headers))))
    assert len(seen) == 1
    kinds = OutgoingMail.objects.filter(address_key="bekannt@firma.test").values_list("kind", flat=True)
    assert set(kinds) == {"benachrichtigung-besteht"}
    assert Alert.objects.filter(subscriber__email_key="bekannt@firma.test").count() == 1


def test_an_anonymous_order_changes_nothing_of_a_running_alert(client: Any) -> None:
    alert = make_alert(WHO, rhythm="monthly")
    fill_in(client, rhythm="daily")
    alert.refresh_from_db()
    assert alert.rhythm == "monthly"
    assert alert.confirmed_at


def test_nobody_is_bombed_with_check_mails(client: Any) -> None:
    for about in ("zu=beispiele", "zu=dialoge", "zu=formate", "zu=aktivitaeten", "zu=alles"):
        assert fill_in(client, about).status_code == 302
    assert OutgoingMail.objects.filter(address_key=WHO).count() == 3
    # What could never be confirmed is not kept either.
    assert Alert.objects.count() == 3


def test_one_address_holds_no_endless_number_of_alerts(client: Any) -> None:
    for number in range(MOST_ALERTS):
        make_alert(WHO, f"zu=beispiele&q=rüsten{number}")
    assert fill_in(client, "zu=dialoge").status_code == 302
    assert Alert.objects.count() == MOST_ALERTS
    assert not OutgoingMail.objects.exists()


def test_one_client_cannot_order_without_end(client: Any) -> None:
    statuses = [fill_in(client, email=f"p{number}@firma.test").status_code for number in range(11)]
    assert statuses == [302] * 10 + [429]


def test_a_post_that_comes_too_fast_is_asked_for_again_and_loses_nothing(client: Any) -> None:
    response = fill_in(client, seconds=1, rhythm="monthly")
    page = response.content.decode()
    assert response.status_code == 422
    assert f'value="{WHO}"' in page
    assert response.context["form"].initial["rhythm"] == "monthly"
    assert not Alert.objects.exists()
    assert fill_in(client, website="https://spam.example").status_code == 422


def test_a_new_check_mail_replaces_the_former_link(client: Any) -> None:
    fill_in(client)
    former = link_in_last_mail()
    fill_in(client, rhythm="daily")
    assert client.get(former).status_code == 404
    assert client.get(link_in_last_mail()).status_code == 200
    assert Alert.objects.get().rhythm == "daily"


def test_an_order_nobody_confirms_is_gone_after_two_days(client: Any) -> None:
    with time_machine.travel(timezone.now() - timedelta(hours=49)):
        fill_in(client)
        link = link_in_last_mail()
    make_alert("bleibt@firma.test", requested_at=timezone.now() - timedelta(days=90))
    assert client.get(link).status_code == 200, "the mail still waits: nothing runs out"
    assert forget_unconfirmed() == 0
    went_out(timezone.now() - timedelta(hours=49))
    assert client.get(link).status_code == 404
    assert client.post(link).status_code == 404
    assert forget_unconfirmed() == 1
    assert list(Subscriber.objects.values_list("email", flat=True)) == ["bleibt@firma.test"]


def own_page(alert: Alert) -> str:
    return own_link(alert.subscriber).url.removeprefix("https://portal.test")


def test_the_own_page_changes_pauses_resumes_and_ends_each_alert(client: Any) -> None:
    alert, other = make_alert(), make_alert(about="zu=dialoge")
    own = own_page(alert)
    page = client.get(own).content.decode()
    assert "Gute Beispiele" in page
    assert "Branchendialoge" in page

    def press(action: str, **more: Any) -> int:
        return client.post(own, {"action": action, "alert": alert.pk, **more}).status_code

    def said(action: str, **more: Any) -> str:
        page = client.post(own, {"action": action, "alert": alert.pk, **more}, follow=True)
        return Page.of(page).main.one("div", role="status").text

    assert "Gespeichert." in said("rhythm", rhythm="daily")
    assert "macht Pause" in said("pause")
    assert press("pause") == 302
    alert.refresh_from_db()
    assert (alert.rhythm, bool(alert.paused_at)) == ("daily", True)
    assert "Pause seit" in client.get(own).content.decode()
    assert "läuft wieder" in said("resume")
    alert.refresh_from_db()
    assert alert.paused_at is None
    assert press("rhythm", rhythm="stündlich") == 422
    assert "ist beendet" in said("end")
    assert list(Alert.objects.all()) == [other]
    assert press("end") == 404
    assert client.post(own, {"action": "end", "alert": other.pk}).status_code == 302
    assert not Subscriber.objects.exists()
    assert "keine Benachrichtigungen mehr" in client.get(own).content.decode()


def test_no_button_reaches_the_alert_of_somebody_else(client: Any) -> None:
    own = own_page(make_alert())
    foreign = make_alert("fremd@firma.test")
    for number in (foreign.pk, "", "x", "9" * 40, "²"):
        assert client.post(own, {"action": "end", "alert": number}).status_code == 404, number
    assert client.post(own, {"action": "spring", "alert": Alert.objects.earliest("pk").pk}).status_code == 404
    assert Alert.objects.count() == 2


def test_all_can_be_ended_at_once(client: Any) -> None:
    own = own_page(make_alert())
    make_alert(about="zu=dialoge")
    assert client.post(own, {"action": "end-all"})["Location"] == "/benachrichtigungen/beendet/"
    assert not Subscriber.objects.exists()
    assert not Alert.objects.exists()


def test_own_data_hold_everything_and_nobody_else(client: Any) -> None:
    own = own_page(make_alert(about="zu=beispiele&groesse=klein"))
    make_alert("fremd@firma.test")
    found = client.get(f"{own}daten.json")
    assert found.json()["Benachrichtigungen"][0]["Filter"] == "groesse=klein"
    assert found.json()["Benachrichtigungen"][0]["Bestätigt am"]
    assert "2026-11" in found.json()["Texte der Einwilligung"]
    assert "fremd" not in found.content.decode()


def test_one_click_ends_all_without_cookie_or_form_token_and_looking_does_not() -> None:
    client = PortalClient(enforce_csrf_checks=True)
    alert = make_alert()
    make_alert(about="zu=dialoge")
    leave = f"/benachrichtigungen/abmelden/{make_token(LEAVE, alert.subscriber_id, 1)}/"
    assert "Abmelden" in client.get(leave).content.decode()
    assert Alert.objects.count() == 2
    for _ in range(2):
        response = client.post(leave, {"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
        assert not response.cookies
        assert not Subscriber.objects.exists()
    # The other pages with buttons stay guarded.
    assert client.post(own_page(make_alert()), {"action": "end-all"}).status_code == 403


def test_links_are_for_their_purpose_only_and_leave_no_trace_outside(client: Any) -> None:
    alert = make_alert()
    own = own_page(alert)
    token = own.split("/")[2]
    for address in (
        f"/benachrichtigungen/abmelden/{token}/",
        f"/benachrichtigungen/bestaetigen/{token}/",
        f"{own[:-2]}x/",
        "/benachrichtigungen/1-1.falsch/",
        "/benachrichtigungen/1-1.falsch/daten.json",
    ):
        response = client.get(address)
        assert response.status_code == 404, address
        assert "Dieser Link gilt nicht mehr" in response.content.decode()
    for address in (own, f"{own}daten.json"):
        response = client.get(address)
        assert response["Referrer-Policy"] == "same-origin"
        assert response["X-Robots-Tag"] == "noindex, nofollow"
        assert "no-store" in response["Cache-Control"]


def test_ending_takes_the_news_that_have_not_gone_out(client: Any) -> None:
    alert = make_alert()
    tell_news(alert.subscriber, [Section("Gute Beispiele", "/beispiele/", [])])
    subscribing.end_all(alert.subscriber)
    assert not OutgoingMail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_check_mails_are_clean_on_the_wire(client: Any, settings: Any) -> None:
    make_alert(WHO, "zu=formate")
    fill_in(client)
    fill_in(client, "zu=formate")
    with time_machine.travel(timezone.now() + timedelta(minutes=1)), mail_server(settings) as postbox:
        send_due()
    assert [faults(mail) for mail in postbox.mails] == [[], []]


def test_staff_see_what_is_ordered_and_only_privacy_sees_by_whom() -> None:
    load_roles()
    cast = make_cast()
    make_alert("geheim@firma.test", "zu=beispiele&groesse=klein")
    alert = Alert.objects.get()
    for person in ("editor", "moderator", "organiser"):
        client = cast.client(person)
        for path in ("/admin/alerts/alert/", f"/admin/alerts/alert/{alert.pk}/change/"):
            page = client.get(path).content.decode()
            assert "groesse=klein" in page
            assert "geheim" not in page
        assert client.get("/admin/alerts/subscriber/").status_code == 403
    assert "geheim@firma.test" in cast.client("protector").get("/admin/alerts/subscriber/").content.decode()


def test_a_series_that_somebody_waits_for_can_be_renamed_but_not_deleted(client: Any) -> None:
    make_dialogue("Erster Abend", series=(series := Series.objects.create(name="Rüsten")))
    alert = make_alert(WHO, "zu=reihe&dialog=erster-abend")
    organiser = make_cast().client("organiser")
    page = organiser.post(f"/admin/dialogues/series/{series.pk}/delete/", {"post": "yes"})
    assert page.status_code in (200, 403) and Series.objects.filter(pk=series.pk).exists()
    assert organiser.post(f"/admin/dialogues/series/{series.pk}/change/", {"name": "Richten"}).status_code == 302
    own = client.get(f"/benachrichtigungen/{make_token(OWN, alert.subscriber_id, 1)}/")
    assert "Neues aus der Reihe „Richten“" in own.content.decode()
    subscribing.end(alert)
    organiser.post(f"/admin/dialogues/series/{series.pk}/delete/", {"post": "yes"})
    assert not Series.objects.filter(pk=series.pk).exists()
