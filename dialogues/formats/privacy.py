"""What ideas and reports of formats tell of one address, and how that goes."""

from typing import Any

from platform_mark.mail.privacy import keys_of, rows_of
from platform_mark.persons import described

from .models import Idea, TryReport


def export_person(key: str) -> dict[str, Any]:
    """Ideas and reports that came from this address."""
    found = {"Ideen": described(rows_of(Idea, key)), "Berichte zu Formaten": described(rows_of(TryReport, key))}
    return {name: rows for name, rows in found.items() if rows}


def erase_person(key: str) -> int:
    """Delete reports that are not public; take the address from the others and from ideas. Return how many."""
    deleted = rows_of(TryReport, key).exclude(state=TryReport.State.PUBLISHED).delete()[0]
    return deleted + rows_of(TryReport, key).update(email="") + rows_of(Idea, key).update(email="")


def addresses() -> set[str]:
    """All addresses that are known here, as keys."""
    return keys_of(Idea) | keys_of(TryReport)
