"""Which dialogues a visitor asked for, and how many each further choice would show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django_filters import CharFilter

from platform_mark.search import finding
from platform_mark.search.asking import Answer, AnyOf, Chip, IndexedFilter, Pair, alternatives, query_of, without
from platform_mark.search.facets import Catalogue
from platform_mark.search.finding import Found
from platform_mark.search.index import kind_of
from platform_mark.search.question import LONGEST_QUESTION

from . import facets
from .facets import LABELS, Period
from .models import Dialogue, DialogueQuerySet

PAGE_SIZE = 16
# A month with more than this is no month any more; the page says that it shows the first of them.
MOST_IN_A_MONTH = 200
# What no dialogue meets: an unknown period shows nothing, and the page says so.
_NOTHING: facets.Bounds = {"beginn": (0, 0)}


class DialogueFilter(IndexedFilter):
    branche = AnyOf(label="Branche")
    ort = AnyOf(label="Stadt oder Gemeinde")
    form = AnyOf(label="Form")
    zielgruppe = AnyOf(label="Für wen")
    zeitraum = CharFilter(label="Zeitraum")
    ansicht = CharFilter(label="Ansicht")
    monat = CharFilter(label="Monat")

    orders = {"": ("Nächste zuerst", "beginn")}
    first_order = ""
    page_size = PAGE_SIZE

    class Meta:
        model = Dialogue
        fields: Sequence[str] = []

    def __init__(self, data: QueryDict, *, catalogue: Catalogue, **kwargs: Any) -> None:
        super().__init__(data, catalogue=catalogue, **kwargs)
        self.at: datetime = timezone.now()

    def narrowed(self, dialogues: DialogueQuerySet) -> DialogueQuerySet:
        """The same asked of the tables, for the few that stand beside the list. It can only narrow."""
        if self.question:
            dialogues = dialogues.filter(pk__in=finding.saying(kind_of(Dialogue), self.question))
        for facet, codes in self.codes.items():
            if facet == "branche":
                linked = Dialogue.branches.through.objects.filter(branch__in=list(map(int, codes)))
                dialogues = dialogues.filter(pk__in=linked.values("dialogue"))
            elif facet == "ort":
                dialogues = dialogues.filter(municipality__in=list(map(int, codes)))
            elif facet == "form":
                dialogues = dialogues.filter(form__in=codes)
            else:
                dialogues = dialogues.filter(target_groups__overlap=codes)
        return dialogues

    @cached_property
    def is_month(self) -> bool:
        """Whether the table of one month was asked for."""
        return self._value("ansicht") == "monat"

    @cached_property
    def month(self) -> date:
        """The month of the table: the one asked for, else this one."""
        return facets.month_of(self._value("monat")) or timezone.localdate(self.at).replace(day=1)

    @cached_property
    def period(self) -> Period | None:
        """The period asked for; None where the word names none."""
        if self.is_month:
            return facets.month_period(self.month)
        return facets.period(self._value("zeitraum"), self.at)

    @cached_property
    def unknown(self) -> list[str]:
        """Values that name nothing, as they were written."""
        known = {name: {choice.word for choice in choices} for name, choices in self.catalogue.choices.items()}
        unknown = [value for name, values in self.chosen.items() for value in values if value not in known[name]]
        if self.is_month and (word := self._value("monat")) and not facets.month_of(word):
            unknown.append(word)
        elif self.period is None:
            unknown.append(self._value("zeitraum"))
        if (view := self._value("ansicht")) not in ("", "monat", "liste"):
            unknown.append(view)
        return unknown

    @cached_property
    def asked(self) -> list[Pair]:
        """The words and the facets that were asked for, whatever the period."""
        words: list[Pair] = [("q", self.text[:LONGEST_QUESTION])] if self.question else []
        return [*words, *((name, value) for name, values in self.chosen.items() for value in values)]

    @cached_property
    def labels(self) -> Mapping[Pair, str]:
        """What the page calls the words, and each choice there is."""
        labels = {(name, each.word): each.label for name, choices in self.catalogue.choices.items() for each in choices}
        return {("q", value): f"„{value}“" for name, value in self.asked if name == "q"} | labels

    @cached_property
    def found(self) -> Found:
        """What the index found."""
        return self.find(
            self.period.bounds if self.period else _NOTHING,
            order=self.period.order if self.period else "beginn",
            page=1 if self.is_month else self.page,
            size=MOST_IN_A_MONTH if self.is_month else PAGE_SIZE,
        )

    def find(self, bounds: facets.Bounds, *, order: str, size: int, page: int = 1) -> Found:
        """What the index finds for words and facets within these bounds, whatever period was asked for.

        Words do not change the order: a list of dates is read by date.
        """
        return finding.find(
            kind_of(Dialogue),
            Dialogue.search_shape,
            question=self.question,
            chosen=self.codes,
            between=bounds,
            order=order,
            page=page,
            size=size,
            at=self.at,
        )


@dataclass(frozen=True)
class PeriodOption:
    word: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class Finding(Answer):
    """What the page of dialogues says, too."""

    period: Period | None
    periods: Sequence[PeriodOption]
    #: The query string of words and facets alone, which feeds and other views keep; `query` has the period, too.
    asked_query: str

    @property
    def is_past(self) -> bool:
        """Whether the list shows what is over."""
        return bool(self.period and self.period.is_past)

    @property
    def named(self) -> Sequence[Chip]:
        """What a heading has to name: all that was asked for, but for what „Vergangene“ in it says already."""
        return self.chips[:-1] if self.is_past else self.chips

    @property
    def is_default(self) -> bool:
        """Whether nothing was asked for."""
        return not self.query


def find(filterset: DialogueFilter) -> Finding:
    """Say what was found, what else there is to choose, and the ways on."""
    found, chosen, period, asked = filterset.found, filterset.chosen, filterset.period, filterset.asked
    question, labels = filterset.question, dict(filterset.labels)
    boxes = [filterset.catalogue.facet(name, found.counts, chosen.get(name, [])) for name in LABELS]
    word = period.word if period else ""
    time: list[Pair] = [("zeitraum", word)] if word and not filterset.is_month else []
    if period and time:
        labels[time[0]] = period.label.capitalize() if period.label[0].islower() else period.label
    view: list[Pair] = [("ansicht", "monat"), ("monat", f"{filterset.month:%Y-%m}")] if filterset.is_month else []
    everything = [*asked, *time]
    return Finding(
        hits=found.hits,
        text=filterset.text,
        is_cut=filterset.is_cut,
        unknown_words=question.unknown if question else [],
        meant=filterset.meant,
        meant_query=query_of([("q", filterset.meant), *(pair for pair in [*everything, *view] if pair[0] != "q")]),
        is_loose=found.level > 0,
        facets=boxes,
        chips=[Chip(labels.get(pair, pair[1]), query_of([*without(everything, pair), *view])) for pair in everything],
        unknown=filterset.unknown,
        period=period,
        periods=_period_options(filterset, period),
        asked_query=query_of(asked),
        query=query_of(everything),
        alternatives=alternatives(found, asked, labels, filterset.catalogue, kept_always=[*time, *view]),
    )


def _period_options(filterset: DialogueFilter, chosen: Period | None) -> list[PeriodOption]:
    offered = facets.periods(filterset.at)
    if chosen and chosen.word not in {period.word for period in offered}:
        # A month or a year from a link: it stays chosen when a box is ticked.
        offered.append(chosen)
    return [PeriodOption(each.word, each.label, each == chosen) for each in offered]
