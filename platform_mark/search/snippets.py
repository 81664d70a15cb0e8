"""Show where a text meets a question: the best passage, with what was met in `mark`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

LONGEST = 220
# How a folded word may be written: "ue" as "ü", "ss" as "ß", soft hyphens anywhere are not expected in stored text.
_WRITTEN = {"ae": "(?:ae|ä)", "oe": "(?:oe|ö)", "ue": "(?:ue|ü)", "ss": "(?:ss|ß)"}
_PAIR = re.compile("|".join(_WRITTEN))


def pattern(lexemes: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds any of these folded words in a written text; nothing where there are none."""
    # The longest first, because the first alternative that fits is taken.
    spelt = [_PAIR.sub(lambda pair: _WRITTEN[pair.group()], word) for word in sorted(lexemes, key=len, reverse=True)]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(spelt)})(?![^\W_])", re.IGNORECASE) if spelt else None


def mark(text: str, found: re.Pattern[str] | None) -> SafeString:
    """Return the text as HTML with every hit in `mark`."""
    if found is None:
        return conditional_escape(text)
    parts, end = [], 0
    for hit in found.finditer(text):
        parts += [conditional_escape(text[end : hit.start()]), "<mark>", conditional_escape(hit.group()), "</mark>"]
        end = hit.end()
    parts.append(conditional_escape(text[end:]))
    # Every part of the text is escaped above; the marks are ours.
    return mark_safe("".join(parts))  # noqa: S308


def snippet(text: str, found: re.Pattern[str] | None) -> SafeString:
    """Return the passage with the most different hits as HTML; empty where there is none."""
    hits = list(found.finditer(text)) if found else []
    if not hits:
        return SafeString()
    start = max(hits, key=lambda hit: _different(hits, hit.start()) * len(text) - hit.start()).start()
    begin = _word_start(text, max(0, start - LONGEST // 4))
    end = _word_end(text, begin + LONGEST)
    before, after = ("… " if begin else ""), (" …" if end < len(text) else "")
    return conditional_escape(before) + mark(text[begin:end], found) + conditional_escape(after)


@dataclass(frozen=True)
class Marks:
    """Title and teaser with what was met, and the passage of the text that meets most, where neither of them does."""

    title: SafeString
    teaser: SafeString
    passage: SafeString


def marks(title: str, teaser: str, text: str, found: re.Pattern[str] | None) -> Marks:
    """Mark what was met in one thing of a list."""
    marked = mark(title, found), mark(teaser, found)
    says_so = any("<mark>" in each for each in marked)
    return Marks(*marked, SafeString() if says_so else snippet(text, found))


def _different(hits: list[re.Match[str]], start: int) -> int:
    """How many different words are met in a passage that begins there."""
    return len({hit.group().casefold() for hit in hits if start <= hit.start() <= start + LONGEST * 3 // 4})


def _word_start(text: str, at: int) -> int:
    return text.rfind(" ", 0, at + 1) + 1


def _word_end(text: str, at: int) -> int:
    space = text.find(" ", at)
    return len(text) if space < 0 else space
