"""Who gets a seat, who waits, and who moves up: every change of a booking happens here, under the lock of its dialogue.

The rules in short: an unconfirmed sign-up holds nothing. Who confirms gets a seat, or the next number of the waiting list.
The line is served in the order of its numbers whenever seats become free; a later booking is seated earlier only if no
earlier one fits, and the reason is stored. Each change leaves a row of history and, where it concerns the person, a mail,
in the same transaction. docs/decisions/0050-seats-and-the-waiting-list.md gives the reasons.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F, Model
from django.utils import timezone
from psycopg import errors

from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import address_key
from platform_mark.taxonomy.models import Branch
from platform_mark.tokens import BadToken, make_token, read_token

from . import notices
from .mails import PATH, PURPOSE, Kind, tell
from .models import Answer, Attendee, Dialogue, Question, Registration, RegistrationEvent, SeatKind
from .retention import forget_person, is_lapsed, lapsed
from .seats import KindCount, count_seats, place_in_line

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

State = Registration.State
RowT = TypeVar("RowT", bound=Model)

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
LIVING = (State.PENDING, State.CONFIRMED, State.WAITING, State.OFFERED)
SEATED = (State.CONFIRMED, State.OFFERED)

INVITATION_PURPOSE = "dialogues.invitation"
# The same post again within this time is a double click, a reload or a press on Back: no second mail.
DOUBLE_POST = timedelta(minutes=10)
# An offer never takes more than this share of the time that is left until the start.
OFFER_SHARE = 0.5
EARLY = "Für die Anmeldungen davor reichten die freien Plätze nicht."


class Refused(ValidationError):
    """What was asked for does not go; the message is for people."""


class TryAgain(Refused):
    """The dialogue is locked by others right now; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "Gerade melden sich sehr viele an. Bitte versuchen Sie es in einer Minute noch einmal. "
            "Wir haben noch nichts gespeichert.",
            code="busy",
        )


@dataclass(frozen=True)
class Person:
    """Somebody a booking is for; without a name it is „N.N.“."""

    name: str
    seat_kind: SeatKind
    role: str = ""


# ---------------------------------------------------------------- links


def find_registration(token: str) -> Registration:
    """Return the booking a personal link names; raises BadToken for every other token, expired and deleted ones alike."""
    subject = read_token(PURPOSE, token)
    found = Registration.objects.select_related("dialogue__municipality", "branch").filter(
        pk=subject.row_id, token_version=subject.version, anonymised_at=None
    )
    registration = found.first()
    if registration is None or registration.part_of_id or is_lapsed(registration):
        raise BadToken
    return registration


def own_path(registration: Registration) -> str:
    """The path of the person's own page. It is a key: it goes to the person and nowhere else."""
    return PATH.replace("{token}", make_token(PURPOSE, registration.pk, registration.token_version))


def invitation_token(dialogue: Dialogue) -> str:
    """The token that opens the sign-up of a dialogue by invitation; dies when `invitation_version` is raised."""
    return make_token(INVITATION_PURPOSE, dialogue.pk, dialogue.invitation_version)


def is_invited(dialogue: Dialogue, token: str) -> bool:
    """Whether a token invites to this dialogue today."""
    try:
        subject = read_token(INVITATION_PURPOSE, token)
    except BadToken:
        return False
    return (subject.row_id, subject.version) == (dialogue.pk, dialogue.invitation_version)


# ---------------------------------------------------------------- the lock


def lock(dialogue_id: int) -> Dialogue:
    """Lock a dialogue for the rest of the transaction and return it as it is now, with the database's time.

    Every count and every number given is true only under this lock.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A lock outside of a transaction would end at once.")
    # As text, since all others wait while this is built and read.
    rows = Dialogue.objects.raw(
        "SELECT *, STATEMENT_TIMESTAMP() AS locked_at FROM dialogues_dialogue WHERE id = %s FOR UPDATE", [dialogue_id]
    )
    return _only(rows, Dialogue)


def _only(rows: Iterable[RowT], model: type[RowT]) -> RowT:
    for row in rows:
        return row
    raise model.DoesNotExist


@contextmanager
def _locked(dialogue_id: int, *, durable: bool) -> Iterator[Dialogue]:
    # What the public does is committed when it has been answered; staff's and jobs' calls join their transaction.
    try:
        with transaction.atomic(durable=durable):
            yield lock(dialogue_id)
    except OperationalError as error:
        if isinstance(error.__cause__, errors.LockNotAvailable | errors.QueryCanceled | errors.DeadlockDetected):
            raise TryAgain from error
        raise


@contextmanager
def _locked_booking(registration: Registration, *, durable: bool) -> Iterator[tuple[Dialogue, Registration]]:
    with _locked(registration.dialogue_id, durable=durable) as dialogue:
        rows = Registration.objects.raw(
            "SELECT * FROM dialogues_registration WHERE id = %s FOR UPDATE",
            [registration.part_of_id or registration.pk],
        )
        fresh = _only(rows, Registration)
        fresh.dialogue = dialogue
        yield dialogue, fresh


# ---------------------------------------------------------------- signing up


def sign_up(
    dialogue: Dialogue,
    *,
    company: str,
    contact_name: str,
    email: str,
    people: Sequence[Person],
    group: str = Registration.Group.ALL,
    size: str = "",
    branch: Branch | None = None,
    answers: Mapping[Question, Sequence[str]] | None = None,
    needs: str = "",
    needs_agreed: bool = False,
    news_agreed: bool = False,
    list_agreed: bool = False,
    invitation: str = "",
    by: "User | None" = None,
) -> Registration | None:
    """Store a sign-up and mail its link; nothing is held before the person confirms. Raises Refused.

    None means that the address already has a living sign-up: it gets a mail, and the page must look the same. The same
    post twice makes one row and one mail; a changed one replaces what was not confirmed yet. Staff (`by`) sign up on
    behalf: confirmed at once, whatever the window and the maximum per company say, with or without an address.
    """
    key = address_key(email) if email.strip() else ""
    _require_people(dialogue, people, most=None if by else dialogue.most_per_company)
    if not key and by is None:
        raise Refused({"email": "Schreiben Sie Ihre E-Mail-Adresse in dieses Feld."})
    now = timezone.now()
    values = {
        "company": company.strip(),
        "contact_name": contact_name.strip(),
        "email": email.strip(),
        "email_key": key,
        "size": size,
        "branch": branch,
        "group": group,
        # Without the consent it is not stored, whatever the form sent.
        "needs": needs.strip() if needs_agreed else "",
        "needs_agreed_at": now if needs_agreed and needs.strip() else None,
        "news_agreed_at": now if news_agreed else None,
        "list_agreed_at": now if list_agreed else None,
        "notice_version": notices.CURRENT.version,
    }
    try:
        with _locked(dialogue.pk, durable=by is None) as dialogue:
            _require_open(dialogue, invitation=invitation, by=by)
            earlier = Registration.objects.filter(
                dialogue=dialogue, email_key=key, state__in=LIVING, part_of=None
            ).exclude(email_key="")
            existing = earlier.select_for_update().first()
            if existing is None:
                registration = Registration(dialogue=dialogue, **values)
                registration.clean_fields(exclude=["dialogue", "part_of"])
                registration.save(force_insert=True)
                _write_parts(registration, people, answers)
                _record(registration, "signed-up", by=by, people=len(people))
            elif by is not None:
                raise Refused(f"Zu dieser Adresse gibt es schon eine Anmeldung: „{existing.get_state_display()}“.")
            elif existing.state != State.PENDING or existing.confirmed_at:
                existing.dialogue = dialogue
                tell(Kind.ALREADY_REGISTERED, existing)
                return None
            else:
                registration, existing.dialogue = existing, dialogue
                is_same = _is_same(registration, values, people, answers)
                if is_same and now - registration.created_at < DOUBLE_POST:
                    return registration
                if not is_same:
                    _replace(registration, values, people, answers)
            if by is not None:
                registration.confirmed_at = now
                _enter(dialogue, registration, action="signed-up-by-staff", by=by)
            else:
                tell(Kind.PLEASE_CONFIRM, registration)
            return registration
    except IntegrityError as error:
        # The unique constraint is the last word; under the lock only a fault can get here.
        raise TryAgain from error


def confirm(registration: Registration, *, by: "User | None" = None) -> Registration:
    """The person confirms: a seat, a place in line, or the desk of staff. Once is enough, again is harmless.

    Who signed up before the end of the window may confirm after it, until the dialogue begins. Raises Refused.
    """
    with _locked_booking(registration, durable=by is None) as (dialogue, registration):
        if registration.state != State.PENDING or registration.confirmed_at:
            return registration
        _require_alive(dialogue)
        if dialogue.has_begun():
            raise Refused("Der Dialog hat schon begonnen. Anmelden können wir Sie nicht mehr.", code="begun")
        if is_lapsed(registration):
            raise Refused("Der Link ist abgelaufen. Bitte melden Sie sich noch einmal an.", code="lapsed")
        registration.confirmed_at = timezone.now()
        if dialogue.is_moderated:
            registration.save(update_fields=["confirmed_at"])
            _record(registration, "confirmed", State.PENDING, by=by)
            tell(Kind.RECEIVED, registration)
        else:
            _enter(dialogue, registration, action="confirmed", by=by)
    return registration


def decide(registration: Registration, *, accept: bool, reason: str = "", by: "User | None") -> Registration:
    """Staff accept a booking of a moderated dialogue, or say no with the reason the person will read; raises Refused."""
    with _locked_booking(registration, durable=False) as (dialogue, registration):
        if accept:
            if not registration.is_to_decide:
                raise Refused(_cannot(registration, "angenommen"), code="state")
            _require_alive(dialogue)
            _enter(dialogue, registration, action="accepted", by=by)
            return registration
        if not reason.strip():
            raise Refused("Bitte begründen Sie die Ablehnung. Der Grund steht in der E-Mail.", code="reason")
        if registration.state == State.PENDING and not registration.is_to_decide:
            raise Refused("Diese Adresse ist noch nicht bestätigt. Unbestätigtes verfällt von selbst.", code="state")
        _move(registration, State.REJECTED, action="rejected", by=by, reject_reason=reason.strip(), ended_at=_now())
        tell(Kind.REJECTED, registration, reason=registration.reject_reason)
        _serve(dialogue)
    return registration


# ---------------------------------------------------------------- leaving and changing


def cancel(registration: Registration, *, by: "User | None" = None, reason: str = "") -> Registration:
    """End a whole booking, those of it who still wait included; its seats go to the line. Again is harmless.

    The person cannot cancel once the dialogue has begun; staff can. Raises Refused.
    """
    with _locked_booking(registration, durable=by is None) as (dialogue, registration):
        if registration.state not in LIVING:
            return registration
        if by is None and dialogue.has_begun():
            raise Refused("Der Dialog hat schon begonnen. Stornieren geht nur noch am Telefon.", code="begun")
        is_told = registration.state != State.PENDING or registration.confirmed_at is not None
        _end(registration, State.CANCELLED, action="cancelled", by=by)
        if is_told:
            kind = Kind.CANCELLED_BY_US if by else Kind.CANCELLED_BY_YOU
            tell(kind, registration, reason=reason.strip())
        _serve(dialogue)
    return registration


def change_party(registration: Registration, *, people: Sequence[Person], by: "User | None" = None) -> Registration:
    """Make the booking one for exactly these people; raises Refused.

    Seats stay with the booking: a colleague may take one over. Fewer people free theirs for the line. More people are
    seated where nobody waits for that kind; else they wait at the end of the line as a part of the booking.
    """
    with _locked_booking(registration, durable=by is None) as (dialogue, registration):
        if registration.state not in LIVING:
            raise Refused(_cannot(registration, "geändert"), code="state")
        _require_alive(dialogue)
        if by is None and dialogue.has_begun():
            raise Refused("Der Dialog hat schon begonnen. Ändern geht nur noch am Telefon.", code="begun")
        _require_people(dialogue, people, most=None if by else dialogue.most_per_company)
        before = _party(registration)
        added, removed = _match(registration, people)
        if not added and not removed and before == _party(registration):
            return registration
        if added:
            _add(dialogue, registration, added, by=by)
        _record(registration, "party-changed", State(registration.state), by=by)
        if registration.state != State.PENDING:
            tell(Kind.PARTY_CHANGED, registration)
        _serve(dialogue)
    return registration


def transfer(registration: Registration, *, contact_name: str, email: str, by: "User | None" = None) -> Registration:
    """Hand a booking over to another contact: the old link dies, the new address gets its own. Raises Refused.

    The mail to the new address holds nothing that was typed; consent to later news was the other person's and ends.
    """
    key = address_key(email)
    with _locked_booking(registration, durable=by is None) as (dialogue, registration):
        if registration.state not in LIVING or registration.state == State.PENDING:
            raise Refused(_cannot(registration, "übergeben"), code="state")
        _require_alive(dialogue)
        if key == registration.email_key:
            registration.contact_name = contact_name.strip()
            registration.save(update_fields=["contact_name"])
            _record(registration, "contact-renamed", State(registration.state), by=by)
            return registration
        others = Registration.objects.filter(dialogue=dialogue, email_key=key, state__in=LIVING, part_of=None)
        if others.exists():
            raise Refused("Mit dieser Adresse geht es nicht. Bitte rufen Sie uns an.", code="address")
        registration.contact_name, registration.email, registration.email_key = contact_name.strip(), email.strip(), key
        registration.token_version += 1
        registration.news_agreed_at = registration.reminders_ended_at = None
        fields = ["contact_name", "email", "email_key", "token_version", "news_agreed_at", "reminders_ended_at"]
        registration.clean_fields(exclude=["dialogue", "part_of", "branch"])
        registration.save(update_fields=fields)
        _record(registration, "handed-over", State(registration.state), by=by)
        tell(Kind.HANDED_OVER, registration)
        if not _mails_of(registration).filter(token_version=registration.token_version).exists():
            raise Refused(
                "An diese Adresse gingen gerade schon mehrere E-Mails. Bitte versuchen Sie es in einer Stunde "
                "noch einmal oder rufen Sie uns an.",
                code="limit",
            )
    return registration


def move(registration: Registration, *, to: Dialogue, by: "User | None") -> Registration:
    """Staff take a booking to another dialogue: it ends here and enters there, with a link of its own; raises Refused.

    Answers belong to the questions of the dialogue they were asked for and do not go along.
    """
    with transaction.atomic():
        # Always in the same order, so that two moves in opposite directions cannot wait for each other.
        for key in sorted({registration.dialogue_id, to.pk}):
            lock(key)
        with _locked_booking(registration, durable=False) as (dialogue, registration):
            if registration.state not in LIVING or registration.confirmed_at is None:
                raise Refused(_cannot(registration, "umgebucht"), code="state")
            to = lock(to.pk)
            _require_alive(to)
            if to.pk == dialogue.pk:
                raise Refused("Wählen Sie einen anderen Dialog.", code="same")
            if Registration.objects.filter(
                dialogue=to, email_key=registration.email_key, state__in=LIVING, part_of=None
            ).exclude(email_key=""):
                raise Refused("Diese Adresse ist dort schon angemeldet.", code="double")
            copied = (
                *("company", "contact_name", "email", "email_key", "size", "branch_id", "group", "needs"),
                *("needs_agreed_at", "news_agreed_at", "list_agreed_at", "notice_version", "confirmed_at"),
            )
            moved = Registration(dialogue=to, **{name: getattr(registration, name) for name in copied})
            moved.save(force_insert=True)
            people = [
                Person(attendee.name, _same_kind(attendee.seat_kind, to), attendee.role)
                for attendee in _attendees(registration)
            ]
            _write_parts(moved, people, None)
            _record(moved, "moved-in", by=by, note=f"Umgebucht von Dialog {dialogue.pk}")
            _end(registration, State.CANCELLED, action="moved-out", by=by, note=f"Umgebucht zu Dialog {to.pk}")
            _enter(to, moved, action="entered", by=by, moved_from=dialogue)
            _serve(dialogue)
    return moved


def check_in(attendee: Attendee, *, present: bool, by: "User | None") -> Attendee:
    """Tick one person off as there or absent; raises Refused for somebody without a seat. Again is harmless."""
    with _locked_booking(attendee.registration, durable=False) as (_, registration):
        attendee = Attendee.objects.select_for_update().get(pk=attendee.pk)
        if registration.state != State.CONFIRMED or attendee.registration_id != registration.pk:
            raise Refused("Diese Person hat keinen bestätigten Platz.", code="state")
        presence = Attendee.Presence.ATTENDED if present else Attendee.Presence.ABSENT
        if attendee.presence != presence:
            attendee.presence, attendee.checked_in_at = presence, _now() if present else None
            attendee.save(update_fields=["presence", "checked_in_at"])
            _record(registration, "checked-in" if present else "absent", State(registration.state), by=by)
    return attendee


def end_reminders(registration: Registration) -> None:
    """Send no more reminders of this dialogue; the seat stays. Again is harmless."""
    Registration.objects.filter(pk=registration.pk, reminders_ended_at=None).update(reminders_ended_at=_now())


def end_news(registration: Registration) -> None:
    """Withdraw the consent to later news; again is harmless."""
    Registration.objects.filter(pk=registration.pk).update(news_agreed_at=None)


def resend(registration: Registration, *, by: "User | None") -> Registration:
    """Staff send the personal link again; the one before dies. Raises Refused for a booking that has ended."""
    with _locked_booking(registration, durable=False) as (_dialogue, registration):
        if registration.state not in LIVING or not registration.email:
            raise Refused(_cannot(registration, "noch einmal verschickt"), code="state")
        registration.token_version += 1
        registration.save(update_fields=["token_version"])
        _record(registration, "link-resent", State(registration.state), by=by)
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


def erase(registration: Registration, *, by: "User | None" = None) -> Registration:
    """Delete everything personal of a booking, its mails included; a future one frees its seats. Counts stay."""
    with _locked_booking(registration, durable=False) as (dialogue, registration):
        freed = registration.state in LIVING and not dialogue.has_begun()
        if freed:
            _end(registration, State.CANCELLED, action="cancelled", by=by)
        forget_person(registration)
        _record(registration, "erased", State(registration.state), by=by)
        if freed:
            _serve(dialogue)
    return registration


# ---------------------------------------------------------------- offers


def accept(registration: Registration, *, by: "User | None" = None) -> Registration:
    """Take the seats that are on offer to a booking; again is harmless. Raises Refused when the time is over."""
    with _locked_booking(registration, durable=by is None) as (dialogue, registration):
        offers = [row for row in _rows(registration) if row.state == State.OFFERED]
        if not offers and registration.state == State.CONFIRMED:
            return registration
        _require_alive(dialogue)
        if not offers or any(row.offered_until is None or row.offered_until <= _now() for row in offers):
            raise Refused("Die Frist für dieses Angebot ist vorbei. Der Platz geht an die Nächsten.", code="late")
        for row in offers:
            _move(row, State.CONFIRMED, action="offer-accepted", by=by, offered_until=None)
        _join_parts(registration)
        tell(Kind.CONFIRMED, registration)
    return registration


def decline(registration: Registration, *, by: "User | None" = None) -> Registration:
    """Give back the seats that are on offer; a booking that held no other seat ends with it. Again is harmless."""
    with _locked_booking(registration, durable=by is None) as (dialogue, registration):
        offers = [row for row in _rows(registration) if row.state == State.OFFERED]
        if offers:
            _refuse_offers(registration, offers, State.DECLINED, action="offer-declined", by=by)
            _serve(dialogue)
    return registration


def expire_offers() -> int:
    """End the offers whose time is over and pass their seats on, in one go for each dialogue; return how many ended."""
    late = Registration.objects.filter(state=State.OFFERED, offered_until__lte=_now())
    ended = 0
    for key in sorted(set(late.order_by().values_list("dialogue", flat=True))):
        with _locked(key, durable=False) as dialogue:
            rows = list(late.filter(dialogue=dialogue).select_for_update().order_by("waiting_number", "pk"))
            for row in rows:
                row.refresh_from_db()
                if row.state == State.OFFERED:
                    # Else it ended a moment ago, with the booking it is a part of.
                    booking = Registration.objects.get(pk=row.part_of_id) if row.part_of_id else row
                    _refuse_offers(booking, [row], State.EXPIRED, action="offer-expired")
                    ended += 1
            _serve(dialogue)
    return ended


def expire_unconfirmed() -> int:
    """End and empty the sign-ups that nobody confirmed within 48 hours after the mail was sent; return how many."""
    ended = 0
    for key in sorted(set(lapsed().order_by().values_list("dialogue", flat=True))):
        with _locked(key, durable=False) as dialogue:
            for registration in lapsed().filter(dialogue=dialogue).select_for_update(of=("self",)):
                _move(registration, State.EXPIRED, action="expired", ended_at=_now())
                forget_person(registration)
                ended += 1
    return ended


def promote(dialogue: Dialogue) -> int:
    """Give free seats to those who wait, in their order; return how many bookings got some.

    To be called after every freeing of seats, raised capacity included. Nothing happens for a dialogue that is past,
    cancelled, closed or not public.
    """
    with _locked(dialogue.pk, durable=False) as locked:
        return _serve(locked)


# ---------------------------------------------------------------- the line, all under the lock


def _enter(
    dialogue: Dialogue, registration: Registration, *, action: str, by: "User | None" = None, **told: Any
) -> None:
    """Seat a confirmed booking, or put it at the end of the line; and tell it."""
    kinds = count_seats(dialogue)
    if any(kind.people_waiting and kind.free > 0 for kind in kinds.values()) and _serve(dialogue, kinds):
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
        _move(registration, State.WAITING, **values)
        wanted = {attendee.seat_kind_id for attendee in attendees}
        # The last in line of one kind stands behind all of it; who wants several has to be looked up.
        place = kinds[wanted.pop()].bookings_waiting + 1 if len(wanted) == 1 else place_in_line(registration)
        tell(Kind.WAITING, registration, attendees=attendees, place_in_line=place, **told)
        return
    early = EARLY if any(attendee.seat_kind_id in line for attendee in fitting) else ""
    left = [attendee for attendee in attendees if attendee not in fitting]
    values |= {"note": early, "seated_early_because": early, "people": len(fitting)}
    _move(registration, State.CONFIRMED, **values)
    facts: dict[str, Any] = {}
    if left:
        part = _split(registration, left, _next_number(dialogue), by=by)
        facts = {"place_in_line": place_in_line(part), "waiting_people": len(left)}
    tell(Kind.CONFIRMED, registration, attendees=fitting, **facts, **told)


def _serve(dialogue: Dialogue, kinds: Mapping[int, KindCount] | None = None) -> int:
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


def _promote_row(dialogue: Dialogue, row: Registration, left: list[Attendee], early: str) -> None:
    number = row.waiting_number
    values: dict[str, Any] = {"seated_early_because": early, "note": early, "people": row.attendees.count() - len(left)}
    if left:
        # The rest keeps the place in line.
        values["waiting_number"] = None
    if dialogue.waiting_mode == Dialogue.WaitingMode.OFFER:
        _move(row, State.OFFERED, action="offered", offered_until=_deadline(dialogue), **values)
    else:
        _move(row, State.CONFIRMED, action="promoted", **values)
    if left and number:
        _split(row, left, number)
    booking = row
    if row.part_of_id:
        booking = Registration.objects.get(pk=row.part_of_id)
        booking.dialogue = dialogue
    if row.state == State.OFFERED:
        tell(Kind.OFFERED, booking, offered_until=row.offered_until)
    else:
        _join_parts(booking)
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
        confirmed_at=row.confirmed_at or _now(),
        waiting_number=number,
    )
    part.save(force_insert=True)
    Attendee.objects.filter(pk__in=[attendee.pk for attendee in left]).update(registration=part)
    _record(part, "waits-on", by=by)
    return part


def _join_parts(booking: Registration) -> None:
    """Bring those who got their seats back to their booking; their row has done its work."""
    if booking.state != State.CONFIRMED:
        return
    for part in booking.parts.filter(state=State.CONFIRMED):
        part.attendees.update(registration=booking)
        part.events.update(registration=booking)
        part.delete()


def _refuse_offers(
    booking: Registration, offers: Sequence[Registration], state: State, *, action: str, by: "User | None" = None
) -> None:
    if any(row.pk == booking.pk for row in offers):
        # The booking itself held nothing else: those of it who wait go with it.
        _end(booking, state, action=action, by=by)
    else:
        for row in offers:
            _move(row, state, action=action, by=by, ended_at=_now(), offered_until=None)


def _end(booking: Registration, state: State, *, action: str, by: "User | None" = None, note: str = "") -> None:
    """End a booking and its parts. What only mattered for coming goes at once."""
    for row in _rows(booking):
        # A part that waits cannot decline or expire: it is cancelled with its booking.
        to = state if row.pk == booking.pk or state in TRANSITIONS[State(row.state)] else State.CANCELLED
        if row.state in LIVING:
            _move(row, to, action=action, by=by, note=note, ended_at=_now(), offered_until=None)
    booking.answers.all().delete()
    booking.needs, booking.needs_agreed_at = "", None
    booking.save(update_fields=["needs", "needs_agreed_at"])


def _rows(booking: Registration) -> list[Registration]:
    """A booking and its living parts."""
    return [booking, *booking.parts.filter(state__in=LIVING).select_for_update().order_by("pk")]


def _deadline(dialogue: Dialogue) -> datetime:
    """Until when an offer holds: as staff set it, but never more than half of the time that is left."""
    now = _now()
    longest = timedelta(hours=dialogue.offer_hours)
    return now + min(longest, (dialogue.starts_at - now) * OFFER_SHARE) if dialogue.starts_at else now + longest


def _next_number(dialogue: Dialogue) -> int:
    dialogue.last_waiting_number += 1
    Dialogue.objects.filter(pk=dialogue.pk).update(last_waiting_number=F("last_waiting_number") + 1)
    return dialogue.last_waiting_number


# ---------------------------------------------------------------- the people of a booking


def _attendees(booking: Registration) -> list[Attendee]:
    """Everybody of a booking, those with a seat first."""
    rows = Attendee.objects.filter(registration__in=_rows(booking)).select_related("registration", "seat_kind")
    return sorted(rows, key=lambda row: (row.registration.state not in SEATED, row.registration_id, row.pk))


def party(registration: Registration) -> list[Person]:
    """Everybody of a booking as the person sees it, those who still wait included."""
    rows = Attendee.objects.filter(registration__in=[registration.pk, *registration.parts.living()])
    return [Person(row.name, row.seat_kind, row.role) for row in rows.select_related("seat_kind").order_by("pk")]


def _party(booking: Registration) -> list[tuple[str, int, str]]:
    return [(row.name, row.seat_kind_id, row.role) for row in _attendees(booking)]


def _match(booking: Registration, people: Sequence[Person]) -> tuple[list[Person], int]:
    """Write the people into the places the booking has; return who has none, and how many places were given up."""
    added: list[Person] = []
    removed = 0
    attendees = _attendees(booking)
    kinds = {person.seat_kind.pk for person in people} | {attendee.seat_kind_id for attendee in attendees}
    for kind in sorted(kinds):
        places = [attendee for attendee in attendees if attendee.seat_kind_id == kind]
        seated = [place for place in places if place.registration.state in SEATED]
        in_line = [place for place in places if place not in seated]
        coming = [person for person in people if person.seat_kind.pk == kind]
        # Whoever has a seat keeps it. One that is given up goes to a colleague, rather to a newcomer than out of the line.
        keeping = [(place, _take(coming, place.name)) for place in seated]
        waiting_names = {place.name for place in in_line}
        coming.sort(key=lambda person: person.name in waiting_names)
        keeping = [(place, person or (coming.pop(0) if coming else None)) for place, person in keeping]
        still = [(place, _take(coming, place.name)) for place in in_line]
        keeping += [(place, person or (coming.pop(0) if coming else None)) for place, person in still]
        for place, person in keeping:
            if person is None:
                place.delete()
                removed += 1
            elif (place.name, place.role) != (person.name, person.role):
                place.name, place.role = person.name, person.role
                place.save(update_fields=["name", "role"])
        added += coming
    for row in _rows(booking):
        if row.attendees.exists():
            continue
        if row.pk == booking.pk and not (added and row.state in {State.PENDING, State.WAITING}):
            raise Refused(
                "Dann hätte niemand mehr von Ihnen einen Platz. Melden Sie sich bitte ganz ab und neu an, "
                "oder rufen Sie uns an.",
                code="empty",
            )
        if row.pk != booking.pk:
            _move(row, State.CANCELLED, action="part-ended", ended_at=_now(), offered_until=None)
    return added, removed


def _take(people: list[Person], name: str) -> Person | None:
    """Take the person of that name out of a list, if there is one."""
    for person in people:
        if person.name == name:
            people.remove(person)
            return person
    return None


def _add(dialogue: Dialogue, booking: Registration, people: Sequence[Person], *, by: "User | None") -> None:
    """Give more people of a booking a seat where nobody waits for it, else a place at the end of the line."""
    if booking.state == State.PENDING:
        _write_parts(booking, people, None)
        return
    if booking.state == State.WAITING and not booking.attendees.exists():
        # All want another kind of seat now, so they join the line of that kind at its end.
        _write_parts(booking, people, None)
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


def _require_people(dialogue: Dialogue, people: Sequence[Person], *, most: int | None) -> None:
    if not people:
        raise Refused("Nennen Sie mindestens eine Person. „N.N.“ genügt.", code="people")
    if most is not None and len(people) > most:
        raise Refused(
            f"Je Betrieb sind höchstens {most} Personen möglich. Für mehr rufen Sie uns bitte an.", code="most"
        )
    if any(person.seat_kind.dialogue_id != dialogue.pk for person in people):
        raise Refused("Diese Art von Platz gibt es bei diesem Dialog nicht.", code="seat_kind")


def _same_kind(kind: SeatKind, dialogue: Dialogue) -> SeatKind:
    """The kind of seat at another dialogue that comes nearest."""
    kinds = list(dialogue.seat_kinds.all())
    if not kinds:
        raise Refused("Jener Dialog hat keine Plätze.", code="seat_kind")
    return min(kinds, key=lambda other: (other.way != kind.way, other.name != kind.name, other.order, other.pk))


def _write_parts(
    registration: Registration, people: Sequence[Person], answers: Mapping[Question, Sequence[str]] | None
) -> None:
    Attendee.objects.bulk_create(
        Attendee(registration=registration, seat_kind=person.seat_kind, name=person.name.strip(), role=person.role)
        for person in people
    )
    Answer.objects.bulk_create(
        Answer(registration=registration, question=question, texts=list(texts))
        for question, texts in (answers or {}).items()
        if texts
    )


def _is_same(
    registration: Registration,
    values: Mapping[str, Any],
    people: Sequence[Person],
    answers: Mapping[Question, Sequence[str]] | None,
) -> bool:
    """Whether a post says just what an unconfirmed sign-up says already; the times of its consents aside."""
    agreed = {"needs_agreed_at", "news_agreed_at", "list_agreed_at"}
    for name in values.keys() - {"email"}:
        stored, wanted = getattr(registration, name), values[name]
        if (bool(stored) != bool(wanted)) if name in agreed else (stored != wanted):
            return False
    told = {answer.question_id: answer.texts for answer in registration.answers.all()}
    if told != {question.pk: list(texts) for question, texts in (answers or {}).items() if texts}:
        return False
    coming = [(person.name.strip(), person.seat_kind.pk, person.role) for person in people]
    return coming == [(row.name, row.seat_kind_id, row.role) for row in registration.attendees.order_by("pk")]


def _replace(
    registration: Registration,
    values: Mapping[str, Any],
    people: Sequence[Person],
    answers: Mapping[Question, Sequence[str]] | None,
) -> None:
    """Let a later sign-up take the place of an unconfirmed one of the same address."""
    for name, value in values.items():
        setattr(registration, name, value)
    registration.clean_fields(exclude=["dialogue", "part_of"])
    registration.save(update_fields=list(values))
    registration.attendees.all().delete()
    registration.answers.all().delete()
    _write_parts(registration, people, answers)
    _record(registration, "signed-up-anew", State.PENDING)


# ---------------------------------------------------------------- small parts


def _require_open(dialogue: Dialogue, *, invitation: str, by: "User | None") -> None:
    """Refuse a sign-up outside of its window, by the clock of the database."""
    at = dialogue.locked_at
    _require_alive(dialogue)
    if by is not None:
        return
    if dialogue.is_by_invitation and not is_invited(dialogue, invitation):
        raise Refused("Anmelden kann sich nur, wer den Link aus der Einladung benutzt.", code="invitation")
    if dialogue.signup_opens_at and dialogue.signup_opens_at > at:
        raise Refused("Die Anmeldung ist noch nicht offen.", code="not_yet")
    ends_at = dialogue.signup_ends_at
    if ends_at is None or ends_at <= at:
        raise Refused(
            "Die Anmeldung ist inzwischen geschlossen. Wir haben nichts gespeichert. Rufen Sie uns gern an.",
            code="closed",
        )


def _require_alive(dialogue: Dialogue) -> None:
    if dialogue.cancelled_at:
        raise Refused("Dieser Dialog ist abgesagt.", code="cancelled")
    if not dialogue.is_published():
        raise Refused("Dieser Dialog ist zurzeit nicht öffentlich.", code="hidden")
    if dialogue.ends_at and dialogue.ends_at <= _now():
        raise Refused("Dieser Dialog ist vorbei.", code="over")


def _move(
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
        raise Refused(_cannot(registration, f"„{to.label}“"), code="transition")
    for name, value in {"state": to, **values}.items():
        setattr(registration, name, value)
    registration.save(update_fields=["state", *values])
    _record(registration, action, before, by=by, note=note, people=people)


def _record(
    registration: Registration,
    action: str,
    before: State | str = "",
    *,
    by: "User | None" = None,
    note: str = "",
    people: int | None = None,
) -> None:
    RegistrationEvent.objects.create(
        registration=registration,
        action=action,
        from_state=before,
        to_state=registration.state,
        people=registration.attendees.count() if people is None else people,
        note=note,
        by=by,
    )


def _cannot(registration: Registration, what: str) -> str:
    return f"Diese Anmeldung ist „{registration.get_state_display()}“ und kann nicht {what} werden."


def _mails_of(registration: Registration) -> Any:
    return OutgoingMail.objects.filter(token_purpose=PURPOSE, token_row=registration.pk)


def _now() -> datetime:
    return timezone.now()
