"""The list of dialogues as a company uses it: by month, by its boxes, chips and periods, and as the table of one month."""

import re
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dialogues.filters import PAGE_SIZE
from dialogues.models import Dialogue, Registration
from platform_mark.publishing.models import State
from platform_mark.taxonomy.models import Branch, Municipality
from tests.dialogues.make import in_days, make_dialogue, make_registration, make_report
from tests.make import DAY, make_branch, make_document, make_municipality
from tests.markup import Page

pytestmark = pytest.mark.django_db

LIST = "/dialoge/"
MORNING = datetime(2026, 11, 25, 9, tzinfo=UTC)


def asked(client: Client, query: str = "", **values: object) -> Page:
    """The list for one question, which must be answered with 200."""
    address = f"{LIST}?{query or urlencode(values, doseq=True)}"
    response = client.get(address)
    assert response.status_code == 200, address
    return Page.of(response)


def titles(page: Page) -> list[str]:
    """What was found, in the order of the page; what is merely near does not count."""
    if "Kein Dialog" in page.one("p", id="treffer").text:
        return []
    return [card.one("h3").text for card in page.main.all("article")]


def past_titles(page: Page) -> list[str]:
    return [row.one("a").text for row in page.main.all("th", scope="row")]


def chips(page: Page) -> list[str]:
    return [
        chip.text.removeprefix("Filter entfernen: ")
        for area in page.main.all("ul", class_="chips")
        for chip in area.all("a")
        if chip.text.startswith("Filter entfernen: ")
    ]


def counts(page: Page, facet: str) -> dict[str, int]:
    """What each box says it would show."""
    found = {}
    for label in page.main.all("label"):
        if inputs := label.all("input", type="checkbox", name=facet):
            found[inputs[0]["value"]] = int(re.findall(r"\d+", label.one("span", class_="count").text)[0])
    return found


@time_machine.travel(MORNING, tick=False)
def test_coming_dialogues_stand_under_their_months_the_next_one_first(client: Client) -> None:
    make_dialogue("Im Januar", starts_at=in_days(50))
    make_dialogue("Morgen", starts_at=in_days(1))
    make_dialogue("Im Dezember", starts_at=in_days(10))
    page = asked(client)
    assert titles(page) == ["Morgen", "Im Dezember", "Im Januar"]
    assert [h.text for h in page.main.all("h2")][:3] == ["November 2026", "Dezember 2026", "Januar 2027"]
    assert page.one("p", id="treffer").text == "3 kommende Dialoge"


def test_a_dialogue_that_runs_now_is_still_listed_and_one_that_ended_is_not(client: Client) -> None:
    hour = timezone.timedelta(hours=1)
    now = timezone.now()
    make_dialogue("Läuft", starts_at=now - hour, ends_at=now + hour)
    make_dialogue("Vorbei", starts_at=now - 3 * hour, ends_at=now - hour)
    assert titles(asked(client)) == ["Läuft"]
    assert past_titles(asked(client, zeitraum="vergangen")) == ["Vorbei"]


def test_what_is_not_public_is_nowhere(client: Client) -> None:
    hidden = {
        "Entwurf": {"state": State.DRAFT, "published_at": None},
        "In Prüfung": {"state": State.REVIEW, "published_at": None},
        "Später": {"published_at": timezone.now() + DAY},
        "Abgelaufen": {"published_at": timezone.now() - 9 * DAY, "expires_at": timezone.now() - DAY},
        "Archiviert": {"state": State.ARCHIVED},
    }
    for title, fields in hidden.items():
        make_dialogue(title, **fields)
        make_report(make_dialogue(f"{title} und vorbei", starts_at=in_days(-9), **fields))
    make_dialogue("Zu sehen")
    for address in (
        "/dialoge/",
        "/dialoge/?zeitraum=vergangen",
        "/dialoge/?ansicht=monat",
        "/dialoge/termine.ics",
        "/dialoge/neu.atom",
        "/",
        "/sitemap.xml",
    ):
        text = client.get(address).content.decode()
        assert [title for title in hidden if title in text] == [], address
    assert titles(asked(client)) == ["Zu sehen"]


def test_seats_are_said_in_words_and_in_numbers_only_where_the_dialogue_allows_it(client: Client) -> None:
    make_registration(make_dialogue("Ungenau", seats=10), people=2)
    make_registration(make_dialogue("Genau", seats=10, shows_exact_numbers=True), people=2)
    cards = {card.one("h3").text: card for card in asked(client).main.all("article")}
    assert "Plätze frei" in cards["Ungenau"].text
    assert "10" not in cards["Ungenau"].one("div", class_="seat").text
    assert cards["Ungenau"].all("svg", class_="seats") == []
    assert "8 von 10 Plätzen frei" in cards["Genau"].text
    assert cards["Genau"].one("svg", class_="seats").one("rect", class_="on")["width"] == "20"


def test_each_state_has_its_words_and_only_open_ones_a_button(client: Client) -> None:
    make_registration(make_dialogue("Voll", seats=1))
    make_dialogue("Zu", signup_closes_at=timezone.now() - DAY)
    make_dialogue("Noch nicht", signup_opens_at=timezone.now() + DAY)
    make_dialogue("Fällt aus", cancelled_at=timezone.now(), cancel_reason="Die Halle steht unter Wasser.")
    make_dialogue("Geladen", is_by_invitation=True)
    make_dialogue("Offen")
    cards = {card.one("h3").text: card.one("div", class_="seat") for card in asked(client).main.all("article")}
    assert cards["Voll"].one("a").text == "Auf die Warteliste: Voll"
    assert cards["Offen"].one("a")["href"] == "/dialoge/offen/anmelden/"
    assert "Anmeldeschluss war am" in cards["Zu"].text
    assert "Anmeldung ab" in cards["Noch nicht"].text
    assert "Abgesagt" in cards["Fällt aus"].text
    assert "Die Halle steht unter Wasser." in cards["Fällt aus"].text
    assert "Einladung" in cards["Geladen"].text
    assert {name for name, card in cards.items() if card.all("a")} == {"Voll", "Offen"}


def test_each_filter_narrows_and_its_boxes_count(client: Client) -> None:
    metal, care = make_branch("Metall"), make_branch("Pflege")
    altena, hagen = make_municipality("Altena"), make_municipality("Hagen")
    make_dialogue("A", branches=[metal], municipality=altena, target_groups=["trainees"])
    make_dialogue("B", branches=[metal, care], municipality=hagen, target_groups=["managers"])
    make_dialogue("C", branches=[care], seats=0, online_seats=9)
    make_dialogue("D", online_seats=9, municipality=hagen)
    for query, expected in {
        "branche=metall": "AB",
        "branche=metall&branche=pflege": "ABC",
        "ort=hagen": "BD",
        "form=online": "C",
        "form=hybrid&form=online": "CD",
        "zielgruppe=auszubildende": "A",
        "branche=metall&ort=hagen": "B",
    }.items():
        assert sorted(titles(asked(client, query))) == sorted(expected), query
    page = asked(client, "branche=metall")
    assert counts(page, "branche") == {"metall": 2, "pflege": 2}
    assert counts(page, "ort") == {"altena": 1, "hagen": 1}
    assert counts(page, "form") == {"vor-ort": 2, "online": 0, "hybrid": 0}
    assert chips(page) == ["Metall"]


@time_machine.travel(MORNING, tick=False)
def test_the_period_narrows_by_word_month_and_year(client: Client) -> None:
    make_dialogue("Bald", starts_at=in_days(10))
    make_dialogue("In zwei Monaten", starts_at=in_days(60))
    make_dialogue("Im Sommer", starts_at=in_days(200))
    make_dialogue("Gewesen", starts_at=in_days(-20))
    assert titles(asked(client, zeitraum="vier-wochen")) == ["Bald"]
    assert titles(asked(client, zeitraum="drei-monate")) == ["Bald", "In zwei Monaten"]
    assert titles(asked(client, zeitraum="2026-11")) == ["Gewesen"]
    assert titles(asked(client, zeitraum="2026-12")) == ["Bald"]
    assert titles(asked(client, zeitraum="2027")) == ["In zwei Monaten", "Im Sommer"]
    assert chips(asked(client, zeitraum="2026-12")) == ["Dezember 2026"]


def test_an_unknown_value_finds_nothing_and_is_named(client: Client) -> None:
    make_dialogue("Da", branches=[make_branch("Metall")])
    for query in (
        "branche=holz",
        "ort=atlantis",
        "form=brief",
        "zielgruppe=alle",
        "zeitraum=morgen",
        "zeitraum=2026-13",
        "zeitraum=9999",
    ):
        page = asked(client, query)
        assert titles(page) == [], query
        assert query.partition("=")[2] in page.one("div", class_="notice warn").text


@pytest.mark.parametrize(
    "query",
    [
        "seite=99999999999999999999999",
        "seite=-1",
        "seite=x",
        "monat=0000-00&ansicht=monat",
        "ansicht=%F0%9F%A6%84",
        "branche=" + "x" * 3000,
        "zeitraum=%27%22%3Cb%3E",
        "ort=1&ort=2&ort=3",
        "ansicht=monat&monat=1999-12",
        "ansicht=monat&monat=2099-12",
        "ansicht=monat&monat=2000-01",
        "seite=" + "9" * 3000,
        "q=" + "x" * 3000,
        "q=%27%22%3Cb%3E%20%26%20%7C%20%21",
        "q=%F0%9F%A6%84&ansicht=monat",
    ],
)
def test_odd_input_is_answered(client: Client, query: str) -> None:
    make_dialogue()
    for path in ("/dialoge/", "/dialoge/termine.ics", "/dialoge/neu.atom"):
        assert client.get(f"{path}?{query}").status_code == 200


def test_a_character_no_text_may_hold_is_refused_in_peace(client: Client) -> None:
    for path in ("/dialoge/", "/dialoge/termine.ics", "/dialoge/neu.atom"):
        assert client.get(f"{path}?branche=x%00&zeitraum=%00").status_code in (200, 400)


def test_a_page_beyond_the_last_shows_the_last_and_the_pager_keeps_the_filters(client: Client) -> None:
    branch = make_branch("Metall")
    for number in range(PAGE_SIZE + 1):
        make_dialogue(f"Dialog {number:02}", starts_at=in_days(number + 1), branches=[branch])
    last = asked(client, branche="metall", seite=7)
    assert titles(last) == [f"Dialog {PAGE_SIZE:02}"]
    first = asked(client, branche="metall")
    assert len(titles(first)) == PAGE_SIZE
    assert "branche=metall" in first.one("a", rel="next")["href"]


def test_an_empty_list_shows_the_ways_on_and_the_nearest(client: Client) -> None:
    make_dialogue("In Altena", branches=[make_branch("Metall")], municipality=make_municipality("Altena"))
    make_branch("Pflege")
    page = asked(client, branche="pflege", ort="altena")
    assert titles(page) == []
    assert "Altena, alle Branchen: 1 Dialog" in page.main.text
    assert [card.one("h3").text for card in page.main.all("article")] == ["In Altena"]


def test_a_portal_without_any_dialogue_says_so_and_offers_the_telephone(client: Client) -> None:
    page = asked(client)
    assert "Zurzeit ist kein Dialog geplant." in page.main.text
    assert page.main.all("article") == []


def test_a_merged_branch_leads_to_the_one_that_stayed(client: Client) -> None:
    branch = make_branch("Metall")
    make_branch("Drahtzieherei", merged_into=branch)
    response = client.get("/dialoge/?branche=drahtzieherei&form=online")
    assert (response.status_code, response["Location"]) == (301, "/dialoge/?branche=metall&form=online")


def test_past_ones_with_a_report_stand_below_and_keep_the_filters(client: Client) -> None:
    metal = make_branch("Metall")
    told = make_dialogue("Erzählt", starts_at=in_days(-10), branches=[metal])
    make_report(told, participants=27)
    told.documents.create(document=make_document("Folien"))
    told.documents.create(document=make_document("Nur für Gäste"), visibility="participants")
    make_report(make_dialogue("Andere Branche", starts_at=in_days(-20)))
    make_report(make_dialogue("Noch nicht erzählt", starts_at=in_days(-5), branches=[metal]), published_at=None)
    page = asked(client, branche="metall")
    assert past_titles(page) == ["Erzählt"]
    assert "27" in page.main.one("table").text
    assert "Folien" in page.main.text
    assert "Nur für Gäste" not in page.main.text
    assert past_titles(asked(client, zeitraum="vergangen")) == ["Noch nicht erzählt", "Erzählt", "Andere Branche"]


def test_a_short_word_with_a_hyphen_stays_whole_in_a_heading_and_nothing_in_it_is_markup(client: Client) -> None:
    make_dialogue("E-Rechnung & <b>QR-Code</b>")
    heading = asked(client).main.one("article").one("h3")
    assert heading.text == "E-Rechnung & <b>QR-Code</b>"
    assert [word.text for word in heading.all("span", class_="whole")] == ["E-Rechnung", "QR-Code"]


def test_heading_and_title_name_what_the_list_was_narrowed_by(client: Client) -> None:
    make_branch("Metall")

    def names(query: str) -> set[str]:
        page = Page.of(client.get(f"/dialoge/?{query}"))
        return {page.one("h1").text, page.title.partition(" – ")[0]}

    assert names("branche=metall") == {"Branchendialoge: Metall"}
    assert names("zeitraum=vergangen") == {"Vergangene Branchendialoge"}
    assert names("branche=metall&zeitraum=vergangen") == {"Vergangene Branchendialoge: Metall"}


# ---------------------------------------------------------------- by words


def test_words_find_coming_and_past_dialogues_by_what_everybody_may_read(client: Client) -> None:
    make_dialogue("Rüsten ohne Suchen", teaser="Wie Einstelldaten an die Maschine kommen.")
    make_dialogue("Belege ohne Papier", teaser="Vom Wareneingang bis zur Rechnung.")
    make_dialogue("Rüsten, noch nicht öffentlich", state=State.DRAFT, published_at=None)
    told = make_dialogue("Was das Rüsten kostet", starts_at=in_days(-20))
    make_report(told)
    make_report(make_dialogue("Rechnungen", starts_at=in_days(-30)))
    page = asked(client, q="rüsten")
    assert titles(page) == ["Rüsten ohne Suchen"]
    assert past_titles(page) == ["Was das Rüsten kostet"]
    assert [mark.text for mark in page.main.one("article").all("mark")] == ["Rüsten"]
    assert page.one("input", id="q")["value"] == "rüsten"
    assert past_titles(asked(client, q="rüsten", zeitraum="vergangen")) == ["Was das Rüsten kostet"]


def test_what_is_met_in_the_text_alone_is_shown_as_a_passage(client: Client) -> None:
    make_dialogue("Werkzeuge", description="<p>Wir sehen uns die Warenwirtschaft &amp; das Lager an.</p>")
    card = asked(client, q="warenwirtschaft").main.one("article")
    assert "Wir sehen uns die Warenwirtschaft & das Lager an." in card.text
    assert [mark.text for mark in card.all("mark")] == ["Warenwirtschaft"]


def test_words_work_together_with_filters_and_each_can_be_dropped_alone(client: Client) -> None:
    metal, care = make_branch("Metall"), make_branch("Pflege")
    make_dialogue("Rüsten in der Werkstatt", branches=[metal])
    make_dialogue("Rüsten im Pflegebett", branches=[care])
    make_dialogue("Belege", branches=[metal])
    page = asked(client, q="rüsten", branche="metall")
    assert titles(page) == ["Rüsten in der Werkstatt"]
    assert counts(page, "branche") == {"metall": 1, "pflege": 1}
    assert chips(page) == ["„rüsten“", "Metall"]
    dropped = [link["href"] for link in page.main.one("ul", class_="chips").all("a")]
    assert dropped == ["/dialoge/?branche=metall", "/dialoge/?q=r%C3%BCsten", "/dialoge/"]
    # The box, the filters and the period are one form, and the month keeps the words, too.
    assert page.one("input", id="q")["form"] == page.one("form", aria_label="Dialoge suchen und filtern")["id"]
    month = asked(client, f"ansicht=monat&monat={in_days(14):%Y-%m}&q=rüsten&branche=metall")
    assert [link.text for cell in month.main.all("td") for link in cell.all("a")] == ["Rüsten in der Werkstatt"]
    assert chips(month) == ["„rüsten“", "Metall"]


def test_a_typing_error_is_mended_and_said(client: Client) -> None:
    make_dialogue("Warenwirtschaft zum Anfassen")
    page = asked(client, q="warenwirtschfat", zeitraum="drei-monate")
    assert titles(page) == ["Warenwirtschaft zum Anfassen"]
    assert "Meinten Sie Warenwirtschaft? Gezeigt werden Dialoge dafür." in page.main.text
    assert "/dialoge/?q=Warenwirtschaft&zeitraum=drei-monate" in [link["href"] for link in page.main.all("a")]


def test_words_that_nothing_says_are_named(client: Client) -> None:
    make_dialogue("Rüsten ohne Suchen")
    make_dialogue("Belege ohne Papier")
    page = asked(client, q="rüsten xylofonquark")
    assert titles(page) == ["Rüsten ohne Suchen"]
    assert "In keinem Dialog kommt vor: xylofonquark." in page.main.text
    loose = asked(client, q="rüsten belege")
    assert sorted(titles(loose)) == ["Belege ohne Papier", "Rüsten ohne Suchen"]
    assert "Kein Dialog enthält alle Wörter." in loose.main.text


def test_an_empty_list_says_which_filter_to_drop_and_where_else_the_words_occur(client: Client) -> None:
    metal = make_branch("Metall")
    make_branch("Pflege")
    make_dialogue("Rüsten in der Werkstatt", branches=[metal])
    page = asked(client, q="rüsten", branche="pflege")
    assert titles(page) == []
    assert "Zu „rüsten“, Pflege ist nichts geplant." in page.main.text
    ways = {link.text: link["href"] for link in page.main.all("a")}
    assert ways["„rüsten“, alle Branchen: 1 Dialog"] == "/dialoge/?q=r%C3%BCsten"
    assert ways["Vergangene Dialoge dieser Auswahl"] == "/dialoge/?q=r%C3%BCsten&branche=pflege&zeitraum=vergangen"
    past = {link.text: link["href"] for link in asked(client, q="rüsten", zeitraum="vergangen").main.all("a")}
    assert past["Kommende Dialoge dieser Auswahl"] == "/dialoge/?q=r%C3%BCsten"
    assert past["Alle vergangenen Dialoge"] == "/dialoge/?zeitraum=vergangen"
    other = {link.text: link["href"] for link in asked(client, q="belege", branche="metall").main.all("a")}
    assert other["Metall, ohne Suchwort: 1 Dialog"] == "/dialoge/?branche=metall"


def test_the_feeds_of_words_hold_what_the_words_find(client: Client) -> None:
    make_dialogue("Rüsten ohne Suchen")
    make_dialogue("Rüsten, schon gewesen", starts_at=in_days(-200))
    make_dialogue("Belege ohne Papier")
    page = asked(client, q="rüsten")
    feeds = {link["type"]: link["href"] for link in page.all("link", rel="alternate")}
    atom = client.get(feeds["application/atom+xml"]).content.decode()
    assert "Branchendialoge: „rüsten“" in atom
    assert [title in atom for title in ("Rüsten ohne Suchen", "Rüsten, schon gewesen", "Belege")] == [True, True, False]
    calendar = client.get(feeds["text/calendar"]).content.decode()
    assert [title in calendar for title in ("ohne Suchen", "schon gewesen", "Belege")] == [True, False, False]


def test_news_of_words_can_be_ordered_from_the_list(client: Client) -> None:
    make_dialogue("Rüsten ohne Suchen")
    [order] = [link["href"] for link in asked(client, q="rüsten").main.all("a") if "per E-Mail" in link.text]
    assert "„rüsten“" in Page.of(client.get(order)).main.text


# ---------------------------------------------------------------- the table of one month


@time_machine.travel(MORNING, tick=False)
def test_the_month_is_a_table_of_days_and_leads_to_its_neighbours(client: Client) -> None:
    make_dialogue("Am Dritten", starts_at=in_days(8), branches=[make_branch("Metall")])
    make_dialogue("Im Januar", starts_at=in_days(50))
    page = asked(client, ansicht="monat", monat="2026-12")
    [cell] = [cell for cell in page.main.one("table").all("td") if cell.all("a")]
    assert cell.one("time")["datetime"] == "2026-12-03"
    assert "Am Dritten" in cell.text
    assert "16 bis 19" in cell.text
    assert "Plätze frei" in cell.text
    days = [cell for cell in page.main.one("table").all("td") if cell.all("time")]
    assert len(days) == 31
    links = [link["href"] for link in page.one("nav", aria_label="Monate").all("a")]
    assert links == ["?ansicht=monat&monat=2026-11", "?ansicht=monat&monat=2027-01"]
    assert [
        cell for cell in asked(client, "ansicht=monat&monat=2026-12&form=online").main.all("td") if cell.all("a")
    ] == []


@time_machine.travel(MORNING, tick=False)
def test_without_a_month_the_table_shows_this_one_and_marks_today(client: Client) -> None:
    page = asked(client, ansicht="monat")
    assert page.main.one("time", aria_current="date")["datetime"] == "2026-11-25"
    assert "Kein Dialog im November 2026" in page.main.text


# ---------------------------------------------------------------- feeds and speed


def test_the_list_names_its_feeds_with_the_same_filters(client: Client) -> None:
    make_dialogue(branches=[make_branch("Metall")])
    page = asked(client, branche="metall", zeitraum="vier-wochen")
    alternates = {link["type"]: link["href"] for link in page.all("link", rel="alternate")}
    assert alternates == {
        "application/atom+xml": "/dialoge/neu.atom?branche=metall",
        "text/calendar": "/dialoge/termine.ics?branche=metall",
    }
    assert "/dialoge/termine.ics?branche=metall" in page.main.one("section", id="abonnieren").all("a")[0]["href"]


def test_reading_sets_no_cookie(client: Client) -> None:
    make_dialogue("Da")
    for address in ("/dialoge/", "/dialoge/?ansicht=monat", "/dialoge/da/", "/dialoge/neu.atom"):
        assert client.get(address).cookies == {}


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def fill(number: int, branch: Branch, town: Municipality) -> None:
    for n in range(number):
        dialogue = make_dialogue(seats=1, branches=[branch], municipality=town, shows_exact_numbers=True)
        make_registration(dialogue)
        make_registration(dialogue, state=Registration.State.WAITING)
        past = make_dialogue(starts_at=in_days(-9 - n), branches=[branch], municipality=town)
        make_report(past)
        past.documents.create(document=make_document())


def test_queries_are_few_and_do_not_grow_with_the_rows(client: Client, settings: object, tmp_path: object) -> None:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    addresses = [
        "/dialoge/",
        "/dialoge/?branche=metall&ort=altena",
        "/dialoge/?q=dialog&branche=metall",
        "/dialoge/?q=maschine&zeitraum=vergangen",
        "/dialoge/?q=maschine&ansicht=monat",
        "/dialoge/neu.atom?q=maschine",
        "/dialoge/?zeitraum=vergangen",
        "/dialoge/?ansicht=monat",
        "/dialoge/termine.ics",
        "/dialoge/neu.atom",
    ]
    branch, town = make_branch("Metall"), make_municipality("Altena")
    fill(1, branch, town)
    for address in addresses:
        client.get(address)
    before = {address: queries(client, address) for address in addresses}
    fill(4, branch, town)
    assert {address: queries(client, address) for address in addresses} == before
    assert max(before.values()) <= 4
    assert Dialogue.objects.count() == 10
