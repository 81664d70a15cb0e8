"""Rich text as people type it into a cell: paragraphs with an empty line between them, and back."""

import re
from html import unescape

from django.utils.html import escape

from .fields import clean_html

_MARKUP = re.compile(r"</?(?:p|br|strong|em|ul|ol|li|a|b|i|u|div|span|font|h[1-6])(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BLOCK = re.compile(r"<(?:p|ul|ol)\b", re.IGNORECASE)
_PLAIN = re.compile(r"(?:<p>[^<]*(?:<br>[^<]*)*</p>)+")


def from_plain(text: str) -> str:
    """Return the paragraphs of a text as HTML; whatever looks like markup is text."""
    return clean_html(_paragraphs(str(escape(text))))


def from_typed(text: str) -> str:
    """Return what somebody typed as HTML: markup is cleaned, everything else becomes paragraphs."""
    if not _MARKUP.search(text):
        return from_plain(text)
    return clean_html(text if _BLOCK.search(text) else _paragraphs(text))


def to_typed(html: str) -> str:
    """Return what one would have to type for exactly this HTML: plain paragraphs where that is enough."""
    if _PLAIN.fullmatch(html):
        text = unescape(html.replace("</p><p>", "\n\n").replace("<br>", "\n").removeprefix("<p>").removesuffix("</p>"))
        if from_typed(text) == html:
            return text
    return html


def _paragraphs(text: str) -> str:
    parts = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    joined = ["<br>".join(line.strip() for line in part.splitlines()) for part in parts if part.strip()]
    return "".join(f"<p>{part}</p>" for part in joined)
