"""Every kind of page in a real browser: barriers, quiet on the wire, reflow."""

import pytest
from playwright.sync_api import Response

from tests.browser.barriers import SCREENS, WIDE, axe, brightness
from tests.browser.conftest import Look, NewContext
from tests.browser.portal import Portal

KINDS = [
    *("practices:compare", "practices:compare 2", "practices:suggest-sent"),
    *("home", "practices:list", "practices:list 2", "practices:list 3", "practices:list 4", "practices:list 5"),
    *("practices:list 6", "practices:detail", "practices:detail 2", "practices:detail 3", "practices:detail 4"),
    *("dialogues:list", *(f"dialogues:list {n}" for n in range(2, 7))),
    *("dialogues:detail", *(f"dialogues:detail {n}" for n in range(2, 9))),
    *("practices:detail 5", "practices:detail 6", "branches:list", "branches:detail", "branches:detail 3"),
    *("first-steps", *(f"first-steps {n}" for n in range(2, 6)), "first-steps-sheet", "first-steps-sheet 2"),
    *("self-check", "self-check 2", "self-check 3", "self-check 4"),
    *("search", "search 2", "search 4", "search 5", "actors:activities", "actors:activities 2", "actors:activities 4"),
    *("actors:matrix", "actors:matrix 2", "actors:activity", "actors:activity 2", "actors:activity 3"),
    *("actors:list", "actors:detail", "actors:detail 2", "branches:selection", "formats:list", "formats:list 2"),
    *("formats:set", "formats:detail", "ideas:list", "opendata:index", "alerts:sent", "legal-leichte-sprache"),
    *("legal-impressum", "legal-datenschutz", "legal-barrierefreiheit", "404", "400", "login", "room"),
]
#: Other texts and filters in the same templates as those above.
ALIKE = {
    *("branches:detail 2", "search 3", "actors:activities 3", "actors:activity 4", "actors:list 2", "actors:list 3"),
    *("actors:proposed", "actors:confirm-thanks", "demand:sent", "demand:ended", "alerts:ended", "barrier-sent"),
    *("formats:list 3", "formats:set 2", "formats:report-sent", "ideas:sent"),
    *("legal-nutzungsbedingungen", "legal-moderationsregeln", "legal-lizenz"),
    *("legal-leichte-sprache-beispiele", "legal-leichte-sprache-dialoge"),
}


def test_every_kind_of_page_is_looked_at(portal: Portal) -> None:
    assert set(portal.pages) - ALIKE == set(KINDS)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_no_barrier(look: Look, portal: Portal, kind: str, screen: str) -> None:
    page = look(**SCREENS[screen])
    answer = page.goto(portal.pages[kind])

    assert answer is not None and answer.status == (int(kind) if kind.isdigit() else 200)
    assert axe(page) == []
    assert brightness(page, "dark") < 0.2
    assert brightness(page, "light") > 0.8


@pytest.mark.parametrize("screen", SCREENS)
def test_the_guide_to_the_look_shows_every_component_without_a_barrier(
    visit: NewContext, quick_start: str, screen: str
) -> None:
    page = visit(bypass_csp=True, base_url=quick_start, **SCREENS[screen]).new_page()
    page.goto("/komponenten/")

    assert axe(page) == []
    assert page.evaluate(WIDER) == []
    for component in (".case", ".facts", ".bars", ".chips", ".state", ".notice", ".todo", ".fold", ".filters", ".way"):
        assert page.locator(component).count(), component
    assert brightness(page, "dark") < 0.2
    assert brightness(page, "light") > 0.8


# ---------------------------------------------------------------- what happens on the wire

WATCH = """
    window.violations = [];
    document.addEventListener('securitypolicyviolation', e => violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""
STORED = """() => ({
    local: Object.keys(localStorage), session: Object.keys(sessionStorage), violations: window.violations,
    handlers: [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on/.test(a.name))).length,
    frames: document.querySelectorAll('iframe, object, embed').length,
    unloaded: [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src),
})"""
NOTHING = {"local": [], "session": [], "violations": [], "handlers": 0, "frames": 0, "unloaded": []}


def is_broken_part(answer: Response) -> bool:
    return answer.status >= 400 and not answer.request.is_navigation_request()


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_quiet(visit: NewContext, portal: Portal, kind: str) -> None:
    """Strict policy kept, no error, nothing asked from elsewhere, nothing stored, no cookie for reading."""
    context = visit(viewport=WIDE)
    context.add_init_script(WATCH)
    foreign, failed, said = [], [], []
    context.route(
        lambda url: not url.startswith(f"{portal.url}/"),
        lambda route: (foreign.append(route.request.url), route.abort()),
    )
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("response", lambda answer: failed.append(answer.url) if is_broken_part(answer) else None)

    answer = page.goto(portal.pages[kind])
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true); window.scrollTo(0, 99999)")
    page.wait_for_load_state("networkidle")

    assert answer is not None
    assert answer.status == int(kind) if kind.isdigit() else answer.status == 200
    # A browser reports the status of an error page itself.
    said = [text for text in said if not (kind.isdigit() and f"status of {kind}" in text)]
    assert (foreign, failed, said) == ([], [], [])
    assert page.evaluate(STORED) == NOTHING
    names = [cookie["name"] for cookie in context.cookies()]
    assert names == (["__Host-csrf"] if kind in {"login", "room"} else [])
    assert page.evaluate("document.fonts.size") > 0


def test_the_policy_is_really_enforced(visit: NewContext, portal: Portal) -> None:
    """What the test above relies on: an inline script and a foreign picture are refused and noticed."""
    context = visit()
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto("/")
    page.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = 'window.ran = true';
            document.body.append(script);
            const image = document.createElement('img');
            image.src = 'https://elsewhere.example/x.png';
            document.body.append(image);
        }"""
    )
    page.wait_for_function("window.violations.length >= 2")
    assert page.evaluate("window.ran") is None


# ---------------------------------------------------------------- narrow, large, spaced

WIDER = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > width + 1)
        .map(e => e.tagName + '.' + e.getAttribute('class')).slice(0, 5);
}"""
SPACING = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
    p { margin-bottom: 2em !important }"""
CUT = """() => [...document.querySelectorAll('a, button, label, legend, summary, h1, h2, h3, p, li, td, th, dt, dd, span')].filter(e => {
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    if (!e.innerText?.trim() || box.width < 3 || box.height < 3 || style.clipPath !== 'none') return false;
    const hides = value => value === 'hidden' || value === 'clip';
    return hides(style.overflowY) && e.scrollHeight > e.clientHeight + 3
        || hides(style.overflowX) && e.scrollWidth > e.clientWidth + 3;
}).map(e => e.tagName + ' ' + e.innerText.trim().slice(0, 40))"""


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_scrolls_sideways_or_is_cut_off(look: Look, portal: Portal, kind: str) -> None:
    """At 320 px (the same as 400 % at 1280 px) and 360 px, as it is and with the text spacing of WCAG 1.4.12."""
    page = look(viewport=WIDE)
    page.goto(portal.pages[kind])
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    before = set(page.evaluate(CUT))
    zoom = page.evaluate("document.querySelector('meta[name=viewport]').content")
    assert "user-scalable" not in zoom and "maximum-scale" not in zoom
    for width in (320, 360):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate(WIDER) == [], width
    page.add_style_tag(content=SPACING)
    assert page.evaluate(WIDER) == [], "spaced"
    page.set_viewport_size(WIDE)
    assert page.evaluate(WIDER) == [], "spaced and wide"
    assert set(page.evaluate(CUT)) - before == set()


@pytest.mark.parametrize("kind", ["home", "practices:list", "practices:detail", "branches:list"])
def test_twice_the_text_size_loses_nothing(visit: NewContext, portal: Portal, kind: str) -> None:
    """For those who enlarge the letters only: the root size is theirs (WCAG 1.4.4)."""
    page = visit(bypass_csp=True, viewport=WIDE).new_page()
    page.goto(portal.pages[kind])
    page.add_style_tag(content="html { font-size: 200% !important }")
    assert page.evaluate(WIDER) == []
