"""The first steps of one company: three questions, and what of all subjects answers them, each hit with its reasons."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from platform_mark.taxonomy.models import Branch, CompanySize, Pressure

from .answers import QUESTIONS, Answers, read_answers
from .fitting import OFFERS, find


@require_safe
def first_steps(request: HttpRequest) -> HttpResponse:
    """The three questions; once they were sent, answered or not, what fits. Nothing is stored."""
    query = request.GET
    if not any(name in query for name in QUESTIONS) or "aendern" in query:
        return render(request, "pages/first_steps_questions.html", _questions(query) | {"has_answers": bool(query)})
    answers = read_answers(query)
    if moved := moved_on(answers, "first-steps"):
        return moved
    return render(request, "pages/first_steps.html", context_of(answers))


@require_safe
def sheet(request: HttpRequest) -> HttpResponse:
    """The same on one sheet of paper: the best examples, what to do first, and whom to call."""
    answers = read_answers(request.GET)
    return moved_on(answers, "first-steps-sheet") or render(
        request, "pages/first_steps_sheet.html", context_of(answers)
    )


def _questions(query: QueryDict) -> dict[str, Any]:
    return {
        "branches": branches_in_order(Branch.objects.current()),
        "sizes": list(CompanySize),
        "pressures": Pressure.objects.offered(),
        "given": {name: query.get(name, "") for name in (*QUESTIONS, "kreis")},
    }


def branches_in_order(branches: Iterable[Branch]) -> list[Branch]:
    """As the first question names them: decided focus branches, then candidates, then the others in their own order."""
    return sorted(branches, key=lambda branch: (branch.focus_since is None, not branch.focus_candidate))


def context_of(answers: Answers, name: str = "first-steps", *, offers: int = OFFERS) -> dict[str, Any]:
    """What the page of this name shows of what fits."""
    address = f"{settings.BASE_URL}{reverse(name)}?{answers.address}"
    subject, body = quote("Unsere ersten Schritte"), quote(f"Das passt zu unserem Betrieb:\n{address}\n")
    return {
        "answers": answers,
        "result": find(answers, offers=offers),
        "path": reverse(name),
        "address": address,
        "mail": f"mailto:?subject={subject}&body={body}",
    }


def moved_on(answers: Answers, name: str) -> HttpResponse | None:
    """The way on from the address of a branch that was merged into another one."""
    target = answers.branch.merged_into if answers.branch else None
    if target is None:
        return None
    return HttpResponsePermanentRedirect(f"{reverse(name)}?{replace(answers, branch=target).address}")  # type: ignore[arg-type]
