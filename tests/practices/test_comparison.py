"""Up to four examples side by side; the address is the list."""

from typing import Any

import pytest

from practices.models import Prerequisite
from tests.make import make_branch, make_practice

pytestmark = pytest.mark.django_db

PAGE = "/beispiele/vergleich/"


def rows(client: Any, query: str) -> dict[str, list[str]]:
    return {row.label: row.cells for row in client.get(PAGE + query).context["rows"]}


def test_facts_stand_side_by_side_in_the_order_of_the_address(client: Any) -> None:
    first = make_practice("Eins", investment_from=900, investment_to=900, duration_weeks=3, without_new_software=True)
    make_practice("Zwei", investment_from=None, employees=84)
    Prerequisite.objects.create(practice=first, text="WLAN in der Halle")

    table = rows(client, "?b=zwei&b=eins")

    assert table["Kosten"] == ["unbekannt", "900\N{NO-BREAK SPACE}€"]
    assert table["Größe"] == ["mittel (50 bis 249)", "unbekannt"]
    assert table["Dauer"] == ["unbekannt", "3 Wochen"]
    assert table["Geht ohne neue Software"] == ["unbekannt", "ja"]
    assert table["Voraussetzungen"] == ["unbekannt", "WLAN in der Halle"]


def test_one_alone_is_not_called_several(client: Any) -> None:
    make_practice("Eins")
    assert "1 Beispiele" not in client.get("/beispiele/vergleich/?b=eins").content.decode()


def test_each_one_can_be_dropped_and_another_of_the_branch_added(client: Any) -> None:
    branch = make_branch()
    for title in ("Eins", "Zwei", "Drei"):
        make_practice(title, branches=(branch,))
    make_practice("Andere Branche")

    context = client.get(PAGE + "?b=eins&b=zwei").context
    assert [choice.url for choice in context["chosen"]] == [f"{PAGE}?b=zwei", f"{PAGE}?b=eins"]
    assert [(choice.practice.title, choice.url) for choice in context["offered"]] == [
        ("Drei", f"{PAGE}?b=eins&b=zwei&b=drei")
    ]


def test_more_than_four_unknown_ones_and_drafts_are_left_out_and_told(client: Any) -> None:
    for number in range(5):
        make_practice(f"Beispiel {number} hier")
    make_practice("Geheimer Entwurf", state="draft")
    query = "?" + "&".join(f"b=beispiel-{number}-hier" for number in range(5)) + "&b=geheimer-entwurf&b=gibt-es-nicht"
    page = client.get(PAGE + query)
    assert len(page.context["chosen"]) == 4
    assert "3 Beispiele aus der Adresse zeigen wir nicht" in page.content.decode()
    assert "Geheimer Entwurf" not in page.content.decode()


def test_an_empty_comparison_offers_a_beginning(client: Any) -> None:
    make_practice("Eins")
    page = client.get(PAGE).content.decode()
    assert "Womit möchten Sie beginnen?" in page
    assert f'href="{PAGE}?b=eins"' in page


def test_an_anonymous_company_stays_anonymous(client: Any) -> None:
    make_practice("Eins", company="Geheime GmbH", is_anonymous=True)
    page = client.get(PAGE + "?b=eins").content.decode()
    assert "Geheime GmbH" not in page


def test_another_one_is_found_by_its_words_and_those_that_are_in_are_not_offered_again(client: Any) -> None:
    make_practice("Karte an der Presse")
    make_practice("Karte am Ofen", company="Härterei & Söhne")
    make_practice("Tourenplan", state="draft", published_at=None)

    def offered(query: str) -> dict[str, str]:
        return {c.practice.title: c.url for c in client.get(PAGE + query).context["offered"]}

    assert offered("?b=karte-an-der-presse&q=Karte") == {
        "Karte am Ofen": "/beispiele/vergleich/?b=karte-an-der-presse&b=karte-am-ofen"
    }
    assert list(offered("?q=Härterei")) == ["Karte am Ofen"]
    assert offered("?q=Tourenplan") == {}
    assert (
        "Zu „Tourenplan“ haben wir kein weiteres Beispiel gefunden"
        in client.get(PAGE + "?q=Tourenplan").content.decode()
    )
    assert offered("?q=!!!") == {}
