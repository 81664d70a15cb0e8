"""An entry as one value: what its organisation may write, to be kept as a version and reviewed field by field."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models

from platform_mark.taxonomy.models import Branch, District, Municipality, Topic

if TYPE_CHECKING:
    from .models import Activity

# What each list of terms is stored by: words that outlive a renamed row.
TERMS: Mapping[str, tuple[type[models.Model], str]] = {
    "branches": (Branch, "slug"),
    "topics": (Topic, "slug"),
    "municipalities": (Municipality, "ags"),
    "districts": (District, "key"),
}
# Everything an organisation may write, in the order of the form. State, organisation and dates of publication are not here.
EMPTY: Mapping[str, Any] = {
    "title": "",
    "summary": "",
    "description": "",
    "kind": "",
    "target_groups": [],
    "branches": [],
    "sizes": [],
    "phases": [],
    "topics": [],
    "municipalities": [],
    "districts": [],
    "area": "",
    "cost": "unknown",
    "cost_note": "",
    "language": "Deutsch",
    "access": "",
    "contact_email": "",
    "contact_phone": "",
    "contact_person": "",
    "person_agreed_on": None,
    "url": "",
    "valid_from": None,
    "valid_until": None,
    "visibility": "public",
    "external_id": "",
}
FIELDS = tuple(EMPTY)
# What no public log may speak of, not even by name.
PRIVATE_FIELDS = frozenset({"contact_person", "person_agreed_on", "external_id", "visibility"})


def snapshot(activity: "Activity") -> dict[str, Any]:
    """All content as plain JSON values; addresses, states and dates of publication are not content."""
    return {
        name: _keys(name, getattr(activity, name).all()) if name in TERMS else plain(getattr(activity, name))
        for name in FIELDS
    }


def _keys(name: str, rows: Iterable[models.Model]) -> list[str]:
    return sorted(str(getattr(row, TERMS[name][1])) for row in rows)


def plain(value: Any) -> Any:
    """One value as JSON holds it."""
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, list | tuple) else value
