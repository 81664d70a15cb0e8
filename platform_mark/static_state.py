"""Tells whether static files must be collected again; compressing them takes seconds."""

import hashlib
import os

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders


def static_state() -> str:
    """A mark that changes with every static file and with how they are stored."""
    storing = f"{settings.STORAGES['staticfiles']} {settings.WHITENOISE_SKIP_COMPRESS_EXTENSIONS}"
    state = hashlib.sha256(storing.encode())
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=lambda found: found[0]):
            found = os.stat(storage.path(path))
            state.update(f"{storage.path(path)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return state.hexdigest()
