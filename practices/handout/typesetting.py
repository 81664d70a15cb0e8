"""From the printed page to the PDF: one at a time in each process, and kept for as long as the page says the same."""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import segno
from django.conf import settings

from platform_mark.contact import operator
from platform_mark.media.images import as_jpeg
from platform_mark.media.models import Image

from ..models import Practice
from . import reading

# Of some hundred kilobytes each.
KEPT = 16
# A sheet takes less than half a second.
LONGEST_SECONDS = 20

_RENDERER = Path(__file__).with_name("rendering.py")
_typesetting = threading.Lock()


class TypesettingFailed(Exception):
    """No PDF came out; the message says what the renderer said, for the log."""


def typeset(practice: Practice, html: str, pictures: Iterable[Image]) -> bytes:
    """Return the PDF of an example whose page is `html`; `pictures` are those the page shows.

    The same page makes the same bytes, whichever process is asked.
    """
    address = settings.BASE_URL + practice.get_absolute_url()
    by = operator()
    sheet = {
        "main": reading.read(html),
        "title": reading.printable(practice.title),
        "description": reading.printable(practice.teaser),
        "address": address,
        "base": settings.BASE_URL,
        "qr": segno.make(address, error="m", micro=False).svg_inline(border=0),
        "publisher": by["name"],
        "contact": [by[field] for field in ("phone", "email") if by[field]],
    }
    files = tuple((image.token, image.plain_width) for image in pictures)
    # Whoever waits for the same sheet finds it made.
    with _typesetting:
        return _pdf(json.dumps(sheet), files, int(practice.updated_at.timestamp()))


@lru_cache(maxsize=KEPT)
def _pdf(sheet: str, pictures: tuple[tuple[str, int], ...], made_at: int) -> bytes:
    with TemporaryDirectory(prefix="handout-") as folder:
        for token, width in pictures:
            # Where a file is lost or broken, its words stand alone, as on the page.
            with contextlib.suppress(OSError):
                Path(folder, f"{token}.jpg").write_bytes(as_jpeg(token, width))
        Path(folder, "pictures.json").write_text(json.dumps([file.stem for file in Path(folder).glob("*.jpg")]))
        Path(folder, "sheet.json").write_text(sheet)
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", _RENDERER, str(made_at)],
            cwd=folder,
            env={},
            capture_output=True,
            timeout=LONGEST_SECONDS,
        )
    if done.returncode:
        raise TypesettingFailed(done.stderr.decode(errors="replace")[-2000:])
    return done.stdout
