"""Everything without a mouse: every control is reached, in order, and the focus can always be seen."""

import io
from typing import Any

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Page, expect

from tests.browser.conftest import Look, NewContext
from tests.browser.portal import Portal
from tests.browser.test_pages import KINDS

WIDE = {"viewport": {"width": 1280, "height": 800}}

# Numbers every control that a person could use, in the order of the source. Of a group of radio buttons, Tab reaches one.
NUMBER = """() => {
    const groups = new Set();
    let number = 0;
    for (const e of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]')) {
        if (e.disabled || e.tabIndex < 0 || !e.checkVisibility({visibilityProperty: true})) continue;
        if (e.closest('details:not([open])') && e.tagName !== 'SUMMARY' && !e.checkVisibility()) continue;
        if (e.type === 'radio') {
            if (groups.has(e.name)) continue;
            groups.add(e.name);
            document.querySelectorAll(`input[type=radio][name="${e.name}"]`).forEach(r => r.dataset.stop = number);
        }
        e.dataset.stop = number++;
    }
    return number;
}"""
FOCUSED = """() => {
    const e = document.activeElement;
    if (!e || e === document.body || e === document.documentElement) return null;
    const box = e.getBoundingClientRect();
    const inside = (v, limit) => Math.min(Math.max(v, 1), limit - 2);
    const top = document.elementFromPoint(inside(box.x + box.width / 2, innerWidth), inside(box.y + box.height / 2, innerHeight));
    const label = e.labels?.[0];
    return {
        stop: e.dataset.stop === undefined ? null : +e.dataset.stop,
        what: `${e.tagName} ${(e.innerText || label?.innerText || e.name || '').trim().slice(0, 40)}`,
        kind: `${e.closest('header, main, footer')?.tagName} ${e.tagName}.${e.getAttribute('class') ?? ''}.${e.type ?? ''}`,
        inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        covered: !!top && top !== e && !e.contains(top) && !top.contains(e) && !label?.contains(top),
        ringed: (() => { for (let n = e, i = 0; n && i < 3; n = n.parentElement, i++) {
            const s = getComputedStyle(n);
            if (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2) return true; } return false; })(),
        box: {x: box.x, y: box.y, width: box.width, height: box.height},
    };
}"""


@pytest.fixture(scope="session")
def looked_at() -> set[str]:
    """Kinds of controls whose ring was looked at with the eyes, so to speak, on whatever page they came first."""
    return set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_control_is_reached_in_order_and_the_focus_is_seen(
    look: Look, portal: Portal, looked_at: set[str], kind: str
) -> None:
    page = look(**WIDE)
    page.goto(portal.pages[kind])
    assert (
        page.evaluate('document.querySelectorAll(\'[tabindex]:not([tabindex="0"]):not([tabindex="-1"])\').length') == 0
    )
    number = page.evaluate(NUMBER)
    walked: list[int] = []
    for _ in range(number + 5):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None:
            break
        if not walked:
            assert stop["what"] == "A Zum Inhalt springen"
        assert stop["stop"] is not None, stop
        walked.append(stop["stop"])
        assert stop["inView"], stop
        assert not stop["covered"], stop
        assert stop["ringed"], stop
        if stop["kind"] not in looked_at:
            assert changes_when_focused(page, stop["box"]), stop
            looked_at.add(stop["kind"])
    assert walked == list(range(number))
    assert number >= 10


def changes_when_focused(page: Page, box: dict[str, float]) -> bool:
    clip = {
        "x": max(box["x"] - 6, 0),
        "y": max(box["y"] - 6, 0),
        "width": min(box["width"] + 12, 1280),
        "height": min(box["height"] + 12, 800),
    }
    focused = page.screenshot(clip=clip, caret="hide")
    page.evaluate("() => { window.last = document.activeElement; last.blur() }")
    blurred = page.screenshot(clip=clip, caret="hide")
    page.evaluate("() => last.focus({preventScroll: true, focusVisible: true})")
    pictures = [Image.open(io.BytesIO(data)).convert("L") for data in (focused, blurred)]
    histogram = ImageChops.difference(*pictures).histogram()
    return sum(histogram[48:]) >= 20


def test_the_skip_link_leads_into_the_content(visit: NewContext, portal: Portal) -> None:
    page = visit(**WIDE).new_page()
    for kind in ("home", "practices:list", "practices:detail", "404", "login"):
        page.goto(portal.pages[kind])
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('main').contains(document.activeElement)"), kind


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until a control with this text or label has the focus."""
    for _ in range(120):
        page.keyboard.press("Tab")
        words = page.evaluate("(e => `${e.labels?.[0]?.innerText ?? ''} ${e.innerText ?? ''}`)(document.activeElement)")
        if wanted in " ".join(words.replace("\N{SOFT HYPHEN}", "").split()):
            return
    raise AssertionError(f"never reached: {wanted}")


@pytest.mark.parametrize(
    "viewport", [{"width": 1280, "height": 800}, {"width": 360, "height": 740}], ids=["wide", "phone"]
)
def test_a_company_finds_an_example_by_branch_and_size_with_keys_alone(
    visit: NewContext, portal: Portal, viewport: dict[str, Any]
) -> None:
    page = visit(viewport=viewport).new_page()
    page.goto("/")
    tab_to(page, "Beispiele")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{portal.url}/beispiele/")
    if viewport["width"] < 900:
        # On a telephone the filters are folded away.
        tab_to(page, "Filtern")
        page.keyboard.press("Enter")
    tab_to(page, portal.site.plastics.name)
    page.keyboard.press("Space")
    tab_to(page, "kleinst")
    page.keyboard.press("Space")
    tab_to(page, "Treffer zeigen")
    page.keyboard.press("Enter")
    page.wait_for_url("**branche=**")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("1 von")
    tab_to(page, portal.site.fictitious.title)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(portal.site.fictitious.title)


def test_the_filters_say_what_they_would_find_and_the_answer_is_announced(visit: NewContext, portal: Portal) -> None:
    page = visit(**WIDE).new_page()
    page.goto(f"/beispiele/?branche={portal.site.metal.slug}")

    assert page.get_by_role("status").inner_text().strip()
    expect(page.get_by_role("group", name="Branche")).to_be_visible()
    expect(page.get_by_role("group", name="Größe")).to_be_visible()
    expect(page.get_by_role("checkbox", name=portal.site.metal.name)).to_be_checked()
    # Nothing is sent before somebody asks for it.
    page.get_by_role("checkbox", name=portal.site.plastics.name).check()
    page.wait_for_timeout(300)
    assert portal.site.plastics.slug not in page.url
