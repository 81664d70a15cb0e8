"""Keep entries and profiles true: ask both contacts before an assurance ends, and take "stimmt noch" by one button.

The rungs are mailed once each for a due day; the row is claimed before the mail is written. What a job missed while it was
down is caught up by the highest rung that has been reached, not by a pile of mails. What the public sees follows from the
dates alone (`actors.stages`), whether or not a job has run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from platform_mark.mail.outbox import Link, queue
from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.tokens import BadToken, read_token

from . import stages
from .models import Activity, Actor, Confirmation, FreshnessNotice
from .refusal import Refused
from .stages import Stage

PURPOSE = "actors.confirm"
PATH = "/bestaetigen/{token}/"
# Days from the due day on which each mail goes out, the last first.
RUNGS = (
    (14, FreshnessNotice.Rung.OVERDUE),
    (-7, FreshnessNotice.Rung.NEXT_WEEK),
    (-stages.ASK_BEFORE_DAYS, FreshnessNotice.Rung.SOON),
)


@dataclass(frozen=True)
class _Due:
    subject: Activity | Actor
    due_on: date
    rung: FreshnessNotice.Rung

    @property
    def is_profile(self) -> bool:
        return isinstance(self.subject, Actor)

    @property
    def is_last(self) -> bool:
        """Whether nobody answered the mails before; what a job missed for long begins with the last rung."""
        asked = FreshnessNotice.objects.filter(**self.about, due_on=self.due_on).exclude(rung=self.rung)
        return self.rung == FreshnessNotice.Rung.OVERDUE and asked.exists()

    @property
    def about(self) -> dict[str, Any]:
        """The column of a notice that names it."""
        return {"actor" if self.is_profile else "activity": self.subject}

    def line(self, at: datetime | None) -> dict[str, Any]:
        """What the mail says of it."""
        row = self.subject
        if isinstance(row, Actor):
            return {"title": "Ihr Profil im Register", "due_on": self.due_on, "stage": row.profile_stage(at).value}
        former_on = self.due_on + timedelta(days=stages.FORMER_DAYS - stages.HOLDS_DAYS)
        return {"title": row.title, "due_on": self.due_on, "former_on": former_on, "stage": row.stage(at).value}


@transaction.atomic
def confirm(activity: Activity, *, by_staff: bool = False, by_link: bool = False) -> Activity:
    """Note that an entry is still true; a former one is back among the others. It counts as an assurance, not as a change.

    Raises Refused for what is not public, an organisation that does not take part, and an offer whose last day has passed.
    """
    activity = Activity.objects.select_for_update(of=("self",)).select_related("actor").get(pk=activity.pk)
    if activity.merged_into_id:
        raise Refused("Dieser Eintrag wurde mit einem anderen zusammengeführt.", code="merged")
    if activity.state not in (State.PUBLISHED, State.ARCHIVED):
        raise Refused("Dieser Eintrag ist nicht öffentlich.", code="state")
    _require_running(activity.actor)
    if activity.valid_until and activity.valid_until < timezone.localdate():
        raise Refused(
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
def confirm_profile(actor: Actor, *, by_staff: bool = False) -> Actor:
    """Note that what an organisation says of itself is still true; raises Refused for one that does not take part."""
    actor = Actor.objects.select_for_update(of=("self",)).get(pk=actor.pk)
    _require_running(actor)
    actor.confirmed_at, actor.confirmed_by_staff = timezone.now(), by_staff
    actor.save(update_fields=["confirmed_at", "confirmed_by_staff"])
    return actor


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


def profile_is_due(actor: Actor, at: datetime | None = None) -> bool:
    """Whether the profile of an organisation should be confirmed: due within 30 days or overdue."""
    return Actor.objects.profile_to_confirm(at).filter(pk=actor.pk).exists()


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
    entries, profiles = Q(pk__in=waiting.values("actor")), Q(pk__in=Actor.objects.profile_to_confirm(at).values("pk"))
    for actor in Actor.objects.running().filter(entries | profiles).order_by("pk"):
        with transaction.atomic():
            mailed += _climb_for(actor, at)
    return mailed


def _require_running(actor: Actor) -> None:
    if actor.state != Actor.State.APPROVED or actor.merged_into_id:
        raise Refused("Diese Organisation nimmt zurzeit nicht teil.", code="actor")


def _climb_for(actor: Actor, at: datetime | None) -> int:
    # Two workers at once: the second waits here, and then finds the rungs taken.
    actor = Actor.objects.select_for_update(of=("self",)).get(pk=actor.pk)
    addresses = _addresses(actor)
    if not addresses:
        return 0
    asked: list[Activity | Actor] = [*due_for(actor, at), *([actor] if profile_is_due(actor, at) else [])]
    claimed = [due for due in _reached(asked, at) if _claim(due)]
    if not claimed:
        return 0
    context = {
        "actor": actor,
        "entries": [due.line(at) for due in claimed],
        "has_entries": not all(due.is_profile for due in claimed),
        "is_last": any(due.is_last for due in claimed),
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


def _reached(asked: Iterable[Activity | Actor], at: datetime | None) -> Iterable[_Due]:
    today = timezone.localdate(at)
    for subject in asked:
        day = subject.profile_due_on if isinstance(subject, Actor) else subject.due_on
        if day is None:
            continue
        for days, rung in RUNGS:
            if today >= day + timedelta(days=days):
                yield _Due(subject, day, rung)
                break


def _claim(due: _Due) -> bool:
    _, is_new = FreshnessNotice.objects.get_or_create(**due.about, due_on=due.due_on, rung=due.rung)
    return is_new


def _addresses(actor: Actor) -> list[str]:
    """Both contacts; where the organisation has named none, those who are responsible for it."""
    if actor.contact_addresses:
        return actor.contact_addresses
    owners = actor.memberships.filter(role="owner", user__is_active=True).select_related("user")
    return [membership.user.email for membership in owners]
