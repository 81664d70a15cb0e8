"""Accounts that nobody uses: after 18 months their person is asked three times, then they are switched off.

For the people of actors only; staff accounts are opened and closed by the administration. Switching off is what the
administration does by hand: sessions and invitations end at once, and an organisation that nobody active speaks for becomes
a to-do of staff.
"""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from platform_mark.mail.outbox import Link, queue
from platform_mark.tokens import BadToken, read_token

from .models import IdleAccount, User

PURPOSE = "accounts.keep"
PATH = "/konto/behalten/{token}/"
# Eighteen months. Logging in counts, and so does the button behind the mailed link.
IDLE = timedelta(days=548)
# So many days before the end each mail goes out.
DAYS_BEFORE = (60, 30, 7)
# A link lives as long as its row; nothing raises its version.
VERSION = 1


def ask_and_close(at: datetime | None = None) -> int:
    """Write every mail that is due, and switch off what was asked three times; return how many accounts were touched.

    Safe to run at any time and twice at once. A mail that comes late moves the end: nobody has less time between two
    mails, or between the last one and the end, than the plan says.
    """
    now = at or timezone.now()
    # Whoever has logged in meanwhile is not idle any more; the mailed links of that time end with the row.
    used = _with_use().filter(used_at__gt=_asked_from(now))
    IdleAccount.objects.filter(user__in=used.values("pk"), ended_at=None).delete()
    touched = 0
    for user_pk in list(_idle(now).values_list("pk", flat=True)):
        with transaction.atomic():
            touched += _climb(user_pk, now)
    return touched


def find_row(token: str) -> IdleAccount:
    """Return what a mailed link names; raises BadToken once the account was kept, used, or switched off."""
    subject = read_token(PURPOSE, token)
    if subject.version != VERSION:
        raise BadToken
    row = IdleAccount.objects.select_related("user").filter(pk=subject.row_id, user__is_active=True).first()
    if row is None:
        raise BadToken
    return row


@transaction.atomic
def keep(user: User) -> None:
    """Count the account as used today: the 18 months begin anew, and the mailed links end.

    Raises BadToken where it was switched off a moment ago.
    """
    if not User.objects.filter(pk=user.pk, is_active=True).update(kept_at=timezone.now()):
        raise BadToken
    IdleAccount.objects.filter(user=user).delete()


def _with_use() -> "QuerySet[User]":
    # GREATEST passes over what is empty.
    return User.objects.annotate(used_at=Greatest("joined_at", "last_login", "kept_at"))


def _idle(now: datetime) -> "QuerySet[User]":
    return _with_use().filter(is_active=True, is_staff=False, used_at__lte=_asked_from(now)).order_by("pk")


def _asked_from(now: datetime) -> datetime:
    return now - IDLE + timedelta(days=DAYS_BEFORE[0])


def _climb(user_pk: int, now: datetime) -> bool:
    # Two workers at once, or a login in this very second: who comes second looks again.
    locked = User.objects.select_for_update(skip_locked=True).filter(pk=user_pk).first()
    user = _idle(now).filter(pk=user_pk).first() if locked else None
    if user is None:
        return False
    today = timezone.localdate(now)
    row = IdleAccount.objects.filter(user=user, ended_at=None).first()
    if row is None:
        # An earlier end, from before staff opened the account again.
        IdleAccount.objects.filter(user=user).delete()
        planned = timezone.localdate(user.used_at + IDLE)
        row = IdleAccount(user=user, asked_at=now, ends_on=planned)
    if row.asked < len(DAYS_BEFORE):
        return _mail(row, today, now)
    if today >= row.ends_on:
        row.ended_at = now
        row.save(update_fields=["ended_at"])
        user.is_active = False
        user.save(update_fields=["is_active"])
        return True
    return False


def _mail(row: IdleAccount, today: date, now: datetime) -> bool:
    ahead = timedelta(days=DAYS_BEFORE[row.asked])
    if today < row.ends_on - ahead:
        return False
    row.asked += 1
    row.asked_at, row.ends_on = now, max(row.ends_on, today + ahead)
    row.save()
    queue(
        "konto-ungenutzt",
        row.user.email,
        context={"ends_on": row.ends_on, "is_last": row.asked == len(DAYS_BEFORE), "base": settings.BASE_URL},
        link=Link(PATH, PURPOSE, row.pk, VERSION),
    )
    return True
