"""The portal's addresses, and beside them some whose views fail in the ways a view can fail."""

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from platform_mark.urls import handler400, handler403, handler404, handler429, handler500
from platform_mark.urls import urlpatterns as portal_patterns

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]

SECRET = "geheime Einzelheit"


def failing(error: Exception) -> object:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


@csrf_exempt
def reading(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{len(request.POST)} Felder")


urlpatterns = [
    *portal_patterns,
    path("fehler/programm/", failing(RuntimeError(SECRET))),
    path("fehler/datenbank/", failing(OperationalError(SECRET))),
    path("fehler/verbindung/", failing(InterfaceError(SECRET))),
    path("fehler/verboten/", failing(PermissionDenied(SECRET))),
    path("fehler/anfrage/", failing(BadRequest(SECRET))),
    path("fehler/verdacht/", failing(SuspiciousOperation(SECRET))),
    path("fehler/liest/", reading),
    path("fehler/nur-schreiben/", require_POST(reading)),
]
