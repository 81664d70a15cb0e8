"""What alerts tell of one address, and how that goes."""

from typing import Any

from platform_mark.persons import described

from . import subscribing
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


def end_alert(key: str, pk: int) -> int:
    """End one alert of this address, if there is one of this number; return how many."""
    alerts = list(Alert.objects.filter(subscriber__email_key=key, pk=pk))
    for alert in alerts:
        subscribing.end(alert)
    return len(alerts)


def end_all(key: str, pk: int) -> int:
    """End all alerts of this address, if it is still the subscriber of this number; return how many subscribers."""
    subscribers = list(Subscriber.objects.filter(email_key=key, pk=pk))
    for subscriber in subscribers:
        subscribing.end_all(subscriber)
    return len(subscribers)


def addresses() -> set[str]:
    """All addresses that are known here, as keys."""
    return set(Subscriber.objects.values_list("email_key", flat=True))
