"""From a draft to the public entry and back: written, handed over, approved in whole or part, sent back with a reason.

An edit never touches what is public before it is approved; taking something offline never waits. Everything that changes
the state of an entry or of a revision happens here, under the lock of the entry.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from platform_mark import erasures
from platform_mark.mail.outbox import queue
from platform_mark.prepared import Given, Prepared
from platform_mark.publishing import versions
from platform_mark.publishing.models import State, Version
from platform_mark.search import index
from platform_mark.slugs import free_slug

from . import freshness, snapshot, writing
from .models import Activity, Actor, Revision
from .refusal import Refused
from .snapshot import FIELDS, PRIVATE_FIELDS

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

# Drafts have addresses of their own, which are never public; the real one is made from the approved title.
DRAFT_SLUG = "entwurf-"
_WRITABLE = (Revision.State.DRAFT, Revision.State.SENT_BACK)


@dataclass(frozen=True)
class Change:
    """One field of a revision as staff compare it; `is_stale` where the public text has changed since it was written."""

    name: str
    label: str
    old: str
    new: str
    is_stale: bool


@dataclass(frozen=True)
class Event:
    """One line of the public history of an entry."""

    at: datetime
    note: str
    labels: list[str]
    by_staff: bool


@transaction.atomic
def draft(actor: Actor, *, by: "User | None") -> Activity:
    """Begin an entry of `actor`: it is not public, and has no text yet."""
    return Activity.objects.create(
        actor=actor, title="Neuer Eintrag", slug=f"{DRAFT_SLUG}{secrets.token_hex(8)}", submitted_by=by
    )


def stamp(activity: Activity) -> str:
    """What tells one state of the text from the next: what is being written, else what is public; empty for a new entry."""
    revision = activity.revisions.open().first() if activity.pk else None
    if revision is not None:
        return f"{revision.pk}/{revision.updated_at.isoformat()}"
    return activity.changed_at.isoformat() if activity.changed_at else ""


@transaction.atomic
def write(
    activity: Activity,
    *,
    data: Mapping[str, Any],
    by: "User | None",
    change_note: str = "",
    seen: str | None = None,
) -> Revision:
    """Keep what somebody has written, complete or not; the public entry stays as it is.

    `data` holds the fields of `snapshot.FIELDS` that were in the form, cleaned or plain; `seen` is the `stamp` of the text
    the writer began with, None to write over whatever is there. Raises ValidationError by field, and Refused while
    staff are reading the version before, or with code "conflict" where somebody else has saved since.
    """
    activity = _locked(activity)
    written = writing.to_data(data)
    revision = activity.revisions.open().first()
    if seen is not None and (revision is None or revision.state in _WRITABLE) and seen != stamp(activity):
        raise Refused(
            "Während Sie geschrieben haben, hat jemand anders diesen Eintrag gespeichert. Ihre Eingaben stehen alle noch "
            "hier. Sehen Sie in der „Vorschau des gespeicherten Stands“ in einem neuen Fenster nach, was sich geändert "
            "hat. Speichern Sie dann noch einmal: Es gilt, was hier steht.",
            code="conflict",
        )
    if revision is None:
        public = snapshot.snapshot(activity)
        is_new = activity.changed_at is None
        revision = Revision(activity=activity, base={} if is_new else public, data=_blank() if is_new else public)
    elif revision.state == Revision.State.SUBMITTED:
        raise Refused(
            "Der Eintrag wird gerade geprüft. Ziehen Sie ihn zurück, wenn Sie ihn ändern möchten.", code="submitted"
        )
    revision.data = {**revision.data, **written}
    revision.change_note = change_note
    revision.author = by
    revision.full_clean(exclude=["author", "activity"])
    revision.save()
    if activity.changed_at is None and revision.data["title"]:
        # Never public yet: the name by which its people find it in their list.
        activity.title = revision.data["title"]
        activity.save(update_fields=["title", "updated_at"])
    return revision


@transaction.atomic
def submit(revision: Revision, *, by: "User | None") -> Revision:
    """Hand over for review; what a trusted organisation hands over is public at once and looked at afterwards.

    Raises Refused, and ValidationError by field where something is missing.
    """
    activity, revision = _locked_pair(revision)
    if revision.state not in _WRITABLE:
        raise Refused(f"Dieser Eintrag ist „{revision.get_state_display()}“.", code="state")
    if activity.actor.state != Actor.State.APPROVED:
        raise Refused("Ihre Organisation ist noch nicht freigeschaltet.", code="actor")
    if not revision.changed_fields:
        raise Refused("Es ist nichts geändert.", code="unchanged")
    _check_complete(activity, revision)
    revision.author, revision.submitted_at, revision.assignee = by, timezone.now(), None
    if activity.actor.is_trusted:
        _take(activity, revision, revision.changed_fields, by=None)
    else:
        revision.state = Revision.State.SUBMITTED
        revision.save()
    return revision


@transaction.atomic
def withdraw(revision: Revision) -> Revision:
    """Take back what was handed over, to write on; raises Refused when staff have decided already."""
    _, revision = _locked_pair(revision)
    if revision.state != Revision.State.SUBMITTED:
        raise Refused(f"Dieser Eintrag ist „{revision.get_state_display()}“.", code="state")
    revision.state, revision.submitted_at, revision.assignee = Revision.State.DRAFT, None, None
    revision.save()
    return revision


@transaction.atomic
def discard(revision: Revision) -> None:
    """Drop what was written and not handed over; an entry that was never public goes with it. Raises Refused."""
    activity, revision = _locked_pair(revision)
    if revision.state not in _WRITABLE:
        raise Refused(f"Dieser Eintrag ist „{revision.get_state_display()}“.", code="state")
    if activity.changed_at is None:
        activity.delete()
        return
    revision.state = Revision.State.WITHDRAWN
    revision.save()


@transaction.atomic
def approve(
    revision: Revision, *, fields: Collection[str] | None = None, reason: str = "", by: "User | None"
) -> Revision:
    """Make all changed fields public, or some of them, and tell the author; raises Refused.

    Whoever takes only some says why: the author reads it.
    """
    activity, revision = _locked_pair(revision)
    changed = revision.changed_fields
    taken = changed if fields is None else [name for name in changed if name in fields]
    reason = reason.strip()
    if revision.state != Revision.State.SUBMITTED:
        raise Refused(f"Diese Überarbeitung ist „{revision.get_state_display()}“.", code="state")
    if settings.FOUR_EYES and by is not None and by.pk == revision.author_id:
        raise Refused(
            "Vier-Augen-Prinzip: Was Sie selbst geschrieben haben, übernimmt eine andere Person.", code="four_eyes"
        )
    if not taken:
        raise Refused("Wählen Sie mindestens ein Feld, oder geben Sie den Eintrag zurück.", code="nothing")
    if len(taken) < len(changed) and not reason:
        raise Refused(
            "Bitte begründen Sie, warum Sie nicht alles übernehmen. Der Grund steht in der E-Mail.", code="reason"
        )
    revision.reason = reason or revision.reason
    is_first = activity.changed_at is None
    _take(activity, revision, taken, by=by)
    _tell_author(
        "aktivitaet-veroeffentlicht" if is_first else "aktivitaet-uebernommen",
        revision,
        reason=reason,
        left_out=[writing.label(name) for name in changed if name not in taken],
    )
    return revision


@transaction.atomic
def send_back(revision: Revision, *, reason: str, by: "User | None") -> Revision:
    """Ask the author for something else, with the reason they will read; raises Refused without one."""
    _, revision = _locked_pair(revision)
    if revision.state != Revision.State.SUBMITTED:
        raise Refused(f"Diese Überarbeitung ist „{revision.get_state_display()}“.", code="state")
    if not reason.strip():
        raise Refused("Bitte sagen Sie, was fehlt. Der Grund steht in der E-Mail.", code="reason")
    revision.reason = reason.strip()
    revision.earlier_reasons = [*revision.earlier_reasons, revision.reason]
    revision.state, revision.decided_at, revision.decided_by = Revision.State.SENT_BACK, timezone.now(), by
    revision.full_clean(exclude=["author", "activity", "decided_by", "assignee"])
    revision.save()
    _tell_author("aktivitaet-zurueckgegeben", revision, reason=revision.reason)
    return revision


@transaction.atomic
def take_offline(activity: Activity, *, by: "User | None", reason: str = "") -> Activity:
    """Hide an entry at once, whoever asks; raises Refused when staff do it without a reason for its organisation."""
    activity = _locked(activity)
    if activity.state == State.DRAFT:
        return activity
    if _is_outside_staff(activity, by):
        if not reason.strip():
            raise Refused(
                "Bitte begründen Sie, warum der Eintrag verschwindet. Der Grund steht in der E-Mail.", code="reason"
            )
        for address in activity.actor.contact_addresses:
            queue("aktivitaet-offline", address, context={"activity": activity, "reason": reason.strip()})
    activity.withdraw()
    return activity


@transaction.atomic
def retire(activity: Activity) -> Activity:
    """Move a published entry to "Frühere Einträge" at once: the organisation no longer offers it."""
    activity = _locked(activity)
    if activity.state == State.PUBLISHED:
        activity.archive()
    return activity


@transaction.atomic
def restore(activity: Activity, *, by: "User | None") -> Activity:
    """Bring back what was taken offline, ended or not confirmed for too long; it counts as confirmed today.

    Raises Refused for what was never approved, and for what cannot be confirmed.
    """
    activity = _locked(activity)
    if activity.changed_at is None:
        raise Refused("Dieser Eintrag war noch nicht veröffentlicht.", code="never_public")
    if activity.state != State.PUBLISHED:
        activity.show()
    return freshness.confirm(activity, by_staff=_is_outside_staff(activity, by))


@transaction.atomic
def check(activity: Activity) -> Activity:
    """Note that staff have looked at what a trusted organisation published."""
    activity = _locked(activity)
    activity.checked_at = timezone.now()
    activity.save(update_fields=["checked_at"])
    return activity


@transaction.atomic
def publish_by_staff(activity: Activity, *, by: "User | None") -> Activity:
    """Make public what staff have entered for an organisation; it counts as confirmed by the agency today.

    Raises TransitionRefused against the four-eyes switch, ValidationError by field where something is missing, and Refused
    for what cannot be confirmed.
    """
    activity = _locked(activity)
    if activity.slug.startswith(DRAFT_SLUG):
        activity.slug = _free_slug(activity, activity.title)
    activity.full_clean()
    is_first = activity.changed_at is None
    activity.changed_at = activity.checked_at = timezone.now()
    activity.save(update_fields=["slug", "changed_at", "checked_at"])
    activity.publish(by=by)
    if is_first:
        _keep_line(activity, base={}, by=by, note="")
    return freshness.confirm(activity, by_staff=True)


@transaction.atomic
def record_staff_change(activity: Activity, *, before: Mapping[str, Any], by: "User | None", note: str = "") -> None:
    """Keep what staff have just changed in an entry themselves as a version and as a line of its history."""
    activity = _locked(activity)
    data = snapshot.snapshot(activity)
    if all(data[name] == before.get(name, snapshot.EMPTY[name]) for name in FIELDS):
        return
    if activity.changed_at is not None:
        _keep_line(activity, base=before, by=by, note=note)
        activity.changed_at = activity.checked_at = timezone.now()
        activity.save(update_fields=["changed_at", "checked_at"])
    versions.record(activity, by=by, comment=note or "Von der Regionalagentur geändert")
    index.put(activity)


@transaction.atomic
def restore_version(activity: Activity, version_id: int, *, by: "User | None") -> Activity:
    """Bring an earlier version back as staff's change; it becomes one more version."""
    activity = _locked(activity)
    version = Version.objects.of(activity).get(pk=version_id)
    before = snapshot.snapshot(activity)
    writing.apply(activity, version.data)
    day = timezone.localtime(version.created_at)
    record_staff_change(activity, before=before, by=by, note=f"Fassung vom {day:%d.%m.%Y} zurückgeholt")
    return activity


@transaction.atomic
def forget_person(activity: Activity, *, fields: Collection[str] = ("contact_person", "person_agreed_on")) -> None:
    """Take the named person, or whatever `fields` say of people, out of an entry and of everything that was kept of it."""
    activity = _locked(activity)
    gone = {name: snapshot.EMPTY[name] for name in fields}
    for name, value in gone.items():
        setattr(activity, name, value)
    activity.save(update_fields=[*gone, "updated_at"])
    for revision in activity.revisions.all():
        revision.base = {**revision.base, **gone} if revision.base else {}
        revision.data = {**revision.data, **gone}
        revision.save(update_fields=["base", "data"])
    for version in Version.objects.of(activity):
        version.data = {**version.data, **gone}
        version.save(update_fields=["data"])
    index.put(activity)


@transaction.atomic
def withdraw_person(activity: Activity) -> None:
    """Take the named person out because they no longer agree; a restored backup does not bring them back."""
    forget_person(activity)
    # Whose name it was has no address.
    erasures.note("", "person", activity.pk)


def changes(revision: Revision) -> list[Change]:
    """What a revision would change, beside what is public now."""
    public = snapshot.snapshot(revision.activity) if revision.base else dict(snapshot.EMPTY)
    return [
        Change(
            name=name,
            label=writing.label(name),
            old=writing.shown(name, public[name]),
            new=writing.shown(name, revision.data.get(name)),
            is_stale=bool(revision.base) and public[name] != revision.base.get(name),
        )
        for name in revision.changed_fields
    ]


# What was handed in stays behind: everybody reads that something changed, not what.
_APPROVED = Prepared(
    lambda: (
        Revision.objects.filter(activity=Given("activity"), state=Revision.State.APPROVED)
        .defer("data")
        .order_by("-decided_at", "-pk")
    )
)


def history(activity: Activity) -> list[Event]:
    """What everybody may read about how an entry changed, the newest first: never values, never private fields."""
    events = []
    for revision in _APPROVED.rows(activity=activity.pk):
        labels = [writing.label(name) for name in revision.taken if name not in PRIVATE_FIELDS]
        is_first = not revision.base
        if is_first or labels:
            note = revision.change_note or ("Eintrag veröffentlicht" if is_first else "")
            events.append(
                Event(revision.decided_at or revision.updated_at, note, [] if is_first else labels, revision.by_staff)
            )
    return events


def _take(activity: Activity, revision: Revision, taken: list[str], *, by: "User | None") -> None:
    """Put the taken fields into the public entry; without `by` on the organisation's word, to be looked at afterwards."""
    now = timezone.now()
    if activity.changed_at is None:
        activity.slug = _free_slug(activity, str(revision.data["title"]))
    activity.changed_at = now
    activity.checked_at = now if by else None
    activity.assignee = None
    writing.apply(activity, revision.data, taken)
    revision.taken, revision.state = taken, Revision.State.APPROVED
    revision.decided_at, revision.decided_by = now, by
    revision.save()
    versions.record(activity, by=revision.author, comment=revision.change_note or "Geändert")
    if activity.state != State.PUBLISHED:
        # First published, or back after it was taken offline: whoever hands that over says that it is true today.
        activity.show()
        freshness.confirm(activity)
    index.put(activity)


def _keep_line(activity: Activity, *, base: Mapping[str, Any], by: "User | None", note: str) -> None:
    """Write what staff did themselves into the history, in the form of a revision that needs no decision."""
    data, now = snapshot.snapshot(activity), timezone.now()
    Revision.objects.create(
        activity=activity,
        base=dict(base),
        data=data,
        taken=[name for name in FIELDS if data[name] != base.get(name, snapshot.EMPTY[name])],
        state=Revision.State.APPROVED,
        change_note=note,
        author=by,
        by_staff=True,
        decided_at=now,
        decided_by=by,
    )


def _free_slug(activity: Activity, title: str) -> str:
    return free_slug(title, lambda slug: Activity.objects.exclude(pk=activity.pk).filter(slug=slug).exists())


def _check_complete(activity: Activity, revision: Revision) -> None:
    """Raise ValidationError by field unless the whole would be fit to be public."""
    candidate = Activity.objects.get(pk=activity.pk)
    writing.fill(candidate, revision.data)
    candidate.full_clean(exclude=["slug"])


def _tell_author(kind: str, revision: Revision, **facts: Any) -> None:
    """Write to the author while they have an account, else to the organisation's contacts."""
    author, activity = revision.author, revision.activity
    addresses = [author.email] if author and author.is_active else activity.actor.contact_addresses
    for address in addresses:
        queue(
            kind, address, context={"activity": activity, "title": revision.title, "base": settings.BASE_URL, **facts}
        )


def _is_outside_staff(activity: Activity, by: "User | None") -> bool:
    return by is not None and by.is_staff and not activity.actor.memberships.filter(user=by).exists()


def _blank() -> dict[str, Any]:
    return {name: list(value) if isinstance(value, list) else value for name, value in snapshot.EMPTY.items()}


def _locked(activity: Activity) -> Activity:
    return Activity.objects.select_for_update(of=("self",)).select_related("actor").get(pk=activity.pk)


def _locked_pair(revision: Revision) -> tuple[Activity, Revision]:
    activity = _locked(revision.activity)
    fresh = Revision.objects.select_related("author").get(pk=revision.pk)
    fresh.activity = activity
    return activity, fresh
