"""What came into the index in a stretch of time, to be compared with many wishes at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from .facets import Catalogue
from .index import code
from .models import SETS, FacetSet, SearchEntry
from .question import Question


@dataclass(frozen=True)
class Fresh:
    """One entry that became visible, with the codes of all its facets."""

    object_id: int
    visible_from: datetime
    codes: frozenset[str]


def fresh(kind: str, *, since: datetime, until: datetime) -> list[Fresh]:
    """The entries of a kind that became visible after `since`, up to `until`, the newest first; two queries."""
    entries = SearchEntry.objects.filter(kind=kind, visible_from__gt=since, visible_from__lte=until)
    rows = list(entries.order_by("-visible_from", "-pk").values_list("object_id", "visible_from", *SETS))
    sets = FacetSet.objects.in_bulk({number for row in rows for number in row[2:] if number})
    return [
        Fresh(pk, at, frozenset(found for number in numbers if number for found in sets[number].codes))
        for pk, at, *numbers in rows
    ]


def meets(entry: Fresh, catalogue: Catalogue, chosen: Mapping[str, Sequence[str]]) -> bool:
    """Whether an entry has, of each facet, one of the words asked for: what a list would show for them."""
    return all(
        any(code(facet, value) in entry.codes for value in catalogue.codes(facet, asked))
        for facet, asked in chosen.items()
    )


def meeting(kind: str, question: Question, ids: Iterable[int]) -> set[int]:
    """Those of the objects that say everything that was asked; one query."""
    if not question.clauses:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT object_id FROM search_searchentry"
            " WHERE kind = %s AND object_id = ANY(%s) AND vector @@ %s::tsquery",
            [kind, list(ids), question.levels[0]],
        )
        return {row[0] for row in cursor.fetchall()}
