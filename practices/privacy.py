"""What suggestions tell of one address, and how that goes."""

from typing import Any

from platform_mark.mail.privacy import keys_of, rows_of
from platform_mark.persons import described

from .models import Suggestion


def export_person(key: str) -> dict[str, Any]:
    """Suggestions that came from this address."""
    found = described(rows_of(Suggestion, key), leave_out=("practice",))
    return {"Vorschläge": found} if found else {}


def erase_person(key: str) -> int:
    """Delete the suggestions of this address; an example that was made of one stays. Return how many."""
    return rows_of(Suggestion, key).delete()[1].get("practices.Suggestion", 0)


def addresses() -> set[str]:
    """All addresses that are known here, as keys."""
    return keys_of(Suggestion)
