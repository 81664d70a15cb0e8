"""What holds for every request and answer: refusals before any view, headers, one log line."""

import logging
import time
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed

from platform_mark.limits import TooManyRequests
from platform_mark.pages import errors

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# A shared filter address is a few hundred characters; nothing of ours comes near this.
QUERY_STRING_LIMIT = 4_000
# Only what is typed into a search may be longer, since that is cut and said: 5,000 umlauts are 30,000 characters.
# The nginx of deploy/ takes as much.
TYPED_LIMIT = 32_000
PATH_LIMIT = 1_000
# No view serves another one. Django's generic views would answer TRACE with 200, and the check of form tokens would
# answer DELETE with a page about forms.
METHODS = ["GET", "HEAD", "POST", "OPTIONS"]

access_log = logging.getLogger("platform_mark.access")


class AccessLog:
    """Write one line per request, without query string, address or body."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        start = time.perf_counter()
        response = self.get_response(request)
        access_log.info(
            "request",
            extra={
                "method": request.method,
                "path": request.path[:PATH_LIMIT],
                "status": response.status_code,
                "ms": round((time.perf_counter() - start) * 1000, 1),
            },
        )
        return response


# SecurityMiddleware adds all but the last. It refuses a foreign host before it comes to that, so they are named here, too.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
}


class ExtraHeaders:
    """Add what no other middleware adds to every answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.QUICK_START:
            # Fictitious firms must not turn up in search engines.
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response


class RequestGuard:
    """Refuse what no view should ever have to think about, and give bare refusals a page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in METHODS:
            return errors.method_not_allowed(request, HttpResponseNotAllowed(METHODS))
        if _is_malformed(request):
            return errors.bad_request(request)
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return errors.method_not_allowed(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer a reached limit with its page."""
        if isinstance(exception, TooManyRequests):
            return errors.too_many_requests(request, exception)
        return None


def _is_malformed(request: HttpRequest) -> bool:
    query = request.META.get("QUERY_STRING", "")
    if _is_too_long(query, request.path) or len(request.path) > PATH_LIMIT or "\x00" in request.path:
        return True
    raw = unquote_to_bytes(query.replace("+", " "))
    # Cookies can hold it by an escape ("\000").
    if b"\x00" in raw or any("\x00" in value for value in request.COOKIES.values()):
        # PostgreSQL cannot store NUL in a text; the driver would answer with an exception.
        return True
    try:
        raw.decode()
        request.path.encode()
    except UnicodeError:
        # Lone surrogates and other bytes that are not UTF-8.
        return True
    return False


def _is_too_long(query: str, path: str) -> bool:
    if len(query) <= QUERY_STRING_LIMIT:
        return False
    chosen = "&".join(part for part in query.split("&") if not part.startswith("q="))
    # Django's own search in the administration asks the database for each word, so it gets no long texts.
    return len(query) > TYPED_LIMIT or len(chosen) > QUERY_STRING_LIMIT or path.startswith("/admin/")
