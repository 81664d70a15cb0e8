"""The day itself: the list on paper, the badges, and the list to tick off that the code on the paper leads to."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import segno
from django.conf import settings as portal
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse

from dialogues.attendance import attendance
from dialogues.desk.attendance import QUIET, qr_code
from dialogues.models import Attendee, Dialogue, Registration, SeatKind
from tests.cast import Cast, log_in, make_cast, make_person
from tests.conftest import PortalClient
from tests.dialogues.make import in_days, make_dialogue, make_registration
from tests.markup import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(settings: Any, tmp_path: Path) -> Cast:
    settings.MEDIA_ROOT = tmp_path
    return make_cast()


def page_of(name: str, dialogue: Dialogue) -> str:
    return reverse(f"admin:dialogues_dialogue_{name}", args=[dialogue.pk])


def test_the_paper_list_is_sorted_by_company_and_names_who_waits_apart(cast: Cast) -> None:
    dialogue = make_dialogue(seats=3)
    make_registration(dialogue, company="zeta Stanzerei", people=1)
    make_registration(dialogue, company="Alpha Guss", people=2)
    make_registration(dialogue, company="Wartet & Co's", state=Registration.State.WAITING)
    make_registration(dialogue, company="Unbestätigt", state=Registration.State.PENDING)
    make_registration(dialogue, company="Abgemeldet GmbH", state=Registration.State.CANCELLED)
    Attendee.objects.filter(registration__company="Alpha Guss", name="Person 2").update(name="")

    page = Page.of(cast.client("organiser").get(page_of("participants", dialogue)))

    rows = [[cell.text for cell in row.all("th", "td")] for row in page.main.one("tbody").all("tr")]
    assert [row[:2] for row in rows] == [
        ["Alpha Guss", "Person 1"],
        ["Alpha Guss", "N.N."],
        ["zeta Stanzerei", "Person 1"],
    ]
    assert "3 Personen aus 2 Betrieben" in page.main.text
    assert page.main.one("ol").text == "Wartet & Co's, 1 Person"
    assert "Unbestätigt" not in page.main.text
    assert "Abgemeldet GmbH" not in page.main.text


def test_the_code_on_the_paper_leads_to_the_list_behind_the_login(cast: Cast) -> None:
    dialogue = make_dialogue()
    make_registration(dialogue)
    address = portal.BASE_URL + page_of("check_in", dialogue)

    page = Page.of(cast.client("organiser").get(page_of("participants", dialogue)))

    path = page.main.one("svg").all("path")[0]["d"]
    dark = {(int(x) - QUIET, int(y) - QUIET) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", path)}
    expected = segno.make(address, error="m", micro=False).matrix
    assert dark == {(x, y) for y, row in enumerate(expected) for x, module in enumerate(row) if module}
    assert qr_code(address).path == path
    stranger = PortalClient(raise_request_exception=False).get(urlsplit(address).path)
    assert stranger.status_code == 302
    assert stranger["Location"].startswith(reverse("account_login"))


def test_badges_hold_name_and_company_by_last_name_and_a_line_for_who_has_none(cast: Cast) -> None:
    dialogue = make_dialogue(seats=5, online_seats=5)
    make_registration(dialogue, company="Alpha Guss", contact_name="Kim Chefin")
    online = SeatKind.objects.get(way=SeatKind.Way.ONLINE)
    make_registration(dialogue, seat_kind=online).attendees.update(name="Sitzt daheim")
    make_registration(dialogue, company="Beta & Söhne").attendees.update(name="Zora Adler")
    make_registration(dialogue, company="Gamma Pflege").attendees.update(name="")

    page = Page.of(cast.client("organiser").get(page_of("badges", dialogue)))

    badges = page.main.one("ul", class_="badges")
    shown = [badge.text for badge in badges.all("li")]
    assert shown == ["Person 1 Alpha Guss", "Zora Adler Beta & Söhne", "N.N. Gamma Pflege"]
    assert "Kim Chefin" not in badges.text
    assert "@" not in page.main.text


def test_ticking_off_counts_and_can_be_changed(cast: Cast) -> None:
    dialogue = make_dialogue(starts_at=in_days(0, 0))
    registration = make_registration(dialogue, people=2)
    first, second = registration.attendees.order_by("pk")
    client = cast.client("organiser")
    address = page_of("check_in", dialogue)

    response = client.post(address, {"person": first.pk, "da": "ja"})
    client.post(address, {"person": second.pk, "da": "ja"})
    client.post(address, {"person": second.pk, "da": "nein"})

    assert response["Location"] == f"{address}#person-{first.pk}"
    assert list(registration.attendees.order_by("pk").values_list("presence", flat=True)) == ["attended", "absent"]
    assert "1 von 2 da, 1 kam nicht" in Page.of(client.get(address)).main.text
    assert (attendance(dialogue).people, attendance(dialogue).companies, attendance(dialogue).absent) == (1, 1, 1)
    assert registration.events.filter(by=cast.person("organiser").user).count() == 3


def test_ticking_twice_from_two_telephones_is_once(cast: Cast) -> None:
    dialogue = make_dialogue(starts_at=in_days(0, 0))
    registration = make_registration(dialogue)
    person = registration.attendees.get()
    for name in ("organiser", "superuser"):
        cast.client(name).post(page_of("check_in", dialogue), {"person": person.pk, "da": "ja"})

    assert registration.events.filter(action="checked-in").count() == 1


@pytest.mark.parametrize(
    "values",
    [{}, {"person": "1"}, {"person": "x", "da": "ja"}, {"person": "9" * 30, "da": "ja"}, {"person": "²", "da": "ja"}],
)
def test_odd_input_is_not_found_and_changes_nothing(cast: Cast, values: dict[str, str]) -> None:
    dialogue = make_dialogue()
    make_registration(dialogue)

    assert cast.client("organiser").post(page_of("check_in", dialogue), values).status_code == 404

    assert set(Attendee.objects.values_list("presence", flat=True)) == {"unknown"}


def test_nobody_of_another_dialogue_or_without_a_seat_is_ticked_off(cast: Cast) -> None:
    dialogue, other = make_dialogue(seats=1), make_dialogue()
    foreign = make_registration(other).attendees.get()
    waiting = make_registration(dialogue, state=Registration.State.WAITING).attendees.get()
    client = cast.client("organiser")

    assert client.post(page_of("check_in", dialogue), {"person": foreign.pk, "da": "ja"}).status_code == 404
    response = client.post(page_of("check_in", dialogue), {"person": waiting.pk, "da": "ja"}, follow=True)

    assert "Diese Person hat keinen bestätigten Platz." in response.content.decode()
    assert set(Attendee.objects.values_list("presence", flat=True)) == {"unknown"}


def test_the_list_is_searched_by_any_part_of_name_or_company(cast: Cast) -> None:
    dialogue = make_dialogue()
    make_registration(dialogue, company="Drehteile Lenne")
    make_registration(dialogue, company="Guss Volme")
    client = cast.client("organiser")

    page = Page.of(client.get(page_of("check_in", dialogue), {"suche": "volm person"}))
    assert [heading.text for heading in page.main.all("h2")] == ["Guss Volme"]
    page = Page.of(client.get(page_of("check_in", dialogue), {"suche": "niemand"}))
    assert "Niemand mit einem bestätigten Platz heißt so." in page.main.text


def test_who_was_not_ticked_off_did_not_come_but_only_once_it_has_begun(cast: Cast) -> None:
    ahead, begun = make_dialogue(), make_dialogue(starts_at=in_days(-1))
    for dialogue in (ahead, begun):
        make_registration(dialogue, people=2)
    there = begun.registrations.get().attendees.first()
    client = cast.client("organiser")
    client.post(page_of("check_in", begun), {"person": there.pk, "da": "ja"})

    for dialogue in (ahead, begun):
        client.post(page_of("no_shows", dialogue))

    states = Attendee.objects.order_by("registration__dialogue", "pk").values_list("presence", flat=True)
    assert list(states) == ["unknown", "unknown", "attended", "absent"]
    assert LogEntry.objects.filter(object_id=str(begun.pk)).count() == 1


def test_a_helper_at_the_door_ticks_off_and_sees_nothing_else(cast: Cast) -> None:
    dialogue = make_dialogue(starts_at=in_days(0, 0))
    person = make_registration(dialogue, company="Alpha Guss").attendees.get()
    helper = make_person("tuer@portal.test")
    helper.user.user_permissions.add(Permission.objects.get(codename="check_in_registration"))
    client = log_in(PortalClient(raise_request_exception=False), helper)

    page = Page.of(client.get(page_of("check_in", dialogue)))
    assert "Alpha Guss" in page.main.text
    assert client.post(page_of("check_in", dialogue), {"person": person.pk, "da": "ja"}).status_code == 302
    for name in ("participants", "badges", "change"):
        assert client.get(page_of(name, dialogue)).status_code == 403, name
        assert page_of(name, dialogue) not in page.links
    person.refresh_from_db()
    assert person.presence == Attendee.Presence.ATTENDED


def test_the_counts_stay_when_the_names_are_gone(cast: Cast) -> None:
    dialogue = make_dialogue(starts_at=in_days(-1))
    registration = make_registration(dialogue, people=2)
    registration.attendees.update(presence=Attendee.Presence.ATTENDED)
    cast.client("organiser").post(reverse("admin:dialogues_registration_erase", args=[registration.pk]))

    assert set(registration.attendees.values_list("name", flat=True)) == {""}
    assert attendance(dialogue).people == 2
