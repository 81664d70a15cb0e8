"""Template tags for the whole site. They need neither the database nor a request."""

import json
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

from django import template
from django.conf import settings
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from practices.facets import Option
from practices.hits import Marks
from practices.models import Practice

register = template.Library()

#: Wire forms of the sprite with their drawn width and height.
WIRES = {
    "feder": (134, 64),
    "schlaufe": (148, 64),
    "geflecht": (134, 64),
    "mutter": (112, 64),
    "oese": (76, 64),
    "region": (192, 64),
    "lupe": (124, 64),
    "ende": (96, 64),
    "marke": (44, 40),
}
# A script element ends at the first "</script", whatever its type says.
_SCRIPT_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


@register.simple_tag
def operator() -> dict[str, str]:
    """Who runs the portal, for the footer of every page, error pages included."""
    return settings.OPERATOR


@register.simple_tag
def is_quick_start() -> bool:
    """Whether this is the quick start, whose fictitious content needs a word of warning."""
    return settings.QUICK_START


@register.simple_tag
def absolute(path: str) -> str:
    """Return the full address of a path on this site, made from the one configured base address."""
    return f"{settings.BASE_URL}{path}"


@register.filter
def tel(number: str) -> str:
    """Return a German telephone number as an address part: „02331 48878“ becomes „+49233148878“."""
    digits = re.sub(r"[^\d+]", "", number)
    return f"+49{digits[1:]}" if digits.startswith("0") and not digits.startswith("00") else digits


# Drawn some hundred times per page, so each is made once per process; the sprite's address is fixed for as long.
@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Draw an icon of the sprite. Only beside words: it is hidden from screen readers."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use href="{}#{}"/></svg>', _sprite(), name
    )


@register.simple_tag
@cache
def gauge(number: int) -> SafeString:
    """Draw the wire gauge that stands for a size class, 1 (thin) to 4 (thick). Only beside words."""
    return format_html(
        '<svg class="gauge" viewBox="0 0 44 24" aria-hidden="true"><use href="{}#groesse-{}"/></svg>', _sprite(), number
    )


@register.simple_tag
@cache
def wire(name: str) -> SafeString:
    """Draw the wire form that stands for a subject of the portal; raises KeyError for an unknown one."""
    width, height = WIRES[name]
    return format_html(
        '<svg class="form" viewBox="0 0 {0} {1}" width="{0}" height="{1}" aria-hidden="true">'
        '<use href="{2}#form-{3}"/></svg>',
        *(width, height, _sprite(), name),
    )


def _sprite() -> str:
    return static("icons/sprite.svg")


@register.simple_tag
def json_ld_breadcrumbs(*labels_and_paths: str) -> SafeString:
    """Say to search engines where a page stands: label, path, label, path, beginning below the start page."""
    pairs = [("Start", "/"), *zip(labels_and_paths[::2], labels_and_paths[1::2], strict=True)]
    return _json_ld(
        {
            "@type": "BreadcrumbList",
            "itemListElement": [
                {"@type": "ListItem", "position": position, "name": label, "item": absolute(path)}
                for position, (label, path) in enumerate(pairs, start=1)
            ],
        }
    )


@register.simple_tag
def json_ld_article(*, headline: str, description: str, path: str, published: Any, modified: Any) -> SafeString:
    """Describe an article of the operator to search engines."""
    publisher = {"@type": "Organization", "name": settings.OPERATOR["name"], "url": absolute("/")}
    return _json_ld(
        {
            "@type": "Article",
            "headline": headline,
            "description": description,
            "url": absolute(path),
            "inLanguage": "de",
            "datePublished": published.isoformat(),
            "dateModified": modified.isoformat(),
            "author": publisher,
            "publisher": publisher,
        }
    )


def _json_ld(data: dict[str, Any]) -> SafeString:
    text = json.dumps({"@context": "https://schema.org", **data}, ensure_ascii=False).translate(_SCRIPT_ESCAPES)
    # Escaped in the line above, in the way that JSON understands.
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))  # noqa: S308


# What a card shows follows from these values alone, so the same values make the same card, for as long as the process lives.
_CARD_VALUES = attrgetter(
    *("slug", "kind", "title", "teaser", "figure_value", "figure_label", "shown_company", "is_fictitious", "location"),
    *("size", "shown_employees", "investment_from", "investment_to", "duration_weeks", "source_url"),
)
_MOST_CARDS = 5_000
_cards: dict[tuple[object, ...], SafeString] = {}


@register.simple_tag
def practice_card(
    practice: Practice, reasons: Sequence[str] = (), narrow: bool = False, marks: Marks | None = None
) -> SafeString:
    """One example as every list shows it. Rendered once for the same words: a list is mostly the same cards again."""
    key = (narrow, marks, *reasons, *_CARD_VALUES(practice))
    html = _cards.get(key)
    if html is None:
        context = {"practice": practice, "reasons": reasons, "narrow": narrow, "marks": marks}
        html = SafeString(get_template("components/practice_card.html").render(context))
        if len(_cards) >= _MOST_CARDS:
            _cards.clear()
        _cards[key] = html
    return html


_BOX = (
    '<label class="pick"><input type="checkbox" name="{}" value="{}"{}> <span>{}{}</span>{}'
    '<span class="count">{}<span class="vh"> {}</span></span></label>'
)


@register.simple_tag
def facet_boxes(name: str, options: Sequence[Option]) -> SafeString:
    """The boxes of a facet. Some eighty a page: by a template they would cost as much as all the rest of it."""
    return format_html_join("\n", "{}", ((_box(name, option),) for option in options))


# The same box again and again, with a few hundred counts at most.
@lru_cache(maxsize=4096)
def _box(name: str, option: Option) -> SafeString:
    state = " checked" if option.is_chosen else " disabled" if option.is_disabled else ""
    hint = format_html(' <span class="opt">{}</span>', option.hint) if option.hint else ""
    drawn = format_html(" {}", gauge(option.gauge)) if option.gauge else ""
    noun = "Beispiel" if option.count == 1 else "Beispiele"
    return format_html(_BOX, name, option.value, state, option.label, hint, drawn, option.count, noun)
