"""One mail a day to staff about what waits for them, instead of one for each event; none when nothing waits."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from platform_mark.accounts.models import User
from platform_mark.mail.outbox import queue

from .todo import todos

SATURDAY = 5


def send_digests() -> int:
    """Write today's mail to everybody of staff who wants it and for whom something waits; return how many.

    Each day's comes once: the day is claimed before the mail is written. No mail on weekends.
    """
    today = timezone.localdate()
    if today.weekday() >= SATURDAY:
        return 0
    wanting = User.objects.filter(is_active=True, is_staff=True, gets_digest=True).exclude(digest_sent_on=today)
    return sum(_send(user) for user in wanting)


@transaction.atomic
def _send(user: User) -> bool:
    today = timezone.localdate()
    if not User.objects.filter(pk=user.pk).exclude(digest_sent_on=today).update(digest_sent_on=today):
        return False
    waiting = todos(user)
    if not waiting:
        return False
    queue("was-ansteht", user.email, context={"user": user, "todos": waiting, "base": settings.BASE_URL})
    return True
