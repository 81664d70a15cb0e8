"""Dialogues as calendar files."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event

from .models import Dialogue


def event_calendar(dialogues: Iterable[Dialogue], *, method: str = "PUBLISH") -> bytes:
    """One calendar with these dialogues."""
    calendar = Calendar()
    calendar.add("prodid", "-//portal//dialoge//DE")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    for dialogue in dialogues:
        event = Event()
        event.add("uid", f"dialog-{dialogue.pk}@{urlsplit(settings.BASE_URL).hostname}")
        event.add("sequence", dialogue.calendar_sequence)
        event.add("dtstamp", dialogue.updated_at)
        event.add("dtstart", dialogue.starts_at)
        event.add("dtend", dialogue.ends_at)
        event.add("summary", dialogue.title)
        event.add("location", dialogue.where)
        event.add("url", f"{settings.BASE_URL}{dialogue.get_absolute_url()}")
        event.add("status", "CANCELLED" if dialogue.is_cancelled else "CONFIRMED")
        calendar.add_component(event)
    return calendar.to_ical()
