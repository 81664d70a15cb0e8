"""The search over everything: all kinds at one address, and ways on where nothing is found."""

import re
from itertools import count

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actors.models import Activity
from dialogues.models import DialogueDocument
from platform_mark.contact import operator
from platform_mark.demand.models import Demand
from platform_mark.pages.everywhere import PAGE_SIZE
from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.search.models import SearchEntry, Synonym
from practices.models import PracticeDocument
from tests.actors.make import make_activity, make_actor
from tests.dialogues.formats.make import make_format
from tests.dialogues.make import make_dialogue
from tests.make import DAY, make_document, make_practice
from tests.markup import Page

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PERSON = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


def opened(client: Client, **asked: str) -> Page:
    response = client.get("/suche/", asked)
    assert response.status_code == 200
    return Page.of(response)


def titles(page: Page) -> list[str]:
    return [item.one("h3").text for item in page.all("li") if item.all("h3")]


def tabs(page: Page) -> list[str]:
    return [link.text for link in page.one("nav", **{"aria-label": "Treffer nach Art"}).all("a")]


def fill(word: str = "Spritzgussform") -> None:
    """One of each kind, with a word that nothing else has."""
    make_practice(f"{word} zeigt ihre Hubzahl")
    make_dialogue(f"{word} im Gespräch")
    make_activity(f"{word} prüfen lassen")
    make_actor(f"Verein {word}")
    make_format(f"{word} raten")


def test_one_question_finds_across_all_kinds_and_counts_each(client: Client) -> None:
    fill()
    page = opened(client, q="Spritzgussform")

    assert sorted(titles(page)) == [
        "Spritzgussform im Gespräch",
        "Spritzgussform prüfen lassen",
        "Spritzgussform raten",
        "Spritzgussform zeigt ihre Hubzahl",
        "Verein Spritzgussform",
    ]
    assert tabs(page) == ["Alle 5", "Beispiele 1", "Dialoge 1", "Aktivitäten 1", "Akteure 1", "Formate 1"]
    for link in (item.one("h3").one("a") for item in page.all("li") if item.all("h3")):
        assert client.get(link["href"]).status_code == 200, link["href"]


def test_what_is_in_the_title_comes_before_what_is_in_the_text_whatever_its_kind(client: Client) -> None:
    make_practice("Aus der Härterei", solution="<p>Der Hubzähler am Ofen.</p>")
    make_format("Hubzähler bauen", published_at=timezone.now() - 30 * DAY)
    make_activity("Sprechstunde", summary="Rund um den Hubzähler.")
    index.rebuild()

    assert titles(opened(client, q="Hubzähler")) == ["Hubzähler bauen", "Sprechstunde", "Aus der Härterei"]


def test_one_kind_alone_keeps_the_counts_of_the_others(client: Client) -> None:
    fill()
    page = opened(client, q="Spritzgussform", art="formate")
    assert titles(page) == ["Spritzgussform raten"]
    assert tabs(page)[0] == "Alle 5"
    assert page.one("a", **{"aria-current": "true"}).text == "Formate 1"


def test_the_words_met_are_marked_in_title_and_passage_and_nothing_typed_is_markup(client: Client) -> None:
    make_practice("Karte & Ofen", teaser="-", solution="<p>Vorne &lt;b&gt; und der Hubzähler am Ofen.</p>")
    index.rebuild()
    html = client.get("/suche/", {"q": "Hubzähler Ofen"}).content.decode()
    assert "Karte &amp; <mark>Ofen</mark>" in html
    html = client.get("/suche/", {"q": '<script>alert(1)</script>" onx="'}).content.decode()
    assert "<script>alert" not in html
    assert 'onx="' not in html.replace("onx=&quot;", "")


def test_a_passage_shows_where_the_text_meets_the_word(client: Client) -> None:
    make_practice("Karte", teaser="Nichts davon.", solution="<p>Am Ofen sitzt ein Hubzähler und zählt.</p>")
    index.rebuild()
    assert "ein <mark>Hubzähler</mark> und zählt" in client.get("/suche/", {"q": "hubzaehler"}).content.decode()


def test_quoted_words_must_stand_side_by_side_and_the_way_out_is_offered(client: Client) -> None:
    make_practice("Roter Ofen am Fluss")
    index.rebuild()
    assert titles(opened(client, q='"roter ofen"')) == ["Roter Ofen am Fluss"]
    page = opened(client, q="„Ofen roter“")
    assert titles(page) == []
    way = next(link for link in page.main.all("a") if "Ohne Anführungszeichen" in link.text)
    assert titles(Page.of(client.get(f"/suche/{way['href'].removeprefix('/suche/')}"))) == ["Roter Ofen am Fluss"]


def test_a_typing_error_is_mended_and_said(client: Client) -> None:
    make_dialogue("Einrichtekarte im Gespräch")
    page = opened(client, q="Einrichtekrate")
    assert titles(page) == ["Einrichtekarte im Gespräch"]
    assert "Meinten Sie Einrichtekarte?" in page.main.text


def test_nothing_of_the_kind_asked_for_leads_to_the_others_with_their_numbers(client: Client) -> None:
    make_dialogue("Hubzähler im Gespräch")
    page = opened(client, q="Hubzähler", art="akteure")
    assert "Kein Treffer bei Akteure" in page.main.text
    ways = {link.text: link["href"] for link in page.main.all("a")}
    assert ways["In allen Arten: 1 Treffer"] == "/suche/?q=Hubz%C3%A4hler"
    assert ways["Dialoge: 1 Treffer"] == "/suche/?q=Hubz%C3%A4hler&art=dialoge"


def test_nothing_at_all_names_the_unknown_word_the_telephone_and_the_wish(client: Client) -> None:
    page = opened(client, q="Quantenlaser")
    text = page.main.text
    assert "Nichts gefunden zu „Quantenlaser“" in text
    assert "Quantenlaser kommt nirgends vor" in text
    assert operator()["phone"] in text
    assert "/suche/wunsch/?q=Quantenlaser" in [link["href"] for link in page.main.all("a")]


def test_an_empty_question_shows_the_ways_in_and_is_no_error(client: Client) -> None:
    for asked in ({}, {"art": "dialoge"}, {"q": ""}, {"q": "   "}, {"q": "?!"}, {"q": "„“"}):
        page = opened(client, **asked)
        links = {link["href"] for link in page.main.all("a")}
        assert {"/beispiele/", "/dialoge/", "/aktivitaeten/", "/akteure/", "/formate/"} <= links, asked
    assert not Demand.objects.exists()


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "a" * 5_000},
        {"q": "\0Ofen\0", "art": "\0", "seite": "\0"},
        {"q": "' OR 1=1 -- % _ \\ & | ! <-> :*"},
        {"q": "Ofen", "seite": "9" * 400},
        {"q": "Ofen", "seite": "-1"},
        {"q": "Ofen", "art": "gibt-es-nicht"},
        {"q": "ö" * 300 + " \ud83d\udd25"[:1]},
    ],
)
def test_no_question_is_too_odd(client: Client, asked: dict[str, str]) -> None:
    make_practice("Ofen")
    index.rebuild()
    # What the portal takes nowhere, such as NUL, is refused before it gets here.
    assert client.get("/suche/", asked).status_code in (200, 400)


def test_more_than_200_characters_are_cut_and_said(client: Client) -> None:
    make_practice("Ofen")
    index.rebuild()
    page = opened(client, q="Ofen " * 60)
    assert "Gesucht wurde nach den ersten 200" in page.main.text
    assert titles(page) == ["Ofen"]


def test_a_page_beyond_the_last_is_the_last_and_the_pager_keeps_the_question(client: Client) -> None:
    for number in range(PAGE_SIZE + 1):
        make_practice(f"Ofen {number}", published_at=timezone.now() - number * DAY)
    index.rebuild()
    first, last = opened(client, q="Ofen"), opened(client, q="Ofen", seite="999")
    assert (len(titles(first)), len(titles(last))) == (PAGE_SIZE, 1)
    assert set(titles(first)) & set(titles(last)) == set()
    following = first.one("a", rel="next")["href"]
    assert re.fullmatch(r"\?q=Ofen&seite=2", following)


def test_what_is_not_public_is_never_found(client: Client) -> None:
    now = timezone.now()
    make_practice("Hubzähler Entwurf", state=State.DRAFT, published_at=None)
    make_practice("Hubzähler geplant", published_at=now + DAY)
    make_dialogue("Hubzähler vorbei", expires_at=now - DAY, published_at=now - 2 * DAY)
    make_activity("Hubzähler intern", visibility=Activity.Visibility.ACTORS)
    make_actor("Hubzähler-Verein in Gründung", state="waiting", approved_at=None)
    make_format("Hubzähler als Idee", state=State.DRAFT, published_at=None)
    index.rebuild()
    assert titles(opened(client, q="Hubzähler")) == []


def test_the_index_alone_shows_nothing(client: Client) -> None:
    """A row whose object may not be shown any more, as after a restore, is left out."""
    activity = make_activity("Hubzähler prüfen")
    assert titles(opened(client, q="Hubzähler")) == ["Hubzähler prüfen"]
    Activity.objects.filter(pk=activity.pk).update(visibility=Activity.Visibility.ACTORS)
    assert SearchEntry.objects.filter(object_id=activity.pk, kind="actors.activity").exists()
    assert titles(opened(client, q="Hubzähler")) == []


def test_the_title_of_a_public_document_leads_to_the_page_that_offers_it(client: Client, settings, tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings.MEDIA_ROOT = tmp_path
    practice, dialogue = make_practice("Karte am Ofen"), make_dialogue("Runde am Ofen")
    document = make_document()
    document.title = "Vorlage Hubzählerblatt"
    document.save()
    PracticeDocument.objects.create(practice=practice, document=document, order=0)
    DialogueDocument.objects.create(dialogue=dialogue, document=document, visibility="participants", order=0)
    index.rebuild()
    assert titles(opened(client, q="Hubzählerblatt")) == ["Karte am Ofen"]


@pytest.mark.parametrize("size", [1, 4])
def test_the_number_of_statements_depends_neither_on_kinds_nor_on_rows(client: Client, size: int) -> None:
    for number in range(size):
        make_practice(f"Ofen {number}")
    numbers = count(1)
    if size > 1:
        for _ in range(3):
            fill(f"Ofen {next(numbers)}")
    index.rebuild()
    with CaptureQueriesContext(
        connection,
    ) as seen:
        opened(client, q="Ofen")
    # What the words may mean, what meets them, and what of it may be shown.
    assert len(seen) == 3, [query["sql"][:90] for query in seen]


@pytest.mark.parametrize(
    ("question", "hoped_for"),
    [
        # one kind says it, the other kinds do not
        ("Pflegedienst", {"KI in der Pflege", "Pflege digital denken"}),
        ("Ki in der pflege", {"KI in der Pflege", "Runde: künstliche Intelligenz in der Pflege"}),
        ("kuenstliche intelligenz", {"KI in der Pflege", "Runde: künstliche Intelligenz in der Pflege"}),
        ("Rüstzeiten", {"Rüstzeit halbieren"}),
        ("Ruestzeit", {"Rüstzeit halbieren"}),
        ("Schrauben", {"Verein der Schraubenfertiger"}),
        ("Azubis filmen", {"Auszubildende filmen ihren Arbeitsplatz"}),
    ],
)
def test_people_find_what_they_mean_among_all_kinds(client: Client, question: str, hoped_for: set[str]) -> None:
    Synonym.objects.create(terms=["KI", "künstliche Intelligenz"])
    Synonym.objects.create(terms=["Azubi", "Auszubildende"])
    make_practice("KI in der Pflege")
    make_dialogue("Runde: künstliche Intelligenz in der Pflege")
    make_activity("Pflege digital denken", summary="Für ambulante Pflegedienste.")
    make_activity("Rüstzeit halbieren")
    make_actor("Verein der Schraubenfertiger")
    make_format("Auszubildende filmen ihren Arbeitsplatz")
    index.rebuild()
    assert hoped_for & set(titles(opened(client, q=question))[:3])


def test_journey_three_begins_with_a_search_that_finds_across_all_kinds(client: Client) -> None:
    """ "Ki in der pflege", typed as people type, from the start page on."""
    Synonym.objects.create(terms=["KI", "künstliche Intelligenz"])
    make_practice("KI schreibt Pflegeberichte")
    make_dialogue("Künstliche Intelligenz in der Pflege")
    make_activity("KI-Werkstatt für die Pflege")
    make_actor("Pflegenetz", summary="Wir bringen KI in die Pflege.")
    make_format("Pflege fragt KI")
    make_practice("Ofen meldet Temperatur")
    index.rebuild()
    start = Page.of(client.get("/"))
    way = next(link for link in start.all("a") if link.text == "Suche")
    assert way["href"] == "/suche/"

    page = opened(client, q="Ki in der pflege")

    assert tabs(page) == ["Alle 5", "Beispiele 1", "Dialoge 1", "Aktivitäten 1", "Akteure 1", "Formate 1"]
    assert "Ofen meldet Temperatur" not in titles(page)


def test_browsers_can_add_the_search_and_an_error_page_offers_it(client: Client) -> None:
    link = Page.of(client.get("/beispiele/")).one("link", rel="search")
    response = client.get(link["href"])
    assert response["Content-Type"].startswith("application/opensearchdescription+xml")
    assert "/suche/?q={searchTerms}" in response.content.decode()
    lost = client.get("/gibt-es-nicht/")
    assert lost.status_code == 404
    assert Page.of(lost).one("form", role="search")["action"] == "/suche/"


def test_the_search_is_read_without_a_cookie_and_results_are_not_for_search_engines(client: Client) -> None:
    fill()
    response = client.get("/suche/", {"q": "Spritzgussform"}, HTTP_USER_AGENT=PERSON)
    assert not response.cookies
    assert 'content="noindex, follow"' in response.content.decode()
    assert "noindex" not in client.get("/suche/").content.decode()
