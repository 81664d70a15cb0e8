"""What only staff do with a booking: answer it, take it to another dialogue, send its link again, tick people off."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from .locking import lock, locked_booking
from .mails import Kind, tell
from .models import Attendee, Dialogue, Registration
from .party import Person, attendees_of, nearest_kind, write_people
from .seats import place_in_line
from .transitions import Refused, State, cannot, change_state, end_booking, record, require_alive
from .waiting_line import enter, serve

if TYPE_CHECKING:
    from platform_mark.accounts.models import User


def decide(registration: Registration, *, accept: bool, reason: str = "", by: "User | None") -> Registration:
    """Staff accept a booking of a moderated dialogue, or say no with the reason the person will read; raises Refused."""
    with locked_booking(registration, durable=False) as (dialogue, registration):
        if accept:
            if not registration.is_to_decide:
                raise Refused(cannot(registration, "angenommen"), code="state")
            require_alive(dialogue)
            enter(dialogue, registration, action="accepted", by=by)
            return registration
        if not reason.strip():
            raise Refused("Bitte begründen Sie die Ablehnung. Der Grund steht in der E-Mail.", code="reason")
        if registration.state == State.PENDING and not registration.is_to_decide:
            raise Refused("Diese Adresse ist noch nicht bestätigt. Unbestätigtes verfällt von selbst.", code="state")
        change_state(
            registration,
            State.REJECTED,
            action="rejected",
            by=by,
            reject_reason=reason.strip(),
            ended_at=timezone.now(),
        )
        tell(Kind.REJECTED, registration, reason=registration.reject_reason)
        serve(dialogue)
    return registration


def move(registration: Registration, *, to: Dialogue, by: "User | None") -> Registration:
    """Staff take a booking to another dialogue: it ends here and enters there, with a link of its own; raises Refused.

    Answers belong to the questions of the dialogue they were asked for and do not go along.
    """
    with transaction.atomic():
        # Always in the same order, so that two moves in opposite directions cannot wait for each other.
        for key in sorted({registration.dialogue_id, to.pk}):
            lock(key)
        with locked_booking(registration, durable=False) as (dialogue, registration):
            if registration.state not in Registration.LIVING or registration.confirmed_at is None:
                raise Refused(cannot(registration, "umgebucht"), code="state")
            to = lock(to.pk)
            require_alive(to)
            if to.pk == dialogue.pk:
                raise Refused("Wählen Sie einen anderen Dialog.", code="same")
            there = Registration.objects.living().bookings().filter(dialogue=to, email_key=registration.email_key)
            if there.exclude(email_key="").exists():
                raise Refused("Diese Adresse ist dort schon angemeldet.", code="double")
            copied = (
                *("company", "contact_name", "email", "email_key", "size", "branch_id", "group", "needs"),
                *("needs_agreed_at", "news_agreed_at", "list_agreed_at", "notice_version", "confirmed_at"),
            )
            moved = Registration(dialogue=to, **{name: getattr(registration, name) for name in copied})
            moved.save(force_insert=True)
            people = [
                Person(attendee.name, nearest_kind(attendee.seat_kind, to), attendee.role)
                for attendee in attendees_of(registration)
            ]
            write_people(moved, people)
            record(moved, "moved-in", by=by, note=f"Umgebucht von Dialog {dialogue.pk}")
            end_booking(registration, State.CANCELLED, action="moved-out", by=by, note=f"Umgebucht zu Dialog {to.pk}")
            enter(to, moved, action="entered", by=by, moved_from=dialogue)
            serve(dialogue)
    return moved


def resend(registration: Registration, *, by: "User | None") -> Registration:
    """Staff send the personal link again; the one before dies. Raises Refused for a booking that has ended."""
    with locked_booking(registration, durable=False) as (_dialogue, registration):
        if registration.state not in Registration.LIVING or not registration.email:
            raise Refused(cannot(registration, "noch einmal verschickt"), code="state")
        registration.token_version += 1
        registration.save(update_fields=["token_version"])
        record(registration, "link-resent", State(registration.state), by=by)
        if registration.is_to_decide:
            tell(Kind.RECEIVED, registration)
        elif registration.state == State.PENDING:
            tell(Kind.PLEASE_CONFIRM, registration)
        elif registration.state == State.WAITING:
            tell(Kind.WAITING, registration, place_in_line=place_in_line(registration))
        elif registration.state == State.OFFERED:
            tell(Kind.OFFERED, registration)
        else:
            tell(Kind.CONFIRMED, registration)
    return registration


def check_in(attendee: Attendee, *, present: bool, by: "User | None") -> Attendee:
    """Tick one person off as there or absent; raises Refused for somebody without a seat. Again is harmless."""
    with locked_booking(attendee.registration, durable=False) as (_, registration):
        attendee = Attendee.objects.select_for_update().get(pk=attendee.pk)
        if registration.state != State.CONFIRMED or attendee.registration_id != registration.pk:
            raise Refused("Diese Person hat keinen bestätigten Platz.", code="state")
        presence = Attendee.Presence.ATTENDED if present else Attendee.Presence.ABSENT
        if attendee.presence != presence:
            attendee.presence, attendee.checked_in_at = presence, timezone.now() if present else None
            attendee.save(update_fields=["presence", "checked_in_at"])
            record(registration, "checked-in" if present else "absent", State(registration.state), by=by)
    return attendee
