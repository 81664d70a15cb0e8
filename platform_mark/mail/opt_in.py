"""Addresses that nobody has confirmed yet: how long their link works and from when. The same for all who ask by mail."""

from datetime import datetime, timedelta

from django.db.models import Exists, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from .models import OutgoingMail

UNCONFIRMED = timedelta(hours=48)
# How long an address is kept after its answer, for questions about that.
KEEP_ADDRESS = timedelta(days=30)


def lapsed(
    rows: QuerySet, *, purpose: str, kind: str, asked: str = "created_at", at: datetime | None = None
) -> QuerySet:
    """Of unconfirmed rows those whose 48 hours are over, by the purpose of their link and the kind of the mail with it.

    The hours run from the sending of the mail; while it waits, nothing runs out. Without a mail (over the limits of its
    address) or with one that cannot be delivered they run from its writing. `asked` is the column with the time of asking.
    """
    at = at or timezone.now()
    mails = OutgoingMail.objects.filter(token_purpose=purpose, token_row=OuterRef("pk"), kind=kind).order_by()
    last_sent = mails.values("token_row").annotate(last=Max(Coalesce("sent_at", "created_at"))).values("last")
    return (
        rows.filter(~Exists(mails.filter(state=OutgoingMail.State.WAITING)))
        .annotate(runs_from=Greatest(asked, Subquery(last_sent)))
        .filter(runs_from__lt=at - UNCONFIRMED)
    )
