"""How many seats there are, who holds them, and how that is said to visitors and to staff.

Seats are counted in people, per dialogue and kind of seat: taken = confirmed + offered. Whoever decides by these numbers
holds the lock of the dialogue (`dialogues.locking`); pages only show them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import JSONField
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.formats import date_format

from .models import Dialogue, DialogueQuerySet, Registration

# So few free seats are worth saying: at most this many, or this share of all.
FEW_SEATS, FEW_SHARE = 3, 0.2


class Word(Enum):
    FREE = "free"
    FEW = "few"
    WAITING = "waiting"
    FULL = "full"
    NOT_YET = "not-yet"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    OVER = "over"
    INVITATION = "invitation"


@dataclass(frozen=True)
class KindState:
    """One kind of seat: how many there are, are free for somebody new, and how many people wait."""

    name: str
    capacity: int
    taken: int
    waiting: int

    @property
    def free(self) -> int:
        """Seats that nobody holds; none, where capacity has been lowered under what is taken."""
        return max(self.capacity - self.taken, 0)


@dataclass(frozen=True)
class SeatState:
    """What can be said about the seats of one dialogue, all kinds together. `waiting` counts bookings, as places do."""

    word: Word
    label: str
    free: int
    capacity: int
    waiting: int
    is_open: bool
    kinds: tuple[KindState, ...] = ()

    @property
    def taken_percent(self) -> int:
        """The share of seats that are taken, for the bar."""
        return 100 if not self.capacity else round(100 * (self.capacity - self.free) / self.capacity)


# One kind of seat with its numbers; what fills the holes says which, and of which dialogues.
_NUMBERS = """
    SELECT {columns}
    FROM dialogues_seatkind k
    LEFT JOIN dialogues_attendee a ON a.seat_kind_id = k.id
    LEFT JOIN dialogues_registration r ON r.id = a.registration_id
    WHERE {whose} GROUP BY k.id ORDER BY k."order", k.id
"""
_TAKEN = "count(*) FILTER (WHERE r.state IN ({}))".format(", ".join(f"'{state}'" for state in Registration.SEATED))
_PEOPLE_WAITING = "count(*) FILTER (WHERE r.state = 'waiting')"
# Of one kind of seat, and of the whole dialogue.
_BOOKINGS_WAITING = "count(DISTINCT r.id) FILTER (WHERE r.state = 'waiting')"
_ALL_WAITING = """
    (SELECT count(*) FROM dialogues_registration w WHERE w.dialogue_id = k.dialogue_id AND w.state = 'waiting')
"""
_COLUMNS = f"k.dialogue_id, k.name, k.capacity, {_TAKEN}, {_PEOPLE_WAITING}, {_ALL_WAITING}"
_OF_MANY = _NUMBERS.format(columns=_COLUMNS, whose="k.dialogue_id = ANY(%s)")
_OF_ONE_BY_KEY = _NUMBERS.format(
    columns=f"k.id, k.capacity - {_TAKEN}, {_PEOPLE_WAITING}, {_BOOKINGS_WAITING}", whose="k.dialogue_id = %s"
)
_OF_ROW = "ARRAY({})".format(
    _NUMBERS.format(columns=f"jsonb_build_array({_COLUMNS})", whose='k.dialogue_id = "dialogues_dialogue"."id"')
)


def with_seats(dialogues: DialogueQuerySet) -> DialogueQuerySet:
    """Bring the numbers along, so that `seat_states` asks nothing more; for pages that show them and forget them."""
    numbers = RawSQL(_OF_ROW, [], output_field=ArrayField(JSONField()))  # noqa: S611
    return dialogues.annotate(seat_numbers=numbers)


def seat_state(dialogue: Dialogue, at: datetime | None = None) -> SeatState:
    """The state of one dialogue at the instant `at` (now, if not given)."""
    return seat_states([dialogue], at)[dialogue.pk]


def seat_states(dialogues: Iterable[Dialogue], at: datetime | None = None) -> dict[int, SeatState]:
    """The states of several dialogues by key, in one query however many they are, or none if `with_seats` brought them."""
    at = at or timezone.now()
    rows = list(dialogues)
    kinds: dict[int, list[KindState]] = {dialogue.pk: [] for dialogue in rows}
    waiting: dict[int, int] = {}
    for key, name, capacity, taken, people_waiting, bookings_waiting in _numbers(rows):
        kinds[key].append(KindState(name, capacity, taken, people_waiting))
        waiting[key] = bookings_waiting
    return {
        dialogue.pk: _state(dialogue, tuple(kinds[dialogue.pk]), waiting.get(dialogue.pk, 0), at) for dialogue in rows
    }


def _numbers(dialogues: Sequence[Dialogue]) -> Iterable[Sequence[Any]]:
    if dialogues and all(hasattr(dialogue, "seat_numbers") for dialogue in dialogues):
        return [numbers for dialogue in dialogues for numbers in dialogue.seat_numbers]
    with connection.cursor() as cursor:
        cursor.execute(_OF_MANY, [[dialogue.pk for dialogue in dialogues]])
        return cursor.fetchall()


@dataclass(frozen=True)
class KindCount:
    """The numbers of one kind of seat at one moment; `free` is below nothing where capacity has been lowered."""

    free: int
    people_waiting: int
    bookings_waiting: int


def count_seats(dialogue: Dialogue) -> dict[int, KindCount]:
    """The numbers of each kind of seat by its key, in one statement: it runs under the lock that all others wait for."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_ONE_BY_KEY, [dialogue.pk])
        return {key: KindCount(*numbers) for key, *numbers in cursor.fetchall()}


def place_in_line(registration: Registration) -> int:
    """The place that somebody waiting is told: bookings before theirs that wait for the same kind of seat, and one."""
    kinds = registration.attendees.values("seat_kind")
    earlier = Registration.objects.filter(
        dialogue=registration.dialogue_id,
        state=Registration.State.WAITING,
        waiting_number__lt=registration.waiting_number,
        attendees__seat_kind__in=kinds,
    )
    return earlier.distinct().count() + 1


def _state(dialogue: Dialogue, kinds: tuple[KindState, ...], waiting: int, at: datetime) -> SeatState:
    # Free seats of a kind that others wait for go to them.
    free = sum(kind.free for kind in kinds if not kind.waiting)
    capacity = sum(kind.capacity for kind in kinds)
    word, label = _word(dialogue, free, capacity, waiting, at)
    is_open = word in {Word.FREE, Word.FEW, Word.WAITING} or (
        word is Word.INVITATION and _closed_word(dialogue, at) is None
    )
    return SeatState(word, label, free, capacity, waiting, is_open, kinds)


def _word(dialogue: Dialogue, free: int, capacity: int, waiting: int, at: datetime) -> tuple[Word, str]:
    closed = _closed_word(dialogue, at)
    if closed:
        return closed
    if dialogue.is_by_invitation:
        return Word.INVITATION, "Nur mit Einladung"
    exact = dialogue.shows_exact_numbers
    if free:
        few = free <= max(FEW_SEATS, capacity * FEW_SHARE)
        word, label = (Word.FEW, "Wenige Plätze") if few else (Word.FREE, "Plätze frei")
        return word, f"{free} von {capacity} Plätzen frei" if exact else label
    if not capacity:
        return Word.FULL, "Ausgebucht"
    return Word.WAITING, f"Warteliste: {waiting or 'niemand'} vor Ihnen" if exact else "Warteliste"


def _closed_word(dialogue: Dialogue, at: datetime) -> tuple[Word, str] | None:
    if dialogue.cancelled_at:
        return Word.CANCELLED, "Abgesagt"
    if dialogue.is_over(at):
        return Word.OVER, "Vorbei"
    if dialogue.signup_opens_at and dialogue.signup_opens_at > at:
        opens = timezone.localtime(dialogue.signup_opens_at)
        return Word.NOT_YET, f"Anmeldung ab {date_format(opens, 'j. F Y')}"
    if dialogue.signup_ends_at is None or dialogue.signup_ends_at <= at:
        return Word.CLOSED, "Anmeldung geschlossen"
    return None
