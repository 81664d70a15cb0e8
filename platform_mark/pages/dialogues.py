"""Dialogues on pages of other subjects: the next ones, those of a branch with what they brought up, those that show an example."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q

from dialogues import reading, showing
from dialogues.models import Dialogue, DialogueQuerySet, Outcome
from dialogues.showing import Card
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
    """The next ones that take place, for the start page; two queries."""
    coming = Dialogue.objects.published().filter(cancelled_at=None).upcoming()
    return showing.cards(reading.cards(coming[:NEXT]))


def of_branch(branch: Branch) -> OfBranch:
    """What is coming in a branch, and what past dialogues brought up; two queries."""
    mine = Dialogue.objects.published().in_branch(branch)
    found = _any_of(mine.upcoming()[:NEXT], mine.documented()[:NEXT])
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
    """The dialogues beside an example; two queries."""
    public = Dialogue.objects.published()
    shown = public.filter(practices=practice)
    coming = public.filter(cancelled_at=None).upcoming()
    # Asked of the link table: a join would name a dialogue of two branches twice.
    linked = Dialogue.branches.through.objects.filter(branch__in=branches).values("dialogue")
    found = _any_of(
        coming.filter(practices=practice)[:NEXT], coming.filter(pk__in=linked)[:1], shown.documented()[:NEXT]
    )
    open_cards = showing.cards([dialogue for dialogue in found if not dialogue.is_over()])
    shows = [card for card in open_cards if practice.pk in card.dialogue.shown_practices]  # type: ignore[attr-defined]
    return OfPractice(
        showing=shows,
        next_of_branch=[] if shows else open_cards,
        documented=[dialogue for dialogue in reversed(found) if dialogue.is_over()],
    )


def _any_of(*wanted: DialogueQuerySet) -> list[Dialogue]:
    """All of these, the earliest first, with what cards and tables show and the keys of their examples; one query."""
    condition = Q()
    for each in wanted:
        condition |= Q(pk__in=each.values("pk"))
    practices = Dialogue.practices.through.objects.filter(dialogue=OuterRef("pk")).values("practice")
    found = Dialogue.objects.filter(condition).annotate(shown_practices=ArraySubquery(practices))
    return reading.rows(found.order_by("starts_at", "pk"))


def _texts(dialogue: Dialogue, kind: Outcome.Kind) -> list[str]:
    return [outcome.text for outcome in dialogue.outcomes.all() if outcome.kind == kind]
