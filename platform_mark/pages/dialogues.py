"""Dialogues on pages of other subjects: the next ones, those of a branch with what they brought up, those that show an
example, those of the same series."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from dialogues import reading, showing
from dialogues.models import Dialogue, DialogueQuerySet, Outcome
from dialogues.seats import with_seats
from dialogues.showing import Card
from platform_mark.prepared import NOW, Given, GivenKeys, Prepared
from platform_mark.taxonomy.models import Branch
from practices.models import Practice

NEXT = 3


@dataclass(frozen=True)
class Voice:
    """What one dialogue said that companies of a branch think or need."""

    dialogue: Dialogue
    theses: Sequence[str]
    needs: Sequence[str]


@dataclass(frozen=True)
class OfBranch:
    coming: Sequence[Card]
    documented: Sequence[Dialogue]

    @property
    def voices(self) -> list[Voice]:
        """Theses and needs, the latest dialogue first; dialogues that brought up neither are left out."""
        found = [
            Voice(dialogue, _texts(dialogue, Outcome.Kind.THESIS), _texts(dialogue, Outcome.Kind.NEED))
            for dialogue in self.documented
        ]
        return [voice for voice in found if voice.theses or voice.needs]


def next_dialogues() -> list[Card]:
    """The next ones that take place, for the start page; one query."""
    return showing.cards(reading.cards(_COMING.rows()))


def of_branch(branch: Branch) -> OfBranch:
    """What is coming in a branch, and what past dialogues brought up; one query."""
    found = reading.rows(_OF_BRANCH.rows(branch=branch.pk))
    documented = [dialogue for dialogue in found if dialogue.is_over()]
    return OfBranch(
        coming=showing.cards([dialogue for dialogue in found if not dialogue.is_over()]),
        documented=sorted(documented, key=lambda dialogue: dialogue.starts_at, reverse=True),  # type: ignore[arg-type,return-value]
    )


@dataclass(frozen=True)
class OfPractice:
    """Dialogues that show an example; where none is coming, the next one of its branch."""

    showing: Sequence[Card]
    next_of_branch: Sequence[Card]
    documented: Sequence[Dialogue]

    @property
    def is_bare(self) -> bool:
        return not (self.showing or self.next_of_branch or self.documented)


def of_practice(practice: Practice, branches: Sequence[Branch]) -> OfPractice:
    """The dialogues beside an example; one query."""
    found = reading.rows(_OF_PRACTICE.rows(practice=practice.pk, branches=[branch.pk for branch in branches]))
    open_cards = showing.cards([dialogue for dialogue in found if not dialogue.is_over()])
    shows = [card for card in open_cards if card.dialogue.shows]
    return OfPractice(
        showing=shows,
        next_of_branch=[] if shows else open_cards,
        documented=[dialogue for dialogue in reversed(found) if dialogue.is_over()],
    )


def of_series(dialogue: Dialogue) -> list[Card]:
    """The next other ones of the series of a dialogue; one query, none where it is in no series."""
    if dialogue.series_id is None:
        return []
    return showing.cards(reading.cards(_OF_SERIES.rows(series=dialogue.series_id, dialogue=dialogue.pk)))


def _any_of(*wanted: DialogueQuerySet) -> DialogueQuerySet:
    """All of these, the earliest first, with what cards and tables show."""
    condition = Q()
    for each in wanted:
        condition |= Q(pk__in=each.values("pk"))
    return with_seats(reading.with_rows(Dialogue.objects.filter(condition).order_by("starts_at", "pk")))


def _of_branch() -> DialogueQuerySet:
    mine = Dialogue.objects.published(NOW).filter(branches=Given("branch"))
    return _any_of(mine.upcoming(NOW)[:NEXT], mine.documented(NOW)[:NEXT])


def _of_practice() -> DialogueQuerySet:
    public = Dialogue.objects.published(NOW)
    coming = public.filter(cancelled_at=None).upcoming(NOW)
    # Asked of the link tables: a join would name a dialogue of two branches twice.
    shown = Dialogue.practices.through.objects.filter(practice=Given("practice"))
    linked = Dialogue.branches.through.objects.filter(branch__in=GivenKeys("branches")).values("dialogue")
    showing_it = Q(pk__in=shown.values("dialogue"))
    found = _any_of(
        coming.filter(showing_it)[:NEXT],
        coming.filter(pk__in=linked)[:1],
        public.filter(showing_it).documented(NOW)[:NEXT],
    )
    return found.annotate(shows=Exists(shown.filter(dialogue=OuterRef("pk"))))


def _shown(coming: DialogueQuerySet) -> DialogueQuerySet:
    return with_seats(reading.with_cards(coming))[:NEXT]


_COMING = Prepared(lambda: _shown(Dialogue.objects.published(NOW).filter(cancelled_at=None).upcoming(NOW)))
_OF_SERIES = Prepared(
    lambda: _shown(
        Dialogue.objects.published(NOW)
        .filter(series=Given("series"), cancelled_at=None)
        .exclude(pk=Given("dialogue"))
        .upcoming(NOW)
    )
)
_OF_BRANCH, _OF_PRACTICE = Prepared(_of_branch), Prepared(_of_practice)


def _texts(dialogue: Dialogue, kind: Outcome.Kind) -> list[str]:
    return [outcome.text for outcome in dialogue.outcomes.all() if outcome.kind == kind]
