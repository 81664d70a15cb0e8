"""The columns of open data: what each is called, which type it has in JSON, and how it stands in a cell."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Choices
from django.utils import timezone

from platform_mark.exports import CELL_LENGTH, CellValue
from platform_mark.slugs import german_slug

Schema = Mapping[str, Any]

# What a cell gets that is too full; one character is left for the guard against formulas.
_CUT = " …"


@dataclass(frozen=True)
class Type:
    """A type of value: its JSON Schema, and what becomes of a value in JSON and in a cell."""

    schema: Schema
    to_json: Callable[[Any], Any]
    to_cell: Callable[[Any], CellValue]


@dataclass(frozen=True)
class Column:
    """One value of every row: its name in JSON, its heading in tables, and where it comes from."""

    name: str
    heading: str
    type: Type
    of: Callable[[Any], Any]
    width: int = 24

    def json(self, row: Any) -> Any:
        """The value as JSON knows it; what is not known is null."""
        return self.type.to_json(self.of(row))

    def cell(self, row: Any) -> CellValue:
        """The value as a cell; a text that no cell can hold is cut."""
        value = self.type.to_cell(self.of(row))
        if isinstance(value, str) and len(value) >= CELL_LENGTH:
            return value[: CELL_LENGTH - 1 - len(_CUT)] + _CUT
        return value


def instant(at: datetime | None) -> str | None:
    """An instant as JSON knows it: UTC, to the second, with its zone."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else None


def _local(at: datetime | None) -> datetime | None:
    # A cell knows no zone.
    return timezone.localtime(at).replace(tzinfo=None) if at else None


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _or_null(value: Any) -> Any:
    return value or None


def _same(value: Any) -> Any:
    return value


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _yes_no(value: bool | None) -> CellValue:
    return None if value is None else "ja" if value else "nein"


def _optional(name: str, **more: Any) -> Schema:
    return {"type": [name, "null"], **more}


TEXT = Type(_optional("string"), _or_null, _or_null)
TITLE = Type({"type": "string", "minLength": 1}, str, str)
KEY = Type({"type": "integer", "minimum": 1}, _same, _same)
WHOLE = Type(_optional("integer", minimum=0), _same, _same)
NUMBER = Type(_optional("number"), _number, _same)
FLAG = Type({"type": "boolean"}, bool, _yes_no)
FLAG_OR_UNKNOWN = Type(_optional("boolean"), _same, _yes_no)
DAY = Type(_optional("string", format="date"), _day, _same)
INSTANT = Type(_optional("string", format="date-time"), instant, _local)
ADDRESS = Type({"type": "string", "format": "uri"}, str, str)
LINK = Type(_optional("string", format="uri"), _or_null, _or_null)
MAILBOX = Type(_optional("string", format="email"), _or_null, _or_null)
TEXTS = Type({"type": "array", "items": {"type": "string"}}, list, lambda values: ", ".join(values) or None)


def _term(term: Any) -> dict[str, str]:
    return {"wort": term.slug, "name": term.name}


# Branches, topics, places: by the word that filters take, and by name.
TERMS = Type(
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"wort": {"type": "string"}, "name": {"type": "string"}},
            "required": ["wort", "name"],
            "additionalProperties": False,
        },
    },
    lambda terms: [_term(term) for term in terms],
    lambda terms: ", ".join(term.name for term in terms) or None,
)


def words_of(choices: type[Choices]) -> dict[Any, str]:
    """The word that stands for each value of a fixed list: the one that filters take, too."""
    return {choice.value: getattr(choice, "slug", "") or german_slug(str(choice.label)) for choice in choices}


def word(choices: type[Choices]) -> Type:
    """One value of a fixed list; null where none is given."""
    words, labels = words_of(choices), dict(choices.choices)
    return Type(
        {"enum": [*words.values(), None]},
        lambda value: words[value] if value else None,
        lambda value: str(labels[value]) if value else None,
    )


def several(choices: type[Choices]) -> Type:
    """Any number of values of a fixed list, in its order."""
    words, labels = words_of(choices), dict(choices.choices)

    def chosen(values: Iterable[Any], names: Mapping[Any, Any]) -> list[str]:
        return [str(names[value]) for value in names if value in values]

    return Type(
        {"type": "array", "items": {"enum": list(words.values())}},
        lambda values: chosen(values, words),
        lambda values: ", ".join(chosen(values, labels)) or None,
    )


def rows(*columns: Column) -> Type:
    """Rows that belong to one row, such as steps; in a cell one line for each."""

    def line(row: Any) -> str:
        cells = (column.cell(row) for column in columns)
        return " · ".join(str(cell) for cell in cells if cell is not None)

    return Type(
        {"type": "array", "items": schema_of(columns)},
        lambda values: [{column.name: column.json(row) for column in columns} for row in values],
        lambda values: "\n".join(map(line, values)) or None,
    )


def schema_of(columns: Sequence[Column]) -> Schema:
    """The JSON Schema of a row: every value is there, and nothing else."""
    return {
        "type": "object",
        "properties": {column.name: {"title": column.heading, **column.type.schema} for column in columns},
        "required": [column.name for column in columns],
        "additionalProperties": False,
    }
