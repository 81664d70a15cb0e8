"""What a visitor asked of a list, by words and facets, and how many each further choice would show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from django_filters.fields import MultipleChoiceField

from . import finding
from .facets import Catalogue, Facet, Option
from .finding import Found
from .index import kind_of
from .question import LONGEST_QUESTION, Question, ask

# Far beyond any last page, and no number for the database to stumble over.
LAST_PAGE = 10**9
RELEVANCE = "relevanz"
SWITCHED_ON = "ja"

# The name of a parameter and one of its values.
Pair = tuple[str, str]


class OpenChoiceField(MultipleChoiceField):
    """A choice that takes unknown values, too: they match nothing, and the page says so."""

    def valid_value(self, value: object) -> bool:
        return True


class AnyOf(django_filters.MultipleChoiceFilter):
    """One facet: any of the chosen values will do."""

    field_class = OpenChoiceField


class IndexedFilter(django_filters.FilterSet):
    """What was asked for. The index says which entries are meant; the queryset says what may be shown.

    A list names its model in `Meta`, one `AnyOf` for each facet of its catalogue, its orders and its page size.
    """

    q = django_filters.CharFilter(label="Wonach suchen Sie?")
    sortierung = django_filters.CharFilter(label="Sortieren")
    seite = django_filters.CharFilter(label="Seite")

    #: Word in addresses -> label and order of the index.
    orders: ClassVar[Mapping[str, tuple[str, str]]]
    #: The order where nothing is asked.
    first_order: ClassVar[str]
    page_size: ClassVar[int]
    #: A facet that follows from the present day.
    bands: finding.Bands | None = None

    def __init__(self, data: QueryDict, *, catalogue: Catalogue, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.catalogue = catalogue

    @property
    def keys(self) -> Sequence[int]:
        """The entries of the page that was asked for, in their order, or where there is none, the nearest."""
        return [row.object_id for row in self.found.rows] or self.found.nearest

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """The entries of the page that was asked for, or the nearest; only those that `queryset` may show."""
        return queryset.filter(pk__in=self.keys)

    @property
    def text(self) -> str:
        """What was typed, as it was typed."""
        return self._value("q")

    @cached_property
    def chosen(self) -> Mapping[str, list[str]]:
        """The values asked for, by facet, each once; only facets with any."""
        cleaned = self.form.cleaned_data if self.form.is_valid() else {}
        # A form that asks "any branch" sends an empty word.
        chosen = {name: list(dict.fromkeys(filter(None, cleaned.get(name) or []))) for name in self.catalogue.labels}
        return {name: values for name, values in chosen.items() if values}

    @property
    def switched(self) -> Mapping[str, str]:
        """Switches of the list that are on, with what their chips say; no facets, since they have nothing to count."""
        return {}

    @cached_property
    def codes(self) -> Mapping[str, list[str]]:
        """What the index is asked for, by facet; a list may add what it takes for granted."""
        return {facet: self.catalogue.codes(facet, asked) for facet, asked in self.chosen.items()}

    @cached_property
    def question(self) -> Question | None:
        """The text, understood; None where it has no word in it."""
        question = ask(self.text) if self.text else None
        return question if question and (question.clauses or question.unknown) else None

    @property
    def is_cut(self) -> bool:
        """Whether more was typed than is looked for."""
        return len(self.text) > LONGEST_QUESTION

    @property
    def meant(self) -> str:
        """What was probably meant: what looks like a typing error is mended only where that found something."""
        return self.question.meant if self.question and self.found.total and not self.found.level else ""

    @property
    def order(self) -> str:
        """The word of the order: the one asked for, or what fits the question."""
        word = self._value("sortierung")
        return self.usual_order if word not in self.orders or (word == RELEVANCE and not self.question) else word

    @property
    def usual_order(self) -> str:
        """The word of the order that fits the question."""
        return RELEVANCE if self.question else self.first_order

    @property
    def page(self) -> int:
        """The page asked for: the first for what is no number, the last for what is none of ours."""
        try:
            number = int(self._value("seite") or 1)
        except ValueError:
            return 1
        return min(number, LAST_PAGE) if number > 0 else LAST_PAGE

    @cached_property
    def found(self) -> Found:
        """What the index found."""
        return self.look(page=self.page, size=self.page_size)

    def look(self, *, page: int, size: int, order: str = "") -> Found:
        """Ask the index for a page of any size, in any of its orders; a page beyond the last is the last."""
        model = self._meta.model
        return finding.find(
            kind_of(model),
            model.search_shape,
            question=self.question,
            chosen=self.codes,
            order=order or self.orders[self.order][1],
            page=page,
            size=size,
            bands=self.bands,
        )

    def _value(self, name: str) -> str:
        cleaned = self.form.cleaned_data if self.form.is_valid() else {}
        return (cleaned.get(name) or "").strip()


@dataclass(frozen=True)
class Chip:
    """One thing asked for, with the query string of the list without it."""

    label: str
    query: str
    #: Whether it is the text that was typed, and no choice of a filter.
    is_text: bool = False


@dataclass(frozen=True)
class Alternative:
    """What the list would show with one thing dropped."""

    label: str
    query: str
    hits: int


@dataclass(frozen=True)
class Answer:
    """What the page of any list says about one question."""

    hits: int
    text: str
    is_cut: bool
    #: Words that occur in no entry.
    unknown_words: Sequence[str]
    #: What was probably meant, with the query string that asks for it.
    meant: str
    meant_query: str
    #: Whether only some of the words are met.
    is_loose: bool
    facets: Sequence[Facet]
    chips: Sequence[Chip]
    unknown: Sequence[str]
    query: str
    alternatives: Sequence[Alternative]


@dataclass(frozen=True)
class Finding(Answer):
    """The same of a list that can be put in several orders."""

    #: Entries that meet the text, whatever their facets.
    total: int
    #: Whether there is no entry at all.
    is_bare: bool
    everything: int
    orders: Sequence[Option]


def find(filterset: IndexedFilter) -> Finding:
    """Say what was found, what else there is to choose, and the ways on."""
    found, chosen, question = filterset.found, filterset.chosen, filterset.question
    catalogue = filterset.catalogue
    facets = [catalogue.facet(name, found.counts, chosen.get(name, [])) for name in catalogue.labels]
    labels = {(facet.name, option.value): option.label for facet in facets for option in facet.options}
    text = filterset.text[:LONGEST_QUESTION]
    asked: list[Pair] = [("q", text)] if question else []
    labels["q", text] = f"„{text}“"
    facet_pairs = [(name, value) for name, values in chosen.items() for value in values]
    asked += facet_pairs
    for name, label in filterset.switched.items():
        asked.append((name, SWITCHED_ON))
        labels[name, SWITCHED_ON] = label
    sorting: list[Pair] = [("sortierung", filterset.order)] if filterset.form.cleaned_data.get("sortierung") else []
    return Finding(
        hits=found.hits,
        total=found.total,
        is_bare=not found.hits and not found.everything,
        everything=found.everything,
        text=filterset.text,
        is_cut=filterset.is_cut,
        unknown_words=question.unknown if question else [],
        meant=filterset.meant,
        meant_query=query_of([("q", filterset.meant), *facet_pairs, *sorting]),
        is_loose=found.level > 0,
        facets=facets,
        chips=[
            Chip(labels.get(pair, pair[1]), query_of([*without(asked, pair), *sorting]), is_text=pair[0] == "q")
            for pair in asked
        ],
        unknown=[value for name, value in facet_pairs if (name, value) not in labels],
        orders=[
            # The usual order has no word, so that words typed into a list by date are answered by relevance.
            Option("" if word == filterset.usual_order else word, label, 0, word == filterset.order)
            for word, (label, _) in filterset.orders.items()
            if word != RELEVANCE or question
        ],
        query=query_of([*asked, *sorting]),
        alternatives=alternatives(found, asked, labels, catalogue),
    )


def alternatives(
    found: Found,
    asked: Sequence[Pair],
    labels: Mapping[Pair, str],
    catalogue: Catalogue,
    *,
    kept_always: Sequence[Pair] = (),
) -> list[Alternative]:
    """The ways on from an empty list: each thing dropped in turn, where that would show something.

    What is `kept_always` stands in each address and is not named.
    """
    if found.hits:
        return []
    ways = []
    hits = {**found.without, "q": found.without_text}
    for dropped in dict.fromkeys(name for name, _ in asked):
        kept = [pair for pair in asked if pair[0] != dropped]
        if kept and hits.get(dropped):
            any_label = "ohne Suchwort" if dropped == "q" else catalogue.labels[dropped][1]
            label = ", ".join([*(labels.get(pair, pair[1]) for pair in kept), any_label])
            ways.append(Alternative(label, query_of([*kept, *kept_always]), hits[dropped]))
    return ways


def without(pairs: Iterable[Pair], dropped: Pair) -> list[Pair]:
    """These names and values but for one."""
    return [pair for pair in pairs if pair != dropped]


def query_of(pairs: Iterable[Pair]) -> str:
    """The query string of these names and values."""
    query = QueryDict(mutable=True)
    for name, value in pairs:
        query.appendlist(name, value)
    return query.urlencode()
