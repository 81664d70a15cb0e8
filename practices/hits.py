"""Examples in a list of results, with what was met in `mark`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from platform_mark.search.finding import Row
from platform_mark.search.question import Question
from platform_mark.search.snippets import Marks, marks, pattern

from .models import Practice


@dataclass(frozen=True)
class Hit:
    practice: Practice
    #: None where nothing was searched.
    marks: Marks | None


def hits(rows: Iterable[Row], shown: Mapping[int, Practice], question: Question | None) -> list[Hit]:
    """The rows as examples, in their order; what may not be shown is left out."""
    found = pattern(question.lexemes) if question else None
    hits = []
    for row in rows:
        if practice := shown.get(row.object_id):
            marked = marks(practice.title, practice.teaser, row.text, found) if question else None
            hits.append(Hit(practice, marked))
    return hits
