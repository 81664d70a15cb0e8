"""The register in the form of the Human Services Data Specification (HSDS 3), as other registers exchange theirs.

Organizations, services, locations and contacts without persons: a contact is a role mailbox. What the register does not
know, such as a street, is left out and not guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from actors import reading
from actors.models import Activity, Actor

from .asking import MOST_ON_A_PAGE, Question
from .columns import instant
from .kinds import ACTIVITIES, ACTORS, Kind

VERSION = "3.1"


@dataclass(frozen=True)
class Shape:
    """One of the objects of HSDS: from which rows it is made, and how."""

    kind: Kind
    made: Callable[[Any], dict[str, Any]]
    #: Which of the rows say anything of this kind.
    only: Q = field(default_factory=Q)

    def narrowed(self, question: Question) -> Question:
        """The same question, asked of the rows that have something to say."""
        rows: QuerySet = question.rows.filter(self.only)
        return replace(question, rows=rows)


def identifier(what: str, key: int, part: str = "") -> str:
    """The identifier of an object: the same each time, and another one in every portal."""
    return str(uuid5(NAMESPACE_URL, f"{settings.BASE_URL}/daten/#{what}-{key}{part}"))


def _said(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _organization(actor: Actor) -> dict[str, Any]:
    mark = "Beispielakteur (erfunden). " if actor.is_fictitious else ""
    return _said(
        id=identifier("organization", actor.pk),
        name=actor.name,
        description=f"{mark}{actor.description or actor.summary or actor.get_kind_display()}",
        email=actor.contact_email,
        website=actor.website,
        uri=_address(actor),
    )


def _service(activity: Activity) -> dict[str, Any]:
    terms = reading.terms_of(activity)
    actor = activity.actor
    places = [("district", term) for term in terms.districts]
    places += [("municipality", term) for term in terms.municipalities]
    areas = [{"id": identifier(what, term.pk), "name": term.name} for what, term in places]
    if activity.area:
        areas.append({"id": identifier("service", activity.pk, "-area"), "name": activity.area})
    return _said(
        id=identifier("service", activity.pk),
        organization_id=identifier("organization", actor.pk),
        organization=_said(id=identifier("organization", actor.pk), name=actor.name, uri=_address(actor)),
        name=activity.title,
        description="\n\n".join(filter(None, [activity.summary, activity.description])),
        url=activity.url or _address(activity),
        email=activity.shown_email,
        status="active",
        application_process=activity.access,
        fees_description=activity.cost_note or str(activity.get_cost_display()),
        eligibility_description=_for_whom(activity, terms),
        assured_date=_day(activity.confirmed_at),
        last_modified=instant(activity.changed_at or activity.published_at),
        languages=[{"id": identifier("service", activity.pk, "-language"), "name": activity.language}]
        if activity.language
        else [],
        service_areas=areas,
        contacts=[_mailbox("service", activity.pk, activity.contact_email)] if activity.contact_email else [],
    )


def _for_whom(activity: Activity, terms: reading.Terms) -> str:
    branches = ", ".join(term.name for term in terms.branches) or "alle Branchen"
    groups = ", ".join(map(str, activity.target_group_labels))
    return "; ".join(filter(None, [groups, branches, f"Betriebsgrößen: {reading.sizes_text(activity)}"]))


def _location(actor: Actor) -> dict[str, Any]:
    city = actor.municipality.name if actor.municipality else actor.place
    address = {"id": identifier("location", actor.pk, "-address"), "city": city, "address_type": "physical"}
    if actor.municipality:
        address |= {"state_province": "Nordrhein-Westfalen", "country": "DE"}
    return {
        "id": identifier("location", actor.pk),
        "organization_id": identifier("organization", actor.pk),
        "location_type": "physical",
        "name": f"{actor.name}, {city}",
        "addresses": [address],
    }


def _contact(actor: Actor) -> dict[str, Any]:
    owner = {"organization_id": identifier("organization", actor.pk)}
    return _mailbox("organization", actor.pk, actor.contact_email) | owner


def _mailbox(what: str, key: int, email: str) -> dict[str, Any]:
    return {"id": identifier(what, key, "-contact"), "title": "Funktionspostfach", "email": email}


def _day(at: Any) -> str | None:
    day: date | None = timezone.localdate(at) if at else None
    return day.isoformat() if day else None


def _address(row: Actor | Activity) -> str:
    return f"{settings.BASE_URL}{row.get_absolute_url()}"


SHAPES: Mapping[str, Shape] = {
    "organization": Shape(ACTORS, _organization),
    "service": Shape(ACTIVITIES, _service),
    "location": Shape(ACTORS, _location, ~Q(municipality=None, place="")),
    "contact": Shape(ACTORS, _contact, ~Q(contact_email="")),
}

# What a page of these looks like; the objects themselves are described by HSDS.
ENVELOPE: dict[str, Any] = {
    "type": "object",
    "externalDocs": {"url": "https://docs.openreferral.org/en/latest/hsds/"},
    "properties": {
        "version": {"const": VERSION},
        "license": {"type": "string", "format": "uri"},
        "notice": {"type": ["string", "null"]},
        "next": {"type": ["string", "null"], "format": "uri"},
        "size": {"type": "integer", "minimum": 0},
        "empty": {"type": "boolean"},
        "contents": {
            "type": "array",
            "maxItems": MOST_ON_A_PAGE,
            "items": {
                "type": "object",
                "properties": {"id": {"type": "string", "format": "uuid"}},
                "required": ["id"],
            },
        },
    },
    "required": ["version", "license", "notice", "next", "size", "empty", "contents"],
    "additionalProperties": False,
}
