"""Words that mean the same: the first list the portal ships, and what an entry would change."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from .finding import RANKED, RELEVANCE, find
from .index import kind_of, searchable_models
from .models import Synonym
from .question import Question, ask

FILE = Path(__file__).with_name("synonyms.csv")
# How many titles show what an entry adds.
SHOWN = 5


@transaction.atomic
def load_synonyms() -> int:
    """Make the list where there is none yet; return how many were made. What staff change or delete later stays so."""
    if Synonym.objects.exists():
        return 0
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = [(row["key"], [term.strip() for term in row["terms"].split(",")]) for row in csv.DictReader(file)]
    # One by one: a bulk insert would leave the stems to the caller.
    return len([Synonym.objects.create(reference_key=key, terms=terms) for key, terms in rows])


@dataclass(frozen=True)
class Effect:
    """What one question finds without and with an entry."""

    asked: str
    before: int
    after: int
    #: Titles that are found only with the entry, the first ones.
    new: tuple[str, ...]


def effects(terms: Sequence[str], *, instead_of: int | None = None, question: str = "") -> list[Effect]:
    """Try what would be found for each of these words, and for a question, if they meant the same from now on."""
    others = list(Synonym.objects.exclude(pk=instead_of).values_list("terms", flat=True))
    return [_effect(asked, others, [*others, list(terms)]) for asked in [*terms, question] if asked.strip()]


def _effect(asked: str, before: Sequence[Sequence[str]], after: Sequence[Sequence[str]]) -> Effect:
    count, found = _found(ask(asked, synonyms=before))
    count_after, found_after = _found(ask(asked, synonyms=after))
    return Effect(asked, count, count_after, tuple(title for title in found_after if title not in found)[:SHOWN])


def _found(question: Question) -> tuple[int, list[str]]:
    if not question.clauses:
        return 0, []
    found = [
        find(kind_of(model), model.search_shape, question=question, order=RELEVANCE, size=RANKED)
        for model in searchable_models()
    ]
    # What was found only by giving up a word is no effect of an entry.
    met = [each for each in found if not each.level]
    return sum(each.hits for each in met), [row.title for each in met for row in each.rows]
