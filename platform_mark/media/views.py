import os
from pathlib import Path

from csp.constants import NONE
from csp.decorators import csp
from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from .documents import place
from .images import FOLDER
from .models import Document


@require_safe
def image(request: HttpRequest, token: str, width: str) -> HttpResponseBase:
    """One stored size of one picture; nginx serves the same path in production."""
    try:
        file = (Path(settings.MEDIA_ROOT) / FOLDER / token / f"{width}.webp").open("rb")
    except OSError as error:
        raise Http404 from error
    # The name changes whenever the picture does, so it is its own version.
    etag = f'"{token}-{width}"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None and request.method == "GET":
        response = FileResponse(file, content_type="image/webp")
    else:
        # The server would send a body after HEAD, too, if there were one.
        length = os.fstat(file.fileno()).st_size
        file.close()
        response = response or HttpResponse(content_type="image/webp", headers={"Content-Length": str(length)})
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@require_safe
@csp({"default-src": [NONE], "sandbox": True})  # type: ignore[arg-type]
def document(request: HttpRequest, token: str) -> HttpResponseBase:
    """One PDF, to be saved under its own name: never shown within the portal, and without any right if it is."""
    found = get_object_or_404(Document, token=token)
    try:
        file = place(token).open("rb")
    except OSError as error:
        raise Http404 from error
    response = FileResponse(file, as_attachment=True, filename=found.name, content_type="application/pdf")
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response
