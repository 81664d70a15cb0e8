"""What an account tells of a person, and how it goes."""

from typing import Any

from platform_mark.persons import described

from .models import User


class StaffAccount(Exception):
    """The address belongs to somebody of the staff, whose account is closed by the administration, not erased here."""


def export_person(key: str) -> dict[str, Any]:
    """The account of this address."""
    found = described(User.objects.filter(email__iexact=key))
    return {"Konto": found} if found else {}


def erase_person(key: str) -> int:
    """Delete the account with everything that hangs on it; raises StaffAccount."""
    users = User.objects.filter(email__iexact=key)
    if users.filter(is_staff=True).exists():
        raise StaffAccount
    return users.delete()[0]


def addresses() -> set[str]:
    """The addresses of all accounts that may be erased."""
    return {email.casefold() for email in User.objects.filter(is_staff=False).values_list("email", flat=True)}
