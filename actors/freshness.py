"""Keep entries true: ask both contacts before an assurance ends, and take "stimmt noch" by one button.

The rungs are mailed once each for a due day; the row is claimed before the mail is written. What a job missed while it was
down is caught up by the highest rung that has been reached, not by a pile of mails. What the public sees follows from the
dates alone (`actors.stages`), whether or not a job has run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from platform_mark.mail.outbox import Link, queue
from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.tokens import BadToken, read_token

from . import stages
from .models import Activity, Actor, Confirmation, FreshnessNotice
from .stages import Stage

PURPOSE = "actors.confirm"
PATH = "/bestaetigen/{token}/"
# Days from the due day on which each mail goes out, the last first.
RUNGS = (
    (14, FreshnessNotice.Rung.OVERDUE),
    (-7, FreshnessNotice.Rung.NEXT_WEEK),
    (-stages.ASK_BEFORE_DAYS, FreshnessNotice.Rung.SOON),
)


class ConfirmRefused(ValidationError):
    """This entry cannot be confirmed as it is; the message is for people."""


@dataclass(frozen=True)
class _Due:
    activity: Activity
    due_on: date
    rung: FreshnessNotice.Rung


@transaction.atomic
def confirm(activity: Activity, *, by_staff: bool = False, by_link: bool = False) -> Activity:
    """Note that an entry is still true; a former one is back among the others. It counts as an assurance, not as a change.

    Raises ConfirmRefused for what is not public, and for an offer whose last day has passed.
    """
    activity = Activity.objects.select_for_update(of=("self",)).select_related("actor").get(pk=activity.pk)
    if activity.state not in (State.PUBLISHED, State.ARCHIVED) or activity.merged_into_id:
        raise ConfirmRefused("Dieser Eintrag ist nicht öffentlich.", code="state")
    if activity.actor.state != Actor.State.APPROVED:
        raise ConfirmRefused("Diese Organisation nimmt zurzeit nicht teil.", code="actor")
    if activity.valid_until and activity.valid_until < timezone.localdate():
        raise ConfirmRefused(
            f"Das Angebot endete am {activity.valid_until:%d.%m.%Y}. Tragen Sie zuerst ein neues Ende ein.",
            code="ended",
        )
    if activity.state == State.ARCHIVED:
        activity.show()
    activity.confirmed_at, activity.confirmed_by_staff, activity.assignee = timezone.now(), by_staff, None
    activity.save(update_fields=["confirmed_at", "confirmed_by_staff", "assignee"])
    Confirmation.objects.create(
        activity=activity, by_staff=by_staff, by_link=by_link, confirmed_at=activity.confirmed_at
    )
    index.put(activity)
    return activity


@transaction.atomic
def confirm_all(actor: Actor, *, by_staff: bool = False, by_link: bool = False) -> int:
    """Confirm everything of an organisation that is due; return how many. What has ended is left as it is."""
    due = due_for(actor)
    for activity in due:
        confirm(activity, by_staff=by_staff, by_link=by_link)
    return len(due)


def due_for(actor: Actor, at: datetime | None = None) -> list[Activity]:
    """What an organisation should confirm: due within 30 days or overdue, the oldest first."""
    return list(Activity.objects.to_confirm(at).filter(actor=actor).select_related("actor"))


def former_note(activity: Activity, at: datetime | None = None) -> str:
    """Why an entry stands among the former ones, for everybody to read; empty for one that does not."""
    today = timezone.localdate(at)
    if activity.actor.state == Actor.State.FORMER:
        return "Die Organisation nimmt nicht mehr am Register teil."
    if activity.state == State.ARCHIVED:
        return "Die Organisation bietet das nicht mehr an."
    if activity.valid_until and activity.valid_until < today:
        return f"Das Angebot endete am {activity.valid_until:%d.%m.%Y}."
    if activity.stage(at) != Stage.FORMER:
        return ""
    if activity.confirmed_at is None:
        return "Niemand hat bestätigt, dass dieses Angebot gilt."
    return f"Seit dem {timezone.localdate(activity.confirmed_at):%d.%m.%Y} hat niemand bestätigt, dass dieses Angebot noch gilt."


def find_actor(token: str) -> Actor:
    """Return the organisation whose entries a mailed link confirms; raises BadToken for everything else."""
    subject = read_token(PURPOSE, token)
    actor = Actor.objects.running().filter(pk=subject.row_id, confirm_version=subject.version).first()
    if actor is None:
        raise BadToken
    return actor


def end_links(actor: Actor) -> None:
    """Let no mailed link confirm anything any more: called when nothing is left to confirm, or the addresses change."""
    Actor.objects.filter(pk=actor.pk).update(confirm_version=F("confirm_version") + 1)


def climb(at: datetime | None = None) -> int:
    """Mail every rung that has been reached and not mailed, one mail for each organisation and address; return how many.

    Safe to run at any time and twice at once. An organisation that nobody can write to is left to staff.
    """
    mailed = 0
    waiting = Activity.objects.to_confirm(at)
    for actor in Actor.objects.running().filter(pk__in=waiting.values("actor")).order_by("pk"):
        with transaction.atomic():
            mailed += _climb_for(actor, at)
    return mailed


def _climb_for(actor: Actor, at: datetime | None) -> int:
    # Two workers at once: the second waits here, and then finds the rungs taken.
    actor = Actor.objects.select_for_update(of=("self",)).get(pk=actor.pk)
    addresses = _addresses(actor)
    if not addresses:
        return 0
    claimed = [due for due in _reached(due_for(actor, at), at) if _claim(due)]
    if not claimed:
        return 0
    last = max(stages.FORMER_DAYS - stages.HOLDS_DAYS, 0)
    context = {
        "actor": actor,
        "entries": [
            {
                "activity": due.activity,
                "due_on": due.due_on,
                "former_on": due.due_on + timedelta(days=last),
                "stage": due.activity.stage(at).value,
            }
            for due in claimed
        ],
        "is_last": any(due.rung == FreshnessNotice.Rung.OVERDUE for due in claimed),
        "first_due": min(due.due_on for due in claimed),
        "base": settings.BASE_URL,
    }
    for address in addresses:
        queue(
            "aktivitaet-bestaetigen",
            address,
            context=context,
            link=Link(PATH, PURPOSE, actor.pk, actor.confirm_version),
        )
    return len(addresses)


def _reached(activities: Iterable[Activity], at: datetime | None) -> Iterable[_Due]:
    today = timezone.localdate(at)
    for activity in activities:
        day = activity.due_on
        if day is None:
            continue
        for days, rung in RUNGS:
            if today >= day + timedelta(days=days):
                yield _Due(activity, day, rung)
                break


def _claim(due: _Due) -> bool:
    _, is_new = FreshnessNotice.objects.get_or_create(activity=due.activity, due_on=due.due_on, rung=due.rung)
    return is_new


def _addresses(actor: Actor) -> list[str]:
    """Both contacts; where the organisation has named none, those who are responsible for it."""
    if actor.contact_addresses:
        return actor.contact_addresses
    owners = actor.memberships.filter(role="owner", user__is_active=True).select_related("user")
    return [membership.user.email for membership in owners]
