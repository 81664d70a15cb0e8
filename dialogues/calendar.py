"""Dialogues as calendar files (RFC 5545). Times are in UTC, so no clock change can move them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress, vText

from platform_mark.contact import operator

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


def place(dialogue: Dialogue) -> str:
    """Where people go, in one line; empty where it is online only or not known."""
    if dialogue.form == Dialogue.Form.ONLINE:
        return ""
    town = dialogue.municipality.name if dialogue.municipality else dialogue.place
    return ", ".join(filter(None, [dialogue.venue, dialogue.street, f"{dialogue.postal_code} {town}".strip()]))


def where(dialogue: Dialogue, ways: Iterable[str]) -> str:
    """The same in words, for people who take part in these ways; never empty."""
    words = []
    if SeatKind.Way.ONSITE in ways:
        words.append(place(dialogue) or "Ort folgt")
    if SeatKind.Way.ONLINE in ways:
        words.append("online" if words else "Online")
    return " und ".join(words)


def ways_of(dialogue: Dialogue) -> list[str]:
    """The ways in which a dialogue can be taken part in."""
    onsite = [SeatKind.Way.ONSITE.value] if dialogue.form != Dialogue.Form.ONLINE else []
    return onsite + ([SeatKind.Way.ONLINE.value] if dialogue.form != Dialogue.Form.ONSITE else [])


def _event(dialogue: Dialogue, *, is_cancelled: bool, stamp: datetime | None) -> Event:
    address = f"{settings.BASE_URL}/dialoge/{dialogue.slug}/"
    host = urlsplit(settings.BASE_URL).hostname
    event = Event()
    event.add("uid", f"dialog-{dialogue.pk}@{host}")
    event.add("sequence", dialogue.calendar_sequence)
    event.add("dtstamp", (stamp or dialogue.updated_at).astimezone(UTC))
    event.add("last-modified", dialogue.updated_at.astimezone(UTC))
    event.add("dtstart", dialogue.starts_at.astimezone(UTC))  # type: ignore[union-attr]
    event.add("dtend", dialogue.ends_at.astimezone(UTC))  # type: ignore[union-attr]
    event.add("summary", dialogue.title)
    event.add("location", where(dialogue, ways_of(dialogue)))
    event.add("description", f"{dialogue.teaser}\n\n{address}")
    event.add("url", address)
    event.add("status", "CANCELLED" if is_cancelled or dialogue.cancelled_at else "CONFIRMED")
    if contact := dialogue.contact_email or operator()["email"]:
        organizer = vCalAddress(f"mailto:{contact}")
        organizer.params["CN"] = vText(operator()["name"])
        event["organizer"] = organizer
    return event
