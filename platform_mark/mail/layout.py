"""The HTML part of a mail, made of its text: so both say the same, and nothing that a person typed becomes mark-up.

How a text is read: paragraphs stand apart by an empty line. Lines of two blanks, a label, more blanks and a value are a table.
A line that ends with a colon, followed by a line that is an address of ours only, is a button. Lines that begin with
"- " are a list. What follows "-- " is the foot.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.template.loader import render_to_string

_ROW = re.compile(r"  (\S.*?) {2,}(\S.*)")
_MONTHS = "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
# Day and month, hour and „Uhr“: the text has plain spaces for readers and searches, the page breaks no line there.
_HELD = re.compile(rf"(?<=\d\.) (?=(?:{_MONTHS})\b)|(?<=\d) (?=Uhr\b)")


@dataclass(frozen=True)
class Part:
    """A piece of a line; one with an address is a link."""

    text: str
    url: str = ""


Line = list[Part]


@dataclass(frozen=True)
class Block:
    """What stands between two empty lines; `kind` says which of the fields counts."""

    kind: str
    lines: list[Line] = field(default_factory=list)
    rows: list[tuple[str, Line]] = field(default_factory=list)
    label: str = ""
    url: str = ""


def as_html(subject: str, text: str, links: Mapping[str, str]) -> str:
    """The HTML part of a text in which markers stand for personal links; `links` gives the address of each."""
    body, _, foot = text.partition("\n-- \n")
    pattern = _pattern(links)
    blocks = [_block(chunk.strip("\n"), pattern, links) for chunk in re.split(r"\n\s*\n", body) if chunk.strip()]
    context = {"subject": _held(subject), "blocks": blocks, "foot": foot.strip().splitlines()}
    return render_to_string("email/base.html", context)


def _pattern(links: Mapping[str, str]) -> re.Pattern[str]:
    own = re.escape(settings.BASE_URL) + r"/[\w./?=&%-]*[\w/]"
    return re.compile("|".join([*map(re.escape, links), own]))


def _block(chunk: str, pattern: re.Pattern[str], links: Mapping[str, str]) -> Block:
    lines = chunk.split("\n")
    rows = [_ROW.fullmatch(line) for line in lines]
    if all(rows):
        return Block("table", rows=[(row[1], _parts(row[2], pattern, links)) for row in rows if row])
    if len(lines) == 2 and lines[0].endswith(":") and pattern.fullmatch(lines[1].strip()):
        address = lines[1].strip()
        return Block("button", label=lines[0].rstrip(":"), url=links.get(address, address))
    if all(line.startswith("- ") for line in lines):
        return Block("list", lines=[_parts(line[2:], pattern, links) for line in lines])
    return Block("paragraph", lines=[_parts(line, pattern, links) for line in lines])


def _parts(line: str, pattern: re.Pattern[str], links: Mapping[str, str]) -> Line:
    parts, end = [], 0
    for found in pattern.finditer(line):
        parts.append(Part(_held(line[end : found.start()])))
        url = links.get(found[0], found[0])
        parts.append(Part(url, url))
        end = found.end()
    return [part for part in [*parts, Part(_held(line[end:]))] if part.text]


def _held(words: str) -> str:
    return _HELD.sub("\N{NO-BREAK SPACE}", words)
