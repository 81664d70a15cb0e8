"""Home, branch pages and legal pages: numbers that are true, and texts that are in force today."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from dialogues.models import Outcome
from platform_mark.pages.models import LegalText
from platform_mark.publishing.models import State
from platform_mark.taxonomy.models import BranchCode, CompanySize
from practices.models import Practice
from tests.dialogues.make import in_days, make_dialogue, make_report
from tests.make import DAY, make_branch, make_external, make_municipality, make_practice
from tests.markup import Element, Page

pytestmark = pytest.mark.django_db


def opened(client: Client, address: str) -> Page:
    response = client.get(address)
    assert response.status_code == 200, address
    return Page.of(response)


def titles(part: Page | Element) -> list[str]:
    return [card.one("h3").text for card in part.all("article")]


# ---------------------------------------------------------------- home


def test_home_shows_the_newest_public_examples(client: Client) -> None:
    now = timezone.now()
    for number in range(6):
        make_practice(f"Nr. {number}", published_at=now - number * DAY)
    make_practice("Entwurf", state=State.DRAFT, published_at=None)
    make_practice("Geplant", published_at=now + DAY)

    assert titles(opened(client, "/")) == ["Nr. 0", "Nr. 1", "Nr. 2", "Nr. 3"]


def test_home_counts_what_is_public_and_nothing_else(client: Client) -> None:
    altena, hagen = make_municipality("Altena"), make_municipality("Hagen")
    for number in range(11):
        make_practice("Karte", slug=f"a-{number}", municipality=altena, employees=100)
    for number in range(6):
        make_practice("Karte", slug=f"b-{number}", municipality=hagen, size_band=CompanySize.SMALL)
    make_practice("Karte", employees=3)
    make_practice("Tafel", state=State.ARCHIVED, municipality=make_municipality("Hemer"), employees=3)

    text = opened(client, "/").main.text

    # 18 in all, 7 of them from companies under 50 people, from 2 municipalities.
    figures = [word for word in text.replace("\N{NO-BREAK SPACE}", " ").split() if word.isdigit()]
    assert {"18", "7", "2"} <= set(figures), text
    assert "19" not in figures


def test_home_says_what_half_of_the_examples_cost_and_how_long_they_took(client: Client) -> None:
    for cost, weeks in ((900, 3), (4000, 10), (90_000, 60), (None, None)):
        make_practice(investment_from=cost, investment_to=cost, duration_weeks=weeks)

    text = opened(client, "/").main.text.replace("\N{NO-BREAK SPACE}", " ")

    assert "Die Hälfte hat höchstens 4.000 € gekostet, und die Hälfte war nach 10 Wochen fertig." in text
    Practice.objects.update(duration_weeks=13)
    assert "die Hälfte war nach 3 Monaten fertig." in opened(client, "/").main.text
    Practice.objects.update(duration_weeks=None)
    assert "Die Hälfte" not in opened(client, "/").main.text


def test_the_questions_of_home_lead_to_the_first_steps(client: Client) -> None:
    make_branch("Handel", order=1)
    make_branch("Metall", order=2, focus_candidate=True)

    page = opened(client, "/")

    form = next(form for form in page.main.all("form") if form.all("input", name="branche"))
    assert form["action"] == "/einstieg/"
    assert form["method"].lower() in {"", "get"}
    assert [box["value"] for box in form.all("input", name="branche") if box["value"]] == ["metall", "handel"]
    assert [box["value"] for box in form.all("input", name="groesse") if box["value"]] == [
        size.slug for size in CompanySize
    ]


def test_an_empty_filter_narrows_nothing(client: Client) -> None:
    make_practice("Eines")

    for query in ("", "?branche=", "?branche=&groesse="):
        assert titles(opened(client, f"/beispiele/{query}")) == ["Eines"], query


def test_a_decided_focus_takes_the_place_of_the_candidates(client: Client) -> None:
    make_branch("Kandidatin", focus_candidate=True)
    before = opened(client, "/").main.text
    make_branch("Entschieden", focus_since=timezone.localdate())
    after = opened(client, "/").main

    assert "Kandidatin" in before
    assert [row.one("th").text for row in after.one("section", id="branchen").one("tbody").all("tr")] == ["Entschieden"]
    questions = [box["value"] for box in after.all("input", name="branche") if box["value"]]
    assert questions == ["entschieden", "kandidatin"]


def test_home_and_branches_answer_on_an_empty_portal(client: Client) -> None:
    for address in ("/", "/branchen/", "/beispiele/"):
        assert titles(opened(client, address)) == []


# ---------------------------------------------------------------- branches


def test_the_branch_list_counts_by_size_over_several_branches(client: Client) -> None:
    metal, wood = make_branch("Metall", order=1), make_branch("Holz", order=2)
    make_practice(branches=(metal, wood), employees=5)
    make_practice(branches=(metal,), employees=7)
    make_practice(branches=(metal,), employees=300)
    make_practice(branches=(metal,))
    make_practice(branches=(wood,), state=State.DRAFT, published_at=None, employees=5)

    page = opened(client, "/branchen/")

    def links(slug: str) -> dict[str, int]:
        """What each number of a branch's row promises, by the address it leads to."""
        found = {}
        for a in page.main.all("a"):
            if a["href"].startswith("/beispiele/?") and f"branche={slug}" in a["href"]:
                digits = "".join(filter(str.isdigit, a.text))
                found[a["href"]] = int(digits or -1)
        return found

    for slug in ("metall", "holz"):
        promised = links(slug)
        assert promised, slug
        for address, number in promised.items():
            shown = len(titles(opened(client, address)))
            assert number == shown, address
    assert "Metall" in page.main.text


def test_a_merged_branch_is_not_listed_and_leads_on(client: Client) -> None:
    metal = make_branch("Metall")
    make_branch("Drahtzieherei", merged_into=metal)

    assert "Drahtzieherei" not in opened(client, "/branchen/").main.text
    response = client.get("/branchen/drahtzieherei/")
    assert response.status_code == 301
    assert response["Location"] == "/branchen/metall/"
    assert client.get("/branchen/gibt-es-nicht/").status_code == 404


def test_a_branch_page_shows_one_example_for_each_size_and_names_the_gaps(client: Client) -> None:
    metal = make_branch("Metall", synonyms=["Drahtzieher"])
    BranchCode.objects.create(branch=metal, code="25")
    now = timezone.now()
    make_practice("Kleinst neu", branches=(metal,), employees=3, published_at=now - DAY)
    make_practice("Kleinst alt", branches=(metal,), employees=4, published_at=now - 2 * DAY)
    make_external("Groß", branches=(metal,), employees=400, published_at=now - 3 * DAY)
    make_practice("Fremd", employees=20)
    make_practice("Entwurf", branches=(metal,), employees=20, state=State.DRAFT, published_at=None)

    page = opened(client, "/branchen/metall/")
    text = page.main.text

    for title in ("Kleinst neu", "Kleinst alt", "Groß"):
        assert text.count(title) == 1, title
    assert "Fremd" not in text
    assert "Entwurf" not in text
    assert text.count("Noch kein Beispiel in dieser Größe") == 2
    assert "25" in text


# ---------------------------------------------------------------- legal pages


def make_text(days: int, body: str, page: LegalText.Page = LegalText.Page.IMPRESSUM) -> LegalText:
    day = timezone.localdate() + timedelta(days=days)
    return LegalText.objects.create(page=page, valid_from=day, lead="Ein Vorspann.", body=f"<p>{body}</p>")


def test_a_legal_page_shows_the_version_in_force_with_its_date(client: Client) -> None:
    make_text(-400, "Vorletzte Fassung")
    current = make_text(-30, "Letzte Fassung")
    make_text(1, "Kommende Fassung")
    make_text(-1, "Andere Seite", LegalText.Page.DATENSCHUTZ)

    text = opened(client, "/impressum/").main.text

    assert "Letzte Fassung" in text
    for other in ("Vorletzte", "Kommende", "Andere Seite"):
        assert other not in text
    assert f"{current.valid_from.day}." in text
    assert str(current.valid_from.year) in text


def test_a_version_is_in_force_on_its_first_day(client: Client) -> None:
    make_text(-30, "Alte Fassung")
    make_text(0, "Neue Fassung")

    assert "Neue Fassung" in opened(client, "/impressum/").main.text


def test_a_legal_page_that_is_not_yet_in_force_is_not_there(client: Client) -> None:
    make_text(1, "Kommende Fassung")

    assert client.get("/impressum/").status_code == 404


def test_legal_texts_keep_their_headings_and_lose_scripts(client: Client) -> None:
    LegalText.objects.create(
        page=LegalText.Page.IMPRESSUM,
        valid_from=timezone.localdate(),
        body="<h2>Kontakt</h2><script>alert(1)</script><p style='x' onclick='y'>Rufen Sie an.</p>",
    )

    main = opened(client, "/impressum/").main

    assert [h2.text for h2 in main.all("h2")][:1] == ["Kontakt"]
    assert "Rufen Sie an." in main.text
    assert "alert" not in opened(client, "/impressum/").html
    assert not [e for e in main.walk() if "onclick" in e or "style" in e]


# ---------------------------------------------------------------- for those who build


def test_the_guide_to_the_look_is_shown_in_the_quick_start_only(client: Client, settings: object) -> None:
    assert client.get("/komponenten/").status_code == 404
    settings.QUICK_START = True  # type: ignore[attr-defined]
    assert client.get("/komponenten/").status_code == 200


# ---------------------------------------------------------------- dialogues beside other subjects


def test_home_shows_the_next_three_dialogues_that_take_place(client: Client) -> None:
    for number in (4, 1, 3, 2):
        make_dialogue(f"In {number} Tagen", starts_at=in_days(number))
    make_dialogue("Fällt aus", starts_at=in_days(1), cancelled_at=timezone.now(), cancel_reason="Sturm")
    make_dialogue("Vorbei", starts_at=in_days(-1))
    make_dialogue("Entwurf", state=State.DRAFT, published_at=None)
    page = opened(client, "/")
    assert titles(page) == ["In 1 Tagen", "In 2 Tagen", "In 3 Tagen"]
    assert "Nächste Branchendialoge" in page.main.text


def test_home_says_nothing_of_dialogues_where_none_is_coming(client: Client) -> None:
    assert "Nächste Branchendialoge" not in opened(client, "/").main.text


def test_a_branch_shows_what_is_coming_and_what_past_dialogues_said_it_needs(client: Client) -> None:
    metal, care = make_branch("Metall"), make_branch("Pflege")
    make_dialogue("Kommt", branches=[metal])
    make_dialogue("Andere Branche", branches=[care])
    told = make_dialogue("Erzählt", starts_at=in_days(-9), branches=[metal])
    make_report(told)
    untold = make_dialogue("Noch nicht erzählt", starts_at=in_days(-5), branches=[metal])
    Outcome.objects.create(dialogue=told, kind=Outcome.Kind.NEED, text="Ein Muster für die Übergabe.")
    Outcome.objects.create(dialogue=told, kind=Outcome.Kind.THESIS, text="Ein Zettel bleibt.")
    Outcome.objects.create(dialogue=untold, kind=Outcome.Kind.NEED, text="Noch geheim.")
    page = opened(client, metal.get_absolute_url())
    section = page.one("section", aria_labelledby="dialoge")
    assert titles(section) == ["Kommt"]
    assert "Ein Muster für die Übergabe." in section.text
    assert "Ein Zettel bleibt." in section.text
    assert "/dialoge/erzaehlt/#nachbericht" in [link["href"] for link in section.all("a")]
    assert "Noch geheim." not in page.main.text
    assert "Andere Branche" not in page.main.text


def test_an_example_names_the_dialogues_that_show_it(client: Client) -> None:
    metal = make_branch("Metall")
    practice = make_practice("Einrichtekarte", branches=(metal,))
    make_dialogue("Zeigt es", practices=[practice], starts_at=in_days(20))
    make_dialogue("Nur die Branche", branches=[metal], starts_at=in_days(5))
    make_report(make_dialogue("Zeigte es", practices=[practice], starts_at=in_days(-20)))
    make_dialogue("Fällt aus", practices=[practice], cancelled_at=timezone.now(), cancel_reason="Sturm")
    page = opened(client, practice.get_absolute_url())
    assert titles(page) == ["Zeigt es"]
    assert "Nachbericht: Zeigte es" in page.main.text
    assert "Fällt aus" not in page.main.text


def test_an_example_that_no_dialogue_shows_names_the_next_one_of_its_branch(client: Client) -> None:
    metal, wood = make_branch("Metall"), make_branch("Holz")
    practice = make_practice("Einrichtekarte", branches=(metal, wood))
    make_dialogue("Später", branches=[metal], starts_at=in_days(20))
    make_dialogue("Zuerst", branches=[metal, wood], starts_at=in_days(5))
    page = opened(client, practice.get_absolute_url())
    assert titles(page) == ["Zuerst"]
    assert "Nächster Dialog der Branche" in page.main.text
    assert "Dialog" not in opened(client, make_practice("Allein").get_absolute_url()).one("main").text


def test_public_dialogues_stand_in_the_sitemap(client: Client) -> None:
    make_dialogue("Da")
    make_dialogue("Entwurf", state=State.DRAFT, published_at=None)
    text = client.get("/sitemap.xml").content.decode()
    assert f"{settings.BASE_URL}/dialoge/da/</loc>" in text
    assert f"{settings.BASE_URL}/dialoge/</loc>" in text
    assert "entwurf" not in text
