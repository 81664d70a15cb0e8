"""The facets of a list: which choices there are, by which word an address names them, and by which code the index."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

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
    """One box of a facet: its public word, its label, and how many entries it would show."""

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
    #: What is counted: one, and several of them.
    noun: str = "Beispiel"
    nouns: str = "Beispiele"

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


# What the choices of a facet are that has as many as the index has values: from the counts and the words asked for.
FoundChoices = Callable[[Mapping[tuple[str, str], int], Sequence[str]], Sequence[Choice]]


@dataclass(frozen=True)
class Catalogue:
    """All choices of all facets of one list."""

    #: Name in addresses -> label, and what it is called when it is dropped. In the order of the page.
    labels: Mapping[str, tuple[str, str]]
    choices: Mapping[str, Sequence[Choice]]
    #: Facet -> word of a merged term -> word of the term it went into.
    moved: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: Facets whose choices are what there is, such as years; their words are their codes.
    found: Mapping[str, FoundChoices] = field(default_factory=dict)
    #: Facet -> code of entries that say nothing there because they are meant for every value: found under each of them.
    for_all: Mapping[str, str] = field(default_factory=dict)
    noun: str = "Beispiel"
    nouns: str = "Beispiele"

    def codes(self, facet: str, asked: Iterable[str]) -> list[str]:
        """The codes of words; none for a word that names nothing."""
        if facet in self.found:
            return list(asked)
        known = {choice.word: choice.code for choice in self.choices[facet]}
        codes = [known[word] for word in asked if word in known]
        return [*codes, self.for_all[facet]] if codes and facet in self.for_all else codes

    def facet(self, name: str, counts: Mapping[tuple[str, str], int], chosen: Sequence[str]) -> Facet:
        """The boxes of one facet, with what each would show."""
        choices = self.found[name](counts, chosen) if name in self.found else self.choices[name]
        everywhere = self.for_all.get(name, "")
        for_all = counts.get((name, everywhere), 0)
        options = [
            Option(
                c.word,
                c.label,
                counts.get((name, c.code), 0) + (for_all if c.code != everywhere else 0),
                c.word in chosen,
                c.hint,
                c.gauge,
            )
            for c in choices
        ]
        return Facet(name, *self.labels[name], options, self.noun, self.nouns)

    def moved_query(self, asked: QueryDict) -> QueryDict | None:
        """The question with the words that merged terms have now, or None where it is that already."""
        query = asked.copy()
        for facet, moved in self.moved.items():
            query.setlist(facet, [moved.get(word, word) for word in asked.getlist(facet)])
        return query if any(query.getlist(facet) != asked.getlist(facet) for facet in self.moved) else None
