"""The self-check: questions about an ordinary day, for whoever cannot say yet what presses. They lead to the first steps.

Staff write the questions and say what presses where the answer is yes; what helps against that, they say there. Nothing is
stored and nobody is scored: a yes counts more than a sometimes, and what is heard most stands first.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from platform_mark.taxonomy.models import Branch, CompanySize, Pressure

from .answers import MOST_PRESSURES, read_company, with_topics
from .first_steps import branches_in_order, context_of, moved_on
from .models import CheckQuestion

FILE = Path(__file__).parent / "check_questions.csv"
OFFERS = 2
YES, SOMETIMES, NO = "ja", "manchmal", "nein"
REPLIES = {YES: "Ja", SOMETIMES: "Manchmal", NO: "Nein"}
# A yes is heard louder; the numbers are shown nowhere.
_WEIGHTS = {YES: 2, SOMETIMES: 1}


@dataclass(frozen=True)
class Heard:
    """What presses, and the questions that say so."""

    pressure: Pressure
    questions: Sequence[CheckQuestion]


@require_safe
def self_check(request: HttpRequest) -> HttpResponse:
    """The questions; once they were sent, answered or not, what fits. All of it stands in the address."""
    query = request.GET
    asked = _questions()
    if "aendern" in query or not any(name in query for name in ("branche", "groesse", *(row.slug for row in asked))):
        return render(request, "pages/self_check.html", _form(asked, query))
    said = {row.slug: query[row.slug] for row in asked if query.get(row.slug) in REPLIES}
    heard = listen(asked, said)
    answers = read_company(query, [each.pressure for each in heard], said=said)
    if moved := moved_on(answers, "self-check"):
        return moved
    context = context_of(answers, "self-check", offers=OFFERS) | {"heard": heard}
    return render(request, "pages/self_check_result.html", context)


def listen(questions: Iterable[CheckQuestion], said: Mapping[str, str]) -> list[Heard]:
    """What presses by these replies, the hardest first; among equals what was asked first."""
    weights: Counter[int] = Counter()
    found: dict[int, tuple[Pressure, list[CheckQuestion]]] = {}
    for question in questions:
        weight = _WEIGHTS.get(said.get(question.slug, ""), 0)
        for pressure in question.pressures.all() if weight else ():
            weights[pressure.pk] += weight
            found.setdefault(pressure.pk, (pressure, []))[1].append(question)
    return [Heard(*found[key]) for key, _ in weights.most_common(MOST_PRESSURES)]


@transaction.atomic
def load_check_questions() -> int:
    """Make the questions that the portal ships and that are missing; return how many were made."""
    made = 0
    pressures = {row.reference_key: row for row in Pressure.objects.exclude(reference_key=None)}
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            same = Q(reference_key=row["slug"]) | Q(slug=row["slug"]) | Q(text=row["text"])
            if CheckQuestion.objects.filter(same).exists():
                continue
            question = CheckQuestion.objects.create(
                reference_key=row["slug"], slug=row["slug"], text=row["text"], order=int(row["order"])
            )
            question.pressures.set(pressures[key] for key in row["pressures"].split() if key in pressures)
            made += 1
    return made


def _questions() -> list[CheckQuestion]:
    """What is asked; nobody is asked for what staff no longer offer as a problem."""
    offered = Prefetch("pressures", queryset=with_topics(Pressure.objects.offered()))
    found = CheckQuestion.objects.filter(is_asked=True).prefetch_related(offered)
    return [question for question in found if question.pressures.all()]


def _form(asked: Sequence[CheckQuestion], query: QueryDict) -> dict[str, Any]:
    return {
        "questions": [(question, query.get(question.slug, "")) for question in asked],
        "replies": REPLIES,
        "branches": branches_in_order(Branch.objects.current()),
        "sizes": list(CompanySize),
        "given": {name: query.get(name, "") for name in ("branche", "groesse", "kreis")},
        "has_answers": bool(query),
    }
