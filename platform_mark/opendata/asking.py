"""Which rows were asked for: the filters of the lists, and a place to go on from.

Filters are answered by the index of the search, so that they find what the lists find, and give away no more: a company
that wants no name is found by no place here either. A filter nobody knows finds nothing, and the answer says so.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from actors import facets as register_facets
from actors.models import Activity, Actor
from dialogues import facets as dialogue_facets
from dialogues.facets import period
from dialogues.formats import facets as format_facets
from platform_mark.search.facets import Catalogue, Choice
from platform_mark.search.index import code, kind_of
from platform_mark.search.models import FacetSet, SearchEntry
from platform_mark.search.terms import load_terms
from practices import facets as practice_facets

from .columns import words_of
from .kinds import Kind

AFTER, NUMBER = "nach", "anzahl"
# At most so many dialogues stand in the list that partners include.
MOST_EMBEDDED = 20
PAGE_SIZE = MOST_ON_A_PAGE = 100
# A web process must not compute longer than it may; a table of more goes on with the next file.
MOST_IN_A_TABLE = 5_000
CHUNK = 500
PERIOD, COMING = "zeitraum", "kommende"
_CURSOR = re.compile(r"[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,3}", re.ASCII)


class BadQuestion(Exception):
    """A question that has no answer; the message is for people."""


def _actor_catalogue() -> Catalogue:
    terms = load_terms()
    kinds = [Choice(word, "", value) for value, word in words_of(Actor.Kind).items()]
    labels = {name: register_facets.LABELS[name] for name in ("art", "kreis", "ort")}
    choices = {"art": kinds, "kreis": terms.choices["kreis"], "ort": terms.choices["ort"]}
    return Catalogue(labels, choices, {})


def _called(labels: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {name: label for name, (label, _) in labels.items()}


_CATALOGUES: Mapping[str, Callable[[], Catalogue]] = {
    "beispiele": practice_facets.load_catalogue,
    "dialoge": dialogue_facets.load_catalogue,
    "aktivitaeten": lambda: register_facets.load_catalogue(QueryDict()),
    "akteure": _actor_catalogue,
    "formate": format_facets.load_catalogue,
}
# What can be filtered by, without looking, and what each filter is called: both stand in the documentation, too.
FILTERS: Mapping[str, Mapping[str, str]] = {
    "beispiele": _called(practice_facets.LABELS),
    "dialoge": {**_called(dialogue_facets.LABELS), PERIOD: "Zeitraum"},
    "aktivitaeten": _called(register_facets.LABELS),
    "akteure": {name: register_facets.LABELS[name][0] for name in ("art", "kreis", "ort")},
    "formate": _called(format_facets.LABELS),
}


@dataclass(frozen=True)
class Question:
    """The rows that were asked for, by their key, and what is to be said about the question."""

    kind: Kind
    rows: QuerySet
    size: int
    notice: str
    #: Names and values of the question, without the place to go on from.
    query: QueryDict

    def page(self) -> "Page":
        """The first rows of what was asked for, and the key to go on from; two queries and those of the kind."""
        keys = list(self.rows.values_list("pk", flat=True)[: self.size + 1])
        after = keys[self.size - 1] if len(keys) > self.size else None
        return Page(self, keys[: self.size], after)


@dataclass(frozen=True)
class Page:
    """Some rows in the order of their keys, which never changes: whoever follows `after` sees every row once."""

    question: Question
    keys: Sequence[int]
    after: int | None

    def rows(self) -> Iterator[Any]:
        """The rows, some hundreds in memory at a time; one that went away meanwhile is left out."""
        kind = self.question.kind
        for start in range(0, len(self.keys), CHUNK):
            some = self.keys[start : start + CHUNK]
            yield from kind.filled(kind.public().filter(pk__in=some).order_by("pk"))

    @property
    def next_query(self) -> str:
        """The query string of the next page, empty on the last one."""
        if self.after is None:
            return ""
        query = self.question.query.copy()
        query[AFTER] = str(self.after)
        return query.urlencode()


def ask(kind: Kind, data: QueryDict, *, size: int, most: int) -> Question:
    """Understand a question; raises BadQuestion where the place to go on from or the number of rows is none."""
    query = data.copy()
    after = _whole(
        query.pop(AFTER, []), _CURSOR, "„nach“ kennen wir nicht. Folgen Sie dem Link „naechste“ der vorigen Seite."
    )
    number = _whole(query.get(NUMBER) and [query[NUMBER]], _NUMBER, "„anzahl“ ist eine Zahl von 1 bis 100.")
    if number is not None and not 1 <= number <= MOST_ON_A_PAGE:
        raise BadQuestion("„anzahl“ ist eine Zahl von 1 bis 100.")
    rows, notice = narrow(kind, query)
    rows = rows.order_by("pk") if after is None else rows.filter(pk__gt=after).order_by("pk")
    return Question(kind, rows, min(number or size, most), notice, query)


def narrow(kind: Kind, query: QueryDict) -> tuple[Any, str]:
    """The public rows that meet the filters, and a word for people where a filter is not known: then there are none."""
    asked = {name: [value for value in query.getlist(name) if value] for name in query if name != NUMBER}
    if not any(asked.values()):
        return kind.public(), ""
    names = FILTERS[kind.word]
    unknown = [name for name, values in asked.items() if values and name not in names]
    if unknown:
        return kind.public().none(), _not_known(unknown, f"Es gibt: {', '.join(names)}.")
    catalogue = _CATALOGUES[kind.word]()
    moved = catalogue.moved_query(query) or query
    entries = SearchEntry.objects.filter(kind=kind_of(kind.public().model))
    rows, shape = kind.public(), kind.public().model.search_shape
    for name in asked:
        if name not in catalogue.labels or not asked[name]:
            continue
        values = [value for value in moved.getlist(name) if value]
        if unknown := _unknown(catalogue, name, values):
            return kind.public().none(), _not_known(unknown)
        codes = catalogue.codes(name, values)
        if name == "stand":
            rows = rows.filter(pk__in=_in_stages(codes))
        else:
            sets = FacetSet.objects.filter(codes__overlap=[code(name, value) for value in codes])
            entries = entries.filter(**{f"{shape.set_of(name)}__in": sets.values("pk")})
    if asked.get(PERIOD):
        word = asked[PERIOD][-1]
        found = period("" if word == COMING else word, timezone.now())
        if found is None:
            return kind.public().none(), _not_known([word])
        for order, (first, last) in found.bounds.items():
            column = shape.key_of(order)
            entries = entries.filter(**{f"{column}__gte": first} if first is not None else {})
            entries = entries.filter(**{f"{column}__lt": last} if last is not None else {})
    return rows.filter(pk__in=entries.values("object_id")), ""


def _in_stages(codes: Sequence[str]) -> QuerySet:
    stages = [stage for stage in register_facets.STANDS.values() if stage.value in codes]
    found = Activity.objects.none()
    for stage in stages:
        found = found | Activity.objects.in_stage(stage)
    return found.values("pk")


def _unknown(catalogue: Catalogue, name: str, values: Sequence[str]) -> list[str]:
    if name in catalogue.found:
        return [value for value in values if not practice_facets.is_year(value)]
    known = {choice.word for choice in catalogue.choices[name]}
    return [value for value in values if value not in known]


def _not_known(words: Sequence[str], more: str = "") -> str:
    named = ", ".join(f"„{word[:80]}“" for word in words[:5])
    subject = "Diesen Filter" if len(words) == 1 else "Diese Filter"
    return f"{subject} kennen wir nicht: {named}. {more}".strip()


def _whole(values: Any, pattern: re.Pattern[str], message: str) -> int | None:
    if not values or not values[-1]:
        return None
    if not pattern.fullmatch(values[-1]):
        raise BadQuestion(message)
    return int(values[-1])
