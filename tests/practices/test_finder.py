"""The finder as a company uses it: words, all facets, orders; and that whatever staff do is found at once."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.search.models import SearchEntry, Synonym
from platform_mark.starter import content
from platform_mark.taxonomy.merging import merge
from platform_mark.taxonomy.models import Municipality
from platform_mark.taxonomy.reference import load_reference
from practices import releasing
from practices.importing import import_practices
from practices.models import Practice
from practices.search import Effort, effort
from tests.make import DAY, make_branch, make_external, make_municipality, make_practice, make_topic, make_user
from tests.markup import Page
from tests.practices.test_list import LIST, asked, boxes, chips, hits, query_of, titles

pytestmark = pytest.mark.django_db

LIMIT = 4


def statements(client: Client, **values: object) -> int:
    with CaptureQueriesContext(connection) as captured:
        asked(client, **values)
    return len(captured)


# ---------------------------------------------------------------- words


def test_the_fitting_examples_come_first_with_the_hit_marked(client: Client) -> None:
    now = timezone.now()
    make_practice("Einrichtekarte am Tablet", result="<p>Die Rüstzeit ist halbiert.</p>", published_at=now - DAY)
    make_practice("Rüstzeit gemessen & notiert", published_at=now - 2 * DAY)
    make_practice("Etwas anderes")

    page = asked(client, q="rüstzeit")

    assert titles(page) == ["Rüstzeit gemessen & notiert", "Einrichtekarte am Tablet"]
    first, second = page.main.all("article")
    assert [mark.text for mark in first.all("mark")] == ["Rüstzeit"]
    # Where neither title nor teaser says it, the passage does.
    assert "Die Rüstzeit ist halbiert." in second.text
    assert [mark.text for mark in second.all("mark")] == ["Rüstzeit"]
    assert hits(page) == 2
    assert list(chips(page)) == ["„rüstzeit“"]
    assert "rüstzeit" in page.title


def test_a_part_of_a_compound_is_enough(client: Client) -> None:
    make_practice("Alte Maschinensteuerung")
    make_practice("Etwas anderes")

    assert (
        titles(asked(client, q="Steuerung"))
        == titles(asked(client, q="Maschinensteuerung"))
        == ["Alte Maschinensteuerung"]
    )


def test_words_and_facets_narrow_together_and_the_counts_follow(client: Client) -> None:
    metal, wood = make_branch("Metall"), make_branch("Holz")
    make_practice("Tablet an der Presse", branches=(metal,), employees=5)
    make_practice("Tablet an der Säge", branches=(wood,), employees=5)
    make_practice("Zettel an der Presse", branches=(metal,), employees=5)

    page = asked(client, q="Tablet", branche="metall")

    assert titles(page) == ["Tablet an der Presse"]
    assert {name: box.count for name, box in boxes(page, "branche").items()} == {"holz": 1, "metall": 1}
    assert boxes(page, "groesse")["kleinst"].count == 1
    assert {label: query_of(address) for label, address in chips(page).items()} == {
        "„Tablet“": {"branche": ["metall"]},
        "Metall": {"q": ["Tablet"]},
    }


def test_a_typing_error_is_mended_and_said(client: Client) -> None:
    make_practice("Roboter schleift")

    page = asked(client, q="Robotter")

    assert titles(page) == ["Roboter schleift"]
    [link] = [a for a in page.main.all("a") if "q=Roboter" in a["href"]]
    assert "Meinten Sie Roboter?" in page.main.text
    assert titles(Page.of(client.get(LIST + link["href"].removeprefix(LIST)))) == ["Roboter schleift"]


def test_a_word_of_something_unpublished_is_never_suggested(client: Client) -> None:
    secret = make_practice("Geheimvorhaben")
    make_practice("Tablet")
    secret.archive()

    for text in ("Geheimvorhabn", "Geheimvorhabn Tablet"):
        assert "Geheimvorhaben" not in client.get(LIST, {"q": text}).content.decode(), text


def test_words_that_occur_nowhere_are_named(client: Client) -> None:
    make_practice("Galvanik")

    page = asked(client, q="Galvanik Xylophon")

    assert titles(page) == ["Galvanik"]
    assert "In keinem Beispiel kommt vor: Xylophon" in page.main.text


def test_where_no_example_has_all_words_the_page_says_so(client: Client) -> None:
    make_practice("Galvanik")
    make_practice("Dienstplan")

    page = asked(client, q="Galvanik Dienstplan")

    assert set(titles(page)) == {"Galvanik", "Dienstplan"}
    assert "Kein Beispiel enthält alle Wörter" in page.main.text
    assert "Kein Beispiel enthält alle Wörter" not in asked(client, q="Galvanik").main.text


def test_nothing_found_says_what_to_drop_for_how_many(client: Client) -> None:
    metal = make_branch("Metall")
    make_practice("Tablet", employees=500)
    make_practice("Zettel", branches=(metal,))

    page = asked(client, q="Tablet", branche="metall")

    ways = {query: int(text.rsplit(": ", 1)[1].split()[0]) for query, text in ways_on(page).items()}
    assert ways == {"q=Tablet": 1, "branche=metall": 1, "": 2}
    assert titles(page) == ["Tablet"]

    page = asked(client, q="Xylophon")
    assert ways_on(page) == {"": "Alles zeigen: 2 Beispiele"}
    assert len(titles(page)) == 2


def ways_on(page: Page) -> dict[str, str]:
    notice = next(box for box in page.main.all("div") if box["class"] == "notice stack")
    return {urlsplit(a["href"]).query: a.text for a in notice.all("li")[0:] for a in a.all("a")}


@pytest.mark.parametrize("q", ["???", "  ", "„“", "-"])
def test_what_has_no_word_in_it_asks_for_nothing(client: Client, q: str) -> None:
    make_practice("Galvanik")

    page = asked(client, q=q)

    assert titles(page) == ["Galvanik"]
    assert not chips(page)


def test_a_question_that_is_too_long_is_cut_and_kept(client: Client) -> None:
    make_practice("Galvanik")
    long = "Galvanik " + "x" * 300

    page = asked(client, q=long)

    assert "höchstens 200 Zeichen" in page.main.text
    assert page.main.one("input", id="q")["value"] == long
    assert titles(page) == ["Galvanik"]


@pytest.mark.parametrize(
    "q",
    ["'; DROP TABLE practices_practice; --", "<script>alert(1)</script>", "%s %(kind)s {missed}", "\\", "a:*&!|", "🙂"],
)
def test_hostile_words_are_only_words(client: Client, q: str) -> None:
    make_practice("Galvanik")

    response = client.get(LIST, {"q": q})

    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()
    assert Practice.objects.count() == 1


@pytest.mark.parametrize("query", ["q=%00", "q=a%00b", "q=%ff", "ort=" + "x" * 5000, "ort=%00", "jahr=%ed%a0%80"])
def test_what_no_database_should_see_is_refused(client: Client, query: str) -> None:
    make_practice("Galvanik")

    assert client.get(f"{LIST}?{query}").status_code == 400


# ---------------------------------------------------------------- facets


def make_varied() -> None:
    hagen = Municipality.objects.get(name="Hagen")
    altena = Municipality.objects.get(name="Altena")
    topic = make_topic("Rüsten & Fertigung")
    make_practice(
        "Alles",
        municipality=hagen,
        topics=(topic,),
        year=2024,
        target_groups=["trainees", "managers"],
        investment_from=1_000,
        investment_to=2_000,
        person_days=5,
    )
    make_practice("Anderes", municipality=altena, year=2023, investment_from=1, investment_to=90_000)
    make_external("Auswärts", place="Dortmund")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"kreis": "hagen"}, ["Alles"]),
        ({"ort": "altena"}, ["Anderes"]),
        ({"ort": ["altena", "hagen"]}, ["Alles", "Anderes"]),
        ({"ort": "altena", "kreis": "hagen"}, []),
        ({"thema": "ruesten-fertigung"}, ["Alles"]),
        ({"zielgruppe": "auszubildende"}, ["Alles"]),
        ({"zielgruppe": ["auszubildende", "beschaeftigte"]}, ["Alles"]),
        ({"zielgruppe": "beschaeftigte"}, []),
        ({"aufwand": "gering"}, ["Alles"]),
        ({"aufwand": "hoch"}, ["Anderes"]),
        ({"aufwand": ["gering", "hoch"], "jahr": "2023"}, ["Anderes"]),
        ({"jahr": ["2023", "2024"]}, ["Alles", "Anderes"]),
        ({"jahr": "1999"}, []),
        ({"jahr": "gestern"}, []),
        ({"ort": "dortmund"}, []),
    ],
)
def test_every_facet_narrows(client: Client, values: dict[str, Any], expected: list[str]) -> None:
    load_reference()
    make_varied()

    page = asked(client, **values)

    assert hits(page) == len(expected)
    if expected:
        assert sorted(titles(page)) == expected


def test_every_facet_shows_its_boxes_with_true_counts(client: Client) -> None:
    load_reference()
    make_varied()

    page = asked(client)

    shown = {
        facet: {name: box.count for name, box in boxes(page, facet).items() if box.count}
        for facet in ("thema", "kreis", "ort", "zielgruppe", "aufwand", "jahr")
    }
    assert shown == {
        "thema": {"ruesten-fertigung": 1},
        "kreis": {"hagen": 1, "maerkischer-kreis": 1},
        "ort": {"altena": 1, "hagen": 1},
        "zielgruppe": {"auszubildende": 1, "fuehrungskraefte": 1},
        "aufwand": {"gering": 1, "hoch": 1},
        "jahr": {"2024": 1, "2023": 1},
    }
    assert len(boxes(page, "ort")) == 25
    assert list(boxes(page, "jahr")) == ["2024", "2023"]


@pytest.mark.parametrize("facet", ["branche", "groesse", "thema", "zielgruppe", "aufwand", "kreis", "ort", "jahr"])
def test_an_unknown_word_is_named_in_every_facet(client: Client, facet: str) -> None:
    load_reference()
    make_practice("Galvanik")

    page = asked(client, **{facet: "gibts-nicht"})

    assert hits(page) == 0
    assert "Diesen Filter kennen wir nicht: gibts-nicht" in page.main.text
    assert list(chips(page)) == ["gibts-nicht"]


def test_a_merged_topic_leads_on_like_a_merged_branch(client: Client) -> None:
    new = make_topic("Rüsten")
    make_topic("Umrüsten", merged_into=new)

    response = client.get(f"{LIST}?thema=umruesten&q=Tablet")

    assert response.status_code == 301
    assert parse_qs(urlsplit(response["Location"]).query) == {"thema": ["ruesten"], "q": ["Tablet"]}


def test_an_unnamed_company_is_counted_for_no_district_and_no_town(client: Client) -> None:
    load_reference()
    make_practice("Ohne Namen", is_anonymous=True, municipality=Municipality.objects.get(name="Altena"))

    page = asked(client)

    assert boxes(page, "kreis")["maerkischer-kreis"].count == 0
    assert boxes(page, "ort")["altena"].count == 0
    assert client.get("/beispiele/?kreis=maerkischer-kreis").context["hits"] == []


@pytest.mark.parametrize(
    ("cost", "days", "expected"),
    [
        (None, None, None),
        (0, None, Effort.LOW),
        (5_000, 10, Effort.LOW),
        (5_001, 1, Effort.MEDIUM),
        (1, 11, Effort.MEDIUM),
        (25_000, 40, Effort.MEDIUM),
        (None, 41, Effort.HIGH),
        (25_001, None, Effort.HIGH),
    ],
)
def test_the_larger_of_money_and_days_decides_the_effort(
    cost: int | None, days: int | None, expected: Effort | None
) -> None:
    assert effort(Practice(investment_to=cost, person_days=days)) == expected


# ---------------------------------------------------------------- order and pages


def test_the_order_can_be_chosen_and_stays(client: Client) -> None:
    now = timezone.now()
    make_practice("Teuer", investment_from=1, investment_to=9_000, duration_weeks=1, published_at=now)
    make_practice("Günstig", investment_from=1, investment_to=500, duration_weeks=30, published_at=now - DAY)
    make_practice("Unbekannt", teaser="Teuer oder günstig? Günstig!", published_at=now - 2 * DAY)

    assert titles(asked(client, sortierung="kosten")) == ["Günstig", "Teuer", "Unbekannt"]
    assert titles(asked(client, sortierung="dauer")) == ["Teuer", "Günstig", "Unbekannt"]
    assert titles(asked(client, sortierung="neueste")) == ["Teuer", "Günstig", "Unbekannt"]
    assert titles(asked(client, q="günstig")) == ["Günstig", "Unbekannt"]
    assert titles(asked(client, q="günstig", sortierung="neueste")) == ["Günstig", "Unbekannt"]
    # What does not exist, or makes no sense without words, is as if nothing had been chosen.
    for nonsense in ("relevanz", "preis", "'"):
        assert titles(asked(client, sortierung=nonsense)) == ["Teuer", "Günstig", "Unbekannt"]
    page = asked(client, sortierung="kosten", jahr="1999")
    assert [query_of(address) for address in chips(page).values()] == [{"sortierung": ["kosten"]}]


def test_words_typed_into_a_list_by_date_are_answered_by_relevance(client: Client) -> None:
    make_practice("Rüstzeit halbiert", published_at=timezone.now() - DAY)
    make_practice("Anderes", result="<p>Auch die Rüstzeit sank.</p>")
    select = asked(client).main.one("select", id="sortierung")
    [sent] = [option["value"] for option in select.all("option") if "selected" in option]

    assert titles(asked(client, q="Rüstzeit", sortierung=sent)) == ["Rüstzeit halbiert", "Anderes"]


def test_relevance_is_offered_only_with_words(client: Client) -> None:
    for number in range(2):
        make_practice(f"Galvanik {number}")

    def orders(page: Page) -> list[str]:
        return [option.text for option in page.main.one("select", id="sortierung").all("option")]

    assert orders(asked(client)) == ["Neueste", "Kosten", "Dauer"]
    assert orders(asked(client, q="Galvanik")) == ["Relevanz", "Neueste", "Kosten", "Dauer"]


def test_all_fields_belong_to_one_form_so_that_no_choice_drops_another(client: Client) -> None:
    for number in range(2):
        make_practice(f"Galvanik {number}", employees=5)

    page = asked(client, q="Galvanik", groesse="kleinst", sortierung="kosten")

    [form] = [form for form in page.main.all("form") if form["id"] == "finder"]
    inside = {element["name"] for element in form.all("input", "select") if element["name"]}
    outside = {e["name"] for e in page.main.all("input", "select") if e["form"] == "finder"}
    assert outside == {"q", "sortierung"}
    assert "groesse" in inside
    assert page.main.one("input", id="q")["value"] == "Galvanik"
    chosen = [o["value"] for o in page.main.one("select", id="sortierung").all("option") if "selected" in o]
    assert chosen == ["kosten"]


def test_the_number_of_statements_is_small_and_does_not_grow(client: Client) -> None:
    load_reference()
    altena = Municipality.objects.get(name="Altena")
    for number in range(2):
        make_practice(f"Tablet {number}", municipality=altena, employees=5)
    questions: list[dict[str, object]] = [
        {},
        {"groesse": "kleinst", "ort": "altena"},
        {"q": "Tablet"},
        {"q": "Tablet", "groesse": ["kleinst", "klein"], "sortierung": "kosten"},
        {"q": "Tablett Robotter", "groesse": "kleinst"},
        {"q": "Xylophon", "groesse": "kleinst"},
        {"groesse": "gross", "jahr": "1999"},
        {"seite": 99},
    ]
    few = [statements(client, **values) for values in questions]
    for number in range(2, 32):
        make_practice(f"Tablet {number}", municipality=altena, employees=5)
    many = [statements(client, **values) for values in questions]

    assert many == few
    assert max(many) <= LIMIT, dict(zip(map(str, questions), many, strict=True))


# ---------------------------------------------------------------- whatever staff do is found at once


def found(client: Client, q: str) -> list[str]:
    page = asked(client, q=q)
    return titles(page) if hits(page) else []


def test_every_change_of_state_is_found_at_once(client: Client) -> None:
    practice = make_practice("Galvanik", is_fictitious=True, state=State.DRAFT, published_at=None)
    assert found(client, "Galvanik") == []

    practice.publish()
    assert found(client, "Galvanik") == ["Galvanik"]

    practice.archive()
    assert found(client, "Galvanik") == []

    practice.withdraw()
    practice.published_at = timezone.now() + DAY
    practice.publish()
    assert found(client, "Galvanik") == []


@pytest.mark.parametrize("way", ["one", "many"])
def test_what_is_deleted_is_not_counted_any_more(client: Client, way: str) -> None:
    practice = make_practice("Galvanik")
    make_practice("Tablet")

    if way == "one":
        practice.delete()
    else:
        Practice.objects.filter(pk=practice.pk).delete()

    assert hits(asked(client)) == 1
    assert SearchEntry.objects.count() == 1


def test_a_released_revision_is_found_in_place_of_what_it_replaces(client: Client) -> None:
    practice = make_practice("Galvanik", is_fictitious=True)
    copy = releasing.revise(practice)
    copy.title = "Gießerei"
    copy.save()
    index.put(copy)
    assert (found(client, "Galvanik"), found(client, "Gießerei")) == (["Galvanik"], [])

    releasing.publish(copy, by=make_user())

    assert (found(client, "Galvanik"), found(client, "Gießerei")) == ([], ["Gießerei"])
    assert SearchEntry.objects.count() == 1


def test_an_import_and_its_update_are_found(client: Client) -> None:
    row = {
        "title": "Ofenbuch",
        "company": "Härterei",
        "summary": "Der Ofen schreibt sein Buch selbst.",
        "approach": "Ein Fühler und ein Tablet.",
        "source_url": "https://www.example.org/ofen",
    }
    import_practices([row], publish=True)
    assert found(client, "Fühler") == ["Ofenbuch"]

    import_practices([row | {"approach": "Ein Xylophon."}], publish=True, update=True)
    assert (found(client, "Fühler"), found(client, "Xylophon")) == ([], ["Ofenbuch"])


def test_starter_content_comes_and_goes_with_its_words(client: Client, settings: LazySettings, tmp_path: Any) -> None:
    settings.QUICK_START = True
    settings.MEDIA_ROOT = tmp_path
    load_reference()

    content.load()
    assert index.differences() == 0
    assert "Einrichtekarte am Tablet statt Zettel an der Maschine" in found(client, "Rüstzeit")

    content.remove()
    assert SearchEntry.objects.count() == 0


def test_merged_terms_are_counted_once_and_at_once(client: Client) -> None:
    old, new = make_branch("Draht"), make_branch("Metall")
    make_practice("Beides", branches=(old, new))
    make_practice("Nur Draht", branches=(old,))

    merge(old, into=new)

    page = asked(client, branche="metall")
    assert sorted(titles(page)) == ["Beides", "Nur Draht"]
    assert boxes(page, "branche")["metall"].count == 2
    assert found(client, "Metall") != []
    assert found(client, "Draht") == ["Nur Draht"]


def test_what_staff_save_in_the_admin_is_found_with_its_branches(client: Client, settings: LazySettings) -> None:
    settings.STAFF_SECOND_FACTOR = False
    practice = make_external("Galvanik", teaser="Ein Satz.", municipality=make_municipality("Hemer"))
    metal = make_branch("Metall")
    client.force_login(make_user(is_staff=True, is_superuser=True))
    address = f"/admin/practices/practice/{practice.pk}/change/"
    values = form_values(Page.of(client.get(address)))

    answer = client.post(address, {**values, "title": "Gießerei", "branches": [metal.pk], "_save": "1"})

    assert answer.status_code == 302, Page.of(answer).main.text
    assert (found(client, "Galvanik"), found(client, "Gießerei")) == ([], ["Gießerei"])
    assert titles(asked(client, branche="metall")) == ["Gießerei"]


def form_values(page: Page) -> dict[str, Any]:
    """What a browser would send back unchanged."""
    form = page.one("form", id="practice_form")
    values: dict[str, Any] = {}
    for element in form.all("input", "textarea", "select"):
        name = element["name"]
        if not name or (element["type"] in {"checkbox", "radio"} and "checked" not in element):
            continue
        if element["type"] in {"submit", "button", "file"}:
            continue
        if element.tag == "select":
            picked = [option["value"] for option in element.all("option") if "selected" in option]
            values[name] = picked if "multiple" in element else (picked or [""])[0]
        elif element.tag == "textarea":
            values[name] = "".join(child for child in element.children if isinstance(child, str)).removeprefix("\n")
        elif element["type"] == "checkbox":
            values.setdefault(name, []).append(element["value"] or "on")
        else:
            values[name] = element["value"]
    return values


def test_synonyms_of_staff_work_in_the_list(client: Client) -> None:
    make_practice("Warenwirtschaft im Hofladen")
    assert found(client, "ERP") == []

    Synonym.objects.create(terms=["ERP", "Warenwirtschaft"])

    assert found(client, "ERP") == ["Warenwirtschaft im Hofladen"]
