"""The register of the starter content: published facts of real organisations, and invented ones with offers in every state."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from actors import importing, review
from actors.models import Activity, Actor, Confirmation, Membership, Proposal
from actors.snapshot import EMPTY
from actors.writing import apply
from platform_mark.accounts.models import User
from platform_mark.publishing import versions
from platform_mark.search import index
from platform_mark.slugs import free_slug, german_slug
from platform_mark.taxonomy.models import Branch, Municipality, Topic

from .models import StarterObject

FOLDER = Path(__file__).parent
DEMO_ACCOUNT = "akteur@localhost"
# Whom the demo account speaks for.
DEMO_ACTOR = "kammer"
# Somebody to ask for cooperation; who wants to answer for them gets a code into the outbox.
OTHER_ACCOUNT = "nachbar@localhost"
OTHER_ACTOR = "wifoe"
# Offers are older than their last assurance.
_BEFORE_ASSURANCE = timedelta(days=40)
_WITH_US_SINCE = timedelta(days=620)
_PROFILE_ASSURED_DAYS = 120


def load() -> int:
    """Load what is not there; return how many entries were made. Dates are relative to today."""
    data = json.loads((FOLDER / "register.json").read_text(encoding="utf-8"))
    actors = {row["key"]: _actor(row) for row in data["actors"]}
    made = 0
    for row in data["activities"]:
        key = f"activity: {row['title']}"
        if not _is_loaded(key):
            _remember(key, _activity(row, actors[row["actor"]]))
            made += 1
    if not _is_loaded("register: waiting"):
        _leave_work(actors["kammer"])
    return made + _load_external()


def made(keys: Iterable[str]) -> list[Actor]:
    """The invented organisations of these keys, as far as they are still there."""
    known = StarterObject.objects.filter(key__in=[f"actor: {key}" for key in keys], removed_at=None)
    return list(Actor.objects.running().filter(pk__in=known.values("object_id")))


def remove(rows: Sequence[StarterObject]) -> int:
    """Remove what of the register is among `rows`; return how many entries went. An organisation that got others stays."""
    activities = Activity.objects.filter(pk__in=_ids(rows, Activity))
    removed = activities.count()
    activities.delete()
    User.objects.filter(pk__in=_ids(rows, User)).delete()
    Actor.objects.filter(pk__in=_ids(rows, Actor), activities=None, memberships=None).delete()
    return removed


def wants_demo_account() -> bool:
    """Whether the invented organisation is there and nobody speaks for it yet."""
    return _is_loaded(f"actor: {DEMO_ACTOR}") and not User.objects.filter(email=DEMO_ACCOUNT).exists()


def make_demo_account(password: str) -> User:
    """Make the account that tries out the actors' side, and one without a password for its neighbour.

    Each is responsible for one of the invented organisations.
    """
    _make_account(OTHER_ACCOUNT, None, name="Nachbar-Akteur", speaks_for=OTHER_ACTOR)
    return _make_account(DEMO_ACCOUNT, password, name="Demo-Akteur", speaks_for=DEMO_ACTOR)


def _make_account(email: str, password: str | None, *, name: str, speaks_for: str) -> User:
    user = User.objects.create_user(email, password, name=name)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    for actor in made([speaks_for]):
        Membership.objects.create(actor=actor, user=user, role=Membership.Role.OWNER)
    _remember(f"account: {email}", user)
    return user


def _actor(row: Mapping[str, Any]) -> Actor:
    key = f"actor: {row['key']}"
    known = StarterObject.objects.filter(key=key, removed_at=None).first()
    if known and (found := Actor.objects.filter(pk=known.object_id).first()):
        return found.merged_into or found
    name = row["name"]
    mailbox = german_slug(name).split("-")[-1]
    actor = Actor(
        name=name,
        slug=free_slug(name, lambda slug: Actor.objects.filter(slug=slug).exists()),
        kind=row["kind"],
        summary=row["summary"],
        description=row["description"],
        municipality=Municipality.objects.get(name=row["municipality"]),
        website=f"https://www.{mailbox}.example",
        contact_email=f"digital@{mailbox}.example",
        second_email=f"leitung@{mailbox}.example",
        contact_phone="02331 555-0100",
        is_fictitious=True,
        state=Actor.State.APPROVED,
        approved_at=timezone.now() - _WITH_US_SINCE,
        confirmed_at=timezone.now() - timedelta(days=row.get("profile_confirmed_days_ago", _PROFILE_ASSURED_DAYS)),
    )
    actor.full_clean()
    actor.save()
    actor.municipalities.set(Municipality.objects.filter(name__in=row["municipalities"]))
    index.put(actor)
    _remember(key, actor)
    return actor


def _activity(row: Mapping[str, Any], actor: Actor) -> Activity:
    now = timezone.now().replace(microsecond=0)
    days = row["confirmed_days_ago"]
    confirmed_at = None if days is None else now - timedelta(days=days)
    published_at = (confirmed_at or now) - _BEFORE_ASSURANCE
    until = row["until_days"]
    activity = Activity(
        actor=actor,
        slug=free_slug(row["title"], lambda slug: Activity.objects.filter(slug=slug).exists()),
        published_at=published_at,
        confirmed_at=confirmed_at,
        changed_at=published_at,
        checked_at=published_at,
    )
    places = Municipality.objects.filter(name__in=row["municipalities"])
    data = {name: value for name, value in row.items() if name in EMPTY} | {
        "branches": _slugs(Branch, row["branches"]),
        "topics": _slugs(Topic, row["topics"]),
        "municipalities": list(places.values_list("ags", flat=True)),
        "valid_until": None if until is None else (timezone.localdate() + timedelta(days=until)).isoformat(),
    }
    apply(activity, {**EMPTY, **data})
    activity.show()
    if confirmed_at:
        Confirmation.objects.create(activity=activity, confirmed_at=confirmed_at)
    versions.record(activity, by=None, comment="Startinhalt")
    return activity


def _leave_work(actor: Actor) -> None:
    """Something in every queue: a draft, a change to review, one sent back, a proposal, an organisation to approve."""
    draft = review.draft(actor, by=None)
    review.write(
        draft,
        data={"title": "Sprechtag Datenschutz in der Fertigung", "kind": "advice", "target_groups": ["managers"]},
        by=None,
    )
    _remember("activity: draft", draft)
    own = list(actor.activities.filter(revisions=None).order_by("title")[:2])
    change = review.write(
        own[0], data={"cost": "free", "access": "Jetzt auch abends bis 19 Uhr."}, by=None, change_note="Auch abends"
    )
    review.submit(change, by=None)
    other = review.write(own[1], data={"title": "DIE Beratung für Ihren Erfolg!!!"}, by=None)
    review.submit(other, by=None)
    review.send_back(other, reason="Bitte ohne Großbuchstaben, und sagen Sie im Titel, worum es geht.", by=None)
    Proposal.objects.create(activity=own[0], text="Der Link auf Ihrer Seite führt ins Leere. Gibt es einen neuen?")
    name = "Gründernetz Volmebogen"
    waiting = Actor.objects.create(
        name=name,
        slug=free_slug(name, lambda slug: Actor.objects.filter(slug=slug).exists()),
        kind=Actor.Kind.NETWORK,
        summary="Bringt junge Firmen und alte Werkstätten zusammen.",
        contact_email="hallo@volmebogen.example",
        second_email="vorstand@volmebogen.example",
        is_fictitious=True,
    )
    _remember("register: waiting", waiting)


def _load_external() -> int:
    """Published facts of real organisations, in our own words; what is there already is neither doubled nor remembered."""
    before = set(Activity.objects.values_list("pk", flat=True))
    actors_before = set(Actor.objects.values_list("pk", flat=True))
    rows = importing.read((FOLDER / "register_external.json").read_bytes())
    importing.carry_out(rows, by=None)
    made = Activity.objects.exclude(pk__in=before)
    _remember_all("fact", made)
    _remember_all("organisation", Actor.objects.exclude(pk__in=actors_before))
    return made.count()


def _remember_all(word: str, rows: Iterable[models.Model]) -> None:
    for row in rows:
        _remember(f"{word}: {row}"[:200], row)


def _slugs(model: type[Branch] | type[Topic], keys: list[str]) -> list[str]:
    # Shipped terms by their key, wherever staff have merged them since.
    found = model.objects.select_related("merged_into").filter(reference_key__in=keys)
    return sorted({(term.merged_into or term).slug for term in found})


def _is_loaded(key: str) -> bool:
    return StarterObject.objects.filter(key=key, removed_at=None).exists()


def _ids(rows: Sequence[StarterObject], model: type[models.Model]) -> list[int]:
    content_type = ContentType.objects.get_for_model(model)
    return [row.object_id for row in rows if row.content_type_id == content_type.pk]


def _remember(key: str, target: models.Model) -> None:
    StarterObject.objects.update_or_create(
        key=key,
        defaults={
            "content_type": ContentType.objects.get_for_model(target),
            "object_id": target.pk,
            "removed_at": None,
        },
    )
