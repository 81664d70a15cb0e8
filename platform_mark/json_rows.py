"""Rows of a JSON file that a command stores: read, and every wrong field named with its row, its field and the reason."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

JsonRow = Mapping[str, Any]


@dataclass(frozen=True)
class RowError:
    """Why one row was refused: its number in the file (from 1), the field, the reason."""

    row: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"Eintrag {self.row}, Feld „{self.field}“: {self.reason}"


class ImportRefused(Exception):
    """The file was not imported and nothing was changed; `errors` names each wrong field."""

    def __init__(self, errors: Iterable[RowError]) -> None:
        self.errors = list(errors)
        super().__init__(f"{len(self.errors)} Angaben sind falsch.")


def read_rows(path: Path) -> list[JsonRow]:
    """Read the file; raises ImportRefused when it is no JSON list of objects."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ImportRefused([RowError(0, "Datei", f"Nicht lesbar: {error.strerror}.")]) from error
    except UnicodeDecodeError as error:
        raise ImportRefused([RowError(0, "Datei", "Die Datei ist nicht in UTF-8 gespeichert.")]) from error
    except ValueError as error:
        where = f" (Zeile {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ImportRefused([RowError(0, "Datei", f"Das ist kein JSON{where}.")]) from error
    if not isinstance(rows, list):
        raise ImportRefused([RowError(0, "Datei", "Erwartet wird eine Liste von Einträgen.")])
    if wrong := [number for number, row in enumerate(rows, 1) if not isinstance(row, dict)]:
        raise ImportRefused(RowError(number, "Eintrag", "Das ist kein Eintrag mit Feldern.") for number in wrong)
    return rows


def text(row: JsonRow, name: str) -> str:
    """The text of a field, empty where the row leaves it open."""
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def unknown_fields(number: int, row: JsonRow, known: Iterable[str]) -> list[RowError]:
    """The fields that a file of this kind does not have."""
    return [RowError(number, name, "Dieses Feld gibt es nicht.") for name in row if name not in set(known)]


def wrong_texts(number: int, row: JsonRow, names: Iterable[str]) -> list[RowError]:
    """Those of these fields that hold no text, or one that cannot be stored."""
    errors = []
    for name in names:
        if not isinstance(row.get(name), str | None):
            errors.append(RowError(number, name, "Hier wird ein Text erwartet."))
        elif "\x00" in str(row.get(name)):
            # PostgreSQL cannot store it.
            errors.append(RowError(number, name, "Der Text enthält ein unsichtbares Zeichen (NUL)."))
    return errors


def wrong_numbers(number: int, row: JsonRow, names: Iterable[str]) -> list[RowError]:
    """Those of these fields that hold no whole number; for Python yes and no are numbers, too."""
    return [
        RowError(number, name, "Hier wird eine ganze Zahl erwartet.")
        for name in names
        if not isinstance(row.get(name), int | None) or isinstance(row.get(name), bool)
    ]


def wrong_lists(number: int, row: JsonRow, names: Iterable[str]) -> list[RowError]:
    """Those of these fields that hold no list of texts, or texts that cannot be stored."""
    errors = []
    for name in names:
        value = row.get(name)
        if value is not None and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            errors.append(RowError(number, name, "Hier wird eine Liste von Texten erwartet."))
        elif "\x00" in "".join(value or []):
            errors.append(RowError(number, name, "Ein Text enthält ein unsichtbares Zeichen (NUL)."))
    return errors


def broken_rules(number: int, error: ValidationError, fields: Mapping[str, str]) -> list[RowError]:
    """What the model refuses, by the names of the file: `fields` gives them by those of the model where they differ."""
    return [
        RowError(number, "Eintrag" if name == NON_FIELD_ERRORS else fields.get(name, name), message)
        for name, messages in error.message_dict.items()
        for message in dict.fromkeys(messages)
    ]
