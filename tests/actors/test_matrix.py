"""The matrix: what it counts, where its numbers lead, and what it says in words."""

from io import BytesIO
from urllib.parse import urljoin

import pytest
from django.test import Client
from openpyxl import load_workbook

from platform_mark.taxonomy.models import Branch, District
from tests.actors.make import make_activity, make_actor, make_member
from tests.actors.test_activity_list import titles
from tests.conftest import PortalClient
from tests.make import make_branch, make_municipality
from tests.markup import Element, Page

pytestmark = pytest.mark.django_db

MATRIX = "/aktivitaeten/matrix/"


def shown(client: Client, query: str = "") -> Page:
    response = client.get(f"{MATRIX}?{query}")
    assert response.status_code == 200, query
    return Page.of(response)


def table(page: Page) -> dict[str, dict[str, Element]]:
    """Cells by the labels of their row and column, without soft hyphens."""
    matrix = page.main.one("table", class_="matrix")
    heads = [_plain(th) for th in matrix.one("thead").all("th")][1:]
    rows = matrix.one("tbody").all("tr")
    return {_plain(row.one("th")): dict(zip(heads, row.all("td"), strict=True)) for row in rows}


def _plain(element: Element) -> str:
    return element.text.replace("\xad", "")


@pytest.fixture
def metal() -> Branch:
    return make_branch("Metall", order=1)


def test_every_number_leads_to_a_list_with_as_many_entries(client: Client, metal: Branch) -> None:
    wood = make_branch("Holz", order=2)
    altena = make_municipality("Altena")
    make_activity(branches=(metal, wood), kind="advice", target_groups=["managers", "trainees"], phases=["plan"])
    make_activity(branches=(metal,), kind="advice", districts=(altena.district,), phases=["plan", "implement"])
    make_activity(branches=(wood,), kind="training", municipalities=(altena,))
    make_activity(kind="training", target_groups=[])
    followed = 0

    for rows in ("branche", "art", "zielgruppe", "phase", "kreis"):
        for columns in ("branche", "art", "zielgruppe", "phase", "kreis"):
            if rows != columns:
                for row in table(shown(client, f"zeilen={rows}&spalten={columns}")).values():
                    for cell in row.values():
                        for link in cell.all("a"):
                            found = titles(Page.of(client.get(urljoin(MATRIX, link["href"]))))
                            assert len(found) == int(link.text), link["aria-label"]
                            followed += 1
    assert followed >= 50


def test_what_is_meant_for_all_has_a_row_of_its_own(client: Client, metal: Branch) -> None:
    make_activity(branches=(metal,), kind="advice")
    make_activity(kind="training")

    cells = table(shown(client))

    assert cells["Metall"]["Beratung"].text == "1" and cells["Metall"]["Qualifizierung"].text == "fehlt"
    assert cells["für alle Branchen"]["Qualifizierung"].text == "1"


def test_white_spots_beyond_what_is_read_as_a_list_are_counted_and_can_be_opened(client: Client) -> None:
    branches = [make_branch(f"Branche {number}", order=number) for number in range(10)]
    make_activity(branches=tuple(branches), kind="advice")

    gaps = shown(client).main.one("section", aria_labelledby="luecken")

    assert len(gaps.all("li")) == 10
    assert gaps.one("summary").text == "und 2 weitere"
    assert len(gaps.one("details").all("li")) == 2


def test_overlaps_and_white_spots_are_said_in_words(client: Client, metal: Branch) -> None:
    for _ in range(3):
        make_activity(branches=(metal,), kind="advice")
    make_branch("Holz", order=2)

    page = shown(client)

    assert page.main.one("section", aria_labelledby="viel").one("li").text == "Metall, Beratung: 3 Angebote"
    gaps = page.main.one("section", aria_labelledby="luecken")
    assert gaps.one("li").text.startswith("Metall: Qualifizierung, Förderung")
    assert "Noch gar nichts eigens für: Holz." in gaps.text
    make_activity(branches=(metal,), kind="network")
    assert shown(client).main.one("section", aria_labelledby="viel").text.count("Angebote") == 2


def test_two_alike_are_no_overlap(client: Client, metal: Branch) -> None:
    for _ in range(2):
        make_activity(branches=(metal,), kind="advice")

    assert "Nirgends gibt es drei oder mehr" in shown(client).main.text


def test_actors_find_a_way_to_ask_for_cooperation_from_an_overlap(client: Client, metal: Branch) -> None:
    made = [make_activity(branches=(metal,), kind="advice") for _ in range(3)]
    who = PortalClient(raise_request_exception=False)
    who.force_login(make_member(make_actor("Hochschule")))

    [link] = [a for a in shown(who).main.all("a") if a.text.startswith("Zusammenarbeit anfragen")]
    listed = Page.of(who.get(link["href"].partition("#")[0]))

    asked = {a["href"] for a in listed.main.all("a") if a.text.startswith("Zusammenarbeit anfragen")}
    assert asked == {f"/konto/kooperation/{activity.slug}/" for activity in made}
    assert "Zusammenarbeit anfragen" not in shown(client).main.text


@pytest.mark.parametrize(
    ("query", "heading"),
    [
        ("", "Branche mal Art"),
        ("zeilen=kreis&spalten=zielgruppe", "Kreis mal Für wen"),
        ("zeilen=art&spalten=art", "Art mal Branche"),
        ("zeilen=branche&spalten=branche", "Branche mal Art"),
        ("zeilen=quatsch&spalten=%3Cscript%3E", "Branche mal Art"),
    ],
)
def test_rows_and_columns_are_chosen_by_the_address(client: Client, query: str, heading: str) -> None:
    page = shown(client, query)

    assert page.main.one("h2", id="mx").text == heading
    assert ("Das kennen wir nicht: quatsch, <script>" in page.main.text) == ("quatsch" in query)


def test_the_matrix_comes_as_a_sheet_with_numbers(client: Client, metal: Branch) -> None:
    make_activity(branches=(metal,), kind="advice")
    make_activity(branches=(metal,), kind="advice", visibility="actors")
    who = PortalClient(raise_request_exception=False)
    who.force_login(make_member(make_actor("Hochschule")))

    for visitor in (client, who):
        response = visitor.get(f"{MATRIX}tabelle.xlsx?zeilen=branche&spalten=art")
        [head, first, *_] = load_workbook(BytesIO(response.getvalue())).active.iter_rows(values_only=True)
        assert head[:3] == ("Branche / Art", "Beratung", "Qualifizierung")
        assert first[:3] == ("Metall", 1, 0)
    assert response["Content-Disposition"].startswith('attachment; filename="wer-macht-was-branche-art-')


def test_the_map_counts_what_names_a_place_and_leads_to_it(client: Client) -> None:
    altena, witten = make_municipality("Altena"), _witten()
    make_activity("Nur Altena", municipalities=(altena,))
    make_activity("Im Märkischen Kreis", districts=(altena.district,))
    make_activity("Überall")

    page = shown(client)
    figure = page.main.one("figure")
    labels = {a["aria-label"]: a["href"] for a in figure.one("svg").all("a")}

    assert set(labels) == {"Altena: 2 Aktivitäten", "Witten: noch keine Aktivitäten"}
    assert set(titles(Page.of(client.get(labels["Altena: 2 Aktivitäten"])))) == {"Nur Altena", "Im Märkischen Kreis"}
    twin = {row.one("th").text: row.all("td")[1].text for row in figure.one("tbody").all("tr")}
    assert twin == {"Altena": "2 Altena", "Witten": "–"}
    assert "kommt überall 1 Aktivität für die ganze Region" in page.main.text
    assert witten.district.name in figure.text


def _witten():  # type: ignore[no-untyped-def]
    district = District.objects.create(key="05954", name="Ennepe-Ruhr-Kreis", slug="ennepe-ruhr-kreis")
    return make_municipality("Witten", district=district)
