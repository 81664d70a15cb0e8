"""A dialogue as search engines read it (schema.org), made from the same values as the page."""

from typing import Any

from django.conf import settings
from django.utils import timezone

from platform_mark.contact import operator

from .models import Dialogue, Host

_SCHEMA = "https://schema.org/"
_MODES = {
    Dialogue.Form.ONSITE: "OfflineEventAttendanceMode",
    Dialogue.Form.ONLINE: "OnlineEventAttendanceMode",
    Dialogue.Form.HYBRID: "MixedEventAttendanceMode",
}


def event(dialogue: Dialogue) -> dict[str, Any]:
    """The dialogue as an Event. Who only takes part online learns the link by mail, so the page stands for the place."""
    address = f"{settings.BASE_URL}{dialogue.get_absolute_url()}"
    status = (
        "EventCancelled" if dialogue.is_cancelled else "EventRescheduled" if dialogue.moved_from else "EventScheduled"
    )
    data: dict[str, Any] = {
        "@type": "Event",
        "name": dialogue.title,
        "description": dialogue.teaser,
        "url": address,
        "inLanguage": "de",
        "startDate": _local(dialogue.starts_at),
        "endDate": _local(dialogue.ends_at),
        "eventStatus": f"{_SCHEMA}{status}",
        "eventAttendanceMode": f"{_SCHEMA}{_MODES[Dialogue.Form(dialogue.form)]}",
        "location": _locations(dialogue, address),
        "isAccessibleForFree": True,
        "organizer": [
            {"@type": "Organization", "name": host.shown_name}
            for host in dialogue.hosts.all()
            if host.role == Host.Role.HOST
        ]
        or [{"@type": "Organization", "name": operator()["name"], "url": f"{settings.BASE_URL}/"}],
    }
    if dialogue.moved_from:
        data["previousStartDate"] = _local(dialogue.moved_from)
    return data


def _locations(dialogue: Dialogue, address: str) -> list[dict[str, Any]]:
    locations: list[dict[str, Any]] = []
    if dialogue.is_onsite:
        postal = {
            "streetAddress": dialogue.street,
            "postalCode": dialogue.postal_code,
            "addressLocality": dialogue.town,
            "addressCountry": "DE",
        }
        locations.append(
            {
                "@type": "Place",
                "name": dialogue.location or "Ort folgt",
                "address": {"@type": "PostalAddress", **{name: value for name, value in postal.items() if value}},
            }
        )
    if dialogue.is_online:
        locations.append({"@type": "VirtualLocation", "url": address})
    return locations


def _local(at: Any) -> str:
    return timezone.localtime(at).isoformat(timespec="minutes")
