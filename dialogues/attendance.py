"""Who came: as bookings while the names are there, and as numbers, which stay when they have been deleted."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

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


def took_part(dialogue: Dialogue) -> QuerySet[Registration]:
    """The bookings of those who were there: of everybody ticked off as present.

    Where nobody was, nobody kept the list to its end: then it is all with a seat who were not noted as absent.
    """
    seated = Attendee.objects.filter(registration__dialogue=dialogue, registration__state=Registration.State.CONFIRMED)
    came = seated.filter(presence=Attendee.Presence.ATTENDED)
    if not came.exists():
        came = seated.exclude(presence=Attendee.Presence.ABSENT)
    return dialogue.registrations.filter(pk__in=came.values("registration"))
