"""The facets of the finder: which choices there are, by which word an address names them, and by which code the index."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import CharField, F, QuerySet, Value

from platform_mark.search import words
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.models import Branch, CompanySize, District, Municipality, TargetGroup, Topic

from .search import Effort

# A facet with more boxes than this folds those that would find nothing.
LONG = 8


@dataclass(frozen=True)
class Choice:
    """One value of a facet. Terms are known to the index by their key, so that they may be renamed."""

    word: str
    label: str
    code: str
    hint: str = ""
    gauge: int = 0


@dataclass(frozen=True)
class Option:
    """One box of a facet: its public word, its label, and how many examples it would show."""

    value: str
    label: str
    count: int
    is_chosen: bool
    hint: str = ""
    gauge: int = 0

    @property
    def is_disabled(self) -> bool:
        """Nothing would be found, so it cannot be chosen; what is chosen can always be dropped."""
        return not self.count and not self.is_chosen


@dataclass(frozen=True)
class Facet:
    name: str
    label: str
    any_label: str
    options: list[Option]

    @property
    def shown(self) -> list[Option]:
        """The boxes that stand open."""
        return [option for option in self.options if not (self._is_long and option.is_disabled)]

    @property
    def folded(self) -> list[Option]:
        """The boxes of a long facet that would find nothing; they stay to be seen, but out of the way."""
        return [option for option in self.options if self._is_long and option.is_disabled]

    @property
    def _is_long(self) -> bool:
        return len(self.options) > LONG


# Name in addresses -> label, and what it is called when it is dropped. In the order of the page.
LABELS: Mapping[str, tuple[str, str]] = {
    "branche": ("Branche", "alle Branchen"),
    "groesse": ("Größe", "alle Größen"),
    "thema": ("Thema", "alle Themen"),
    "zielgruppe": ("Für wen", "alle Zielgruppen"),
    "aufwand": ("Aufwand", "jeder Aufwand"),
    "kreis": ("Kreis", "alle Kreise"),
    "ort": ("Stadt oder Gemeinde", "alle Orte"),
    "jahr": ("Jahr", "alle Jahre"),
}
_FIXED: Mapping[str, list[Choice]] = {
    "groesse": [Choice(size.slug, str(size.label), size.value, size.headcount, size.gauge) for size in CompanySize],
    "zielgruppe": [Choice(german_slug(str(group.label)), str(group.label), group.value) for group in TargetGroup],
    "aufwand": [Choice(str(effort.label), str(effort.label), effort.value, effort.hint) for effort in Effort],
}


@dataclass(frozen=True)
class Catalogue:
    """All choices of all facets but the year, whose choices are the years there are."""

    choices: Mapping[str, Sequence[Choice]]
    #: Facet -> word of a merged term -> word of the term it went into.
    moved: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def codes(self, facet: str, asked: Iterable[str]) -> list[str]:
        """The codes of words; none for a word that names nothing."""
        if facet == "jahr":
            return list(asked)
        known = {choice.word: choice.code for choice in self.choices[facet]}
        return [known[word] for word in asked if word in known]

    def facet(self, name: str, counts: Mapping[tuple[str, str], int], chosen: Sequence[str]) -> Facet:
        """The boxes of one facet, with what each would show."""
        options = [
            Option(c.word, c.label, counts.get((name, c.code), 0), c.word in chosen, c.hint, c.gauge)
            for c in (_years(counts, chosen) if name == "jahr" else self.choices[name])
        ]
        return Facet(name, *LABELS[name], options)


def load_catalogue() -> Catalogue:
    """Read branches, topics, places and districts; one query."""
    choices: dict[str, list[Choice]] = {"branche": [], "thema": [], "kreis": [], "ort": []}
    moved: dict[str, dict[str, str]] = {"branche": {}, "thema": {}}
    for facet, pk, word, label, target in _terms():
        if target:
            moved[facet][word] = target
        else:
            choices[facet].append(Choice(word, label, str(pk)))
    return Catalogue({**_FIXED, **choices}, moved)


def _terms() -> Iterator[tuple[str, int, str, str, str | None]]:
    nowhere, nothing = Value(None, output_field=CharField()), Value(0)

    def rows(facet: str, terms: QuerySet, order: F | Value, target: F | Value) -> QuerySet:
        named = terms.order_by().annotate(facet=Value(facet), place=order, target=target)
        return named.values_list("facet", "pk", "slug", "name", "target", "place")

    found = rows("branche", Branch.objects.all(), F("order"), F("merged_into__slug")).union(
        rows("thema", Topic.objects.all(), F("order"), F("merged_into__slug")),
        rows("kreis", District.objects.all(), nothing, nowhere),
        rows("ort", Municipality.objects.all(), nothing, nowhere),
        all=True,
    )
    # By our own folding: each database sorts "Ö" where it likes.
    for facet, pk, word, label, target, _ in sorted(found, key=lambda row: (row[5], words.fold(row[3]))):
        yield facet, pk, word, label, target


def _years(counts: Mapping[tuple[str, str], int], chosen: Sequence[str]) -> list[Choice]:
    years = {value for facet, value in counts if facet == "jahr"} | {word for word in chosen if is_year(word)}
    return [Choice(year, year, year) for year in sorted(years, reverse=True)]


def is_year(word: str) -> bool:
    """Whether a word could be the year of an example."""
    return len(word) == 4 and word.isascii() and word.isdigit()
