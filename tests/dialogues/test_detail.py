"""The page of one dialogue: before it, when it is moved or cancelled, and afterwards."""

import json
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from icalendar import Calendar

from dialogues.models import AgendaItem, Agreement, Dialogue, DialoguePicture, Host, Outcome
from platform_mark.publishing import versions
from platform_mark.publishing.models import State
from tests.actors.make import make_actor
from tests.databases import put_the_databases_clock_a_day_ahead
from tests.dialogues.make import in_days, make_dialogue, make_feedback, make_registration, make_report
from tests.make import DAY, make_branch, make_document, make_image, make_municipality, make_practice
from tests.markup import Page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def opened(client: Client, dialogue: Dialogue) -> Page:
    response = client.get(dialogue.get_absolute_url())
    assert response.status_code == 200
    return Page.of(response)


def facts(page: Page) -> dict[str, str]:
    plate = page.main.one("dl", class_="facts")
    return {term.text: value.text for term, value in zip(plate.all("dt"), plate.all("dd"), strict=True)}


def event(page: Page) -> dict[str, Any]:
    """The Event that the page describes to search engines."""
    found = [json.loads(script.text) for script in page.all("script", type="application/ld+json")]
    [only] = [data for data in found if data["@type"] == "Event"]
    return only


def rich(**fields: Any) -> Dialogue:
    dialogue = make_dialogue(
        "Rüsten ohne Suchen",
        branches=[make_branch("Metall")],
        practices=[make_practice("Einrichtekarte"), make_practice("Noch ein Entwurf", state=State.DRAFT)],
        **{
            "municipality": make_municipality("Altena"),
            "street": "Probegasse 12",
            "postal_code": "58762",
            "directions": "Bahnhof Altena",
            "accessibility": "Stufenlos",
            "for_whom": "Einrichterinnen",
            "contact_phone": "02331 12345",
            "contact_email": "dialoge@portal.test",
            **fields,
        },
    )
    AgendaItem.objects.create(dialogue=dialogue, starts_at=time(16, 0), title="Ankommen", detail="Kaffee")
    AgendaItem.objects.create(
        dialogue=dialogue, order=1, title="Rundgang", person="Mara Hellweg, Fertigungsleiterin", person_agreed=True
    )
    AgendaItem.objects.create(dialogue=dialogue, order=2, title="Ende", person="Unbekannte Person")
    Host.objects.create(dialogue=dialogue, actor=make_actor("Kammer am Fluss", is_fictitious=True))
    Host.objects.create(dialogue=dialogue, order=1, role=Host.Role.PARTNER, name="Hochschule <nebenan>")
    return dialogue


@time_machine.travel(datetime(2026, 11, 25, 9, tzinfo=UTC), tick=False)
def test_everything_that_invites_stands_there(client: Client) -> None:
    page = opened(client, rich(signup_closes_at=in_days(6, 18)))
    found = facts(page)
    assert found["Wann"] == "Mittwoch, 9. Dezember 2026, 16 bis 19 Uhr"
    assert "Probegasse 12" in found["Wo"]
    assert "58762 Altena" in found["Wo"]
    assert found["Zugang"] == "Stufenlos"
    assert found["Anmelden bis"].startswith("Dienstag, 1.")
    main = page.main.text
    for words in (
        "Einrichterinnen",
        "16:00 Ankommen",
        "Kaffee",
        "Kammer am Fluss",
        "Hochschule <nebenan>",
        "Einrichtekarte",
        "02331 12345",
        "dialoge@portal.test",
        "Beispielakteur",
    ):
        assert words in main, words
    assert page.main.one("a", class_="button full")["href"] == "/dialoge/ruesten-ohne-suchen/anmelden/"
    assert "Noch ein Entwurf" not in main


def test_people_are_named_only_where_they_agreed(client: Client) -> None:
    main = opened(client, rich()).main.text
    assert "Mara Hellweg" in main
    assert "Unbekannte Person" not in main


def test_the_link_to_take_part_online_is_nowhere_public(client: Client) -> None:
    dialogue = make_dialogue("Online", seats=0, online_seats=9, online_link="https://raum.example/geheim")
    for address in (dialogue.get_absolute_url(), f"{dialogue.get_absolute_url()}termin.ics", "/dialoge/termine.ics"):
        assert "raum.example" not in client.get(address).content.decode(), address
    assert facts(opened(client, dialogue))["Wo"].startswith("Online")


def test_the_event_for_search_engines_says_what_the_page_says(client: Client) -> None:
    data = event(opened(client, rich()))
    assert data["name"] == "Rüsten ohne Suchen"
    assert data["startDate"] == timezone.localtime(in_days(14)).isoformat(timespec="minutes")
    assert data["eventStatus"] == "https://schema.org/EventScheduled"
    assert data["eventAttendanceMode"] == "https://schema.org/OfflineEventAttendanceMode"
    assert data["location"][0]["address"]["streetAddress"] == "Probegasse 12"
    assert data["organizer"] == [{"@type": "Organization", "name": "Kammer am Fluss"}]
    assert "previousStartDate" not in data


def test_what_is_typed_cannot_end_the_script_of_the_event(client: Client) -> None:
    dialogue = make_dialogue("Böse", teaser="</script><script>alert(1)</script>", venue="<!--")
    text = client.get(dialogue.get_absolute_url()).content.decode()
    assert "<script>alert" not in text
    assert event(opened(client, dialogue))["description"] == "</script><script>alert(1)</script>"


def test_a_moved_dialogue_says_from_when(client: Client) -> None:
    dialogue = make_dialogue("Verlegt", moved_from=in_days(7))
    page = opened(client, dialogue)
    assert "Neuer Termin:" in page.main.text
    assert "verlegt, ursprünglich" in facts(page)["Wann"]
    data = event(page)
    assert data["eventStatus"] == "https://schema.org/EventRescheduled"
    assert data["previousStartDate"] == timezone.localtime(in_days(7)).isoformat(timespec="minutes")


def test_a_cancelled_dialogue_says_why_and_offers_no_sign_up(client: Client) -> None:
    dialogue = make_dialogue("Aus", cancelled_at=timezone.now(), cancel_reason="Die Halle steht unter Wasser.")
    page = opened(client, dialogue)
    assert "Dieser Dialog findet nicht statt. Die Halle steht unter Wasser." in page.main.text
    assert page.title.startswith("Abgesagt: Aus")
    assert [link for link in page.main.all("a") if "anmelden" in link["href"]] == []
    assert event(page)["eventStatus"] == "https://schema.org/EventCancelled"


@pytest.mark.parametrize(
    ("seats", "online", "mode", "places"),
    [
        (9, 0, "Offline", ["Place"]),
        (0, 9, "Online", ["VirtualLocation"]),
        (9, 9, "Mixed", ["Place", "VirtualLocation"]),
    ],
)
def test_the_mode_of_attendance_follows_the_form(
    client: Client, seats: int, online: int, mode: str, places: list[str]
) -> None:
    data = event(opened(client, make_dialogue(seats=seats, online_seats=online)))
    assert data["eventAttendanceMode"] == f"https://schema.org/{mode}EventAttendanceMode"
    assert [place["@type"] for place in data["location"]] == places


# ---------------------------------------------------------------- calendar


def entries(response: Any) -> list[Any]:
    return list(Calendar.from_ical(response.content).walk("VEVENT"))


def test_the_date_can_be_taken_into_a_calendar(client: Client) -> None:
    dialogue = make_dialogue("Mit Äöü", calendar_sequence=3)
    response = client.get("/dialoge/mit-aeoeue/termin.ics")
    [entry] = entries(response)
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert entry["UID"].startswith(f"dialog-{dialogue.pk}@")
    assert (entry["SUMMARY"], entry["SEQUENCE"]) == ("Mit Äöü", 3)
    assert entry.decoded("DTSTART") == dialogue.starts_at


def test_the_file_of_a_cancelled_dialogue_takes_it_out_of_the_calendar(client: Client) -> None:
    make_dialogue("Aus", cancelled_at=timezone.now(), cancel_reason="Sturm", calendar_sequence=1)
    response = client.get("/dialoge/aus/termin.ics")
    assert Calendar.from_ical(response.content)["METHOD"] == "CANCEL"
    [entry] = entries(response)
    assert entry["STATUS"] == "CANCELLED"


@pytest.mark.parametrize(
    ("start", "utc"),
    [
        ("2027-03-27 16:00", datetime(2027, 3, 27, 15, tzinfo=UTC)),
        ("2027-03-29 16:00", datetime(2027, 3, 29, 14, tzinfo=UTC)),
        ("2027-10-30 16:00", datetime(2027, 10, 30, 14, tzinfo=UTC)),
        ("2027-11-01 16:00", datetime(2027, 11, 1, 15, tzinfo=UTC)),
        ("2026-12-31 22:00", datetime(2026, 12, 31, 21, tzinfo=UTC)),
    ],
)
@time_machine.travel(datetime(2026, 11, 25, 9, tzinfo=UTC), tick=False)
def test_times_are_right_on_both_sides_of_the_clock_changes(client: Client, start: str, utc: datetime) -> None:
    starts_at = timezone.make_aware(datetime.fromisoformat(start))
    dialogue = make_dialogue("Zeit", starts_at=starts_at)
    page = opened(client, dialogue)
    assert ("16 bis 19 Uhr" if "16:00" in start else "22 Uhr bis Freitag, 1. Januar, 1 Uhr") in facts(page)["Wann"]
    [entry] = entries(client.get("/dialoge/zeit/termin.ics"))
    assert entry.decoded("DTSTART") == utc
    assert datetime.fromisoformat(event(page)["startDate"]) == utc


def test_the_feed_holds_what_comes_and_what_was_just_there_and_keeps_the_filter(client: Client) -> None:
    metal = make_branch("Metall")
    make_dialogue("Kommt", branches=[metal])
    make_dialogue("Andere")
    make_dialogue("Gerade gewesen", starts_at=in_days(-30), branches=[metal])
    make_dialogue("Lange her", starts_at=in_days(-200), branches=[metal])
    make_dialogue("Fällt aus", branches=[metal], cancelled_at=timezone.now(), cancel_reason="Sturm")
    found = {str(entry["SUMMARY"]): entry for entry in entries(client.get("/dialoge/termine.ics?branche=metall"))}
    assert set(found) == {"Kommt", "Gerade gewesen", "Fällt aus"}
    assert found["Fällt aus"]["STATUS"] == "CANCELLED"
    assert len(entries(client.get("/dialoge/termine.ics"))) == 4
    assert entries(client.get("/dialoge/termine.ics?branche=gibt-es-nicht")) == []


def test_the_atom_feed_names_the_newest_first(client: Client) -> None:
    metal = make_branch("Metall & Draht")
    make_dialogue("Älter", branches=[metal], published_at=timezone.now() - 9 * DAY)
    make_dialogue("Neuer", branches=[metal], teaser="Heat & Co's <Ofen>")
    make_dialogue("Andere")
    response = client.get("/dialoge/neu.atom?branche=metall-draht")
    text = response.content.decode()
    assert response["Content-Type"].startswith("application/atom+xml")
    assert text.index("<title>Neuer</title>") < text.index("<title>Älter</title>")
    assert "Heat &amp; Co's &lt;Ofen&gt;" in text
    assert "Andere" not in text
    assert "<title>Branchendialoge: Metall &amp; Draht</title>" in text


# ---------------------------------------------------------------- addresses


def test_an_old_address_leads_to_the_new_one(client: Client) -> None:
    dialogue = make_dialogue("Neuer Titel")
    versions.remember_address(dialogue, "alter-titel")
    response = client.get("/dialoge/alter-titel/")
    assert (response.status_code, response["Location"]) == (301, "/dialoge/neuer-titel/")
    Dialogue.objects.update(state=State.DRAFT)
    assert client.get("/dialoge/alter-titel/").status_code == 404


def test_a_draft_is_seen_by_its_secret_link_alone(client: Client) -> None:
    dialogue = make_dialogue("Entwurf", state=State.DRAFT, published_at=None)
    Dialogue.objects.update(starts_at=None, ends_at=None, date_note="Mai 2017, Tag nicht genannt")
    assert client.get("/dialoge/entwurf/").status_code == 404
    assert client.get("/dialoge/entwurf/termin.ics").status_code == 404
    token = versions.open_preview(dialogue)
    response = client.get(f"/dialoge/vorschau/{token}/")
    page = Page.of(response)
    assert facts(page)["Wann"] == "Mai 2017, Tag nicht genannt"
    assert "Vorschau, noch nicht veröffentlicht." in page.main.text
    assert page.all("script", type="application/ld+json") == []
    assert (response["Referrer-Policy"], response["X-Robots-Tag"]) == ("no-referrer", "noindex, nofollow")
    assert "no-store" in response["Cache-Control"]
    versions.close_preview(dialogue)
    assert client.get(f"/dialoge/vorschau/{token}/").status_code == 404
    assert client.get("/dialoge/vorschau/x.y/").status_code == 404


# ---------------------------------------------------------------- afterwards


def documented(**fields: Any) -> Dialogue:
    dialogue = make_dialogue("Gewesen", starts_at=in_days(-20), **fields)
    make_report(dialogue, participants=27, companies=14)
    for kind, text in (("thesis", "Ein Zettel bleibt."), ("need", "Ein Muster."), ("result", "Sechs probieren es.")):
        Outcome.objects.create(dialogue=dialogue, kind=kind, text=text)
    Agreement.objects.create(dialogue=dialogue, text="Muster bereitstellen", owner="Hochschule", state="kept")
    Agreement.objects.create(
        dialogue=dialogue, order=1, text="Rahmenvertrag", owner="Werkstatt", state="dropped", reason="Zu verschieden."
    )
    return dialogue


def test_the_report_tells_what_came_of_it(client: Client) -> None:
    page = opened(client, documented())
    main = page.main.text
    for words in (
        "Nachbericht",
        "27 Menschen waren dabei",
        "14 Betriebe",
        "die Tafel",
        "Ein Zettel bleibt.",
        "Ein Muster.",
        "Sechs probieren es.",
        "Muster bereitstellen",
        "erledigt",
        "aufgegeben",
        "Zu verschieden.",
    ):
        assert words in main, words
    assert page.main.one("a", class_="button full")["href"] == "#nachbericht"


def test_nothing_of_a_report_is_told_before_it_is_published_or_of_a_cancelled_dialogue(client: Client) -> None:
    dialogue = documented()
    dialogue.report.published_at = None
    dialogue.report.save()
    main = opened(client, dialogue).main.text
    assert "Der Nachbericht folgt." in main
    assert "die Tafel" not in main
    assert "Ein Zettel bleibt." not in main
    dialogue.report.published_at = timezone.now()
    dialogue.report.save()
    Dialogue.objects.update(cancelled_at=timezone.now(), cancel_reason="Sturm")
    assert "die Tafel" not in opened(client, dialogue).main.text


def test_files_are_shown_by_their_visibility(client: Client) -> None:
    dialogue = documented()
    for visibility in ("public", "participants"):
        document = make_document(f"Folien {visibility}")
        dialogue.documents.create(document=document, visibility=visibility)
        picture = make_image(alt=f"Bild {visibility}")
        DialoguePicture.objects.create(dialogue=dialogue, image=picture, caption=visibility, visibility=visibility)
    over = make_image(alt="Rechte vorbei", rights_until=timezone.localdate() - DAY)
    DialoguePicture.objects.create(dialogue=dialogue, image=over)
    page = opened(client, dialogue)
    assert "Folien public" in page.main.text
    assert "Folien participants" not in page.main.text
    assert [image["alt"] for image in page.main.all("img")] == ["Bild public"]


def test_a_picture_goes_when_its_rights_end_without_a_restart(client: Client) -> None:
    dialogue = documented()
    picture = make_image(alt="Nur noch heute", rights_until=timezone.localdate())
    DialoguePicture.objects.create(dialogue=dialogue, image=picture)
    assert opened(client, dialogue).main.all("img")
    put_the_databases_clock_a_day_ahead()
    assert not opened(client, dialogue).main.all("img")


def test_the_answers_of_four_are_not_shown_and_those_of_five_are(client: Client) -> None:
    dialogue = documented()
    make_feedback(dialogue, 4)
    assert "Rückmeldungen" not in opened(client, dialogue).main.text
    make_feedback(dialogue, 1, was_useful=2, comment="Bitte nicht öffentlich")
    main = opened(client, dialogue).main.text
    assert "5 Rückmeldungen" in main
    assert "Hat Ihnen der Dialog genützt? 4 von 5" in main
    assert "Passte er zu Ihrem Betrieb? 5 von 5" in main
    assert "Werden Sie etwas davon umsetzen? 0 von 5" in main
    assert "Bitte nicht öffentlich" not in main


def test_queries_are_few_and_do_not_grow_with_the_parts(client: Client) -> None:
    dialogue = rich(starts_at=in_days(-20))
    make_report(dialogue)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(dialogue.get_absolute_url()).status_code == 200
        return len(captured)

    queries()
    before = queries()
    for number in range(4):
        make_registration(dialogue)
        AgendaItem.objects.create(dialogue=dialogue, title=f"Punkt {number}")
        Host.objects.create(dialogue=dialogue, actor=make_actor())
        Agreement.objects.create(dialogue=dialogue, text="Etwas", actor=make_actor())
        Outcome.objects.create(dialogue=dialogue, kind="need", text="Etwas")
        dialogue.documents.create(document=make_document())
        DialoguePicture.objects.create(dialogue=dialogue, image=make_image())
        dialogue.practices.add(make_practice())
        make_feedback(dialogue, 3)
    assert queries() == before <= 4
