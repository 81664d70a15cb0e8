"""Answers for other programs: the same bytes for the same rows, so that whoever has them is not sent them again."""

import hashlib
import io
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag

from platform_mark.exports import XLSX_TYPE, write_json

from .asking import BadQuestion

# Partners may show what they have for so long, and then ask whether it changed.
MAX_AGE = 300
JSON = "application/json"
TABLES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": XLSX_TYPE,
}


def open_to_all(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let programs in any browser read the answers of this view, and say in JSON what cannot be answered.

    No cookie is asked for or sent along: what is here is the same for everybody.
    """

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except BadQuestion as error:
            response = fault(400, str(error))
        except Http404:
            response = fault(404, f"Das gibt es hier nicht. Was es gibt, steht unter {settings.BASE_URL}/daten/.")
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    return opened


# What a refusal looks like.
FAULT: dict[str, Any] = {
    "type": "object",
    "properties": {"fehler": {"type": "string", "title": "Was nicht geht, für Menschen"}},
    "required": ["fehler"],
    "additionalProperties": False,
}


def fault(status: int, message: str) -> HttpResponse:
    """Say what is wrong, in JSON."""
    response = HttpResponse(_written({"fehler": message}), content_type=JSON, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def json_answer(request: HttpRequest, data: Any, changed_at: datetime, content_type: str = JSON) -> HttpResponse:
    """Data as JSON, or 304 where the caller has it already."""
    return answer(request, _written(data), changed_at, content_type)


def answer(request: HttpRequest, body: bytes, changed_at: datetime, content_type: str) -> HttpResponse:
    """These bytes, or 304 where the caller has them already."""
    etag = quote_etag(hashlib.sha256(body).hexdigest()[:32])
    response = HttpResponse(body, content_type=content_type)
    response.headers["ETag"] = etag
    response.headers["Last-Modified"] = http_date(changed_at.timestamp())
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    # By the ETag alone: that something went from the rows moves no time.
    found = get_conditional_response(request, etag=etag, response=response)
    return found if isinstance(found, HttpResponse) else response


def _written(data: Any) -> bytes:
    text = io.StringIO()
    write_json(text, data)
    return text.getvalue().encode()
