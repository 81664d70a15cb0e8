"""How long "still true" holds, in whole days of the region's calendar.

An assurance holds for 180 days. Whoever does not renew it gets a public label two weeks later; sixty days after that the
entry stands among the former ones. What nobody has assured yet bears the label from the start, and its days count from
publication. All of this follows from the dates, so that it is true whether or not a job has run.

What an organisation says of itself holds for a year and never leaves: its label stays until somebody assures it.
"""

from datetime import date, datetime, time, timedelta

from django.db import models
from django.utils import timezone

from platform_mark.prepared import Instant, following

HOLDS_DAYS = 180
ASK_BEFORE_DAYS = 30
LABEL_DAYS = HOLDS_DAYS + 14
FORMER_DAYS = LABEL_DAYS + 60
PROFILE_HOLDS_DAYS = 365
PROFILE_LABEL_DAYS = PROFILE_HOLDS_DAYS + 14
# From then on staff see to it.
PROFILE_NEGLECTED_DAYS = PROFILE_LABEL_DAYS + 60


class Stage(models.TextChoices):
    """How fresh an entry is; the label is what the public reads."""

    FRESH = "fresh", "bestätigt"
    DUE = "due", "Bestätigung fällig"
    OVERDUE = "overdue", "nicht bestätigt"
    FORMER = "former", "früherer Eintrag"


def stage_of(
    *,
    confirmed_at: datetime | None,
    published_at: datetime | None,
    valid_until: date | None,
    at: datetime | None = None,
) -> Stage:
    """The stage of something public with these dates at the instant `at` (now, if not given)."""
    today = timezone.localdate(at)
    age = _age(confirmed_at or published_at, today)
    if (valid_until and valid_until < today) or age >= FORMER_DAYS:
        return Stage.FORMER
    if confirmed_at is None or age >= LABEL_DAYS:
        return Stage.OVERDUE
    return Stage.DUE if age >= HOLDS_DAYS else Stage.FRESH


def profile_stage_of(*, confirmed_at: datetime | None, approved_at: datetime, at: datetime | None = None) -> Stage:
    """The stage of a profile, which its people have written when they came and nobody takes off the lists."""
    age = _age(confirmed_at or approved_at, timezone.localdate(at))
    if age >= PROFILE_LABEL_DAYS:
        return Stage.OVERDUE
    return Stage.DUE if age >= PROFILE_HOLDS_DAYS else Stage.FRESH


def oldest(days: int, at: Instant | None = None) -> Instant:
    """The first instant whose day is less than `days` days before `at`: what was assured before it is that old or older."""
    return following(at, lambda now: start_of(timezone.localdate(now) - timedelta(days=days - 1)))


def start_of(day: date) -> datetime:
    """The first instant of a day in the region."""
    return timezone.make_aware(datetime.combine(day, time.min))


def day_number(instant: datetime) -> int:
    """The day of an instant in the region, as a number to count and compare with."""
    return timezone.localdate(instant).toordinal()


def due_on(confirmed_at: datetime | None, published_at: datetime | None) -> date | None:
    """The day on which the next assurance is due; None for what was never public."""
    base = confirmed_at or published_at
    return timezone.localdate(base) + timedelta(days=HOLDS_DAYS) if base else None


def profile_due_on(confirmed_at: datetime | None, approved_at: datetime | None) -> date | None:
    """The day on which the next assurance of a profile is due; None for an organisation that waits."""
    base = confirmed_at or approved_at
    return timezone.localdate(base) + timedelta(days=PROFILE_HOLDS_DAYS) if base else None


def former_from(
    *, confirmed_at: datetime | None, published_at: datetime | None, valid_until: date | None
) -> datetime | None:
    """The instant from which an entry with these dates stands among the former ones, if nobody renews it."""
    base = confirmed_at or published_at
    days = [timezone.localdate(base) + timedelta(days=FORMER_DAYS)] if base else []
    days += [valid_until + timedelta(days=1)] if valid_until else []
    return start_of(min(days)) if days else None


def _age(base: datetime | None, today: date) -> int:
    return (today - timezone.localdate(base)).days if base else 0
