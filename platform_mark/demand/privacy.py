"""What wishes for a message tell of one address, and how that goes."""

from typing import Any

from platform_mark.mail.privacy import keys_of, rows_of
from platform_mark.persons import described

from . import wishing
from .models import Wish


def export_person(key: str) -> dict[str, Any]:
    """What somebody waits for at this address."""
    found = described(rows_of(Wish, key))
    return {"Wünsche nach einer Nachricht": found} if found else {}


def erase_person(key: str) -> int:
    """Delete the wishes of this address; the number of the demand stays, it is nobody's. Return how many."""
    return rows_of(Wish, key).delete()[0]


def end_wish(key: str, pk: int) -> int:
    """End one wish of this address, if there is one of this number; return how many."""
    wishes = list(rows_of(Wish, key).filter(pk=pk))
    for wish in wishes:
        wishing.end(wish)
    return len(wishes)


def addresses() -> set[str]:
    """All addresses that are known here, as keys."""
    return keys_of(Wish)
