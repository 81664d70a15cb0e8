"""The printed page as a tree of plain values: what stands in <main>, without what is left out on paper as well."""

import re
from html.parser import HTMLParser
from typing import Any

_VOID = frozenset({"br", "hr", "img", "input"})
_NOT_ON_PAPER = frozenset({"noprint", "crumbs", "brief"})
_WHITE_SPACE = re.compile(r"[ \t\r\n\f]+")
# No letter, so no font has them, and a tagged PDF must not hold them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\ufeff\ufffe\uffff]")


def printable(text: str) -> str:
    """Return a text with single spaces, without what is no letter and no sign."""
    return _WHITE_SPACE.sub(" ", _UNPRINTABLE.sub("", text))


def read(html: str) -> dict[str, Any]:
    """Return <main> as nested elements: `tag`, `attributes` and `children`, which are elements and texts."""
    reader = _Reader()
    reader.feed(html)
    return reader.main


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.main: dict[str, Any] = {}
        self._open: list[dict[str, Any]] = [_element("", {})]

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        element = _element(tag, {name: printable(value or "") for name, value in attributes})
        if tag == "main":
            self.main = element
        if _NOT_ON_PAPER.isdisjoint(element["attributes"].get("class", "").split()):
            self._open[-1]["children"].append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1]["children"].append(printable(data))


def _element(tag: str, attributes: dict[str, str]) -> dict[str, Any]:
    return {"tag": tag, "attributes": attributes, "children": []}
