"""The page of an entry and of an organisation, the list of organisations, and addresses that have changed."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from actors import joining, review
from actors.models import Activity, Actor
from actors.snapshot import EMPTY
from dialogues.models import Dialogue, Host
from platform_mark.publishing import versions
from platform_mark.publishing.models import State
from platform_mark.slugs import german_slug
from tests.actors.make import fill_register, make_activity, make_actor, make_member
from tests.make import DAY, make_branch
from tests.markup import Page

pytestmark = pytest.mark.django_db


def json_ld(page: Page) -> list[dict[str, object]]:
    return [json.loads(script.text) for script in page.all("script", type="application/ld+json")]


def test_an_entry_shows_what_it_is_for_whom_and_how_to_get_it(client: Client) -> None:
    made = fill_register().rich

    page = Page.of(client.get(made.get_absolute_url()))

    facts = dict(zip((dt.text for dt in page.all("dt")), (dd.text for dd in page.all("dd")), strict=True))
    assert facts["Größe"] == "kleinst bis klein" and facts["Für wen"] == "Auszubildende, Führungskräfte"
    assert facts["Kosten"].startswith("kostenlos") and facts["Läuft"] == f"bis {made.valid_until:%d.%m.%Y}"
    assert facts["Akteur"] == "Kammer & Söhne für Öl, Draht und Handel Beispielakteur"
    assert "Petra Muster" in page.main.text and "Anruf genügt." in page.main.text
    today = timezone.localdate()
    assert f"Zuletzt bestätigt am {today:%d.%m.%Y} von der Organisation" in page.main.text
    assert f"Zuletzt geändert am {today:%d.%m.%Y}" in page.main.text


def test_one_branch_is_spoken_of_as_one(client: Client) -> None:
    activity = make_activity(branches=(make_branch("Handel"),), target_groups=[])

    assert "Für Betriebe der Branche Handel," in Page.of(client.get(activity.get_absolute_url())).main.text


def test_what_search_engines_read_names_the_service_and_no_person(client: Client) -> None:
    made = fill_register().rich

    service, crumbs = json_ld(Page.of(client.get(made.get_absolute_url())))

    assert service["@type"] == "Service" and service["name"] == made.title
    assert service["provider"]["name"] == made.actor.name  # type: ignore[index]
    assert crumbs["@type"] == "BreadcrumbList"
    assert "Muster" not in json.dumps(service)


def test_the_public_history_names_fields_and_no_private_ones(client: Client) -> None:
    made = fill_register().rich

    history = Page.of(client.get(made.get_absolute_url())).main.one("section", aria_labelledby="verlauf")

    assert "Organisation: Jetzt auch im Ennepe-Ruhr-Kreis" in history.text
    assert "Ansprechperson" not in history.text and "Petra" not in history.text


def test_a_person_without_consent_is_refused_and_the_role_mailbox_is_shown(client: Client) -> None:
    made = make_activity(actor=make_actor(contact_email="digital@kammer.example"))

    page = Page.of(client.get(made.get_absolute_url()))

    assert [a["href"] for a in page.main.all("a") if a["href"].startswith("mailto:")] == [
        "mailto:digital@kammer.example"
    ]


def test_facts_from_public_sources_say_so(client: Client) -> None:
    made = fill_register().unconfirmed

    text = Page.of(client.get(made.get_absolute_url())).main.text

    assert "Aus öffentlichen Quellen, vom Akteur nicht bestätigt." in text
    assert "Zuletzt bestätigt am" not in text


def test_a_former_entry_keeps_its_page_with_a_notice(client: Client) -> None:
    made = fill_register().former

    response = client.get(made.get_absolute_url())

    page = Page.of(response)
    assert response.status_code == 200 and "Früherer Eintrag." in page.main.text
    assert f"Das Angebot endete am {made.valid_until:%d.%m.%Y}." in page.main.text
    assert [meta["content"] for meta in page.all("meta", name="robots")] == ["noindex, follow"]


def test_what_is_not_public_has_no_page(client: Client) -> None:
    hidden = [
        make_activity(state=State.DRAFT, published_at=None),
        make_activity(published_at=timezone.now() + DAY),
        make_activity(actor=make_actor(state="waiting", approved_at=None)),
        make_activity(actor=make_actor(state="declined", decline_reason="Doppelt", approved_at=None)),
    ]

    assert [client.get(activity.get_absolute_url()).status_code for activity in hidden] == [404] * 4


def test_an_old_address_leads_to_the_present_one_and_a_deleted_entry_is_gone(client: Client) -> None:
    made, gone = make_activity("Neuer Name"), make_activity("Bald weg")
    versions.remember_address(made, "alter-name")
    versions.bury(gone)
    gone.delete()

    response = client.get("/aktivitaeten/alter-name/")
    assert response.status_code == 301 and response["Location"] == made.get_absolute_url()
    response = client.get("/aktivitaeten/bald-weg/")
    assert response.status_code == 410 and "Diesen Eintrag gibt es nicht mehr" in Page.of(response).main.text
    assert client.get("/aktivitaeten/gab-es-nie/").status_code == 404


def test_what_an_organisation_had_deleted_is_known_as_gone(client: Client) -> None:
    activity = make_activity("Sprechtag")
    never = make_activity("Nie öffentlich", actor=activity.actor, state=State.DRAFT, published_at=None)
    owner = make_member(activity.actor)
    with time_machine.travel(timezone.now() + DAY, tick=False):
        joining.leave_register(activity.actor, by=owner, erase=True)
    with time_machine.travel(timezone.now() + 32 * DAY, tick=False):
        assert joining.erase_left() == 1

    paths = [activity.actor.get_absolute_url(), activity.get_absolute_url(), never.get_absolute_url()]
    assert [client.get(path).status_code for path in paths] == [410, 410, 404]


def test_a_title_that_is_a_word_of_the_portals_own_addresses_gets_a_page_all_the_same(client: Client) -> None:
    staff_made = review.draft(make_actor(), by=None)
    revision = review.write(
        staff_made, data={**EMPTY, "title": "Matrix", "summary": "Kurz.", "kind": "advice"}, by=None
    )
    review.approve(review.submit(revision, by=None), by=None)

    path = Activity.objects.get(title="Matrix").get_absolute_url()
    assert path == "/aktivitaeten/matrix-2/"
    assert Page.of(client.get(path)).one("h1").text == "Matrix"


def test_an_old_address_does_not_lead_to_what_is_hidden_now(client: Client) -> None:
    made = make_activity(state=State.DRAFT, published_at=None)
    versions.remember_address(made, "alter-name")

    assert client.get("/aktivitaeten/alter-name/").status_code == 404


def test_similar_entries_say_what_they_share(client: Client) -> None:
    metal = make_branch("Metall")
    made = make_activity("Beratung Metall", branches=(metal,), kind="advice", target_groups=["managers"])
    make_activity("Noch eine Beratung", branches=(metal,), kind="advice", target_groups=["managers"])
    make_activity("Ganz anderes", kind="advice")
    make_activity("Plan unter Akteuren", branches=(metal,), visibility="actors")

    section = Page.of(client.get(made.get_absolute_url())).main.one("section", aria_labelledby="aehnlich")

    [row] = section.one("tbody").all("tr")
    assert row.one("a").text == "Noch eine Beratung"
    assert "gleiche Branche, gleiche Art, gleiche Zielgruppe" in row.text


# ---------------------------------------------------------------- organisations


def test_organisations_stand_in_german_order_under_their_letters(client: Client) -> None:
    for name in ("Zunft", "Öffentliche Hand", "Ohm-Schule", "Arbeitgeber", "Ärztekammer", "3D-Netzwerk"):
        make_actor(name)
    make_actor("Wartet", state="waiting", approved_at=None)
    make_actor("Ging", state="former", left_at=timezone.now())

    page = Page.of(client.get("/akteure/"))

    letters = [h2.text for h2 in page.main.all("h2")]
    assert letters == ["0–9", "A", "O", "Z", "Ehemals dabei"]
    names = [row.one("a").text for body in page.main.all("tbody") for row in body.all("tr")]
    assert names == ["3D-Netzwerk", "Ärztekammer", "Arbeitgeber", "Öffentliche Hand", "Ohm-Schule", "Zunft"]
    assert "Wartet" not in page.main.text


def test_many_organisations_come_in_pages_and_every_letter_leads_to_its_own(client: Client) -> None:
    for number in range(60):
        make_actor(f"Amt {number:03}", kind="other")
        make_actor(f"Verband {number:03}")
    make_actor("Beirat")
    make_actor("Chor")
    make_actor("Ging", state="former", left_at=timezone.now())

    first, second = Page.of(client.get("/akteure/")), Page.of(client.get("/akteure/?seite=2"))

    names = [
        [row.one("a").text for body in page.main.all("tbody") for row in body.all("tr")] for page in (first, second)
    ]
    assert [len(each) for each in names] == [80, 42] and sorted(names[0] + names[1]) == names[0] + names[1]
    letters = {a.text: a["href"] for a in second.main.one("nav", aria_label="Buchstaben").all("a")}
    assert letters == {"A": "?#b-A", "B": "?#b-B", "C": "?#b-C", "V": "?#b-V"}
    assert "Ehemals dabei" in second.main.text and "Ehemals dabei" not in first.main.text
    assert "122 Organisationen" in first.main.text and "122 Organisationen" in second.main.text
    assert client.get("/akteure/?seite=<b>&art=sonstige").status_code == 200


def test_organisations_of_one_kind(client: Client) -> None:
    make_actor("Hochschule am Fluss", kind="university")
    make_actor("Kammer")

    page = Page.of(client.get("/akteure/?art=hochschule-und-forschung"))
    assert "Hochschule am Fluss" in page.main.text and "1 von 2 Organisationen." in page.main.text
    assert [row.one("a").text for row in page.main.one("tbody").all("tr")] == ["Hochschule am Fluss"]
    assert "Diese Art kennen wir nicht: <b>" in Page.of(client.get("/akteure/?art=<b>")).main.text


def test_an_organisation_shows_its_entries_and_what_they_cover(client: Client) -> None:
    metal = make_branch("Metall")
    actor = make_actor("Kammer")
    make_activity("Beratung", actor=actor, branches=(metal,), kind="advice")
    make_activity("Kurs für alle", actor=actor, kind="training")
    make_activity("Entwurf", actor=actor, state=State.DRAFT, published_at=None)
    make_activity("Von anderen")

    page = Page.of(client.get(actor.get_absolute_url()))

    assert page.one("h2", id="liste-h").text == "2 Aktivitäten"
    matrix = page.main.one("table", class_="matrix")
    assert [a["aria-label"] for a in matrix.all("a")] == ["Metall, Beratung: 1", "für alle Branchen, Qualifizierung: 1"]
    assert "Alle Einträge bestätigt" in page.main.text
    assert "Entwurf" not in page.main.text and "Von anderen" not in page.main.text


def test_an_organisation_shows_the_dialogues_it_hosted(client: Client) -> None:
    actor = make_actor("Kammer")
    now = timezone.now()
    for title, fields in {
        "Was das Werkzeug weiß": {"state": State.PUBLISHED, "published_at": now},
        "Noch geheim": {"state": State.DRAFT},
    }.items():
        dialogue = Dialogue.objects.create(
            title=title,
            slug=german_slug(title),
            teaser="Drei Betriebe zeigen es.",
            venue="Halle 2",
            starts_at=now + 14 * DAY,
            ends_at=now + 15 * DAY,
            **fields,
        )
        Host.objects.create(dialogue=dialogue, actor=actor)

    page = Page.of(client.get(actor.get_absolute_url()))

    assert "Was das Werkzeug weiß" in page.main.text and "Noch geheim" not in page.main.text
    assert "Dialoge mit diesem Akteur" not in Page.of(client.get(make_actor().get_absolute_url())).main.text


def test_a_former_organisation_keeps_its_page_and_a_merged_one_leads_on(client: Client) -> None:
    actor = make_actor("Bleibt")
    former = make_actor("Ging", state="former", left_at=timezone.now())
    merged = make_actor("Doppelt", merged_into=actor)

    page = Page.of(client.get(former.get_absolute_url()))
    assert "Ehemals dabei." in page.main.text and former.contact_email not in page.main.text
    response = client.get(merged.get_absolute_url())
    assert (response.status_code, response["Location"]) == (301, actor.get_absolute_url())
    for state in ("waiting", "declined"):
        hidden = make_actor(state=state, approved_at=None, decline_reason="Doppelt")
        assert client.get(hidden.get_absolute_url()).status_code == 404


def test_the_second_address_is_never_public(client: Client) -> None:
    actor = make_actor(second_email="leitung@kammer.example")
    made = make_activity(actor=actor)

    for path in (actor.get_absolute_url(), made.get_absolute_url(), "/akteure/", "/aktivitaeten/liste.json"):
        assert "leitung@kammer.example" not in client.get(path).getvalue().decode(), path


def test_home_and_branch_pages_know_the_register(client: Client) -> None:
    metal = make_branch("Metall")
    make_activity(branches=(metal,), kind="advice")
    make_activity(
        kind="training", confirmed_at=timezone.now() - timedelta(days=181), published_at=timezone.now() - 300 * DAY
    )
    make_activity(visibility="actors", kind="network")

    home = Page.of(client.get("/")).main.one("section", aria_labelledby="akt")
    assert [b.text.replace("\xa0", " ") for b in home.all("b")] == ["2", "50 %"]
    rows = {row.one("th").text: [td.text for td in row.all("td")] for row in home.one("tbody").all("tr")}
    assert rows["Beratung"] == ["1", "0"] and rows["Qualifizierung"] == ["1", "1"] and rows["Netzwerk"] == ["0", "1"]
    branch = Page.of(client.get(metal.get_absolute_url())).main.one("section", aria_labelledby="angebote")
    rows = {row.one("th").text: [td.text for td in row.all("td")] for row in branch.one("tbody").all("tr")}
    assert rows["Beratung"][0].startswith("1 ") and rows["Beratung"][1] == "–"
    assert rows["Qualifizierung"][0] == "fehlt" and rows["Qualifizierung"][1].startswith("1 ")
    assert Actor.objects.count() == 3
