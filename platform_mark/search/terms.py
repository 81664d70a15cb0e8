"""The choices that staff maintain: branches, topics, districts and places, as the facets `branche`, `thema`, `kreis`, `ort`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import CharField, F, QuerySet, Value

from platform_mark.taxonomy.models import Branch, District, Municipality, Topic

from . import words
from .facets import Choice


@dataclass(frozen=True)
class Terms:
    choices: Mapping[str, Sequence[Choice]]
    #: Facet -> word of a merged term -> word of the term it went into.
    moved: Mapping[str, Mapping[str, str]]


def load_terms() -> Terms:
    """Read all of them; one query."""
    choices: dict[str, list[Choice]] = {"branche": [], "thema": [], "kreis": [], "ort": []}
    moved: dict[str, dict[str, str]] = {"branche": {}, "thema": {}}
    for facet, pk, word, label, target in _rows():
        if target:
            moved[facet][word] = target
        else:
            choices[facet].append(Choice(word, label, str(pk)))
    return Terms(choices, moved)


def _rows() -> Iterator[tuple[str, int, str, str, str | None]]:
    with connection.cursor() as cursor:
        cursor.execute(*_statement())
        found = cursor.fetchall()
    # By our own folding: each database sorts "Ö" where it likes.
    for facet, pk, word, label, target, _ in sorted(found, key=lambda row: (row[5], words.fold(row[3]))):
        yield facet, pk, word, label, target


@cache
def _statement() -> tuple[str, Sequence[Any]]:
    """The four tables in one statement. Its text never changes, and every list asks it."""
    nowhere, nothing = Value(None, output_field=CharField()), Value(0)

    def rows(facet: str, terms: QuerySet, order: F | Value, target: F | Value) -> QuerySet:
        named = terms.order_by().annotate(facet=Value(facet), place=order, target=target)
        return named.values_list("facet", "pk", "slug", "name", "target", "place")

    found = rows("branche", Branch.objects.all(), F("order"), F("merged_into__slug")).union(
        rows("thema", Topic.objects.all(), F("order"), F("merged_into__slug")),
        rows("kreis", District.objects.all(), nothing, nowhere),
        rows("ort", Municipality.objects.all(), nothing, nowhere),
        all=True,
    )
    return found.query.sql_with_params()
