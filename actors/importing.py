"""Entries from files: published facts in JSON, and lists that staff keep in a table. Checked row by row, stored all or not at all.

An organisation that is not listed yet becomes an actor without account. Entries start unconfirmed: nobody of the
organisation has assured them. What a row leaves open stays open, above all its dates: a year is no day.
"""

import hashlib
import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import IO, TYPE_CHECKING, Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format

from platform_mark.exports import CellValue, unguarded, write_xlsx
from platform_mark.publishing import versions
from platform_mark.search import index
from platform_mark.sheets import Cell, FileRefused, Line, address, is_json, read_json, read_table
from platform_mark.slugs import free_slug, german_slug
from platform_mark.taxonomy.lookup import Lookup
from platform_mark.taxonomy.models import District

from . import review, snapshot
from .models import Activity, ActivityQuerySet, Actor
from .snapshot import EMPTY, FIELDS, TERMS

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

SHEET = "Aktivitäten"
ACTOR_COLUMN = "Akteur"
SEPARATOR = " | "
_KNOWN = {
    *("title", "kind", "organiser", "partners", "start", "end", "place"),
    *("branch_wz", "target_groups", "summary", "terms", "source_url"),
}
# What the words of a source say about the kind; "Beratung und Zuschuss" is advice, since that stands first.
_KINDS = (
    (r"qualifizierung|schulung|weiterbildung|mentoring", Activity.Kind.TRAINING),
    (r"förder|zuschuss|gutschein(?!.*beratung)", Activity.Kind.FUNDING),
    (r"beratung|coaching", Activity.Kind.ADVICE),
    (r"netzwerk|kooperation|verbund", Activity.Kind.NETWORK),
    (r"demonstration|modell|labor|kompetenzzentrum", Activity.Kind.DEMONSTRATION),
    (r"veranstaltung|tagung|messe", Activity.Kind.EVENT),
)
_ACTOR_KINDS = (
    (r"kammer|\bihk\b|\bhwk\b", Actor.Kind.CHAMBER),
    (r"universität|hochschule|\binstitut\b(?!.*management)|kunststoff-institut", Actor.Kind.UNIVERSITY),
    (r"gewerkschaft|ig metall|ver\.di|\bdgb\b", Actor.Kind.UNION),
    (r"agentur für arbeit|jobcenter", Actor.Kind.EMPLOYMENT),
    (r"wirtschaftsförderung|strukturförderung|agentur", Actor.Kind.AGENCY),
    (r"verband|innung", Actor.Kind.ASSOCIATION),
    (r"netzwerk|konsortium|zentrum|verbund", Actor.Kind.NETWORK),
    (r"management institut|akademie|bildung", Actor.Kind.EDUCATION),
)
_LONGEST_SUMMARY = 300


@dataclass(frozen=True)
class Fault:
    """One wrong field: the row it is in, where exactly, and what is wrong."""

    number: int
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class ImportRefused(Exception):
    """Nothing was stored; `faults` names each wrong field."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(f"{len(self.faults)} Angaben sind falsch.")


class PlanChanged(Exception):
    """What was shown is no longer what would happen: somebody has changed something meanwhile."""


class Outcome(Enum):
    """What becomes of a row."""

    NEW = "neu"
    CHANGED = "geändert"
    UNCHANGED = "unverändert"


@dataclass
class Row:
    """One entry as a file has it."""

    number: int
    name: str
    actor: str = ""
    seat: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    source_url: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, name: str, message: str) -> None:
        """Note what is wrong with one field."""
        self.faults.append(Fault(self.number, self.where.get(name) or f"{self.name}, Feld „{name}“", message))


@dataclass(frozen=True)
class Entry:
    """One right row, and what becomes of it."""

    row: Row
    outcome: Outcome
    actor: Actor | None
    target: Activity | None = None
    changed: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.row.number

    @property
    def title(self) -> str:
        return str(self.row.data["title"])

    @property
    def changed_labels(self) -> str:
        """What changes, by the names of the fields."""
        return ", ".join(snapshot.label(name) for name in self.changed)


@dataclass(frozen=True)
class Plan:
    """What a file would do: its right rows, its wrong fields, and who is not listed yet."""

    entries: list[Entry]
    faults: list[Fault]
    new_actors: list[str]

    def count(self, outcome: Outcome) -> int:
        """How many rows have this outcome."""
        return sum(entry.outcome is outcome for entry in self.entries)

    @property
    def can_be_stored(self) -> bool:
        return not self.faults and any(entry.outcome is not Outcome.UNCHANGED for entry in self.entries)

    @property
    def fingerprint(self) -> str:
        """The same as long as the same would happen."""
        told = [
            (entry.number, entry.outcome.name, entry.target and entry.target.pk, sorted(entry.changed), entry.row.data)
            for entry in self.entries
        ]
        return hashlib.sha256(repr((told, self.new_actors, list(map(str, self.faults)))).encode()).hexdigest()

    @property
    def summary(self) -> str:
        """What would happen, in one line."""
        parts = [f"{self.count(outcome)} {outcome.value}" for outcome in Outcome]
        parts += [f"{len(self.new_actors)} neue Akteure"] if len(self.new_actors) > 1 else []
        parts += ["1 neuer Akteur"] if len(self.new_actors) == 1 else []
        return ", ".join(parts)


def read(content: bytes) -> list[Row]:
    """The rows of a JSON file of facts or of a table; raises FileRefused when it cannot be read at all."""
    return read_facts(read_json(content)) if is_json(content) else _read_table(content)


def make_plan(rows: Sequence[Row]) -> Plan:
    """Say what these rows would do, without doing it."""
    actors = {german_slug(actor.name): actor for actor in Actor.objects.filter(merged_into=None)}
    faults = [fault for row in rows for fault in row.faults]
    entries: list[Entry] = []
    new_actors: dict[str, str] = {}
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        if row.faults:
            continue
        actor = actors.get(german_slug(row.actor))
        if actor is None:
            new_actors.setdefault(german_slug(row.actor), row.actor)
        key = _key(row)
        if key in seen:
            faults.append(Fault(row.number, row.name, "Diesen Eintrag gibt es weiter oben schon."))
            continue
        seen.add(key)
        target = _stored(row, actor)
        changed = [] if target is None or row.source_url else _differing(target, row.data)
        outcome = Outcome.NEW if target is None else Outcome.CHANGED if changed else Outcome.UNCHANGED
        entry = Entry(row, outcome, actor, target, changed)
        wrong = _invalid(entry)
        faults += wrong
        if not wrong:
            entries.append(entry)
    return Plan(entries, sorted(faults, key=lambda fault: fault.number), list(new_actors.values()))


@transaction.atomic
def carry_out(rows: Sequence[Row], *, by: "User | None", fingerprint: str | None = None, dry_run: bool = False) -> Plan:
    """Store all rows or none: raises ImportRefused with every wrong field. `dry_run` does all of it and takes it back.

    New entries are public and unconfirmed; changes are staff's and recorded as such. Facts that are there stay as they are.
    Who has looked at a plan before passes its `fingerprint`: raises PlanChanged where that is not what would happen now.
    """
    # Nobody changes what is being compared until all is written.
    list(_touched(rows).select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    plan = make_plan(rows)
    if fingerprint is not None and (plan.fingerprint != fingerprint or not plan.can_be_stored):
        raise PlanChanged
    if plan.faults:
        raise ImportRefused(plan.faults)
    made: dict[str, Actor] = {}
    for entry in plan.entries:
        if entry.outcome is Outcome.NEW:
            key = german_slug(entry.row.actor)
            actor = entry.actor or made.get(key) or made.setdefault(key, _make_actor(entry.row))
            _make_activity(entry.row, actor, by)
        elif entry.target is not None and entry.changed:
            before = snapshot.snapshot(entry.target)
            snapshot.apply(entry.target, entry.row.data, entry.changed)
            review.record_staff_change(entry.target, before=before, by=by, note="Aus einer Liste eingelesen")
    if dry_run:
        transaction.set_rollback(True)
    return plan


# ---------------------------------------------------------------- facts of public sources


def read_facts(value: Any) -> list[Row]:
    """The rows of a list of facts in the shape of `real_activities.json`; what is wrong stands in the rows."""
    if not isinstance(value, list):
        raise FileRefused("Erwartet wird eine Liste von Einträgen.")
    lookup = Lookup()
    return [_fact(number, row, lookup) for number, row in enumerate(value, 1)]


def _fact(number: int, fact: Any, lookup: Lookup) -> Row:
    row = Row(number, f"Eintrag {number}")
    if not isinstance(fact, dict):
        row.faults.append(Fault(number, row.name, "Das ist kein Eintrag mit Feldern."))
        return row
    for name in fact:
        if name not in _KNOWN:
            row.fault(str(name), "Dieses Feld gibt es nicht.")
    texts = {name: _text(row, fact, name) for name in _KNOWN - {"partners", "branch_wz", "target_groups"}}
    lists = {name: _list(row, fact, name) for name in ("partners", "branch_wz", "target_groups")}
    for name in ("title", "organiser", "summary", "source_url"):
        if fact.get(name) in (None, "") or (isinstance(fact.get(name), str) and not fact[name].strip()):
            row.fault(name, "Hier fehlt eine Angabe.")
    if row.faults:
        return row
    row.actor, row.source_url = texts["organiser"], texts["source_url"]
    place = lookup.municipality(texts["place"])
    row.seat = texts["place"]
    begins, ends = _day(row, "start", texts["start"]), _day(row, "end", texts["end"], is_end=True)
    if row.faults:
        return row
    summary, rest = _shortened(texts["summary"])
    told = [
        rest,
        f"Partner laut Quelle: {', '.join(lists['partners'])}." if lists["partners"] else "",
        f"Bedingungen laut Quelle: {texts['terms']}." if len(texts["terms"]) > 160 else "",
        f"Beginn laut Quelle: {_in_words(texts['start'])}." if texts["start"] and not begins else "",
        f"Ende laut Quelle: {_in_words(texts['end'])}." if len(texts["end"]) < 10 and texts["end"] else "",
    ]
    values = {
        "title": texts["title"],
        "summary": summary,
        "description": "\n\n".join(part for part in told if part),
        "kind": _first_fit(_KINDS, texts["kind"], Activity.Kind.INFORMATION),
        "target_groups": lists["target_groups"],
        "branches": _branches(row, lists["branch_wz"], lookup),
        "municipalities": [place] if place else [],
        "area": "" if place else texts["place"],
        "cost_note": texts["terms"] if len(texts["terms"]) <= 160 else "",
        "valid_from": begins,
        "valid_until": ends,
    }
    _keep(row, values)
    return row


def _text(row: Row, fact: Mapping[str, Any], name: str) -> str:
    value = fact.get(name)
    if not isinstance(value, str | None):
        row.fault(name, "Hier wird ein Text erwartet.")
        return ""
    if "\x00" in (value or ""):
        row.fault(name, "Der Text enthält ein unsichtbares Zeichen (NUL).")
        return ""
    return " ".join((value or "").split())


def _list(row: Row, fact: Mapping[str, Any], name: str) -> list[str]:
    value = fact.get(name) or []
    if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        row.fault(name, "Hier wird eine Liste von Texten erwartet.")
        return []
    if "\x00" in "".join(value):
        row.fault(name, "Ein Text enthält ein unsichtbares Zeichen (NUL).")
        return []
    return value


def _branches(row: Row, codes: Iterable[str], lookup: Lookup) -> list[Any]:
    found = []
    # A letter names a whole section, which is no branch of ours; staff choose one later.
    for code in (code for code in codes if code.isdigit()):
        branch = lookup.branch_of_code(code)
        if branch is None:
            row.fault("branch_wz", f"Die Abteilung „{code}“ gibt es in der WZ 2008 nicht.")
        elif branch not in found:
            found.append(branch)
    return found


def _day(row: Row, name: str, text: str, *, is_end: bool = False) -> date | None:
    """A day; of an end that names a month or a year its last day. A beginning without a day stays open."""
    if not text:
        return None
    try:
        parts = [int(part) for part in text.split("-")]
        if not re.fullmatch(r"\d{4}(-\d{2}){0,2}", text):
            raise ValueError
        if len(parts) == 3:
            return date(*parts)
        month = parts[1] if len(parts) == 2 else 12
        last = date(parts[0], month, monthrange(parts[0], month)[1])
    except ValueError:
        row.fault(name, "Erwartet wird ein Datum wie 2026-09-01, 2026-09 oder 2026.")
        return None
    return last if is_end else None


def _in_words(text: str) -> str:
    if len(text) == 7:
        return date_format(date(int(text[:4]), int(text[5:]), 1), "F Y")
    return text


def _shortened(text: str) -> tuple[str, str]:
    """A sentence or more that fits into a list, and the whole where that was too long."""
    if len(text) <= _LONGEST_SUMMARY:
        return text, ""
    return text[: _LONGEST_SUMMARY - 2].rsplit(" ", 1)[0] + " …", text


def _first_fit(choices: Iterable[tuple[str, Any]], text: str, other: Any) -> str:
    """The choice whose words stand first in the text."""
    found = [(match.start(), kind) for pattern, kind in choices if (match := re.search(pattern, text.casefold()))]
    return str(min(found, key=lambda each: each[0])[1] if found else other)


# ---------------------------------------------------------------- tables


def write_template(target: IO[bytes]) -> None:
    """Write the empty table to fill in, with one line that says what belongs in each column."""
    columns = [ACTOR_COLUMN, *(snapshot.label(name) for name in FIELDS)]
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


def _read_table(content: bytes) -> list[Row]:
    table = read_table(content, sheet=SHEET)
    if not table.lines:
        raise FileRefused("Die Tabelle ist leer.")
    names = {german_slug(snapshot.label(name)): name for name in FIELDS} | {german_slug(ACTOR_COLUMN): "actor"}
    head, *lines = table.lines
    columns = {column: names.get(german_slug(str(cell.value)), "") for column, cell in head.cells.items()}
    missing = {"actor", "title"} - set(columns.values())
    if missing:
        labels = [ACTOR_COLUMN if name == "actor" else snapshot.label(name) for name in sorted(missing)]
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
        _keep(row, values)
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


# ---------------------------------------------------------------- both


def _keep(row: Row, values: Mapping[str, Any]) -> None:
    try:
        row.data = snapshot.to_data(values)
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            row.fault(name, " ".join(messages))


def _key(row: Row) -> tuple[str, ...]:
    if row.source_url:
        return ("source", row.source_url, row.data["title"])
    if row.data.get("external_id"):
        return ("id", german_slug(row.actor), row.data["external_id"])
    return ("title", german_slug(row.actor), row.data["title"])


def _touched(rows: Iterable[Row]) -> ActivityQuerySet:
    """The stored entries that a row may be about."""
    titles, keys = ({row.data[name] for row in rows if row.data.get(name)} for name in ("title", "external_id"))
    return Activity.objects.filter(Q(title__in=titles) | Q(external_id__in=keys))


def _stored(row: Row, actor: Actor | None) -> Activity | None:
    if row.source_url:
        return Activity.objects.filter(source_url=row.source_url, title=row.data["title"]).first()
    if actor is None:
        return None
    own = Activity.objects.filter(actor=actor, merged_into=None)
    if row.data.get("external_id"):
        return own.filter(external_id=row.data["external_id"]).first()
    return own.filter(title=row.data["title"]).first()


def _differing(target: Activity, data: Mapping[str, Any]) -> list[str]:
    present = snapshot.snapshot(target)
    return [name for name in FIELDS if name in data and data[name] != present[name]]


def _invalid(entry: Entry) -> list[Fault]:
    """What is wrong with the whole, as if it were stored."""
    candidate = entry.target and Activity.objects.get(pk=entry.target.pk)
    candidate = candidate or Activity(actor=entry.actor, slug="neu", source_url=entry.row.source_url)
    snapshot.fill(candidate, entry.row.data)
    row = Row(entry.row.number, entry.row.name, where=entry.row.where)
    try:
        candidate.full_clean(exclude=["actor", "slug"])
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            if name == NON_FIELD_ERRORS:
                row.faults += [Fault(row.number, row.name, message) for message in messages]
            else:
                row.fault(name, " ".join(messages))
    return row.faults


def _make_actor(row: Row) -> Actor:
    place = Lookup().municipality(row.seat)
    actor = Actor(
        name=row.actor,
        slug=free_slug(row.actor, lambda slug: Actor.objects.filter(slug=slug).exists()),
        kind=_first_fit(_ACTOR_KINDS, row.actor, Actor.Kind.OTHER),
        municipality=place,
        source_url=row.source_url,
        state=Actor.State.APPROVED,
        approved_at=timezone.now(),
    )
    actor.full_clean()
    actor.save()
    index.put(actor)
    return actor


def _make_activity(row: Row, actor: Actor, by: "User | None") -> Activity:
    now = timezone.now()
    activity = Activity(
        actor=actor,
        slug=free_slug(row.data["title"], lambda slug: Activity.objects.filter(slug=slug).exists()),
        source_url=row.source_url,
        changed_at=now,
        checked_at=now,
    )
    snapshot.apply(activity, {**EMPTY, "language": "Deutsch", **row.data})
    activity.show()
    versions.record(
        activity, by=by, comment="Aus öffentlicher Quelle" if row.source_url else "Aus einer Liste eingelesen"
    )
    return activity
