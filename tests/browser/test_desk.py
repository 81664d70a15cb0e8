"""The administration in a real browser, as the role Redaktion: barriers, the policy for scripts, the text editor."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.barriers import LAW, SCREENS, axe
from tests.browser.conftest import NewContext
from tests.browser.portal import Portal

WIDE = {"viewport": {"width": 1440, "height": 1000}}


def addresses(portal: Portal) -> dict[str, str]:
    practice, metal = portal.site.external.pk, portal.site.metal.pk
    return {
        "index": "/admin/",
        "list": "/admin/practices/practice/",
        "add": "/admin/practices/practice/add/",
        "change": f"/admin/practices/practice/{practice}/change/",
        "history": f"/admin/practices/practice/{practice}/history/",
        "delete": f"/admin/practices/practice/{practice}/delete/",
        "branches": "/admin/taxonomy/branch/",
        "branch": f"/admin/taxonomy/branch/{metal}/change/",
        "pictures": "/admin/media/image/",
        "security": "/konto/zweiter-faktor/",
        "password": "/konto/passwort/",
    }


@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_no_barrier_where_staff_work(
    visit: NewContext, portal: Portal, staff_state: dict[str, Any], screen: str
) -> None:
    page = visit(bypass_csp=True, storage_state=staff_state, **SCREENS[screen]).new_page()
    found = {}
    for name, address in addresses(portal).items():
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        if name in {"add", "change"}:
            page.locator("[contenteditable=true]").first.wait_for()
        # Django's own pages are asked for what the law asks for; the rest of axe's advice is a matter of taste.
        found[name] = axe(page, LAW)
        # Rows of figures scroll in their own frame; the page itself never does.
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), name
    assert {name: barriers for name, barriers in found.items() if barriers} == {}


def test_no_page_wants_more_than_the_policy_allows(
    visit: NewContext, portal: Portal, staff_state: dict[str, Any]
) -> None:
    page = visit(storage_state=staff_state, **WIDE).new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for address in addresses(portal).values():
        page.goto(address, wait_until="networkidle")
    assert complaints == []
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.x = 1'}))"
    )
    assert page.evaluate("window.x") is None
    assert complaints, "what the policy forbids would have been heard"


def test_hostile_texts_stay_texts_where_staff_work(
    visit: NewContext, portal: Portal, staff_state: dict[str, Any]
) -> None:
    context = visit(storage_state=staff_state, **WIDE)
    context.add_init_script(
        "window.stopped = []; document.addEventListener('securitypolicyviolation', e => stopped.push(e.violatedDirective))"
    )
    page = context.new_page()
    page.goto("/admin/practices/practice/?q=pwned")
    page.locator("#result_list th a").first.click()
    change = page.url
    for end in ("change", "history", "delete", "fassungen", "freigabe"):
        page.goto(change.replace("/change/", f"/{end}/"), wait_until="networkidle")
        assert portal.hostile.attack[:20] in page.content() or "&lt;script&gt;" in page.content(), end
        assert page.evaluate("window.pwned") is None, end
        assert page.evaluate("window.stopped") == [], end


def test_the_length_of_a_text_is_counted_in_added_parts_too_and_reading_is_judged(
    visit: NewContext, portal: Portal, staff_state: dict[str, Any]
) -> None:
    page = visit(storage_state=staff_state, **WIDE).new_page()
    page.goto("/admin/practices/practice/add/")
    page.get_by_label("In einem Satz").fill("Wer rüstet, sieht es.")
    expect(page.locator(".field-teaser .desk-meter")).to_have_text("21 von 300 Zeichen")
    page.get_by_role("button", name="Anlegen: Erster Schritt").click()
    page.locator("#id_steps-0-action").fill("Eine Maschine wählen.")
    expect(page.locator("#steps-0 .field-action .desk-meter")).to_have_text("21 von 120 Zeichen")

    box, hint = page.get_by_role("textbox", name="Ausgangslage"), page.locator(".field-starting_point .desk-meter")
    box.click()
    page.keyboard.type(
        "Der Zettel hing an der Tür. Wer kam, las ihn. Wer ging, ließ ihn da. Am Abend war er weg, und keiner."
    )
    expect(hint).to_contain_text("gut lesbar")
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type(
        "Digitalisierungsvorhaben mittelständischer Unternehmen erfordern ganzheitliche Herangehensweisen unterschiedlicher "
        "Organisationseinheiten hinsichtlich prozessübergreifender Informationsbereitstellung sowie kontinuierlicher "
        "Weiterentwicklung bestehender Kompetenzprofile innerhalb sämtlicher Abteilungen, Niederlassungen und Standorte."
    )
    expect(hint).to_contain_text("schwer lesbar")


def test_the_editor_writes_what_readers_see(visit: NewContext, portal: Portal, staff_state: dict[str, Any]) -> None:
    page = visit(storage_state=staff_state, **WIDE).new_page()
    page.goto("/admin/practices/practice/add/")
    page.get_by_label("Art:", exact=True).select_option("external")
    page.get_by_label("Titel:", exact=True).fill("Drahtseile prüfen mit der Kamera")
    page.get_by_label("In einem Satz").fill("Ein Satz.")
    page.get_by_label("Betrieb:", exact=True).fill("Seilerei & Söhne")
    page.get_by_label("Quelle (Adresse)").fill("https://www.quelle.example/seile")
    box = page.get_by_role("textbox", name="Ausgangslage")
    expect(box).to_have_attribute("aria-describedby", "id_starting_point_helptext")
    box.click()
    page.keyboard.type("Früher suchte ")
    menu = page.locator(".field-starting_point .prose-menubar")
    menu.get_by_role("button", name="Fett").click()
    page.keyboard.type("jeder")
    menu.get_by_role("button", name="Fett").click()
    page.keyboard.type(" nach Rissen.")
    page.keyboard.press("Enter")
    menu.get_by_role("button", name="Aufzählung").click()
    page.keyboard.type("Lupe")
    page.get_by_role("button", name="Veröffentlichen", exact=True).click()
    page.wait_for_url(re.compile(r"/admin/practices/practice/\d+/change/"))

    page.get_by_role("link", name="Auf der Seite ansehen").click()
    main = page.get_by_role("main")
    expect(main.get_by_text("Früher suchte jeder nach Rissen.")).to_be_visible()
    expect(main.locator("strong", has_text=re.compile("^jeder$"))).to_have_count(1)
    expect(main.get_by_role("listitem").filter(has_text=re.compile("^Lupe$"))).to_have_count(1)


def test_parts_are_added_by_keyboard(visit: NewContext, portal: Portal, staff_state: dict[str, Any]) -> None:
    page = visit(storage_state=staff_state, **WIDE).new_page()
    page.goto("/admin/practices/practice/add/")
    page.get_by_role("button", name="Anlegen: Wirkung").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#id_effects-0-label")).to_be_visible()
    page.get_by_role("button", name="Anlegen: Bild im Beispiel").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#pictures-0").get_by_role("combobox", name="Bild")).to_be_visible()
