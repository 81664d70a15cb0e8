"""What the outbox knows of one address, and how it forgets it."""

from collections.abc import Iterable
from email import message_from_bytes
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from platform_mark.persons import described

from .models import OutgoingMail
from .outbox import EMPTY, address_key


def export_person(key: str) -> dict[str, Any]:
    """Mails to this address, with their texts as far as they are still kept; links are masked."""
    own = described(
        OutgoingMail.objects.filter(address_key=key),
        leave_out=("link_path", "token_purpose", "token_row", "other_links", "unsubscribe", "bulk"),
    )
    return {"E-Mails": own} if own else {}


def erase_person(key: str) -> int:
    """Delete what waits for this address and empty what was sent; return how many mails. The rows stay as counts."""
    return erase_mails(OutgoingMail.objects.filter(address_key=key)) + _erase_files(key)


def erase_mails(mails: QuerySet[OutgoingMail]) -> int:
    """Forget these mails: drafts and waiting ones go, of the others only the rows stay."""
    now = timezone.now()
    # One that is being sent right now keeps its row, emptied, so that the worker finds it.
    unsent = mails.filter(Q(leased_until=None) | Q(leased_until__lt=now), state__in=["waiting", "draft"])
    deleted = unsent.delete()[1].get("outbox.OutgoingMail", 0)
    return deleted + mails.update(**EMPTY)


def addresses() -> set[str]:
    """All addresses that the outbox holds, as keys."""
    return set(OutgoingMail.objects.exclude(address_key="").values_list("address_key", flat=True))


def rows_of(model: type[Model], key: str, field: str = "email") -> QuerySet:
    """The rows of a model that name this address in a field without a key of its own; for tables that stay small.

    However the address is written: no comparison in the database knows that a domain has two spellings.
    """
    return model._default_manager.filter(pk__in=[pk for pk, email in _known(model, field) if address_key(email) == key])


def keys_of(model: type[Model], field: str = "email") -> set[str]:
    """All addresses in a field of a model, as keys."""
    return {address_key(email) for _, email in _known(model, field)}


def _known(model: type[Model], field: str) -> Iterable[tuple[Any, str]]:
    # A field inside of stored data may be missing there.
    known = model._default_manager.exclude(**{field: ""}).order_by().values_list("pk", field)
    return ((pk, email) for pk, email in known if email)


def _erase_files(key: str) -> int:
    """The quick start keeps mails as files; delete those to this address."""
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    if not folder or "filebased" not in settings.EMAIL_BACKEND:
        return 0
    deleted = 0
    for path in Path(folder).glob("*.log"):
        recipients = message_from_bytes(path.read_bytes()).get_all("To", [])
        if key in {address_key(address) for _, address in getaddresses(recipients)}:
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted
