"""Numbers for staff and funders: right, bounded by the period, and never so small that they are somebody."""

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from dialogues.desk.statistics import masked, statistics
from dialogues.models import Attendee, Registration
from platform_mark.publishing.models import State
from platform_mark.taxonomy.models import CompanySize
from tests.cast import Cast, make_cast
from tests.dialogues.make import in_days, make_dialogue, make_registration
from tests.make import make_branch, make_municipality
from tests.markup import Page

pytestmark = pytest.mark.django_db

ADDRESS = "/admin/dialogues/dialogue/statistik/"


@pytest.fixture
def cast(settings: Any, tmp_path: Path) -> Cast:
    settings.MEDIA_ROOT = tmp_path
    return make_cast()


HIDDEN = "verdeckt"


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ([0, 3, 10], [0, 3, 10, 13]),
        # What is alone, or can be one number only, is blurred by the next smallest or, where there is none, by the sum.
        ([1, 3, 10], [HIDDEN, HIDDEN, 10, 14]),
        ([1, 1, 50, 60], [HIDDEN, HIDDEN, HIDDEN, 60, 112]),
        ([2, 2, 50, 60], [HIDDEN, HIDDEN, HIDDEN, 60, 114]),
        ([2, 0, 0], [HIDDEN, 0, 0, HIDDEN]),
        ([2, 2], [HIDDEN, HIDDEN, HIDDEN]),
        ([1, 2, 10], [HIDDEN, HIDDEN, 10, 13]),
        ([], [0]),
    ],
)
def test_small_numbers_are_hidden_and_so_is_what_would_tell_them(numbers: list[int], shown: list[Any]) -> None:
    assert masked(numbers) == shown


def test_sign_ups_and_attendance_are_counted_in_firms_and_people() -> None:
    branch, altena = make_branch("Metall"), make_municipality("Altena")
    dialogue = make_dialogue("Rüsten", seats=9, municipality=altena, starts_at=in_days(-5))
    for number in range(4):
        booking = make_registration(dialogue, people=2, branch=branch, size=CompanySize.SMALL)
        if number:
            booking.attendees.update(presence=Attendee.Presence.ATTENDED)
    make_registration(dialogue, state=Registration.State.WAITING)
    make_registration(dialogue, state=Registration.State.PENDING)
    day = timezone.localdate()

    found = statistics(day - timedelta(days=365), day)

    assert found.tables[0].rows[0].cells == (9, 5, 4, 8, 6, 3)
    assert found.tables[0].total.cells == (9, 5, 4, 8, 6, 3)
    assert [(row.name, row.cells) for row in found.tables[1].rows if row.cells != (0,)] == [("klein", (4,))]
    assert [(row.name, row.cells) for row in found.tables[2].rows] == [("Metall", (4,))]
    assert [(row.name, row.cells) for row in found.tables[3].rows] == [("Märkischer Kreis", (4,))]


def test_only_what_took_place_in_the_period_counts() -> None:
    day = in_days(-5)
    for title, fields in {
        "Dabei": {},
        "Entwurf": {"state": State.DRAFT, "published_at": None},
        "Abgesagt": {"cancelled_at": timezone.now(), "cancel_reason": "Krank."},
        "Davor": {"starts_at": in_days(-6)},
        "Danach": {"starts_at": in_days(-4, 0)},
    }.items():
        make_dialogue(title, **{"starts_at": day, **fields})
    local = timezone.localtime(day).date()

    found = statistics(local, local)

    assert [row.name.split(" ", 1)[1] for row in found.tables[0].rows] == ["Dabei"]


def test_the_page_hides_small_numbers_in_the_file_too(cast: Cast) -> None:
    dialogue = make_dialogue("=Rüsten", starts_at=in_days(-5))
    for _ in range(2):
        make_registration(dialogue)
    day = timezone.localdate()
    period = {"von": f"{day.year - 1}-01-01", "bis": f"{day.year}-12-31"}
    client = cast.client("organiser")

    page = Page.of(client.get(ADDRESS, period))
    response = client.get(ADDRESS, period | {"form": "xlsx"})

    assert HIDDEN in page.main.text
    book = load_workbook(io.BytesIO(response.getvalue()))
    assert book.sheetnames == ["Dialoge", "Größe", "Branche", "Kreis"]
    assert book["Dialoge"]["C2"].value == HIDDEN
    assert book["Dialoge"]["A2"].data_type == "s"
    assert response["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"von": "2026-02-30", "bis": "2026-03-01"}, "Bitte"),
        ({"von": "2026-03-02", "bis": "2026-03-01"}, "„Bis“ liegt vor „Von“."),
        ({"von": "2026-03-02"}, "Diese Angabe fehlt noch."),
    ],
)
def test_a_wrong_period_is_told_at_its_field(cast: Cast, query: dict[str, str], message: str) -> None:
    response = cast.client("organiser").get(ADDRESS, query)

    page = Page.of(response)
    assert response.status_code == 200
    assert page.title.startswith("Fehler:")
    assert message in page.main.text


@pytest.mark.parametrize("month", ["2026-13", "x", "0001-01", "9999-12", "2026-12", ""])
def test_the_calendar_shows_some_month_whatever_is_asked_for(cast: Cast, month: str) -> None:
    assert cast.client("organiser").get("/admin/dialogues/dialogue/kalender/", {"monat": month}).status_code == 200


def test_the_calendar_shows_what_is_scheduled_and_of_others_only_what_one_may_see(cast: Cast) -> None:
    start = in_days(10)
    dialogue = make_dialogue("Rüsten", starts_at=start, reminder_days=[1])
    make_dialogue("Entwurf im Kalender", starts_at=start, state=State.DRAFT, published_at=None)
    day: date = timezone.localtime(start).date()

    page = Page.of(cast.client("organiser").get("/admin/dialogues/dialogue/kalender/", {"monat": f"{day:%Y-%m}"}))

    entries = [item.text for item in page.main.one("table").all("li")]
    assert "Dialog, 16:00 Uhr Rüsten" in entries
    assert "Entwurf, 16:00 Uhr Entwurf im Kalender" in entries
    assert reverse("admin:dialogues_dialogue_change", args=[dialogue.pk]) in page.links
