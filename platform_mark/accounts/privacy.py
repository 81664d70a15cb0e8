"""What an account tells of a person, and how it goes."""

from typing import Any

from platform_mark.mail.privacy import keys_of, rows_of
from platform_mark.persons import described

from .models import User


class StaffAccount(Exception):
    """The address belongs to somebody of the staff, whose account is closed by the administration, not erased here."""


def export_person(key: str) -> dict[str, Any]:
    """The account of this address."""
    found = described(rows_of(User, key))
    return {"Konto": found} if found else {}


def erase_person(key: str) -> int:
    """Delete the account with everything that hangs on it; raises StaffAccount."""
    users = rows_of(User, key)
    if users.filter(is_staff=True).exists():
        raise StaffAccount
    return users.delete()[0]


def addresses() -> set[str]:
    """The addresses of all accounts, as keys; those of staff, too, so that their refusal is noticed."""
    return keys_of(User)
