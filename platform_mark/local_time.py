"""Clock times of the region as staff write them: one that the clocks skip is refused, one that comes twice means the first."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format


def from_local(naive: datetime) -> datetime:
    """The instant that a clock on the wall means; raises ValidationError where no clock ever shows it."""
    zone = timezone.get_current_timezone()
    instant = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if timezone.make_naive(instant, zone) != naive.replace(fold=0):
        day = date_format(naive, "j. F Y")
        raise ValidationError(
            f"{naive:%H:%M} Uhr gibt es am {day} nicht: Die Uhren werden in dieser Nacht vorgestellt.", code="skipped"
        )
    return instant


def to_local(instant: datetime) -> datetime:
    """What the clock on the wall shows at an instant, without a zone: days added to it keep the time of day."""
    return timezone.make_naive(instant, timezone.get_current_timezone())


class LocalSplitDateTimeField(forms.SplitDateTimeField):
    """Date and time in two boxes. Django's own refuses doubled times, too, and explains neither."""

    def compress(self, data_list: list[Any]) -> datetime | None:
        """Return the instant that both boxes mean together."""
        if not data_list:
            return None
        day, time = data_list
        if day in self.empty_values:
            raise ValidationError(self.error_messages["invalid_date"], code="invalid_date")
        if time in self.empty_values:
            raise ValidationError(self.error_messages["invalid_time"], code="invalid_time")
        return from_local(datetime.combine(day, time))
