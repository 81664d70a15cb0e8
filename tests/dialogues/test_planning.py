"""Planning: publish, move, cancel, copy, seats, the report. What people must know is told to each of them once."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from dialogues import occupancy, planning
from dialogues.mails import Kind
from dialogues.models import (
    AgendaItem,
    Agreement,
    Attendee,
    Dialogue,
    Outcome,
    Question,
    Registration,
    Report,
    SeatKind,
)
from dialogues.planning import PlanRefused
from dialogues.reminding import remind, tell_of_documents
from dialogues.seats import seat_state
from platform_mark.local_time import from_local
from platform_mark.mail.models import OutgoingMail
from platform_mark.publishing.models import State
from tests.dialogues.make import in_days, make_dialogue, make_registration
from tests.make import make_branch, make_municipality, make_user

pytestmark = pytest.mark.django_db


def at(*clock: int) -> datetime:
    """What staff type: a day and a time on the clock here."""
    return from_local(datetime(*clock))  # noqa: DTZ001


def mails(kind: Kind) -> list[str]:
    """Who got a mail of this kind, in the order of writing."""
    return list(OutgoingMail.objects.filter(kind=kind.value).order_by("pk").values_list("to", flat=True))


# ---------------------------------------------------------------- publishing


def test_a_draft_is_published_only_when_a_visitor_would_find_what_is_needed() -> None:
    dialogue = make_dialogue(state=State.DRAFT, published_at=None, venue="", seats=0, form=Dialogue.Form.HYBRID)

    with pytest.raises(PlanRefused) as refused:
        planning.publish(dialogue)

    assert refused.value.messages == [
        "Veranstaltungsort und Stadt fehlen.",
        "Plätze vor Ort fehlen: Legen Sie unter „Plätze“ mindestens eine Art an.",
        "Online-Plätze fehlen: Legen Sie unter „Plätze“ mindestens eine Art an.",
    ]
    dialogue.venue, dialogue.place = "Halle 2", "Dortmund"
    dialogue.save()
    SeatKind.objects.create(dialogue=dialogue, capacity=5)
    SeatKind.objects.create(dialogue=dialogue, capacity=5, name="Platz online", way=SeatKind.Way.ONLINE)

    planning.publish(dialogue)

    assert Dialogue.objects.published().get() == dialogue


def test_without_a_date_nothing_is_published_and_the_past_needs_no_seats() -> None:
    undated = make_dialogue(state=State.DRAFT, published_at=None)
    Dialogue.objects.filter(pk=undated.pk).update(starts_at=None, ends_at=None)
    past = make_dialogue(state=State.DRAFT, published_at=None, starts_at=in_days(-400), seats=0, venue="")

    with pytest.raises(PlanRefused, match="Beginn und Ende fehlen"):
        planning.publish(undated)
    Report.objects.create(dialogue=past, summary="<p>Was war.</p>")
    planning.publish(past)

    assert list(Dialogue.objects.published()) == [past]


def test_a_day_in_the_past_is_taken_for_mistyped_unless_something_is_left_of_it() -> None:
    mistyped, counted, told = (
        make_dialogue(state=State.DRAFT, published_at=None, starts_at=in_days(-400), venue="") for _ in range(3)
    )
    make_registration(counted)
    Outcome.objects.create(dialogue=told, kind=Outcome.Kind.RESULT, text="Eine Tafel.")

    with pytest.raises(PlanRefused, match=r"Der Termin liegt in der Vergangenheit: .* Tippfehler"):
        planning.publish(mistyped)
    for dialogue in (counted, told):
        planning.publish(dialogue)

    assert set(Dialogue.objects.published()) == {counted, told}


def test_what_people_count_on_is_not_taken_offline_but_cancelled() -> None:
    dialogue, empty = make_dialogue(), make_dialogue()
    make_registration(dialogue)

    with pytest.raises(PlanRefused, match=r"Es gibt eine Anmeldung\. Sagen Sie den Dialog ab"):
        planning.take_offline(dialogue)
    planning.take_offline(empty)

    assert list(Dialogue.objects.published()) == [dialogue]
    planning.cancel_dialogue(dialogue, reason="Der Gastgeber ist erkrankt.")
    planning.take_offline(dialogue, archive=True)
    assert not Dialogue.objects.published().exists()


# ---------------------------------------------------------------- cancelling


def test_cancelling_tells_every_living_sign_up_once_and_moves_nobody() -> None:
    dialogue = make_dialogue(seats=1)
    seated = make_registration(dialogue, email="sitzt@firma.example")
    waiting = make_registration(dialogue, email="wartet@firma.example", state=Registration.State.WAITING)
    make_registration(dialogue, email="weg@firma.example", state=Registration.State.CANCELLED)

    told = planning.cancel_dialogue(dialogue, reason="Der  Gastgeber\nist erkrankt.", by=make_user())

    assert told == 2
    assert mails(Kind.CANCELLED_BY_US) == ["sitzt@firma.example", "wartet@firma.example"]
    dialogue.refresh_from_db()
    assert (dialogue.cancel_reason, dialogue.calendar_sequence) == ("Der Gastgeber ist erkrankt.", 1)
    with pytest.raises(PlanRefused, match="schon abgesagt"):
        planning.cancel_dialogue(dialogue, reason="Noch einmal.")
    assert len(mails(Kind.CANCELLED_BY_US)) == 2
    for registration, state in ((seated, "confirmed"), (waiting, "waiting")):
        registration.refresh_from_db()
        assert registration.state == state


def test_those_of_a_group_who_wait_on_get_no_mail_of_their_own() -> None:
    dialogue = make_dialogue()
    whole = make_registration(dialogue, email="gruppe@firma.example")
    make_registration(dialogue, email="", email_key="", part_of=whole, state=Registration.State.WAITING)

    assert planning.cancel_dialogue(dialogue, reason="Zu wenige Anmeldungen.") == 1

    assert mails(Kind.CANCELLED_BY_US) == ["gruppe@firma.example"]


@pytest.mark.parametrize(
    ("fields", "reason", "message"),
    [
        ({}, "  ", "Nennen Sie den Grund"),
        ({"starts_at": in_days(-3)}, "Grund", "schon vorbei"),
        ({"state": State.DRAFT, "published_at": None}, "Grund", "nicht veröffentlicht"),
    ],
)
def test_what_cannot_be_cancelled_is_refused(fields: dict[str, object], reason: str, message: str) -> None:
    dialogue = make_dialogue(**fields)
    make_registration(dialogue)

    with pytest.raises(PlanRefused, match=message):
        planning.cancel_dialogue(dialogue, reason=reason)

    assert OutgoingMail.objects.count() == 0


# ---------------------------------------------------------------- moving


def test_moving_tells_what_is_new_and_how_it_was_once_each_time() -> None:
    dialogue = make_dialogue(starts_at=in_days(14), signup_closes_at=in_days(12, 18))
    first = dialogue.starts_at
    make_registration(dialogue, email="kommt@firma.example")
    make_registration(dialogue, email="offen@firma.example", state=Registration.State.PENDING)

    told = planning.change_dialogue(dialogue, starts_at=in_days(21, 17), ends_at=in_days(21, 20), by=make_user())

    assert told == 2
    assert mails(Kind.DIALOGUE_CHANGED) == ["kommt@firma.example", "offen@firma.example"]
    dialogue.refresh_from_db()
    assert (dialogue.moved_from, dialogue.calendar_sequence) == (first, 1)
    assert dialogue.signup_closes_at == in_days(19, 19)
    planning.change_dialogue(dialogue, starts_at=in_days(28), ends_at=in_days(28, 19))
    dialogue.refresh_from_db()
    assert (dialogue.moved_from, dialogue.calendar_sequence) == (first, 2)
    assert len(mails(Kind.DIALOGUE_CHANGED)) == 4


def test_moved_back_it_was_never_moved_and_only_who_has_an_address_counts_as_told() -> None:
    dialogue = make_dialogue(starts_at=in_days(14))
    first, last = dialogue.starts_at, dialogue.ends_at
    make_registration(dialogue)
    make_registration(dialogue, email="")
    assert planning.change_dialogue(dialogue, starts_at=in_days(21, 17), ends_at=in_days(21, 20)) == 1
    assert planning.change_dialogue(dialogue, starts_at=first, ends_at=last) == 1
    dialogue.refresh_from_db()
    assert (dialogue.moved_from, dialogue.calendar_sequence) == (None, 2)


def test_what_does_not_change_is_not_told() -> None:
    dialogue = make_dialogue()
    make_registration(dialogue)

    assert planning.change_dialogue(dialogue, starts_at=dialogue.starts_at, ends_at=dialogue.ends_at) == 0
    assert planning.change_dialogue(dialogue, signup_closes_at=in_days(13)) == 0

    dialogue.refresh_from_db()
    assert (dialogue.calendar_sequence, dialogue.moved_from) == (0, None)
    assert OutgoingMail.objects.count() == 0


def test_another_place_and_another_link_are_told_in_words() -> None:
    dialogue = make_dialogue(place="Dortmund", street="Hallenweg 1")
    make_registration(dialogue)

    planning.change_dialogue(
        dialogue,
        venue="Heat & Co's Härterei",
        place="",
        municipality=make_municipality("Altena"),
        online_link="https://raum.example/abc",
    )

    text = OutgoingMail.objects.get().text
    assert "Heat & Co's Härterei, Hallenweg 1, Altena" in " ".join(text.split())
    assert "Federnwerk & Söhne, Halle 2, Hallenweg 1, Dortmund" in " ".join(text.split())
    assert "raum.example" not in text


def test_a_place_that_was_not_known_is_told_as_such() -> None:
    dialogue = make_dialogue(venue="")
    make_registration(dialogue)

    planning.change_dialogue(dialogue, form=Dialogue.Form.ONLINE)

    text = OutgoingMail.objects.get().text
    assert "- Neuer Ort: Online\n- Bisher: Ort folgt" in text


def test_a_link_that_is_made_late_is_told_to_those_who_take_part_by_it() -> None:
    dialogue = make_dialogue(online_seats=5)
    online = dialogue.seat_kinds.get(way="online")
    make_registration(dialogue, email="vorort@firma.example")
    make_registration(dialogue, email="wartet@firma.example", seat_kind=online, state=Registration.State.WAITING)
    make_registration(dialogue, email="online@firma.example", seat_kind=online, people=2)

    assert planning.change_dialogue(dialogue, online_link="https://raum.example/abc") == 1
    assert mails(Kind.DIALOGUE_CHANGED) == ["online@firma.example"]
    assert "Der Link zur Online-Teilnahme ist jetzt da." in OutgoingMail.objects.get().text

    assert planning.change_dialogue(dialogue, online_link="") == 1
    text = " ".join(OutgoingMail.objects.order_by("pk").last().text.split())
    assert "gilt nicht mehr. Den neuen schicken wir Ihnen vor dem Termin." in text
    assert planning.change_dialogue(dialogue, online_link="https://raum.example/neu", venue="Anderswo") == 3


def test_who_was_reminded_of_the_old_day_is_reminded_of_the_new_one() -> None:
    dialogue = make_dialogue(starts_at=in_days(3))
    make_registration(dialogue, confirmed_at=in_days(-9))
    assert remind() == 1

    planning.change_dialogue(dialogue, starts_at=in_days(5), ends_at=in_days(5, 19))

    assert remind() == 1
    assert remind() == 0


@pytest.mark.parametrize("days", [-1, 0])
def test_nothing_is_moved_into_the_past_or_to_an_end_before_its_start(days: int) -> None:
    dialogue = make_dialogue()
    make_registration(dialogue)
    start = in_days(days, 0) if days else in_days(20)

    with pytest.raises(ValidationError):
        planning.change_dialogue(dialogue, starts_at=start, ends_at=in_days(19))

    dialogue.refresh_from_db()
    assert dialogue.starts_at == in_days(14)
    assert OutgoingMail.objects.count() == 0


def test_a_draft_is_moved_without_a_word() -> None:
    dialogue = make_dialogue(state=State.DRAFT, published_at=None)

    assert planning.change_dialogue(dialogue, starts_at=in_days(30), ends_at=in_days(30, 19)) == 0

    dialogue.refresh_from_db()
    assert dialogue.starts_at == in_days(30)


# ---------------------------------------------------------------- clocks


def test_a_time_that_the_clocks_skip_is_refused_and_a_doubled_one_means_the_first() -> None:
    with pytest.raises(ValidationError, match=r"02:30 Uhr gibt es am 29. März 2026 nicht"):
        at(2026, 3, 29, 2, 30)
    assert at(2026, 10, 25, 2, 30) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert at(2026, 3, 29, 3, 0) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_copy_across_the_clock_change_keeps_the_time_of_day() -> None:
    dialogue = make_dialogue(starts_at=at(2027, 3, 25, 16), signup_closes_at=at(2027, 3, 23, 18))

    copy = planning.copy_dialogue(dialogue, starts_at=at(2027, 4, 1, 16))

    assert copy.ends_at == at(2027, 4, 1, 19)
    assert copy.signup_closes_at == at(2027, 3, 30, 18)


# ---------------------------------------------------------------- seats


def test_lowering_under_the_taken_number_warns_and_moves_nobody() -> None:
    dialogue = make_dialogue(seats=3)
    make_registration(dialogue, people=3)
    waiting = make_registration(dialogue, state=Registration.State.WAITING)

    dialogue.seat_kinds.update(capacity=2)
    state = planning.seats_changed(dialogue).state

    assert occupancy.warnings(state) == [
        "„Platz vor Ort“: 3 Personen haben einen Platz, es gibt aber nur 2. Niemand verliert seinen Platz. Es rückt auch "
        "niemand nach, bis wieder Plätze frei sind."
    ]
    assert dialogue.registrations.get(state__in=Registration.SEATED).attendees.count() == 3
    waiting.refresh_from_db()
    assert waiting.state == Registration.State.WAITING


def test_more_seats_go_to_those_who_wait_in_their_order() -> None:
    dialogue = make_dialogue(seats=1)
    make_registration(dialogue)
    line = [make_registration(dialogue, state=Registration.State.WAITING) for _ in range(3)]

    dialogue.seat_kinds.update(capacity=3)
    assert planning.seats_changed(dialogue).served == 2

    assert [Registration.objects.get(pk=row.pk).state for row in line] == ["confirmed", "confirmed", "waiting"]
    assert mails(Kind.PROMOTED) == [line[0].email, line[1].email]


def test_the_hint_says_how_many_seats_would_take_everybody_in() -> None:
    dialogue = make_dialogue(seats=2)
    make_registration(dialogue, people=2)
    for people in (2, 1):
        make_registration(dialogue, people=people, state=Registration.State.WAITING)

    assert occupancy.hint(seat_state(dialogue)) == "2 warten, 3 Plätze mehr würden alle aufnehmen"
    SeatKind.objects.update(capacity=4)
    assert occupancy.hint(seat_state(dialogue)) == "2 warten, 1 Platz mehr würde alle aufnehmen"
    SeatKind.objects.update(capacity=5)
    assert occupancy.hint(seat_state(dialogue)) == "2 warten, obwohl Plätze frei sind"
    assert occupancy.hint(seat_state(make_dialogue())) == ""


def test_staff_read_how_many_seats_are_taken_not_what_visitors_are_told() -> None:
    dialogue = make_dialogue(seats=1, shows_exact_numbers=True)
    assert occupancy.label(seat_state(dialogue)) == "Wenige Plätze (0 von 1 belegt)"
    make_registration(dialogue)
    make_registration(dialogue, state=Registration.State.WAITING)
    assert occupancy.label(seat_state(dialogue)) == "Warteliste (1 von 1 belegt)"
    Dialogue.objects.update(cancelled_at=timezone.now(), cancel_reason="Sturm")
    assert occupancy.label(seat_state(Dialogue.objects.get())) == "Abgesagt (1 von 1 belegt)"


# ---------------------------------------------------------------- copies


def test_a_copy_has_everything_but_people_and_what_came_of_it() -> None:
    branch = make_branch()
    dialogue = make_dialogue(
        "Rüsten ohne Suchen",
        branches=[branch],
        seats=12,
        is_moderated=True,
        reminder_days=[9, 2],
        moved_from=in_days(1),
        calendar_sequence=4,
        source_url="https://quelle.example/",
    )
    AgendaItem.objects.create(dialogue=dialogue, title="Rundgang", person="Kim Muster", person_agreed=True)
    Question.objects.create(dialogue=dialogue, text="Welche Maschinen haben Sie?")
    Outcome.objects.create(dialogue=dialogue, kind=Outcome.Kind.THESIS, text="Weniger suchen.")
    Report.objects.create(dialogue=dialogue, summary="<p>So war es.</p>")
    make_registration(dialogue)

    copy = planning.copy_dialogue(dialogue, starts_at=in_days(60))

    assert copy.pk != dialogue.pk
    assert (copy.slug, copy.state, copy.published_at) == ("ruesten-ohne-suchen-2", State.DRAFT, None)
    assert (copy.starts_at, copy.ends_at) == (in_days(60), in_days(60, 19))
    assert (copy.is_moderated, copy.reminder_days, list(copy.branches.all())) == (True, [9, 2], [branch])
    assert (copy.moved_from, copy.calendar_sequence, copy.source_url) == (None, 0, "")
    assert copy.seat_kinds.get().capacity == 12
    assert [(item.title, item.person, item.person_agreed) for item in copy.agenda.all()] == [
        ("Rundgang", "Kim Muster", False)
    ]
    assert copy.questions.get().text == "Welche Maschinen haben Sie?"
    assert (copy.registrations.count(), copy.outcomes.count(), Report.objects.filter(dialogue=copy).count()) == (
        0,
        0,
        0,
    )
    assert dialogue.agenda.get().person_agreed
    assert dialogue.seat_kinds.count() == 1


def test_a_series_is_drafts_at_the_same_time_of_day() -> None:
    dialogue = make_dialogue("Metallrunde", starts_at=at(2027, 3, 4, 16))

    made = planning.copy_series(dialogue, name=" Metallrunde  Lennetal ", weeks=4, number=2)

    assert [copy.starts_at for copy in made] == [at(2027, 4, 1, 16), at(2027, 4, 29, 16)]
    assert {copy.series.name for copy in [dialogue, *made]} == {"Metallrunde Lennetal"}
    assert {copy.state for copy in made} == {State.DRAFT}
    with pytest.raises(PlanRefused, match="Höchstens 26"):
        planning.copy_series(dialogue, name="Metallrunde Lennetal", weeks=1, number=27)


# ---------------------------------------------------------------- report


def make_past(**fields: object) -> Dialogue:
    return make_dialogue(starts_at=in_days(-2), **fields)


def test_publishing_the_report_tells_those_who_were_there_once() -> None:
    dialogue = make_past()
    make_registration(dialogue, email="war-da@firma.example").attendees.update(presence=Attendee.Presence.ATTENDED)
    make_registration(dialogue, email="unbekannt@firma.example")
    make_registration(dialogue, email="fehlte@firma.example").attendees.update(presence=Attendee.Presence.ABSENT)
    make_registration(dialogue, email="wartete@firma.example", state=Registration.State.WAITING)
    report = Report.objects.create(dialogue=dialogue, summary="<p>So war es.</p>")

    assert planning.publish_report(dialogue) == 1

    assert mails(Kind.DOCUMENTS) == ["war-da@firma.example"]
    report.refresh_from_db()
    assert report.published_at is not None
    with pytest.raises(PlanRefused, match="schon veröffentlicht"):
        planning.publish_report(dialogue)
    planning.withdraw_report(dialogue)
    assert planning.publish_report(dialogue) == 0
    assert tell_of_documents() == 0, "the job and the button mean the same people"
    assert len(mails(Kind.DOCUMENTS)) == 1


def test_where_nobody_was_ticked_off_as_there_all_but_the_absent_are_told_of_the_report() -> None:
    dialogue = make_past()
    make_registration(dialogue, email="unbekannt@firma.example")
    absent = make_registration(dialogue, email="fehlte@firma.example")
    absent.attendees.update(presence=Attendee.Presence.ABSENT)
    make_registration(dialogue, part_of=absent, email="", state=Registration.State.WAITING)
    Report.objects.create(dialogue=dialogue, summary="<p>So war es.</p>")

    assert planning.publish_report(dialogue) == 1

    assert mails(Kind.DOCUMENTS) == ["unbekannt@firma.example"]
    assert tell_of_documents() == 0


def test_the_tick_list_fills_what_staff_left_empty_but_no_number_that_would_be_somebody() -> None:
    counted, small, written = (make_past() for _ in range(3))
    for dialogue, bookings in ((counted, 4), (small, 1), (written, 4)):
        for _ in range(bookings):
            make_registration(dialogue, people=2).attendees.update(presence=Attendee.Presence.ATTENDED)
        Report.objects.create(
            dialogue=dialogue, summary="<p>So war es.</p>", participants=9 if dialogue == written else None
        )
        planning.publish_report(dialogue)

    told = Report.objects.order_by("pk").values_list("participants", "companies")
    assert list(told) == [(8, 4), (None, None), (9, 4)]


def test_a_report_needs_words_and_a_dialogue_that_took_place() -> None:
    silent, ahead, cancelled = (
        make_past(),
        make_dialogue(),
        make_past(cancelled_at=timezone.now(), cancel_reason="Krank."),
    )
    for dialogue in (ahead, cancelled):
        Report.objects.create(dialogue=dialogue, summary="<p>So war es.</p>")

    for dialogue, message in (
        (silent, "Zusammenfassung"),
        (ahead, "noch nicht zu Ende"),
        (cancelled, "nicht stattgefunden"),
    ):
        with pytest.raises(PlanRefused, match=message):
            planning.publish_report(dialogue)
    assert not Report.objects.exclude(published_at=None).exists()


def test_no_agreement_and_no_person_is_in_a_state_that_nobody_knows() -> None:
    dialogue = make_past()
    make_registration(dialogue)
    Agreement.objects.create(dialogue=dialogue, text="Ein Muster", owner="Kammer")
    for rows, change in ((Attendee.objects, {"presence": "late"}), (Agreement.objects, {"state": "broken"})):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)


def test_only_past_dialogues_without_a_public_report_await_one() -> None:
    waiting, told = make_past(), make_past()
    Report.objects.create(dialogue=waiting, summary="<p>Noch nicht fertig.</p>")
    Report.objects.create(dialogue=told, summary="<p>So war es.</p>", published_at=timezone.now())
    make_dialogue()
    make_past(cancelled_at=timezone.now(), cancel_reason="Krank.")
    make_past(state=State.DRAFT, published_at=None)

    assert list(Dialogue.objects.awaiting_report()) == [waiting]


# ---------------------------------------------------------------- deleting


def test_what_anybody_ever_signed_up_for_is_not_deleted() -> None:
    dialogue, empty = make_dialogue("Rüsten"), make_dialogue()
    make_registration(dialogue, company="Geheim GmbH", state=Registration.State.CANCELLED)

    with pytest.raises(PlanRefused, match=r"„Rüsten“ hat eine Anmeldung\. Sagen Sie den Dialog ab") as refused:
        planning.delete(dialogue)
    planning.delete(empty)

    assert "Geheim" not in str(refused.value)
    assert list(Dialogue.objects.all()) == [dialogue]
