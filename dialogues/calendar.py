"""Dialogues as calendar files (RFC 5545). Times are in UTC, so no clock change can move them."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress, vText

from platform_mark.contact import operator

from . import wording
from .models import Dialogue, SeatKind

METHODS = ("PUBLISH", "CANCEL")


def event_calendar(
    dialogues: Iterable[Dialogue], *, method: str = "PUBLISH", name: str = "", stamp: datetime | None = None
) -> bytes:
    """Return one calendar with these dialogues; those without a time are left out.

    With the method CANCEL calendars take the events out again. `stamp` is for mails: of two files with the same SEQUENCE
    the later stamp counts; feeds leave it out, so that the same events make the same file. `name` is shown by programs
    that subscribe.
    """
    if method not in METHODS:
        raise ValueError(f"No such method: {method}")
    calendar = Calendar()
    calendar.add("prodid", "-//Portal//Branchendialoge//DE")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    if name:
        calendar.add("x-wr-calname", name)
        calendar.add("name", name)
    for dialogue in dialogues:
        if dialogue.starts_at and dialogue.ends_at:
            calendar.add_component(_event(dialogue, is_cancelled=method == "CANCEL", stamp=stamp))
    return calendar.to_ical()


def where(dialogue: Dialogue, ways: Collection[str]) -> str:
    """The place with its street, for people who take part in these ways; never empty."""
    return wording.where(dialogue.address, is_onsite=SeatKind.Way.ONSITE in ways, is_online=SeatKind.Way.ONLINE in ways)


def ways_of(dialogue: Dialogue) -> list[str]:
    """The ways in which a dialogue can be taken part in."""
    onsite = [SeatKind.Way.ONSITE.value] if dialogue.is_onsite else []
    return onsite + ([SeatKind.Way.ONLINE.value] if dialogue.is_online else [])


def _event(dialogue: Dialogue, *, is_cancelled: bool, stamp: datetime | None) -> Event:
    address = f"{settings.BASE_URL}/dialoge/{dialogue.slug}/"
    host = urlsplit(settings.BASE_URL).hostname
    event = Event()
    event.add("uid", f"dialog-{dialogue.pk}@{host}")
    event.add("sequence", dialogue.calendar_sequence)
    event.add("dtstamp", (stamp or dialogue.updated_at).astimezone(UTC))
    event.add("last-modified", dialogue.updated_at.astimezone(UTC))
    event.add("dtstart", dialogue.starts_at.astimezone(UTC))
    event.add("dtend", dialogue.ends_at.astimezone(UTC))
    event.add("summary", dialogue.title)
    event.add("location", dialogue.where_exactly)
    event.add("description", f"{dialogue.teaser}\n\n{address}")
    event.add("url", address)
    event.add("status", "CANCELLED" if is_cancelled or dialogue.cancelled_at else "CONFIRMED")
    if contact := dialogue.contact_email or operator()["email"]:
        organizer = vCalAddress(f"mailto:{contact}")
        organizer.params["CN"] = vText(operator()["name"])
        event["organizer"] = organizer
    return event
