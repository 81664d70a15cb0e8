"""What can be wished for: read from the address of the form, and said in words.

The address takes the words of the list it comes from: `zu=beispiele&branche=metall-und-draht`. `zu=alles` takes a branch and
words to search for, `zu=akteur` the slug of an organisation, `zu=reihe` that of any dialogue of a series.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.http import QueryDict
from django.urls import reverse

from actors.models import Actor
from dialogues.models import Dialogue, Series
from platform_mark.search.asking import SWITCHED_ON, Pair, query_of
from platform_mark.search.facets import Catalogue
from platform_mark.search.question import LONGEST_QUESTION, ask

from .models import Alert, Scope
from .subjects import BY_SCOPE, SUBJECTS, Subject

EVERYTHING = "alles"
ACTOR = "akteur"
SERIES, DIALOGUE = "reihe", "dialog"
# What all kinds of content have in common.
_SHARED_FACETS = ("branche",)


class UnknownWish(Exception):
    """The address names nothing that can be wished for."""


@dataclass(frozen=True)
class Wish:
    scope: Scope
    #: Each word known, in one order.
    query: str = ""
    actor: Actor | None = None
    series: Series | None = None
    #: What was asked for and is not known here; with any of these there is nothing to order.
    unknown: Sequence[str] = ()

    @cached_property
    def chosen(self) -> Mapping[str, list[str]]:
        """The words asked for, by facet."""
        asked = QueryDict(self.query)
        return {name: asked.getlist(name) for name in asked if name not in ("q", *_switch_names())}

    @property
    def text(self) -> str:
        """The words to search for."""
        return QueryDict(self.query).get("q", "")

    @property
    def switches(self) -> QueryDict:
        """The whole question, which a catalogue may want to know."""
        return QueryDict(self.query)


@dataclass(frozen=True)
class Words:
    """A wish in words: what of, narrowed by what, and where the same stands on a page."""

    heading: str
    conditions: Sequence[tuple[str, str]] = ()
    path: str = ""

    def __str__(self) -> str:
        narrowed = "; ".join(f"{label}: {values}" if label else values for label, values in self.conditions)
        return f"{self.heading}, {narrowed}" if narrowed else self.heading


@dataclass
class Catalogues:
    """The choices of all lists, each read once; for one request or one run."""

    _known: dict[tuple[Scope, bool], Catalogue] = field(default_factory=dict)

    def of(self, subject: Subject, asked: QueryDict) -> Catalogue:
        """The catalogue of a list, for a question that may have one of its switches on."""
        key = subject.scope, any(asked.get(name) == SWITCHED_ON for name in subject.switches)
        if key not in self._known:
            self._known[key] = subject.catalogue(asked)
        return self._known[key]


def read(asked: QueryDict, catalogues: Catalogues) -> Wish:
    """The wish that an address names; raises UnknownWish where it names none."""
    word = asked.get("zu", "")
    if word == ACTOR:
        actor = Actor.objects.running().filter(slug=asked.get(ACTOR, "")).first()
        if actor is None:
            raise UnknownWish
        return Wish(Scope.ACTOR, actor=actor)
    if word == SERIES:
        # A series has no page of its own, so it is named by what is shown of it.
        shown = Dialogue.objects.published().filter(slug=asked.get(DIALOGUE, "")).select_related("series").first()
        if shown is None or shown.series is None:
            raise UnknownWish
        return Wish(Scope.SERIES, series=shown.series)
    if word == EVERYTHING:
        return _narrowed(Scope.EVERYTHING, SUBJECTS[0], asked, catalogues, facets=_SHARED_FACETS)
    subject = next((subject for subject in SUBJECTS if subject.word == word), None)
    if subject is None:
        raise UnknownWish
    return _narrowed(subject.scope, subject, asked, catalogues)


def of_alert(alert: Alert, catalogues: Catalogues) -> Wish:
    """The wish of an alert, with the words that merged terms have now. What is gone since is among its unknown words."""
    scope = Scope(alert.scope)
    if scope == Scope.ACTOR:
        return Wish(scope, actor=alert.actor)
    if scope == Scope.SERIES:
        return Wish(scope, series=alert.series)
    subject = BY_SCOPE.get(scope, SUBJECTS[0])
    facets = None if scope in BY_SCOPE else _SHARED_FACETS
    return _narrowed(scope, subject, QueryDict(alert.query), catalogues, facets=facets, is_stored=True)


def in_words(wish: Wish, catalogues: Catalogues) -> Words:
    """Say what is wished for."""
    if wish.actor is not None:
        return Words(f"Neues von „{wish.actor.name}“", path=wish.actor.get_absolute_url())
    if wish.series is not None:
        return Words(f"Neues aus der Reihe „{wish.series.name}“")
    subject = BY_SCOPE.get(wish.scope, SUBJECTS[0])
    catalogue = catalogues.of(subject, wish.switches)
    conditions = [("Suchwort", f"„{wish.text}“")] if wish.text else []
    for name, values in wish.chosen.items():
        labels = {option.value: option.label for option in catalogue.facet(name, {}, values).options}
        conditions.append((catalogue.labels[name][0], " oder ".join(labels.get(value, value) for value in values)))
    conditions += [("", label) for name, label in subject.switches.items() if wish.switches.get(name)]
    return Words(str(wish.scope.label), conditions, _path(wish))


def _narrowed(
    scope: Scope,
    subject: Subject,
    asked: QueryDict,
    catalogues: Catalogues,
    *,
    facets: Sequence[str] | None = None,
    is_stored: bool = False,
) -> Wish:
    catalogue = catalogues.of(subject, asked)
    pairs: list[Pair] = []
    unknown: list[str] = []
    text = " ".join(asked.get("q", "")[:LONGEST_QUESTION].split())
    if text and (is_stored or _says_something(text)):
        pairs.append(("q", text))
    for name in facets or [name for name in catalogue.labels if name not in subject.passing]:
        moved = catalogue.moved.get(name, {})
        values = sorted({moved.get(value, value) for value in asked.getlist(name) if value})
        known = {option.value for option in catalogue.facet(name, {}, values).options}
        pairs += [(name, value) for value in values if value in known]
        unknown += [value for value in values if value not in known]
    if facets is None:
        pairs += [(name, SWITCHED_ON) for name in subject.switches if asked.get(name) == SWITCHED_ON]
    query = query_of(pairs).replace("+", "%20")
    # Longer than any choice of a person; the column has an end.
    return Wish(scope, query, unknown=unknown) if len(query) <= 1000 else Wish(scope, unknown=["zu viele Filter"])


def _says_something(text: str) -> bool:
    question = ask(text)
    return bool(question.clauses or question.unknown)


def _path(wish: Wish) -> str:
    if wish.scope in BY_SCOPE:
        path = reverse(BY_SCOPE[wish.scope].list_name)
        return f"{path}?{wish.query}" if wish.query else path
    branches = wish.chosen.get("branche", [])
    return reverse("branches:detail", args=branches) if len(branches) == 1 and not wish.text else ""


def _switch_names() -> list[str]:
    return [name for subject in SUBJECTS for name in subject.switches]
