"""What the rows of a file would do, and doing it: all of it or nothing."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from platform_mark.publishing import versions
from platform_mark.search import index
from platform_mark.slugs import free_slug, german_slug
from platform_mark.taxonomy.lookup import Lookup

from .. import review, snapshot, writing
from ..models import Activity, ActivityQuerySet, Actor
from ..snapshot import EMPTY, FIELDS
from .facts import actor_kind
from .rows import Fault, Row

if TYPE_CHECKING:
    from platform_mark.accounts.models import User


class ImportRefused(Exception):
    """Nothing was stored; `faults` names each wrong field."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(f"{len(self.faults)} Angaben sind falsch.")


class PlanChanged(Exception):
    """What was shown is no longer what would happen: somebody has changed something meanwhile."""


class Outcome(Enum):
    """What becomes of a row."""

    NEW = "neu"
    CHANGED = "geändert"
    UNCHANGED = "unverändert"


@dataclass(frozen=True)
class Entry:
    """One right row, and what becomes of it."""

    row: Row
    outcome: Outcome
    actor: Actor | None
    target: Activity | None = None
    changed: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.row.number

    @property
    def title(self) -> str:
        return str(self.row.data["title"])

    @property
    def changed_labels(self) -> str:
        """What changes, by the names of the fields."""
        return ", ".join(writing.label(name) for name in self.changed)


@dataclass(frozen=True)
class Plan:
    """What a file would do: its right rows, its wrong fields, and who is not listed yet."""

    entries: list[Entry]
    faults: list[Fault]
    new_actors: list[str]

    def count(self, outcome: Outcome) -> int:
        """How many rows have this outcome."""
        return sum(entry.outcome is outcome for entry in self.entries)

    @property
    def can_be_stored(self) -> bool:
        return not self.faults and any(entry.outcome is not Outcome.UNCHANGED for entry in self.entries)

    @property
    def fingerprint(self) -> str:
        """The same as long as the same would happen."""
        told = [
            (entry.number, entry.outcome.name, entry.target and entry.target.pk, sorted(entry.changed), entry.row.data)
            for entry in self.entries
        ]
        return hashlib.sha256(repr((told, self.new_actors, list(map(str, self.faults)))).encode()).hexdigest()

    @property
    def summary(self) -> str:
        """What would happen, in one line."""
        parts = [f"{self.count(outcome)} {outcome.value}" for outcome in Outcome]
        parts += [f"{len(self.new_actors)} neue Akteure"] if len(self.new_actors) > 1 else []
        parts += ["1 neuer Akteur"] if len(self.new_actors) == 1 else []
        return ", ".join(parts)


def make_plan(rows: Sequence[Row]) -> Plan:
    """Say what these rows would do, without doing it."""
    actors = {german_slug(actor.name): actor for actor in Actor.objects.filter(merged_into=None)}
    faults = [fault for row in rows for fault in row.faults]
    entries: list[Entry] = []
    new_actors: dict[str, str] = {}
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        if row.faults:
            continue
        actor = actors.get(german_slug(row.actor))
        if actor is None:
            new_actors.setdefault(german_slug(row.actor), row.actor)
        key = _key(row)
        if key in seen:
            faults.append(Fault(row.number, row.name, "Diesen Eintrag gibt es weiter oben schon."))
            continue
        seen.add(key)
        target = _stored(row, actor)
        changed = [] if target is None or row.source_url else _differing(target, row.data)
        outcome = Outcome.NEW if target is None else Outcome.CHANGED if changed else Outcome.UNCHANGED
        entry = Entry(row, outcome, actor, target, changed)
        wrong = _invalid(entry)
        faults += wrong
        if not wrong:
            entries.append(entry)
    return Plan(entries, sorted(faults, key=lambda fault: fault.number), list(new_actors.values()))


@transaction.atomic
def carry_out(rows: Sequence[Row], *, by: "User | None", fingerprint: str | None = None, dry_run: bool = False) -> Plan:
    """Store all rows or none: raises ImportRefused with every wrong field. `dry_run` does all of it and takes it back.

    New entries are public and unconfirmed; changes are staff's and recorded as such. Facts that are there stay as they are.
    Who has looked at a plan before passes its `fingerprint`: raises PlanChanged where that is not what would happen now.
    """
    # Nobody changes what is being compared until all is written.
    list(_touched(rows).select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    plan = make_plan(rows)
    if fingerprint is not None and (plan.fingerprint != fingerprint or not plan.can_be_stored):
        raise PlanChanged
    if plan.faults:
        raise ImportRefused(plan.faults)
    made: dict[str, Actor] = {}
    for entry in plan.entries:
        if entry.outcome is Outcome.NEW:
            key = german_slug(entry.row.actor)
            actor = entry.actor or made.get(key) or made.setdefault(key, _make_actor(entry.row))
            _make_activity(entry.row, actor, by)
        elif entry.target is not None and entry.changed:
            before = snapshot.snapshot(entry.target)
            writing.apply(entry.target, entry.row.data, entry.changed)
            review.record_staff_change(entry.target, before=before, by=by, note="Aus einer Liste eingelesen")
    if dry_run:
        transaction.set_rollback(True)
    return plan


def _key(row: Row) -> tuple[str, ...]:
    if row.source_url:
        return ("source", row.source_url, row.data["title"])
    if row.data.get("external_id"):
        return ("id", german_slug(row.actor), row.data["external_id"])
    return ("title", german_slug(row.actor), row.data["title"])


def _touched(rows: Iterable[Row]) -> ActivityQuerySet:
    """The stored entries that a row may be about."""
    titles, keys = ({row.data[name] for row in rows if row.data.get(name)} for name in ("title", "external_id"))
    return Activity.objects.filter(Q(title__in=titles) | Q(external_id__in=keys))


def _stored(row: Row, actor: Actor | None) -> Activity | None:
    if row.source_url:
        return Activity.objects.filter(source_url=row.source_url, title=row.data["title"]).first()
    if actor is None:
        return None
    own = Activity.objects.filter(actor=actor, merged_into=None)
    if row.data.get("external_id"):
        return own.filter(external_id=row.data["external_id"]).first()
    return own.filter(title=row.data["title"]).first()


def _differing(target: Activity, data: Mapping[str, Any]) -> list[str]:
    present = snapshot.snapshot(target)
    return [name for name in FIELDS if name in data and data[name] != present[name]]


def _invalid(entry: Entry) -> list[Fault]:
    """What is wrong with the whole, as if it were stored."""
    candidate = entry.target and Activity.objects.get(pk=entry.target.pk)
    candidate = candidate or Activity(actor=entry.actor, slug="neu", source_url=entry.row.source_url)
    writing.fill(candidate, entry.row.data)
    row = Row(entry.row.number, entry.row.name, where=entry.row.where)
    try:
        candidate.full_clean(exclude=["actor", "slug"])
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            if name == NON_FIELD_ERRORS:
                row.faults += [Fault(row.number, row.name, message) for message in messages]
            else:
                row.fault(name, " ".join(messages))
    return row.faults


def _make_actor(row: Row) -> Actor:
    place = Lookup().municipality(row.seat)
    actor = Actor(
        name=row.actor,
        slug=free_slug(row.actor, lambda slug: Actor.objects.filter(slug=slug).exists()),
        kind=actor_kind(row.actor),
        municipality=place,
        source_url=row.source_url,
        state=Actor.State.APPROVED,
        approved_at=timezone.now(),
    )
    actor.full_clean()
    actor.save()
    index.put(actor)
    return actor


def _make_activity(row: Row, actor: Actor, by: "User | None") -> Activity:
    now = timezone.now()
    activity = Activity(
        actor=actor,
        slug=free_slug(row.data["title"], lambda slug: Activity.objects.filter(slug=slug).exists()),
        source_url=row.source_url,
        changed_at=now,
        checked_at=now,
    )
    writing.apply(activity, {**EMPTY, "language": "Deutsch", **row.data})
    activity.show()
    versions.record(
        activity, by=by, comment="Aus öffentlicher Quelle" if row.source_url else "Aus einer Liste eingelesen"
    )
    return activity
