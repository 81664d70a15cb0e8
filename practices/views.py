import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from platform_mark.limits import require_within
from platform_mark.publishing.pages import PreviewPage, PublicPage
from platform_mark.search.asking import find
from platform_mark.search.finding import NEAREST, Found

from . import reading
from .facets import load_catalogue
from .filters import PAGE_SIZE, PracticeFilter
from .handout.typesetting import typeset
from .hits import hits
from .models import Practice
from .similar import similar_to

# A dialogue's guests may all come from one address, and each sheet that is not at hand costs a good deal of a second.
HANDOUTS = 60
TEN_MINUTES = timedelta(minutes=10)


@require_safe
def practice_list(request: HttpRequest) -> HttpResponse:
    """The list of all public examples, found by words and narrowed by facets; its address can be shared."""
    catalogue = load_catalogue()
    if (query := catalogue.moved_query(request.GET)) is not None:
        return HttpResponsePermanentRedirect(reverse("practices:list", query=query))

    filterset = PracticeFilter(request.GET, catalogue=catalogue)
    found, finding = filterset.found, find(filterset)
    shown = reading.cards(filterset.keys)
    paginator = Paginator(range(found.hits), PAGE_SIZE)
    context = {
        "finding": finding,
        "page": paginator.get_page(found.page),
        "page_numbers": paginator.get_elided_page_range(found.page, on_each_side=1, on_ends=1),
        "hits": hits(found.rows, shown, filterset.question),
        "nearest": [] if finding.hits else _nearest(found, shown),
    }
    return render(request, "practices/practice_list.html", context)


def _nearest(found: Found, shown: Mapping[int, Practice]) -> list[Practice]:
    """Two examples for an empty list: those that miss the fewest choices, or else the newest."""
    nearest = [shown[pk] for pk in found.nearest if pk in shown]
    return nearest or list(Practice.objects.published().newest_first().for_cards()[:NEAREST])


class PracticeDetail(PublicPage):
    model = Practice
    context_object_name = "practice"
    template_name = "practices/practice_detail.html"

    def get_object(self, queryset: Any = None) -> Practice:
        """The public example, its parts in hand."""
        practice = reading.page(self.kwargs["slug"])
        if practice is None:
            raise Http404
        return practice

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        practice: Practice = self.object
        branches, topics = list(practice.branches.all()), list(practice.topics.all())
        return super().get_context_data(
            branches=branches,
            topics=topics,
            # A picture could tell whose company it is.
            pictures=[] if practice.is_anonymous else list(practice.pictures.all()),
            similar=similar_to(practice, branches, topics),
            **kwargs,
        )


class PracticePreview(PreviewPage, PracticeDetail):
    def drafts(self) -> QuerySet:
        return reading.with_parts(Practice.objects.all())

    def get_object(self, queryset: Any = None) -> Practice:
        """The draft, its parts in hand."""
        return reading.fill(super().get_object())


class PracticeHandout(PracticeDetail):
    """The page as a PDF to hand on: the same words, by the same rules."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The PDF, or 304 for those who have it, up to a limit for each client."""
        require_within("handout", request, most=HANDOUTS, period=TEN_MINUTES)
        return super().get(request, *args, **kwargs)

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """The printed page, typeset anew."""
        practice = context["practice"]
        # Without the request: what stands on paper is the same for everybody.
        html = render_to_string(self.template_name, context)
        pdf = typeset(practice, html, [picture.image for picture in context["pictures"]])
        etag = quote_etag(hashlib.sha256(pdf).hexdigest()[:32])
        headers = {
            "ETag": etag,
            # Withdrawn is withdrawn: whoever keeps it asks each time.
            "Cache-Control": "no-cache",
            "Content-Disposition": f'inline; filename="beispiel-{practice.slug}.pdf"',
            # The page is what search engines should find.
            "X-Robots-Tag": "noindex",
        }
        response = HttpResponse(pdf, content_type="application/pdf", headers=headers)
        return get_conditional_response(self.request, etag=etag, response=response) or response
