"""The list of examples as a company uses it: by its address, its boxes, its chips and its pages."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from platform_mark.publishing.models import State
from platform_mark.taxonomy.models import Branch, CompanySize
from practices.models import Practice
from practices.views import PAGE_SIZE
from tests.make import DAY, make_branch, make_external, make_municipality, make_practice
from tests.markup import Element, Page

pytestmark = pytest.mark.django_db

LIST = "/beispiele/"


def asked(client: Client, query: str = "", **values: object) -> Page:
    """The list for one question, which must be answered with 200."""
    address = f"{LIST}?{query or urlencode(values, doseq=True)}"
    response = client.get(address)
    assert response.status_code == 200, address
    return Page.of(response)


def cards(page: Page) -> list[str]:
    """The titles that were found; what is merely near does not count."""
    return titles(page) if hits(page) else []


def titles(page: Page) -> list[str]:
    return [card.one("h3").text for card in page.main.all("article")]


def hits(page: Page) -> int:
    """The number in the sentence that counts; none is said in words."""
    first, *_ = page.one("h2", id="treffer").text.split()
    return int(first) if first.isdigit() else 0


@dataclass(frozen=True)
class Box:
    value: str
    count: int
    is_checked: bool
    is_disabled: bool


def boxes(page: Page, facet: str) -> dict[str, Box]:
    found = {}
    for label in page.main.all("label"):
        if inputs := label.all("input", type="checkbox", name=facet):
            box = inputs[0]
            count = "".join(t for t in label.one("span", class_="count").children if isinstance(t, str))
            found[box["value"]] = Box(box["value"], int(count), "checked" in box, "disabled" in box)
    return found


def chips(page: Page) -> dict[str, str]:
    """The label of each chosen value, with the address of the list without it."""
    return {
        chip.text.removeprefix("Filter entfernen: "): chip["href"]
        for area in page.main.all("ul", class_="chips")
        for chip in area.all("a")
        if chip.text.startswith("Filter entfernen: ")
    }


def pager(page: Page) -> Element | None:
    found = page.main.all("nav", aria_label="Seiten")
    return found[0] if found else None


def query_of(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


# ---------------------------------------------------------------- what is narrowed


def test_a_branch_narrows_to_its_examples(client: Client) -> None:
    metal, plastics = make_branch("Metall"), make_branch("Kunststoff")
    make_practice("Aus Metall", branches=(metal,))
    make_practice("Aus Kunststoff", branches=(plastics,))
    make_practice("Ohne Branche")

    assert cards(asked(client, branche="metall")) == ["Aus Metall"]


def test_two_branches_mean_either_and_an_example_with_both_comes_once(client: Client) -> None:
    metal, plastics, wood = make_branch("Metall"), make_branch("Kunststoff"), make_branch("Holz")
    now = timezone.now()
    make_practice("Beides", branches=(metal, plastics), published_at=now - 1 * DAY)
    make_practice("Metall allein", branches=(metal,), published_at=now - 2 * DAY)
    make_practice("Nur Holz", branches=(wood,), published_at=now - 3 * DAY)

    page = asked(client, branche=["metall", "kunststoff"])

    assert cards(page) == ["Beides", "Metall allein"]
    assert hits(page) == 2


def test_branch_and_size_mean_both(client: Client) -> None:
    metal, wood = make_branch("Metall"), make_branch("Holz")
    make_practice("Passt", branches=(metal, wood), employees=49)
    make_practice("Zu groß", branches=(metal,), employees=50)
    make_practice("Falsche Branche", branches=(wood,), employees=12)
    make_practice("Größe unbekannt", branches=(metal,))

    assert cards(asked(client, branche="metall", groesse="klein")) == ["Passt"]


@pytest.mark.parametrize(
    ("employees", "word"),
    [
        *((0, "kleinst"), (9, "kleinst"), (10, "klein"), (49, "klein")),
        *((50, "mittel"), (249, "mittel"), (250, "gross"), (9_000, "gross")),
    ],
)
def test_the_size_class_follows_from_the_head_count(client: Client, employees: int, word: str) -> None:
    make_practice("Mit Zahl", employees=employees)

    found = {size.slug: cards(asked(client, groesse=size.slug)) for size in CompanySize}

    assert found == {size.slug: ["Mit Zahl"] if size.slug == word else [] for size in CompanySize}


def test_a_known_band_counts_where_the_head_count_is_unknown(client: Client) -> None:
    make_external("Mittelgroß", size_band=CompanySize.MEDIUM)

    assert cards(asked(client, groesse="mittel")) == ["Mittelgroß"]


def test_what_is_not_public_is_neither_shown_nor_counted(client: Client) -> None:
    metal = make_branch("Metall")
    now = timezone.now()
    make_practice("Öffentlich", branches=(metal,), employees=5)
    make_practice("Entwurf", state=State.DRAFT, published_at=None, branches=(metal,), employees=5)
    make_practice("In Prüfung", state=State.REVIEW, published_at=None, branches=(metal,), employees=5)
    make_practice("Archiviert", state=State.ARCHIVED, branches=(metal,), employees=5)
    make_practice("Geplant", published_at=now + DAY, branches=(metal,), employees=5)
    make_practice("Abgelaufen", published_at=now - 2 * DAY, expires_at=now - DAY, branches=(metal,), employees=5)

    for page in (asked(client), asked(client, branche="metall"), asked(client, groesse="kleinst")):
        assert cards(page) == ["Öffentlich"]
        assert boxes(page, "branche")["metall"].count == 1
        assert boxes(page, "groesse")["kleinst"].count == 1


def test_the_newest_come_first_whatever_their_kind(client: Client) -> None:
    now = timezone.now()
    make_practice("Alt", published_at=now - 3 * DAY)
    make_external("Neuer Bericht", published_at=now - 1 * DAY)
    make_practice("Mittendrin", published_at=now - 2 * DAY)

    assert cards(asked(client)) == ["Neuer Bericht", "Mittendrin", "Alt"]


# ---------------------------------------------------------------- what is counted


@dataclass(frozen=True)
class Row:
    """An example as the test remembers it, to count by hand."""

    branches: frozenset[str]
    size: str


def fill_at_random(dice: random.Random) -> list[Row]:
    branches = [make_branch(f"Branche {letter}") for letter in "ABCDE"]
    rows = []
    for _ in range(dice.randint(5, 40)):
        chosen = dice.sample(branches, dice.choice([0, 1, 1, 2, 3]))
        size = dice.choice(["", *CompanySize])
        is_public = dice.random() < 0.8
        fields = {} if is_public else {"state": State.DRAFT, "published_at": None}
        make_practice(branches=tuple(chosen), size_band=size, **fields)
        if is_public:
            rows.append(Row(frozenset(b.slug for b in chosen), CompanySize(size).slug if size else ""))
    return rows


def number_of(rows: Iterable[Row], branches: set[str], sizes: set[str]) -> int:
    return sum((not branches or bool(row.branches & branches)) and (not sizes or row.size in sizes) for row in rows)


@pytest.mark.parametrize("seed", range(8))
def test_every_count_tells_what_the_list_would_show(client: Client, seed: int) -> None:
    dice = random.Random(seed)
    rows = fill_at_random(dice)
    all_branches = [branch.slug for branch in Branch.objects.all()]
    all_sizes = [size.slug for size in CompanySize]
    for _ in range(6):
        branches = set(dice.sample(all_branches, dice.choice([0, 0, 1, 2])))
        sizes = set(dice.sample(all_sizes, dice.choice([0, 0, 1, 2])))

        page = asked(client, branche=sorted(branches), groesse=sorted(sizes))

        expected = number_of(rows, branches, sizes)
        assert hits(page) == expected
        # Counted with the other facet applied and the own one ignored: what this box alone would show.
        assert {b.value: b.count for b in boxes(page, "branche").values()} == {
            slug: number_of(rows, {slug}, sizes) for slug in all_branches
        }
        assert {b.value: b.count for b in boxes(page, "groesse").values()} == {
            slug: number_of(rows, branches, {slug}) for slug in all_sizes
        }
        assert len(cards(page)) == min(expected, PAGE_SIZE)


def test_a_box_that_would_find_nothing_cannot_be_chosen_but_a_chosen_one_can_be_dropped(client: Client) -> None:
    make_branch("Holz")
    make_practice("Aus Metall", branches=(make_branch("Metall"),), employees=5)

    page = asked(client, branche="holz")

    assert boxes(page, "branche") == {
        "holz": Box("holz", 0, is_checked=True, is_disabled=False),
        "metall": Box("metall", 1, is_checked=False, is_disabled=False),
    }
    assert all(box.is_disabled for box in boxes(page, "groesse").values())
    assert boxes(asked(client), "branche")["holz"].is_disabled


# ---------------------------------------------------------------- going on from here


def test_a_chip_drops_just_its_value(client: Client) -> None:
    for name in ("Metall", "Kunststoff"):
        make_practice(branches=(make_branch(name),), employees=5)

    page = asked(client, branche=["metall", "kunststoff"], groesse=["kleinst", "klein"])

    assert {label: query_of(address) for label, address in chips(page).items()} == {
        "Metall": {"branche": ["kunststoff"], "groesse": ["kleinst", "klein"]},
        "Kunststoff": {"branche": ["metall"], "groesse": ["kleinst", "klein"]},
        "kleinst": {"branche": ["metall", "kunststoff"], "groesse": ["klein"]},
        "klein": {"branche": ["metall", "kunststoff"], "groesse": ["kleinst"]},
    }
    assert {urlsplit(address).path or LIST for address in chips(page).values()} == {LIST}
    [drop_all] = [a for a in page.one("ul", class_="chips").all("a") if a.text == "Alle Filter löschen"]
    assert drop_all["href"] == LIST


def test_the_same_value_twice_is_one_chip(client: Client) -> None:
    make_practice(branches=(make_branch("Metall"),))

    assert list(chips(asked(client, "branche=metall&branche=metall"))) == ["Metall"]


def test_the_pager_walks_through_all_examples_and_keeps_the_filters(client: Client) -> None:
    metal, now = make_branch("Metall"), timezone.now()
    expected = [f"Beispiel Nr. {number}" for number in range(2 * PAGE_SIZE + 1)]
    for number, title in enumerate(expected):
        make_practice(title, branches=(metal,), employees=5, published_at=now - number * DAY)
        make_practice(f"Anderes {number}", published_at=now - number * DAY)

    seen, address = [], f"{LIST}?branche=metall&groesse=kleinst"
    for _ in range(5):
        page = Page.of(client.get(address))
        seen += cards(page)
        assert hits(page) == len(expected)
        following = pager(page).all("a", rel="next")  # type: ignore[union-attr]
        if not following:
            break
        address = LIST + following[0]["href"].removeprefix(LIST)
        assert query_of(address).items() >= {"branche": ["metall"], "groesse": ["kleinst"]}.items()

    assert seen == expected


def test_a_chip_and_a_new_choice_begin_on_the_first_page(client: Client) -> None:
    metal = make_branch("Metall")
    for _ in range(PAGE_SIZE + 1):
        make_practice(branches=(metal,))

    page = asked(client, branche="metall", seite=2)

    assert [query_of(address) for address in chips(page).values()] == [{}]
    assert not page.main.all("input", name="seite")


@pytest.mark.parametrize(
    ("asked_for", "shown"),
    [("2", 2), ("3", 2), ("9" * 30, 2), ("1" + "0" * 30, 2), ("-1", 2), ("0", 2), ("abc", 1), ("", 1), ("1.5", 1)],
)
def test_a_page_that_does_not_exist_shows_the_nearest_one(client: Client, asked_for: str, shown: int) -> None:
    for _ in range(PAGE_SIZE + 1):
        make_practice()

    page = asked(client, seite=asked_for)

    current = pager(page).one("a", aria_current="page")  # type: ignore[union-attr]
    assert current.text == f"Seite {shown}"
    assert len(cards(page)) == {1: PAGE_SIZE, 2: 1}[shown]


def test_an_example_stands_on_one_page_only_even_where_all_appeared_at_once(client: Client) -> None:
    moment = timezone.now() - DAY
    made = {make_practice(published_at=moment).title for _ in range(3 * PAGE_SIZE)}

    seen = [title for number in (1, 2, 3) for title in cards(asked(client, seite=number))]

    assert len(seen) == len(made)
    assert set(seen) == made


# ---------------------------------------------------------------- addresses


def test_an_unknown_value_finds_nothing_and_the_page_says_which_word(client: Client) -> None:
    make_practice("Aus Metall", branches=(make_branch("Metall"),), employees=5)

    page = asked(client, branche="gibt-es-nicht", groesse="riesig")

    assert list(chips(page)) == ["gibt-es-nicht", "riesig"]
    assert "gibt-es-nicht" in page.main.text
    assert hits(page) == 0
    # Not a dead end: the nearest examples stand below.
    assert titles(page) == ["Aus Metall"]


def test_an_unknown_parameter_changes_nothing(client: Client) -> None:
    make_practice("Eins")

    assert cards(asked(client, "utm_source=x&sort=%27&state=draft&branches__slug=y")) == ["Eins"]


def test_an_empty_list_names_what_was_asked_and_shows_what_is_near(client: Client) -> None:
    metal, wood = make_branch("Metall"), make_branch("Holz")
    make_practice("Aus Metall, groß", branches=(metal,), employees=500)
    make_practice("Aus Holz, klein", branches=(wood,), employees=12)

    page = asked(client, branche="metall", groesse="klein")

    assert hits(page) == 0
    assert list(chips(page)) == ["Metall", "klein"]
    # Dropping the first choice gives one, dropping the second gives one: each way out is named with its number.
    ways = {a["href"] for a in page.main.all("a")}
    assert {query.partition("?")[2] for query in ways} >= {"groesse=klein", "branche=metall"}
    assert set(titles(page)) & {"Aus Metall, groß", "Aus Holz, klein"}


def test_an_empty_portal_says_so(client: Client) -> None:
    page = asked(client)

    assert titles(page) == []
    assert "Noch kein Beispiel" in page.main.text
    assert not chips(page)
    assert pager(page) is None


def test_a_merged_branch_leads_on_with_the_rest_of_the_question(client: Client) -> None:
    metal = make_branch("Metall")
    make_branch("Drahtzieherei", merged_into=metal)
    make_practice("Aus Metall", branches=(metal,), employees=5)

    response = client.get(f"{LIST}?branche=drahtzieherei&branche=holz&groesse=kleinst&seite=3")

    assert response.status_code == 301
    target = urlsplit(response["Location"])
    assert target.path == LIST
    assert not target.netloc
    assert parse_qs(target.query) == {"branche": ["metall", "holz"], "groesse": ["kleinst"], "seite": ["3"]}
    assert "drahtzieherei" not in boxes(asked(client), "branche")


def test_the_address_alone_says_what_is_shown(client: Client) -> None:
    metal = make_branch("Metall")
    for number in range(PAGE_SIZE + 2):
        make_practice(branches=(metal,), employees=5, published_at=timezone.now() - number * DAY)
    address = f"{LIST}?branche=metall&groesse=kleinst&seite=2"

    mine, yours = client.get(address), type(client)().get(address)

    assert yours.content == mine.content
    page = Page.of(mine)
    assert [box.value for facet in ("branche", "groesse") for box in boxes(page, facet).values() if box.is_checked] == [
        "metall",
        "kleinst",
    ]
    form = next(form for form in page.main.all("form") if form.all("input", name="branche"))
    assert form["method"].lower() in {"", "get"}


def test_title_and_heading_name_the_filters(client: Client) -> None:
    metal = make_branch("Metall & Draht")
    make_practice(branches=(metal,), employees=5)

    page = asked(client, branche="metall-draht", groesse="kleinst")

    assert "Metall & Draht" in page.title
    assert "kleinst" in page.title
    assert page.title != asked(client).title


# ---------------------------------------------------------------- what a card says


def test_a_card_leads_to_the_example_and_names_company_place_size_cost_and_time(client: Client) -> None:
    practice = make_practice(
        "Karte statt Zettel",
        municipality=make_municipality("Altena"),
        employees=84,
        investment_from=20_000,
        investment_to=25_000,
        duration_weeks=20,
        figure_value="−38 %",
        figure_label="Rüstzeit",
    )

    [card] = asked(client).main.all("article")

    assert card.one("h3").one("a")["href"] == practice.get_absolute_url()
    for words in (
        *("−38 %", "Rüstzeit", "Karte statt Zettel", practice.teaser, "Federnwerk & Söhne", "Altena"),
        *("mittel", "84", "20.000 bis 25.000 €", "5 Monate"),
    ):
        assert words in card.text.replace("\N{NO-BREAK SPACE}", " "), words


def test_a_card_marks_what_is_invented_and_what_is_published_elsewhere(client: Client) -> None:
    make_practice("Erfunden", is_fictitious=True, published_at=timezone.now() - DAY)
    make_external("Anderswo", source_url="https://www.quelle.example/bericht", published_at=timezone.now() - 2 * DAY)
    make_practice("Eigenes", published_at=timezone.now() - 3 * DAY)

    invented, elsewhere, own = (card.text for card in asked(client).main.all("article"))

    assert "Beispielfirma" in invented
    assert "extern veröffentlicht" in elsewhere
    assert "Beispielfirma" not in own
    assert "extern veröffentlicht" not in own


def test_a_card_of_an_unnamed_company_tells_neither_name_nor_place_nor_head_count(client: Client) -> None:
    make_practice("Ohne Namen", is_anonymous=True, municipality=make_municipality("Altena"), employees=38)

    [card] = asked(client).main.all("article")

    assert "Federnwerk" not in card.text
    assert "Altena" not in card.text
    assert "38" not in card.text
    assert "klein" in card.text


def test_every_example_has_its_own_slug_in_the_list(client: Client) -> None:
    for _ in range(3):
        make_practice()

    addresses = [a["href"] for card in asked(client).main.all("article") for a in card.all("a")]

    assert sorted(addresses) == sorted(p.get_absolute_url() for p in Practice.objects.all())
