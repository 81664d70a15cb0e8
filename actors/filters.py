"""Which entries of the register a visitor asked for."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import django_filters
from django.db.models import F, Q

from platform_mark.search import finding
from platform_mark.search.asking import RELEVANCE, SWITCHED_ON, AnyOf, IndexedFilter
from platform_mark.search.finding import Bands, Found, Row

from . import facets
from .models import Activity, ActivityQuerySet
from .search import FOR_ALL

PAGE_SIZE = 20
# Facets of several values -> condition on one, and the one that means all of them.
_ROWS: Mapping[str, tuple[tuple[str, ...], Q]] = {
    "branche": (("branches__in",), Q(branches=None)),
    "thema": (("topics__in",), Q()),
    "kreis": (("districts__in", "municipalities__district__in"), Q(districts=None, municipalities=None)),
    "ort": (("municipalities__in", "districts__municipalities__in"), Q(districts=None, municipalities=None)),
}
_LISTS = {"zielgruppe": "target_groups", "groesse": "sizes", "phase": "phases"}
_COLUMNS = {"art": "kind", "kosten": "cost"}


class ActivityFilter(IndexedFilter):
    branche = AnyOf(label="Branche")
    art = AnyOf(label="Art")
    zielgruppe = AnyOf(label="Für wen")
    groesse = AnyOf(label="Größe")
    kreis = AnyOf(label="Kreis")
    ort = AnyOf(label="Stadt oder Gemeinde")
    thema = AnyOf(label="Thema")
    phase = AnyOf(label="Phase")
    kosten = AnyOf(label="Kosten")
    stand = AnyOf(label="Stand")
    eigens = django_filters.CharFilter(label="Nur eigens dafür")

    orders = {
        RELEVANCE: ("Relevanz", finding.RELEVANCE),
        "bestaetigt": ("Zuletzt bestätigt", "bestaetigt"),
        "neueste": ("Neueste", finding.NEWEST),
    }
    first_order = "bestaetigt"
    page_size = PAGE_SIZE

    class Meta:
        model = Activity
        fields: Sequence[str] = []

    @cached_property
    def bands(self) -> Bands:
        """Freshness follows from the dates and today."""
        return facets.bands()

    @property
    def is_exact(self) -> bool:
        """Whether what is meant for all branches, sizes or places is to be left out."""
        return self._value(facets.EXACT) == SWITCHED_ON

    @property
    def switched(self) -> Mapping[str, str]:
        return {facets.EXACT: "nur eigens dafür"} if self.is_exact else {}

    @property
    def wants_former(self) -> bool:
        """Whether the former entries were asked for; they stand in a list of their own."""
        return facets.FORMER in self.chosen.get("stand", [])

    def look(self, *, page: int, size: int, order: str = "") -> Found:
        """Ask the index, or the tables for former entries, which no search finds."""
        if not self.wants_former:
            return super().look(page=page, size=size, order=order)
        former = self.narrowed(Activity.objects.former())
        hits = former.count()
        page = min(page, max(1, -(-hits // size)))
        ordered = former.order_by(F("confirmed_at").desc(nulls_last=True), "-pk").values_list("pk", flat=True)
        rows = [Row(pk, "", "", "") for pk in ordered[(page - 1) * size : page * size]]
        return Found(hits, hits, {}, {}, page, rows, [], hits, 0, 0)

    def narrowed(self, activities: ActivityQuerySet) -> ActivityQuerySet:
        """The same question asked of the tables, for what is not in the index. It can only narrow."""
        for facet, codes in self.codes.items():
            if facet == "stand":
                if not self.wants_former:
                    stages = [stage for stage in facets.STANDS.values() if stage.value in codes]
                    fitting = [Q(pk__in=Activity.objects.in_stage(stage).values("pk")) for stage in stages]
                    activities = activities.filter(_any(fitting))
            else:
                activities = activities.filter(_condition(facet, codes))
        for word in self.text.split()[:8]:
            activities = activities.filter(
                Q(title__icontains=word)
                | Q(summary__icontains=word)
                | Q(description__icontains=word)
                | Q(actor__name__icontains=word)
            )
        return activities


def _condition(facet: str, codes: Sequence[str]) -> Q:
    values = [code for code in codes if code != FOR_ALL]
    means_all = FOR_ALL in codes
    if facet in _COLUMNS:
        return Q(**{f"{_COLUMNS[facet]}__in": values})
    if facet in _LISTS:
        column = _LISTS[facet]
        return _any([Q(**{f"{column}__overlap": values}), *([Q(**{column: []})] if means_all else [])])
    lookups, empty = _ROWS[facet]
    # By subqueries, so that nothing comes twice.
    found = [Q(pk__in=Activity.objects.filter(**{lookup: values}).values("pk")) for lookup in lookups]
    return _any([*found, *([empty] if means_all else [])])


def _any(conditions: Sequence[Q]) -> Q:
    found = Q(pk__in=[])
    for condition in conditions:
        found |= condition
    return found
