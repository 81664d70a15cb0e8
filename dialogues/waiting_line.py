"""The line: who gets a seat, who waits, and who moves up. All but `promote` expects the lock of the dialogue.

Who confirms gets a seat, or the next number. The line is served in the order of its numbers whenever seats become free; a
later booking is seated earlier only if no earlier one fits, and the reason is stored.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack

from django.db.models import F
from django.utils import timezone

from .locking import locked
from .mails import Facts, Kind, tell
from .models import Attendee, Dialogue, Registration
from .party import Person, write_people
from .seats import KindCount, count_seats, place_in_line
from .transitions import Refused, State, change_state, record

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

# An offer never takes more than this share of the time that is left until the start.
OFFER_SHARE = 0.5
EARLY = "Für die Anmeldungen davor reichten die freien Plätze nicht."


def promote(dialogue: Dialogue) -> int:
    """Give free seats to those who wait, in their order; return how many bookings got some.

    To be called after every freeing of seats, raised capacity included. Nothing happens for a dialogue that is past,
    cancelled, closed or not public.
    """
    with locked(dialogue.pk, durable=False) as dialogue:
        return serve(dialogue)


def enter(
    dialogue: Dialogue, registration: Registration, *, action: str, by: "User | None" = None, **told: Unpack[Facts]
) -> None:
    """Seat a confirmed booking, or put it at the end of the line; and tell it."""
    kinds = count_seats(dialogue)
    if any(kind.people_waiting and kind.free > 0 for kind in kinds.values()) and serve(dialogue, kinds):
        # Those who waited came first.
        kinds = count_seats(dialogue)
    line = {key for key, kind in kinds.items() if kind.people_waiting}
    free = {key: kind.free for key, kind in kinds.items()}
    if line and not dialogue.is_promoting():
        # The line stands still: nobody passes those who wait in it.
        free = {key: 0 if key in line else number for key, number in free.items()}
    attendees = list(registration.attendees.select_related("seat_kind").order_by("pk"))
    fitting = _fitting(attendees, registration.group, free)
    values: dict[str, Any] = {"action": action, "by": by, "confirmed_at": registration.confirmed_at}
    if not fitting:
        values |= {"waiting_number": _next_number(dialogue), "people": len(attendees)}
        change_state(registration, State.WAITING, **values)
        wanted = {attendee.seat_kind_id for attendee in attendees}
        # The last in line of one kind stands behind all of it; who wants several has to be looked up.
        place = kinds[wanted.pop()].bookings_waiting + 1 if len(wanted) == 1 else place_in_line(registration)
        tell(Kind.WAITING, registration, attendees=attendees, place_in_line=place, **told)
        return
    early = EARLY if any(attendee.seat_kind_id in line for attendee in fitting) else ""
    left = [attendee for attendee in attendees if attendee not in fitting]
    values |= {"note": early, "seated_early_because": early, "people": len(fitting)}
    change_state(registration, State.CONFIRMED, **values)
    if left:
        part = _split(registration, left, _next_number(dialogue), by=by)
        told = {**told, "place_in_line": place_in_line(part), "waiting_people": len(left)}
    tell(Kind.CONFIRMED, registration, attendees=fitting, **told)


def serve(dialogue: Dialogue, kinds: Mapping[int, KindCount] | None = None) -> int:
    """Serve the line in its order with what is free; return how many bookings got seats."""
    if not dialogue.is_promoting():
        return 0
    kinds = kinds or count_seats(dialogue)
    if not any(kind.people_waiting and kind.free > 0 for kind in kinds.values()):
        return 0
    free = {key: kind.free for key, kind in kinds.items()}
    passed: set[int] = set()
    served = 0
    line = Registration.objects.filter(dialogue=dialogue, state=State.WAITING).order_by("waiting_number")
    for row in line.select_for_update().prefetch_related("attendees"):
        row.dialogue = dialogue
        if row.part_of_id and Registration.objects.filter(pk=row.part_of_id, state=State.WAITING).exists():
            # Who was added later is not seated before the booking itself.
            continue
        attendees = sorted(row.attendees.all(), key=lambda attendee: attendee.pk)
        fitting = _fitting(attendees, row.group, free)
        left = [attendee for attendee in attendees if attendee not in fitting]
        if fitting:
            for attendee in fitting:
                free[attendee.seat_kind_id] -= 1
            early = EARLY if any(attendee.seat_kind_id in passed for attendee in fitting) else ""
            _promote_row(dialogue, row, left, early)
            served += 1
        passed |= {attendee.seat_kind_id for attendee in left}
        if not any(number > 0 for number in free.values()):
            break
    return served


def add_people(dialogue: Dialogue, booking: Registration, people: Sequence[Person], *, by: "User | None") -> None:
    """Give more people of a booking a seat where nobody waits for it, else a place at the end of the line."""
    if booking.state == State.PENDING:
        write_people(booking, people)
        return
    if booking.state == State.WAITING and not booking.attendees.exists():
        # All want another kind of seat now, so they join the line of that kind at its end.
        write_people(booking, people)
        booking.waiting_number = _next_number(dialogue)
        booking.save(update_fields=["waiting_number"])
        return
    if booking.state == State.OFFERED:
        raise Refused("Nehmen Sie zuerst das Angebot an. Danach können Sie weitere Personen anmelden.", code="offered")
    kinds = count_seats(dialogue)
    free = {key: 0 if kind.people_waiting else kind.free for key, kind in kinds.items()}
    left = []
    for person in people:
        attendee = Attendee(
            registration=booking, seat_kind=person.seat_kind, name=person.name.strip(), role=person.role
        )
        attendee.save()
        kind = person.seat_kind.pk
        if booking.state == State.CONFIRMED and free[kind] > 0:
            free[kind] -= 1
        else:
            left.append(attendee)
    if left:
        _split(booking, left, _next_number(dialogue), by=by)


def join_parts(booking: Registration) -> None:
    """Bring those who got their seats back to their booking; their row has done its work."""
    if booking.state != State.CONFIRMED:
        return
    for part in booking.parts.filter(state=State.CONFIRMED):
        part.attendees.update(registration=booking)
        part.events.update(registration=booking)
        part.delete()


def _promote_row(dialogue: Dialogue, row: Registration, left: list[Attendee], early: str) -> None:
    number = row.waiting_number
    values: dict[str, Any] = {"seated_early_because": early, "note": early, "people": row.attendees.count() - len(left)}
    if left:
        # The rest keeps the place in line.
        values["waiting_number"] = None
    if dialogue.waiting_mode == Dialogue.WaitingMode.OFFER:
        change_state(row, State.OFFERED, action="offered", offered_until=_deadline(dialogue), **values)
    else:
        change_state(row, State.CONFIRMED, action="promoted", **values)
    if left and number:
        _split(row, left, number)
    booking = row
    if row.part_of_id:
        booking = Registration.objects.get(pk=row.part_of_id)
        booking.dialogue = dialogue
    if row.state == State.OFFERED:
        tell(Kind.OFFERED, booking, offered_until=row.offered_until)
    else:
        join_parts(booking)
        tell(Kind.PROMOTED, booking)


def _fitting(attendees: Sequence[Attendee], group: str, free: Mapping[int, int]) -> list[Attendee]:
    """Those of a booking who can be seated now: all or nobody, or one by one where the group wants that."""
    left = Counter(free)
    fitting = []
    for attendee in attendees:
        if left[attendee.seat_kind_id] > 0:
            left[attendee.seat_kind_id] -= 1
            fitting.append(attendee)
    if group == Registration.Group.ALL and len(fitting) < len(attendees):
        return []
    return fitting


def _split(row: Registration, left: Sequence[Attendee], number: int, *, by: "User | None" = None) -> Registration:
    """Let those of a booking who got no seat wait on as a part of it."""
    part = Registration(
        dialogue=row.dialogue,
        part_of_id=row.part_of_id or row.pk,
        state=State.WAITING,
        company=row.company,
        size=row.size,
        branch_id=row.branch_id,
        group=Registration.Group.SINGLY,
        notice_version=row.notice_version,
        confirmed_at=row.confirmed_at or timezone.now(),
        waiting_number=number,
    )
    part.save(force_insert=True)
    Attendee.objects.filter(pk__in=[attendee.pk for attendee in left]).update(registration=part)
    record(part, "waits-on", by=by)
    return part


def _deadline(dialogue: Dialogue) -> datetime:
    """Until when an offer holds: as staff set it, but never more than half of the time that is left."""
    now = timezone.now()
    longest = timedelta(hours=dialogue.offer_hours)
    return now + min(longest, (dialogue.starts_at - now) * OFFER_SHARE) if dialogue.starts_at else now + longest


def _next_number(dialogue: Dialogue) -> int:
    dialogue.last_waiting_number += 1
    Dialogue.objects.filter(pk=dialogue.pk).update(last_waiting_number=F("last_waiting_number") + 1)
    return dialogue.last_waiting_number
