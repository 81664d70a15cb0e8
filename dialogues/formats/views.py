from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from platform_mark.limits import require_within
from platform_mark.publishing.pages import PreviewPage, PublicPage
from platform_mark.search.asking import find
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.models import TargetGroup
from platform_mark.tokens import BadToken, keep_address

from . import ideas, reporting
from .facets import load_catalogue
from .filters import PAGE_SIZE, FormatFilter
from .forms import IdeaForm, TryReportForm
from .models import Format, Idea

POSTS_AN_HOUR = 10
# One sheet of paper each; more than that nobody reads.
MOST_IN_A_SET = 20


@require_safe
def format_list(request: HttpRequest) -> HttpResponse:
    """All formats, found by words and narrowed by facets; its address can be shared."""
    catalogue = load_catalogue()
    if (query := catalogue.moved_query(request.GET)) is not None:
        return HttpResponsePermanentRedirect(reverse("formats:list", query=query))
    filterset = FormatFilter(request.GET, queryset=Format.objects.published().with_reports(), catalogue=catalogue)
    found, finding = filterset.found, find(filterset)
    shown = {format_.pk: format_ for format_ in filterset.qs}
    ids = [row.object_id for row in found.rows] or found.nearest
    paginator = Paginator(range(found.hits), PAGE_SIZE)
    groups = filterset.chosen.get("zielgruppe", [])
    context = {
        "finding": finding,
        # A set of cards is for one target group.
        "group": groups[0] if len(groups) == 1 else "",
        "page": paginator.get_page(found.page),
        "page_numbers": paginator.get_elided_page_range(found.page, on_each_side=1, on_ends=1),
        "formats": [shown[pk] for pk in ids if pk in shown],
    }
    return render(request, "formats/format_list.html", context)


class FormatDetail(PublicPage):
    model = Format
    context_object_name = "format"
    template_name = "formats/format_detail.html"

    def get_queryset(self) -> QuerySet:
        return Format.objects.published().with_reports().prefetch_related("steps", "branches", "offered_by")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found: Format = self.object
        return super().get_context_data(
            **kwargs,
            reports=found.reports.filter(state="published"),
            documents=found.documents.select_related("document"),
            actors=[actor for actor in found.offered_by.all() if actor.state == "approved"],
        )


class FormatPreview(PreviewPage, FormatDetail):
    def drafts(self) -> QuerySet:
        return Format.objects.with_reports()


@require_safe
def format_set(request: HttpRequest) -> HttpResponse:
    """Several cards to print, each on a page of its own behind a cover: those named by `f`, or all for one target group."""
    formats = Format.objects.published().prefetch_related("steps")
    groups = {german_slug(str(group.label)): group for group in TargetGroup}
    asked = request.GET.get("zielgruppe", "")
    group = groups.get(asked)
    slugs = request.GET.getlist("f")[:MOST_IN_A_SET]
    if slugs:
        by_slug = {found.slug: found for found in formats.filter(slug__in=slugs)}
        chosen = [by_slug[slug] for slug in dict.fromkeys(slugs) if slug in by_slug]
    elif group:
        chosen = list(formats.for_group(group)[:MOST_IN_A_SET])
    else:
        chosen = []
    context = {"formats": chosen, "group": group, "groups": groups, "unknown": "" if group else asked}
    return render(request, "formats/format_set.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, slug: str) -> HttpResponse:
    """The form for "ausprobiert". A caught post comes back with all input, to be sent once more."""
    found = get_object_or_404(Format.objects.published(), slug=slug)
    template = "formats/report_form.html"
    if request.method != "POST":
        return render(request, template, {"form": TryReportForm(), "format": found})
    require_within("try-report", request, most=POSTS_AN_HOUR, period=timedelta(hours=1))
    form = TryReportForm(request.POST)
    if not form.is_valid():
        return render(request, template, {"form": form, "format": found}, status=422)
    fields = {name: form.cleaned_data[name] for name in TryReportForm.Meta.fields}
    if form.is_suspicious():
        again = {"form": TryReportForm(initial=fields), "format": found, "ask_again": True}
        return render(request, template, again, status=422)
    reporting.report(found, **fields)
    return HttpResponseRedirect(reverse("formats:report-sent"))


@require_safe
def report_sent(request: HttpRequest) -> HttpResponse:
    """The same answer for everybody: look into your mail."""
    return render(request, "formats/report_sent.html")


@require_http_methods(["GET", "HEAD", "POST"])
def own_report(request: HttpRequest, token: str) -> HttpResponse:
    """The writer's own page: confirm by button, then see what became of it. Looking changes nothing."""
    try:
        found = reporting.find_report(token)
    except BadToken as error:
        raise Http404 from error
    if request.method == "POST":
        reporting.confirm(found)
        return HttpResponseRedirect(reverse("formats:own-report", args=[token]))
    return keep_address(render(request, "formats/own_report.html", {"report": found}), has_form=True)


@require_safe
def idea_list(request: HttpRequest) -> HttpResponse:
    """The ideas that may be shown, with what became of them."""
    page = Paginator(Idea.objects.shown().select_related("format"), PAGE_SIZE).get_page(request.GET.get("seite"))
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return render(request, "formats/idea_list.html", {"page": page, "page_numbers": numbers})


@require_http_methods(["GET", "HEAD", "POST"])
def send_idea(request: HttpRequest) -> HttpResponse:
    """The idea box. A caught post comes back with all input, to be sent once more."""
    template = "formats/idea_form.html"
    if request.method != "POST":
        return render(request, template, {"form": IdeaForm()})
    require_within("idea", request, most=POSTS_AN_HOUR, period=timedelta(hours=1))
    form = IdeaForm(request.POST)
    if not form.is_valid():
        return render(request, template, {"form": form}, status=422)
    fields = {name: form.cleaned_data[name] for name in IdeaForm.Meta.fields}
    if form.is_suspicious():
        return render(request, template, {"form": IdeaForm(initial=fields), "ask_again": True}, status=422)
    ideas.send(**fields)
    return HttpResponseRedirect(reverse("ideas:sent"))


@require_safe
def idea_sent(request: HttpRequest) -> HttpResponse:
    """Thanks, and what happens next, with or without an address."""
    return render(request, "formats/idea_sent.html")


@require_http_methods(["GET", "HEAD", "POST"])
def own_idea(request: HttpRequest, token: str) -> HttpResponse:
    """The sender's own page: confirm by button, then see what became of the idea. Looking changes nothing."""
    try:
        idea = ideas.find_idea(token)
    except BadToken as error:
        raise Http404 from error
    if request.method == "POST":
        ideas.confirm(idea)
        return HttpResponseRedirect(reverse("ideas:own", args=[token]))
    made = idea.format if idea.format and idea.format.is_published() else None
    return keep_address(render(request, "formats/own_idea.html", {"idea": idea, "made": made}), has_form=True)
