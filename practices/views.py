from collections.abc import Mapping
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.generic import DetailView

from platform_mark.publishing import versions
from platform_mark.search.asking import find
from platform_mark.search.finding import NEAREST, Found
from platform_mark.tokens import BadToken, keep_address

from . import reading
from .facets import load_catalogue
from .filters import PAGE_SIZE, PracticeFilter
from .hits import hits
from .models import Practice
from .similar import similar_to


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


class PracticeDetail(DetailView):
    http_method_names = ["get", "head", "options"]
    context_object_name = "practice"
    template_name = "practices/practice_detail.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The example, or the way to it from an address it once had."""
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            former = versions.former_target(Practice, kwargs["slug"])
            if isinstance(former, Practice) and former.is_published():
                return HttpResponsePermanentRedirect(former.get_absolute_url())
            raise

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


class PracticePreview(PracticeDetail):
    """The page as the public will see it, for whoever has the secret link; looking changes nothing."""

    def get_object(self, queryset: Any = None) -> Practice:
        """The example named by the token, whatever its state; 404 once the link is replaced or over."""
        try:
            draft = versions.previewed(reading.with_parts(Practice.objects.all()), self.kwargs["token"])
            return reading.fill(draft)
        except BadToken as error:
            raise Http404 from error

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, told apart from the public one, and kept out of caches, indexes and Referers."""
        self.object = self.get_object()
        context = self.get_context_data(preview_until=self.object.preview_until)
        return keep_address(self.render_to_response(context), has_form=False)
