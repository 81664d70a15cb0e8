"""A month of everything that is scheduled: dialogues, what goes online or off, reminders, what somebody promised."""

import calendar
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from platform_mark.local_time import from_local
from platform_mark.media.models import Image
from platform_mark.publishing.models import State
from practices.models import Practice

from ..models import Agreement, Dialogue


@dataclass(frozen=True)
class Entry:
    """One thing that happens on a day."""

    what: str
    title: str
    url: str
    time: str = ""


@dataclass
class Day:
    on: date
    is_in_month: bool
    is_today: bool
    entries: list[Entry] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The day in words, for who does not see the table."""
        return date_format(self.on, "l, j. F")


@dataclass(frozen=True)
class Month:
    first: date
    weeks: list[list[Day]]

    @property
    def title(self) -> str:
        """„Dezember 2026“."""
        return date_format(self.first, "F Y")

    @property
    def before(self) -> date:
        """The first day of the month before."""
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def after(self) -> date:
        """The first day of the month after."""
        return (self.first + timedelta(days=31)).replace(day=1)


def month_of(text: str) -> date:
    """The first day of a month given as 2026-12; of this month where that says nothing."""
    try:
        found = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 (a month has no zone)
    except ValueError:
        found = timezone.localdate()
    # Months around the ends of the calendar have no neighbours.
    return found.replace(day=1) if 2000 <= found.year <= 2100 else timezone.localdate().replace(day=1)


def month(first: date, *, with_practices: bool, with_pictures: bool) -> Month:
    """All that is scheduled in the weeks of a month; of other subjects only what the reader may see."""
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    days = weeks[0][0], weeks[-1][-1]
    entries = _dialogues(*days)
    for day, found in _agreements(*days):
        entries[day].append(found)
    if with_practices:
        for day, found in _practices(*days):
            entries[day].append(found)
    if with_pictures:
        for picture in Image.objects.filter(rights_until__range=days).order_by("pk"):
            url = reverse("admin:media_image_change", args=[picture.pk])
            entries[picture.rights_until].append(Entry("Bildrechte enden", str(picture), url))
    today = timezone.localdate()
    return Month(
        first,
        [[Day(day, day.month == first.month, day == today, entries.get(day, [])) for day in week] for week in weeks],
    )


def _bounds(first: date, last: date) -> tuple[datetime, datetime]:
    return from_local(datetime.combine(first, time())), from_local(datetime.combine(last, time(23, 59, 59)))


def _dialogues(first: date, last: date) -> dict[date, list[Entry]]:
    span = _bounds(first, last)
    # Reminders go out before the day that is asked for.
    latest = span[1] + timedelta(days=365)
    rows = Dialogue.objects.filter(
        Q(starts_at__range=(span[0], latest))
        | Q(published_at__range=span)
        | Q(expires_at__range=span)
        | Q(signup_opens_at__range=span)
        | Q(signup_closes_at__range=span)
    ).order_by("starts_at", "pk")
    entries: dict[date, list[Entry]] = defaultdict(list)
    for row in rows:
        url = reverse("admin:dialogues_dialogue_change", args=[row.pk])
        is_ahead = row.state == State.PUBLISHED and not row.cancelled_at
        for what, moment, counts in (
            (
                "Abgesagt" if row.cancelled_at else "Dialog" if row.state == State.PUBLISHED else "Entwurf",
                row.starts_at,
                True,
            ),
            (
                "Wird veröffentlicht",
                row.published_at,
                is_ahead and row.published_at and row.published_at > timezone.now(),
            ),
            ("Nicht mehr sichtbar", row.expires_at, is_ahead),
            ("Anmeldung öffnet", row.signup_opens_at, is_ahead),
            ("Anmeldung schließt", row.signup_closes_at, is_ahead),
        ):
            if moment and counts and span[0] <= moment <= span[1]:
                local = timezone.localtime(moment)
                entries[local.date()].append(Entry(what, row.title, url, f"{local:%H:%M}"))
        if is_ahead and row.starts_at:
            for days in row.reminder_days:
                day = timezone.localtime(row.starts_at).date() - timedelta(days=days)
                if first <= day <= last:
                    entries[day].append(Entry("Erinnerung geht hinaus", row.title, url))
    return entries


def _agreements(first: date, last: date) -> list[tuple[date, Entry]]:
    rows = Agreement.objects.filter(due_on__range=(first, last), state=Agreement.State.OPEN).order_by("due_on", "pk")
    return [
        (row.due_on, Entry("Vereinbarung fällig", row.text, reverse("admin:dialogues_agreement_change", args=[row.pk])))
        for row in rows
        if row.due_on
    ]


def _practices(first: date, last: date) -> list[tuple[date, Entry]]:
    span = _bounds(first, last)
    now = timezone.now()
    rows = Practice.objects.filter(
        Q(published_at__range=(max(span[0], now), span[1])) | Q(expires_at__range=span), state=State.PUBLISHED
    ).order_by("pk")
    found = []
    for row in rows:
        url = reverse("admin:practices_practice_change", args=[row.pk])
        for what, moment in (("Wird veröffentlicht", row.published_at), ("Nicht mehr sichtbar", row.expires_at)):
            if moment and span[0] <= moment <= span[1] and (what != "Wird veröffentlicht" or moment > now):
                found.append((timezone.localtime(moment).date(), Entry(what, row.title, url)))
    return found
