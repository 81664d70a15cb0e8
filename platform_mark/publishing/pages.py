"""The page of one piece of content: behind every address it ever had, and behind the secret link to its draft."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.views.generic import DetailView

from platform_mark.tokens import BadToken, keep_address

from . import versions
from .models import Publishable


class PublicPage(DetailView):
    """What everybody may read; a subject names its model and finds the row."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, or the way to it from an address it once had."""
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            former = versions.former_target(self.model, kwargs["slug"])
            if isinstance(former, Publishable) and former.is_published():
                return HttpResponsePermanentRedirect(reverse(request.resolver_match.view_name, args=[former.slug]))
            raise


class PreviewPage(PublicPage):
    """The page as the public will see it, for whoever has the secret link; looking changes nothing."""

    def drafts(self) -> QuerySet:
        """All rows, whatever their state, with what the page shows."""
        raise NotImplementedError

    def get_object(self, queryset: QuerySet | None = None) -> Any:
        """The row named by the token; 404 once the link is replaced or over."""
        try:
            return versions.previewed(self.drafts(), self.kwargs["token"])
        except BadToken as error:
            raise Http404 from error

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, told apart from the public one, and kept out of caches, indexes and Referers."""
        self.object = self.get_object()
        context = self.get_context_data(preview_until=self.object.preview_until)
        return keep_address(self.render_to_response(context), has_form=False)
