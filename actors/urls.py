from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from .confirm_urls import confirm_patterns


def _not_yet(request: HttpRequest, slug: str) -> HttpResponse:
    """Addresses that mails name already; their pages come with the public side of the register."""
    raise Http404


app_name = "actors"
urlpatterns = [
    *confirm_patterns,
    path("aktivitaeten/<slug:slug>/", _not_yet, name="activity"),
    path("akteure/<slug:slug>/", _not_yet, name="detail"),
]
