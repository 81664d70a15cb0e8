"""What alerts tell of one address, and how that goes."""

from typing import Any

from platform_mark.persons import described

from .models import Alert, Subscriber


def export_person(key: str) -> dict[str, Any]:
    """What this address ordered, with the texts it agreed to and both times."""
    found = {
        "Benachrichtigungen": described(Alert.objects.filter(subscriber__email_key=key)),
        "Adresse für Benachrichtigungen": described(Subscriber.objects.filter(email_key=key)),
    }
    return {heading: rows for heading, rows in found.items() if rows}


def erase_person(key: str) -> int:
    """Delete the address with all its alerts; return how many rows."""
    return sum(Subscriber.objects.filter(email_key=key).delete()[1].values())


def addresses() -> set[str]:
    """All addresses that are known here, as keys."""
    return set(Subscriber.objects.values_list("email_key", flat=True))
