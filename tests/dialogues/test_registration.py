"""The rules of the sign-up: who gets a seat, who waits, who moves up, and what nobody can do."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from dialogues import links, locking, offers, party, registration, staff_changes, transitions, waiting_line
from dialogues.locking import TryAgain
from dialogues.models import Attendee, Dialogue, Registration, RegistrationEvent, SeatKind
from dialogues.party import Person
from dialogues.seats import place_in_line, seat_state
from dialogues.transitions import Refused
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from tests.dialogues.make import in_days, make_dialogue
from tests.make import make_user

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def people(dialogue: Dialogue, number: int = 1, *, way: str = "onsite") -> list[Person]:
    kind = dialogue.seat_kinds.get(way=way)
    return [Person(f"Person {n + 1}", kind) for n in range(number)]


def wanted(dialogue: Dialogue, who: str, number: int) -> dict[str, Any]:
    return {
        "company": f"Heat & Co's {who}",
        "contact_name": "Mara O'Brien",
        "email": f"{who}@firma.example",
        "people": people(dialogue, number),
    }


def sign_up(dialogue: Dialogue, who: str = "a", number: int = 1, **changes: Any) -> Registration:
    result = registration.sign_up(dialogue, **wanted(dialogue, who, number) | changes)
    assert result is not None
    return result


def sign_up_for(dialogue: Dialogue, who: str = "a", number: int = 1, **changes: Any) -> Registration:
    """What staff do on behalf."""
    return registration.sign_up_for(dialogue, **wanted(dialogue, who, number) | changes)


def book(dialogue: Dialogue, who: str = "a", number: int = 1, **changes: Any) -> Registration:
    """Sign up and confirm."""
    return registration.confirm(sign_up(dialogue, who, number, **changes))


def state(row: Registration) -> str:
    return Registration.objects.get(pk=row.pk).state


def kinds_of_mail() -> list[str]:
    return list(OutgoingMail.objects.order_by("pk").values_list("kind", flat=True))


# ---------------------------------------------------------------- signing up and confirming


def test_an_unconfirmed_sign_up_holds_no_seat() -> None:
    dialogue = make_dialogue(seats=1)
    first = sign_up(dialogue, "a")
    second = book(dialogue, "b")
    assert (state(first), state(second)) == ("pending", "confirmed")
    assert state(registration.confirm(first)) == "waiting"


def test_a_full_dialogue_gives_numbers_in_the_order_of_confirming() -> None:
    dialogue = make_dialogue(seats=2)
    rows = [sign_up(dialogue, who) for who in "abcd"]
    for row in reversed(rows):
        registration.confirm(row)
    assert [state(row) for row in rows] == ["waiting", "waiting", "confirmed", "confirmed"]
    assert list(Registration.objects.in_line().values_list("email", "waiting_number")) == [
        ("b@firma.example", 1),
        ("a@firma.example", 2),
    ]


def test_seats_are_counted_in_people_not_in_bookings() -> None:
    dialogue = make_dialogue(seats=3)
    book(dialogue, "a", 2)
    assert state(book(dialogue, "b", 2)) == "waiting"
    assert seat_state(dialogue).kinds[0].taken == 2


def test_confirming_again_changes_nothing_and_tells_nothing() -> None:
    row = book(make_dialogue())
    before = kinds_of_mail()
    registration.confirm(row)
    assert kinds_of_mail() == before == ["dialog-bestaetigen", "dialog-platz-bestaetigt"]


def test_each_kind_of_seat_has_a_line_of_its_own() -> None:
    dialogue = make_dialogue(seats=1, online_seats=1)
    book(dialogue, "a")
    waits = book(dialogue, "b")
    online = book(dialogue, "c", people=people(dialogue, way="online"))
    assert (state(waits), state(online)) == ("waiting", "confirmed")
    assert online.seated_early_because == ""
    other = book(dialogue, "d", people=people(dialogue, way="online"))
    assert place_in_line(other) == 1


def test_a_double_click_is_one_row_and_one_mail_however_the_address_is_written() -> None:
    dialogue = make_dialogue()
    first = sign_up(dialogue)
    assert sign_up(dialogue).pk == first.pk
    assert sign_up(dialogue, email=" A@FIRMA.example ").pk == first.pk
    assert Registration.objects.count() == 1
    assert kinds_of_mail() == ["dialog-bestaetigen"]


def test_signing_up_again_later_sends_the_link_again() -> None:
    dialogue = make_dialogue()
    row = sign_up(dialogue)
    Registration.objects.update(created_at=timezone.now() - HOUR)
    assert sign_up(dialogue).pk == row.pk
    assert kinds_of_mail() == ["dialog-bestaetigen", "dialog-bestaetigen"]


def test_a_corrected_sign_up_takes_the_place_of_the_unconfirmed_one() -> None:
    dialogue = make_dialogue()
    sign_up(dialogue, number=1)
    row = sign_up(dialogue, number=3)
    assert Registration.objects.count() == 1
    assert row.attendees.count() == 3


def test_who_is_registered_already_gets_a_mail_and_nothing_changes() -> None:
    dialogue = make_dialogue()
    row = book(dialogue)
    values = {"company": "Andere", "contact_name": "X", "email": row.email, "people": people(dialogue, 2)}
    assert registration.sign_up(dialogue, **values) is None
    row.refresh_from_db()
    assert (row.company, row.attendees.count()) == ("Heat & Co's a", 1)
    assert kinds_of_mail()[-1] == "dialog-schon-angemeldet"


def test_mails_to_unconfirmed_addresses_hold_nothing_that_was_typed() -> None:
    dialogue = make_dialogue()
    row = sign_up(dialogue, needs="Nussallergie", needs_agreed=True)
    registration.confirm(row)
    registration.sign_up(dialogue, company="Böse", contact_name="Böse", email=row.email, people=people(dialogue))
    registration.transfer(row, contact_name="Jens Neumann", email="neu@firma.example")
    limited = OutgoingMail.objects.filter(is_limited=True)
    assert limited.count() == 3
    for mail in limited:
        text = mail.subject + full_text(mail)
        for typed in ("Heat", "O'Brien", "Nussallergie", "Person 1", "Böse", "Neumann"):
            assert typed not in text, mail.kind


def test_after_cancelling_the_same_address_may_sign_up_again() -> None:
    dialogue = make_dialogue()
    first = book(dialogue)
    registration.cancel(first)
    assert state(book(dialogue)) == "confirmed"
    assert Registration.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"signup_closes_at": timezone.now() - HOUR}, "inzwischen geschlossen"),
        ({"signup_opens_at": timezone.now() + HOUR}, "noch nicht offen"),
        ({"starts_at": timezone.now() - HOUR}, "inzwischen geschlossen"),
        ({"cancelled_at": timezone.now(), "cancel_reason": "Krank"}, "abgesagt"),
        ({"state": "draft", "published_at": None}, "nicht öffentlich"),
        ({"is_by_invitation": True}, "Einladung"),
    ],
)
def test_a_closed_dialogue_takes_nobody_and_keeps_nothing(fields: dict[str, Any], message: str) -> None:
    dialogue = make_dialogue(**fields)
    with pytest.raises(Refused, match=message):
        sign_up(dialogue)
    assert not Registration.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_an_invitation_opens_the_door_until_it_is_renewed() -> None:
    dialogue = make_dialogue(is_by_invitation=True)
    token = links.invitation_token(dialogue)
    assert state(sign_up(dialogue, invitation=token)) == "pending"
    Dialogue.objects.update(invitation_version=2)
    with pytest.raises(Refused, match="Einladung"):
        sign_up(dialogue, "b", invitation=token)
    with pytest.raises(Refused, match="Einladung"):
        sign_up(dialogue, "b", invitation=links.invitation_token(make_dialogue()))


def test_who_signed_up_in_time_may_confirm_after_the_end_of_the_window_but_not_pass_the_line() -> None:
    dialogue = make_dialogue(seats=2)
    in_time, later = sign_up(dialogue, "a"), sign_up(dialogue, "b", 2)
    book(dialogue, "c", 3)
    Dialogue.objects.update(signup_closes_at=timezone.now() - HOUR)
    assert state(registration.confirm(later)) == "waiting"
    assert state(registration.confirm(in_time)) == "waiting"


def test_nobody_confirms_once_the_dialogue_has_begun() -> None:
    dialogue = make_dialogue()
    row = sign_up(dialogue)
    Dialogue.objects.update(starts_at=timezone.now() - HOUR)
    with pytest.raises(Refused, match="begonnen"):
        registration.confirm(row)
    assert state(row) == "pending"


def test_the_maximum_per_company_and_foreign_seats_are_refused() -> None:
    dialogue, other = make_dialogue(most_per_company=2), make_dialogue()
    with pytest.raises(Refused, match="höchstens 2"):
        sign_up(dialogue, number=3)
    with pytest.raises(Refused, match="Art von Platz"):
        sign_up(dialogue, people=people(other))
    with pytest.raises(Refused, match="mindestens eine"):
        sign_up(dialogue, people=[])


def test_staff_sign_up_on_behalf_at_once_and_outside_of_the_window() -> None:
    dialogue = make_dialogue(seats=2, signup_closes_at=timezone.now() - HOUR, most_per_company=1)
    staff = make_user()
    row = sign_up_for(dialogue, "a", 2, by=staff)
    assert state(row) == "confirmed"
    assert state(sign_up_for(dialogue, "b", email="", by=staff)) == "waiting"
    assert state(sign_up_for(dialogue, "c", email="", by=staff)) == "waiting"
    assert set(RegistrationEvent.objects.values_list("by", flat=True)) == {staff.pk}
    with pytest.raises(Refused, match="schon eine Anmeldung"):
        sign_up_for(dialogue, "a", by=staff)


def test_wishes_are_stored_with_consent_only() -> None:
    dialogue = make_dialogue()
    assert sign_up(dialogue, "a", needs="vegan").needs == ""
    assert sign_up(dialogue, "b", needs="vegan", needs_agreed=True).needs == "vegan"


# ---------------------------------------------------------------- moving up


def test_a_cancelled_seat_goes_to_the_first_in_line_who_is_told() -> None:
    dialogue = make_dialogue(seats=1)
    first, second, third = (book(dialogue, who) for who in "abc")
    registration.cancel(first)
    assert [state(row) for row in (first, second, third)] == ["cancelled", "confirmed", "waiting"]
    assert place_in_line(third) == 1
    assert kinds_of_mail()[-2:] == ["dialog-abgemeldet", "dialog-nachgerueckt"]
    assert OutgoingMail.objects.latest("pk").to == second.email


def _one_person_fewer(row: Registration) -> None:
    registration.change_party(row, people=party.people_of(row)[:1])


def _more_seats(row: Registration) -> None:
    SeatKind.objects.filter(dialogue=row.dialogue).update(capacity=3)
    waiting_line.promote(row.dialogue)


@pytest.mark.parametrize(
    "free",
    [
        registration.cancel,
        lambda row: registration.cancel(row, by=make_user(), reason="doppelt"),
        _one_person_fewer,
        _more_seats,
        registration.erase,
        lambda row: staff_changes.move(row, to=make_dialogue(), by=None),
    ],
    ids=["cancelled", "removed by staff", "smaller party", "raised capacity", "erased", "moved"],
)
def test_every_way_of_freeing_seats_promotes(free: Any) -> None:
    dialogue = make_dialogue(seats=2)
    seated, waits = book(dialogue, "a", 2), book(dialogue, "b")
    assert state(waits) == "waiting"
    free(seated)
    assert state(waits) == "confirmed"


@pytest.mark.parametrize(
    "fields",
    [
        {"cancelled_at": timezone.now(), "cancel_reason": "Krank"},
        {"starts_at": timezone.now() - HOUR},
        {"signup_closes_at": timezone.now() - HOUR},
        {"state": "draft", "published_at": None},
    ],
    ids=["cancelled", "begun", "closed", "withdrawn"],
)
def test_nobody_moves_up_where_it_would_be_no_use(fields: dict[str, Any]) -> None:
    dialogue = make_dialogue(seats=1)
    seated, waits = book(dialogue, "a"), book(dialogue, "b")
    Dialogue.objects.filter(pk=dialogue.pk).update(**fields)
    registration.cancel(seated, by=make_user())
    assert (state(seated), state(waits)) == ("cancelled", "waiting")
    assert waiting_line.promote(dialogue) == 0


def test_lowering_capacity_removes_nobody_and_promotes_nobody() -> None:
    dialogue = make_dialogue(seats=3)
    rows = [book(dialogue, who) for who in "abcd"]
    SeatKind.objects.update(capacity=1)
    assert waiting_line.promote(dialogue) == 0
    registration.cancel(rows[0])
    assert [state(row) for row in rows] == ["cancelled", "confirmed", "confirmed", "waiting"]
    assert seat_state(dialogue).free == 0


def test_a_group_that_wants_all_or_nobody_is_passed_only_when_it_does_not_fit_and_the_reason_is_kept() -> None:
    dialogue = make_dialogue(seats=3)
    rows = [book(dialogue, who) for who in "abc"]
    group, single = book(dialogue, "g", 2), book(dialogue, "s")
    registration.cancel(rows[0])
    assert (state(group), state(single)) == ("waiting", "confirmed")
    single.refresh_from_db()
    assert "reichten die freien Plätze nicht" in single.seated_early_because
    registration.cancel(rows[1])
    assert state(group) == "waiting"
    registration.cancel(rows[2])
    assert state(group) == "confirmed"
    group.refresh_from_db()
    assert group.seated_early_because == ""


def test_somebody_new_never_passes_a_booking_that_fits() -> None:
    dialogue = make_dialogue(seats=1)
    book(dialogue, "a")
    waits = book(dialogue, "b")
    SeatKind.objects.update(capacity=2)
    # Nobody called promote after raising the capacity: the line is served all the same before the newcomer.
    assert state(book(dialogue, "c")) == "waiting"
    assert state(waits) == "confirmed"


def test_a_group_that_may_come_singly_takes_what_is_there_and_the_rest_keeps_the_place() -> None:
    dialogue = make_dialogue(seats=2)
    first = book(dialogue, "a")
    group = book(dialogue, "g", 3, group="singly")
    behind = book(dialogue, "z")
    part = group.parts.get()
    assert (state(group), group.attendees.count(), part.state, part.attendees.count()) == (
        *("confirmed", 1),
        *("waiting", 2),
    )
    assert (part.waiting_number, place_in_line(behind)) == (1, 2)
    registration.cancel(first)
    assert group.attendees.count() == 2
    assert (group.parts.get().waiting_number, state(behind)) == (1, "waiting")
    SeatKind.objects.update(capacity=4)
    waiting_line.promote(dialogue)
    assert (group.attendees.count(), group.parts.count(), state(behind)) == (3, 0, "confirmed")
    assert Attendee.objects.count() == 5 - 0


def test_cancelling_ends_those_of_the_booking_who_wait_too() -> None:
    dialogue = make_dialogue(seats=1)
    group = book(dialogue, "g", 3, group="singly")
    behind = book(dialogue, "z")
    registration.cancel(group)
    assert [row.state for row in group.parts.all()] == ["cancelled"]
    assert state(behind) == "confirmed"


# ---------------------------------------------------------------- offers


def offering(**fields: Any) -> tuple[Dialogue, Registration, Registration]:
    """A dialogue whose only seat has just been offered to b, with c behind."""
    dialogue = make_dialogue(**{"seats": 1, "waiting_mode": "offer", "offer_hours": 24} | fields)
    seated, first, second = (book(dialogue, who) for who in "abc")
    registration.cancel(seated)
    first.refresh_from_db()
    return dialogue, first, second


def test_an_offer_holds_its_seat_until_the_deadline() -> None:
    dialogue, first, second = offering()
    assert (first.state, state(second)) == ("offered", "waiting")
    assert timedelta(hours=23) < first.offered_until - timezone.now() <= timedelta(hours=24)
    assert seat_state(dialogue).free == 0
    assert state(offers.accept(first)) == "confirmed"
    offers.accept(first)
    assert kinds_of_mail().count("dialog-angebot") == 1


def test_the_deadline_shrinks_towards_the_start() -> None:
    starts_at = timezone.now() + timedelta(hours=10)
    _, first, _ = offering(starts_at=starts_at)
    assert first.offered_until <= starts_at - timedelta(hours=4, minutes=59)


@pytest.mark.parametrize("end", ["declined", "expired"])
def test_what_is_not_taken_passes_on_in_the_same_moment(end: str) -> None:
    _, first, second = offering()
    if end == "declined":
        offers.decline(first)
        offers.decline(first)
    else:
        Registration.objects.filter(pk=first.pk).update(offered_until=timezone.now())
        with pytest.raises(Refused, match="Frist"):
            offers.accept(first)
        assert offers.expire_offers() == 1
        assert offers.expire_offers() == 0
    assert (state(first), state(second)) == (end, "offered")


def test_part_of_a_group_is_offered_and_declining_ends_the_booking() -> None:
    dialogue = make_dialogue(seats=1, waiting_mode="offer")
    seated = book(dialogue, "a")
    group = book(dialogue, "g", 2, group="singly")
    registration.cancel(seated)
    assert (state(group), group.attendees.count(), group.parts.get().state) == ("offered", 1, "waiting")
    offers.accept(group)
    SeatKind.objects.update(capacity=2)
    waiting_line.promote(dialogue)
    assert group.parts.get().state == "offered"
    offers.accept(group)
    assert (state(group), group.attendees.count(), group.parts.count()) == ("confirmed", 2, 0)


def test_a_declined_part_leaves_the_seat_that_was_confirmed() -> None:
    dialogue = make_dialogue(seats=1, waiting_mode="offer")
    group = book(dialogue, "g", 2, group="singly")
    SeatKind.objects.update(capacity=2)
    waiting_line.promote(dialogue)
    offers.decline(group)
    assert (state(group), group.attendees.count(), group.parts.get().state) == ("confirmed", 1, "declined")


# ---------------------------------------------------------------- moderated


def test_a_moderated_sign_up_waits_for_staff_and_holds_nothing() -> None:
    dialogue = make_dialogue(seats=1, is_moderated=True)
    rows = [book(dialogue, who) for who in "abc"]
    assert {state(row) for row in rows} == {"pending"}
    assert list(Registration.objects.to_decide()) == rows
    assert state(staff_changes.decide(rows[0], accept=True, by=None)) == "confirmed"
    assert state(staff_changes.decide(rows[1], accept=True, by=None)) == "waiting"
    with pytest.raises(Refused, match="begründen"):
        staff_changes.decide(rows[2], accept=False, reason=" ", by=None)
    staff_changes.decide(rows[2], accept=False, reason="Der Dialog ist für Handwerksbetriebe.", by=None)
    assert state(rows[2]) == "rejected"
    assert "Der Dialog ist für Handwerksbetriebe." in full_text(OutgoingMail.objects.latest("pk"))
    with pytest.raises(Refused):
        staff_changes.decide(rows[2], accept=True, by=None)


def test_staff_cannot_accept_an_address_that_nobody_confirmed() -> None:
    dialogue = make_dialogue(is_moderated=True)
    with pytest.raises(Refused, match="angenommen"):
        staff_changes.decide(sign_up(dialogue), accept=True, by=None)


# ---------------------------------------------------------------- changing, handing over, moving


def names(row: Registration) -> list[str]:
    return [person.name for person in party.people_of(row)]


def test_a_colleague_takes_a_seat_over_without_passing_through_the_line() -> None:
    dialogue = make_dialogue(seats=2)
    row, waits = book(dialogue, "a", 2), book(dialogue, "b")
    kind = dialogue.seat_kinds.get()
    registration.change_party(row, people=[Person("Person 2", kind), Person("", kind)])
    assert sorted(names(row)) == ["", "Person 2"]
    assert state(waits) == "waiting"


def test_more_people_are_seated_where_nobody_waits_and_else_wait_at_the_end() -> None:
    dialogue = make_dialogue(seats=2)
    row = book(dialogue)
    registration.change_party(row, people=people(dialogue, 2))
    assert row.attendees.count() == 2
    waits = book(dialogue, "b")
    registration.change_party(row, people=people(dialogue, 3))
    assert (row.attendees.count(), row.parts.get().waiting_number, waits.waiting_number) == (2, 2, 1)
    assert names(row) == ["Person 1", "Person 2", "Person 3"]
    # Whoever is taken out: those who stay keep the seats.
    registration.change_party(row, people=people(dialogue, 3)[1:])
    assert (sorted(names(row)), row.attendees.count()) == (["Person 2", "Person 3"], 2)
    assert state(waits) == "waiting"


def test_who_changes_the_kind_of_seat_while_waiting_goes_to_the_end_of_that_line() -> None:
    dialogue = make_dialogue(seats=1, online_seats=1)
    book(dialogue, "a")
    book(dialogue, "b", people=people(dialogue, way="online"))
    onsite, online = book(dialogue, "c"), book(dialogue, "d", people=people(dialogue, way="online"))
    registration.change_party(onsite, people=people(dialogue, way="online"))
    onsite.refresh_from_db()
    assert (place_in_line(online), place_in_line(onsite)) == (1, 2)


def test_a_booking_for_nobody_is_refused_and_nothing_changes() -> None:
    dialogue = make_dialogue(seats=1, online_seats=1)
    row = book(dialogue)
    with pytest.raises(Refused, match="mindestens"):
        registration.change_party(row, people=[])
    book(dialogue, "b", people=people(dialogue, way="online"))
    with pytest.raises(Refused, match="niemand mehr"):
        registration.change_party(row, people=people(dialogue, way="online"))
    assert names(row) == ["Person 1"]


def test_handing_over_kills_the_old_link_and_ends_the_consent_to_news() -> None:
    dialogue = make_dialogue()
    row = book(dialogue, news_agreed=True)
    old = links.own_path(row)
    row = registration.transfer(row, contact_name="Jens", email="jens@firma.example")
    assert links.own_path(row) != old
    assert (state(row), row.news_agreed_at) == ("confirmed", None)
    assert OutgoingMail.objects.latest("pk").to == "jens@firma.example"


def test_handing_over_fails_whole_when_no_mail_can_go() -> None:
    dialogue = make_dialogue()
    for n in range(3):
        sign_up(make_dialogue(), "jens", company=f"Firma {n}")
    row = book(dialogue)
    with pytest.raises(Refused, match="mehrere E-Mails"):
        registration.transfer(row, contact_name="Jens", email="jens@firma.example")
    row.refresh_from_db()
    assert (row.email, row.token_version) == ("a@firma.example", 1)


def test_staff_move_a_booking_to_another_dialogue() -> None:
    here, there = make_dialogue(), make_dialogue(seats=1)
    book(there, "z")
    row = book(here, "a", 2, needs="vegan", needs_agreed=True)
    moved = staff_changes.move(row, to=there, by=make_user())
    assert (state(row), state(moved), moved.needs, moved.attendees.count()) == ("cancelled", "waiting", "vegan", 2)
    with pytest.raises(Refused, match="schon angemeldet"):
        staff_changes.move(book(here, "z"), to=there, by=None)


# ---------------------------------------------------------------- what holds for all of it


def test_every_change_of_state_is_in_the_table_and_in_the_history() -> None:
    assert set(transitions.TRANSITIONS) == set(Registration.State)
    _, first, _ = offering()
    offers.accept(first)
    steps = list(first.events.values_list("action", "from_state", "to_state", "people"))
    assert steps == [
        ("signed-up", "", "pending", 1),
        ("confirmed", "pending", "waiting", 1),
        ("offered", "waiting", "offered", 1),
        ("offer-accepted", "offered", "confirmed", 1),
    ]
    for before, after in RegistrationEvent.objects.exclude(from_state="").values_list("from_state", "to_state"):
        assert before == after or after in transitions.TRANSITIONS[Registration.State(before)]


def test_what_has_ended_stays_ended() -> None:
    dialogue = make_dialogue()
    row = book(dialogue)
    registration.cancel(row)
    registration.confirm(row)
    offers.decline(row)
    registration.cancel(row)
    with pytest.raises(Refused):
        registration.change_party(row, people=people(dialogue, 2))
    with pytest.raises(Refused):
        offers.accept(row)
    with pytest.raises(Refused):
        registration.transfer(row, contact_name="x", email="x@firma.example")
    assert state(row) == "cancelled"
    assert kinds_of_mail().count("dialog-abgemeldet") == 1


def test_history_and_jobs_hold_no_names() -> None:
    book(make_dialogue(), needs="Nussallergie", needs_agreed=True)
    for event in RegistrationEvent.objects.all():
        assert "Nussallergie" not in event.note
        assert "Heat" not in event.note


@pytest.mark.django_db(transaction=True)
def test_the_lock_is_refused_outside_of_a_transaction() -> None:
    dialogue = make_dialogue()
    with pytest.raises(RuntimeError):
        locking.lock(dialogue.pk)


@pytest.mark.django_db(transaction=True)
def test_what_the_public_does_is_never_part_of_a_larger_transaction() -> None:
    dialogue = make_dialogue()
    with pytest.raises(RuntimeError), transaction.atomic():
        sign_up(dialogue)
    with transaction.atomic():
        assert state(sign_up_for(dialogue, by=make_user())) == "confirmed"


def test_in_two_weeks_means_two_weeks() -> None:
    assert make_dialogue().starts_at == in_days(14)
    assert connection.vendor == "postgresql"
    assert issubclass(TryAgain, Refused)
