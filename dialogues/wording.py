"""Days, times and places as German sentences say them; times by the clock on the wall."""

from datetime import date, datetime

from django.utils import formats, timezone

NBSP = "\N{NO-BREAK SPACE}"


def day(at: datetime | date) -> str:
    """„Donnerstag, 3. Dezember 2026“."""
    return formats.date_format(_local(at), "l, j.\xa0F Y")


def short_day(at: datetime | date, *, today: date | None = None) -> str:
    """„3. Dezember“, with the year where it is not this one."""
    at = _local(at)
    return formats.date_format(at, "j.\xa0F" if at.year == (today or timezone.localdate()).year else "j.\xa0F Y")


def month(at: datetime | date) -> str:
    """„Dezember 2026“."""
    return formats.date_format(_local(at), "F Y")


def hours(starts_at: datetime, ends_at: datetime) -> str:
    """„16 bis 19 Uhr“; where it ends on another day, that day is named."""
    first, last = timezone.localtime(starts_at), timezone.localtime(ends_at)
    if first.date() == last.date():
        return f"{_clock(first)} bis {_clock(last)}{NBSP}Uhr"
    until = formats.date_format(last, "l, j.\xa0F")
    return f"{_clock(first)}{NBSP}Uhr bis {until}, {_clock(last)}{NBSP}Uhr"


def when(starts_at: datetime, ends_at: datetime) -> str:
    """„Donnerstag, 3. Dezember 2026, 16 bis 19 Uhr“."""
    return f"{day(starts_at)}, {hours(starts_at, ends_at)}"


def moment(at: datetime) -> str:
    """„Dienstag, 1. Dezember 2026, 18 Uhr“."""
    return f"{day(at)}, {_clock(timezone.localtime(at))}{NBSP}Uhr"


def where(location: str, *, is_onsite: bool, is_online: bool) -> str:
    """„Halle 2, Altena und online“, „Online“ or „Ort folgt“."""
    if not is_onsite:
        return "Online"
    return f"{location or 'Ort folgt'} und online" if is_online else location or "Ort folgt"


def _clock(at: datetime) -> str:
    return f"{at.hour}:{at.minute:02}" if at.minute else str(at.hour)


def _local(at: datetime | date) -> date:
    return timezone.localtime(at).date() if isinstance(at, datetime) else at
