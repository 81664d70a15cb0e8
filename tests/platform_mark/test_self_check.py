"""The self-check: what is asked, what is heard, and that it leads to the first steps with reasons and without a score."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from platform_mark.pages.models import CheckQuestion
from platform_mark.pages.self_check import load_check_questions
from platform_mark.taxonomy.merging import merge
from platform_mark.taxonomy.models import Branch, Pressure, Topic
from platform_mark.taxonomy.reference import load_reference
from tests.actors.make import make_activity
from tests.cast import make_cast
from tests.dialogues.formats.make import make_format
from tests.dialogues.make import make_dialogue
from tests.make import make_practice
from tests.markup import Page
from tests.platform_mark.test_first_steps import examples, opened, reasons, section

pytestmark = pytest.mark.django_db

CHECK = "/einstieg/selbstcheck/"
PAPER, LATE, MISSING = "Zu viel Papier und Doppelarbeit", "Angebote dauern zu lange", "Fachkräfte fehlen"
MOST_QUERIES = 9


@pytest.fixture(autouse=True)
def questions() -> None:
    load_reference()
    load_check_questions()


def topic(slug: str) -> Topic:
    return Topic.objects.get(slug=slug)


def heard(page: Page) -> list[str]:
    return [each.text for each in section(page, "heraus").all("strong")]


# ---------------------------------------------------------------- what is asked


def test_it_is_offered_where_one_does_not_know_what_presses_and_every_question_may_be_skipped(client: Client) -> None:
    assert CHECK in [link["href"] for link in opened(client, "/einstieg/").main.all("a")]
    form = opened(client, CHECK).main.one("form")
    names = [radio["name"] for radio in form.all("input", type="radio", value="ja")]
    assert len(names) == 10
    assert [radio["name"] for radio in form.all("input", type="radio", value="")] == names
    assert not [radio for radio in form.all("input", type="radio") if "checked" in radio.attributes]
    assert (form["method"], form["action"]) == ("get", CHECK)


def test_every_problem_can_be_heard_from_the_shipped_questions() -> None:
    assert set(Pressure.objects.all()) == {
        pressure for question in CheckQuestion.objects.all() for pressure in question.pressures.all()
    }


# ---------------------------------------------------------------- what is heard


def test_the_loudest_stands_first_and_no_number_is_shown(client: Client) -> None:
    page = opened(client, f"{CHECK}?anfragen=ja&zettel=manchmal&maschinen=ja&nachts=nein&branche=&groesse=")
    # Paper is heard from two questions; what goes wrong at the machine from one, as loud as the offers and asked before.
    assert heard(page) == [PAPER, "Zu viel Ausschuss und Nacharbeit", LATE]
    text = section(page, "heraus").text
    assert "Liegt eine Anfrage schon mal länger" in text and "Strom" not in text
    assert not any(word in page.main.text for word in ("Punkte", "Prozent", "%", "Reifegrad", "von 10"))


def test_sometimes_is_heard_after_yes(client: Client) -> None:
    assert heard(opened(client, f"{CHECK}?zettel=manchmal&anfragen=ja")) == [LATE, PAPER]


def test_it_leads_to_examples_offers_a_dialogue_and_a_format_each_with_its_reason(client: Client) -> None:
    branch = Branch.objects.get(slug="bau-und-ausbau")
    paper, late = topic("papierlos-arbeiten"), topic("angebot-und-auftrag")
    both = make_practice("Beides", topics=(paper, late), employees=900)
    make_practice("Eines", topics=(paper,), employees=900)
    for number in range(3):
        make_practice(f"Nichts {number}", employees=900)
        make_activity(f"Hilfe {number}", topics=(paper,))
    make_dialogue("Der Dialog", practices=[both])
    make_format("Das Format", target_groups=["trainees"])
    page = opened(client, f"{CHECK}?zettel=ja&anfragen=ja&branche={branch.slug}&groesse=")
    assert examples(page)[:2] == ["Beides", "Eines"]
    assert len(examples(page)) == 3
    assert reasons(page, "Beides") == [PAPER, LATE]
    assert reasons(page, "Eines") == [PAPER]
    assert reasons(page, "Der Dialog") == [PAPER, LATE]
    assert reasons(page, "Das Format") == [PAPER, "für alle Branchen"]
    offers = section(page, "anrufen").text
    assert sum(f"Hilfe {number}" in offers for number in range(3)) == 2
    assert PAPER in offers


def test_one_problem_gives_the_same_result_as_the_three_questions(client: Client) -> None:
    for number, name in enumerate(("angebot-und-auftrag", "papierlos-arbeiten", "angebot-und-auftrag")):
        make_practice(f"Beispiel {number}", topics=(topic(name),))
    checked = opened(client, f"{CHECK}?anfragen=ja&groesse=kleinst")
    asked = opened(client, "/einstieg/?branche=&groesse=kleinst&druck=angebote-dauern")
    assert examples(checked) == examples(asked)
    assert section(checked, "hinsehen").text == section(asked, "hinsehen").text
    assert reasons(checked, "Beispiel 2") == reasons(asked, "Beispiel 2") == ["gleiches Problem"]


def test_what_nothing_helps_against_is_said(client: Client) -> None:
    make_practice("Anderes", topics=(topic("wartung-und-energie"),))
    page = opened(client, f"{CHECK}?zettel=ja&anfragen=ja")
    assert "Zu diesen Problemen haben wir noch nichts, aber das sind die neuesten Beispiele." in page.main.text


@pytest.mark.parametrize(
    ("query", "said", "not_said"),
    [
        ("branche=&groesse=", "Sie haben keine Frage beantwortet", "drückt gerade nichts davon"),
        ("zettel=vielleicht&branche=", "Sie haben keine Frage beantwortet", "drückt gerade nichts davon"),
        ("zettel=nein&nachts=nein", "drückt gerade nichts davon", "keine Frage beantwortet"),
    ],
)
def test_no_answer_and_only_no_is_a_result_too(client: Client, query: str, said: str, not_said: str) -> None:
    make_practice("Das Neueste")
    page = opened(client, f"{CHECK}?{query}")
    assert heard(page) == []
    assert said in page.main.text and not_said not in page.main.text
    assert examples(page) == ["Das Neueste"]


# ---------------------------------------------------------------- addresses


def test_answers_stay_in_the_address_only_and_can_be_changed(client: Client) -> None:
    response = client.get(f"{CHECK}?zettel=ja&anfragen=manchmal&branche=bau-und-ausbau&groesse=klein&kreis=hagen")
    assert not response.cookies
    page = Page.of(response)
    assert page.one("meta", name="robots")["content"] == "noindex, follow"
    links = [link["href"] for link in page.main.all("a")]
    change = next(link for link in links if "aendern=ja" in link and link.startswith(CHECK))
    form = opened(client, change).main.one("form")
    chosen = {radio["name"]: radio["value"] for radio in form.all("input") if "checked" in radio.attributes}
    assert chosen == {"zettel": "ja", "anfragen": "manchmal"}
    options = [option["value"] for option in form.all("option") if "selected" in option.attributes]
    assert options == ["bau-und-ausbau", "klein"]
    assert form.one("input", name="kreis")["value"] == "hagen"
    elsewhere = next(link for link in links if "kreis=maerkischer-kreis" in link)
    assert heard(opened(client, elsewhere)) == [PAPER, LATE]


def test_the_sheet_holds_what_was_heard(client: Client) -> None:
    page = opened(client, f"{CHECK}?zettel=manchmal&anfragen=ja&groesse=klein")
    sheet = next(link["href"] for link in page.main.all("a") if link["href"].startswith("/einstieg/blatt/"))
    assert sheet == "/einstieg/blatt/?branche=&groesse=klein&druck=angebote-dauern&druck=papierkram"
    text = opened(client, sheet).main.text
    assert LATE in text and PAPER in text
    # One thing to look at for each.
    assert "Zählen Sie eine Woche lang mit." in text and "Sammeln Sie eine Woche lang jeden Zettel" in text


def test_a_merged_branch_leads_on_with_the_replies(client: Client) -> None:
    old, new = Branch.objects.get(slug="bau-und-ausbau"), Branch.objects.get(slug="metall-und-draht")
    merge(old, into=new)
    response = client.get(f"{CHECK}?zettel=ja&branche=bau-und-ausbau")
    assert response.status_code == 301
    assert response["Location"] == f"{CHECK}?branche=metall-und-draht&groesse=&zettel=ja"


def test_the_questions_are_in_the_sitemap_and_queries_are_few_and_constant_in_rows(client: Client) -> None:
    assert f"{CHECK}</loc>" in client.get("/sitemap.xml").content.decode()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            opened(client, f"{CHECK}?zettel=ja&anfragen=ja&offene-stellen=ja&branche=bau-und-ausbau&groesse=klein")
        return len(captured)

    make_practice(topics=(topic("papierlos-arbeiten"),))
    few = queries()
    for number in range(4):
        make_practice(f"Mehr {number}", topics=(topic("papierlos-arbeiten"), topic("angebot-und-auftrag")))
    assert queries() == few <= MOST_QUERIES


# ---------------------------------------------------------------- what staff edit


def test_questions_are_loaded_once_and_stay_as_staff_left_them() -> None:
    CheckQuestion.objects.filter(slug="zettel").update(text="Ersticken Sie in Zetteln?", is_asked=False)
    assert load_check_questions() == 0
    assert CheckQuestion.objects.get(slug="zettel").text == "Ersticken Sie in Zetteln?"


def test_editors_decide_what_is_asked_and_what_it_says(client: Client) -> None:
    editor = make_cast().client("editor")
    missing = Pressure.objects.get(name=MISSING)
    data = {"text": "Haben Ihre Auszubildenden Ideen, für die niemand Zeit hat?", "order": "0", "is_asked": "on"}
    response = editor.post("/admin/pages/checkquestion/add/", {**data, "pressures": [missing.pk]})
    assert response.status_code == 302, response.content.decode()
    own = CheckQuestion.objects.get(reference_key=None)
    assert heard(opened(client, f"{CHECK}?{own.slug}=ja")) == [MISSING]
    missing.is_offered = False
    missing.save()
    # Asked for nothing that could be heard.
    assert "Ideen, für die niemand Zeit hat" not in opened(client, CHECK).main.text
    shipped = CheckQuestion.objects.get(slug="zettel")
    assert editor.get(f"/admin/pages/checkquestion/{shipped.pk}/delete/").status_code == 403
    assert editor.get(f"/admin/pages/checkquestion/{own.pk}/delete/").status_code == 200


def test_a_question_cannot_take_the_name_of_another_answer() -> None:
    with pytest.raises(ValidationError, match="schon für etwas anderes"):
        CheckQuestion(text="Welche Branche?", slug="branche").full_clean()


def test_without_questions_the_way_on_stands_there(client: Client) -> None:
    CheckQuestion.objects.update(is_asked=False)
    main = opened(client, CHECK).main
    assert not main.all("form")
    assert "/einstieg/" in [link["href"] for link in main.all("a")]
