"""Sign-ups and attendance of a period, for staff and funders: small numbers are hidden, since behind them stand people."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from tempfile import TemporaryFile
from typing import IO, Any

from django.db.models import Count, Q
from django.utils import timezone
from openpyxl import Workbook

from platform_mark.exports import CellValue, add_sheet
from platform_mark.local_time import from_local
from platform_mark.publishing.models import State
from platform_mark.taxonomy.models import CompanySize

from ..models import Attendee, Dialogue, Registration

# Below this a number could be somebody. None is no one and stays.
SMALLEST = 3
HIDDEN = "verdeckt"
UNKNOWN = "keine Angabe"
_CAME = Q(attendees__presence=Attendee.Presence.ATTENDED)


@dataclass(frozen=True)
class Row:
    """A line of a table: its name, and its numbers as they may be shown."""

    name: str
    cells: tuple[int | str, ...]


@dataclass(frozen=True)
class Table:
    title: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    total: Row


@dataclass(frozen=True)
class Statistics:
    first: date
    last: date
    tables: tuple[Table, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no dialogue fell into the period."""
        return not self.tables[0].rows


def usual_period() -> dict[str, str]:
    """This year up to today, as the form takes it."""
    today = timezone.localdate()
    return {"von": today.replace(month=1, day=1).isoformat(), "bis": today.isoformat()}


def statistics(first: date, last: date) -> Statistics:
    """Count the dialogues that begin between these days, both included; drafts and cancelled ones are none."""
    dialogues = Dialogue.objects.filter(
        starts_at__gte=_midnight(first),
        starts_at__lt=_midnight(last + timedelta(days=1)),
        state__in=[State.PUBLISHED, State.ARCHIVED],
        cancelled_at=None,
    )
    seated = Registration.objects.bookings().filter(dialogue__in=dialogues, state=Registration.State.CONFIRMED)
    sizes = _counted(seated.order_by().values_list("size").annotate(Count("pk")))
    branches = _counted(seated.order_by().values_list("branch__name").annotate(Count("pk")))
    districts = _counted(seated.order_by().values_list("dialogue__municipality__district__name").annotate(Count("pk")))
    by_size = {str(size.label): sizes[size.value] for size in CompanySize} | {UNKNOWN: sizes[""]}
    return Statistics(
        first,
        last,
        (
            _dialogues(dialogues),
            _firms("Betriebe nach Größe", "Größe", by_size.items()),
            _firms("Betriebe nach Branche", "Branche", _sorted(branches)),
            _firms("Betriebe nach Kreis des Veranstaltungsorts", "Kreis", _sorted(districts)),
        ),
    )


def download(found: Statistics) -> IO[bytes]:
    """The same as an Excel file, a sheet for each table; the caller closes it."""
    book = Workbook(write_only=True)
    for table, name in zip(found.tables, ("Dialoge", "Größe", "Branche", "Kreis"), strict=True):
        lines: list[Sequence[CellValue]] = [table.head, *((row.name, *row.cells) for row in (*table.rows, table.total))]
        add_sheet(book, name, lines, widths=[48, *[16] * (len(table.head) - 1)])
    file = TemporaryFile()  # noqa: SIM115 (the answer closes it)
    book.save(file)
    file.seek(0)
    return file


def masked(numbers: Sequence[int]) -> list[int | str]:
    """Numbers and, last, their sum, as they may be shown.

    Where the sum would tell what is hidden (a single one, or only the smallest or only the largest that are), the next
    smallest is hidden, too, and where there is none, the sum.
    """
    hidden = {place for place, number in enumerate(numbers) if 0 < number < SMALLEST}
    total = sum(numbers)
    in_hidden = sum(numbers[place] for place in hidden)
    if len(hidden) == 1 or (hidden and in_hidden in (len(hidden), len(hidden) * (SMALLEST - 1))):
        others = [place for place, number in enumerate(numbers) if number and place not in hidden]
        hidden.add(min(others, key=lambda place: numbers[place]) if others else len(numbers))
    return [HIDDEN if place in hidden else number for place, number in enumerate([*numbers, total])]


def _dialogues(dialogues: Iterable[Dialogue]) -> Table:
    head = ("Dialog", "Plätze", "Anmeldungen", "Betriebe mit Platz", "Personen mit Platz", "Personen da", "Betriebe da")
    rows = list(Dialogue.objects.filter(pk__in=dialogues).order_by("starts_at", "pk"))
    seats = _capacities(rows)
    counted: dict[int, Any] = {
        line["dialogue"]: line
        for line in Registration.objects.filter(dialogue__in=rows)
        .order_by()
        .values("dialogue")
        .annotate(
            signups=Count("pk", filter=Q(part_of=None, confirmed_at__isnull=False), distinct=True),
            firms=Count("pk", filter=Q(part_of=None, state=Registration.State.CONFIRMED), distinct=True),
            people=Count("attendees", filter=Q(state=Registration.State.CONFIRMED)),
            came=Count("attendees", filter=_CAME),
            firms_came=Count("pk", filter=_CAME, distinct=True),
        )
    }
    names = ("signups", "firms", "people", "came", "firms_came")
    columns = [[counted.get(row.pk, {}).get(name, 0) for row in rows] for name in names]
    shown = [masked(column) for column in columns]
    return Table(
        "Dialoge",
        head,
        tuple(
            Row(
                f"{timezone.localtime(row.starts_at):%d.%m.%Y} {row.title}",
                (seats.get(row.pk, 0), *(column[place] for column in shown)),
            )
            for place, row in enumerate(rows)
        ),
        Row("Zusammen", (sum(seats.values()), *(column[-1] for column in shown))),
    )


def _capacities(rows: Sequence[Dialogue]) -> dict[int, int]:
    found: Counter[int] = Counter()
    for pk, capacity in Dialogue.objects.filter(pk__in=[row.pk for row in rows]).values_list(
        "pk", "seat_kinds__capacity"
    ):
        found[pk] += capacity or 0
    return dict(found)


def _firms(title: str, what: str, counted: Iterable[tuple[str, int]]) -> Table:
    pairs = list(counted)
    *numbers, total = masked([number for _, number in pairs])
    rows = tuple(Row(name, (number,)) for (name, _), number in zip(pairs, numbers, strict=True))
    return Table(title, (what, "Betriebe mit Platz"), rows, Row("Zusammen", (total,)))


def _counted(pairs: Iterable[tuple[str | None, int]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for name, number in pairs:
        found[name or ""] += number
    return found


def _sorted(counted: Counter[str]) -> list[tuple[str, int]]:
    named = sorted(name for name in counted if name)
    return [(name, counted[name]) for name in named] + ([(UNKNOWN, counted[""])] if counted[""] else [])


def _midnight(day: date) -> datetime:
    return from_local(datetime.combine(day, time()))
