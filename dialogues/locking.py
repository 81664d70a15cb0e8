"""The lock of a dialogue: every count and every number that decides about a seat is true only under it.

docs/decisions/0050-seats-and-the-waiting-list.md gives the reasons.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import Model
from psycopg import errors

from .models import Dialogue, Registration
from .transitions import Refused

RowT = TypeVar("RowT", bound=Model)
# How the database says that others hold what is needed: a lock or a statement took too long, or each waits for the other.
HELD_BY_OTHERS = (errors.LockNotAvailable, errors.QueryCanceled, errors.DeadlockDetected)


class TryAgain(Refused):
    """The dialogue is locked by others right now; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "Gerade melden sich sehr viele an. Bitte versuchen Sie es in einer Minute noch einmal. "
            "Wir haben noch nichts gespeichert.",
            code="busy",
        )


def lock(dialogue_id: int) -> Dialogue:
    """Lock a dialogue for the rest of the transaction and return it as it is now, with the database's time."""
    if not connection.in_atomic_block:
        raise RuntimeError("A lock outside of a transaction would end at once.")
    # As text, since all others wait while this is built and read.
    rows = Dialogue.objects.raw(
        "SELECT *, STATEMENT_TIMESTAMP() AS locked_at FROM dialogues_dialogue WHERE id = %s FOR UPDATE", [dialogue_id]
    )
    return _only(rows, Dialogue)


@contextmanager
def locked(dialogue_id: int, *, durable: bool) -> Iterator[Dialogue]:
    """Run a journey under the lock; raises TryAgain while others hold it.

    Durable is what the public does: it is committed when it has been answered. Staff's and jobs' calls join their transaction.
    """
    try:
        with transaction.atomic(durable=durable):
            yield lock(dialogue_id)
    except OperationalError as error:
        if isinstance(error.__cause__, HELD_BY_OTHERS):
            raise TryAgain from error
        raise


@contextmanager
def locked_booking(registration: Registration, *, durable: bool) -> Iterator[tuple[Dialogue, Registration]]:
    """The same for one booking: give its dialogue and the whole booking as both are now, also where a part is named."""
    with locked(registration.dialogue_id, durable=durable) as dialogue:
        rows = Registration.objects.raw(
            "SELECT * FROM dialogues_registration WHERE id = %s FOR UPDATE",
            [registration.part_of_id or registration.pk],
        )
        fresh = _only(rows, Registration)
        fresh.dialogue = dialogue
        yield dialogue, fresh


def _only(rows: Iterable[RowT], model: type[RowT]) -> RowT:
    for row in rows:
        return row
    raise model.DoesNotExist
