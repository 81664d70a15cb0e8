"""Writers for downloads: CSV that German Excel opens rightly, XLSX with typed cells, JSON.

No cell of any of them is run as a formula: in CSV it is made text by an apostrophe, in XLSX by the type of the cell.
"""

import csv
import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

CellValue = str | int | Decimal | date | datetime | None

# Under which everything that the portal hands out may be used; the page „Lizenz der Daten“ says the same in words.
LICENCE = "Datenlizenz Deutschland – Namensnennung – Version 2.0"
LICENCE_URL = "https://www.govdata.de/dl-de/by-2-0"

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# More does not fit into a cell; Excel would "repair" the file by cutting it.
CELL_LENGTH = 32_767
# What makes a spreadsheet compute, also behind blanks and quotes, and in the full-width forms of East Asian keyboards.
_FORMULA = re.compile(r"""[\s'"„“”‚‘’`´]*[=+\-@＝＋－＠]|[\t\r\n]""")
# What XML cannot hold.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HEAD_FILL = PatternFill("solid", fgColor="E4E8E4")


class CellTooLong(Exception):
    """A text that no cell of a spreadsheet can hold; the message is for people."""


def guarded(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """Take back what `guarded` did, and leave every other text alone."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def write_csv(target: IO[str], rows: Iterable[Sequence[CellValue]]) -> None:
    """Write rows for German Excel: byte order mark, semicolons, decimal commas. `target` takes UTF-8 text."""
    target.write("\ufeff")
    csv.writer(target, delimiter=";", lineterminator="\r\n").writerows(
        [guarded(value) if isinstance(value, str) else german(value) for value in row] for row in rows
    )


def write_xlsx(target: IO[bytes], title: str, rows: Iterable[Sequence[CellValue]], *, widths: Sequence[int]) -> None:
    """Write one sheet whose first row is a heading that stays in sight; `widths` are those of its columns in characters.

    Raises CellTooLong before it writes anything.
    """
    rows = list(rows)
    for value in chain.from_iterable(rows):
        if isinstance(value, str) and len(value) > CELL_LENGTH:
            raise CellTooLong(f"Der Text, der mit „{value[:40]}“ beginnt, ist für eine Zelle in Excel zu lang.")
    book = Workbook(write_only=True)
    add_sheet(book, title, rows, widths=widths)
    book.save(target)


def add_sheet(book: Workbook, title: str, rows: Iterable[Sequence[CellValue]], *, widths: Sequence[int]) -> Any:
    """Add a sheet to a workbook and return it."""
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    for number, row in enumerate(rows):
        sheet.append([_cell(sheet, value, is_head=number == 0) for value in row])
    return sheet


def write_json(target: IO[str], data: Any) -> None:
    """Write data that people can read, too: one value a line, umlauts as they are, decimals as numbers."""
    json.dump(data, target, ensure_ascii=False, indent=1, default=_as_json)
    target.write("\n")


def german(value: CellValue) -> str:
    """A value as people in Germany write it."""
    match value:
        case None:
            return ""
        case Decimal():
            return f"{value.normalize():f}".replace(".", ",")
        case datetime():
            return f"{value:%d.%m.%Y %H:%M}"
        case date():
            return f"{value:%d.%m.%Y}"
    return str(value)


def _cell(sheet: Any, value: CellValue, *, is_head: bool) -> WriteOnlyCell:
    if isinstance(value, str):
        value = _UNWRITABLE.sub("", value.replace("\r\n", "\n")) or None
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        # By itself the library takes a leading "=" for a formula; the second line keeps Excel from it when the cell is edited.
        cell.data_type = "s"
        cell.quotePrefix = bool(_FORMULA.match(value))
        cell.number_format = "@"
        cell.alignment = Alignment(vertical="top", wrap_text=True)
    elif isinstance(value, datetime):
        cell.number_format = "DD.MM.YYYY HH:MM"
    elif isinstance(value, date):
        cell.number_format = "DD.MM.YYYY"
    if is_head:
        cell.font = Font(bold=True)
        cell.fill = _HEAD_FILL
    return cell


def _as_json(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case date():  # a datetime is one, too
            return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
