"""How often news go out, by the clock on the wall here: a worker that was away finds what it has missed."""

from datetime import date, datetime, time, timedelta

from django.db import models
from django.utils import timezone

# With the first coffee, and at no hour that a change of the clocks skips or shows twice.
SENT_AT = time(7)


class Rhythm(models.TextChoices):
    DAILY = "daily", "täglich"
    WEEKLY = "weekly", "wöchentlich"
    MONTHLY = "monthly", "monatlich"


def last_due(rhythm: str, at: datetime) -> datetime:
    """The latest instant up to `at` at which this rhythm came round: each morning, each Monday's, that of each first."""
    today = timezone.localdate(at)
    if at < _morning(today):
        today -= timedelta(days=1)
    if rhythm == Rhythm.WEEKLY:
        today -= timedelta(days=today.weekday())
    elif rhythm == Rhythm.MONTHLY:
        today = today.replace(day=1)
    return _morning(today)


def _morning(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, SENT_AT))
