"""A carpenter with six people answers three questions on a phone and holds a sheet with what to do and whom to call."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Page, expect

from actors.models import Actor
from platform_mark.taxonomy.models import Branch, Topic
from tests.actors.make import make_activity, make_actor
from tests.browser.barriers import axe
from tests.browser.conftest import NewContext
from tests.browser.portal import Portal
from tests.dialogues.make import make_dialogue
from tests.make import add_parts, make_practice

PHONE = {"viewport": {"width": 360, "height": 740}}
QUERY = "branche=bau-und-ausbau&groesse=kleinst&druck=papierkram"


def in_database_of(portal: Portal, work: Callable[[], None]) -> None:
    """Do something in the database of the portal; in a thread, since this one's connection is in the test's transaction."""

    def run() -> None:
        with portal.database.in_use():
            work()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


@pytest.fixture
def workshop(portal: Portal) -> None:
    """What there is for a small workshop that drowns in paper."""

    def make() -> None:
        if Actor.objects.filter(name="Handwerksverbund").exists():
            # All tests of this file share one portal.
            return
        branch, topic = Branch.objects.get(slug="bau-und-ausbau"), Topic.objects.get(slug="papierlos-arbeiten")
        for title in ("Vom Aufmaß direkt an die Säge", "Stundenzettel sprechen statt schreiben"):
            add_parts(make_practice(title, branches=(branch,), topics=(topic,), employees=5), 3)
        make_dialogue("Vom Aufmaß zur Rechnung", branches=[branch])
        actor = make_actor("Handwerksverbund", contact_phone="02331 555-0177")
        make_activity("Werkstatt-Check", actor=actor, branches=(branch,), topics=(topic,))

    in_database_of(portal, make)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_three_answers_on_a_phone_make_a_sheet(
    visit: NewContext, portal: Portal, workshop: None, scripts: bool
) -> None:
    page = visit(**PHONE, java_script_enabled=scripts).new_page()
    page.goto("/")
    page.get_by_role("radio", name="Bau und Ausbau").check()
    page.get_by_role("radio", name="bis 9").check()
    page.get_by_role("radio", name="Zu viel Papier").check()
    page.get_by_role("button", name="Erste Schritte zeigen").click()
    page.wait_for_url(f"**/einstieg/?{QUERY}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihre ersten Schritte")
    first = page.get_by_role("main").get_by_role("article").first
    expect(first.get_by_role("list", name="Warum das passt")).to_contain_text("gleiche Branche")
    expect(page.get_by_role("main")).to_contain_text("Vom Aufmaß zur Rechnung")
    is_narrow(page)

    page.get_by_role("link", name="Das Wichtigste auf einem Blatt").click()
    page.wait_for_url(f"**/einstieg/blatt/?{QUERY}")
    sheet = page.get_by_role("main")
    for words in (
        *("Vom Aufmaß direkt an die Säge", "Stundenzettel sprechen statt schreiben", "Vom Aufmaß zur Rechnung"),
        *("Werkstatt-Check", "02331 555-0177", "Eine Maschine wählen", "Wenn Sie Hilfe wollen: ansprechen"),
    ):
        expect(sheet).to_contain_text(words)
    expect(sheet.get_by_role("link", name="02331 555-0177")).to_have_attribute("href", "tel:+4923315550177")
    is_narrow(page)
    assert not page.context.cookies()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_who_does_not_know_what_presses_finds_out_and_gets_a_sheet(
    visit: NewContext, portal: Portal, workshop: None, scripts: bool
) -> None:
    page = visit(**PHONE, java_script_enabled=scripts).new_page()
    page.goto("/einstieg/")
    page.get_by_role("link", name="Kurze Fragen aus Ihrem Alltag helfen").click()
    page.get_by_role("group", name="auf Papier und tippen sie später ab?").get_by_role("radio", name="Ja").check()
    page.get_by_role("group", name="Läuft nachts").get_by_role("radio", name="Manchmal").check()
    page.get_by_label("Ihre Branche").select_option("Bau und Ausbau")
    is_narrow(page)
    page.get_by_role("button", name="Zeigen, was dazu passt").click()
    heard = page.get_by_role("region", name="Das hören wir heraus")
    expect(heard.get_by_role("strong")).to_have_text(["Zu viel Papier und Doppelarbeit", "Energie kostet zu viel"])
    first = page.get_by_role("main").get_by_role("article").first
    expect(first.get_by_role("list", name="Warum das passt")).to_contain_text("Zu viel Papier und Doppelarbeit")
    is_narrow(page)
    page.get_by_role("link", name="Das Wichtigste auf einem Blatt").click()
    expect(page.get_by_role("main")).to_contain_text("Wenn Sie Hilfe wollen: ansprechen")
    is_narrow(page)
    assert not page.context.cookies()


def is_narrow(page: Page) -> None:
    """Nothing may reach beyond the screen of a phone."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_sheet_is_one_page_of_paper(visit: NewContext, workshop: None) -> None:
    page = visit().new_page()
    page.goto(f"/einstieg/blatt/?{QUERY}")
    paper = page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    # The questions of the self-check are a sheet to fill in with a pencil, too.
    page.goto("/einstieg/selbstcheck/")
    page.emulate_media(media="print")
    expect(page.get_by_role("group", name="Läuft nachts")).to_be_visible()
    expect(page.get_by_role("button", name="Zeigen, was dazu passt")).to_be_hidden()
    paper = page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


def test_other_people_see_the_same_and_answers_can_be_changed(visit: NewContext, workshop: None) -> None:
    page = visit(**PHONE).new_page()
    page.goto(f"/einstieg/?{QUERY}")
    shown = page.get_by_role("main").inner_text()
    stranger = visit(**PHONE).new_page()
    stranger.goto(page.url)
    assert stranger.get_by_role("main").inner_text() == shown

    page.get_by_role("link", name="Antworten ändern").click()
    expect(page.get_by_role("radio", name="Zu viel Papier")).to_be_checked()
    page.get_by_role("radio", name="10 bis 49").check()
    page.get_by_role("button", name="Erste Schritte zeigen").click()
    page.wait_for_url("**groesse=klein&**")


def test_axe_finds_no_barrier(visit: NewContext, workshop: None) -> None:
    page = visit(bypass_csp=True, **PHONE).new_page()
    for address in ("/einstieg/", f"/einstieg/?{QUERY}", f"/einstieg/blatt/?{QUERY}"):
        page.goto(address)
        assert axe(page) == [], address
