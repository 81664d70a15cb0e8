"""Organisations, their people and their entries: approved, public and confirmed today by default."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from actors.models import Activity, Actor, Confirmation, Membership, Revision
from actors.snapshot import snapshot
from platform_mark.accounts.models import User
from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.models import Branch, District, Municipality, Topic

_numbers = count(1)


def make_actor(name: str = "", *, municipalities: tuple[Municipality, ...] = (), **fields: Any) -> Actor:
    """An approved chamber with both contact addresses."""
    name = name or f"Kammer {next(_numbers)}"
    slug = german_slug(name)
    values = {
        "name": name,
        "slug": slug,
        "kind": Actor.Kind.CHAMBER,
        "summary": "Berät Betriebe der Region bei der Digitalisierung.",
        "contact_email": f"digital@{slug}.example",
        "second_email": f"leitung@{slug}.example",
        "state": Actor.State.APPROVED,
        "approved_at": timezone.now(),
    }
    actor = Actor.objects.create(**values | fields)
    actor.municipalities.set(municipalities)
    index.put(actor)
    return actor


def make_member(actor: Actor, user: User | None = None, *, role: str = Membership.Role.OWNER, **fields: Any) -> User:
    """An account that speaks for `actor`."""
    user = user or User.objects.create_user(f"mitglied{next(_numbers)}@portal.test", **fields)
    Membership.objects.create(actor=actor, user=user, role=role)
    return user


def make_activity(
    title: str = "",
    *,
    branches: tuple[Branch, ...] = (),
    topics: tuple[Topic, ...] = (),
    municipalities: tuple[Municipality, ...] = (),
    districts: tuple[District, ...] = (),
    **fields: Any,
) -> Activity:
    """A public offer, confirmed today by its organisation; `actor` is made where none is given."""
    title = title or f"Digital-Check vor Ort {next(_numbers)}"
    now = timezone.now()
    values = {
        "title": title,
        "slug": german_slug(title),
        "summary": "Ein halber Tag im Betrieb, danach eine Liste mit drei Schritten.",
        "kind": Activity.Kind.ADVICE,
        "target_groups": ["managers"],
        "state": State.PUBLISHED,
        "published_at": now,
        "confirmed_at": now,
        "changed_at": now,
        "checked_at": now,
    }
    if "actor" not in fields:
        fields["actor"] = make_actor()
    activity = Activity.objects.create(**values | fields)
    activity.branches.set(branches)
    activity.topics.set(topics)
    activity.municipalities.set(municipalities)
    activity.districts.set(districts)
    if activity.confirmed_at:
        Confirmation.objects.create(activity=activity, confirmed_at=activity.confirmed_at)
    index.put(activity)
    return activity


def make_revision(activity: Activity | None = None, **fields: Any) -> Revision:
    """A change of the title that waits for staff; `data` names other changes."""
    activity = activity or make_activity()
    base = snapshot(activity)
    data = {**base, **fields.pop("data", {"title": f"{activity.title}, jetzt auch abends"})}
    values = {"state": Revision.State.SUBMITTED, "submitted_at": timezone.now(), "author": None}
    return Revision.objects.create(activity=activity, base=base, data=data, **values | fields)


@dataclass(frozen=True)
class Register:
    """What `fill_register` made, by what is special about it."""

    rich: Activity
    bare: Activity
    former: Activity
    shared: Activity
    unconfirmed: Activity
    actor: Actor
    former_actor: Actor


def fill_register() -> Register:
    """At least one entry and organisation of every kind, made once: whoever asks again gets the same."""
    if Activity.objects.filter(slug="erstberatung-fertigung").exists():
        found = {name: Activity.objects.get(slug=slug) for name, slug in _SLUGS.items()}
        return Register(**found, actor=found["rich"].actor, former_actor=Actor.objects.get(slug="ehemals-dabei"))
    branches = tuple(Branch.objects.current()[:2])
    actor = make_actor(
        "Kammer & Söhne für Öl, Draht und Handel",
        is_fictitious=True,
        description="Berät seit 1850.",
        website="https://kammer.example/",
        municipality=Municipality.objects.first(),
        contact_phone="02331 555-0100",
    )
    rich = make_activity(
        "Erstberatung Fertigung",
        slug=_SLUGS["rich"],
        actor=actor,
        branches=branches,
        topics=tuple(Topic.objects.current()[:1]),
        municipalities=tuple(Municipality.objects.all()[:2]),
        description="Ein Rundgang.\n\nDanach zwei Seiten mit Vorschlägen.",
        target_groups=["trainees", "managers"],
        sizes=["micro", "small"],
        phases=["inform", "plan"],
        cost="free",
        cost_note="für Betriebe bis 249 Beschäftigte",
        access="Anruf genügt.",
        contact_person="Petra Muster",
        person_agreed_on=timezone.localdate(),
        url="https://kammer.example/beratung",
        valid_until=timezone.localdate() + timedelta(days=90),
    )
    Revision.objects.create(
        activity=rich,
        base={},
        data=snapshot(rich),
        taken=["title", "contact_person"],
        state=Revision.State.APPROVED,
        change_note="Jetzt auch im Ennepe-Ruhr-Kreis",
        decided_at=timezone.now(),
    )
    former_actor = make_actor("Ehemals dabei", state=Actor.State.FORMER, left_at=timezone.now())
    return Register(
        rich=rich,
        bare=make_activity("Runder Tisch", slug=_SLUGS["bare"], target_groups=[], kind="network", branches=branches),
        former=make_activity(
            "Vorbei", slug=_SLUGS["former"], valid_until=timezone.localdate() - timedelta(days=1), branches=branches
        ),
        shared=make_activity("Gemeinsamer Messeplan", slug=_SLUGS["shared"], visibility="actors", branches=branches),
        unconfirmed=make_activity(
            "Aus der Zeitung",
            slug=_SLUGS["unconfirmed"],
            confirmed_at=None,
            source_url="https://zeitung.example/bericht",
        ),
        actor=actor,
        former_actor=former_actor,
    )


_SLUGS = {
    "rich": "erstberatung-fertigung",
    "bare": "runder-tisch",
    "former": "vorbei",
    "shared": "gemeinsamer-messeplan",
    "unconfirmed": "aus-der-zeitung",
}
