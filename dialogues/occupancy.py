"""What the seats of a dialogue tell staff: how many more would help those who wait, and where a number was set too low."""

from .seats import KindState, SeatState, Word

# Where visitors are told numbers, staff read how many seats are taken beside the word.
_WORDS = {Word.FREE: "Plätze frei", Word.FEW: "Wenige Plätze", Word.WAITING: "Warteliste"}


def label(state: SeatState) -> str:
    """The state in words and how many seats are taken: „Warteliste (24 von 24 belegt)“."""
    word = _WORDS.get(state.word, state.label)
    return f"{word} ({taken(state)} von {state.capacity} belegt)" if state.capacity else word


def missing(kind: KindState) -> int:
    """Seats of one kind that would have to be added for all who wait for it."""
    return max(0, kind.taken + kind.waiting - kind.capacity) if kind.waiting else 0


def hint(state: SeatState) -> str:
    """What staff could do for those who wait, as one sentence; empty when nobody does."""
    if not state.waiting:
        return ""
    waiting = "1 wartet" if state.waiting == 1 else f"{state.waiting} warten"
    seats = sum(missing(kind) for kind in state.kinds)
    if not seats:
        return f"{waiting}, obwohl Plätze frei sind"
    return f"{waiting}, {'1 Platz mehr würde' if seats == 1 else f'{seats} Plätze mehr würden'} alle aufnehmen"


def warnings(state: SeatState) -> list[str]:
    """Kinds of which there are fewer seats than people hold, one sentence each."""
    return [
        f"„{kind.name}“: {kind.taken} Personen haben einen Platz, es gibt aber nur {kind.capacity}. "
        "Niemand verliert seinen Platz. Es rückt auch niemand nach, bis wieder Plätze frei sind."
        for kind in state.kinds
        if kind.taken > kind.capacity
    ]


def taken(state: SeatState) -> int:
    """People who hold a seat, all kinds together."""
    return sum(kind.taken for kind in state.kinds)
