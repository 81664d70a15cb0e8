"""What pages say of a dialogue: its seats in words, with the sign, the note and the button that go with them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.utils import formats, timezone

from platform_mark.search.finding import Row
from platform_mark.search.question import Question
from platform_mark.search.snippets import marks, pattern

from . import wording
from .models import Dialogue
from .seats import SeatState, Word, seat_states

# The icon of each word, and the tone of its state.
_SIGNS: Mapping[Word, tuple[str, str]] = {
    Word.FREE: ("circle-check", "ok"),
    Word.FEW: ("hourglass", "warn"),
    Word.WAITING: ("hourglass", "warn"),
    Word.FULL: ("ban", "err"),
    Word.NOT_YET: ("calendar", ""),
    Word.CLOSED: ("lock", ""),
    Word.CANCELLED: ("x", "err"),
    Word.OVER: ("check", ""),
    Word.INVITATION: ("mail", ""),
}


@dataclass(frozen=True)
class Sign:
    """The state of the seats as a card and a plate show it."""

    icon: str
    tone: str
    label: str
    note: str = ""
    #: What the button says; empty where there is none.
    action: str = ""
    is_quiet: bool = False
    #: How much of the bar is filled, in percent; None where no exact number is shown.
    taken: int | None = None


def sign(dialogue: Dialogue, state: SeatState) -> Sign:
    """The sign for one dialogue in this state."""
    icon, tone = _SIGNS[state.word]
    taken = None
    if dialogue.shows_exact_numbers and state.capacity and state.word in (Word.FREE, Word.FEW):
        taken = state.taken_percent
    actions = {Word.FREE: "Anmelden", Word.FEW: "Anmelden", Word.WAITING: "Auf die Warteliste"}
    return Sign(
        icon=icon,
        tone=tone,
        label=state.label,
        note=_note(dialogue, state),
        action=actions.get(state.word, ""),
        is_quiet=state.word is Word.WAITING,
        taken=taken,
    )


def _note(dialogue: Dialogue, state: SeatState) -> str:
    if state.word is Word.CANCELLED:
        return dialogue.cancel_reason
    if state.word is Word.CLOSED and dialogue.signup_closes_at and dialogue.signup_closes_at <= timezone.now():
        return f"Anmeldeschluss war am {wording.short_day(dialogue.signup_closes_at)}."
    if state.word is Word.INVITATION:
        return "Anmelden kann sich, wer eine Einladung bekommen hat."
    return ""


@dataclass(frozen=True)
class Card:
    """One dialogue in a list."""

    dialogue: Dialogue
    sign: Sign
    day: date

    @property
    def weekday(self) -> str:
        return formats.date_format(self.day, "D")

    @property
    def month_word(self) -> str:
        """The month as short as German allows: „Dez.“, „Mai“."""
        return formats.date_format(self.day, "N")

    @property
    def hours(self) -> str:
        return wording.hours(self.dialogue.starts_at, self.dialogue.ends_at)  # type: ignore[arg-type]


def mark_hits(dialogues: Iterable[Dialogue], rows: Iterable[Row], question: Question | None) -> None:
    """Give those that were found by words what was met in them, for cards and tables to show."""
    if question is None:
        return
    found, texts = pattern(question.lexemes), {row.object_id: row.text for row in rows}
    for dialogue in dialogues:
        if dialogue.pk in texts:
            dialogue.marks = marks(dialogue.title, dialogue.teaser, texts[dialogue.pk], found)


@dataclass(frozen=True)
class Month:
    first: date
    cards: Sequence[Card]

    @property
    def label(self) -> str:
        return wording.month(self.first)


def cards(dialogues: Sequence[Dialogue]) -> list[Card]:
    """A card for each of these, in their order; one query for the seats of all of them."""
    states = seat_states(dialogues) if dialogues else {}
    return [
        Card(dialogue, sign(dialogue, states[dialogue.pk]), timezone.localtime(dialogue.starts_at).date())
        for dialogue in dialogues
    ]


def by_month(found: Iterable[Card]) -> list[Month]:
    """Cards that stand in the order of time, month by month."""
    return [Month(first, list(group)) for first, group in groupby(found, key=lambda card: card.day.replace(day=1))]
