"""The way of a sign-up as the person goes it: sign up, confirm, change who comes, hand over, leave.

The rules in short: an unconfirmed sign-up holds nothing. Every change happens under the lock of its dialogue (`locking`),
becomes only what the table allows (`transitions`), and what it frees goes to the line (`waiting_line`). It leaves a row of
history and, where it concerns the person, a mail, in the same transaction.
docs/decisions/0050-seats-and-the-waiting-list.md gives the reasons.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from platform_mark import erasures
from platform_mark.mail.outbox import address_key
from platform_mark.taxonomy.models import Branch

from . import notices
from .links import is_invited
from .locking import TryAgain, locked, locked_booking
from .mails import Kind, tell
from .models import Dialogue, Question, Registration
from .party import Person, fill_places, names_and_kinds, require_people, write_people
from .retention import forget_person, is_lapsed, lapsed
from .seats import count_seats
from .transitions import Refused, State, cannot, change_state, end_booking, record, require_alive
from .waiting_line import add_people, enter, serve

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

# The same post again within this time is a double click, a reload or a press on Back: no second mail.
DOUBLE_POST = timedelta(minutes=10)


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
) -> Registration | None:
    """Store a sign-up and mail its link; nothing is held before the person confirms. Raises Refused.

    None means that the address already has a living sign-up: it gets a mail, and the page must look the same. The same
    post twice makes one row and one mail; a changed one replaces what was not confirmed yet.
    """
    require_people(dialogue, people, most=dialogue.most_per_company)
    if not email.strip():
        raise Refused({"email": "Schreiben Sie Ihre E-Mail-Adresse in dieses Feld."})
    now = timezone.now()
    values = _contact(company, contact_name, email, size=size, branch=branch, group=group) | {
        # Without the consent it is not stored, whatever the form sent.
        "needs": needs.strip() if needs_agreed else "",
        "needs_agreed_at": now if needs_agreed and needs.strip() else None,
        "news_agreed_at": now if news_agreed else None,
        "list_agreed_at": now if list_agreed else None,
    }
    with _locked_to_sign_up(dialogue, durable=True) as dialogue:
        _require_open(dialogue, invitation=invitation)
        existing = _existing(dialogue, values)
        if existing is None:
            registration = _store(dialogue, values, people, answers)
        elif existing.state != State.PENDING or existing.confirmed_at:
            _write_in_vain(dialogue, values, people, answers)
            tell(Kind.ALREADY_REGISTERED, existing)
            return None
        else:
            registration = existing
            is_same = _is_same(registration, values, people, answers)
            if is_same and now - registration.created_at < DOUBLE_POST:
                return registration
            if not is_same:
                _replace(registration, values, people, answers)
        tell(Kind.PLEASE_CONFIRM, registration)
        return registration


def sign_up_for(
    dialogue: Dialogue,
    *,
    company: str,
    contact_name: str,
    email: str,
    people: Sequence[Person],
    group: str = Registration.Group.ALL,
    size: str = "",
    branch: Branch | None = None,
    by: "User",
) -> Registration:
    """Staff sign up on behalf: confirmed at once, with or without an address. Raises Refused.

    Neither the window nor the maximum per company binds them.
    """
    require_people(dialogue, people, most=None)
    values = _contact(company, contact_name, email, size=size, branch=branch, group=group)
    with _locked_to_sign_up(dialogue, durable=False) as dialogue:
        require_alive(dialogue)
        if existing := _existing(dialogue, values):
            raise Refused(f"Zu dieser Adresse gibt es schon eine Anmeldung: „{existing.get_state_display()}“.")
        registration = _store(dialogue, values, people, by=by)
        registration.confirmed_at = timezone.now()
        enter(dialogue, registration, action="signed-up-by-staff", by=by)
        return registration


def confirm(registration: Registration, *, by: "User | None" = None) -> Registration:
    """The person confirms: a seat, a place in line, or the desk of staff. Once is enough, again is harmless.

    Who signed up before the end of the window may confirm after it, until the dialogue begins. Raises Refused.
    """
    with locked_booking(registration, durable=by is None) as (dialogue, registration):
        if registration.state != State.PENDING or registration.confirmed_at:
            return registration
        require_alive(dialogue)
        if dialogue.has_begun():
            raise Refused("Der Dialog hat schon begonnen. Anmelden können wir Sie nicht mehr.", code="begun")
        if is_lapsed(registration):
            raise Refused("Der Link ist abgelaufen. Bitte melden Sie sich noch einmal an.", code="lapsed")
        registration.confirmed_at = timezone.now()
        if dialogue.is_moderated:
            registration.save(update_fields=["confirmed_at"])
            record(registration, "confirmed", State.PENDING, by=by)
            tell(Kind.RECEIVED, registration)
        else:
            enter(dialogue, registration, action="confirmed", by=by)
    return registration


def cancel(registration: Registration, *, by: "User | None" = None, reason: str = "") -> Registration:
    """End a whole booking, those of it who still wait included; its seats go to the line. Again is harmless.

    The person cannot cancel once the dialogue has begun; staff can. Raises Refused.
    """
    with locked_booking(registration, durable=by is None) as (dialogue, registration):
        if registration.state not in Registration.LIVING:
            return registration
        if by is None and dialogue.has_begun():
            raise Refused("Der Dialog hat schon begonnen. Stornieren geht nur noch am Telefon.", code="begun")
        is_told = registration.state != State.PENDING or registration.confirmed_at is not None
        end_booking(registration, State.CANCELLED, action="cancelled", by=by)
        if is_told:
            kind = Kind.CANCELLED_BY_US if by else Kind.CANCELLED_BY_YOU
            tell(kind, registration, reason=reason.strip())
        serve(dialogue)
    return registration


def change_party(registration: Registration, *, people: Sequence[Person], by: "User | None" = None) -> Registration:
    """Make the booking one for exactly these people; raises Refused.

    Seats stay with the booking: a colleague may take one over. Fewer people free theirs for the line. More people are
    seated where nobody waits for that kind; else they wait at the end of the line as a part of the booking.
    """
    with locked_booking(registration, durable=by is None) as (dialogue, registration):
        if registration.state not in Registration.LIVING:
            raise Refused(cannot(registration, "geändert"), code="state")
        require_alive(dialogue)
        if by is None and dialogue.has_begun():
            raise Refused("Der Dialog hat schon begonnen. Ändern geht nur noch am Telefon.", code="begun")
        require_people(dialogue, people, most=None if by else dialogue.most_per_company)
        before = names_and_kinds(registration)
        added, removed = fill_places(registration, people)
        if not added and not removed and before == names_and_kinds(registration):
            return registration
        if added:
            add_people(dialogue, registration, added, by=by)
        record(registration, "party-changed", State(registration.state), by=by)
        if registration.state != State.PENDING:
            tell(Kind.PARTY_CHANGED, registration)
        serve(dialogue)
    return registration


def transfer(registration: Registration, *, contact_name: str, email: str, by: "User | None" = None) -> Registration:
    """Hand a booking over to another contact: the old link dies, the new address gets its own. Raises Refused.

    The mail to the new address holds nothing that was typed; consent to later news was the other person's and ends.
    """
    key = address_key(email)
    with locked_booking(registration, durable=by is None) as (dialogue, registration):
        if registration.state not in Registration.LIVING or registration.state == State.PENDING:
            raise Refused(cannot(registration, "übergeben"), code="state")
        require_alive(dialogue)
        if key == registration.email_key:
            registration.contact_name = contact_name.strip()
            registration.save(update_fields=["contact_name"])
            record(registration, "contact-renamed", State(registration.state), by=by)
            return registration
        others = Registration.objects.living().bookings().filter(dialogue=dialogue, email_key=key)
        if others.exists():
            raise Refused("Mit dieser Adresse geht es nicht. Bitte rufen Sie uns an.", code="address")
        registration.contact_name, registration.email, registration.email_key = contact_name.strip(), email.strip(), key
        registration.token_version += 1
        registration.news_agreed_at = registration.reminders_ended_at = None
        fields = ["contact_name", "email", "email_key", "token_version", "news_agreed_at", "reminders_ended_at"]
        registration.clean_fields(exclude=["dialogue", "part_of", "branch"])
        registration.save(update_fields=fields)
        record(registration, "handed-over", State(registration.state), by=by)
        if not tell(Kind.HANDED_OVER, registration):
            raise Refused(
                "An diese Adresse gingen gerade schon mehrere E-Mails. Bitte versuchen Sie es in einer Stunde "
                "noch einmal oder rufen Sie uns an.",
                code="limit",
            )
    return registration


def end_reminders(registration: Registration) -> None:
    """Send no more reminders of this dialogue; the seat stays. Again is harmless."""
    Registration.objects.filter(pk=registration.pk, reminders_ended_at=None).update(reminders_ended_at=timezone.now())


@transaction.atomic
def end_news(registration: Registration) -> None:
    """Withdraw the consent to later news; again is harmless, and a restored backup does not bring it back."""
    agreed = Registration.objects.filter(pk=registration.pk).exclude(news_agreed_at=None)
    if agreed.update(news_agreed_at=None):
        erasures.note(registration.email_key, "news", registration.pk)


def erase(registration: Registration, *, by: "User | None" = None) -> Registration:
    """Delete everything personal of a booking, its mails included; a future one frees its seats. Counts stay."""
    with locked_booking(registration, durable=False) as (dialogue, registration):
        freed = registration.state in Registration.LIVING and not dialogue.has_begun()
        if freed:
            end_booking(registration, State.CANCELLED, action="cancelled", by=by)
        key = registration.email_key
        forget_person(registration)
        _end_links(registration)
        record(registration, "erased", State(registration.state), by=by)
        if freed:
            serve(dialogue)
        # A restored backup must not bring this booking back, and must leave the person's other ones alone.
        erasures.note(key, "booking", registration.pk)
    return registration


def expire_unconfirmed() -> int:
    """End and empty the sign-ups that nobody confirmed within 48 hours after the mail was sent; return how many."""
    ended = 0
    for key in sorted(set(lapsed().order_by().values_list("dialogue", flat=True))):
        with locked(key, durable=False) as dialogue:
            for registration in lapsed().filter(dialogue=dialogue).select_for_update(of=("self",)):
                change_state(registration, State.EXPIRED, action="expired", ended_at=timezone.now())
                forget_person(registration)
                _end_links(registration)
                ended += 1
    return ended


def _end_links(registration: Registration) -> None:
    """Let no link open a booking any more that is gone before its time, its feedback included."""
    registration.token_version += 1
    registration.save(update_fields=["token_version"])


def _contact(
    company: str, contact_name: str, email: str, *, size: str, branch: Branch | None, group: str
) -> dict[str, Any]:
    """What every sign-up says of its company."""
    return {
        "company": company.strip(),
        "contact_name": contact_name.strip(),
        "email": email.strip(),
        "email_key": address_key(email) if email.strip() else "",
        "size": size,
        "branch": branch,
        "group": group,
        "notice_version": notices.CURRENT.version,
    }


@contextmanager
def _locked_to_sign_up(dialogue: Dialogue, *, durable: bool) -> Iterator[Dialogue]:
    try:
        with locked(dialogue.pk, durable=durable) as fresh:
            yield fresh
    except IntegrityError as error:
        # The unique constraint is the last word; under the lock only a fault can get here.
        raise TryAgain from error


def _existing(dialogue: Dialogue, values: Mapping[str, Any]) -> Registration | None:
    """The living sign-up of an address, locked; none where no address is given."""
    same = Registration.objects.living().bookings().filter(dialogue=dialogue, email_key=values["email_key"])
    existing = same.exclude(email_key="").select_for_update().first()
    if existing is not None:
        existing.dialogue = dialogue
    return existing


def _store(
    dialogue: Dialogue,
    values: Mapping[str, Any],
    people: Sequence[Person],
    answers: Mapping[Question, Sequence[str]] | None = None,
    *,
    by: "User | None" = None,
) -> Registration:
    """Write a new sign-up with its people and answers, and the first row of its history."""
    registration = Registration(dialogue=dialogue, **values)
    registration.clean_fields(exclude=["dialogue", "part_of"])
    registration.save(force_insert=True)
    _set_parts(registration, people, answers)
    record(registration, "signed-up", by=by, people=len(people))
    return registration


def _require_open(dialogue: Dialogue, *, invitation: str) -> None:
    """Refuse a sign-up outside of its window, by the clock of the database."""
    at = dialogue.locked_at
    require_alive(dialogue)
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


def _set_parts(
    registration: Registration, people: Sequence[Person], answers: Mapping[Question, Sequence[str]] | None
) -> None:
    """Write the people and answers of a sign-up in the place of earlier ones.

    A first one has none to delete; it is tried all the same, so that its time does not tell it from a later one.
    """
    registration.attendees.all().delete()
    registration.answers.all().delete()
    write_people(registration, people, answers)


def _write_in_vain(
    dialogue: Dialogue,
    values: Mapping[str, Any],
    people: Sequence[Person],
    answers: Mapping[Question, Sequence[str]] | None,
) -> None:
    """Write a sign-up and undo it: without that, a quick answer would tell that the address is signed up already."""
    undo = transaction.savepoint()
    try:
        # Of no address, since the address has its sign-up.
        _store(dialogue, {**values, "email": "", "email_key": ""}, people, answers)
        # The mail of a first sign-up looks at the seats.
        count_seats(dialogue)
    finally:
        transaction.savepoint_rollback(undo)


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
    _set_parts(registration, people, answers)
    record(registration, "signed-up-anew", State.PENDING, people=len(people))
