"""Why a branch is a focus of the region, or why it is not: figures with their sources, and the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from platform_mark.media.models import TODAY
from platform_mark.prepared import Given, Prepared
from platform_mark.publishing import parts
from platform_mark.publishing.parts import Part, part
from platform_mark.taxonomy.models import Branch, BranchCode, Candidate, Evidence, Selection, Specialisation
from platform_mark.taxonomy.selecting import standings

# Beside the branch itself, so many others show whether its share is much.
COMPARED = 3


@dataclass(frozen=True)
class Share:
    """One row of the chart: percent of all employed people, and how long its bars are in percent of the longest."""

    specialisation: Specialisation
    region_width: int
    land_width: int


@dataclass(frozen=True)
class Why:
    """What the page of a branch says about the choice; falsy where there is nothing to say."""

    evidence: Sequence[Evidence]
    specialisation: Specialisation | None
    shares: Sequence[Share]
    candidacy: Candidate | None

    def __bool__(self) -> bool:
        return bool(self.evidence or self.specialisation or self.candidacy)


_MINE = {"branch": OuterRef("pk")}
_DECIDED = Candidate.objects.filter(**_MINE, selection__in=Selection.objects.decided(TODAY))
_PARTS: Mapping[str, Part] = {
    "codes": part(BranchCode.objects.filter(**_MINE).order_by("edition", "code"), "id", "edition", "code"),
    "evidence": part(
        Evidence.objects.public().filter(**_MINE),
        *("id", "indicator", "value", "unit", "area", "compared_value", "compared_area", "note", "year"),
        *("source_name", "source_url", "is_example"),
    ),
    "candidacies": part(
        _DECIDED.order_by("-selection__decided_on", "-selection__pk"),
        *("id", "is_selected", "reason"),
        selection=("id", "decided_on", "decided_by", "is_example"),
    ),
}


_PAGE = Prepared(
    lambda: parts.with_parts(Branch.objects.select_related("merged_into"), _PARTS).filter(slug=Given("slug"))
)


def page(slug: str) -> Branch | None:
    """The branch at an address, merged ones too, with its codes, evidence and decisions; one query."""
    branch = _PAGE.first(slug=slug)
    return parts.fill(branch, _PARTS) if branch else None


def why(branch: Branch) -> Why:
    """Gather it for one filled branch; one query."""
    specialisations = list(
        Specialisation.objects.public()
        .filter(branch__merged_into=None)
        .select_related("branch")
        .order_by("branch_id", "-year")
        .distinct("branch_id")
    )
    own = next((row for row in specialisations if row.branch_id == branch.pk), None)
    others = sorted((row for row in specialisations if row is not own), key=lambda row: -row.branch_in_region)
    return Why(
        evidence=list(branch.evidence.all()),
        specialisation=own,
        shares=_shares([own, *others[:COMPARED]]) if own else [],
        candidacy=next(iter(branch.candidacies.all()), None),
    )


@require_safe
def selection(request: HttpRequest) -> HttpResponse:
    """How the focus branches were chosen the last time: criteria, weights, points, and who decided; or that it is open."""
    latest = Selection.objects.decided().first()
    context: dict[str, Any] = {"selection": latest}
    if latest:
        context |= {"criteria": list(latest.criteria.all()), "standings": standings(latest)}
    else:
        context["named"] = Branch.objects.current().filter(focus_candidate=True)
    return render(request, "pages/branch_selection.html", context)


def _shares(rows: Sequence[Specialisation]) -> list[Share]:
    longest = max(max(row.share_in_region, row.share_in_land) for row in rows) or 1
    return [
        Share(row, round(row.share_in_region / longest * 100), round(row.share_in_land / longest * 100)) for row in rows
    ]
