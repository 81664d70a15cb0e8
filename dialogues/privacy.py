"""What sign-ups tell of one address, and how that goes."""

from typing import Any

from django.db.models import Q, QuerySet

from platform_mark.persons import described

from . import registration as journeys
from .models import Answer, Attendee, Notice, Registration, RegistrationEvent


def export_person(key: str) -> dict[str, Any]:
    """The sign-ups of this address with people, answers, steps and single notices."""
    rows = Registration.objects.filter(Q(pk__in=_of(key)) | Q(part_of__in=_of(key)))
    found: dict[str, QuerySet] = {
        "Anmeldungen": rows.order_by("pk"),
        "Angemeldete Personen": Attendee.objects.filter(registration__in=rows),
        "Antworten": Answer.objects.filter(registration__in=rows),
        "Schritte der Anmeldungen": RegistrationEvent.objects.filter(registration__in=rows),
        "Einmalige Nachrichten": Notice.objects.filter(registration__in=rows),
    }
    described_rows = {name: described(each, leave_out=("part_of", "email_key")) for name, each in found.items()}
    return {name: each for name, each in described_rows.items() if each}


def erase_person(key: str) -> int:
    """Erase every sign-up of this address; future ones free their seats, counts stay. Return how many."""
    # In the order of their dialogues, as every journey locks them.
    rows = list(_of(key).order_by("dialogue", "pk"))
    for row in rows:
        journeys.erase(row)
    return len(rows)


def erase_booking(key: str, pk: int) -> int:
    """Erase one sign-up of this address, if there is one of this number; return how many."""
    rows = list(_of(key).filter(pk=pk, anonymised_at=None))
    for row in rows:
        journeys.erase(row)
    return len(rows)


def end_news(key: str, pk: int) -> int:
    """Withdraw the consent to later news of one sign-up of this address, if it has any; return how many."""
    rows = list(_of(key).filter(pk=pk).exclude(news_agreed_at=None))
    for row in rows:
        journeys.end_news(row)
    return len(rows)


def addresses() -> set[str]:
    """All addresses that are signed up, as keys."""
    return set(Registration.objects.exclude(email_key="").values_list("email_key", flat=True))


def _of(key: str) -> QuerySet[Registration]:
    return Registration.objects.filter(email_key=key, part_of=None)
