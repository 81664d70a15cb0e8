"""Any list of the register as a file or feed: the same entries as on screen, public ones, and no person."""

import csv
import json
from datetime import date, timedelta
from io import BytesIO, StringIO
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from tests.actors.make import fill_register, make_activity, make_actor
from tests.actors.test_activity_list import LIST, asked, titles
from tests.make import DAY, make_branch

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def csv_rows(client: Client, query: str = "") -> list[dict[str, str]]:
    response = client.get(f"{LIST}liste.csv?{query}")
    assert response.status_code == 200
    text = response.getvalue().decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(StringIO(text[1:]), delimiter=";"))


def json_rows(client: Client, query: str = "") -> list[dict[str, object]]:
    data = json.loads(client.get(f"{LIST}liste.json?{query}").getvalue())
    assert data["licence"].startswith("Datenlizenz Deutschland") and data["format"] == "aktivitaeten"
    return data["activities"]


def atom_titles(client: Client, query: str = "") -> list[str]:
    root = ElementTree.fromstring(client.get(f"{LIST}liste.atom?{query}").content)
    return [str(entry.findtext(f"{ATOM}title")) for entry in root.iter(f"{ATOM}entry")]


def test_every_form_holds_what_the_list_shows(client: Client) -> None:
    metal = make_branch("Metall")
    now = timezone.now()
    for number in range(25):
        branches = (metal,) if number % 2 else ()
        make_activity(
            f"Angebot {number}",
            branches=branches,
            kind="training" if number % 3 else "advice",
            published_at=now - number * DAY,
        )
    make_activity("Vorbei", branches=(metal,), valid_until=timezone.localdate() - DAY)

    for query in (
        "",
        "branche=metall&eigens=ja",
        "art=qualifizierung",
        "q=Angebot",
        "branche=gibtesnicht",
        "stand=frueher",
    ):
        listed = [title for page in (1, 2) for title in titles(asked(client, f"{query}&seite={page}"))]
        if query in ("branche=metall&eigens=ja", "art=qualifizierung", "branche=gibtesnicht", "stand=frueher"):
            listed = listed[: len(set(listed))]
        assert [row["Titel"] for row in csv_rows(client, query)] == listed, query
        assert [row["title"] for row in json_rows(client, query)] == listed, query
        sheet = load_workbook(BytesIO(client.get(f"{LIST}liste.xlsx?{query}").getvalue())).active
        assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == listed, query
        assert set(atom_titles(client, query)) == set(listed), query
    assert atom_titles(client)[:2] == ["Angebot 0", "Angebot 1"]


def test_no_file_names_a_person_or_their_telephone(client: Client) -> None:
    made = fill_register().rich
    made.contact_phone = "02331 555-0199"
    made.save(update_fields=["contact_phone"])

    for form in ("csv", "json", "atom"):
        text = client.get(f"{LIST}liste.{form}").getvalue().decode()
        assert made.title in text
        assert "Petra" not in text and "555-01" not in text and made.actor.second_email not in text, form
    sheet = load_workbook(BytesIO(client.get(f"{LIST}liste.xlsx").getvalue())).active
    assert not any("Petra" in str(cell) for row in sheet.iter_rows(values_only=True) for cell in row)


def test_cells_are_typed_and_never_formulas(client: Client) -> None:
    make_activity(
        '=HYPERLINK("https://boese.example")',
        valid_until=date(2099, 3, 1),
        summary="@SUMME(1)",
        actor=make_actor("+49 Verband"),
    )

    [row] = csv_rows(client)
    assert row["Titel"] == '\'=HYPERLINK("https://boese.example")' and row["In einem Satz"] == "'@SUMME(1)"
    assert row["Akteur"] == "'+49 Verband" and row["Bis"] == "01.03.2099"
    sheet = load_workbook(BytesIO(client.get(f"{LIST}liste.xlsx").getvalue())).active
    title, *_ = next(sheet.iter_rows(min_row=2))
    assert title.data_type == "s"
    [typed] = json_rows(client)
    assert typed["title"] == '=HYPERLINK("https://boese.example")' and typed["valid_until"] == "2099-03-01"
    assert typed["branches"] == ["alle Branchen"] and typed["valid_from"] is None


def test_the_feed_is_valid_and_the_list_points_to_it_with_its_filter(client: Client) -> None:
    make_branch("Metall")
    make_activity("Beratung & mehr", changed_at=timezone.now() - timedelta(hours=1))

    [link] = asked(client, branche="metall").all("link", type="application/atom+xml")
    root = ElementTree.fromstring(client.get(link["href"]).content)
    assert link["href"] == "/aktivitaeten/liste.atom?branche=metall"
    assert root.findtext(f"{ATOM}title") == "Aktivitäten zur Digitalisierung: Metall"
    [entry] = root.iter(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == "Beratung & mehr"
    assert all(entry.findtext(f"{ATOM}{name}") for name in ("id", "updated", "published", "summary"))


def test_files_cost_the_same_number_of_queries_for_one_entry_and_for_many(client: Client) -> None:
    def queries(form: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(f"{LIST}liste.{form}").getvalue()
        return len(captured)

    make_activity()
    before = {form: queries(form) for form in ("csv", "xlsx", "json", "atom")}
    for _ in range(4):
        make_activity(branches=(make_branch(),))

    assert {form: queries(form) for form in before} == before
    assert max(before.values()) <= 4


def test_no_more_rows_than_one_request_may_take(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.downloads.MOST_ROWS", 2)
    for _ in range(3):
        make_activity()

    assert len(json_rows(client)) == 2
