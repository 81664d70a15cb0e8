"""Examples in a list of results, with what was met in `mark`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.safestring import SafeString

from platform_mark.search.finding import Row
from platform_mark.search.question import Question
from platform_mark.search.snippets import mark, pattern, snippet

from .models import Practice


@dataclass(frozen=True)
class Marks:
    """Title and teaser with what was met, and the passage of the text that meets most, where neither of them does."""

    title: SafeString
    teaser: SafeString
    passage: SafeString


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
            title, teaser = mark(practice.title, found), mark(practice.teaser, found)
            says_so = "<mark>" in title or "<mark>" in teaser
            passage = SafeString() if says_so else snippet(row.text, found)
            hits.append(Hit(practice, Marks(title, teaser, passage) if question else None))
    return hits
