"""What reports of barriers tell of one address, and how that goes."""

from typing import Any

from platform_mark.mail.privacy import keys_of, rows_of
from platform_mark.persons import described

from .models import BarrierReport


def export_person(key: str) -> dict[str, Any]:
    """Reports of barriers that came from this address."""
    found = described(rows_of(BarrierReport, key))
    return {"Gemeldete Barrieren": found} if found else {}


def erase_person(key: str) -> int:
    """Take the address from reports of barriers: what was wrong still is. Return how many."""
    return rows_of(BarrierReport, key).update(email="")


def addresses() -> set[str]:
    """All addresses that are known here, as keys."""
    return keys_of(BarrierReport)
