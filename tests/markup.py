"""A page as a small tree, for tests that ask what a reader or a crawler would find in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: "list[Element | str]" = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        """The value of an attribute, empty when it is missing or has none."""
        return self.attributes.get(name, "")

    def __contains__(self, name: str) -> bool:
        return name in self.attributes

    def walk(self) -> Iterator["Element"]:
        """This element and all below it, in the order of the source."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, *tags: str, **attributes: str) -> "list[Element]":
        """All elements below of one of the tags (any, if none) whose attributes have these values."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.walk()
            if element is not self
            and (not tags or element.tag in tags)
            and all(element.attributes.get(name) == value for name, value in wanted.items())
        ]

    def one(self, *tags: str, **attributes: str) -> "Element":
        """The only such element; anything else is a failure of the page."""
        found = self.all(*tags, **attributes)
        assert len(found) == 1, f"{len(found)} x {tags} {attributes}"
        return found[0]

    @property
    def text(self) -> str:
        """What a reader reads, with single spaces; scripts and soft hyphens left out."""
        return " ".join("".join(self._texts()).replace("\N{SOFT HYPHEN}", "").split())

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in {"script", "style", "template"}:
                yield from child._texts()
                if child.tag not in {"a", "b", "em", "strong", "span", "small", "i", "sup", "sub"}:
                    yield " "


class Page(HTMLParser):
    """The document of one answer."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(html)
        self.close()

    @classmethod
    def of(cls, response: object) -> Self:
        """The page of a Django answer."""
        return cls(response.content.decode())  # type: ignore[attr-defined]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].tag == tag:
                del self._open[depth:]
                break

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def all(self, *tags: str, **attributes: str) -> list[Element]:
        return self.root.all(*tags, **attributes)

    def one(self, *tags: str, **attributes: str) -> Element:
        return self.root.one(*tags, **attributes)

    @property
    def title(self) -> str:
        return self.one("head").one("title").text

    @property
    def main(self) -> Element:
        return self.one("main")

    @property
    def ids(self) -> list[str]:
        return [element["id"] for element in self.root.walk() if "id" in element]

    @property
    def links(self) -> list[str]:
        """Where a reader can go from here, forms that only ask included."""
        return [a["href"] for a in self.all("a", "area") if "href" in a]

    @property
    def resources(self) -> list[str]:
        """What a browser loads by itself to show this page."""
        found = []
        for element in self.root.walk():
            if element.tag == "link" and element["rel"] not in {
                "canonical",
                "next",
                "prev",
                "alternate",
                "author",
                "search",
            }:
                found.append(element["href"])
            elif element.tag in {"script", "img", "iframe", "source", "video", "audio", "embed"}:
                found += [element["src"]] * ("src" in element)
                found += [part.split()[0] for part in element["srcset"].split(",") if part.strip()]
            elif element.tag in {"use", "image"}:
                found.append(element["href"] or element["xlink:href"])
        return found

    @property
    def problems(self) -> list[str]:
        """What every page of ours must have and this one lacks."""
        h1s = [h1.text for h1 in self.all("h1")]
        descriptions = [meta["content"] for meta in self.all("meta", name="description")]
        html = self.all("html")
        double = {id_ for id_ in self.ids if self.ids.count(id_) > 1}
        found = []
        if len(h1s) != 1 or not h1s[0]:
            found.append(f"h1: {h1s}")
        if not self.title:
            found.append("no title")
        if len(descriptions) != 1 or len(descriptions[0]) < 40:
            found.append(f"description: {descriptions}")
        if not html or html[0]["lang"] != "de":
            found.append("lang is not de")
        if double:
            found.append(f"the same id twice: {sorted(double)}")
        return found
