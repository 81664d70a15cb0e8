"""Lists of participants as files: a row for each person, and only what the day needs. Wishes for access or food stay out."""

import io
from collections.abc import Iterable, Iterator
from typing import IO

from django.db.models import QuerySet
from django.utils import timezone

from platform_mark.exports import XLSX_TYPE, CellValue, write_csv, write_xlsx

from ..models import Answer, Question, Registration

MOST_ROWS = 5_000
FORMATS = {
    "xlsx": ("Excel (.xlsx)", XLSX_TYPE),
    "csv": ("CSV", "text/csv; charset=utf-8"),
}
HEAD = (
    *("Dialog", "Beginn", "Betrieb", "Name", "Zielgruppe", "Platz", "Stand", "Anwesenheit"),
    *("Ansprechperson", "E-Mail", "Größe", "Branche", "Angemeldet am"),
)
_WIDTHS = (36, 17, 30, 28, 18, 18, 18, 14, 26, 32, 14, 24, 17)


def export(target: IO[bytes], registrations: QuerySet[Registration], form: str) -> int:
    """Write these bookings in one of FORMATS and return how many they are; people of one booking follow each other.

    Of a single dialogue the answers to its questions come along, a column each.
    """
    rows = list(
        registrations.select_related("dialogue", "branch")
        .prefetch_related("attendees__seat_kind")
        .order_by("dialogue__starts_at", "dialogue", "company", "pk")
    )
    dialogues = {row.dialogue_id for row in rows}
    questions = list(Question.objects.filter(dialogue__in=dialogues)) if len(dialogues) == 1 else []
    answers = {
        (answer.registration_id, answer.question_id): ", ".join(answer.texts)
        for answer in Answer.objects.filter(registration__in=rows, question__in=questions)
    }
    table = [(*HEAD, *(question.text for question in questions)), *_lines(rows, questions, answers)]
    if form == "xlsx":
        write_xlsx(target, "Teilnehmende", table, widths=(*_WIDTHS, *[30] * len(questions)))
    else:
        text = io.TextIOWrapper(target, encoding="utf-8", newline="")
        write_csv(text, table)
        text.detach()
    return len(rows)


def _lines(
    rows: Iterable[Registration], questions: list[Question], answers: dict[tuple[int, int], str]
) -> Iterator[tuple[CellValue, ...]]:
    for row in rows:
        booked = tuple(answers.get((row.pk, question.pk), "") for question in questions)
        for person in sorted(row.attendees.all(), key=lambda person: person.pk):
            yield (
                row.dialogue.title,
                _local(row.dialogue.starts_at),
                row.company,
                person.name or "N.N.",
                person.get_role_display(),
                person.seat_kind.name,
                row.get_state_display(),
                person.get_presence_display(),
                row.contact_name,
                row.email,
                row.get_size_display(),
                row.branch.name if row.branch else "",
                _local(row.created_at),
                *booked,
            )


def _local(moment: object) -> CellValue:
    # Spreadsheets know no zones: they get the time on the wall.
    return timezone.localtime(moment).replace(tzinfo=None, microsecond=0) if moment else None  # type: ignore[arg-type]
