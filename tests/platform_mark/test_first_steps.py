"""Three questions and what answers them: the order of hits, their reasons, widening, the sheet, and what staff edit."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actors.models import Activity
from dialogues.models import Dialogue
from platform_mark.pages.answers import Answers
from platform_mark.taxonomy.merging import merge
from platform_mark.taxonomy.models import Branch, Pressure, Topic
from platform_mark.taxonomy.reference import load_reference
from tests.actors.make import make_activity, make_actor
from tests.cast import make_cast
from tests.dialogues.formats.make import make_format
from tests.dialogues.make import in_days, make_dialogue
from tests.make import add_parts, make_branch, make_municipality, make_practice, make_topic
from tests.markup import Element, Page

pytestmark = pytest.mark.django_db

OLD = timezone.now() - timedelta(days=400)
MOST_QUERIES = 8


def make_pressure(name: str = "Zu viel Papier", *, topics: Sequence[Topic] = (), **fields: object) -> Pressure:
    pressure = Pressure.objects.create(**{"name": name, "slug": "papierkram", **fields})
    pressure.topics.set(topics)
    return pressure


def opened(client: Client, address: str) -> Page:
    response = client.get(address)
    assert response.status_code == 200, address
    return Page.of(response)


def section(page: Page, name: str) -> Element:
    return page.main.one("section", **{"aria-labelledby": name})


def examples(page: Page) -> list[str]:
    return [link.text for heading in section(page, "abschauen").all("h3") for link in heading.all("a")]


def reasons(page: Page, title: str) -> list[str]:
    card = next(card for card in page.main.all("article") if title in card.text)
    return [chip.text for chip in card.all("li", class_="state")]


# ---------------------------------------------------------------- the order of hits


@pytest.fixture
def wood() -> Branch:
    return make_branch("Holz und Bau", slug="holz")


@pytest.fixture
def paper() -> Topic:
    return make_topic("Papierlos arbeiten")


QUERY = "/einstieg/?branche=holz&groesse=kleinst&druck=papierkram"


def test_more_reasons_stand_before_fewer_and_none_comes_last(client: Client, wood: Branch, paper: Topic) -> None:
    make_pressure(topics=[paper])
    make_practice("Drei Gründe", branches=(wood,), topics=(paper,), employees=6, published_at=OLD)
    make_practice("Zwei Gründe", topics=(paper,), employees=6, published_at=OLD)
    make_practice("Kein Grund", employees=900)
    page = opened(client, QUERY)
    assert examples(page) == ["Drei Gründe", "Zwei Gründe", "Kein Grund"]
    assert reasons(page, "Drei Gründe") == ["gleiche Branche", "gleiches Problem", "gleich groß"]
    assert reasons(page, "Zwei Gründe") == ["gleiches Problem", "gleich groß"]
    assert reasons(page, "Kein Grund") == []


def test_two_small_reasons_stand_before_one_large(client: Client, wood: Branch, paper: Topic) -> None:
    make_pressure(topics=[paper])
    make_practice("Nur die Branche", branches=(wood,))
    make_practice("Problem und fast die Größe", topics=(paper,), employees=30, published_at=OLD)
    assert examples(opened(client, QUERY)) == ["Problem und fast die Größe", "Nur die Branche"]


def test_among_equal_numbers_branch_counts_before_problem_before_size(
    client: Client, wood: Branch, paper: Topic
) -> None:
    make_pressure(topics=[paper])
    make_practice("Größe", employees=6)
    make_practice("Problem", topics=(paper,), published_at=OLD)
    make_practice("Branche", branches=(wood,), published_at=OLD - timedelta(days=1))
    assert examples(opened(client, QUERY)) == ["Branche", "Problem", "Größe"]


def test_the_same_address_gives_the_same_order_and_newest_first_among_equals(client: Client, wood: Branch) -> None:
    at = timezone.now()
    for number in range(5):
        make_practice(f"Gleichstand {number}", branches=(wood,), published_at=at)
    first = examples(opened(client, QUERY))
    assert first == ["Gleichstand 4", "Gleichstand 3", "Gleichstand 2"]
    assert all(examples(opened(client, QUERY)) == first for _ in range(3))


def test_the_district_is_a_reason_once_it_is_named_and_never_gives_a_company_away(client: Client, wood: Branch) -> None:
    altena = make_municipality("Altena")
    make_practice("Aus Altena", branches=(wood,), municipality=altena, published_at=OLD)
    make_practice("Von woanders", branches=(wood,))
    make_practice("Ohne Namen", is_anonymous=True, company="Geheim", municipality=altena, published_at=OLD)
    assert examples(opened(client, "/einstieg/?branche=holz"))[0] == "Von woanders"
    page = opened(client, "/einstieg/?branche=holz&kreis=maerkischer-kreis")
    assert examples(page)[0] == "Aus Altena"
    assert reasons(page, "Aus Altena") == ["gleiche Branche", "gleicher Kreis"]
    assert reasons(page, "Ohne Namen") == []


def test_drafts_and_what_is_no_longer_public_are_never_shown(client: Client, wood: Branch) -> None:
    make_practice("Entwurf", branches=(wood,), state="draft", published_at=None)
    make_practice("Abgelaufen", branches=(wood,), published_at=OLD, expires_at=OLD + timedelta(days=1))
    make_practice("Zu sehen")
    assert examples(opened(client, QUERY)) == ["Zu sehen"]


# ---------------------------------------------------------------- widening


def test_a_branch_without_examples_is_said_and_what_is_shown_instead(
    client: Client, wood: Branch, paper: Topic
) -> None:
    make_pressure(topics=[paper])
    make_practice("Papierlos woanders", topics=(paper,))
    found = section(opened(client, QUERY), "abschauen").text
    assert "In Ihrer Branche haben wir noch nichts, aber diese Betriebe hatten das gleiche Problem." in found
    assert "Alle Beispiele aus Ihrer Branche" not in found


def test_nothing_in_common_shows_the_newest_and_says_so(client: Client, wood: Branch) -> None:
    make_practice("Irgendeines", employees=900)
    found = section(opened(client, QUERY), "abschauen").text
    assert "In Ihrer Branche haben wir noch nichts, aber das sind die neuesten Beispiele." in found


def test_a_branch_with_examples_is_never_called_empty(client: Client, wood: Branch, paper: Topic) -> None:
    make_pressure(topics=[paper])
    for number in range(3):
        make_practice(f"Problem und Größe {number}", topics=(paper,), employees=6)
    make_practice("Nur Branche", branches=(wood,), published_at=OLD)
    page = section(opened(client, QUERY), "abschauen")
    assert "noch nichts" not in page.text
    assert "/beispiele/?branche=holz" in [link["href"] for link in page.all("a")]


def test_an_empty_portal_answers_with_the_number_to_call(client: Client) -> None:
    page = opened(client, "/einstieg/?branche=&groesse=&druck=")
    assert "Noch ist kein Beispiel veröffentlicht." in page.main.text
    assert "Zurzeit ist kein Dialog offen." in page.main.text
    assert any(link["href"].startswith("tel:") for link in page.main.all("a"))


# ---------------------------------------------------------------- dialogue, offers, format


def dialogue_shown(client: Client, query: str = QUERY) -> list[str]:
    return [heading.text for heading in section(opened(client, query), "nachfragen").all("h3")]


def test_the_dialogue_of_the_branch_stands_before_an_earlier_one(client: Client, wood: Branch) -> None:
    make_dialogue("Morgen, anderes", starts_at=in_days(1))
    make_dialogue("Später, Holz", starts_at=in_days(30), branches=[wood])
    page = opened(client, QUERY)
    assert dialogue_shown(client) == ["Später, Holz"]
    assert reasons(page, "Später, Holz") == ["gleiche Branche"]


def test_a_dialogue_that_shows_an_example_of_the_problem_has_the_same_problem(client: Client, paper: Topic) -> None:
    make_pressure(topics=[paper])
    make_dialogue("Ohne Beispiel", starts_at=in_days(2))
    make_dialogue("Mit Beispiel", starts_at=in_days(9), practices=[make_practice(topics=(paper,))])
    page = opened(client, "/einstieg/?druck=papierkram")
    assert reasons(page, "Mit Beispiel") == ["gleiches Problem"]


def test_only_a_dialogue_to_which_one_can_sign_up_is_shown(client: Client, wood: Branch) -> None:
    make_dialogue("Vorbei", branches=[wood], starts_at=in_days(-3))
    make_dialogue("Abgesagt", branches=[wood], cancelled_at=timezone.now(), cancel_reason="Krank")
    make_dialogue("Nur mit Einladung", branches=[wood], is_by_invitation=True)
    make_dialogue("Noch nicht", branches=[wood], signup_opens_at=in_days(3))
    make_dialogue("Zu", branches=[wood], signup_closes_at=in_days(-1))
    make_dialogue("Ohne Plätze", branches=[wood], seats=0)
    make_dialogue("Offen", starts_at=in_days(60))
    assert dialogue_shown(client) == ["Offen"]
    note = section(opened(client, QUERY), "nachfragen").text
    assert "In Ihrer Branche ist gerade kein Dialog offen, aber das ist der nächste überhaupt." in note
    Dialogue.objects.filter(title="Offen").update(is_by_invitation=True)
    assert dialogue_shown(client) == []


def offers(client: Client, query: str = QUERY) -> list[str]:
    table = section(opened(client, query), "anrufen").all("tbody")
    return [row.all("a")[0].text for body in table for row in body.all("tr")]


def test_without_an_answer_offers_to_call_stand_first_the_last_assured_before(client: Client) -> None:
    silent, called = make_actor(contact_phone=""), make_actor(contact_phone="02331 555-0100")
    make_activity("Gerade bestätigt", actor=silent, contact_phone="02331 555-0101")
    make_activity("Lange her", actor=called, confirmed_at=timezone.now() - timedelta(days=90))
    make_activity("Nie bestätigt", actor=called, confirmed_at=None)
    make_activity("Ohne Telefon", actor=silent)
    expected = ["Gerade bestätigt", "Lange her", "Nie bestätigt"]
    assert offers(client, "/einstieg/?druck=") == expected
    Activity.objects.exclude(title="Ohne Telefon").delete()
    assert offers(client, "/einstieg/?druck=") == ["Ohne Telefon"]


def test_offers_for_other_branches_and_sizes_are_left_out(client: Client, wood: Branch, paper: Topic) -> None:
    make_pressure(topics=[paper])
    make_activity("Nur für Metall", branches=(make_branch("Metall"),), topics=(paper,))
    make_activity("Nur für Große", sizes=["large"], topics=(paper,))
    make_activity("Nur unter Akteuren", branches=(wood,), visibility="actors")
    make_activity("Für alle")
    make_activity("Zum Problem", topics=(paper,))
    make_activity("Für Holz", branches=(wood,), sizes=["micro"])
    assert offers(client) == ["Für Holz", "Zum Problem", "Für alle"]


def test_an_offer_names_a_number_and_never_a_person(client: Client) -> None:
    actor = make_actor(contact_phone="02331 555-0100")
    make_activity(
        "Anrufen", actor=actor, contact_person="Erika Beispiel", person_agreed_on=timezone.localdate(), contact_phone=""
    )
    for path in ("/einstieg/?druck=", "/einstieg/blatt/?druck="):
        text = opened(client, path).main.text
        assert "02331 555-0100" in text
        assert "Erika" not in text


def test_the_format_follows_from_the_groups_of_the_problem_and_the_size(client: Client) -> None:
    make_pressure(target_groups=["employees"])
    make_format("Für Azubis", target_groups=["trainees"])
    make_format("Für zwanzig Leute", target_groups=["employees"], group_from=16, group_to=30)
    make_format("Für wenige", target_groups=["employees"], group_from=2, group_to=5, published_at=OLD)
    page = opened(client, QUERY)
    assert [heading.text for heading in section(page, "ausprobieren").all("h3")] == ["Für wenige"]
    assert reasons(page, "Für wenige") == ["gleiches Problem", "passt zu Ihrer Größe"]


# ---------------------------------------------------------------- questions and addresses


def test_the_questions_stand_on_home_and_on_their_own_page_and_lead_to_the_result(client: Client) -> None:
    load_reference()
    for address in ("/", "/einstieg/"):
        form = next(form for form in opened(client, address).main.all("form") if form.all("input", name="druck"))
        assert form["action"] == "/einstieg/"
        assert form["method"] == "get"
        assert {box["name"] for box in form.all("input")} == {"branche", "groesse", "druck"}
        assert "papierkram" in [box["value"] for box in form.all("input", name="druck")]
    assert len(opened(client, "/einstieg/").main.all("input", name="branche")) == Branch.objects.count() + 1


def test_answers_can_be_changed_without_losing_the_others(client: Client, wood: Branch) -> None:
    make_pressure()
    page = opened(client, f"{QUERY}&aendern=ja")
    checked = {box["value"] for box in page.main.all("input") if "checked" in box}
    assert checked == {"holz", "kleinst", "papierkram"}


def test_reading_sets_no_cookie_and_stores_nothing(client: Client, wood: Branch) -> None:
    for address in ("/einstieg/", QUERY, "/einstieg/blatt/?branche=holz"):
        assert not client.get(address).cookies
        assert client.post(address).status_code == 405


@pytest.mark.parametrize("path", ["/einstieg/", "/einstieg/blatt/"])
@pytest.mark.parametrize("value", ["gibt-es-nicht", "'; --", "a" * 90, "<b>"])
def test_what_nobody_knows_is_skipped_and_named(client: Client, path: str, value: str) -> None:
    make_practice("Trotzdem da")
    page = opened(client, f"{path}?branche={value}&groesse={value}&druck={value}&kreis={value}")
    assert "Trotzdem da" in page.main.text
    if path == "/einstieg/" and value == "gibt-es-nicht":
        assert "wir haben sie ausgelassen: „gibt-es-nicht“" in page.main.text
    for query, said in (("", "Diese Antwort kennen"), (f"&kreis={value}", "Diese Antworten kennen")):
        if path == "/einstieg/":
            assert said in opened(client, f"{path}?branche={value}{query}").main.text


def test_a_merged_branch_leads_on_with_the_other_answers(client: Client, wood: Branch) -> None:
    make_pressure()
    joinery = make_branch("Tischlerei")
    merge(joinery, into=wood)
    for path in ("/einstieg/", "/einstieg/blatt/"):
        response = client.get(f"{path}?branche=tischlerei&groesse=kleinst&druck=papierkram")
        assert response.status_code == 301
        assert response["Location"] == f"{path}?branche=holz&groesse=kleinst&druck=papierkram"


def test_a_result_is_kept_out_of_search_engines_and_the_questions_are_in_the_sitemap(client: Client) -> None:
    assert "noindex" in client.get("/einstieg/?druck=").content.decode()
    assert "noindex" not in client.get("/einstieg/").content.decode()
    assert "/einstieg/</loc>" in client.get("/sitemap.xml").content.decode()


# ---------------------------------------------------------------- the sheet


def test_the_sheet_holds_two_examples_steps_dialogue_offer_and_numbers(
    client: Client, wood: Branch, paper: Topic
) -> None:
    make_pressure(topics=[paper], hint="Sammeln Sie Zettel. Eine Woche lang.")
    make_practice("Ohne Schritte", branches=(wood,), topics=(paper,), employees=6)
    guide = make_practice("Mit Schritten", branches=(wood,), topics=(paper,), employees=6, published_at=OLD)
    add_parts(guide, 2)
    make_practice("Das dritte", published_at=OLD)
    make_dialogue("Holz spricht", branches=[wood])
    make_activity("Digital-Check", branches=(wood,), contact_phone="02331 555-0123")
    text = opened(client, QUERY.replace("/?", "/blatt/?")).main.text
    for words in ("Ohne Schritte", "Mit Schritten", "Holz spricht", "Digital-Check", "02331 555-0123"):
        assert words in text
    assert "Sammeln Sie Zettel." in text
    assert "Die ersten Schritte aus dem Beispiel „Mit Schritten“." in text
    assert "Eine Maschine wählen, die oft umgerüstet wird (1)." in text
    assert "Das dritte" not in text
    assert "branche=holz&groesse=kleinst&druck=papierkram" in text


# ---------------------------------------------------------------- speed


def test_queries_are_few_and_constant_in_rows(client: Client, wood: Branch, paper: Topic) -> None:
    make_pressure(topics=[paper])
    address = f"{QUERY}&kreis=maerkischer-kreis"

    def fill(number: int) -> None:
        altena = make_municipality(f"Altena {number}")
        for n in range(number):
            practice = make_practice(branches=(wood,), topics=(paper,), municipality=altena, employees=6)
            add_parts(practice, 2)
            make_activity(branches=(wood,), topics=(paper,))
            make_dialogue(branches=[wood], practices=[practice], starts_at=in_days(5 + n))
            make_format(branches=(wood,))

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    fill(1)
    few = [queries(address), queries(address.replace("/?", "/blatt/?"))]
    fill(4)
    assert [queries(address), queries(address.replace("/?", "/blatt/?"))] == few
    assert max(few) <= MOST_QUERIES


# ---------------------------------------------------------------- what staff edit


def test_what_presses_is_loaded_once_and_stays_as_staff_left_it() -> None:
    load_reference()
    assert Pressure.objects.offered().count() == 10
    assert all(pressure.topics.exists() and pressure.target_groups for pressure in Pressure.objects.all())
    Pressure.objects.filter(slug="papierkram").update(name="Zettel überall", is_offered=False)
    assert load_reference()["Antworten auf „Was drückt?“"] == 0
    assert Pressure.objects.get(slug="papierkram").name == "Zettel überall"


def test_every_hint_that_is_shipped_reads_as_two_steps() -> None:
    load_reference()
    for pressure in Pressure.objects.all():
        looks = Answers(pressures=[pressure]).looks
        assert len(looks) == 2, pressure
        assert all(len(look.action) > 10 for look in looks), pressure


def test_a_merged_topic_keeps_its_problem(paper: Topic) -> None:
    pressure = make_pressure(topics=[paper])
    other = make_topic("Weniger Zettel")
    merge(paper, into=other)
    assert list(pressure.topics.all()) == [other]


def test_editors_edit_what_presses_and_hide_what_was_shipped(client: Client) -> None:
    load_reference()
    editor = make_cast().client("editor")
    shipped = Pressure.objects.get(slug="papierkram")
    assert editor.get(f"/admin/taxonomy/pressure/{shipped.pk}/delete/").status_code == 403
    data = {
        "name": "Rüsten dauert",
        "order": "2",
        "is_offered": "on",
        "target_groups": ["employees"],
        "hint": "Messen.",
    }
    response = editor.post("/admin/taxonomy/pressure/add/", data)
    assert response.status_code == 302, response.content.decode()
    own = Pressure.objects.get(name="Rüsten dauert")
    assert (own.slug, own.target_groups) == ("ruesten-dauert", ["employees"])
    assert "Rüsten dauert" in opened(client, "/einstieg/").main.text
    Pressure.objects.filter(pk=own.pk).update(is_offered=False)
    assert "Rüsten dauert" not in opened(client, "/einstieg/").main.text
    assert "Rüsten dauert" in opened(client, "/einstieg/?druck=ruesten-dauert").main.text
    assert editor.get(f"/admin/taxonomy/pressure/{own.pk}/delete/").status_code == 200


# ---------------------------------------------------------------- the page of a branch


def test_the_page_of_a_branch_shows_its_formats_before_those_for_all_and_whom_to_ask(
    client: Client, wood: Branch
) -> None:
    make_format("Für alle")
    make_format("Für Holz", branches=(wood,), published_at=OLD)
    make_format("Für Metall", branches=(make_branch("Metall"),))
    page = opened(client, "/branchen/holz/")
    assert [heading.text for heading in section(page, "formate").all("h3")] == ["Für Holz", "Für alle"]
    assert "Wen Sie fragen können" in page.main.text
    assert "/einstieg/?branche=holz&aendern=ja" in [link["href"] for link in page.main.all("a")]
