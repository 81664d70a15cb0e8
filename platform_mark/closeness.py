"""How near rows of a table are to something, and why: each reason is a condition that a reader can check, with a weight."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Case, Exists, F, IntegerField, Model, Q, QuerySet, Value, When

QuerySetT = TypeVar("QuerySetT", bound=QuerySet)


@dataclass(frozen=True)
class Reason:
    """One thing that two may share."""

    #: The name of its column, where its weight stands for the rows that share it, and 0 for the others.
    name: str
    #: What a reader is told.
    words: str
    weight: int
    condition: Q | Exists


def with_closeness(queryset: QuerySetT, reasons: Sequence[Reason]) -> QuerySetT:
    """Annotate each row with its reasons, and with `closeness`, the sum of their weights."""
    scores = {
        reason.name: Case(When(reason.condition, then=Value(reason.weight)), default=0, output_field=IntegerField())
        for reason in reasons
    }
    return queryset.annotate(**scores).annotate(closeness=sum((F(name) for name in scores), start=Value(0)))


def words_of(row: Model, reasons: Iterable[Reason]) -> list[str]:
    """Why this row is near, in the words and the order of the reasons."""
    return [reason.words for reason in reasons if getattr(row, reason.name)]
