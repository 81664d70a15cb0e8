"""The columns of a file: what each is called, what may stand in it, and how a value gets in and out.

They follow the snapshot of an example: a field that joins it is exported and read without another line here. Values are
those of the snapshot, plain and comparable; only `shown` and `typed` give them the form of a cell or of JSON.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.formats import number_format

from platform_mark.exports import CellValue
from platform_mark.publishing import paragraphs
from platform_mark.publishing.fields import RichTextField
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.lookup import Lookup, nearest
from platform_mark.taxonomy.models import Branch, Municipality, Topic

from ..models import Effect, Practice, Prerequisite, Step
from ..snapshot import OWN_FIELDS, PARTS, RELEASED_FIELDS

SEPARATOR = " | "
# JSON is bound by no cell.
LONGEST_TEXT = 200_000
# Neither PostgreSQL nor XML can hold all of these, and nobody sees them.
INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_GROUPED = re.compile(r"-?[1-9]\d{0,2}(\.\d{3})+(,\d+)?")
_NUMBER = re.compile(r"-?\d+([.,]\d+)?")
_MOST_DIGITS = 18
_DAYS = ("%d.%m.%Y", "%d.%m.%y", "%Y-%m-%d")
_YES, _NO = {"ja", "j", "wahr", "true", "1", "x"}, {"nein", "n", "falsch", "false", "0"}


class Wrong(Exception):
    """What stands there cannot be used; the message is for people."""


class Kind:
    """How values of one kind are read and shown; this one is a text on one line."""

    expected = "Text"
    empty: Any = ""

    def __init__(self, field: models.Field) -> None:
        self.field = field

    def read(self, value: Any, lookup: Lookup) -> Any:
        """Return the value for the snapshot; raises Wrong."""
        return one_line(_text(value, self.field.max_length))

    def shown(self, value: Any, lookup: Lookup) -> CellValue:
        """Return the value for a cell."""
        return value

    def typed(self, value: Any) -> Any:
        """Return the value for JSON."""
        return value

    def words(self, lookup: Lookup) -> list[str]:
        """All that may stand there, where that is a list."""
        return []


class Lines(Kind):
    expected = "Text, auch mit mehreren Zeilen"

    def read(self, value: Any, lookup: Lookup) -> str:
        text = _text(value, self.field.max_length)
        return "\n".join(line.rstrip() for line in text.splitlines()).strip()


class Paragraphs(Kind):
    expected = "Text; Absätze mit einer leeren Zeile trennen"

    def read(self, value: Any, lookup: Lookup) -> str:
        return paragraphs.from_typed(_text(value, None)) if value else ""

    def shown(self, value: str, lookup: Lookup) -> str:
        return paragraphs.to_typed(value)


class Whole(Kind):
    expected = "ganze Zahl"
    empty = None

    def read(self, value: Any, lookup: Lookup) -> int | None:
        number = _number(value, "eine ganze Zahl")
        if number is not None and number != number.to_integral_value():
            raise Wrong(_instead("eine ganze Zahl", value))
        return None if number is None else int(number)


class Number(Kind):
    expected = "Zahl, auch mit Komma"
    empty = None

    def read(self, value: Any, lookup: Lookup) -> str | None:
        number = _number(value, "eine Zahl")
        return None if number is None else f"{number.normalize():f}"

    def shown(self, value: str | None, lookup: Lookup) -> Decimal | None:
        return self.typed(value)

    def typed(self, value: str | None) -> Decimal | None:
        return None if value is None else Decimal(value)


class Day(Kind):
    expected = "Datum wie 01.09.2026"
    empty = None

    def read(self, value: Any, lookup: Lookup) -> str | None:
        if isinstance(value, datetime):
            value = value.date()
        if isinstance(value, date):
            return value.isoformat()
        text = str(value).strip() if value is not None else ""
        for form in _DAYS if isinstance(value, str) else ():
            try:
                return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007 (a day has no time zone)
            except ValueError:
                continue
        if text:
            raise Wrong(_instead("ein Datum wie 01.09.2026", value))
        return None

    def shown(self, value: str | None, lookup: Lookup) -> date | None:
        return date.fromisoformat(value) if value else None


class YesNo(Kind):
    def __init__(self, field: models.Field) -> None:
        super().__init__(field)
        self.empty = None if field.null else False
        self.expected = "ja oder nein; leer heißt unbekannt" if field.null else "ja oder nein; leer heißt nein"

    def read(self, value: Any, lookup: Lookup) -> bool | None:
        if isinstance(value, bool):
            return value
        word = "" if value is None else str(value).strip().casefold()
        if word in _YES or word in _NO:
            return word in _YES
        if word not in ("", "unbekannt"):
            raise Wrong(_instead("„ja“ oder „nein“", value))
        return self.empty

    def shown(self, value: bool | None, lookup: Lookup) -> str:
        return "" if value is None else "ja" if value else "nein"

    def words(self, lookup: Lookup) -> list[str]:
        return ["ja", "nein"]


class Choice(Kind):
    expected = "ein Wort der Liste"

    def __init__(self, field: models.Field) -> None:
        super().__init__(field)
        self.labels = {str(value): str(label) for value, label in field.choices or ()}
        self.values = {german_slug(word): value for value, label in self.labels.items() for word in (value, label)}

    def read(self, value: Any, lookup: Lookup) -> str:
        text = _text(value, None)
        if not text:
            return ""
        word = german_slug(text)
        if word in self.values:
            return self.values[word]
        # „eigen“ for „Eigenes Beispiel“, where no other begins so.
        begun = {value for known, value in self.values.items() if known.startswith(word)}
        if len(begun) == 1 and len(word) > 2:
            return begun.pop()
        raise Wrong(_unknown(text, self.labels.values()))

    def shown(self, value: str, lookup: Lookup) -> str:
        return self.labels.get(value, value)

    def words(self, lookup: Lookup) -> list[str]:
        return list(self.labels.values())


class Place(Kind):
    """A municipality of the region, by its name."""

    expected = "Stadt oder Gemeinde der Region"
    empty = None

    def read(self, value: Any, lookup: Lookup) -> str | None:
        text = _text(value, None)
        found = lookup.municipality(text)
        if text and found is None:
            other = nearest(text, self.words(lookup))
            hint = f"Meinten Sie „{other}“?" if other else "Für Orte außerhalb gibt es eine eigene Spalte."
            raise Wrong(f"„{_short(text)}“ gehört nicht zur Region. {hint}")
        return found.name if found else None

    def words(self, lookup: Lookup) -> list[str]:
        return [town.name for town in Municipality.objects.all()]


class Many(Kind):
    """Several values in one cell."""

    @property
    def empty(self) -> list[str]:
        return []

    def read(self, value: Any, lookup: Lookup) -> list[str]:
        if isinstance(value, list):
            words = [_text(word, None) for word in value]
        else:
            text = _text(value, None)
            words = [word.replace("\\|", "|").strip() for word in re.split(r"(?<!\\)\||\n", text)]
        return self.chosen([one_line(word) for word in words if word], lookup)

    def shown(self, value: list[str], lookup: Lookup) -> str:
        return SEPARATOR.join(self.name(word, lookup).replace("|", "\\|") for word in value)

    def chosen(self, words: list[str], lookup: Lookup) -> list[str]:
        """Return what the words of a cell stand for; raises Wrong."""
        raise NotImplementedError

    def name(self, value: str, lookup: Lookup) -> str:
        """The word that people read."""
        return value


class FreeWords(Many):
    expected = f"Wörter, mit „{SEPARATOR}“ getrennt"

    def chosen(self, words: list[str], lookup: Lookup) -> list[str]:
        longest = self.field.base_field.max_length
        if too_long := next((word for word in words if len(word) > longest), ""):
            raise Wrong(f"„{_short(too_long)}“ ist zu lang: höchstens {longest} Zeichen je Wort.")
        return list({word.casefold(): word for word in reversed(words)}.values())[::-1]


class Choices(Many):
    expected = f"Wörter der Liste, mit „{SEPARATOR}“ getrennt"

    def __init__(self, field: models.Field) -> None:
        super().__init__(field)
        self.one = Choice(field.base_field)

    def chosen(self, words: list[str], lookup: Lookup) -> list[str]:
        return list(dict.fromkeys(self.one.read(word, lookup) for word in words))

    def name(self, value: str, lookup: Lookup) -> str:
        return self.one.shown(value, lookup)

    def words(self, lookup: Lookup) -> list[str]:
        return self.one.words(lookup)


class Terms(Many):
    """Branches or topics; the snapshot names them by their slugs."""

    expected = f"Wörter der Liste, mit „{SEPARATOR}“ getrennt"

    def chosen(self, words: list[str], lookup: Lookup) -> list[str]:
        found = {word: self._find(word, lookup) for word in words}
        for word, term in found.items():
            if term is None:
                hint = " Mehrere trennen Sie mit „|“." if "," in word or ";" in word else ""
                raise Wrong(_unknown(word, self.words(lookup)) + hint)
        return sorted({term.slug for term in found.values() if term})

    def name(self, value: str, lookup: Lookup) -> str:
        term = self._find(value, lookup)
        return term.name if term else value

    def words(self, lookup: Lookup) -> list[str]:
        return [term.name for term in self.field.related_model._default_manager.current()]

    def _find(self, word: str, lookup: Lookup) -> Branch | Topic | None:
        return lookup.branch(word) if self.field.related_model is Branch else lookup.topic(word)


# A field is of the first kind that fits.
_KINDS: list[tuple[Any, type[Kind]]] = [
    (lambda field: isinstance(field, RichTextField), Paragraphs),
    (lambda field: isinstance(field, models.ManyToManyField), Terms),
    (lambda field: isinstance(field, models.ForeignKey), Place),
    (lambda field: isinstance(field, ArrayField) and field.base_field.choices, Choices),
    (lambda field: isinstance(field, ArrayField), FreeWords),
    (lambda field: isinstance(field, models.BooleanField), YesNo),
    (lambda field: isinstance(field, models.CharField) and field.choices, Choice),
    (lambda field: isinstance(field, models.DecimalField), Number),
    (lambda field: isinstance(field, models.IntegerField), Whole),
    (lambda field: isinstance(field, models.DateField), Day),
    (lambda field: isinstance(field, models.TextField), Lines),
    (lambda field: isinstance(field, models.CharField), Kind),
]


@dataclass(frozen=True)
class Column:
    """One field of an example or of one of its parts."""

    field: models.Field
    kind: Kind

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def header(self) -> str:
        return str(self.field.verbose_name)

    @property
    def is_required(self) -> bool:
        # A slug makes itself.
        return not self.field.blank and not isinstance(self.field, models.BooleanField | models.SlugField)

    def checked(self, value: Any) -> None:
        """Raise Wrong if the field itself would not take the value of a snapshot."""
        if value in (None, "", []) or isinstance(self.kind, Many | Place):
            return
        try:
            self.field.run_validators(self.field.to_python(value))
        except ValidationError as error:
            if isinstance(self.field, models.URLField):
                raise Wrong(_instead("eine Adresse, die mit https:// oder http:// beginnt", value)) from error
            raise Wrong(f"{' '.join(error.messages)} Dort steht „{_short(value)}“.") from error


def _column(model: type[models.Model], name: str) -> Column:
    field = model._meta.get_field(name)
    kind = next(kind for fits, kind in _KINDS if fits(field))
    return Column(field, kind(field))  # type: ignore[arg-type]


def _ordered() -> Iterable[str]:
    """The fields in the order of the snapshot, what a company is right after its name, the key first."""
    yield "slug"
    for name in (*RELEASED_FIELDS, *OWN_FIELDS):
        yield name
        if name == "company":
            yield from ("branches", "topics")


COLUMNS: Mapping[str, Column] = {name: _column(Practice, name) for name in _ordered()}

_MODELS: Mapping[str, type[models.Model]] = {"effects": Effect, "steps": Step, "prerequisites": Prerequisite}
PART_COLUMNS: Mapping[str, Mapping[str, Column]] = {
    part: {name: _column(_MODELS[part], name) for name in names} for part, names in PARTS.items()
}
# How one of them is called in a heading, how many columns of it the template has, and how many are read at all.
PART_WORDS: Mapping[str, str] = {"effects": "Wirkung", "steps": "Schritt", "prerequisites": "Voraussetzung"}
PART_COUNTS: Mapping[str, int] = {"effects": 3, "steps": 5, "prerequisites": 3}
MOST_PARTS = 20

# Exported for reading and sorting; an import passes over them, since they follow from something else.
READ_ONLY: Mapping[str, str] = {
    "size": "Größe",
    "district": "Kreis",
    "state": "Stand der Bearbeitung",
    "published_at": "Veröffentlicht ab",
    "expires_at": "Sichtbar bis",
    "updated_at": "Geändert am",
}


@dataclass(frozen=True)
class Key:
    """Which value of an example: a field, or a field of its part at a place counted from 0."""

    name: str
    part: str = ""
    place: int = 0

    @property
    def column(self) -> Column:
        return PART_COLUMNS[self.part][self.name] if self.part else COLUMNS[self.name]

    @property
    def header(self) -> str:
        """The heading of its column."""
        if not self.part:
            return self.column.header
        word = f"{PART_WORDS[self.part]} {self.place + 1}"
        return word if self.column.header == PART_WORDS[self.part] else f"{word}: {self.column.header}"

    @property
    def path(self) -> str:
        """Where it is in JSON."""
        return f"{self.part}[{self.place}].{self.name}" if self.part else self.name


def keys(counts: Mapping[str, int]) -> list[Key]:
    """All columns of a table with as many columns of parts as `counts` says."""
    plain = [Key(name) for name in COLUMNS]
    parts = [
        Key(name, part, place)
        for part, columns in PART_COLUMNS.items()
        for place in range(counts[part])
        for name in columns
    ]
    return plain + parts


def normal(header: str) -> str:
    """A heading without what does not matter: case, double blanks, the mark of what is required."""
    return " ".join(header.casefold().split()).removesuffix("*").rstrip()


HEADERS: Mapping[str, Key] = {normal(key.header): key for key in keys(dict.fromkeys(PARTS, MOST_PARTS))}
READ_ONLY_HEADERS = frozenset(map(normal, READ_ONLY.values()))


def header_like(header: str) -> str | None:
    """The heading that somebody may have meant."""
    known = [key.header for key in keys(dict.fromkeys(PARTS, 1))]
    return nearest(header, known)


def one_line(text: str) -> str:
    """A text without line breaks and needless blanks; a blank that holds a number and its unit together stays."""
    return re.sub(r"[ \n]+", " ", text).strip()


def _text(value: Any, longest: int | None) -> str:
    """A text out of a cell or of JSON; a number in a column of texts is what people see of it."""
    match value:
        case None:
            return ""
        case str():
            text = value.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").strip()
        case bool() | list() | dict():
            raise Wrong(_instead("ein Text", value))
        case date():
            text = f"{value:%d.%m.%Y}"
        case float() | Decimal():
            text = f"{value:.10g}".replace(".", ",")
        case _:
            text = str(value)
    if INVISIBLE.search(text):
        raise Wrong("Hier stehen unsichtbare Steuerzeichen. Bitte tippen Sie den Text neu.")
    longest = longest or LONGEST_TEXT
    if len(text) > longest:
        count, limit = (number_format(number, force_grouping=True) for number in (len(text), longest))
        raise Wrong(f"Hier stehen {count} Zeichen, höchstens {limit} passen hinein.")
    return text


def _number(value: Any, expected: str) -> Decimal | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        # What a spreadsheet computed is no more exact than it shows.
        number = Decimal(value) if isinstance(value, int) else Decimal(f"{value:.10g}")
        # Written out, the others would fill the memory.
        if not number or abs(number.adjusted()) < _MOST_DIGITS:
            return number
        raise Wrong(_instead(expected, value))
    text = value.strip().replace("−", "-").replace("\N{NO-BREAK SPACE}", "") if isinstance(value, str) else ""
    if _GROUPED.fullmatch(text) and len(text) <= _MOST_DIGITS:
        return Decimal(text.replace(".", "").replace(",", "."))
    if _NUMBER.fullmatch(text) and len(text) <= _MOST_DIGITS:
        return Decimal(text.replace(",", "."))
    raise Wrong(_instead(expected, value))


def _instead(expected: str, value: Any) -> str:
    return f"Hier wird {expected} erwartet, dort steht {_quoted(value)}."


def _quoted(value: Any) -> str:
    match value:
        case bool():
            return "WAHR" if value else "FALSCH"
        case datetime():
            return f"das Datum {value:%d.%m.%Y}"
        case date():
            return f"das Datum {value:%d.%m.%Y}"
        case list() | dict():
            return "etwas anderes"
        case float() | Decimal():
            return f"„{f'{value:.10g}'.replace('.', ',')}“"
    return f"„{_short(value)}“"


def _unknown(word: str, names: Iterable[str]) -> str:
    names = list(names)
    if other := nearest(word, names):
        return f"„{_short(word)}“ gibt es nicht. Meinten Sie „{other}“?"
    if len(names) <= 6:
        return f"„{_short(word)}“ gibt es nicht. Möglich ist: {', '.join(names)}."
    return f"„{_short(word)}“ gibt es nicht. Was es gibt, steht in der Vorlage."


def _short(value: Any, length: int = 40) -> str:
    text = INVISIBLE.sub("", " ".join(str(value).split()))
    return text if len(text) <= length else f"{text[:length].rstrip()} …"
