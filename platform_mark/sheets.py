"""Read a table that somebody uploads: XLSX or CSV, as cells with their addresses. Or the value in a JSON file.

Every loop over a file has a bound, whatever the file says of itself: bytes, elements, rows, columns. openpyxl is not
used for reading, since it holds a whole row or a whole sheet before anybody can count, and drops merged cells when it
does not (docs/decisions/0021-import-export.md).
"""

import contextlib
import csv
import io
import json
import lzma
import math
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, Any, NoReturn
from xml.etree.ElementTree import Element, ParseError, iterparse
from xml.parsers import expat

from django.utils.formats import number_format
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904, WINDOWS_EPOCH, from_excel

from .exports import CELL_LENGTH, unguarded

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 2_000
MAX_COLUMNS = 400
_MAX_UNPACKED = 60 * 1024 * 1024
# A full table of 2 000 rows has about 600 000.
_MAX_ELEMENTS = 1_000_000
_MAX_PARTS = 500
# How many faults of one kind are named before "and others".
NAMED = 8

# What a number format shows as it stands: 0.0" % der Fläche", 0\\%.
_LITERALS = re.compile(r'"[^"]*"|\\.')

FORMULA = "Hier steht eine Formel. Bitte kopieren Sie die Zelle und fügen Sie sie als Wert ein."

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_SAVE_AGAIN = "Bitte öffnen Sie sie in Excel oder LibreOffice und speichern Sie sie als Excel-Arbeitsmappe (.xlsx)."


class FileRefused(Exception):
    """The file cannot be read as a whole; each message is for people."""

    def __init__(self, *messages: str) -> None:
        self.messages = list(messages)
        super().__init__(" ".join(messages))


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as the file types it; `fault` says why it cannot be used."""

    value: str | int | float | bool | date | datetime | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row that is not empty: its number in the file and its filled cells by column, from 1."""

    number: int
    cells: dict[int, Cell]


@dataclass(frozen=True)
class Table:
    """The filled rows of a file, the heading first; `notes` tell how the file was understood."""

    lines: list[Line]
    notes: list[str] = field(default_factory=list)


def is_json(content: bytes) -> bool:
    """Whether a file looks like JSON and not like a table."""
    return content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


def read_json(content: bytes) -> Any:
    """Return the value in a JSON file, decimals as Decimal; raises FileRefused."""
    _check_size(content)
    try:
        return json.loads(
            content.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_no_number,
            object_pairs_hook=_object_without_doubles,
        )
    except UnicodeDecodeError as error:
        raise FileRefused("Die Datei ist nicht in UTF-8 gespeichert.") from error
    except RecursionError as error:
        raise FileRefused("Die Datei ist zu tief verschachtelt.") from error
    except ValueError as error:
        where = f" (Zeile {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise FileRefused(f"Das ist kein JSON{where}.") from error


def read_table(content: bytes, *, sheet: str) -> Table:
    """Read an XLSX or CSV file; of several sheets the one named `sheet`, else the first. Raises FileRefused."""
    _check_size(content)
    if content.startswith(b"PK"):
        return _read_xlsx(content, sheet)
    if content.startswith(_OLD_EXCEL):
        raise FileRefused(f"Diese Datei ist mit einem Kennwort geschützt oder im alten Excel-Format. {_SAVE_AGAIN}")
    return _read_csv(content)


def address(column: int, row: int) -> str:
    """The name of a cell as spreadsheets show it: B7."""
    return f"{get_column_letter(column)}{row}"


def _check_size(content: bytes) -> None:
    if not content.strip():
        raise FileRefused("Die Datei ist leer.")
    if len(content) > MAX_BYTES:
        raise FileRefused(f"Die Datei ist größer als {MAX_BYTES // 1024 // 1024} MB.")


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _object_without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise FileRefused(f"Das Feld „{name[:60]}“ steht zweimal in demselben Eintrag.")
        found[name] = value
    return found


def _too_many_rows() -> FileRefused:
    return FileRefused(
        f"Die Datei hat mehr als {number_format(MAX_ROWS, force_grouping=True)} Zeilen. Bitte teilen Sie sie auf."
    )


def _text_cell(text: str) -> Cell | None:
    if len(text) > CELL_LENGTH:
        count, limit = (number_format(n, force_grouping=True) for n in (len(text), CELL_LENGTH))
        return Cell(text[:60], f"Hier stehen {count} Zeichen. Eine Zelle fasst höchstens {limit}.")
    return Cell(text) if text.strip() else None


# ---------------------------------------------------------------- CSV


def _read_csv(content: bytes) -> Table:
    text, notes = _decoded(content)
    first, _, rest = text.partition("\n")
    delimiter = ";"
    if marked := re.fullmatch(r"\"?sep=([^\"\r])\"?\r?", first):
        # A line for Excel alone, which does not count it as a row.
        delimiter, text = marked[1], rest
    else:
        outside_quotes = re.sub(r'"[^"]*"', "", first)
        delimiter = max(";,\t", key=outside_quotes.count)

    lines: list[Line] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, row in enumerate(reader, 1):
            cells = {
                column: cell for column, value in enumerate(row, 1) if (cell := _text_cell(unguarded(value.strip())))
            }
            if max(cells, default=0) > MAX_COLUMNS:
                raise FileRefused(f"Zeile {number} hat mehr als {MAX_COLUMNS} Spalten.")
            if cells:
                lines.append(Line(number, cells))
            if len(lines) > MAX_ROWS + 1:
                raise _too_many_rows()
    except csv.Error as error:
        if "field limit" in str(error):
            raise FileRefused(
                f"Ab Zeile {len(lines) + 1} steht eine Zelle, die kein Ende hat oder zu lang ist."
            ) from error
        raise FileRefused(
            f"Um Zeile {reader.line_num} stimmen die Anführungszeichen nicht: Wo eine Zelle mit einem Anführungszeichen "
            "beginnt, muss sie mit einem enden, und die in der Zelle müssen doppelt stehen."
        ) from error
    return Table(lines, notes)


def _decoded(content: bytes) -> tuple[str, list[str]]:
    note: list[str]
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding, note = "utf-16", []
    elif _is_utf8(content):
        encoding, note = "utf-8-sig", []
    else:
        encoding = "cp1252"
        note = [
            "Die Datei ist nicht in UTF-8 gespeichert. Sie wurde als Windows-Text (Windows-1252) gelesen. "
            "Bitte prüfen Sie unten, ob die Umlaute stimmen."
        ]
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileRefused("Das ist keine Tabelle: weder Excel noch CSV noch JSON.") from error
    if "\x00" in text:
        raise FileRefused("Das ist keine Tabelle: weder Excel noch CSV noch JSON.")
    return text, note


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


# ---------------------------------------------------------------- XLSX


def _read_xlsx(content: bytes, wanted: str) -> Table:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _Workbook(archive).read(wanted)
    except (ParseError, expat.ExpatError) as error:
        raise FileRefused(f"Die Excel-Datei ist beschädigt. {_SAVE_AGAIN}") from error
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise FileRefused("Die Excel-Datei ist beschädigt oder unvollständig hochgeladen.") from error
    except (RuntimeError, NotImplementedError) as error:
        raise FileRefused(f"Die Excel-Datei ist mit einem Kennwort geschützt. {_SAVE_AGAIN}") from error
    except (KeyError, IndexError, ValueError, OverflowError) as error:
        # What is missing or out of range in a file that no spreadsheet program writes.
        raise FileRefused(f"Das ist keine Excel-Arbeitsmappe. {_SAVE_AGAIN}") from error


class _Workbook:
    """One opened file, read as a stream."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        parts = archive.infolist()
        # The archive itself stops at the sizes it declares, so their sum is a bound.
        if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
            raise FileRefused("Die Excel-Datei ist entpackt viel zu groß. Bitte teilen Sie sie auf.")
        self.left = _MAX_ELEMENTS
        self.names = {part.filename for part in parts}

    def read(self, wanted: str) -> Table:
        main = self._related("", "/officeDocument")[0][1]
        sheets, is_1904 = self._sheets(main)
        name, path = next((sheet for sheet in sheets if sheet[0].casefold() == wanted.casefold()), sheets[0])
        self.epoch = CALENDAR_MAC_1904 if is_1904 else WINDOWS_EPOCH
        self.formats = self._formats(main)
        self.strings = self._strings(main)
        notes = (
            [] if len(sheets) == 1 or name.casefold() == wanted.casefold() else [f"Gelesen wurde das Blatt „{name}“."]
        )
        return Table(self._lines(path), notes)

    def _elements(self, path: str) -> Iterator[tuple[str, str, Element]]:
        with self.archive.open(path) as source:
            _refuse_entities(source)
        with self.archive.open(path) as source:
            for event, element in iterparse(source, events=("start", "end")):  # noqa: S314 (see above)
                if event == "start":
                    self.left -= 1
                    if self.left < 0:
                        raise FileRefused("Die Excel-Datei hat zu viele Zellen. Bitte teilen Sie sie auf.")
                # Two name spaces are in use for the same elements.
                yield event, element.tag.rpartition("}")[2], element

    def _related(self, path: str, kind: str) -> list[tuple[str, str]]:
        """Identifiers and paths of what a part refers to by relations whose type ends with `kind`."""
        folder, file = posixpath.split(path)
        found = []
        for event, tag, element in self._elements(posixpath.join(folder, "_rels", f"{file}.rels")):
            if event == "start" and tag == "Relationship" and element.get("Type", "").endswith(kind):
                target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", ""))).lstrip("/")
                found.append((element.get("Id", ""), target))
        return found

    def _sheets(self, main: str) -> tuple[list[tuple[str, str]], bool]:
        paths = dict(self._related(main, "/worksheet"))
        sheets, is_1904 = [], False
        for event, tag, element in self._elements(main):
            if event == "start" and tag == "sheet":
                key = next((value for name, value in element.attrib.items() if name.endswith("}id")), "")
                if key in paths and element.get("state", "visible") == "visible":
                    sheets.append((element.get("name", ""), paths[key]))
            elif event == "start" and tag == "workbookPr":
                is_1904 = element.get("date1904") in ("1", "true")
        return sheets, is_1904

    def _formats(self, main: str) -> list[str]:
        """The number format of each style."""
        codes = dict(BUILTIN_FORMATS)
        styles: list[int] = []
        is_in_cells = False
        for path in self._one(main, "/styles"):
            for event, tag, element in self._elements(path):
                if tag == "cellXfs":
                    is_in_cells = event == "start"
                elif event == "start" and tag == "numFmt":
                    codes[int(element.get("numFmtId", 0))] = element.get("formatCode", "")
                elif event == "start" and tag == "xf" and is_in_cells:
                    styles.append(int(element.get("numFmtId", 0)))
        return [codes.get(number, "General") for number in styles]

    def _strings(self, main: str) -> list[str]:
        found: list[str] = []
        for path in self._one(main, "/sharedStrings"):
            root: Element | None = None
            for event, tag, element in self._elements(path):
                root = element if root is None else root
                if event == "end" and tag == "si":
                    found.append(_text_of(element))
                    root.clear()
        return found

    def _one(self, main: str, kind: str) -> list[str]:
        return [path for _, path in self._related(main, kind) if path in self.names][:1]

    def _lines(self, path: str) -> list[Line]:
        lines: list[Line] = []
        merged: list[str] = []
        data: Element | None = None
        row, column, cells = 0, 0, dict[int, Cell]()
        for event, tag, element in self._elements(path):
            if event == "start":
                if tag == "sheetData":
                    data = element
                elif tag == "row":
                    row, column, cells = int(element.get("r", row + 1)), 0, {}
                elif tag == "mergeCell":
                    merged.append(element.get("ref", ""))
                continue
            if tag == "c":
                column = _column(element, column)
                if cell := self._cell(element):
                    cells[column] = cell
                    if column > MAX_COLUMNS:
                        raise FileRefused(f"Zeile {row} hat mehr als {MAX_COLUMNS} Spalten.")
                element.clear()
            elif tag == "row":
                if cells:
                    lines.append(Line(row, cells))
                if len(lines) > MAX_ROWS + 1:
                    raise _too_many_rows()
                if data is not None:
                    data.clear()
        if merged:
            named = ", ".join(ref.replace(":", " bis ") for ref in merged[:NAMED])
            raise FileRefused(
                f"Verbundene Zellen: {named}{' und weitere' if len(merged) > NAMED else ''}. Bitte heben Sie die "
                "Verbindung auf und schreiben Sie in jede Zelle, was dort gelten soll."
            )
        return sorted(lines, key=lambda line: line.number)

    def _cell(self, element: Element) -> Cell | None:
        parts = {part.tag.rpartition("}")[2]: part for part in element}
        if "f" in parts:
            return Cell(None, FORMULA)
        kind = element.get("t", "n")
        if kind == "inlineStr":
            return _text_cell(_text_of(parts["is"])) if "is" in parts else None
        raw = (parts["v"].text if "v" in parts else None) or ""
        if not raw.strip():
            return None
        if kind == "s":
            return _text_cell(self.strings[int(raw)])
        if kind == "str":
            return _text_cell(raw)
        if kind == "b":
            return Cell(raw == "1")
        if kind == "e":
            return Cell(None, f"Hier steht der Excel-Fehler „{raw[:20]}“.")
        if kind == "d":
            return Cell(_day_or_moment(datetime.fromisoformat(raw)))
        return self._number(float(raw), int(element.get("s", 0)))

    def _number(self, number: float, style: int) -> Cell:
        if not math.isfinite(number):
            return Cell(None, "Hier steht keine Zahl, mit der man rechnen kann.")
        code = self.formats[style] if style < len(self.formats) else "General"
        # What people see in the cell, not what the program computes with.
        if "%" in _LITERALS.sub("", code):
            return Cell(f"{_german(number * 100)} %")
        if is_date_format(code):
            try:
                moment = from_excel(number, self.epoch)
            except (OverflowError, ValueError):
                moment = None
            if not isinstance(moment, datetime):
                return Cell(None, "Hier steht kein Datum, das es gibt.")
            return Cell(_day_or_moment(moment))
        return Cell(int(number) if number.is_integer() and abs(number) < 1e15 else number)


class _Begun(Exception):
    """The first element is there, so nothing can be declared any more."""


def _refuse_entities(source: IO[bytes]) -> None:
    """No table declares a document type; who does wants entities that grow or that read other files."""

    def refuse(*arguments: object) -> NoReturn:
        raise FileRefused(f"Die Excel-Datei ist beschädigt. {_SAVE_AGAIN}")

    def stop(*arguments: object) -> NoReturn:
        raise _Begun

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = refuse, stop
    with contextlib.suppress(_Begun):
        while chunk := source.read(4096):
            parser.Parse(chunk)


def _column(element: Element, before: int) -> int:
    reference = element.get("r", "").rstrip("0123456789")
    return column_index_from_string(reference) if reference else before + 1


def _text_of(element: Element) -> str:
    """The text of a string with or without formatted runs, without the reading aids of East Asian scripts."""
    found = []
    for part in element:
        tag = part.tag.rpartition("}")[2]
        if tag == "t":
            found.append(part.text or "")
        elif tag == "r":
            found += [child.text or "" for child in part if child.tag.rpartition("}")[2] == "t"]
    # So Excel writes the carriage return of a line break.
    return "".join(found).replace("_x000D_", "")


def _day_or_moment(moment: datetime) -> date | datetime:
    return moment.date() if moment.time() == time.min else moment


def _german(number: float) -> str:
    return f"{Decimal(f'{number:.10g}').normalize():f}".replace(".", ",")
