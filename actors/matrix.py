"""Who does what for whom: the entries of the register counted by two of their sides, with what is doubled and what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import QueryDict

from platform_mark.exports import CellValue
from platform_mark.search.asking import SWITCHED_ON, query_of
from platform_mark.search.facets import Catalogue, Choice
from platform_mark.search.finding import cross
from platform_mark.search.index import kind_of

from .facets import EXACT, LABELS
from .models import Activity
from .search import FOR_ALL, activity_facets

# What rows and columns can be, in this order of the form.
SIDES = ("branche", "art", "zielgruppe", "phase", "kreis")
ROWS, COLUMNS = "branche", "art"
# So many alike are worth a talk among those who offer them.
ALIKE = 3
# More than this is no sentence any more.
SAID = 8


@dataclass(frozen=True)
class Cell:
    """How many entries are made for just this row and this column."""

    row: Choice
    column: Choice
    count: int
    #: Entries for actors only that come on top; 0 for everybody else.
    shared: int
    query: str

    @property
    def shade(self) -> int:
        """0 for nothing, 1 for one, 2 for two or three, 3 for more."""
        return min(self.count, 2) if self.count < 4 else 3

    @property
    def label(self) -> str:
        return f"{self.row.label}, {self.column.label}"


@dataclass(frozen=True)
class Line:
    choice: Choice
    cells: Sequence[Cell]

    @property
    def missing(self) -> list[Cell]:
        """The white spots of the row."""
        return [cell for cell in self.cells if not cell.count]


@dataclass(frozen=True)
class Matrix:
    rows: str
    columns: str
    heads: Sequence[Choice]
    lines: Sequence[Line]
    #: Entries that say nothing about one of the two sides, so that they stand in no cell.
    unplaced: int

    @property
    def row_label(self) -> str:
        return LABELS[self.rows][0]

    @property
    def column_label(self) -> str:
        return LABELS[self.columns][0]

    @property
    def is_first(self) -> bool:
        """Whether it is the one that is shown where nothing was asked."""
        return (self.rows, self.columns) == (ROWS, COLUMNS)

    @property
    def query(self) -> str:
        """What asks for this matrix."""
        return query_of([("zeilen", self.rows), ("spalten", self.columns)])

    @property
    def cells(self) -> list[Cell]:
        return [cell for line in self.lines for cell in line.cells]

    @property
    def overlaps(self) -> list[Cell]:
        """Where three and more offer alike, the most first."""
        alike = [cell for cell in self.cells if cell.count >= ALIKE]
        return sorted(alike, key=lambda cell: -cell.count)[:SAID]

    @property
    def overlaps_total(self) -> int:
        return sum(cell.count >= ALIKE for cell in self.cells)

    @property
    def gaps(self) -> list[Line]:
        """The first of `_all_gaps`, as many as can be read as a list."""
        return self._all_gaps[:SAID]

    @property
    def further_gaps(self) -> list[Line]:
        """The rest of them."""
        return self._all_gaps[SAID:]

    @property
    def _all_gaps(self) -> list[Line]:
        # Rows with white spots that have something beside them, the fewest gaps first: these are closed soonest.
        lines = [line for line in self.lines if line.choice.code != FOR_ALL and 0 < len(line.missing) < len(line.cells)]
        return sorted(lines, key=lambda line: len(line.missing))

    @property
    def bare(self) -> list[Choice]:
        """Rows for which there is nothing at all."""
        return [
            line.choice for line in self.lines if line.choice.code != FOR_ALL and not any(c.count for c in line.cells)
        ]


def sides(asked: QueryDict) -> tuple[str, str, list[str]]:
    """Rows and columns that an address asks for, and the words in it that name none; both the same is nothing to cross."""
    rows, columns = asked.get("zeilen") or ROWS, asked.get("spalten") or COLUMNS
    unknown = [word for word in (rows, columns) if word not in SIDES]
    rows = rows if rows in SIDES else ROWS
    columns = columns if columns in SIDES else COLUMNS
    if rows == columns:
        columns = COLUMNS if rows != COLUMNS else ROWS
    return rows, columns, unknown


def build(rows: str, columns: str, catalogue: Catalogue, *, shared: Iterable[Activity] = ()) -> Matrix:
    """Count the public entries by two sides, and `shared` ones (for actors only) beside them."""
    counts = cross(kind_of(Activity), Activity.search_shape, rows, columns).pairs
    on_top = _counted(shared, rows, columns)
    heads = catalogue.choices[columns]
    # The list counts the same: without what is meant for all, which has a row of its own.
    ends = [query_of([(columns, column.word), (EXACT, SWITCHED_ON)]) for column in heads]
    lines = []
    for row in catalogue.choices[rows]:
        start = query_of([(rows, row.word)])
        pairs = [(row.code, column.code) for column in heads]
        cells = [
            Cell(row, column, counts.get(pair, 0), on_top.get(pair, 0), f"{start}&{end}")
            for column, pair, end in zip(heads, pairs, ends, strict=True)
        ]
        lines.append(Line(row, cells))
    unplaced = sum(number for (row, column), number in counts.items() if not (row and column))
    return Matrix(rows, columns, heads, lines, unplaced)


def table(matrix: Matrix) -> Iterable[Sequence[CellValue]]:
    """The matrix as rows of a spreadsheet."""
    yield [f"{matrix.row_label} / {matrix.column_label}", *(head.label for head in matrix.heads)]
    for line in matrix.lines:
        yield [line.choice.label, *(cell.count for cell in line.cells)]


def _counted(activities: Iterable[Activity], rows: str, columns: str) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for activity in activities:
        found = activity_facets(activity)
        for row in found[rows]:
            for column in found[columns]:
                counts[row, column] = counts.get((row, column), 0) + 1
    return counts
