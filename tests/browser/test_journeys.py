"""The ways people go through the portal from end to end."""

import re

import pytest
from playwright.sync_api import Page, expect

from platform_mark.taxonomy.models import CompanySize
from tests.browser.conftest import NewContext
from tests.browser.portal import PASSWORD, Portal

WIDE = {"viewport": {"width": 1280, "height": 900}}


def test_a_company_finds_an_example_and_its_source(visit: NewContext, portal: Portal) -> None:
    page = visit(**WIDE).new_page()
    page.goto(f"/beispiele/?groesse={CompanySize.SMALL.slug}")
    page.get_by_role("checkbox", name=portal.site.plastics.name).check()
    page.get_by_role("button", name="Treffer zeigen").first.click()
    page.wait_for_url(f"**branche={portal.site.plastics.slug}**")

    results = page.get_by_role("main").get_by_role("article")
    expect(results).to_have_count(1)
    results.get_by_role("link", name=portal.site.external.title).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(portal.site.external.title)
    source = page.get_by_role("link", name=re.compile("Quelle lesen"))
    expect(source).to_have_attribute("href", portal.site.external.source_url)
    expect(source).to_have_attribute("rel", re.compile("noopener noreferrer"))


def test_back_forward_and_a_shared_address_show_the_same(visit: NewContext, portal: Portal) -> None:
    page = visit(**WIDE).new_page()
    page.goto("/beispiele/")
    everything = heading(page)
    page.get_by_role("checkbox", name=portal.site.plastics.name).check()
    page.get_by_role("button", name="Treffer zeigen").first.click()
    page.wait_for_url("**branche=**")
    narrowed = heading(page)
    assert narrowed != everything

    page.go_back()
    assert heading(page) == everything
    page.go_forward()
    assert heading(page) == narrowed
    stranger = visit(**WIDE).new_page()
    stranger.goto(page.url)
    assert heading(stranger) == narrowed
    page.get_by_role("link", name=f"Filter entfernen: {portal.site.plastics.name}").click()
    assert heading(page) == everything


def heading(page: Page) -> str:
    return page.locator("#treffer").inner_text()


def test_everything_works_without_scripts(visit: NewContext, portal: Portal) -> None:
    page = visit(java_script_enabled=False, viewport={"width": 360, "height": 740}).new_page()
    page.goto("/")
    page.get_by_role("navigation", name="Hauptnavigation").get_by_role("link", name="Beispiele").click()
    page.get_by_text("Filtern", exact=False).first.click()
    page.get_by_role("checkbox", name=CompanySize.MICRO.label).check()
    page.get_by_role("checkbox", name=portal.site.plastics.name).check()
    page.get_by_role("button", name="Treffer zeigen").first.click()
    page.get_by_role("link", name=portal.site.fictitious.title).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(portal.site.fictitious.title)
    # What only a script could do is not offered.
    expect(page.get_by_role("button", name="Drucken")).to_be_hidden()


def test_hostile_texts_stay_texts(visit: NewContext, portal: Portal) -> None:
    """A browser is the judge: nothing runs, and no policy had to stop it."""
    context = visit(**WIDE)
    context.add_init_script(
        "window.stopped = []; document.addEventListener('securitypolicyviolation', e => stopped.push(e.violatedDirective))"
    )
    page = context.new_page()
    branch = portal.hostile.branch
    for address in (portal.hostile.path, f"/beispiele/?branche={branch}", f"/branchen/{branch}/"):
        page.goto(address)
        expect(page.get_by_role("main")).to_contain_text(portal.hostile.attack)
        assert page.evaluate("window.pwned") is None
        assert page.evaluate("window.stopped") == []
        assert page.locator("[onclick], [onerror], [onload], a[href^='javascript:']").count() == 0


# ---------------------------------------------------------------- paper


def test_an_example_prints_on_few_sheets_with_its_address_and_date(visit: NewContext, portal: Portal) -> None:
    page = visit(**WIDE).new_page()
    page.goto(portal.site.rich.get_absolute_url())
    page.emulate_media(media="print")

    expect(page.get_by_role("navigation", name="Hauptnavigation")).to_be_hidden()
    expect(page.get_by_role("button", name="Drucken")).to_be_hidden()
    expect(page.get_by_role("link", name="Zum Inhalt springen")).to_be_hidden()
    expect(page.get_by_role("main")).to_contain_text("Stand: 1. September 2026")
    expect(page.get_by_text(f"{portal.url}{portal.site.rich.get_absolute_url()}")).to_be_visible()

    sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))
    assert 1 <= sheets <= 3


def test_print_is_dark_on_white_even_in_the_dark(visit: NewContext, portal: Portal) -> None:
    page = visit(color_scheme="dark", **WIDE).new_page()
    page.goto(portal.site.rich.get_absolute_url())
    page.emulate_media(media="print", color_scheme="dark")

    colour, ground = page.evaluate(
        "() => [getComputedStyle(document.querySelector('.prose p')).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert brightness(colour) < 0.3
    assert ground == "rgba(0, 0, 0, 0)" or brightness(ground) > 0.9


def brightness(colour: str) -> float:
    red, green, blue, *_ = (float(part) for part in re.findall(r"[\d.]+", colour))
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


@pytest.mark.parametrize("kind", ["home", "practices:list", "practices:detail 6", "branches:list"])
def test_no_page_loses_words_on_paper(visit: NewContext, portal: Portal, kind: str) -> None:
    page = visit(**WIDE).new_page()
    page.goto(portal.pages[kind])
    page.set_viewport_size({"width": 718, "height": 1000})
    page.emulate_media(media="print")

    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1")


# ---------------------------------------------------------------- staff


def test_staff_log_in_with_both_factors_change_a_text_and_see_it_live(visit: NewContext, portal: Portal) -> None:
    writer = portal.people["writer"]
    practice = portal.site.external
    page = visit(**WIDE).new_page()
    page.goto("/admin/")
    page.get_by_label("E-Mail-Adresse").fill(writer.email)
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    # The password alone opens nothing.
    stranger = page.context.new_page()
    stranger.goto("/admin/practices/practice/")
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Noch ein Code, dann sind Sie da")
    stranger.close()
    page.get_by_label("Code").fill(writer.code())
    page.get_by_role("button", name="Anmelden").click()
    page.wait_for_url("**/admin/")

    page.goto(f"/admin/practices/practice/{practice.pk}/change/")
    page.get_by_label("In einem Satz").fill("Der neue Satz steht sofort auf der Seite.")
    editor = page.locator("[contenteditable=true]").first
    editor.click()
    page.keyboard.type("Früher suchten alle nach Zetteln.")
    page.get_by_role("button", name="Speichern", exact=True).click()
    page.wait_for_url("**/admin/practices/practice/")

    visitor = visit(**WIDE).new_page()
    visitor.goto(practice.get_absolute_url())
    expect(visitor.get_by_role("main")).to_contain_text("Der neue Satz steht sofort auf der Seite.")
    expect(visitor.get_by_role("main")).to_contain_text("Früher suchten alle nach Zetteln.")
    visitor.goto("/beispiele/?q=Der+neue+Satz")
    expect(visitor.get_by_role("main")).to_contain_text("Der neue Satz steht sofort auf der Seite.")
    assert {cookie["name"] for cookie in page.context.cookies()} <= {"__Host-session", "__Host-csrf"}
    assert visitor.context.cookies() == []


def test_the_wrong_code_opens_nothing_and_says_so(visit: NewContext, portal: Portal) -> None:
    page = visit(**WIDE).new_page()
    page.goto("/konto/anmelden/")
    page.get_by_label("E-Mail-Adresse").fill(portal.people["writer"].email)
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Anmelden").click()

    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    assert page.title().startswith("Fehler: ")
    expect(page.get_by_label("Code")).to_have_attribute("aria-invalid", "true")
    page.goto("/admin/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Noch ein Code, dann sind Sie da")
