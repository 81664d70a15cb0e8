"""Offers to those who wait: taken, given back, or run out. A seat that nobody takes goes on along the line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils import timezone

from .locking import locked, locked_booking
from .mails import Kind, tell
from .models import Registration
from .transitions import Refused, State, change_state, end_booking, require_alive, rows_of
from .waiting_line import join_parts, serve

if TYPE_CHECKING:
    from platform_mark.accounts.models import User


def accept(registration: Registration, *, by: "User | None" = None) -> Registration:
    """Take the seats that are on offer to a booking; again is harmless. Raises Refused when the time is over."""
    with locked_booking(registration, durable=by is None) as (dialogue, registration):
        offers = [row for row in rows_of(registration) if row.state == State.OFFERED]
        if not offers and registration.state == State.CONFIRMED:
            return registration
        require_alive(dialogue)
        if not offers or any(row.offered_until is None or row.offered_until <= timezone.now() for row in offers):
            raise Refused("Die Frist für dieses Angebot ist vorbei. Der Platz geht an die Nächsten.", code="late")
        for row in offers:
            change_state(row, State.CONFIRMED, action="offer-accepted", by=by, offered_until=None)
        join_parts(registration)
        tell(Kind.CONFIRMED, registration)
    return registration


def decline(registration: Registration, *, by: "User | None" = None) -> Registration:
    """Give back the seats that are on offer; a booking that held no other seat ends with it. Again is harmless."""
    with locked_booking(registration, durable=by is None) as (dialogue, registration):
        offers = [row for row in rows_of(registration) if row.state == State.OFFERED]
        if offers:
            _refuse_offers(registration, offers, State.DECLINED, action="offer-declined", by=by)
            serve(dialogue)
    return registration


def expire_offers() -> int:
    """End the offers whose time is over and pass their seats on, in one go for each dialogue; return how many ended."""
    late = Registration.objects.filter(state=State.OFFERED, offered_until__lte=timezone.now())
    ended = 0
    for key in sorted(set(late.order_by().values_list("dialogue", flat=True))):
        with locked(key, durable=False) as dialogue:
            rows = list(late.filter(dialogue=dialogue).select_for_update().order_by("waiting_number", "pk"))
            for row in rows:
                row.refresh_from_db()
                if row.state == State.OFFERED:
                    # Else it ended a moment ago, with the booking it is a part of.
                    booking = Registration.objects.get(pk=row.part_of_id) if row.part_of_id else row
                    _refuse_offers(booking, [row], State.EXPIRED, action="offer-expired")
                    ended += 1
            serve(dialogue)
    return ended


def _refuse_offers(
    booking: Registration, offers: Sequence[Registration], state: State, *, action: str, by: "User | None" = None
) -> None:
    if any(row.pk == booking.pk for row in offers):
        # The booking itself held nothing else: those of it who wait go with it.
        end_booking(booking, state, action=action, by=by)
    else:
        for row in offers:
            change_state(row, state, action=action, by=by, ended_at=timezone.now(), offered_until=None)
