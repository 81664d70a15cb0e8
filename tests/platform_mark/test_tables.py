"""Tables in and out: cells keep their types and addresses, nothing runs as a formula, no file is too much."""

import io
import json
import resource
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_mark.exports import CellTooLong, guarded, unguarded, write_csv, write_json, write_xlsx
from platform_mark.sheets import FORMULA, Cell, FileRefused, is_json, read_json, read_table

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


# Spreadsheets know no time zones.
MOMENT = datetime(2026, 9, 1, 8, 5)  # noqa: DTZ001


def values(content: bytes, *, sheet: str = "Beispiele") -> list[list[Any]]:
    """What stands in the filled cells, row by row."""
    return [[cell.value for cell in line.cells.values()] for line in read_table(content, sheet=sheet).lines]


def refusal(content: bytes) -> str:
    with pytest.raises(FileRefused) as caught:
        read_table(content, sheet="Beispiele")
    return str(caught.value)


def workbook(fill: Callable[[Any], None]) -> bytes:
    """A file as openpyxl writes it."""
    book = openpyxl.Workbook()
    fill(book.active)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def raw_workbook(sheet: str, strings: str = "", *, before: str = "") -> bytes:
    """The smallest workbook around the XML of one sheet, for what no honest program writes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "_rels/.rels", f'<r><Relationship Id="a" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></r>'
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{NAMESPACE}" xmlns:r="{RELATIONS}"><sheets><sheet name="A" r:id="s1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<r><Relationship Id="s1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="s2" Type="{RELATIONS}/sharedStrings" Target="/xl/sharedStrings.xml"/></r>',
        )
        if strings:
            archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{NAMESPACE}">{strings}</sst>')
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            f'{before}<worksheet xmlns="{NAMESPACE}"><sheetData>{sheet}</sheetData></worksheet>',
        )
    return file.getvalue()


def as_csv(rows: list[list[Any]]) -> bytes:
    file = io.StringIO()
    write_csv(file, rows)
    return file.getvalue().encode()


# ---------------------------------------------------------------- out


def test_a_csv_opens_in_german_excel() -> None:
    rows = [
        ["Straße", "Zahl"],
        ["Heat & Co's; „Öfen“", Decimal("1234.50")],
        [None, date(2026, 9, 1)],
        [-5, MOMENT],
    ]
    assert as_csv(rows) == (
        b"\xef\xbb\xbf"
        + 'Straße;Zahl\r\n"Heat & Co\'s; „Öfen“";1234,5\r\n;01.09.2026\r\n-5;01.09.2026 08:05\r\n'.encode()
    )


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+49 2331",
        "-cmd",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        '"=1',
        "'=1",
        "„=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "\n=1",
    ],
)
def test_nothing_in_a_csv_runs_as_a_formula(text: str) -> None:
    assert as_csv([[text]]).decode("utf-8-sig").lstrip('"').startswith("'")
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["−38 %", "Übergabe", "1.000", "'n Abend", "a=b", "", "(=)"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text == unguarded(text)


@given(st.text())
def test_guarding_is_taken_back_exactly(text: str) -> None:
    assert unguarded(guarded(text)) == text


def test_an_xlsx_keeps_types_and_takes_no_text_for_a_formula() -> None:
    file = io.BytesIO()
    rows = [
        ["Titel", "Stand"],
        ["=HYPERLINK(1)", date(2026, 9, 1)],
        [Decimal("34.5"), None],
        ["a\x0bb\r\nc\ufffe", "\ud800"],
    ]
    write_xlsx(file, "Beispiele", rows, widths=[30])
    sheet = openpyxl.load_workbook(file)["Beispiele"]

    assert [[cell.data_type for cell in row] for row in sheet] == [["s", "s"], ["s", "d"], ["n", "n"], ["s", "n"]]
    assert sheet["A2"].value == "=HYPERLINK(1)"
    assert sheet["A2"].quotePrefix, "else it becomes a formula when somebody edits the cell"
    assert not sheet["A1"].quotePrefix
    assert sheet["A4"].value == "ab\nc"
    assert sheet["B2"].number_format == "DD.MM.YYYY"
    assert sheet.freeze_panes == "A2"


def test_a_text_that_no_cell_can_hold_is_told_instead_of_cut() -> None:
    with pytest.raises(CellTooLong, match="Lang"):
        write_xlsx(io.BytesIO(), "A", [["Lang" * 10_000]], widths=[])


def test_json_keeps_numbers_days_and_umlauts() -> None:
    file = io.StringIO()
    write_json(file, {"ä": Decimal("34.50"), "b": Decimal("2.00"), "c": date(2026, 9, 1), "d": None})
    assert json.loads(file.getvalue()) == {"ä": 34.5, "b": 2, "c": "2026-09-01", "d": None}
    assert "ä" in file.getvalue()
    with pytest.raises(TypeError):
        write_json(io.StringIO(), object())


# ---------------------------------------------------------------- in: CSV


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_csv_is_read_however_it_was_saved(encoding: str, delimiter: str, end: str) -> None:
    text = end.join([f"Titel{delimiter}Größe", f'"Zwei\nZeilen, ""so""; ja"{delimiter}groß', "", f"=1{delimiter}x", ""])
    table = read_table(text.encode(encoding), sheet="Beispiele")
    assert [(line.number, [cell.value for cell in line.cells.values()]) for line in table.lines] == [
        (1, ["Titel", "Größe"]),
        (2, ['Zwei\nZeilen, "so"; ja', "groß"]),
        (4, ["=1", "x"]),
    ]
    assert table.notes == []


def test_a_windows_text_is_read_and_told() -> None:
    table = read_table("Titel;Größe\nÖfen – „gut“;groß".encode("cp1252"), sheet="Beispiele")
    assert [cell.value for cell in table.lines[1].cells.values()] == ["Öfen – „gut“", "groß"]
    assert "Windows-1252" in table.notes[0]


def test_the_line_that_tells_excel_the_delimiter_is_no_row() -> None:
    table = read_table(b"sep=;\r\nTitel;Jahr\r\nx;2024", sheet="Beispiele")
    assert [line.number for line in table.lines] == [1, 2]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "leer"),
        (b" \n \n", "leer"),
        (b"a" * (10 * 1024 * 1024 + 1), "größer als 10 MB"),
        (b"Titel\n" + b'"' + b"a" * 200_000 + b'"', "kein Ende hat oder zu lang"),
        (b'Titel\n"offen', "Anführungszeichen"),
        (b'Titel\n"zu"viel;x', "Anführungszeichen"),
        (b"Titel\nx\x00y", "keine Tabelle"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x81\x8d", "keine Tabelle"),
        (b"Titel\n" + b"x\n" * 2_001, "mehr als 2.000 Zeilen"),
        (b"a;" * 500 + b"a", "mehr als 400 Spalten"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "alten Excel-Format"),
        (b"\xff\xfex", "keine Tabelle"),
    ],
)
def test_what_is_no_table_is_refused_in_words(content: bytes, reason: str) -> None:
    assert reason in refusal(content)


def test_2000_rows_are_taken() -> None:
    assert len(read_table(b"Titel\n" + b"x\n" * 2_000 + b"\n" * 5_000, sheet="Beispiele").lines) == 2_001


# ---------------------------------------------------------------- in: XLSX


def test_cells_come_with_their_types_and_addresses() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["Titel", None, "Zahl"])
        sheet["A3"], sheet["B3"], sheet["C3"] = "Öfen\nund mehr", 84, 34.5
        sheet["A4"], sheet["B4"], sheet["C4"] = date(2026, 9, 1), MOMENT, True
        sheet["A5"], sheet["B5"] = -0.38, 5
        sheet["A5"].number_format, sheet["B5"].number_format = "0%", '0"%"'
        sheet["D9"] = " "

    table = read_table(workbook(fill), sheet="Beispiele")
    assert [(line.number, {column: cell.value for column, cell in line.cells.items()}) for line in table.lines] == [
        (1, {1: "Titel", 3: "Zahl"}),
        (3, {1: "Öfen\nund mehr", 2: 84, 3: 34.5}),
        (4, {1: date(2026, 9, 1), 2: MOMENT, 3: True}),
        (5, {1: "-38 %", 2: 5}),
    ]


def test_formulas_errors_and_impossible_days_are_faults_of_their_cells() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["=SUM(B1:B9)", "#DIV/0!", 99999999])
        sheet["C1"].number_format = "DD.MM.YYYY"

    cells = read_table(workbook(fill), sheet="Beispiele").lines[0].cells
    assert cells[1] == Cell(None, FORMULA)
    assert "#DIV/0!" in cells[2].fault
    assert "kein Datum" in cells[3].fault


def test_a_formula_is_a_fault_even_where_excel_kept_its_value() -> None:
    content = raw_workbook('<row r="1"><c r="A1" t="str"><f>cmd|calc</f><v>harmlos</v></c></row>')
    assert read_table(content, sheet="A").lines[0].cells[1] == Cell(None, FORMULA)


def test_merged_cells_are_named() -> None:
    def fill(sheet: Any) -> None:
        sheet["B2"] = "Metall"
        sheet.merge_cells("B2:B5")

    assert "B2 bis B5" in refusal(workbook(fill))


def test_the_sheet_of_that_name_is_read_else_the_first_and_told() -> None:
    book = openpyxl.Workbook()
    book.active.title, book.active["A1"] = "Notizen", "falsch"
    book.create_sheet("versteckt", 0).sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    assert values(file.getvalue()) == [["falsch"]]

    book.create_sheet("beispiele")["A1"] = "richtig"
    book.create_sheet("Noch eins")
    file = io.BytesIO()
    book.save(file)
    assert values(file.getvalue()) == [["richtig"]]
    assert read_table(file.getvalue(), sheet="anderes").notes == ["Gelesen wurde das Blatt „Notizen“."]


def test_formatted_text_is_one_text_and_a_mac_calendar_is_minded() -> None:
    strings = "<si><r><t>Zwei </t></r><r><rPr/><t>Teile_x000D_</t></r><rPh><t>nicht</t></rPh></si>"
    assert values(raw_workbook('<row><c t="s"><v>0</v></c><c t="inlineStr"><is><t>b</t></is></c></row>', strings)) == [
        ["Zwei Teile", "b"]
    ]

    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active["A1"] = date(2026, 9, 1)
    file = io.BytesIO()
    book.save(file)
    assert values(file.getvalue()) == [[date(2026, 9, 1)]]


def bomb_of_zeros() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(200 * 1024 * 1024))
    return file.getvalue()


ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bomb_of_zeros(), "viel zu groß"),
        (raw_workbook('<row r="1">' + "<c/>" * 1_100_000 + "</row>"), "zu viele Zellen"),
        (raw_workbook("<row/>" * 1_100_000), "zu viele Zellen"),
        (raw_workbook("<row><c><v>1</v></c></row>" * 2_002), "mehr als 2.000 Zeilen"),
        (raw_workbook('<row r="1"><c r="XFD1"><v>1</v></c></row>'), "mehr als 400 Spalten"),
        (raw_workbook('<row><c t="inlineStr"><is><t>&b;</t></is></c></row>', before=ENTITIES), "beschädigt"),
        (raw_workbook('<row><c t="inlineStr"><is><t>&a;</t></is></c></row>', before=OUTSIDE), "beschädigt"),
        (raw_workbook('<row><c t="s"><v>7</v></c></row>'), "keine Excel-Arbeitsmappe"),
        (raw_workbook('<row r="x"><c><v>1</v></c></row>'), "keine Excel-Arbeitsmappe"),
        (raw_workbook("<row><c><v>1</c></row>"), "beschädigt"),
        (b"PK\x03\x04 kein Archiv", "beschädigt"),
        (workbook(lambda sheet: sheet.append(["x"]))[:-200], "beschädigt"),
    ],
    ids=[
        "zeros",
        "cells",
        "rows",
        "full rows",
        "columns",
        "entities",
        "outside",
        "string",
        "number",
        "xml",
        "zip",
        "cut",
    ],
)
def test_a_hostile_or_broken_workbook_is_refused_quickly_and_in_little_memory(content: bytes, reason: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    assert reason in (message := refusal(content))
    after = resource.getrusage(resource.RUSAGE_SELF)

    assert "/etc" not in message
    assert after.ru_utime - before.ru_utime < 15, "seconds"
    assert after.ru_maxrss - before.ru_maxrss < 400 * 1024, "kilobytes"


def test_other_archives_are_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("content.xml", "<x/>")
    assert "keine Excel-Arbeitsmappe" in refusal(file.getvalue())


def test_10_mb_in_one_cell_are_a_fault_of_that_cell() -> None:
    strings = f"<si><t>{'a' * (10 * 1024 * 1024)}</t></si>"
    cell = read_table(raw_workbook('<row><c t="s"><v>0</v></c></row>', strings), sheet="A").lines[0].cells[1]
    assert "10.485.760 Zeichen" in cell.fault
    assert len(str(cell.value)) == 60


@pytest.mark.parametrize("value", ["1e999", "nan", "-inf"])
def test_what_is_no_number_is_a_fault(value: str) -> None:
    assert read_table(raw_workbook(f"<row><c><v>{value}</v></c></row>"), sheet="A").lines[0].cells[1].fault


# ---------------------------------------------------------------- in: JSON


def test_json_is_told_from_tables() -> None:
    assert is_json(b'\xef\xbb\xbf {"a": 1}')
    assert is_json(b"[]")
    assert not is_json(b"Titel;Jahr")
    assert read_json(b'\xef\xbb\xbf[34.5, "\xc3\xa4"]') == [Decimal("34.5"), "ä"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "leer"),
        (b'[{"a": ', "kein JSON (Zeile 1)"),
        (b"[NaN]", "kein JSON"),
        (b"[Infinity]", "kein JSON"),
        (b"[" + b"9" * 5_000 + b"]", "kein JSON"),
        ("[„ä“]".encode("cp1252"), "nicht in UTF-8"),
        (b"[" * 200_000, "zu tief"),
        (b'[{"titel": 1, "titel": 2}]', "„titel“ steht zweimal"),
        (b"[" + b" " * 10 * 1024 * 1024 + b"]", "größer als 10 MB"),
    ],
)
def test_what_is_no_json_is_refused_in_words(content: bytes, reason: str) -> None:
    with pytest.raises(FileRefused) as caught:
        read_json(content)
    assert reason in str(caught.value)
