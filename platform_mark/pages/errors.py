"""Error pages: German, with all headers, and without the database, since that may be what failed."""

import sys

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string

from platform_mark.limits import TooManyRequests


def _page(status: int, template: str | None = None) -> HttpResponse:
    # Rendered without a request: no context processor runs, so no session and no user is looked up.
    response = HttpResponse(render_to_string(f"{template or status}.html"), status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400, or 413 when the request was refused for its size."""
    return _page(413 if isinstance(exception, RequestDataTooBig) else 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403."""
    return _page(403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 for a form without a valid token, saying what the person can do."""
    return _page(403, "403_csrf")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404."""
    return _page(404)


def method_not_allowed(request: HttpRequest, refused: HttpResponseNotAllowed) -> HttpResponse:
    """Answer 405 with the methods that `refused` allows."""
    response = _page(405)
    response.headers["Allow"] = refused.headers["Allow"]
    return response


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 429 with the seconds to wait: five minutes for a mistyped password, else what the limit says."""
    response = _page(429)
    wait = exception.retry_after.total_seconds() if isinstance(exception, TooManyRequests) else 300
    response.headers["Retry-After"] = str(round(wait))
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 when the database is not there: then trying again soon helps."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        response = _page(503)
        response.headers["Retry-After"] = "30"
        return response
    return _page(500)
