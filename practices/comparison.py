"""Up to four examples side by side. The address is the list: nothing is stored, and it can be sent to others."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from platform_mark.search.finding import RELEVANCE, find
from platform_mark.search.index import kind_of
from platform_mark.search.question import ask

from .models import Practice

MOST = 4
OFFERED = 6
UNKNOWN = "unbekannt"
_YES_NO = {True: "ja", False: "nein", None: UNKNOWN}


@dataclass(frozen=True)
class Row:
    label: str
    cells: list[str]


@dataclass(frozen=True)
class Choice:
    """An example with the address of the comparison without it (when it is in) or with it (when it is offered)."""

    practice: Practice
    url: str


ROWS: list[tuple[str, Callable[[Practice], str]]] = [
    ("Betrieb", lambda p: p.shown_company),
    ("Größe", lambda p: f"{p.company_size.label} ({p.company_size.headcount})" if p.company_size else UNKNOWN),
    ("Ort", lambda p: p.location or UNKNOWN),
    ("Jahr", lambda p: str(p.year or UNKNOWN)),
    ("Kennzahl", lambda p: f"{p.figure_value} {p.figure_label}".strip() or "keine"),
    ("Kosten", lambda p: p.cost_text or UNKNOWN),
    ("Laufende Kosten", lambda p: f"{p.running_cost_text} im Jahr" if p.running_cost_text else UNKNOWN),
    ("Dauer", lambda p: p.duration_text or UNKNOWN),
    ("Eigener Aufwand", lambda p: p.effort_text or UNKNOWN),
    ("Erster Nutzen", lambda p: p.benefit_text or UNKNOWN),
    ("Förderung genutzt", lambda p: _YES_NO[p.funding_used]),
    ("Geht ohne neue Software", lambda p: _YES_NO[p.without_new_software]),
    ("Geht ohne IT-Abteilung", lambda p: _YES_NO[p.without_it_department]),
    ("Technik", lambda p: ", ".join(p.technologies) or UNKNOWN),
    ("Voraussetzungen", lambda p: "; ".join(part.text for part in p.prerequisites.all()) or UNKNOWN),
]


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """The comparison named by `b`, in that order; what is not public, not there or one too many is left out and told."""
    asked = list(dict.fromkeys(request.GET.getlist("b")))
    found = {p.slug: p for p in Practice.objects.published().with_everything().filter(slug__in=asked[:20])}
    practices = [found[slug] for slug in asked if slug in found][:MOST]
    slugs = [practice.slug for practice in practices]
    wanted = request.GET.get("q", "").strip()
    offered = [] if len(practices) >= MOST else _searched(wanted, practices) if wanted else _near(practices)
    context = {
        "chosen": [Choice(p, _address([slug for slug in slugs if slug != p.slug])) for p in practices],
        "rows": [Row(label, [tell(practice) for practice in practices]) for label, tell in ROWS],
        "offered": [Choice(p, _address([*slugs, p.slug])) for p in offered],
        "may_add": len(practices) < MOST,
        "wanted": wanted,
        "left_out": len(asked) - len(practices),
        "most": MOST,
        "path": _address(slugs),
    }
    return render(request, "practices/comparison.html", context)


def _near(chosen: list[Practice]) -> list[Practice]:
    """The newest others, of a branch of the chosen ones where they have any."""
    branches = {branch.pk for practice in chosen for branch in practice.branches.all()}
    near = Practice.objects.published().exclude(pk__in=[practice.pk for practice in chosen]).newest_first().for_cards()
    if branches:
        near = near.filter(branches__in=branches).distinct()
    return list(near[:OFFERED])


def _searched(wanted: str, chosen: list[Practice]) -> list[Practice]:
    """What fits the words best and is not in yet."""
    question = ask(wanted)
    if not question.clauses:
        return []
    # As many more as could be in already.
    found = find(
        kind_of(Practice), Practice.search_shape, question=question, order=RELEVANCE, size=OFFERED + len(chosen)
    )
    ids = [row.object_id for row in found.rows if row.object_id not in {practice.pk for practice in chosen}]
    by_pk = {practice.pk: practice for practice in Practice.objects.published().for_cards().filter(pk__in=ids)}
    return [by_pk[pk] for pk in ids if pk in by_pk][:OFFERED]


def _address(slugs: list[str]) -> str:
    query = urlencode([("b", slug) for slug in slugs])
    return reverse("practices:compare") + (f"?{query}" if query else "")
