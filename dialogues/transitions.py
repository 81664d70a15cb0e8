"""What a booking may become, and the row of history that each change of its state leaves."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from .models import Dialogue, Registration, RegistrationEvent

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

State = Registration.State

# The one table of what may become what. What is missing here cannot happen.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.CONFIRMED, State.WAITING, State.CANCELLED, State.EXPIRED, State.REJECTED}),
    State.WAITING: frozenset({State.CONFIRMED, State.OFFERED, State.CANCELLED, State.REJECTED}),
    State.OFFERED: frozenset({State.CONFIRMED, State.DECLINED, State.EXPIRED, State.CANCELLED}),
    State.CONFIRMED: frozenset({State.CANCELLED}),
    State.CANCELLED: frozenset(),
    State.DECLINED: frozenset(),
    State.EXPIRED: frozenset(),
    State.REJECTED: frozenset(),
}


class Refused(ValidationError):
    """What was asked for does not go; the message is for people."""


def require_alive(dialogue: Dialogue) -> None:
    """Refuse every change at a dialogue that is cancelled, not public or past."""
    if dialogue.cancelled_at:
        raise Refused("Dieser Dialog ist abgesagt.", code="cancelled")
    if not dialogue.is_published():
        raise Refused("Dieser Dialog ist zurzeit nicht öffentlich.", code="hidden")
    if dialogue.is_over():
        raise Refused("Dieser Dialog ist vorbei.", code="over")


def change_state(
    registration: Registration,
    to: State,
    *,
    action: str,
    by: "User | None" = None,
    note: str = "",
    people: int | None = None,
    **values: Any,
) -> None:
    """The one place where a state changes: as the table says, with its row of history."""
    before = State(registration.state)
    if to not in TRANSITIONS[before]:
        raise Refused(cannot(registration, f"„{to.label}“"), code="transition")
    for name, value in {"state": to, **values}.items():
        setattr(registration, name, value)
    registration.save(update_fields=["state", *values])
    record(registration, action, before, by=by, note=note, people=people)


def record(
    registration: Registration,
    action: str,
    before: State | str = "",
    *,
    by: "User | None" = None,
    note: str = "",
    people: int | None = None,
) -> None:
    """Write a row of history. `note` never holds a name, an address or what somebody typed: the row outlives them."""
    RegistrationEvent.objects.create(
        registration=registration,
        action=action,
        from_state=before,
        to_state=registration.state,
        people=registration.attendees.count() if people is None else people,
        note=note,
        by=by,
    )


def end_booking(booking: Registration, state: State, *, action: str, by: "User | None" = None, note: str = "") -> None:
    """End a booking and its parts. What only mattered for coming goes at once."""
    for row in rows_of(booking):
        # A part that waits cannot decline or expire: it is cancelled with its booking.
        to = state if row.pk == booking.pk or state in TRANSITIONS[State(row.state)] else State.CANCELLED
        if row.state in Registration.LIVING:
            change_state(row, to, action=action, by=by, note=note, ended_at=timezone.now(), offered_until=None)
    booking.answers.all().delete()
    booking.needs, booking.needs_agreed_at = "", None
    booking.save(update_fields=["needs", "needs_agreed_at"])


def rows_of(booking: Registration) -> list[Registration]:
    """A booking and its living parts, these locked as well."""
    return [booking, *booking.parts.living().select_for_update().order_by("pk")]


def cannot(registration: Registration, what: str) -> str:
    """Why something does not go with a booking in the state it has, for people; `what` is a participle."""
    return f"Diese Anmeldung ist „{registration.get_state_display()}“ und kann nicht {what} werden."
