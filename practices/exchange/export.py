"""Write examples into a file, and the empty table that people fill in."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import IO, Any

from django.db.models import QuerySet
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from platform_mark.exports import XLSX_TYPE, CellValue, add_sheet, write_csv, write_json, write_xlsx
from platform_mark.publishing.models import State
from platform_mark.sheets import MAX_ROWS
from platform_mark.taxonomy.lookup import Lookup
from platform_mark.taxonomy.models import CompanySize

from ..models import Practice
from ..snapshot import PARTS, written
from .columns import COLUMNS, PART_COLUMNS, PART_COUNTS, READ_ONLY, SEPARATOR, Key, Many, YesNo, keys

SHEET = "Beispiele"
# A web process must not compute longer than it may; whoever needs more narrows the list and exports twice.
MOST_ROWS = 5_000
_CHUNK = 200
FORMATS = {
    "xlsx": ("Excel (.xlsx)", XLSX_TYPE),
    "csv": ("CSV für Excel (.csv)", "text/csv; charset=utf-8"),
    "json": ("JSON (.json)", "application/json"),
}
JSON_FORM = "gute-beispiele"

# The row that shows how the template is meant; an import passes over it.
SAMPLE_SLUG = "muster-bitte-loeschen"
SAMPLE: Mapping[str, CellValue] = {
    "Adresse": SAMPLE_SLUG,
    "Art": "Eigenes Beispiel",
    "Titel": "Einrichtekarte am Tablet statt Zettel an der Maschine",
    "In einem Satz": "Wer rüstet, sieht am Tablet sofort, welche Einstellung zuletzt gepasst hat.",
    "Kennzahl": "−38 %",
    "Was die Kennzahl misst": "Rüstzeit",
    "Betrieb": "Federnwerk Lennetal",
    "Erfunden": "ja",
    "Ohne Namen zeigen": "nein",
    "Branchen": f"Metall und Draht{SEPARATOR}Maschinen- und Anlagenbau",
    "Themen": f"Rüsten und Fertigung{SEPARATOR}Papierlos arbeiten",
    "Beschäftigte": 84,
    "Stadt oder Gemeinde": "Altena",
    "Jahr": 2025,
    "Für wen": f"Auszubildende{SEPARATOR}Beschäftigte",
    "Technik": f"Tablets{SEPARATOR}Formular-App",
    "Ausgangslage": "Rüsten dauerte im Schnitt 52 Minuten.\n\nJeder hatte seinen eigenen Zettel.",
    "Kosten ab (Euro)": 20_000,
    "Kosten bis (Euro)": 25_000,
    "Eigener Aufwand (Personentage)": 34,
    "Förderung genutzt": "nein",
    "Wirkung 1: Was": "Rüstzeit je Auftrag",
    "Wirkung 1: Einheit": "min",
    "Wirkung 1: Vorher": 52,
    "Wirkung 1: Nachher": 32,
    "Wirkung 1: Woher die Zahl kommt": "gemessen",
    "Wirkung 1: Wie gemessen": "je vier Wochen vor und nach der Umstellung",
    "Schritt 1: Was tun": "Eine Maschine wählen, die oft umgerüstet wird.",
    "Schritt 1: Wer": "Schichtleitung",
    "Schritt 1: Wie lange": "1 Stunde",
    "Voraussetzung 1": "WLAN in der Halle",
}


def export(target: IO[bytes], rows: QuerySet[Practice], form: str) -> int:
    """Write the examples in their order, in one of FORMATS; return how many. Raises CellTooLong (XLSX alone)."""
    rows = rows.select_related("municipality__district").prefetch_related("branches", "topics", *PARTS)
    practices = list(rows[:MOST_ROWS])
    if form == "json":
        _write(target, write_json, _document(practices))
    else:
        counts = {part: max((len(getattr(row, part).all()) for row in practices), default=0) for part in PARTS}
        columns = keys({part: max(1, count) for part, count in counts.items()})
        table = _table(practices, columns, Lookup())
        if form == "csv":
            _write(target, write_csv, table)
        else:
            write_xlsx(target, SHEET, table, widths=_widths(columns) + [18] * len(READ_ONLY))
    return len(practices)


def write_template(target: IO[bytes]) -> None:
    """Write the table to fill in: one sample row, and what may stand in each column."""
    lookup = Lookup()
    columns = keys(PART_COUNTS)
    book = Workbook()
    book.remove(book.active)
    heads = [f"{key.header} *" if _is_asked(key) else key.header for key in columns]
    sheet = add_sheet(book, SHEET, [heads, [SAMPLE.get(key.header) for key in columns]], widths=_widths(columns))
    # The words of a column -> the heading over them; columns of the same words share one.
    lists: dict[tuple[str, ...], str] = {}
    for number, key in enumerate(columns, 1):
        kind, letter = key.column.kind, get_column_letter(number)
        if words := tuple(kind.words(lookup)):
            lists.setdefault(words, "Ja oder nein" if isinstance(kind, YesNo) else key.header)
            if not isinstance(kind, Many):
                sheet.add_data_validation(_choice(letter, list(lists).index(words) + 1, len(words)))
        elif isinstance(kind.empty, str):
            # Else Excel would make dates of what looks like one.
            sheet.column_dimensions[letter].number_format = "@"
    add_sheet(book, "Erklärung", [_EXPLAINED, *map(_explained, columns)], widths=[38, 12, 44, 60])
    rows = [lists.values(), *zip_longest(*lists)]
    add_sheet(book, _WORDS, [list(row) for row in rows], widths=[34] * len(lists))
    book.save(target)


_EXPLAINED = ["Spalte", "Pflicht", "Was hineingehört", "Hinweis"]
_WORDS = "Erlaubte Wörter"


def _is_asked(key: Key) -> bool:
    return not key.part and key.column.is_required and key.name != "kind"


def _explained(key: Key) -> list[CellValue]:
    hints = {
        "slug": "Leer lassen, wenn das Beispiel neu ist. Sonst die Adresse aus dem Export: Daran erkennt der Import es wieder.",
        "kind": "Leer heißt: Eigenes Beispiel.",
    }
    needs = "ja" if _is_asked(key) else "wenn die anderen gefüllt sind" if key.part and key.column.is_required else ""
    expected = "Buchstaben, Zahlen und Bindestriche" if key.name == "slug" else key.column.kind.expected
    return [key.header, needs, expected, hints.get(key.name, str(key.column.field.help_text))]


def _choice(letter: str, place: int, count: int) -> DataValidation:
    """A list to choose from in each cell of a column."""
    source = get_column_letter(place)
    choice = DataValidation(type="list", formula1=f"'{_WORDS}'!${source}$2:${source}${count + 1}", allow_blank=True)
    # It offers and does not refuse: the import understands more words, and says by itself which ones it does not.
    choice.showErrorMessage = False
    choice.add(f"{letter}2:{letter}{MAX_ROWS + 1}")
    return choice


def _table(practices: Iterable[Practice], columns: Sequence[Key], lookup: Lookup) -> Iterator[Sequence[CellValue]]:
    yield [*(key.header for key in columns), *READ_ONLY.values()]
    for practice in practices:
        data = {"slug": practice.slug, **written(practice)}
        yield [*(_shown(data, key, lookup) for key in columns), *_read_only(practice).values()]


def _shown(data: Mapping[str, Any], key: Key, lookup: Lookup) -> CellValue:
    if not key.part:
        return key.column.kind.shown(data[key.name], lookup)
    parts = data[key.part]
    return key.column.kind.shown(parts[key.place][key.name], lookup) if key.place < len(parts) else None


def _read_only(practice: Practice) -> dict[str, CellValue]:
    return {
        "size": str(CompanySize(practice.size).label) if practice.size else None,
        "district": practice.municipality.district.name if practice.municipality else None,
        "state": str(State(practice.state).label),
        **{name: _local(getattr(practice, name)) for name in ("published_at", "expires_at", "updated_at")},
    }


def _local(moment: datetime | None) -> datetime | None:
    """The time on the clock, as spreadsheets know no zones."""
    return timezone.localtime(moment).replace(tzinfo=None, second=0, microsecond=0) if moment else None


def _document(practices: Iterable[Practice]) -> dict[str, Any]:
    return {
        "format": JSON_FORM,
        "version": 1,
        "exported_at": timezone.localtime().replace(microsecond=0),
        "practices": [_typed(practice) for practice in practices],
    }


def _typed(practice: Practice) -> dict[str, Any]:
    data = {"slug": practice.slug, **written(practice)}
    parts = {
        part: [{name: column.kind.typed(row[name]) for name, column in columns.items()} for row in data[part]]
        for part, columns in PART_COLUMNS.items()
    }
    instants = ("published_at", "expires_at", "updated_at")
    return {
        **{name: column.kind.typed(data[name]) for name, column in COLUMNS.items()},
        **parts,
        "size": practice.size or None,
        "district": practice.municipality.district.name if practice.municipality else None,
        "state": practice.state,
        **{name: moment and timezone.localtime(moment) for name in instants for moment in [getattr(practice, name)]},
    }


def _widths(columns: Iterable[Key]) -> list[int]:
    return [
        min(50, max(14, len(key.header) + 2, 40 if key.column.kind.expected.startswith("Text") else 0))
        for key in columns
    ]


def _write(target: IO[bytes], write: Any, data: Any) -> None:
    text = io.TextIOWrapper(target, encoding="utf-8", newline="")
    write(text, data)
    text.detach()
