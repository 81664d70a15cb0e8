"""Lists that staff keep in a table, and the template for them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import IO, Any

from django.core.exceptions import ValidationError

from platform_mark.exports import CellValue, unguarded, write_xlsx
from platform_mark.sheets import Cell, FileRefused, Line, address, read_table
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.lookup import Lookup
from platform_mark.taxonomy.models import District

from .. import writing
from ..models import Activity
from ..snapshot import EMPTY, FIELDS, TERMS
from .rows import Row

SHEET = "Aktivitäten"
ACTOR_COLUMN = "Akteur"
SEPARATOR = " | "


def write_template(target: IO[bytes]) -> None:
    """Write the empty table to fill in, with one line that says what belongs in each column."""
    columns = [ACTOR_COLUMN, *(writing.label(name) for name in FIELDS)]
    rows: list[list[CellValue]] = [list(columns), [_hint(name) for name in ("", *FIELDS)]]
    write_xlsx(target, SHEET, rows, widths=[28] * len(columns))


def _hint(name: str) -> str:
    """What belongs in a column; a line that begins so is passed over on reading."""
    if not name:
        return "Erklärung: Name der Organisation. Diese Zeile bleibt unbeachtet."
    if name in TERMS:
        return f"Namen, mehrere getrennt durch „{SEPARATOR.strip()}“"
    model_field: Any = Activity._meta.get_field(name)
    choices = [str(label) for _, label in getattr(model_field, "base_field", model_field).flatchoices]
    if choices:
        several = hasattr(model_field, "base_field")
        return f"{'Mehrere' if several else 'Eines'} von: {', '.join(choices)}"
    if isinstance(EMPTY[name], str):
        return str(model_field.help_text) or "Text"
    return "Datum wie 01.09.2026"


def read_lines(content: bytes) -> list[Row]:
    """The rows of a table; what is wrong stands in the rows. Raises FileRefused for columns that are missing or unknown."""
    table = read_table(content, sheet=SHEET)
    if not table.lines:
        raise FileRefused("Die Tabelle ist leer.")
    names = {german_slug(writing.label(name)): name for name in FIELDS} | {german_slug(ACTOR_COLUMN): "actor"}
    head, *lines = table.lines
    columns = {column: names.get(german_slug(str(cell.value)), "") for column, cell in head.cells.items()}
    missing = {"actor", "title"} - set(columns.values())
    if missing:
        labels = [ACTOR_COLUMN if name == "actor" else writing.label(name) for name in sorted(missing)]
        raise FileRefused(
            f"Es fehlt die Spalte „{'“ und „'.join(labels)}“. Am einfachsten beginnen Sie mit der Vorlage."
        )
    unknown = [str(head.cells[column].value) for column, name in columns.items() if not name]
    if unknown:
        raise FileRefused(f"Diese Spalten gibt es nicht: {', '.join(unknown)}.")
    doubled = {name for name in columns.values() if list(columns.values()).count(name) > 1}
    if doubled:
        raise FileRefused("Eine Spalte steht doppelt in der Tabelle.")
    lookup = Lookup()
    districts = {german_slug(district.name): district for district in District.objects.all()}
    rows = (_table_row(line, columns, lookup, districts) for line in lines if not _is_hint(line))
    return [row for row in rows if row is not None]


def _is_hint(line: Line) -> bool:
    return any(str(cell.value).startswith("Erklärung:") for cell in line.cells.values())


def _table_row(line: Line, columns: Mapping[int, str], lookup: Lookup, districts: Mapping[str, District]) -> Row | None:
    row = Row(
        line.number,
        f"Zeile {line.number}",
        where={name: f"Zelle {address(column, line.number)}" for column, name in columns.items()},
    )
    values: dict[str, Any] = {}
    for column, name in columns.items():
        cell = line.cells.get(column)
        if cell is not None and cell.fault:
            row.fault(name, cell.fault)
            continue
        try:
            value = _cell_value(name, cell, lookup, districts)
        except ValidationError as error:
            row.fault(name, " ".join(error.messages))
            continue
        if name == "actor":
            row.actor = value[:160]
        else:
            values[name] = value
    for name in ("actor", "title"):
        if not (row.actor if name == "actor" else values.get("title")) and not row.faults:
            row.fault(name, "Hier fehlt eine Angabe.")
    if not row.faults:
        row.keep(values)
    return row


def _cell_value(name: str, cell: Cell | None, lookup: Lookup, districts: Mapping[str, District]) -> Any:
    raw = cell.value if cell else None
    if name in ("valid_from", "valid_until", "person_agreed_on"):
        return _table_day(raw)
    text = unguarded(f"{raw:%d.%m.%Y}" if isinstance(raw, date) else "" if raw is None else str(raw)).strip()
    if name == "actor":
        return " ".join(text.split())
    if name in TERMS:
        finders = {
            "branches": lookup.branch,
            "topics": lookup.topic,
            "municipalities": lookup.municipality,
            "districts": lambda word: districts.get(german_slug(word)),
        }
        return [_found(finders[name](word), word) for word in _words(text)]
    model_field: Any = Activity._meta.get_field(name)
    choices = getattr(model_field, "base_field", model_field).flatchoices
    if choices:
        known = {german_slug(str(word)): value for value, label in choices for word in (value, label)}
        if hasattr(model_field, "base_field"):
            return [_found(known.get(german_slug(word)), word) for word in _words(text)]
        return _found(known.get(german_slug(text)), text) if text else EMPTY[name]
    return text


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(SEPARATOR.strip()) if word.strip()]


def _found(value: Any, word: str) -> Any:
    if value is None:
        raise ValidationError(f"„{word}“ steht nicht zur Wahl. Die Vorlage nennt alle Wörter.")
    return value


def _table_day(raw: Any) -> date | None:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date) or raw in (None, ""):
        return raw or None
    for form in ("%d.%m.%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(str(raw).strip(), form).date()  # noqa: DTZ007 (a day has no time zone)
        except ValueError:
            continue
    raise ValidationError("Erwartet wird ein Datum wie 01.09.2026.")
