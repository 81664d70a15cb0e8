"""Who is reminded when, told that documents are there, and thanked: each once, also after the worker was away.

Days are days of the clock on the wall: a reminder one day before a dialogue at 16 o'clock is due at 16 o'clock, also when
the clocks change in between. It is skipped once the next reminder is due or the dialogue has begun, and for those who got
their seat after it was due, since that mail told them everything.
"""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from platform_mark.publishing.models import State

from .attendance import took_part
from .mails import DOCUMENTS_TOLD, Kind, tell
from .models import Dialogue, Registration

# Thanks go out the morning after; who has not been thanked by then is not any more.
THANKS_AT = time(9)
THANKS_UNTIL = timedelta(days=4)
DOCUMENTS_UNTIL = timedelta(days=14)


def days_before(starts_at: datetime, days: int) -> datetime:
    """The instant so many days before, at the same time by the clock on the wall.

    Of a time that the clocks show twice the first counts; one that they skip means the instant that an hour later shows.
    """
    zone = timezone.get_current_timezone()
    naive = timezone.make_naive(starts_at, zone) - timedelta(days=days)
    return naive.replace(tzinfo=zone, fold=0)


def remind(at: datetime | None = None) -> int:
    """Write the reminders that are due; return how many. Safe to run twice, and twice at once."""
    at = at or timezone.now()
    written = 0
    for dialogue in _to_happen(at):
        days = _due_reminder(dialogue, at)
        if days is None or dialogue.starts_at is None:
            continue
        # With the day: a dialogue that is moved reminds anew.
        once = f"reminder-{days}-{timezone.localtime(dialogue.starts_at):%Y%m%d%H%M}"
        due_at = days_before(dialogue.starts_at, days)
        seated = (
            _reachable(dialogue.registrations.all())
            .filter(state=Registration.State.CONFIRMED, reminders_ended_at=None)
            .annotate(
                last_seated_at=Max(
                    "events__at",
                    filter=Q(events__to_state="confirmed") & ~Q(events__from_state="confirmed"),
                )
            )
            .annotate(seated_at=Greatest(F("confirmed_at"), Coalesce("last_seated_at", "confirmed_at")))
            .filter(seated_at__lt=due_at)
        )
        written += _tell_each(seated, Kind.REMINDER, once=once)
    return written


def tell_of_documents(at: datetime | None = None) -> int:
    """Tell those who took part that the report is there, where its publishing did not; return how many."""
    at = at or timezone.now()
    dialogues = _happened(at).filter(report__published_at__lte=at, report__published_at__gt=at - DOCUMENTS_UNTIL)
    return sum(
        _tell_each(_reachable(took_part(dialogue)), Kind.DOCUMENTS, once=DOCUMENTS_TOLD) for dialogue in dialogues
    )


def thank(at: datetime | None = None) -> int:
    """Thank those who were there, the morning after, with the link to four questions; return how many."""
    at = at or timezone.now()
    written = 0
    for dialogue in _happened(at).filter(ends_at__gt=at - THANKS_UNTIL):
        morning = timezone.localdate(dialogue.ends_at) + timedelta(days=1)
        if at >= timezone.make_aware(datetime.combine(morning, THANKS_AT)):
            came = _reachable(took_part(dialogue)).filter(feedback_given_at=None)
            written += _tell_each(came, Kind.THANKS, once="thanks")
    return written


def _due_reminder(dialogue: Dialogue, at: datetime) -> int | None:
    """The last reminder whose time has come; those before it are overtaken."""
    if dialogue.starts_at is None:
        return None
    due = [days for days in set(dialogue.reminder_days) if days_before(dialogue.starts_at, days) <= at]
    return min(due, default=None)


def _to_happen(at: datetime) -> QuerySet[Dialogue]:
    return Dialogue.objects.filter(state=State.PUBLISHED, cancelled_at=None, starts_at__gt=at)


def _happened(at: datetime) -> QuerySet[Dialogue]:
    return Dialogue.objects.filter(state=State.PUBLISHED, cancelled_at=None, ends_at__lte=at)


def _reachable(registrations: QuerySet[Registration]) -> QuerySet[Registration]:
    # Parts of a group share the address of the whole, so the whole is told.
    return registrations.filter(part_of=None, confirmed_at__isnull=False).exclude(email="")


def _tell_each(registrations: QuerySet[Registration], kind: Kind, *, once: str) -> int:
    written = 0
    fresh = registrations.exclude(notices__kind=once).order_by("pk").values_list("pk", flat=True)
    for pk in list(fresh):
        with transaction.atomic():
            # One at a time, so that a fault costs one mail; busy rows are caught by the next run.
            row = (
                Registration.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("dialogue__municipality")
                .filter(pk=pk, state=Registration.State.CONFIRMED)
                .first()
            )
            if row is not None and tell(kind, row, once=once):
                written += 1
    return written
