"""What an organisation's people see of their entries: where each stands, and what comes next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from platform_mark.publishing.models import State

from . import stages
from .models import Activity, Actor, Claim, Cooperation, Membership, Revision
from .stages import FORMER_DAYS, Stage


class Group(Enum):
    """The parts of the start page, in its order."""

    DUE = "Bitte bestätigen"
    WORK = "In Arbeit"
    PUBLIC = "Veröffentlicht"
    PAST = "Frühere und ausgeblendete Einträge"


@dataclass(frozen=True)
class Row:
    """One entry in its group: its state in words with an icon, since when, and what to do."""

    activity: Activity
    revision: Revision | None
    group: Group
    state: str
    icon: str
    level: str
    since: str
    step: str

    @property
    def title(self) -> str:
        return self.revision.title if self.revision and not self.activity.changed_at else self.activity.title

    @property
    def former_on(self) -> date | None:
        """The day on which an unconfirmed entry leaves the lists."""
        base = self.activity.confirmed_at or self.activity.published_at
        return timezone.localdate(base) + timedelta(days=FORMER_DAYS) if base else None


def with_open_revision(activities: QuerySet[Activity]) -> QuerySet[Activity]:
    """The entries with what is being written or checked, at hand as `open_revisions`."""
    open_ones = Prefetch("revisions", queryset=Revision.objects.open(), to_attr="open_revisions")
    return activities.select_related("actor").prefetch_related(open_ones)


def rows(activities: Iterable[Activity]) -> list[Row]:
    """Every entry in the group where something is to be done with it: to confirm, and to go on writing, where both hold."""
    return [row for activity in activities for row in _rows(activity)]


def grouped(found: Sequence[Row]) -> list[tuple[Group, list[Row]]]:
    """The groups that have rows."""
    parts = [(group, [row for row in found if row.group is group]) for group in Group]
    return [(group, part) for group, part in parts if part]


def memberships(user: Any) -> list[Membership]:
    """The organisations this account speaks for or has asked to; declined ones with their reason."""
    found = Membership.objects.filter(user=user, actor__merged_into=None).select_related("actor")
    return list(found.order_by("actor__name"))


def claims(user: Any) -> list[Claim]:
    """What this account has asked for and is not granted: open, or declined with a reason."""
    return list(Claim.objects.filter(user=user).exclude(state=Claim.State.GRANTED).select_related("actor"))


def open_requests(actors: Iterable[Actor]) -> list[Cooperation]:
    """Requests of others that wait for an answer."""
    waiting = Cooperation.objects.filter(receiver__in=list(actors), answered_at=None)
    return list(waiting.select_related("sender", "receiver", "activity").order_by("created_at"))


def _rows(activity: Activity) -> list[Row]:
    open_ones: list[Revision] = activity.open_revisions
    in_work = [_in_work(activity, revision) for revision in open_ones]
    stage, is_public = activity.stage(), activity.state == State.PUBLISHED
    if is_public and stage in (Stage.DUE, Stage.OVERDUE):
        return [_due(activity, stage), *in_work]
    if in_work:
        return in_work
    if is_public and stage is Stage.FRESH:
        hidden = activity.visibility == Activity.Visibility.ACTORS
        state = "Nur für Akteure" if hidden else "Veröffentlicht"
        since = f"bestätigt {_at(activity.confirmed_at)}"
        return [Row(activity, None, Group.PUBLIC, state, "circle-check", "ok", since, "change")]
    if activity.changed_at is None:
        # Begun, and what was written has been dropped.
        since = f"seit {_at(activity.created_at)}"
        return [Row(activity, None, Group.WORK, "Leer", "pencil", "", since, "write")]
    # What has ended comes back with a new end only, so that is what its step leads to.
    is_over = activity.valid_until is not None and activity.valid_until < timezone.localdate()
    step = "extend" if is_over else "restore"
    if activity.state == State.DRAFT:
        since = f"seit {_at(activity.updated_at)}"
        return [Row(activity, None, Group.PAST, "Ausgeblendet", "eye", "", since, step)]
    ended = None
    if is_public:
        ended = stages.former_from(
            confirmed_at=activity.confirmed_at, published_at=activity.published_at, valid_until=activity.valid_until
        )
    since = f"seit {_at(ended or activity.updated_at)}"
    return [Row(activity, None, Group.PAST, "Früherer Eintrag", "archive", "", since, step)]


def _due(activity: Activity, stage: Stage) -> Row:
    state = "Bestätigung fällig" if stage is Stage.DUE else "Nicht bestätigt"
    since = f"seit {activity.due_on:%d.%m.%Y}" if activity.confirmed_at else "noch nie bestätigt"
    return Row(activity, None, Group.DUE, state, "bell", "warn", since, "confirm")


def _in_work(activity: Activity, revision: Revision) -> Row:
    public = " (öffentlich bleibt die bisherige Fassung)" if activity.state == State.PUBLISHED else ""
    if revision.state == Revision.State.SUBMITTED:
        since = f"abgegeben {_at(revision.submitted_at)}{public}"
        return Row(activity, revision, Group.WORK, "In Prüfung", "eye", "", since, "wait")
    if revision.state == Revision.State.SENT_BACK:
        since = f"zurück seit {_at(revision.decided_at)}{public}"
        return Row(activity, revision, Group.WORK, "Bitte überarbeiten", "triangle-alert", "warn", since, "write")
    since = f"geändert {_at(revision.updated_at)}{public}"
    return Row(activity, revision, Group.WORK, "Entwurf", "pencil", "", since, "write")


def _at(instant: datetime | None) -> str:
    return f"{timezone.localdate(instant):%d.%m.%Y}" if instant else ""
