"""The pages under /konto/: what one's own people see and do there, and that nobody else's can be reached."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actors import cooperating, joining, review
from actors.account_forms import ProfileForm
from actors.models import Activity, Actor, Claim, Cooperation, Invitation, Membership, Revision
from actors.refusal import Refused
from actors.snapshot import FIELDS, snapshot
from platform_mark.accounts.models import User
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from platform_mark.publishing.models import State
from platform_mark.tokens import make_token
from tests.actors.make import make_activity, make_actor, make_member, make_revision
from tests.cast import PASSWORD
from tests.conftest import PortalClient
from tests.make import make_branch, make_municipality, make_user
from tests.markup import Page

pytestmark = pytest.mark.django_db

WRITTEN = {
    "title": "Halbtag: Rüsten ohne Suchen & Fragen",
    "summary": "Ein halber Tag an Ihrer Maschine.",
    "kind": "advice",
    "target_groups": ["managers"],
    "cost": "free",
    "language": "Deutsch",
    "visibility": "public",
}


def browser(user: User) -> PortalClient:
    client = PortalClient(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture
def actor() -> Actor:
    return make_actor("Kammer & Söhne")


@pytest.fixture
def owner(actor: Actor) -> User:
    return make_member(actor, make_user("petra@kammer.example", name="Petra Nowak"))


@pytest.fixture
def konto(owner: User) -> PortalClient:
    return browser(owner)


def main_of(response: HttpResponse) -> str:
    return Page.of(response).main.text


def write(client: Client, path: str = "/konto/aktivitaeten/neu/", **fields: Any) -> HttpResponse:
    return client.post(path, WRITTEN | {"entwurf": "1"} | fields)


# ---------------------------------------------------------------- the start page


def test_the_start_page_shows_every_entry_with_its_state_and_next_step(
    konto: Client, actor: Actor, owner: User
) -> None:
    now = timezone.now()
    make_activity("Frisch", actor=actor)
    make_activity("Unter uns", actor=actor, visibility="actors")
    make_activity("Fällig", actor=actor, confirmed_at=now - timedelta(days=185))
    make_activity("Lange still", actor=actor, confirmed_at=now - timedelta(days=300))
    make_activity("Geendet", actor=actor, valid_until=timezone.localdate() - timedelta(days=3))
    review.take_offline(make_activity("Versteckt", actor=actor), by=owner)
    make_revision(make_activity("Wird gelesen", actor=actor))
    sent_back = make_revision(make_activity("Zurück", actor=actor))
    review.send_back(sent_back, reason="Bitte den Ort nennen.", by=None)
    make_activity("Von den anderen", actor=make_actor("Andere"))
    page = Page.of(konto.get("/konto/"))
    rows = {
        row.one("th").text: [cell.text for cell in row.all("td")]
        for section in page.main.all("section")
        for row in section.all("tr")[1:]
    }
    states = {title: cells[0] for title, cells in rows.items()}
    assert states == {
        "Fällig": "Bestätigung fällig",
        "Wird gelesen": "In Prüfung",
        "Zurück": "Bitte überarbeiten",
        "Frisch": "Veröffentlicht",
        "Unter uns": "Nur für Akteure",
        "Lange still": "Früherer Eintrag",
        "Geendet": "Früherer Eintrag",
        "Versteckt": "Ausgeblendet",
    }
    assert "Stimmt noch" in rows["Fällig"][2]
    assert "Wieder aufnehmen" in rows["Lange still"][2]
    assert "Neues Ende eintragen" in rows["Geendet"][2], "without one, it does not come back"
    assert "/aktivitaeten/frisch/" in page.links
    assert rows["Wird gelesen"][2] == "Sie müssen nichts tun."
    assert "Bitte den Ort nennen." in page.main.text
    assert page.one("h1").text == "Unsere Aktivitäten"
    assert "Petra Nowak" in page.main.text
    assert page.problems == []


def test_what_is_due_asks_for_its_word_while_somebody_changes_it(konto: Client, actor: Actor) -> None:
    activity = make_activity("Fällig", actor=actor, confirmed_at=timezone.now() - timedelta(days=185))
    write(konto, f"/konto/aktivitaeten/{activity.pk}/", title="Neuer Titel")
    text = main_of(konto.get("/konto/"))
    assert "Bitte bestätigen (1)" in text
    assert "In Arbeit (1)" in text
    assert "öffentlich bleibt die bisherige Fassung" in text


def test_who_speaks_for_nobody_yet_is_led_to_an_organisation() -> None:
    client = browser(make_user())
    page = Page.of(client.get("/konto/"))
    assert page.one("h1").text == "Ihr Konto"
    assert "/konto/akteure/neu/" in page.links
    assert client.get("/konto/aktivitaeten/neu/")["Location"] == "/konto/akteure/"


def test_answers_of_staff_stand_on_the_start_page() -> None:
    user = make_user()
    client = browser(user)
    fields = {"kind": "network", "contact_email": "a@a.example", "second_email": "b@a.example", "reason": "Ich."}
    joining.found(user, name="Wartend", **fields)
    declined = joining.found(user, name="Zu klein", **fields)
    joining.decline_actor(declined, reason="Das ist ein Betrieb.")
    joining.claim(user, make_actor("Offen"), reason="Ich bin es.")
    wanted = joining.claim(user, make_actor("Unbekannt"), reason="Ich bin es.")
    joining.decline_claim(wanted, reason="Niemand kennt Sie dort.", by=None)
    text = main_of(client.get("/konto/"))
    for words in ("„Wartend“ wartet auf die Freischaltung", "Das ist ein Betrieb.", "Niemand kennt Sie dort."):
        assert words in text
    assert "Ihre Anfrage zu „Offen“ liegt uns vor" in text


def test_the_start_page_asks_the_database_as_often_for_one_entry_as_for_many(
    konto: Client, actor: Actor, owner: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert konto.get("/konto/").status_code == 200
        return len(captured)

    def more() -> None:
        make_revision(make_activity(actor=actor))
        make_activity(actor=actor, confirmed_at=timezone.now() - timedelta(days=185))
        cooperating.ask(make_member_actor(), activity=make_activity(actor=actor), text="Zusammen?", by=owner)
        other = make_actor()
        make_member(other, owner)

    more()
    queries()
    before = queries()
    for _ in range(4):
        more()
    assert queries() == before


def make_member_actor() -> Actor:
    sender = make_actor()
    make_member(sender)
    return sender


# ---------------------------------------------------------------- writing


def test_an_entry_is_begun_saved_handed_over_sent_back_and_approved(konto: Client, actor: Actor, owner: User) -> None:
    page = Page.of(konto.get("/konto/aktivitaeten/neu/"))
    assert page.problems == []
    response = konto.post("/konto/aktivitaeten/neu/", {"title": "Halbtag: Rüsten ohne Suchen", "entwurf": "1"})
    activity = Activity.objects.get()
    assert response["Location"] == f"/konto/aktivitaeten/{activity.pk}/", "a title is enough for a draft"
    assert (activity.actor, activity.state) == (actor, "draft")
    response = konto.post(response["Location"], {"title": "Halbtag: Rüsten ohne Suchen", "abgeben": "1"})
    assert response.status_code == 422
    assert "In einem Satz: Bitte füllen Sie dieses Feld aus." in main_of(response)
    branch = make_branch("Metall")
    response = write(konto, response.request["PATH_INFO"], branches=["metall"], abgeben="1")
    assert response["Location"] == "/konto/"
    revision = Revision.objects.get()
    assert (revision.state, revision.author) == ("submitted", owner)
    page = Page.of(konto.get(f"/konto/aktivitaeten/{activity.pk}/"))
    assert "Wir lesen gerade" in page.main.text
    assert not page.main.all("textarea")

    review.send_back(revision, reason="Bitte den Ort nennen & den Preis.", by=None)
    page = Page.of(konto.get(f"/konto/aktivitaeten/{activity.pk}/"))
    assert "Bitte den Ort nennen & den Preis." in page.main.text
    assert page.one("input", name="title")["value"] == WRITTEN["title"]
    assert [box["value"] for box in page.all("input", name="branches") if "checked" in box] == [branch.slug]
    write(konto, f"/konto/aktivitaeten/{activity.pk}/", branches=["metall"], area="Südwestfalen", abgeben="1")
    review.approve(Revision.objects.get(), by=None)
    activity.refresh_from_db()
    assert (activity.title, activity.area, activity.state) == (WRITTEN["title"], "Südwestfalen", "published")
    assert list(activity.branches.all()) == [branch]


def test_a_change_leaves_the_public_entry_as_it_is(konto: Client, actor: Actor) -> None:
    activity = make_activity("Öffentlicher Titel", actor=actor)
    before = snapshot(activity)
    path = f"/konto/aktivitaeten/{activity.pk}/"
    write(konto, path, title="Neuer Titel", change_note="Neuer Titel", abgeben="1")
    activity.refresh_from_db()
    assert snapshot(activity) == before
    revision = Revision.objects.get()
    assert (revision.state, revision.title, revision.change_note) == ("submitted", "Neuer Titel", "Neuer Titel")
    response = write(konto, path, title="Noch neuer")
    assert response.status_code == 422
    assert "wird gerade geprüft" in main_of(response)
    konto.post(f"{path}zurueckziehen/")
    write(konto, path, title="Noch neuer")
    assert Revision.objects.get().title == "Noch neuer"
    konto.post(f"{path}verwerfen/")
    assert Revision.objects.get().state == "withdrawn"


def test_two_people_who_write_one_entry_do_not_lose_each_others_text(konto: Client, actor: Actor) -> None:
    other = browser(make_member(actor, make_user("kollege@kammer.example")))
    path = write(konto)["Location"]
    mine, theirs = (Page.of(client.get(path)).one("input", name="seen")["value"] for client in (konto, other))
    write(other, path, title="Vom Kollegen", seen=theirs)

    response = write(konto, path, title="Von mir", seen=mine)

    assert response.status_code == 422
    assert "hat jemand anders diesen Eintrag gespeichert" in main_of(response)
    page = Page.of(response)
    assert page.one("input", name="title")["value"] == "Von mir"
    assert Revision.objects.get().title == "Vom Kollegen"
    assert write(konto, path, title="Von mir", seen=page.one("input", name="seen")["value"]).status_code == 302
    assert Revision.objects.get().title == "Von mir"


def test_what_became_public_meanwhile_is_not_written_over_unseen(konto: Client, actor: Actor) -> None:
    Actor.objects.update(is_trusted=True)
    activity = make_activity("Öffentlich", actor=actor)
    path = f"/konto/aktivitaeten/{activity.pk}/"
    before = Page.of(konto.get(path)).one("input", name="seen")["value"]
    write(konto, path, title="Schon neu", seen=before, abgeben="1")

    response = write(konto, path, title="Noch der alte", seen=before, abgeben="1")

    assert response.status_code == 422
    activity.refresh_from_db()
    assert activity.title == "Schon neu"


def test_what_a_trusted_organisation_hands_over_is_public_at_once(konto: Client, actor: Actor) -> None:
    Actor.objects.update(is_trusted=True)
    response = write(konto, abgeben="1")
    assert "ist veröffentlicht" in main_of(konto.get(response["Location"]))
    assert Activity.objects.public().get().title == WRITTEN["title"]


def test_who_waits_for_approval_is_offered_drafts_only_until_the_day_of_approval(konto: Client, actor: Actor) -> None:
    Actor.objects.update(state="waiting")
    page = Page.of(konto.get("/konto/aktivitaeten/neu/"))
    assert not page.all("button", name="abgeben")
    assert "„Kammer & Söhne“ ist noch nicht freigeschaltet." in page.main.text
    path = write(konto)["Location"]
    assert not Page.of(konto.get(path)).all("button", name="abgeben")
    Actor.objects.update(state="approved")
    assert Page.of(konto.get(path)).one("button", name="abgeben")


@pytest.mark.parametrize("fields", [{}, {"summary": "", "kind": ""}])
def test_what_is_handed_over_before_approval_stays_as_a_draft(
    konto: Client, actor: Actor, fields: Mapping[str, Any]
) -> None:
    Actor.objects.update(state="waiting")
    response = write(konto, abgeben="1", **fields)
    path = f"/konto/aktivitaeten/{Activity.objects.get().pk}/"
    assert response["Location"] == path
    revision = Revision.objects.get()
    assert (revision.state, revision.title) == ("draft", WRITTEN["title"])
    page = Page.of(konto.get(path))
    assert "ist als Entwurf gespeichert." in page.main.text
    assert "Abgeben können Sie ihn, sobald „Kammer & Söhne“ freigeschaltet ist." in page.main.text
    assert page.one("input", name="title")["value"] == WRITTEN["title"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": "x" * 10_000}, "Bitte kürzen Sie: höchstens 120 Zeichen, es sind 10000."),
        ({"description": "x" * 10_000}, "Bitte kürzen Sie: höchstens 6000 Zeichen"),
        ({"url": "javascript:alert(1)"}, "die mit https:// oder http:// beginnt"),
        ({"url": "ftp://kammer.example/x"}, "die mit https:// oder http:// beginnt"),
        ({"url": "JaVaScRiPt://%0aalert(1)"}, "die mit https:// oder http:// beginnt"),
        ({"url": "data:text/html,<script>"}, "die mit https:// oder http:// beginnt"),
        ({"branches": ["gibt-es-nicht"]}, "Das steht nicht zur Wahl."),
        ({"branches": ["1' OR 1=1 --"]}, "Das steht nicht zur Wahl."),
        ({"kind": "empire"}, "Art"),
        ({"target_groups": ["everybody"]}, "Für wen"),
        ({"valid_from": "morgen"}, "Bitte geben Sie einen Tag ein"),
        ({"valid_from": "2097-02-01", "valid_until": "2097-01-01"}, "„Bis“ muss nach „Ab“ liegen."),
        ({"contact_person": "Frau Berg"}, "nur mit ihrer Einwilligung"),
        ({"contact_email": "keine Adresse"}, "noch keine ganze E-Mail-Adresse"),
        ({"title": "mit \x00 Null"}, "Titel"),
        ({"title": "   "}, "Bitte füllen Sie dieses Feld aus."),
    ],
)
@pytest.mark.parametrize("button", ["entwurf", "abgeben"])
def test_bad_input_is_refused_at_its_field_and_kept(
    konto: Client, fields: Mapping[str, Any], words: str, button: str
) -> None:
    response = konto.post("/konto/aktivitaeten/neu/", WRITTEN | fields | {"access": "Anruf genügt", button: "1"})
    assert response.status_code == 422
    page = Page.of(response)
    assert words in page.one("div", id="fehler").text
    assert page.title.startswith("Fehler:")
    assert page.one("input", name="access")["value"] == "Anruf genügt"
    assert not Activity.objects.exists()


@pytest.mark.parametrize(
    ("fields", "beside"),
    [
        ({"contact_person": "Frau Berg"}, "person_agreed_on"),
        ({"valid_from": "2097-02-01", "valid_until": "2097-01-01"}, "valid_until"),
    ],
)
def test_a_rule_across_fields_is_told_once_beside_the_field_that_mends_it(
    konto: Client, fields: Mapping[str, Any], beside: str
) -> None:
    page = Page.of(write(konto, **fields))
    assert [link["href"] for link in page.one("div", id="fehler").all("a")] == [f"#id_{beside}"]
    assert not page.one("div", id="fehler").all("p")
    assert page.one("input", name=beside)["aria-invalid"] == "true"


def test_an_own_mark_is_used_once(konto: Client, actor: Actor) -> None:
    make_activity(actor=actor, external_id="A-1")
    assert write(konto, external_id="A-1").status_code == 422
    other = make_activity(external_id="A-2")
    assert other.actor != actor
    assert write(konto, external_id="A-2").status_code == 302


def test_script_in_every_field_stays_text(konto: Client, actor: Actor) -> None:
    attack = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    texts = (
        "title",
        "summary",
        "description",
        "area",
        "cost_note",
        "language",
        "access",
        "contact_phone",
        "external_id",
    )
    fields = {name: attack[: Activity._meta.get_field(name).max_length] for name in texts}
    assert write(konto, **fields).status_code == 302
    pk = Activity.objects.get().pk
    for path in ("/konto/", f"/konto/aktivitaeten/{pk}/", f"/konto/aktivitaeten/{pk}/vorschau/"):
        page = Page.of(konto.get(path))
        assert all("src" in script for script in page.all("script")), path
        assert not page.main.all("img"), path
        assert attack in page.main.text or attack in {field["value"] for field in page.all("input")}, path


def test_what_is_no_field_of_the_form_cannot_be_set(konto: Client, actor: Actor) -> None:
    other = make_actor("Andere")
    loot = {"state": "published", "published_at": "2020-01-01", "expires_at": "2030-01-01", "slug": "gekapert"}
    loot |= {"actor": str(other.pk), "actor_id": str(other.pk), "akteur": other.slug, "is_trusted": "on"}
    loot |= {"confirmed_at": "2030-01-01", "source_url": "https://boese.example/", "merged_into": "1", "pk": "1"}
    write(konto, **loot)
    activity = Activity.objects.get()
    assert (activity.actor, activity.state, activity.published_at) == (actor, "draft", None)
    assert (activity.expires_at, activity.confirmed_at, activity.source_url) == (None, None, "")
    assert activity.slug != "gekapert"
    assert set(Revision.objects.get().data) == set(FIELDS)

    values = {"contact_email": "a@kammer.example", "second_email": "b@kammer.example", "summary": "Neu."}
    konto.post(f"/konto/akteure/{actor.slug}/profil/", values | loot | {"name": "Gekapert", "kind": "other"})
    actor.refresh_from_db()
    assert (actor.name, actor.slug, actor.state, actor.is_trusted, actor.kind) == (
        *("Kammer & Söhne", "kammer-soehne", "approved", False, "chamber"),
    )
    assert actor.summary == "Neu."


# ---------------------------------------------------------------- while writing


def test_similar_entries_of_others_are_shown_with_what_they_share(konto: Client, actor: Actor) -> None:
    branch = make_branch("Metall")
    town = make_municipality()
    theirs = make_activity(
        "Rüsten ohne Suchen, ein Halbtag",
        actor=make_actor("Hochschule"),
        branches=(branch,),
        districts=(town.district,),
    )
    make_activity("Rüsten ohne Suchen bei uns", actor=actor, branches=(branch,))
    make_activity("Rüsten geheim", actor=make_actor(), branches=(branch,), state=State.DRAFT, published_at=None)
    make_activity("Ganz anderes Thema", kind="funding", target_groups=["trainees"])
    write(konto, branches=["metall"], districts=[town.district.key])
    draft = Activity.objects.get(changed_at=None, actor=actor)
    page = Page.of(konto.get(f"/konto/aktivitaeten/{draft.pk}/"))
    note = page.one("div", role="note")
    assert "Rüsten ohne Suchen, ein Halbtag , Hochschule" in note.text or "Hochschule" in note.text
    assert "Gemeinsam: Beratung, Metall, Führungskräfte, Märkischer Kreis" in note.text
    assert "bei uns" not in note.text
    assert "geheim" not in note.text
    assert "Ganz anderes" not in note.text
    assert f"/konto/kooperation/{theirs.slug}/" in page.links


def test_what_is_missing_is_said_to_the_owner(konto: Client, actor: Actor) -> None:
    write(konto, branches=[], access="Anruf genügt")
    page = Page.of(konto.get(f"/konto/aktivitaeten/{Activity.objects.get().pk}/"))
    assert (
        "4 von 9: Es fehlen die Beschreibung, die Phase, das Thema, das Gebiet und die Internetadresse."
        in page.main.text
    )


def test_a_request_is_relayed_without_addresses_and_answered_once(konto: Client, actor: Actor, owner: User) -> None:
    other = make_actor("Hochschule & Co")
    theirs = make_member(other, make_user("prof@hochschule.example"))
    activity = make_activity("Rüstlabor", actor=other)
    page = Page.of(konto.get(f"/konto/kooperation/{activity.slug}/"))
    assert other.contact_email not in page.html
    konto.post(f"/konto/kooperation/{activity.slug}/", {"text": "Wollen wir's zusammen machen?"})
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to) == ("kooperation-anfrage", other.contact_email)
    assert mail.subject == "Anfrage zur Zusammenarbeit von Kammer & Söhne"
    assert "Wollen wir's zusammen machen?" in mail.text
    assert owner.email not in mail.text
    assert actor.contact_email not in mail.text
    request = Cooperation.objects.get()
    path = f"/konto/kooperationen/{request.pk}/"
    assert path in mail.text

    receiver = browser(theirs)
    assert path in Page.of(receiver.get("/konto/")).links
    assert konto.post(path, {"text": "Ich antworte mir selbst"}).status_code == 404
    assert receiver.post(path, {"text": " "}).status_code == 422
    receiver.post(path, {"text": "Gern, am Dienstag."})
    answer = OutgoingMail.objects.get(kind="kooperation-antwort")
    assert answer.to == actor.contact_email
    assert "Gern, am Dienstag." in answer.text
    assert theirs.email not in answer.text
    assert receiver.post(path, {"text": "Noch etwas."}).status_code == 422
    assert "Gern, am Dienstag." in main_of(konto.get(path))
    assert browser(make_member(make_actor())).get(path).status_code == 404


def test_whoever_has_no_account_answers_by_the_mailed_link(konto: Client, actor: Actor, owner: User) -> None:
    other = make_actor("Hochschule & Co")
    make_member(other, make_user("weg@hochschule.example", is_active=False))
    activity = make_activity("Rüstlabor", actor=other)
    page = Page.of(konto.get(activity.get_absolute_url()))
    assert f"/konto/kooperation/{activity.slug}/" in page.links
    konto.post(f"/konto/kooperation/{activity.slug}/", {"text": "Wollen wir's zusammen machen?"})
    mail = OutgoingMail.objects.get()
    assert mail.to == other.contact_email
    text = full_text(mail)
    assert owner.email not in text and actor.contact_email not in text
    [path] = re.findall(r"/konto/anfrage/\S+", text)
    assert path not in mail.text, "the stored text opens nothing"

    visitor = PortalClient()
    response = visitor.get(path)
    assert response["Cache-Control"] == "private, no-store"
    assert "Wollen wir's zusammen machen?" in main_of(response)
    assert owner.email not in response.content.decode() and actor.contact_email not in response.content.decode()
    assert visitor.post(path, {"text": " "}).status_code == 422
    assert "weitergeleitet" in main_of(visitor.post(path, {"text": "Gern, am Dienstag."}, follow=True))
    assert visitor.post(path, {"text": "Noch etwas."}).status_code == 422
    answer = OutgoingMail.objects.get(kind="kooperation-antwort")
    assert (answer.to, "Gern, am Dienstag." in answer.text) == (actor.contact_email, True)
    assert other.contact_email not in answer.text
    request = Cooperation.objects.get()
    for wrong in (make_token("actors.invitation", request.pk, 1), make_token(cooperating.PURPOSE, request.pk, 2)):
        assert PortalClient(raise_request_exception=False).get(f"/konto/anfrage/{wrong}/").status_code == 404
    request.delete()
    assert PortalClient(raise_request_exception=False).get(path).status_code == 404


def test_nobody_is_asked_who_cannot_answer_and_requests_are_limited(konto: Client, actor: Actor) -> None:
    lonely = make_activity("Ohne Postfach", actor=make_actor(contact_email=""))
    for page in ("/aktivitaeten/", lonely.get_absolute_url()):
        assert "Zusammenarbeit anfragen" not in main_of(konto.get(page)), page
    assert konto.get(f"/konto/kooperation/{lonely.slug}/").status_code == 404
    assert konto.post(f"/konto/kooperation/{lonely.slug}/", {"text": "Hallo"}).status_code == 404
    own = make_activity("Eigener", actor=actor)
    assert konto.post(f"/konto/kooperation/{own.slug}/", {"text": "Hallo"}).status_code == 422
    other = make_actor()
    make_member(other)
    activity = make_activity(actor=other)
    statuses = [konto.post(f"/konto/kooperation/{activity.slug}/", {"text": "Hallo"}).status_code for _ in range(11)]
    assert statuses == [302] * 10 + [422]


def test_a_draft_with_a_mistake_comes_back_under_the_same_labels(konto: Client, actor: Actor) -> None:
    def labels(response: HttpResponse) -> list[str]:
        main = Page.of(response).main
        return [label.text for tag in ("label", "legend") for label in main.all(tag)]

    response = write(konto, summary="", kind="", valid_until="irgendwann")
    assert response.status_code == 422
    assert labels(response) == labels(konto.get("/konto/aktivitaeten/neu/"))
    assert "In einem Satz" in labels(response)
    assert write(konto, summary="", kind="").status_code == 302


def test_what_is_voluntary_is_called_so_once(konto: Client, actor: Actor) -> None:
    main = Page.of(konto.get("/konto/aktivitaeten/neu/")).main
    [own_mark] = [
        field for field in main.all("div", **{"class": "field"}) if field.text.startswith("Eigenes Kennzeichen")
    ]
    assert own_mark.text.lower().count("freiwillig") == 1


def test_what_is_over_is_not_handed_over_and_may_stay_a_draft(konto: Client, actor: Actor) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    over = {"valid_until": yesterday.isoformat()}
    response = konto.post("/konto/aktivitaeten/neu/", WRITTEN | {"abgeben": "1"} | over)
    assert response.status_code == 422
    assert "Dieser Tag ist vorbei." in Page.of(response).one("div", id="id_valid_until_error").text
    assert not Activity.objects.exists()
    assert write(konto, **over).status_code == 302
    path = f"/konto/aktivitaeten/{Activity.objects.get().pk}/"
    today = {
        "valid_until": timezone.localdate().isoformat(),
        "seen": Page.of(konto.get(path)).one("input", name="seen")["value"],
    }
    assert konto.post(path, WRITTEN | {"abgeben": "1"} | today).status_code == 302
    assert Revision.objects.get().state == "submitted"


# ---------------------------------------------------------------- steps


def test_an_entry_is_confirmed_singly_or_with_all_others(konto: Client, actor: Actor) -> None:
    old = timezone.now() - timedelta(days=190)
    first, *others = [make_activity(actor=actor, confirmed_at=old) for _ in range(3)]
    foreign = make_activity(confirmed_at=old)
    konto.post(f"/konto/aktivitaeten/{first.pk}/bestaetigen/")
    assert Activity.objects.filter(confirmed_at__gt=old).count() == 1
    response = konto.post(f"/konto/akteure/{actor.slug}/bestaetigen/", follow=True)
    assert "2 Einträge sind bestätigt" in main_of(response)
    assert Activity.objects.filter(confirmed_at__gt=old).count() == 1 + len(others)
    foreign.refresh_from_db()
    assert foreign.confirmed_at == old


def test_hiding_never_waits_and_one_button_brings_it_back(konto: Client, actor: Actor) -> None:
    activity = make_activity(actor=actor)
    konto.post(f"/konto/aktivitaeten/{activity.pk}/ausblenden/")
    assert not Activity.objects.public().exists()
    konto.post(f"/konto/aktivitaeten/{activity.pk}/wieder-aufnehmen/")
    assert Activity.objects.public().get() == activity
    konto.post(f"/konto/aktivitaeten/{activity.pk}/beenden/")
    assert Activity.objects.former().get() == activity
    assert "Früherer Eintrag" in main_of(konto.get("/konto/"))
    konto.post(f"/konto/aktivitaeten/{activity.pk}/wieder-aufnehmen/")
    assert Activity.objects.public().get() == activity


def test_a_step_that_does_not_go_is_explained(konto: Client, actor: Actor) -> None:
    activity = make_activity(actor=actor, valid_until=timezone.localdate() - timedelta(days=1))
    response = konto.post(f"/konto/aktivitaeten/{activity.pk}/bestaetigen/", follow=True)
    assert "Das Angebot endete am" in main_of(response)
    response = konto.post(f"/konto/aktivitaeten/{activity.pk}/zurueckziehen/", follow=True)
    assert "Hier ist nichts offen." in main_of(response)
    assert konto.post(f"/konto/aktivitaeten/{activity.pk}/sprengen/").status_code == 404


def test_the_preview_shows_what_is_written_and_changes_nothing(konto: Client, actor: Actor) -> None:
    activity = make_activity("Öffentlich", actor=actor)
    write(konto, f"/konto/aktivitaeten/{activity.pk}/", title="Geschrieben", description="Erster Absatz.")
    text = main_of(konto.get(f"/konto/aktivitaeten/{activity.pk}/vorschau/"))
    assert "Geschrieben" in text
    assert "Erster Absatz." in text
    activity.refresh_from_db()
    assert activity.title == "Öffentlich"


# ---------------------------------------------------------------- organisations and people


FOUNDING = {
    "name": "Netzwerk Lenne",
    "kind": "network",
    "contact_email": "post@netzwerk.example",
    "second_email": "chefin@netzwerk.example",
    "reason": "Ich leite das Netzwerk.",
}


def test_an_organisation_is_founded_by_the_form_and_doubles_are_asked_about() -> None:
    user = make_user()
    client = browser(user)
    make_actor("Netzwerk Ruhr")
    assert "Netzwerk Ruhr" in main_of(client.get("/konto/akteure/?q=netzwerk"))
    response = client.post("/konto/akteure/neu/", FOUNDING)
    assert response.status_code == 422
    assert "/konto/akteure/netzwerk-ruhr/vertreten/" in Page.of(response).links
    assert not Actor.objects.filter(name="Netzwerk Lenne").exists()
    page = Page.of(response)
    assert page.title.startswith("Organisation anmelden"), "a question is no mistake"
    form = page.one("form", action="/konto/akteure/neu/")
    assert {button["name"] for button in form.all("button")} == {"trotzdem"}, "no button asks the same question again"
    wrong = client.post("/konto/akteure/neu/", FOUNDING | {"reason": "", "trotzdem": "1"})
    assert Page.of(wrong).one("form", action="/konto/akteure/neu/").one("button")["name"] == "trotzdem"
    response = client.post("/konto/akteure/neu/", FOUNDING | {"trotzdem": "1"}, follow=True)
    assert "„Netzwerk Lenne“ ist angemeldet." in main_of(response)
    founded = Actor.objects.of(user).get()
    assert (founded.state, founded.second_email) == ("waiting", "chefin@netzwerk.example")


def test_a_choice_not_yet_made_says_so() -> None:
    page = Page.of(browser(make_user()).get("/konto/akteure/neu/"))
    assert page.one("select", name="kind").all("option")[0].text == "Bitte wählen"


def test_founding_with_one_mailbox_twice_is_refused_with_all_input_kept() -> None:
    client = browser(make_user())
    response = client.post("/konto/akteure/neu/", FOUNDING | {"second_email": "Post@Netzwerk.example"})
    page = Page.of(response)
    assert response.status_code == 422
    assert "andere Adresse als das Funktionspostfach" in page.main.text
    assert page.one("textarea", name="reason").text == "Ich leite das Netzwerk."
    assert not Actor.objects.exists()


def test_somebody_asks_to_speak_for_a_listed_organisation(actor: Actor) -> None:
    user = make_user()
    client = browser(user)
    path = f"/konto/akteure/{actor.slug}/vertreten/"
    assert client.post(path, {"reason": " "}).status_code == 422
    client.post(path, {"reason": "Ich leite das Referat."})
    assert Claim.objects.get().reason == "Ich leite das Referat."
    assert "liegt uns schon vor" in main_of(client.post(path, {"reason": "Noch einmal."}))
    for state in ("waiting", "declined", "former"):
        hidden = make_actor(state=state, decline_reason="Nein.", left_at=timezone.now())
        assert client.get(f"/konto/akteure/{hidden.slug}/vertreten/").status_code == 404


def test_owners_invite_change_roles_hand_over_and_remove(konto: Client, actor: Actor, owner: User) -> None:
    people = f"/konto/akteure/{actor.slug}/personen/"
    konto.post(people, {"email": "neu@kammer.example", "role": "editor"})
    assert Invitation.objects.get().email == "neu@kammer.example"
    assert "neu@kammer.example" in main_of(konto.get(people))
    konto.post(f"/konto/akteure/{actor.slug}/einladungen/{Invitation.objects.get().pk}/")
    assert "neu@kammer.example" not in main_of(konto.get(people))
    editor = make_member(actor, role="editor")
    member, own = Membership.objects.get(user=editor), Membership.objects.get(user=owner)
    response = konto.post(f"{people}{own.pk}/", {"tun": "remove"}, follow=True)
    assert "sonst niemand verantwortlich" in main_of(response)
    konto.post(f"{people}{member.pk}/", {"tun": "hand-over"})
    assert set(Membership.objects.values_list("user", "role")) == {(owner.pk, "editor"), (editor.pk, "owner")}
    assert konto.post(people, {"email": "noch@kammer.example", "role": "owner"}).status_code == 404
    assert konto.post(f"{people}{own.pk}/", {"tun": "remove"})["Location"] == "/konto/"
    assert konto.get(people).status_code == 404


def test_a_new_mailbox_ends_the_links_that_the_old_one_got(konto: Client, actor: Actor) -> None:
    values = {"contact_email": "neu@kammer.example", "second_email": actor.second_email}
    before = actor.confirm_version
    konto.post(f"/konto/akteure/{actor.slug}/profil/", values)
    actor.refresh_from_db()
    assert (actor.contact_email, actor.confirm_version) == ("neu@kammer.example", before + 1)
    konto.post(f"/konto/akteure/{actor.slug}/profil/", values | {"summary": "Neu."})
    actor.refresh_from_db()
    assert actor.confirm_version == before + 1


def test_a_profile_saved_late_brings_nothing_back(actor: Actor, owner: User) -> None:
    """What staff or colleagues did between reading and saving stays."""
    values = {
        "contact_email": "post@kammer.example",
        "second_email": "zwei@kammer.example",
        "summary": "Neu im Register.",
    }
    waiting = make_actor("Verein", state=Actor.State.WAITING, approved_at=None)
    forms = {row.pk: ProfileForm(values, instance=row) for row in (actor, waiting)}
    assert all(form.is_valid() for form in forms.values())

    joining.approve_actor(waiting, by=None)
    joining.describe(waiting, form=forms[waiting.pk])
    joining.leave_register(Actor.objects.get(pk=actor.pk), by=owner, erase=True)
    with pytest.raises(Refused, match="hat das Register verlassen"):
        joining.describe(actor, form=forms[actor.pk])

    approved, left = Actor.objects.get(pk=waiting.pk), Actor.objects.get(pk=actor.pk)
    assert (approved.state, approved.summary) == ("approved", "Neu im Register.")
    assert (left.state, left.contact_email) == ("former", "")


def test_leaving_asks_for_a_choice_and_a_tick(konto: Client, actor: Actor) -> None:
    path = f"/konto/akteure/{actor.slug}/austritt/"
    for data in ({}, {"way": "erase"}, {"sure": "on"}, {"way": "burn", "sure": "on"}):
        assert konto.post(path, data).status_code == 422
    assert konto.post(path, {"way": "note", "sure": "on"})["Location"] == "/konto/"
    actor.refresh_from_db()
    assert actor.state == "former"
    assert konto.get(path).status_code == 404


@pytest.mark.parametrize("way", ["note", "erase"])
def test_leaving_does_what_its_words_say(konto: Client, actor: Actor, way: str) -> None:
    person = {"contact_person": "Mara Bergmann-Canary", "person_agreed_on": timezone.localdate()}
    activity = make_activity("Rüstlabor", actor=actor, contact_phone="02331 555-0199", **person)
    path = f"/konto/akteure/{actor.slug}/austritt/"
    assert "Ihre Einträge stehen danach unter „Frühere Einträge“" in main_of(konto.get(path))
    konto.post(path, {"way": way, "sure": "on"})
    text = OutgoingMail.objects.get().text
    assert "steht jetzt unter „Frühere Einträge“" in text and "Ihr Konto besteht weiter." in text
    assert ("mit dem Hinweis „ehemals“" in text, "löschen wir am" in text) == (way == "note", way == "erase")
    assert "Rüstlabor" in main_of(konto.get("/aktivitaeten/?stand=frueher"))
    for page in (activity.get_absolute_url(), actor.get_absolute_url()):
        shown = PortalClient().get(page).content.decode()
        assert "Bergmann-Canary" not in shown and "555-0199" not in shown, page
    assert konto.get("/konto/daten/").status_code == 200


def test_who_was_never_public_reads_nothing_of_former_entries(konto: Client, actor: Actor) -> None:
    Actor.objects.update(state="waiting", approved_at=None)
    path = f"/konto/akteure/{actor.slug}/austritt/"
    assert "Frühere Einträge" not in Page.of(konto.get(path)).main.one("p", **{"class": "lead"}).text
    konto.post(path, {"way": "note", "sure": "on"})
    text = OutgoingMail.objects.get().text
    assert ("Frühere Einträge" in text, "löschen wir am" in text) == (False, True)


def test_own_data_is_a_file_with_nobody_elses(konto: Client, actor: Actor) -> None:
    make_member(actor, make_user("kollege@kammer.example"), role="editor")
    write(konto)
    konto.post(f"/konto/akteure/{actor.slug}/personen/", {"email": "gast@kammer.example", "role": "editor"})
    response = konto.get("/konto/daten/meine-daten.json")
    data = response.json()
    assert 'filename="meine-daten.json"' in response["Content-Disposition"]
    assert data["konto"]["e_mail"] == "petra@kammer.example"
    assert data["organisationen"][0]["name"] == "Kammer & Söhne"
    assert data["geschrieben"][0]["inhalt"]["title"] == WRITTEN["title"]
    assert data["einladungen_verschickt"][0]["an"] == "gast@kammer.example"
    assert "kollege@kammer.example" not in response.content.decode()
    said = main_of(konto.get("/konto/daten/"))
    assert "Alles, was im Register über Sie steht" in said
    assert "Anmeldungen zu Dialogen, sagen wir Ihnen auf Anfrage" in said


def test_an_account_is_deleted_by_its_password_only(actor: Actor) -> None:
    make_member(actor)
    user = make_member(actor, make_user("geht@kammer.example", password=PASSWORD))
    client = browser(user)
    response = client.post("/konto/daten/konto-loeschen/", {"password": "falsch"}, follow=True)
    assert "Das ist nicht Ihr Passwort." in main_of(response)
    assert client.post("/konto/daten/konto-loeschen/", {"password": PASSWORD})["Location"] == "/konto/geloescht/"
    assert not User.objects.filter(pk=user.pk).exists()
    assert client.get("/konto/").status_code == 302
    assert "Ihr Konto ist gelöscht" in main_of(client.get("/konto/geloescht/"))


def test_an_open_session_is_no_place_to_guess_the_password_in(konto: Client) -> None:
    statuses = [konto.post("/konto/daten/konto-loeschen/", {"password": "falsch"}).status_code for _ in range(21)]
    assert statuses == [302] * 20 + [429]


# ---------------------------------------------------------------- out of reach


def test_nothing_of_another_organisation_can_be_reached_or_changed(konto: Client, owner: User) -> None:
    """Every address of the account with a foreign organisation, entry, person, invitation and request in it."""
    other = make_actor("Andere")
    theirs = make_member(other)
    activity = make_activity("Fremd", actor=other)
    make_revision(activity)
    draft = review.draft(other, by=theirs)
    review.write(draft, data={"title": "Fremder Entwurf"}, by=theirs)
    hidden = make_activity("Fremd versteckt", actor=other, state=State.DRAFT)
    invitation = joining.invite(other, email="x@andere.example", role="editor", by=theirs)
    request = cooperating.ask(other, activity=make_activity(actor=make_member_actor()), text="Zusammen?", by=theirs)
    member = Membership.objects.get(user=theirs)
    steps = ("zurueckziehen", "verwerfen", "ausblenden", "beenden", "wieder-aufnehmen", "bestaetigen")
    paths = [
        *(f"/konto/akteure/andere/{page}/" for page in ("profil", "personen", "austritt", "bestaetigen")),
        f"/konto/akteure/andere/personen/{member.pk}/",
        f"/konto/akteure/andere/einladungen/{invitation.pk}/",
        f"/konto/akteure/kammer-soehne/personen/{member.pk}/",
        f"/konto/akteure/kammer-soehne/einladungen/{invitation.pk}/",
        *(f"/konto/aktivitaeten/{row.pk}/{page}" for row in (activity, draft, hidden) for page in ("", "vorschau/")),
        *(f"/konto/aktivitaeten/{row.pk}/{step}/" for row in (activity, draft, hidden) for step in steps),
        f"/konto/kooperationen/{request.pk}/",
        f"/konto/kooperation/{hidden.slug}/",
        f"/konto/kooperation/{draft.slug}/",
        "/konto/aktivitaeten/neu/?akteur=andere",
        f"/konto/kooperation/{activity.slug}/?akteur=andere",
        "/konto/akteure/gibt-es-nicht/profil/",
        "/konto/aktivitaeten/999999/",
    ]
    before = rows_of(other)
    data = WRITTEN | {"tun": "remove", "way": "erase", "sure": "on", "email": "ich@boese.example", "role": "owner"}
    data |= {"text": "Hallo", "abgeben": "1", "contact_email": "a@boese.example", "second_email": "b@boese.example"}
    for path in paths:
        assert konto.get(path).status_code in {404, 405}, path
        assert konto.post(path, data).status_code in {404, 405}, path
    assert rows_of(other) == before
    assert len(paths) >= 35


def rows_of(actor: Actor) -> list[Any]:
    kept = Actor.objects.filter(pk=actor.pk), Activity.objects.filter(actor=actor), actor.memberships.all()
    more = actor.invitations.all(), Revision.objects.filter(activity__actor=actor), Cooperation.objects.all()
    return [list(rows.order_by("pk").values()) for rows in (*kept, *more)]


def test_an_editor_does_not_do_what_owners_do(actor: Actor, owner: User) -> None:
    client = browser(make_member(actor, role="editor"))
    people = f"/konto/akteure/{actor.slug}/personen/"
    assert client.get(people).status_code == 200
    assert client.post(people, {"email": "x@kammer.example", "role": "owner"}).status_code == 404
    assert client.get(f"/konto/akteure/{actor.slug}/austritt/").status_code == 404
    client.post(f"{people}{Membership.objects.get(user=owner).pk}/", {"tun": "remove"})
    for member in Membership.objects.all():
        client.post(f"{people}{member.pk}/", {"tun": "owner"})
    assert sorted(Membership.objects.values_list("role", flat=True)) == ["editor", "owner"]
    assert write(client).status_code == 302, "but writes"


def test_a_disabled_account_is_out_at_once(konto: Client, actor: Actor, owner: User) -> None:
    activity = make_activity(actor=actor)
    assert konto.get("/konto/").status_code == 200
    User.objects.filter(pk=owner.pk).update(is_active=False)
    for path in ("/konto/", f"/konto/aktivitaeten/{activity.pk}/", "/konto/daten/meine-daten.json"):
        assert konto.get(path)["Location"].startswith("/konto/anmelden/"), path
    konto.post(f"/konto/aktivitaeten/{activity.pk}/ausblenden/")
    assert Activity.objects.public().get() == activity


def test_nobody_speaks_for_an_organisation_that_left(konto: Client, actor: Actor) -> None:
    activity = make_activity(actor=actor)
    asked = Cooperation.objects.create(sender=make_actor(), receiver=actor, text="Machen wir etwas zusammen?")
    pages = [
        f"/konto/akteure/{actor.slug}/profil/",
        f"/konto/aktivitaeten/{activity.pk}/",
        f"/konto/kooperationen/{asked.pk}/",
    ]
    assert [konto.get(path).status_code for path in pages] == [200, 200, 200]
    Actor.objects.filter(pk=actor.pk).update(state="former", left_at=timezone.now())
    assert [konto.get(path).status_code for path in pages] == [404, 404, 404]
    assert konto.get("/konto/aktivitaeten/neu/")["Location"] == "/konto/akteure/"


def test_nothing_of_the_account_is_kept_or_indexed(konto: Client, actor: Actor) -> None:
    activity = make_activity(actor=actor)
    write(konto, f"/konto/aktivitaeten/{activity.pk}/", title="Neu")
    slug = actor.slug
    pages = [
        *("/konto/", "/konto/akteure/", "/konto/akteure/neu/", "/konto/aktivitaeten/neu/", "/konto/daten/"),
        *(f"/konto/akteure/{slug}/{page}/" for page in ("profil", "personen", "austritt", "vertreten")),
        *(f"/konto/aktivitaeten/{activity.pk}/{page}" for page in ("", "vorschau/")),
    ]
    for path in pages:
        response = konto.get(path)
        assert "no-store" in response["Cache-Control"], path
        page = Page.of(response)
        assert page.problems == [], path
        assert page.one("meta", name="robots")["content"] == "noindex", path
        assert Page.of(PortalClient().get(path, follow=True)).one("h1").text == "Anmelden", path


# ---------------------------------------------------------------- which mails come


def test_a_person_sees_which_mails_come_and_gets_requests_too_where_wanted(
    konto: PortalClient, owner: User, actor: Actor
) -> None:
    path = "/konto/benachrichtigungen/"
    assert path in Page.of(konto.get("/konto/")).links
    page = konto.get(path)
    assert "lassen sich nicht abschalten" in main_of(page)
    assert f'value="{actor.slug}" checked' not in page.content.decode()

    asking = make_actor("Netzwerk")
    asker = browser(make_member(asking))
    activity = make_activity(actor=actor)
    for chosen, expected in (
        ({}, [actor.contact_email]),
        ({"actors": actor.slug}, [actor.contact_email, owner.email]),
        ({}, [actor.contact_email]),
    ):
        assert konto.post(path, chosen)["Location"] == path
        OutgoingMail.objects.all().delete()
        assert asker.post(f"/konto/kooperation/{activity.slug}/", {"text": "Zusammen?"}).status_code == 302
        assert [mail.to for mail in OutgoingMail.objects.filter(kind="kooperation-anfrage").order_by("pk")] == expected

    konto.post(path, {"actors": actor.slug})
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert actor.relay_addresses() == [actor.contact_email], "a switched-off account gets nothing"


def test_nobody_subscribes_to_requests_of_a_foreign_organisation(konto: PortalClient, owner: User) -> None:
    foreign, left = make_actor("Fremde Kammer"), make_actor("Alte Kammer", state="former", left_at=timezone.now())
    make_member(foreign)
    make_member(left, owner)
    assert konto.post("/konto/benachrichtigungen/", {"actors": "\x00"}).status_code == 422
    for slug in (foreign.slug, left.slug, "gibt-es-nicht"):
        response = konto.post("/konto/benachrichtigungen/", {"actors": slug})
        assert (response.status_code, "sprechen Sie nicht" in response.content.decode()) == (422, True), slug
    assert not Membership.objects.filter(gets_requests=True).exists()
