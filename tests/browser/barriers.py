"""What axe-core finds on a page, in the light and in the dark, on a wide screen and on a telephone."""

from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
LAW = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
ADVICE = (*LAW, "best-practice")
#: What a dark page can do otherwise than a light one. Everything else is the same markup in the same places.
COLOURS = ("color-contrast", "link-in-text-block")
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
#: Screens to look at, as options of a browser's context.
SCREENS: dict[str, dict[str, Any]] = {"wide": {"viewport": WIDE}, "phone": {"viewport": PHONE, "has_touch": True}}


def axe(page: Page, tags: tuple[str, ...] = ADVICE) -> list[str]:
    """Every barrier, one line each, with everything that can be opened open; the page is left in the light."""
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate(AXE)
    _show(page, "dark")
    dark = _run(page, "rule", COLOURS)
    _show(page, "light")
    light = _run(page, "tag", tags)
    # A page on which nothing could be checked would be clean, too.
    assert len(light["passes"]) >= 10
    return [
        f"{look}: {violation['id']}: {node['target']} {node['html'][:160]}"
        for look, found in (("light", light), ("dark", dark))
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def _show(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    # Django's own links change their colour slowly.
    page.evaluate("Promise.allSettled(document.getAnimations().map(a => a.finished))")


def _run(page: Page, kind: str, rules: tuple[str, ...]) -> Any:
    found = page.evaluate(
        "runOnly => axe.run(document, {runOnly, resultTypes: ['violations']})", {"type": kind, "values": rules}
    )
    assert found["testEngine"]["name"] == "axe-core"
    return found


def brightness(page: Page, scheme: Literal["light", "dark"]) -> float:
    """How bright the paper is, 0 to 1."""
    _show(page, scheme)
    return page.evaluate(
        """() => {
            const canvas = document.createElement('canvas').getContext('2d');
            canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
            return a ? (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255 : 1;
        }"""
    )
