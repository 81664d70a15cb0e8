"""Which documents are taken, and how file and row stay together.

A PDF is kept as it is, so it is never opened by the portal: browsers get it as a file to save, in a sandbox.
"""

import contextlib
import hashlib
import logging
import re
import secrets
import unicodedata
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from .models import Document

MAX_BYTES = 20 * 1024 * 1024
FOLDER = "dokumente"
# What a PDF needs to act by itself when it is opened.
_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|RichMedia)\b")
_NAME = re.compile(r"[^\w .()-]+")

logger = logging.getLogger(__name__)


class DocumentRefused(ValidationError):
    """The document is not taken; the message is for people."""


@dataclass(frozen=True)
class StoredFile:
    """A file that lies in its place and waits for its row."""

    token: str
    name: str
    size: int
    digest: str


def check_document(file: File | IO[bytes]) -> bytes:
    """Return the content of an uploaded PDF; raises DocumentRefused. The announced type is not looked at."""
    file.seek(0)
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise DocumentRefused(
            "Das Dokument ist größer als 20 MB. Verkleinern Sie es und laden Sie es noch einmal hoch."
        )
    if not data.startswith(b"%PDF-") or b"%%EOF" not in data[-2048:]:
        raise DocumentRefused("Die Datei ist kein vollständiges PDF. Speichern Sie das Dokument als PDF.")
    if _ACTIVE.search(data):
        raise DocumentRefused(
            "Das PDF enthält Skripte oder eingebettete Dateien. Speichern oder drucken Sie es neu als PDF."
        )
    return data


def store_document(data: bytes, *, title: str, name: str) -> Document:
    """Write the file and make its row, both or none; raises DocumentRefused when the disk does not take it."""
    document = Document(title=title.strip())
    save_document(document, write_file(data, name))
    return document


def write_file(data: bytes, name: str) -> StoredFile:
    """Write the file of a document; raises DocumentRefused when the disk does not take it."""
    token = secrets.token_urlsafe(16)
    path = place(token)
    unfinished = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(data)
        unfinished.chmod(settings.FILE_UPLOAD_PERMISSIONS)
        unfinished.rename(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        logger.exception("document not written")
        raise DocumentRefused(
            "Das Dokument konnte nicht gespeichert werden. Wahrscheinlich ist auf dem Server kein Platz mehr frei."
        ) from error
    return StoredFile(token, clean_name(name), len(data), hashlib.sha256(data).hexdigest())


def save_document(document: Document, file: StoredFile) -> None:
    """Save a new document with its file; the file goes when the row cannot be saved."""
    document.token, document.name, document.size, document.digest = file.token, file.name, file.size, file.digest
    try:
        with transaction.atomic():
            document.full_clean()
            document.save()
    except BaseException:
        place(file.token).unlink(missing_ok=True)
        raise


def change_address(document: Document) -> None:
    """Give the file a new unguessable address; the old one leads nowhere as soon as the transaction commits."""
    old, new = place(document.token), secrets.token_urlsafe(16)
    if not old.is_file():
        return
    with transaction.atomic():
        place(new).hardlink_to(old)
        transaction.on_commit(partial(old.unlink, missing_ok=True), robust=True)
        document.token, document.is_token_unseen = new, True
        document.save(update_fields=["token", "is_token_unseen"])


def clean_name(name: str) -> str:
    """Return a name that every system can save, whatever the upload was called."""
    stem = unicodedata.normalize("NFKC", name).replace("\\", "/").rpartition("/")[2]
    stem = re.sub(r"\.pdf$", "", stem, flags=re.IGNORECASE)
    return f"{_NAME.sub('_', stem).strip(' ._')[:100] or 'dokument'}.pdf"


def place(token: str) -> Path:
    """Where the file of a document lies."""
    return Path(settings.MEDIA_ROOT) / FOLDER / f"{token}.pdf"


@receiver(post_delete, sender=Document)
def _remove_file_of_deleted(instance: Document, **kwargs: Any) -> None:
    # A signal, because rows go in several ways: one by one, in the list of the admin, by a queryset.
    transaction.on_commit(partial(place(instance.token).unlink, missing_ok=True), robust=True)
