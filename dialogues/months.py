"""One month as a table of weeks, Monday first."""

from calendar import Calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from . import wording
from .facets import YEARS, month_after
from .showing import Card

WEEKDAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")


@dataclass(frozen=True)
class Day:
    day: date
    is_in_month: bool
    is_today: bool
    cards: Sequence[Card]

    @property
    def weekday(self) -> str:
        return WEEKDAYS[self.day.weekday()]


@dataclass(frozen=True)
class MonthTable:
    first: date
    weeks: Sequence[Sequence[Day]]

    @property
    def label(self) -> str:
        return wording.month(self.first)

    @property
    def before(self) -> date | None:
        """The month before; None where nobody looks any more."""
        before = (self.first - timedelta(days=1)).replace(day=1)
        return before if before.year in YEARS else None

    @property
    def after(self) -> date | None:
        """The next month; None where nobody looks any more."""
        after = month_after(self.first)
        return after if after.year in YEARS else None


def month_table(first: date, cards: Sequence[Card]) -> MonthTable:
    """The weeks of the month that begins on this day, each dialogue on the day on which it begins."""
    today = timezone.localdate()
    weeks = [
        [Day(day, day.month == first.month, day == today, [card for card in cards if card.day == day]) for day in week]
        for week in Calendar().monthdatescalendar(first.year, first.month)
    ]
    return MonthTable(first, weeks)
