"""What dialogues can be narrowed by: by which word an address names each choice, and by which code the index."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from platform_mark.search.facets import Catalogue, Choice
from platform_mark.search.terms import load_terms
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.models import TargetGroup

from . import wording
from .models import Dialogue
from .search import minute

# Name in addresses -> label, and what it is called when it is dropped. In the order of the page.
LABELS: Mapping[str, tuple[str, str]] = {
    "branche": ("Branche", "alle Branchen"),
    "ort": ("Stadt oder Gemeinde", "alle Orte"),
    "form": ("Form", "jede Form"),
    "zielgruppe": ("Für wen", "alle Zielgruppen"),
}
_FORMS = {"vor-ort": Dialogue.Form.ONSITE, "online": Dialogue.Form.ONLINE, "hybrid": Dialogue.Form.HYBRID}
_FIXED: Mapping[str, list[Choice]] = {
    "form": [Choice(word, str(form.label), form.value) for word, form in _FORMS.items()],
    "zielgruppe": [Choice(german_slug(str(group.label)), str(group.label), group.value) for group in TargetGroup],
}
# The first and last year whose months can be looked at.
YEARS = range(2000, 2100)
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)


def load_catalogue() -> Catalogue:
    """Read branches and places; one query."""
    terms = load_terms()
    return Catalogue(
        LABELS,
        {**_FIXED, "branche": terms.choices["branche"], "ort": terms.choices["ort"]},
        {"branche": terms.moved["branche"]},
        noun="Dialog",
        nouns="Dialoge",
    )


Bounds = Mapping[str, tuple[int | None, int | None]]


@dataclass(frozen=True)
class Period:
    """A stretch of time that was asked for: its word in addresses, its label, and what it means for the index."""

    word: str
    label: str
    bounds: Bounds
    #: Whether the list begins with the latest.
    is_past: bool = False

    @property
    def order(self) -> str:
        """The order of the index that fits."""
        return "ende" if self.is_past else "beginn"


def periods(at: datetime) -> list[Period]:
    """The periods that are offered; the first is what is shown where nothing was asked."""
    coming = (None, -minute(at))
    return [
        Period("", "alle kommenden", {"ende": coming}),
        Period("vier-wochen", "nächste vier Wochen", {"ende": coming, "beginn": (None, _minute_after(at, 28))}),
        Period("drei-monate", "nächste drei Monate", {"ende": coming, "beginn": (None, _minute_after(at, 92))}),
        Period("vergangen", "vergangene", {"ende": (-minute(at), None)}, is_past=True),
    ]


def period(word: str, at: datetime) -> Period | None:
    """The period of a word: one of those offered, a month „2026-12“ or a year „2026“; None for any other word."""
    offered = {each.word: each for each in periods(at)}
    if word in offered:
        return offered[word]
    if first := month_of(word):
        return month_period(first)
    if _YEAR.fullmatch(word) and int(word) in YEARS:
        first, after = date(int(word), 1, 1), date(int(word) + 1, 1, 1)
        return Period(word, word, {"beginn": (_midnight(first), _midnight(after))})
    return None


def month_of(word: str) -> date | None:
    """The first day of a month „2026-12“, None for any other word."""
    found = _MONTH.fullmatch(word)
    return date(int(found[1]), int(found[2]), 1) if found and int(found[1]) in YEARS else None


def month_period(first: date) -> Period:
    """All of the month that begins on this day, past or to come."""
    return Period(f"{first:%Y-%m}", wording.month(first), {"beginn": (_midnight(first), _midnight(month_after(first)))})


def month_after(first: date) -> date:
    """The first day of the next month."""
    return (first + timedelta(days=32)).replace(day=1)


def _minute_after(at: datetime, days: int) -> int:
    return _midnight(timezone.localdate(at) + timedelta(days=days + 1))


def _midnight(day: date) -> int:
    return minute(timezone.make_aware(datetime(day.year, day.month, day.day)))  # noqa: DTZ001
