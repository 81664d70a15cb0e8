"""Template tags for the whole site. They need neither the database nor a request."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

from django import template
from django.conf import settings
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from actors.cooperating import can_be_asked
from actors.matrix import Cell
from actors.reading import Hit
from dialogues import structured, wording
from dialogues.models import Dialogue
from dialogues.showing import Card
from platform_mark import contact
from platform_mark.search.facets import Facet, Option
from platform_mark.search.snippets import Marks
from platform_mark.taxonomy.models import CompanySize
from practices.models import Practice

from .overview import BranchRow
from .region import Region

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
def operator() -> Mapping[str, str]:
    """Who runs the portal, for the footer of every page, error pages included."""
    return contact.operator()


@register.simple_tag
def absolute(path: str) -> str:
    """Return the full address of a path on this site, made from the one configured base address."""
    return f"{settings.BASE_URL}{path}"


@register.filter
def tel(number: str) -> str:
    """Return a German telephone number as an address part: „02331 48878“ becomes „+49233148878“."""
    digits = re.sub(r"[^\d+]", "", number)
    return f"+49{digits[1:]}" if digits.startswith("0") and not digits.startswith("00") else digits


@register.filter
def moment(at: datetime) -> str:
    """Return day and time as in all sentences: „Dienstag, 1. Dezember 2026, 18 Uhr“."""
    return wording.moment(at)


_INNER_QUOTES = str.maketrans("„“", "‚‘")


@register.filter
def quoted(text: object) -> str:
    """Return a title in quotes; those it holds itself become single ones."""
    return f"„{str(text).translate(_INNER_QUOTES)}“"


@register.filter
def before_error(label: object) -> str:
    """Return a label as it stands before its error in a list: with a colon, unless it is a sentence or a question."""
    text = str(label)
    return text if text.endswith((".", "?", "!", ":")) else f"{text}:"


_SHORT_WITH_HYPHEN = re.compile(r"(\b[A-ZÄÖÜ]{1,2}-[A-ZÄÖÜ]\w{2,9}\b)")


@register.filter
def unbroken(text: object) -> SafeString:
    """Return a heading in which short words such as „E-Rechnung“ and „QR-Code“ do not break after their hyphen."""
    pieces = _SHORT_WITH_HYPHEN.split(str(text))
    kept = (format_html('<span class="whole">{}</span>', piece) if n % 2 else piece for n, piece in enumerate(pieces))
    return format_html_join("", "{}", ((piece,) for piece in kept))


# Where long words of narrow columns may break, whatever dictionary the browser has.
_BREAKS = {
    "Qualifizierung": "Qualifi\xadzierung",
    "Veranstaltung": "Veranstal\xadtung",
    "Information": "Informa\xadtion",
    "Kommunikation": "Kommuni\xadkation",
    "Gebäudetechnik": "Gebäude\xadtechnik",
    "Forstwirtschaft": "Forst\xadwirtschaft",
    "Dienstleistungen": "Dienst\xadleistungen",
    "sensibilisieren": "sensibili\xadsieren",
    "Auszubildende": "Auszu\xadbildende",
    "Führungskräfte": "Führungs\xadkräfte",
}
_BREAKABLE = re.compile("|".join(_BREAKS))


@register.filter
def breakable(text: object) -> str:
    """Return a label with soft hyphens in its long words."""
    return _BREAKABLE.sub(lambda word: _BREAKS[word.group()], str(text))


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
    publisher = {"@type": "Organization", "name": contact.operator()["name"], "url": absolute("/")}
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


@register.simple_tag
def json_ld_event(dialogue: Dialogue) -> SafeString:
    """Describe a dialogue to search engines: when, where, by whom, moved or cancelled."""
    return _json_ld(structured.event(dialogue))


@register.simple_tag
def json_ld(data: dict[str, Any]) -> SafeString:
    """Describe something to search engines in the words of schema.org; the caller has made them."""
    return _json_ld(data)


def _json_ld(data: dict[str, Any]) -> SafeString:
    text = json.dumps({"@context": "https://schema.org", **data}, ensure_ascii=False).translate(_SCRIPT_ESCAPES)
    # Escaped in the line above, in the way that JSON understands.
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))  # noqa: S308


# What a card shows follows from these values alone, so the same values make the same card, for as long as the process lives.
_CARD_VALUES = attrgetter(
    *("slug", "kind", "title", "teaser", "figure_value", "figure_label", "shown_company", "is_fictitious", "location"),
    *("size", "shown_employees", "investment_from", "investment_to", "duration_weeks", "source_url"),
)
_MOST_DRAWN = 15_000
_INDENTATION = re.compile(r"\s*\n\s*")
_drawn: dict[tuple[object, ...], SafeString] = {}


def _drawn_without_indentation(template_name: str, context: Mapping[str, object]) -> SafeString:
    """Twenty cards with the indentation of their template would be five kilobytes of nothing."""
    return SafeString(_INDENTATION.sub("\n", get_template(template_name).render(dict(context))))


def _draw_once(template_name: str, values: tuple[object, ...], context: Mapping[str, object]) -> SafeString:
    """A part of a list, rendered once for the same words, since a list is mostly the same parts again.

    `values` are all that the template shows; what is missing there would stay old until the process ends.
    """
    key = (template_name, *values)
    html = _drawn.get(key)
    if html is None:
        html = _drawn_without_indentation(template_name, context)
        if len(_drawn) >= _MOST_DRAWN:
            _drawn.clear()
        _drawn[key] = html
    return html


@register.simple_tag
def practice_card(
    practice: Practice,
    reasons: Sequence[str] = (),
    narrow: bool = False,
    marks: Marks | None = None,
    chips: Sequence[str] = (),
) -> SafeString:
    """One example as every list shows it."""
    values = (narrow, marks, tuple(reasons), tuple(chips), *_CARD_VALUES(practice))
    context = {"practice": practice, "reasons": reasons, "narrow": narrow, "marks": marks, "chips": chips}
    return _draw_once("components/practice_card.html", values, context)


@register.simple_tag
def activity_row(hit: Hit, among_actors: bool = False, own_actors: Collection[int] = ()) -> SafeString:
    """One entry of the register as every table of results shows it; actors can ask others for cooperation that have a mailbox."""
    activity = hit.activity
    actor = activity.actor
    may_ask = among_actors and actor.pk not in (own_actors or ()) and can_be_asked(actor)
    values = (
        *(hit.title, hit.passage, may_ask, activity.stage(), activity.slug, activity.kind, activity.visibility),
        *(activity.valid_until, activity.confirmed_at, actor.name, actor.slug, actor.is_fictitious),
    )
    return _draw_once("actors/_row.html", values, {"hit": hit, "activity": activity, "may_ask": may_ask})


@register.simple_tag
def dialogue_card(card: Card, chips: Sequence[str] = ()) -> SafeString:
    """One dialogue as every list shows it."""
    dialogue = card.dialogue
    values = (
        *(dialogue.slug, dialogue.title, dialogue.teaser, dialogue.where, dialogue.is_onsite, dialogue.moved_from),
        *(dialogue.is_cancelled, dialogue.is_fictitious, card.day, card.hours, card.sign),
        *(getattr(dialogue, "marks", None), tuple(chips), *(branch.name for branch in dialogue.branches.all())),
    )
    return _draw_once("components/dialogue_card.html", values, {"card": card, "chips": chips})


_BOX = (
    '<label class="pick"><input type="checkbox" name="{}" value="{}"{}> <span>{}{}</span>{}'
    '<span class="count">{}<span class="vh"> {}</span></span></label>'
)


@register.simple_tag
def facet_boxes(facet: Facet, options: Sequence[Option]) -> SafeString:
    """These boxes of a facet. Some eighty a page: by a template they would cost as much as all the rest of it."""
    # Each box is escaped already.
    return SafeString("\n".join(_box(facet.name, facet.noun, facet.nouns, option) for option in options))


# The same box again and again, with a few hundred counts at most.
@lru_cache(maxsize=4096)
def _box(name: str, noun: str, nouns: str, option: Option) -> SafeString:
    state = " checked" if option.is_chosen else " disabled" if option.is_disabled else ""
    hint = format_html(' <span class="opt">{}</span>', option.hint) if option.hint else ""
    drawn = format_html(" {}", gauge(option.gauge)) if option.gauge else ""
    counted = noun if option.count == 1 else nouns
    return format_html(_BOX, name, option.value, state, option.label, hint, drawn, option.count, counted)


@register.simple_tag
def matrix_cell(cell: Cell, path: str) -> SafeString:
    """One field of „Wer macht was für wen“: joined here, since a page has hundreds and a template takes ten times as long."""
    if not (cell.count or cell.shared):
        return SafeString('<td class="gap">fehlt</td>')
    return format_html(
        '<td class="{}"><a href="{}?{}" aria-label="{}: {}{}">{}</a></td>',
        f"n{cell.shade}" if cell.count else "gap",
        path,
        cell.query,
        cell.label,
        cell.count,
        f", dazu {cell.shared} nur für Akteure" if cell.shared else "",
        f"{cell.count} +{cell.shared}" if cell.shared else cell.count,
    )


@register.simple_tag
@lru_cache(maxsize=64)
def region_map(region: Region, path: str, more: str, noun: str, nouns: str, what: str, caption: str) -> SafeString:
    """The map of the region with its table twin. A filter and its numbers make a map of their own, so only some are kept."""
    context = {
        "region": region,
        "path": path,
        "more": more,
        "noun": noun,
        "nouns": nouns,
        "what": what,
        "caption": caption,
    }
    return _drawn_without_indentation("components/region.html", context)


@register.simple_tag
def branch_table(rows: Sequence[BranchRow], list_path: str, with_aliases: bool = False) -> SafeString:
    """Branches with their examples by size; every number leads to the list."""
    values = (list_path, with_aliases, *map(_shown_of, rows))
    context = {"rows": rows, "sizes": list(CompanySize), "list_path": list_path, "with_aliases": with_aliases}
    return _draw_once("components/branch_table.html", values, context)


def _shown_of(row: BranchRow) -> tuple[object, ...]:
    branch = row.branch
    return branch.name, branch.slug, branch.focus_since, *branch.synonyms, *row.size_counts, row.total


@register.simple_tag
def site_foot() -> SafeString:
    """The foot of every page."""
    operator = contact.operator()
    context = {"operator": operator, "is_quick_start": settings.QUICK_START}
    return _draw_once("components/site_foot.html", (*operator.items(), settings.QUICK_START), context)


@register.simple_tag
def region_links(region: Region, path: str, more: str, noun: str, nouns: str) -> SafeString:
    """The shapes of a map of the region, each a link that says its number."""
    links = []
    for spot in region.spots:
        number = f"{spot.count} {noun if spot.count == 1 else nouns}" if spot.count else f"noch keine {nouns}"
        address = f"{path}?ort={spot.slug}{more}"
        links.append((address, spot.name, number, spot.shade, spot.path))
    return format_html_join("", '<a href="{}" aria-label="{}: {}"><path class="n{}" d="{}" /></a>', links)
