"""What suggestions tell of one address, and how that goes."""

from typing import Any

from django.db.models import QuerySet

from platform_mark.mail.outbox import address_key
from platform_mark.persons import described

from .models import Suggestion


def export_person(key: str) -> dict[str, Any]:
    """Suggestions that came from this address."""
    found = described(_of(key), leave_out=("practice",))
    return {"Vorschläge": found} if found else {}


def erase_person(key: str) -> int:
    """Delete the suggestions of this address; an example that was made of one stays. Return how many."""
    return _of(key).delete()[1].get("practices.Suggestion", 0)


def addresses() -> set[str]:
    """All addresses that are known here, as keys."""
    return {address_key(email) for email in Suggestion.objects.exclude(email="").values_list("email", flat=True)}


def _of(key: str) -> QuerySet[Suggestion]:
    # There are few, and they keep no key of their own.
    rows = Suggestion.objects.exclude(email="").values_list("pk", "email")
    return Suggestion.objects.filter(pk__in=[pk for pk, email in rows if address_key(email) == key])
