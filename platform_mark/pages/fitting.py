"""What of all subjects fits one company: each hit with its reasons, and how far one had to look for it.

How hits are ranked stands in `platform_mark.search.matching`; what is wished of each subject, and how that is said, here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Value, When
from django.utils import timezone

from actors.models import Activity
from actors.search import FOR_ALL
from dialogues import reading, showing
from dialogues.formats.models import Format
from dialogues.formats.search import Group
from dialogues.models import Dialogue, DialogueQuerySet
from dialogues.seats import Word, seat_states
from dialogues.showing import Card
from platform_mark.publishing import parts
from platform_mark.search.matching import Best, Match, Wish, best
from platform_mark.taxonomy.models import Branch, CompanySize
from practices.models import Practice, Step

from .answers import BRANCH, NEAR, PLACE, PROBLEM, PROBLEMS, SIZE, Answers, criterion, topics_of

# How many of each the page shows; more would be a list again.
PRACTICES, OFFERS = 3, 3
# So many dialogues are asked for their seats, the best first.
DIALOGUES_ASKED = 8
# Decides between hits with as many reasons.
WEIGHTS = {BRANCH: 8, PROBLEM: 4, PROBLEMS: 4, SIZE: 2, NEAR: 1, PLACE: 1}
PRACTICE_REASONS = {
    BRANCH: "gleiche Branche",
    PROBLEM: "gleiches Problem",
    SIZE: "gleich groß",
    NEAR: "ähnlich groß",
    PLACE: "gleicher Kreis",
}
OFFER_REASONS = {
    BRANCH: "für Ihre Branche",
    PROBLEM: "gleiches Problem",
    SIZE: "für Ihre Größe",
    PLACE: "gleicher Kreis",
}
FORMAT_REASONS = {
    BRANCH: "für Ihre Branche",
    PROBLEM: "gleiches Problem",
    SIZE: "passt zu Ihrer Größe",
}
# No reason of its own, since it holds for everybody; it says why an offer stands here that names no branch.
FOR_ALL_BRANCHES = "für alle Branchen"
DIALOGUE_REASONS = {BRANCH: "gleiche Branche", PROBLEM: "gleiches Problem", PLACE: "gleicher Kreis"}
# How large a group a company of each size can spare.
_GROUPS = {
    CompanySize.MICRO: [Group.SMALL],
    CompanySize.SMALL: [Group.SMALL, Group.MIDDLE],
    CompanySize.MEDIUM: [Group.MIDDLE, Group.LARGE],
    CompanySize.LARGE: [Group.MIDDLE, Group.LARGE],
}


@dataclass(frozen=True)
class Hit:
    """One thing shown, and why."""

    row: Any
    reasons: Sequence[str]


@dataclass(frozen=True)
class Section:
    """What one subject has for a company, and how far one had to look for it."""

    hits: Sequence[Hit]
    note: str = ""
    #: Whether there is anything of the branch that was named, shown or not.
    knows_branch: bool = False

    @property
    def first(self) -> Hit | None:
        return self.hits[0] if self.hits else None


@dataclass(frozen=True)
class Sentences:
    """How a subject says that it has nothing for one answer, and what it shows instead."""

    missing: Mapping[str, str]
    instead: Mapping[str, str]
    otherwise: str
    nothing: str


_PRACTICE_WORDS = Sentences(
    missing={
        BRANCH: "In Ihrer Branche haben wir noch nichts",
        PROBLEM: "Zu diesem Problem haben wir noch nichts",
        PROBLEMS: "Zu diesen Problemen haben wir noch nichts",
        SIZE: "Aus Betrieben Ihrer Größe haben wir noch nichts",
        PLACE: "Aus Ihrem Kreis haben wir noch nichts",
    },
    instead={
        BRANCH: "diese Betriebe sind aus Ihrer Branche",
        PROBLEM: "diese Betriebe hatten das gleiche Problem",
        PROBLEMS: "diese Betriebe hatten eines Ihrer Probleme",
        SIZE: "diese Betriebe sind etwa so groß wie Ihrer",
        PLACE: "diese Betriebe sind aus Ihrem Kreis",
    },
    otherwise="das sind die neuesten Beispiele",
    nothing="Noch ist kein Beispiel veröffentlicht. Wir sammeln gerade die ersten.",
)
_OFFER_WORDS = Sentences(
    missing={
        BRANCH: "Eigens für Ihre Branche ist noch nichts eingetragen",
        PROBLEM: "Zu diesem Problem ist noch nichts eingetragen",
        PROBLEMS: "Zu diesen Problemen ist noch nichts eingetragen",
    },
    instead={
        BRANCH: "diese Angebote sind für Ihre Branche",
        PROBLEM: "diese Angebote passen zu Ihrem Problem",
        PROBLEMS: "diese Angebote passen zu einem Ihrer Probleme",
        SIZE: "diese Angebote sind für Betriebe Ihrer Größe",
        PLACE: "diese Angebote gelten in Ihrem Kreis",
    },
    otherwise="diese Angebote sind für alle da",
    nothing="Für Betriebe wie Ihren ist noch kein Angebot eingetragen. Rufen Sie uns an, wir nennen die richtige Stelle.",
)
_DIALOGUE_WORDS = Sentences(
    missing={BRANCH: "In Ihrer Branche ist gerade kein Dialog offen"},
    instead={
        PROBLEM: "in diesem geht es um das gleiche Problem",
        PROBLEMS: "in diesem geht es um eines Ihrer Probleme",
        PLACE: "dieser ist in Ihrem Kreis",
    },
    otherwise="das ist der nächste überhaupt",
    nothing="Zurzeit ist kein Dialog offen. Rufen Sie uns an, dann sagen wir Ihnen, wann der nächste kommt.",
)


@dataclass(frozen=True)
class Result:
    """All that answers one visitor."""

    practices: Section
    dialogue: Section
    offers: Section
    format: Section

    @property
    def guide(self) -> Practice | None:
        """The best example that says what to do first."""
        return next((hit.row for hit in self.practices.hits if hit.row.steps.all()), None)


_STEPS = {
    "steps": parts.part(
        Step.objects.filter(practice=OuterRef("pk")), "id", "action", "detail", "who", "duration", "needs"
    )
}


def find(answers: Answers, *, offers: int = OFFERS) -> Result:
    """What fits these answers; five queries, however much there is."""
    return Result(
        practices=_practices(answers),
        dialogue=_dialogue(answers),
        offers=_offers(answers, offers),
        format=_format(answers),
    )


def _practices(answers: Answers) -> Section:
    rows = parts.with_parts(Practice.objects.published().for_cards(), _STEPS)
    found = best(rows, Practice.search_shape, _practice_wishes(answers), most=PRACTICES)
    for match in found.matches:
        parts.fill(match.row, _STEPS)
    hits = [Hit(match.row, _words(match.met, PRACTICE_REASONS, answers)) for match in found.matches]
    possible = found.possible | ({SIZE} if NEAR in found.possible else set())
    return Section(hits, _note(_PRACTICE_WORDS, answers.asked, possible, found), BRANCH in possible)


def _practice_wishes(answers: Answers) -> list[Wish]:
    wishes = _shared_wishes(answers)
    if answers.size:
        near = [size.value for size in CompanySize if abs(size.gauge - answers.size.gauge) == 1]
        wishes += [_wish(SIZE, "groesse", [answers.size.value]), _wish(NEAR, "groesse", near)]
    if answers.place:
        wishes.append(_wish(PLACE, "kreis", [answers.place.district.pk]))
    return wishes


def _offers(answers: Answers, most: int) -> Section:
    wishes, only = _shared_wishes(answers), []
    if answers.branch:
        only.append(_wish(BRANCH, "branche", [answers.branch.pk, FOR_ALL]))
    if answers.size:
        wishes.append(_wish(SIZE, "groesse", [answers.size.value]))
        only.append(_wish(SIZE, "groesse", [answers.size.value, FOR_ALL]))
    if answers.place:
        wishes.append(_wish(PLACE, "kreis", [answers.place.district.pk]))
        only.append(_wish(PLACE, "kreis", [answers.place.district.pk, FOR_ALL]))
    rows = Activity.objects.public().select_related("actor").defer("description")
    if not wishes:
        # Nothing to fit: first those to call, and of them what was assured last.
        silent = Case(When(contact_phone="", actor__contact_phone="", then=1), default=0)
        hits = [Hit(row, []) for row in rows.order_by(silent, F("confirmed_at").desc(nulls_last=True), "pk")[:most]]
        return Section(hits, "" if hits else _OFFER_WORDS.nothing)
    found = best(rows, Activity.search_shape, wishes, most=most, only=only)
    hits = [Hit(match.row, _offered(match, OFFER_REASONS, answers)) for match in found.matches]
    return Section(hits, _note(_OFFER_WORDS, answers.asked, found.possible, found))


def _format(answers: Answers) -> Section:
    wishes, only = [], []
    if answers.branch:
        wishes.append(_wish(BRANCH, "branche", [answers.branch.pk]))
        only.append(_wish(BRANCH, "branche", [answers.branch.pk, FOR_ALL]))
    wishes += [
        _wish(name, "zielgruppe", pressure.target_groups)
        for name, pressure in answers.problems.items()
        if pressure.target_groups
    ]
    if answers.size:
        wishes.append(_wish(SIZE, "gruppe", [group.value for group in _GROUPS[answers.size]]))
    rows = Format.objects.published().with_reports()
    found = best(rows, Format.search_shape, wishes, most=1, only=only)
    return Section([Hit(match.row, _offered(match, FORMAT_REASONS, answers)) for match in found.matches])


def formats_of(branch: Branch, *, most: int) -> list[Format]:
    """Formats for the page of a branch, its own before those for all; one query."""
    own = _wish(BRANCH, "branche", [branch.pk])
    either = _wish(BRANCH, "branche", [branch.pk, FOR_ALL])
    rows = Format.objects.published().with_reports()
    return [match.row for match in best(rows, Format.search_shape, [own], most=most, only=[either]).matches]


def _shared_wishes(answers: Answers) -> list[Wish]:
    wishes = []
    if answers.branch:
        wishes.append(_wish(BRANCH, "branche", [answers.branch.pk]))
    return wishes + [_wish(name, "thema", topics_of(pressure)) for name, pressure in answers.problems.items()]


def _wish(name: str, facet: str, values: Sequence[object]) -> Wish:
    return Wish(name, facet, values, WEIGHTS[criterion(name)])


def _words(met: Iterable[str], reasons: Mapping[str, str], answers: Answers) -> list[str]:
    # One of several problems is said by its name.
    return [reasons.get(name) or answers.problems[name].name for name in met]


def _offered(match: Match, reasons: Mapping[str, str], answers: Answers) -> list[str]:
    general = [FOR_ALL_BRANCHES] if answers.branch and BRANCH not in match.met else []
    return [*_words(match.met, reasons, answers), *general]


def _note(words: Sentences, asked: Sequence[str], possible: Iterable[str], found: Best) -> str:
    """Say for which answer there is nothing at all, and what is shown instead; empty where everything asked is there."""
    if not found.matches:
        return words.nothing
    return _instead(words, asked, possible, [set(match.met) for match in found.matches])


def _instead(words: Sentences, asked: Sequence[str], possible: Iterable[str], met: Sequence[set[str]]) -> str:
    missing = next((name for name in asked if name in words.missing and name not in _criteria(possible)), None)
    if missing is None:
        return ""
    # Only what is true of each hit that is shown.
    of_all = set.intersection(*({SIZE if name == NEAR else name for name in _criteria(names)} for names in met))
    shared = next((name for name in words.instead if name in of_all and name != missing), None)
    instead = words.instead[shared] if shared else words.otherwise
    return f"{words.missing[missing]}, aber {instead}."


def _criteria(names: Iterable[str]) -> set[str]:
    return {criterion(name) for name in names}


# ---------------------------------------------------------------- the one dialogue


def _dialogue(answers: Answers) -> Section:
    """The best dialogue that still has a seat, or else a waiting list; two queries."""
    now = timezone.now()
    asked: dict[str, Q | Exists] = {}
    mine = {"dialogue": OuterRef("pk")}
    if answers.branch:
        asked[BRANCH] = Exists(Dialogue.branches.through.objects.filter(branch=answers.branch, **mine))
    for name, pressure in answers.problems.items():
        shows = Dialogue.practices.through.objects.filter(practice__topics__in=topics_of(pressure), **mine)
        asked[name] = Exists(shows)
    if answers.place:
        asked[PLACE] = Q(municipality__in=answers.place.towns)
    found = reading.cards(reading.with_cards(_ranked(_open(now), asked)[:DIALOGUES_ASKED]))
    if not found:
        return Section([], _DIALOGUE_WORDS.nothing)
    states = seat_states(found, now)
    free = [row for row in found if states[row.pk].word in (Word.FREE, Word.FEW)]
    waiting = [row for row in found if states[row.pk].word is Word.WAITING]
    is_open = [*free, *waiting]
    if not is_open:
        return Section([], _DIALOGUE_WORDS.nothing)
    met = [{name for name in asked if getattr(row, f"met_{name}")} for row in is_open]
    chosen = is_open[0]
    card = Card(chosen, showing.sign(chosen, states[chosen.pk]), timezone.localtime(chosen.starts_at).date())
    reasons = _words((name for name in asked if name in met[0]), DIALOGUE_REASONS, answers)
    return Section([Hit(card, reasons)], _instead(_DIALOGUE_WORDS, answers.asked, set.union(*met), met[:1]))


def _open(at: datetime) -> DialogueQuerySet:
    """Dialogues to which anybody can sign up now."""
    opened = Q(signup_opens_at=None) | Q(signup_opens_at__lte=at)
    return Dialogue.objects.promoting(at).filter(opened, is_by_invitation=False)


def _ranked(dialogues: DialogueQuerySet, asked: Mapping[str, Q | Exists]) -> DialogueQuerySet:
    """By the rule of `platform_mark.search.matching`; among equals the next one first."""
    flags = {
        f"met_{name}": Case(When(condition, then=Value(1)), default=Value(0), output_field=IntegerField())
        for name, condition in asked.items()
    }
    number = sum((F(f"met_{name}") for name in asked), start=Value(0))
    weight = sum((WEIGHTS[criterion(name)] * F(f"met_{name}") for name in asked), start=Value(0))
    ranked = dialogues.annotate(**flags).annotate(met_number=number, met_weight=weight)
    return ranked.order_by("-met_number", "-met_weight", "starts_at", "pk")
