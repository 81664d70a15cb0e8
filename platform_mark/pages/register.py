"""The register together with what else the portal knows: dialogues of an organisation, the map of the region, numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import path

from actors import views
from actors.facets import kind_word
from actors.models import Activity
from actors.search import FOR_ALL
from actors.urls import urlpatterns as actor_patterns
from dialogues.models import Dialogue
from platform_mark.prepared import NOW, Given, Prepared
from platform_mark.search.finding import cross
from platform_mark.search.index import kind_of
from platform_mark.taxonomy.models import Branch
from practices.models import Practice

from .region import region

MOST_RELATED = 6


class ActorPage(views.ActorDetail):
    template_name = "pages/actor.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        actor = self.object.pk
        return super().get_context_data(
            dialogues=_HOSTED.rows(actor=actor), practices=_ACCOMPANIED.rows(actor=actor), **kwargs
        )


def _hosted() -> QuerySet[Dialogue]:
    published = Dialogue.objects.published(NOW).filter(hosts__actor=Given("actor"))
    return published.distinct().order_by("-starts_at")[:MOST_RELATED]


def _accompanied() -> QuerySet[Practice]:
    published = Practice.objects.published(NOW).filter(accompanied_by=Given("actor"))
    return published.for_cards(NOW).newest_first()[:MOST_RELATED]


_HOSTED = Prepared(_hosted)
_ACCOMPANIED = Prepared(_accompanied)


class MatrixPage(views.ActivityMatrix):
    template_name = "pages/matrix.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        counts = cross(kind_of(Activity), Activity.search_shape, "ort", "ort").rows
        named = {int(pk): number for pk, number in counts.items() if pk.isdigit()}
        return super().get_context_data(region=region(named), everywhere=counts.get(FOR_ALL, 0), **kwargs)


# Later patterns of one name would never be asked, so the subject leaves these two to us.
register_patterns = (
    [
        path("aktivitaeten/matrix/", MatrixPage.as_view(), name="matrix"),
        *actor_patterns,
        path("akteure/<slug:slug>/", ActorPage.as_view(), name="detail"),
    ],
    "actors",
)


@dataclass(frozen=True)
class KindRow:
    """One kind of activity: how many there are, and for how many branches there is none of their own."""

    kind: Activity.Kind
    word: str
    count: int
    gaps: int


def kind_rows(branches: Sequence[Branch]) -> list[KindRow]:
    """Every kind of activity over these branches; one query."""
    crossed = cross(kind_of(Activity), Activity.search_shape, "branche", "art")
    return [
        KindRow(
            kind,
            kind_word(kind.value),
            crossed.columns.get(kind.value, 0),
            sum(not crossed.pairs.get((str(branch.pk), kind.value)) for branch in branches),
        )
        for kind in Activity.Kind
    ]


@dataclass(frozen=True)
class BranchKind:
    """What there is of one kind for a branch: of its own, and for all branches."""

    label: str
    word: str
    own: int
    for_all: int


def branch_kinds(branch: Branch) -> list[BranchKind]:
    """Activities for a branch by kind, gaps included; one query."""
    counts = cross(kind_of(Activity), Activity.search_shape, "branche", "art").pairs
    return [
        BranchKind(
            str(kind.label),
            kind_word(kind.value),
            counts.get((str(branch.pk), kind.value), 0),
            counts.get((FOR_ALL, kind.value), 0),
        )
        for kind in Activity.Kind
    ]
