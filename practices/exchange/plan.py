"""Read a file of examples and say what would become of each row, and which cell is wrong. Nothing is stored here."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import CheckConstraint, Q
from django.utils.crypto import get_random_string

from platform_mark.exports import german
from platform_mark.publishing import versions
from platform_mark.publishing.forms import columns_of
from platform_mark.publishing.models import State
from platform_mark.publishing.versions import Difference
from platform_mark.sheets import (
    MAX_ROWS,
    NAMED,
    Cell,
    FileRefused,
    Line,
    address,
    is_json,
    read_json,
    read_table,
)
from platform_mark.slugs import RESERVED
from platform_mark.taxonomy.lookup import Lookup

from .. import releasing, snapshot
from ..duplicates import look_alikes
from ..models import Practice
from .columns import (
    COLUMNS,
    HEADERS,
    INVISIBLE,
    PART_COLUMNS,
    PART_WORDS,
    READ_ONLY,
    READ_ONLY_HEADERS,
    Column,
    Key,
    Wrong,
    header_like,
    normal,
    one_line,
)
from .export import JSON_FORM, SAMPLE_SLUG, SHEET

MISSING = "Hier fehlt eine Angabe."
# Comparing each new row with every example costs time that a long file would not be worth.
_MOST_COMPARED = 100
_RULES = [rule for rule in Practice._meta.constraints if isinstance(rule, CheckConstraint)]
# The content that stands in the table of the examples itself.
WRITTEN = snapshot.RELEASED_FIELDS + snapshot.OWN_FIELDS
_IN_RULES = [name for name in WRITTEN if any(name in columns_of(rule) for rule in _RULES)]


class Outcome(Enum):
    """What becomes of a row."""

    NEW = "neu, als Entwurf"
    CHANGED = "geändert"
    REVISED = "geändert, als Überarbeitung"
    UNCHANGED = "unverändert"


@dataclass(frozen=True)
class Fault:
    """One wrong cell: where it is, and what is expected there."""

    number: int
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass(frozen=True)
class Entry:
    """One right row, and what becomes of it."""

    number: int
    title: str
    outcome: Outcome
    slug: str
    data: Mapping[str, Any]
    target: Practice | None = None
    # What of the content changes; for a new example all of it.
    changed_names: frozenset[str] = frozenset()
    differences: list[Difference] = field(default_factory=list)
    alike: list[Practice] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What a file would do: its right rows, its wrong cells, and how it was understood."""

    entries: list[Entry]
    faults: list[Fault]
    notes: list[str]

    def of(self, *outcomes: Outcome) -> list[Entry]:
        """The rows with these outcomes."""
        return [entry for entry in self.entries if entry.outcome in outcomes]

    @property
    def new(self) -> list[Entry]:
        return self.of(Outcome.NEW)

    @property
    def changed(self) -> list[Entry]:
        return self.of(Outcome.CHANGED, Outcome.REVISED)

    @property
    def unchanged(self) -> list[Entry]:
        return self.of(Outcome.UNCHANGED)

    @property
    def wrong_rows(self) -> int:
        return len({fault.number for fault in self.faults})

    @property
    def can_be_stored(self) -> bool:
        return not self.faults and bool(self.new or self.changed)

    @property
    def fingerprint(self) -> str:
        """The same as long as the same would happen."""
        told = [
            [entry.number, entry.outcome.name, entry.target and entry.target.pk, entry.slug, dict(entry.data)]
            + [[difference.old, difference.new] for difference in entry.differences]
            for entry in self.entries
        ]
        return hashlib.sha256(json.dumps([told, list(map(str, self.faults))]).encode()).hexdigest()


def refuse_unreadable(content: bytes) -> None:
    """Raise FileRefused when a file cannot be read at all."""
    read(content)


def make_plan(content: bytes) -> Plan:
    """Say what a file would do, without doing it; raises FileRefused when it cannot be read at all."""
    plan = Planner(read(content)).plan()
    if plan.faults or len(plan.new) > _MOST_COMPARED:
        return plan
    return replace(plan, entries=[_compared(entry) if entry in plan.new else entry for entry in plan.entries])


def _compared(entry: Entry) -> Entry:
    """Point to what looks like the same example: the person knows whether it is."""
    return replace(entry, alike=look_alikes(Practice(title=entry.title, company=entry.data["company"])))


# ---------------------------------------------------------------- rows of a file


@dataclass(frozen=True)
class Row:
    """One example as the file has it: values by their keys; None for an empty cell, no key for a missing column."""

    number: int
    label: str
    values: Mapping[Key, Any]
    where: Callable[[Key], str]
    unusable: Mapping[Key, str] = field(default_factory=dict)
    # Parts that the row names completely; else what has no column stays.
    whole_parts: frozenset[str] = frozenset()
    # What is wrong with the row itself.
    faults: list[Fault] = field(default_factory=list)

    def text(self, name: str) -> str:
        """A text that identifies the example, as far as it can be read."""
        value = self.values.get(Key(name))
        return one_line(INVISIBLE.sub("", german(value))) if isinstance(value, str | int) else ""


@dataclass(frozen=True)
class File:
    """The rows of a file, and how it was understood."""

    rows: list[Row]
    notes: list[str]


def read(content: bytes) -> File:
    """Read a table or a JSON file; raises FileRefused."""
    if is_json(content):
        return _read_document(read_json(content))
    table = read_table(content, sheet=SHEET)
    if not table.lines:
        raise FileRefused("Die Tabelle ist leer.")
    head, *lines = table.lines
    keys, ignored = _heading(head, lines)
    rows = [_row(line, keys) for line in lines]
    notes = list(table.notes)
    if ignored:
        notes.append(f"Nicht eingelesen, weil es sich von selbst ergibt: {', '.join(ignored)}.")
    samples = [row for row in rows if row.text("slug") == SAMPLE_SLUG]
    notes += [f"Zeile {row.number} ist die Musterzeile der Vorlage und wird übergangen." for row in samples]
    rows = [row for row in rows if row.text("slug") != SAMPLE_SLUG]
    if not rows:
        raise FileRefused(
            "Die Datei hat nur die Musterzeile der Vorlage."
            if samples
            else "Unter den Überschriften steht keine Zeile mit Werten."
        )
    return File(rows, notes)


def _heading(head: Line, lines: Iterable[Line]) -> tuple[dict[Key, int], list[str]]:
    """Which value stands in which column, and the headings of columns that are passed over."""
    found: dict[Key, int] = {}
    ignored: list[str] = []
    wrong: list[str] = []
    for column, cell in head.cells.items():
        header, where = " ".join(german(cell.value).split()), address(column, head.number)  # type: ignore[arg-type]
        if cell.fault:
            wrong.append(f"In der Überschrift {where}: {cell.fault}")
        elif normal(header) in READ_ONLY_HEADERS:
            ignored.append(header)
        elif (key := HEADERS.get(normal(header))) is None:
            other = header_like(header)
            hint = f" Meinten Sie „{other}“?" if other else ""
            wrong.append(f"Die Spalte „{header[:60]}“ ({where}) gibt es nicht.{hint}")
        elif key in found:
            wrong.append(f"Die Spalte „{header}“ steht zweimal: {address(found[key], head.number)} und {where}.")
        else:
            found[key] = column
    if not found:
        raise FileRefused(
            f"In Zeile {head.number} stehen keine Überschriften, die der Import kennt. Bitte nehmen Sie die Vorlage."
        )
    for line in lines:
        for column in line.cells:
            if column not in head.cells:
                wrong.append(f"In {address(column, line.number)} steht etwas, aber die Spalte hat keine Überschrift.")
                break
        if len(wrong) > NAMED:
            break
    if not {Key("title"), Key("slug")} & found.keys():
        wrong.append("Es fehlt die Spalte „Titel“ oder die Spalte „Adresse“.")
    if wrong:
        raise FileRefused(*wrong[:NAMED], *(["Und weitere Spalten."] if len(wrong) > NAMED else []))
    return found, ignored


def _row(line: Line, columns: Mapping[Key, int]) -> Row:
    def where(key: Key) -> str:
        if key in columns:
            return f"Zeile {line.number}, Spalte „{key.header}“ ({address(columns[key], line.number)})"
        return f"Zeile {line.number} (die Datei hat keine Spalte „{key.header}“)"

    cells = {key: line.cells.get(column, Cell(None)) for key, column in columns.items()}
    return Row(
        number=line.number,
        label=f"Zeile {line.number}",
        values={key: cell.value for key, cell in cells.items()},
        where=where,
        unusable={key: cell.fault for key, cell in cells.items() if cell.fault},
    )


def _read_document(document: Any) -> File:
    if isinstance(document, dict):
        if document.get("format") != JSON_FORM or document.get("version") != 1:
            raise FileRefused("Das ist kein Export guter Beispiele.")
        document = document.get("practices")
    if not isinstance(document, list) or not document:
        raise FileRefused("Erwartet wird eine Liste von Beispielen, wie der Export sie schreibt.")
    if len(document) > MAX_ROWS:
        raise FileRefused(f"Die Datei hat mehr als {MAX_ROWS} Einträge. Bitte teilen Sie sie auf.")
    return File([_row_of_document(number, item) for number, item in enumerate(document, 1)], [])


def _row_of_document(number: int, item: Any) -> Row:
    def where(key: Key) -> str:
        return f"Eintrag {number}, Feld „{key.path}“ ({key.header})"

    values: dict[Key, Any] = {}
    faults: list[Fault] = []
    if not isinstance(item, dict):
        fault = Fault(number, f"Eintrag {number}", "Das ist kein Beispiel mit Feldern.")
        return Row(number, f"Eintrag {number}", {}, where, faults=[fault])

    def refuse(path: str, message: str) -> None:
        faults.append(Fault(number, f"Eintrag {number}, Feld „{path[:60]}“", message))

    for name, value in item.items():
        if name in COLUMNS:
            values[Key(name)] = value
        elif name in PART_COLUMNS and isinstance(value, list):
            for place, part in enumerate(value):
                if not isinstance(part, dict):
                    refuse(f"{name}[{place}]", "Hier werden Felder in geschweiften Klammern erwartet.")
                    continue
                for inner, inner_value in part.items():
                    if inner in PART_COLUMNS[name]:
                        values[Key(inner, name, place)] = inner_value
                    else:
                        refuse(f"{name}[{place}].{inner}", "Dieses Feld gibt es nicht.")
        elif name in PART_COLUMNS:
            refuse(name, "Hier wird eine Liste erwartet.")
        elif name not in READ_ONLY:
            refuse(name, "Dieses Feld gibt es nicht.")
    if not {Key("title"), Key("slug")} & values.keys():
        refuse("title", MISSING)
    whole = frozenset(PART_COLUMNS) & item.keys()
    return Row(number, f"Eintrag {number}", values, where, whole_parts=whole, faults=faults)


# ---------------------------------------------------------------- rows beside what is stored


class Planner:
    """Everything that is looked up once for a file."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.lookup = Lookup()
        stored = (
            self.touched(file)
            .select_related("revision", "municipality")
            .prefetch_related("branches", "topics", *PART_COLUMNS)
        )
        self.by_slug: dict[str, Practice] = {}
        self.by_words: defaultdict[tuple[str, str, str], list[Practice]] = defaultdict(list)
        for practice in stored:
            self.by_slug[practice.slug] = practice
            if practice.revision_of_id is None:
                self.by_words[_identity(practice.source_url, practice.title, practice.company)].append(practice)
        self.seen: dict[object, Row] = {}

    @staticmethod
    def touched(file: File) -> Any:
        """The stored examples that a row may be about."""
        slugs, titles = ({row.text(name) for row in file.rows} for name in ("slug", "title"))
        return Practice.objects.filter(Q(slug__in=slugs) | Q(title__in=titles))

    def plan(self) -> Plan:
        """Look at every row."""
        right: list[tuple[Row, Entry]] = []
        faults: list[Fault] = []
        for row in self.file.rows:
            try:
                right.append((row, self._entry(row)))
            except _RowRefused as refused:
                faults += refused.faults
        touched = [(row, entry) for row, entry in right if entry.outcome is not Outcome.UNCHANGED]
        broken = (
            [] if self._table_takes(touched) else [f for row, e in touched for f in self._broken_rules(row, e.data)]
        )
        numbers = {fault.number for fault in broken}
        entries = [entry for _, entry in right if entry.number not in numbers]
        return Plan(entries, sorted([*faults, *broken], key=lambda fault: fault.number), self.file.notes)

    def _table_takes(self, rows: Iterable[tuple[Row, Entry]]) -> bool:
        """Whether all keep the rules of the table. It is asked once for all of them, and nothing of it stays."""
        try:
            with transaction.atomic():
                Practice.objects.bulk_create(self._candidate(entry.data) for _, entry in rows)
                transaction.set_rollback(True)
        except IntegrityError:
            return False
        return True

    def _candidate(self, data: Mapping[str, Any]) -> Practice:
        """An example that has nothing of its own but what rules are about."""
        candidate = Practice(slug=get_random_string(40), title=get_random_string(40))
        assign(candidate, data, _IN_RULES, self.lookup)
        return candidate

    def _entry(self, row: Row) -> Entry:
        if row.faults:
            raise _RowRefused(row.faults)
        target = self._target(row)
        if target is None:
            data = self._overlay(row, _EMPTY)
            self._refuse_double(row, None, data)
            return Entry(row.number, data["title"], Outcome.NEW, row.text("slug"), data, None, frozenset(data))
        before = snapshot.written(target)
        data = self._overlay(row, before)
        self._refuse_double(row, target, data)
        outcome = Outcome.UNCHANGED if data == before else Outcome.CHANGED
        if outcome is Outcome.CHANGED and target.state == State.PUBLISHED:
            outcome = self._as_revision(row, target)
        differences = [] if outcome is Outcome.UNCHANGED else self._differences(before, data)
        names = frozenset(name for name in data if data[name] != before[name])
        return Entry(row.number, target.title, outcome, target.slug, data, target, names, differences)

    def _as_revision(self, row: Row, target: Practice) -> Outcome:
        copy = getattr(target, "revision", None)
        if copy is None:
            return Outcome.REVISED
        before = snapshot.written(copy)
        if self._overlay(row, before) == before:
            # Staff have the file's changes in the working copy already.
            return Outcome.UNCHANGED
        raise _refused(
            row,
            _key_of(row),
            "Dieses Beispiel ist veröffentlicht und wird gerade überarbeitet. Lassen Sie die Zeile weg oder tragen Sie "
            f"als Adresse „{copy.slug}“ ein: Dann ändert der Import die Überarbeitung.",
        )

    def _target(self, row: Row) -> Practice | None:
        if slug := row.text("slug"):
            target = self.by_slug.get(slug)
            if target is None and slug.startswith(releasing.REVISION_SLUG):
                raise _refused(row, Key("slug"), "Diese Überarbeitung gibt es nicht mehr.")
            if target is None and slug in RESERVED:
                raise _refused(row, Key("slug"), f"„{slug}“ braucht das Portal für eine eigene Seite.")
            return target
        found = self.by_words[_identity(row.text("source_url"), row.text("title"), row.text("company"))]
        if len(found) > 1:
            raise _refused(
                row,
                _key_of(row),
                f"Es gibt {len(found)} Beispiele mit diesem Titel und Betrieb. Bitte tragen Sie die Adresse ein.",
            )
        return found[0] if found else None

    def _refuse_double(self, row: Row, target: Practice | None, data: Mapping[str, Any]) -> None:
        """No example comes twice: not in the file, and not beside one that has the same source and title."""
        identity = _identity(data["source_url"], data["title"], data["company"])
        slug = row.text("slug")
        marks: list[object] = [target.pk] if target else [identity, *([slug] if slug else [])]
        if data["source_url"] and not (target and target.revision_of_id):
            marks.append(identity)
        for mark in marks:
            if (before := self.seen.setdefault(mark, row)) is not row:
                raise _refused(row, _key_of(row), f"Dieses Beispiel steht schon weiter oben: {before.label}.")
        others = [other for other in self.by_words[identity] if other != target] if data["source_url"] else []
        if others and not (target and target.revision_of_id):
            raise _refused(
                row,
                Key("source_url"),
                f"Dieses Beispiel gibt es schon: gleiche Quelle, gleicher Titel. Seine Adresse ist „{others[0].slug}“.",
            )

    def _overlay(self, row: Row, base: Mapping[str, Any]) -> dict[str, Any]:
        """The content of an example after the row is laid over it; raises _RowRefused."""
        faults: list[Fault] = []
        data = dict(base)
        for key in row.values:
            if not key.part:
                data[key.name] = self._value(row, key, data.get(key.name, ""), faults)
        # It says which example is meant, and is no content.
        data.pop("slug", None)
        for name, column in COLUMNS.items():
            if column.is_required and data[name] == "" and Key(name) not in row.values:
                faults.append(Fault(row.number, row.where(Key(name)), MISSING))
        for part in PART_COLUMNS:
            data[part] = self._parts(row, part, base[part], faults)
        if faults:
            raise _RowRefused(faults)
        return data

    def _parts(self, row: Row, part: str, base: list[dict[str, Any]], faults: list[Fault]) -> list[dict[str, Any]]:
        columns = PART_COLUMNS[part]
        empty = {name: column.kind.empty for name, column in columns.items()}
        rows = dict(enumerate([] if part in row.whole_parts else base))
        for key in (key for key in row.values if key.part == part):
            stored = base[key.place] if key.place < len(base) else empty
            values = rows.get(key.place, empty)
            rows[key.place] = {**values, key.name: self._value(row, key, stored[key.name], faults)}
        # What stands in the file counts, even if it cannot be used.
        meant = {key.place for key, value in row.values.items() if key.part == part and value not in (None, "")}
        found = []
        for place, values in sorted(rows.items()):
            if values == empty and place not in meant:
                continue
            for name, column in columns.items():
                if column.is_required and values[name] in (None, ""):
                    key = Key(name, part, place)
                    if key not in row.unusable and not any(fault.where == row.where(key) for fault in faults):
                        what = f"{PART_WORDS[part]} {place + 1} ist unvollständig"
                        faults.append(Fault(row.number, row.where(key), f"{MISSING} {what}."))
            found.append(values)
        return found

    def _value(self, row: Row, key: Key, stored: Any, faults: list[Fault]) -> Any:
        """The value for the snapshot: that of the row, or the stored one where it is the same or a fault was noted."""
        column = key.column
        try:
            if key in row.unusable:
                raise Wrong(row.unusable[key])
            value = column.kind.read(row.values[key], self.lookup)
            column.checked(value)
            if value == "" and column.is_required and not key.part:
                if column.field.has_default():
                    return stored
                raise Wrong(MISSING)
        except Wrong as wrong:
            faults.append(Fault(row.number, row.where(key), str(wrong)))
            return stored
        return stored if self._is_same(column, stored, value) else value

    def _is_same(self, column: Column, base: Any, value: Any) -> bool:
        """Whether a value is what the stored one would be after going through a file."""
        if base == value:
            return True
        try:
            return column.kind.read(column.kind.shown(base, self.lookup), self.lookup) == value
        except Wrong:
            return False

    def _broken_rules(self, row: Row, data: Mapping[str, Any]) -> Iterator[Fault]:
        """The rules of the table that the content breaks, each at the last of its columns that the file has."""
        candidate = self._candidate(data)
        for rule in _RULES:
            try:
                rule.validate(Practice, candidate)
            except ValidationError as error:
                named = [Key(name) for name in columns_of(rule) if name in COLUMNS]
                place = [*named, *(key for key in named if key in row.values)][-1]
                yield Fault(row.number, row.where(place), " ".join(error.messages))

    def _differences(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
        return versions.differences(Practice, self._readable(old), self._readable(new))

    def _readable(self, data: Mapping[str, Any]) -> dict[str, Any]:
        def shown(column: Column, value: Any) -> str:
            return german(column.kind.shown(value, self.lookup))

        plain = {name: shown(column, data[name]) for name, column in COLUMNS.items() if name in data}
        parts = {
            part: [{name: shown(column, values[name]) for name, column in columns.items()} for values in data[part]]
            for part, columns in PART_COLUMNS.items()
        }
        return plain | parts


class _RowRefused(Exception):
    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(*faults)


def _refused(row: Row, key: Key, message: str) -> _RowRefused:
    return _RowRefused([Fault(row.number, row.where(key), message)])


def _key_of(row: Row) -> Key:
    """The cell by which people know the row."""
    return next(key for key in (Key("slug"), Key("title")) if row.values.get(key) or key.name == "title")


def _identity(source_url: str, title: str, company: str) -> tuple[str, str, str]:
    """The same source and title is the same example; without a source, the same title and company."""
    return (source_url, title, "" if source_url else company)


def assign(practice: Practice, data: Mapping[str, Any], names: Iterable[str], lookup: Lookup) -> None:
    """Set fields of an example to what a snapshot says of them."""
    for name in names:
        value = data[name]
        if name == "municipality":
            practice.municipality = lookup.municipality(value or "")
        else:
            setattr(practice, name, COLUMNS[name].field.to_python(value))


# The content of an example that nothing has been said of.
_EMPTY: Mapping[str, Any] = {
    **{
        name: column.field.get_default() if column.is_required and column.field.has_default() else column.kind.empty
        for name, column in COLUMNS.items()
        if name != "slug"
    },
    **{part: [] for part in PART_COLUMNS},
}
