"""What fits a visitor best: rank the entries of a kind by how many wishes they meet, and say which.

Unlike a filter, a wish keeps nothing out. More wishes met always stand before fewer; among as many, the weights decide, then
the newest. So the order follows from the index and the wishes alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, FloatField, Model, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from .index import Shape, code, kind_of

RowT = TypeVar("RowT", bound=Model)


@dataclass(frozen=True)
class Wish:
    """Any of these values of a facet; `name` says to the caller which wish it is."""

    name: str
    facet: str
    values: Sequence[object]
    weight: int


@dataclass(frozen=True)
class Match(Generic[RowT]):
    """One object with the names of the wishes it meets, in the order they were given."""

    row: RowT
    met: tuple[str, ...]


@dataclass(frozen=True)
class Best(Generic[RowT]):
    matches: Sequence[Match[RowT]]
    #: Wishes that at least one entry meets, shown or not, of those that may be shown. Empty where nothing is shown.
    possible: frozenset[str]


# What one met wish counts before its weight does: more than all weights together, so that both are one number, and each wish
# is looked at once for each row.
_ONE = 1000

# What fills the holes is SQL of this module, columns that a shape names and small numbers; all else is a parameter.
_VISIBLE = "kind = %s AND visible_from <= %s AND (visible_until IS NULL OR visible_until > %s)"
_MEETS = "coalesce({column} IN (SELECT id FROM search_facetset WHERE codes && %s), FALSE)"
_RANKED = """(
    SELECT object_id FROM search_searchentry WHERE {visible}{only}
    ORDER BY ({score}) DESC, visible_from DESC, id DESC LIMIT %s
)"""
# For the few that were chosen: which wishes they meet, and what decided between equals.
_MET = """(
    SELECT ARRAY[{meets}extract(epoch FROM visible_from)::float8, id::float8]
    FROM search_searchentry WHERE kind = %s AND object_id = {table}.id
)"""
# Asks no row of the queryset, so it is answered once.
_POSSIBLE = "ARRAY[{exist}]::boolean[]"
_EXISTS = "EXISTS (SELECT FROM search_searchentry WHERE {visible}{only} AND {meets})"


def best(
    queryset: QuerySet[RowT], shape: Shape, wishes: Sequence[Wish], *, most: int, only: Sequence[Wish] = ()
) -> Best[RowT]:
    """The `most` best rows of a queryset that reads what the public may see; one query, whatever is wished.

    `only` keeps out what meets none of its values: an offer that is for other branches helps nobody here.
    """
    kind, at = kind_of(queryset.model), timezone.now()
    # What may be shown at all.
    allowed: list[Any] = [kind, at, at, *(_codes(wish) for wish in only)]
    filters = "".join(f" AND {_meets(shape, wish)}" for wish in only)
    meets, codes = [_meets(shape, wish) for wish in wishes], [_codes(wish) for wish in wishes]
    ranked = _RANKED.format(
        visible=_VISIBLE,
        only=filters,
        score=" + ".join(f"{_ONE + wish.weight} * {each}::int" for wish, each in zip(wishes, meets, strict=True))
        or "NULL::int",
    )
    met = _MET.format(meets="".join(f"{each}::int::float8, " for each in meets), table=queryset.model._meta.db_table)
    exist = ", ".join(_EXISTS.format(visible=_VISIBLE, only=filters, meets=each) for each in meets)
    found = queryset.filter(
        pk__in=RawSQL(ranked, [*allowed, *codes, most])  # noqa: S611
    ).annotate(
        wishes_met=RawSQL(met, [*codes, kind], output_field=ArrayField(FloatField())),  # noqa: S611
        wishes_possible=RawSQL(  # noqa: S611
            _POSSIBLE.format(exist=exist),
            [value for each in codes for value in (*allowed, each)],
            output_field=ArrayField(BooleanField()),
        ),
    )
    return _read(list(found), wishes)


def _read(rows: list[Any], wishes: Sequence[Wish]) -> Best[Any]:
    def key(row: Any) -> tuple[float, ...]:
        *flags, since, number = row.wishes_met
        score = sum(_ONE + wish.weight for wish, flag in zip(wishes, flags, strict=True) if flag)
        return -score, -since, -number

    matches = [
        Match(row, tuple(wish.name for wish, flag in zip(wishes, row.wishes_met, strict=False) if flag))
        for row in sorted(rows, key=key)
    ]
    possible = zip(wishes, rows[0].wishes_possible, strict=True) if rows else ()
    return Best(matches, frozenset(wish.name for wish, flag in possible if flag))


def _meets(shape: Shape, wish: Wish) -> str:
    return _MEETS.format(column=shape.set_of(wish.facet))


def _codes(wish: Wish) -> list[str]:
    return [code(wish.facet, value) for value in wish.values]
