"""Who came, as numbers. They stay when the names have been deleted."""

from dataclasses import dataclass

from django.db.models import Count, Q

from .models import Attendee, Dialogue, Registration


@dataclass(frozen=True)
class Attendance:
    """What the report says where staff wrote no numbers of their own."""

    people: int
    companies: int
    absent: int


def attendance(dialogue: Dialogue) -> Attendance:
    """The counts of the tick list."""
    counts = Registration.objects.filter(dialogue=dialogue).aggregate(
        people=Count("attendees", filter=Q(attendees__presence=Attendee.Presence.ATTENDED)),
        companies=Count("pk", filter=Q(attendees__presence=Attendee.Presence.ATTENDED), distinct=True),
        absent=Count("attendees", filter=Q(attendees__presence=Attendee.Presence.ABSENT)),
    )
    return Attendance(**counts)
