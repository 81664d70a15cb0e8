"""What others do already, while somebody writes an entry: perhaps they do it together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Q

from .models import Activity, Actor, is_among_actors

LOOKED_AT = 40
MOST = 3
# So much of the title's words must come again where kind and branch say nothing.
SIMILAR_WORDS = 0.5


@dataclass(frozen=True)
class Alike:
    """An entry of somebody else, and in words what it shares."""

    activity: Activity
    shared: tuple[str, ...]


def alike(user: Any, actor: Actor, data: Mapping[str, Any]) -> list[Alike]:
    """Up to three entries of others that this person may see and that share the most with a snapshot; the closest first.

    Two shared things make it worth a look; the words of the title count as one.
    """
    title = str(data.get("title") or "").strip()
    if not title:
        return []
    branches, groups, districts = (list(data.get(name) or []) for name in ("branches", "target_groups", "districts"))
    close = Q(words__gte=SIMILAR_WORDS)
    if data.get("kind"):
        close |= Q(kind=data["kind"]) & (Q(branches__slug__in=branches) | Q(target_groups__overlap=groups))
    others = (
        Activity.objects.listed(among_actors=is_among_actors(user))
        .exclude(actor=actor)
        .annotate(words=TrigramWordSimilarity(title, "title"))
        .filter(close)
        .order_by("-words", "pk")
        .values_list("pk", flat=True)
    )
    nearest = list(dict.fromkeys(others[: LOOKED_AT * 3]))[:LOOKED_AT]
    rows = Activity.objects.filter(pk__in=nearest).select_related("actor").prefetch_related("branches", "districts")
    order = {pk: number for number, pk in enumerate(nearest)}
    found = []
    for row in sorted(rows, key=lambda row: order[row.pk]):
        shared = _shared(row, data, branches, groups, districts)
        if len(shared) >= 2 or (shared and order[row.pk] < MOST):
            found.append(Alike(row, shared))
    return sorted(found, key=lambda one: -len(one.shared))[:MOST]


def _shared(
    row: Activity, data: Mapping[str, Any], branches: list[str], groups: list[str], districts: list[str]
) -> tuple[str, ...]:
    labels = dict(zip(row.target_groups, row.target_group_labels, strict=True))
    shared = [row.get_kind_display()] if row.kind == data.get("kind") else []
    shared += [branch.name for branch in row.branches.all() if branch.slug in branches]
    shared += [label for group, label in labels.items() if group in groups]
    shared += [district.name for district in row.districts.all() if district.key in districts]
    return tuple(shared)
