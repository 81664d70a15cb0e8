from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from platform_mark.prepared import NOW, Prepared
from platform_mark.taxonomy.models import CompanySize, Pressure, Selection
from practices.models import Practice

from . import dialogues, first_steps, fitting, focus, samples
from .models import LegalText
from .overview import branch_rows, branch_sample, overview
from .region import region
from .register import branch_kinds, kind_rows

NEWEST = 4
FORMATS = 3
# So many branches the question on the start page names; all of them stand on the page of the questions.
ASKED = 8

_NEWEST = Prepared(lambda: Practice.objects.published(NOW).newest_first().for_cards(NOW)[:NEWEST])
_PRESSURES = Prepared(Pressure.objects.offered)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The start page: three questions, the newest examples, the branches, the region in numbers."""
    seen = overview()
    rows = seen.branches
    decided = [row for row in rows if row.branch.focus_since]
    # The branches that the table shows: decided ones, else the candidates.
    shown = decided or [row for row in rows if row.branch.focus_candidate]
    context = {
        "newest": _NEWEST.rows(),
        "focus_is_decided": bool(decided),
        "branches_shown": sum(bool(row.total) for row in rows),
        "branches_count": len(rows),
        "focus_rows": shown,
        "asked_branches": first_steps.branches_in_order([row.branch for row in rows])[:ASKED],
        "sizes": list(CompanySize),
        "pressures": _PRESSURES.rows(),
        "next_dialogues": dialogues.next_dialogues(),
        "numbers": seen.numbers,
        "region": region(seen.numbers.by_municipality),
        "register": seen.register,
        "kind_rows": kind_rows([row.branch for row in rows]),
    }
    return render(request, "pages/home.html", context)


@require_safe
def branch_list(request: HttpRequest) -> HttpResponse:
    """All branches, focus branches first, with what there is for each company size."""
    rows = sorted(branch_rows(), key=lambda row: row.branch.focus_since is None)
    context = {"rows": rows, "selection": Selection.objects.decided().first()}
    return render(request, "pages/branch_list.html", context)


@require_safe
def branch_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One branch: why it was chosen, an example for each size, and all else that there is for it."""
    branch = focus.page(slug)
    if branch is None:
        raise Http404
    if branch.merged_into:
        return HttpResponsePermanentRedirect(branch.merged_into.get_absolute_url())
    sample = branch_sample(branch)
    context = {
        "branch": branch,
        "codes": list(branch.codes.all()),
        "count": sample.count,
        "why": focus.why(branch),
        "by_size": sample.by_size,
        "kinds": branch_kinds(branch),
        "further": sample.further,
        "dialogues": dialogues.of_branch(branch),
        "formats": fitting.formats_of(branch, most=FORMATS),
    }
    return render(request, "pages/branch_detail.html", context)


@require_safe
def legal_text(request: HttpRequest, page: str) -> HttpResponse:
    """One legal page in the version that is valid today."""
    text = LegalText.objects.valid_on(timezone.localdate()).filter(page=page).first()
    if text is None:
        raise Http404
    return render(request, "pages/legal_text.html", {"text": text})


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """The living guide to the look, for those who build: not part of the public site."""
    if not (settings.DEBUG or settings.QUICK_START):
        raise Http404
    return render(request, "pages/components.html", samples.context())
