"""A company signs up, confirms, adds a colleague and cancels: by keyboard, and without any script."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dialogues.links import own_path
from dialogues.models import Dialogue, Registration
from tests.browser.conftest import NewContext
from tests.browser.portal import Portal, in_database_of
from tests.dialogues.make import make_dialogue

WIDE = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 320, "height": 640}}


@pytest.fixture
def dialogue(portal: Portal) -> Dialogue:
    return in_database_of(portal, lambda: make_dialogue(seats=2))


def own_page(portal: Portal, email: str) -> str:
    """The path that the mail brings."""
    return in_database_of(portal, lambda: own_path(Registration.objects.get(email=email)))


def tab_to(page: Page, text: str, most: int = 60) -> None:
    """Press Tab until the thing with this name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused: Any = page.evaluate(
            "(() => { const e = document.activeElement;"
            " return (e?.labels?.[0]?.textContent ?? e?.textContent ?? '').trim() })()"
        )
        if focused.startswith(text):
            return
    raise AssertionError(f"{text} cannot be reached by Tab")


def test_sign_up_correct_confirm_and_cancel_by_keyboard(visit: NewContext, portal: Portal, dialogue: Dialogue) -> None:
    page = visit(**WIDE).new_page()
    page.goto(f"/dialoge/{dialogue.slug}/anmelden/")
    tab_to(page, "Betrieb")
    page.keyboard.type("Heat & Co's Härterei")
    tab_to(page, "E-Mail-Adresse")
    page.keyboard.type("tastatur@firma.example")
    # Enter in a field means the main button, not the one that adds a row.
    page.keyboard.press("Enter")
    expect(page.locator("#fehler")).to_be_focused()
    expect(page).to_have_title("Fehler: Anmelden: " + dialogue.title + " – Digitalisierung in der Märkischen Region")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("Mara O'Brien")
    page.wait_for_timeout(3100)
    tab_to(page, "Verbindlich anmelden")
    page.keyboard.press("Enter")
    # The summary's link to a field may still hang at the address.
    page.wait_for_url(re.compile("/fast-fertig/"))

    page.goto(own_page(portal, "tastatur@firma.example"))
    tab_to(page, "Anmeldung bestätigen")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihr Platz ist bestätigt")
    tab_to(page, "Anmeldung stornieren")
    page.keyboard.press("Enter")
    tab_to(page, "Platz freigeben")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihre Anmeldung ist storniert")


def test_several_people_without_scripts_on_a_small_phone(visit: NewContext, portal: Portal, dialogue: Dialogue) -> None:
    page = visit(java_script_enabled=False, **PHONE).new_page()
    page.goto(f"/dialoge/{dialogue.slug}/anmelden/")
    page.get_by_label("Betrieb", exact=True).fill("Drehteile")
    page.get_by_role("button", name="Weitere Person").click()
    expect(page.get_by_label("Betrieb", exact=True)).to_have_value("Drehteile")
    page.get_by_label("Ihr Name").fill("Jens")
    page.get_by_label("E-Mail-Adresse").fill("telefon@firma.example")
    page.get_by_label("Name der 2. Person").fill("Aylin")
    page.wait_for_timeout(3100)
    page.get_by_role("button", name="Verbindlich anmelden").last.click()
    page.wait_for_url("**/fast-fertig/")

    page.goto(own_page(portal, "telefon@firma.example"))
    page.get_by_role("button", name="Anmeldung bestätigen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihre 2 Plätze sind bestätigt")
    page.get_by_role("link", name="Personen ändern").click()
    page.get_by_role("button", name="Weitere Person").click()
    page.get_by_label("Name der 3. Person").fill("Kim")
    page.get_by_role("button", name="Änderung speichern").last.click()
    expect(page.get_by_text("1 Person von Ihnen wartet noch: Warteliste, Platz 1")).to_be_visible()
