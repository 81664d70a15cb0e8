"""Take a format out of sight, and end the addresses of its templates with it."""

from django.db import transaction

from platform_mark.media import documents
from platform_mark.media.models import Document

from .models import Format


@transaction.atomic
def take_offline(format_: Format, *, archive: bool = False) -> Format:
    """Withdraw or archive a format. Templates that another public format shows keep their address. Raises TransitionRefused."""
    format_ = Format.objects.select_for_update().get(pk=format_.pk)
    if archive:
        format_.archive()
    else:
        format_.withdraw()
    still_public = Format.objects.published()
    for document in Document.objects.filter(format_documents__format=format_).distinct():
        if not document.format_documents.filter(format__in=still_public).exists():
            documents.change_address(document)
    return format_
