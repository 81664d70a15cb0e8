"""Every kind of mail about a sign-up: what it says, to whom, and that it is sound, over a real socket."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import LazySettings
from django.test import Client
from icalendar import Calendar

from dialogues.calendar import event_calendar
from dialogues.mails import KINDS, LIMITED, Facts, Kind, draft_message, how_soon, tell
from dialogues.models import Attendee, Dialogue, Registration, SeatKind
from platform_mark.desk.mail_texts import KINDS as ALL_KINDS
from platform_mark.mail import bulk, texts
from platform_mark.mail.bulk import BulkRefused
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import send_due
from tests.dialogues.make import make_dialogue, make_registration
from tests.mails import faults, html_of, read, subject_of, text_of
from tests.smtp import Postbox, mail_server

pytestmark = pytest.mark.django_db(transaction=True)

BERLIN = ZoneInfo("Europe/Berlin")
ROOM = "https://raum.example/sitzung/9931"
TYPED = ("Heat & Co's", "Kim Beispiel", "Öznur O'Neill")
FACTS: dict[Kind, Facts] = {
    Kind.WAITING: {"place_in_line": 3},
    Kind.CONFIRMED: {"place_in_line": 2, "waiting_people": 1},
    Kind.OFFERED: {"offered_until": datetime(2026, 12, 1, 18, tzinfo=BERLIN)},
    Kind.DIALOGUE_CHANGED: {"changes": ["Neuer Ort: Halle 3", "Bisher: Halle 2"]},
    Kind.CANCELLED_BY_US: {"reason": "Die Halle steht nicht zur Verfügung."},
    Kind.REJECTED: {"reason": "Dieser Dialog ist für Betriebe der Region."},
}
# The first words of the subject and what the first sentence says: the state.
SAYS = {
    Kind.PLEASE_CONFIRM: ("Bitte bestätigen: ", "Ein Platz ist noch nicht vergeben"),
    Kind.ALREADY_REGISTERED: ("Sie sind schon angemeldet: ", "gibt es zu diesem Branchendialog schon eine Anmeldung"),
    Kind.CONFIRMED: ("Platz bestätigt: ", "Ihr Platz ist fest"),
    Kind.WAITING: ("Warteliste, Platz 3: ", "Sie stehen auf der Warteliste, auf Platz 3."),
    Kind.OFFERED: (
        "Platz für Sie frei, Antwort bis Dienstag, 1. Dezember 2026, 18 Uhr: ",
        "Wir halten ihn bis Dienstag, 1. Dezember 2026, 18 Uhr.",
    ),
    Kind.PROMOTED: ("Nachgerückt, Platz bestätigt: ", "Sie sind nachgerückt"),
    Kind.PARTY_CHANGED: ("Anmeldung geändert: ", "Ihre Anmeldung ist geändert"),
    Kind.DIALOGUE_CHANGED: ("Geändert: ", "- Neuer Ort: Halle 3\n- Bisher: Halle 2"),
    Kind.CANCELLED_BY_US: ("Abgesagt: ", "Der Grund: Die Halle steht nicht zur Verfügung."),
    Kind.CANCELLED_BY_YOU: ("Storniert: ", "ist storniert"),
    Kind.REJECTED: ("Kein Platz für Ihre Anmeldung: ", "Dieser Dialog ist für Betriebe der Region."),
    Kind.HANDED_OVER: ("Anmeldung an Sie übergeben: ", "an diese E-Mail-Adresse übergeben"),
    Kind.RECEIVED: ("Eingegangen, wir prüfen: ", "Noch haben Sie keinen Platz"),
    Kind.REMINDER: ("Erinnerung, in ", "Ihr Platz ist fest"),
    Kind.DOCUMENTS: ("Unterlagen sind da: ", "die Unterlagen zu diesem Branchendialog sind da"),
    Kind.THANKS: ("Danke, dass Sie dabei waren: ", "vier Fragen"),
}


@pytest.fixture
def postbox(settings: LazySettings) -> Iterator[Postbox]:
    with mail_server(settings) as postbox:
        yield postbox


@pytest.fixture
def dialogue() -> Dialogue:
    return make_dialogue(
        "Rüsten & Spannen ohne Suchen",
        online_seats=5,
        starts_at=datetime(2026, 12, 3, 16, tzinfo=BERLIN),
        street="Rahmedestraße 1",
        postal_code="58762",
        place="Altena",
        directions="Eingang neben dem Pförtner.",
        online_link=ROOM,
    )


def booking(dialogue: Dialogue, way: str = "onsite", **fields: Any) -> Registration:
    registration = make_registration(
        dialogue,
        seat_kind=dialogue.seat_kinds.get(way=way),
        **{"company": TYPED[0], "contact_name": TYPED[1], "email": "kim@firma.example", **fields},
    )
    Attendee.objects.filter(registration=registration).update(name=TYPED[2])
    return registration


def test_every_kind_has_its_text_and_staff_can_change_it() -> None:
    for kind in Kind:
        text = texts.shipped(kind.value)
        texts.check(text, placeholders=KINDS[kind].placeholders, required=KINDS[kind].required)
    assert {kind.value for kind in Kind} < set(ALL_KINDS)
    assert len(ALL_KINDS) >= 20


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.MESSAGE])
def test_a_mail_says_its_state_first_carries_event_and_own_link_and_is_sound(
    kind: Kind, dialogue: Dialogue, postbox: Postbox
) -> None:
    registration = booking(dialogue)
    assert tell(kind, registration, **FACTS.get(kind, {}))
    assert send_due() == 1

    [mail] = postbox.mails
    assert faults(mail, needs_unsubscribe=kind == Kind.REMINDER) == []
    assert mail["To"] == "kim@firma.example"
    subject, text = subject_of(mail), text_of(mail)
    start, sentence = SAYS[kind]
    assert subject.startswith(start)
    assert "Rüsten & Spannen ohne Suchen" in subject
    assert sentence in text
    assert "Donnerstag, 3. Dezember 2026, 16 bis 19 Uhr" in text
    assert "Federnwerk & Söhne, Halle 2, Rahmedestraße 1, 58762 Altena" in text
    assert "https://portal.test/anmeldung/" in text
    assert ROOM not in text + html_of(mail)
    assert not [line for line in text.splitlines() if line.endswith("  ")], "no row of the table without its value"
    assert "3.\xa0Dezember 2026, 16 bis 19\xa0Uhr" in html_of(mail), "a narrow page breaks no line in a date"
    assert "3. Dezember" not in html_of(mail)
    assert "\xa0" not in subject + text


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.MESSAGE])
def test_an_address_that_nobody_confirmed_gets_nothing_that_somebody_typed(
    kind: Kind, dialogue: Dialogue, postbox: Postbox
) -> None:
    registration = booking(dialogue, state=Registration.State.PENDING)
    tell(kind, registration, **FACTS.get(kind, {}))
    send_due()
    [mail] = postbox.mails
    said = subject_of(mail) + text_of(mail) + html_of(mail)
    assert [typed for typed in (*TYPED, "Heat &amp;", "O&#x27;Neill") if typed in said] == []


@pytest.mark.parametrize(
    ("people", "words"), [(1, "Ihr Platz ist fest: Sie sind"), (2, "Ihre 2 Plätze sind fest: Sie sind")]
)
def test_a_mail_speaks_of_as_many_seats_as_there_are(
    dialogue: Dialogue, postbox: Postbox, people: int, words: str
) -> None:
    tell(Kind.CONFIRMED, make_registration(dialogue, people=people, email="kim@firma.example"))
    send_due()
    [mail] = postbox.mails
    assert words in text_of(mail)


def test_what_was_typed_arrives_as_it_was_typed_once_the_address_is_confirmed(
    dialogue: Dialogue, postbox: Postbox
) -> None:
    tell(Kind.CONFIRMED, booking(dialogue))
    send_due()
    [mail] = postbox.mails
    assert "Guten Tag Kim Beispiel," in text_of(mail)
    assert "  Wer     Heat & Co's: Öznur O'Neill" in text_of(mail)
    assert "Heat &amp; Co&#x27;s: Öznur O&#x27;Neill" in html_of(mail)


def test_the_room_of_an_online_dialogue_opens_for_confirmed_people_who_take_part_online_only(
    dialogue: Dialogue, client: Client
) -> None:
    tell(Kind.CONFIRMED, booking(dialogue, "onsite", email="vorort@firma.example"))
    waiting = booking(dialogue, "online", email="wartet@firma.example", state=Registration.State.WAITING)
    tell(Kind.WAITING, waiting, place_in_line=1)
    online = booking(dialogue, "online", email="online@firma.example")
    tell(Kind.CONFIRMED, online)

    mails = {mail.to: mail for mail in OutgoingMail.objects.all()}
    assert [to for to, mail in mails.items() if "zugang" in mail.other_links] == ["online@firma.example"]
    assert "Rahmedestraße" not in mails["online@firma.example"].text
    link = texts.Link(**mails["online@firma.example"].other_links["zugang"])
    path = link.url.removeprefix("https://portal.test")

    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, ROOM)
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]
    own = texts.Link("/anmeldung/online/{token}/", "dialogues.registration", online.pk, online.token_version)
    assert client.get(own.url.removeprefix("https://portal.test")).status_code == 404, "the own page's key does not fit"
    Registration.objects.filter(pk=online.pk).update(state=Registration.State.CANCELLED)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("kind", "state", "method"),
    [
        (Kind.CONFIRMED, "confirmed", "PUBLISH"),
        (Kind.PROMOTED, "confirmed", "PUBLISH"),
        (Kind.DIALOGUE_CHANGED, "confirmed", "PUBLISH"),
        (Kind.DIALOGUE_CHANGED, "waiting", None),
        (Kind.CANCELLED_BY_US, "confirmed", "CANCEL"),
        (Kind.CANCELLED_BY_YOU, "cancelled", "CANCEL"),
        (Kind.WAITING, "waiting", None),
        (Kind.REMINDER, "confirmed", None),
    ],
)
def test_the_event_is_enclosed_for_those_who_come_and_taken_back_from_those_who_do_not(
    kind: Kind, state: str, method: str | None, dialogue: Dialogue, postbox: Postbox
) -> None:
    tell(kind, booking(dialogue, state=state), **FACTS.get(kind, {}))
    send_due()
    files = [part for part in read(postbox.mails[0]).walk() if part.get_content_type() == "text/calendar"]
    assert [part.get_param("method") for part in files] == ([method] if method else [])
    for part in files:
        [event] = Calendar.from_ical(part.get_content()).walk("VEVENT")
        assert event["uid"] == f"dialog-{dialogue.pk}@portal.test"
        assert event["status"] == ("CANCELLED" if method == "CANCEL" else "CONFIRMED")


def test_a_message_to_a_selection_is_a_draft_until_somebody_who_saw_the_number_sends_it(
    dialogue: Dialogue, postbox: Postbox
) -> None:
    people = [booking(dialogue, email=f"p{n}@firma.example") for n in range(3)]
    people.append(booking(dialogue, email="unbestaetigt@firma.example", state=Registration.State.PENDING))
    people.append(booking(dialogue, email="p0@firma.example", part_of=people[0], state=Registration.State.WAITING))

    draft = draft_message(people, subject="Sicherheitsschuhe", text="Bitte bringen Sie Sicherheitsschuhe mit.")
    assert (draft.mails.count(), send_due()) == (3, 0)
    bulk.release(draft, recipients=3)
    assert send_due() == 3

    assert sorted(mail["To"] for mail in postbox.mails) == ["p0@firma.example", "p1@firma.example", "p2@firma.example"]
    for mail in postbox.mails:
        assert faults(mail) == []
        assert subject_of(mail) == "Sicherheitsschuhe"
        assert "Bitte bringen Sie Sicherheitsschuhe mit.\n" in text_of(mail)
        assert "Donnerstag, 3. Dezember 2026, 16 bis 19 Uhr" in text_of(mail)
    assert len({text_of(mail).partition("/anmeldung/")[2][:40] for mail in postbox.mails}) == 3, "each its own link"
    with pytest.raises(BulkRefused, match="niemanden"):
        draft_message(people[3:4], subject="Nichts", text="Text")


def test_who_is_moved_to_another_dialogue_reads_from_which(dialogue: Dialogue) -> None:
    tell(Kind.CONFIRMED, booking(dialogue), moved_from=make_dialogue("Angebote schneller schreiben"))
    assert "vom Dialog „Angebote schneller schreiben“ hierher umgebucht." in OutgoingMail.objects.get().text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("confirmed", ""),
        ("waiting", "Noch haben Sie keinen Platz: Sie stehen weiter auf der Warteliste."),
        ("offered", "Noch haben Sie keinen festen Platz: Bitte nehmen Sie das Angebot an, solange es gilt."),
    ],
)
def test_nobody_takes_a_changed_sign_up_for_a_seat(dialogue: Dialogue, state: str, said: str) -> None:
    tell(Kind.PARTY_CHANGED, make_registration(dialogue, state=state, people=2))
    [first] = [line for line in OutgoingMail.objects.get().text.splitlines() if line.startswith("Ihre Anmeldung")]
    assert first == "Ihre Anmeldung ist geändert. Sie gilt jetzt für 2 Personen."
    assert ("Noch haben Sie" in OutgoingMail.objects.get().text) is bool(said)
    assert said in OutgoingMail.objects.get().text
    assert "\n\n\n" not in OutgoingMail.objects.get().text


def test_nobody_is_told_twice_what_is_told_once(dialogue: Dialogue) -> None:
    registration = booking(dialogue)
    assert tell(Kind.DOCUMENTS, registration, once="documents") is True
    assert tell(Kind.DOCUMENTS, registration, once="documents") is False
    assert OutgoingMail.objects.count() == 1


def test_a_booking_whose_address_is_gone_is_told_nothing(dialogue: Dialogue) -> None:
    assert tell(Kind.CONFIRMED, booking(dialogue, email="")) is False


def test_only_what_anybody_can_trigger_is_limited(dialogue: Dialogue) -> None:
    registration = booking(dialogue)
    assert [tell(Kind.PLEASE_CONFIRM, registration) for _ in range(4)] == [True, True, True, False]
    assert tell(Kind.CONFIRMED, registration) is True
    assert {kind for kind in Kind if KINDS[kind].is_limited} == LIMITED


# ---------------------------------------------------------------- calendar files and time


@pytest.mark.parametrize(
    ("starts_at", "utc"),
    [
        (datetime(2026, 3, 28, 16, tzinfo=BERLIN), datetime(2026, 3, 28, 15, tzinfo=UTC)),
        (datetime(2026, 3, 29, 16, tzinfo=BERLIN), datetime(2026, 3, 29, 14, tzinfo=UTC)),
        (datetime(2026, 10, 24, 16, tzinfo=BERLIN), datetime(2026, 10, 24, 14, tzinfo=UTC)),
        (datetime(2026, 10, 25, 16, tzinfo=BERLIN), datetime(2026, 10, 25, 15, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, tzinfo=BERLIN), datetime(2026, 12, 31, 22, tzinfo=UTC)),
    ],
)
def test_a_calendar_file_means_the_same_instant_on_both_sides_of_a_clock_change(
    starts_at: datetime, utc: datetime
) -> None:
    dialogue = make_dialogue(starts_at=starts_at)
    [event] = Calendar.from_ical(event_calendar([dialogue])).walk("VEVENT")
    assert event.decoded("dtstart") == utc
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(hours=3)


def test_a_calendar_file_counts_its_changes_and_hides_the_room(dialogue: Dialogue) -> None:
    dialogue.calendar_sequence = 4
    file = event_calendar([dialogue, make_dialogue(starts_at=None, ends_at=None, state="draft")], name="Dialoge")
    calendar = Calendar.from_ical(file)
    [event] = calendar.walk("VEVENT")
    assert (event["sequence"], calendar["method"], calendar["x-wr-calname"]) == (4, "PUBLISH", "Dialoge")
    assert event["location"] == "Federnwerk & Söhne, Halle 2, Rahmedestraße 1, 58762 Altena und online"
    assert ROOM.encode() not in file
    assert all(len(line) <= 75 for line in file.split(b"\r\n"))
    assert file == event_calendar([dialogue], name="Dialoge"), "the same events make the same file"
    with pytest.raises(ValueError, match="REQUEST"):
        event_calendar([dialogue], method="REQUEST")


def test_a_dialogue_over_midnight_names_both_days(postbox: Postbox) -> None:
    starts_at = datetime(2026, 12, 31, 22, tzinfo=BERLIN)
    tell(Kind.CONFIRMED, booking(make_dialogue(starts_at=starts_at)))
    send_due()
    assert "Donnerstag, 31. Dezember 2026, 22 Uhr bis Freitag, 1. Januar, 1 Uhr" in text_of(postbox.mails[0])


def test_how_soon_goes_by_the_days_of_the_calendar_here() -> None:
    starts_at = datetime(2026, 10, 25, 9, tzinfo=BERLIN)
    assert how_soon(starts_at, datetime(2026, 10, 24, 23, 30, tzinfo=BERLIN)) == "morgen"
    assert how_soon(starts_at, datetime(2026, 10, 25, 0, 30, tzinfo=BERLIN)) == "heute"
    assert how_soon(starts_at, datetime(2026, 10, 18, 9, tzinfo=BERLIN)) == "in 7 Tagen"


def test_a_kind_of_seat_online_says_online_only() -> None:
    dialogue = make_dialogue(seats=0, online_seats=5)
    assert dialogue.seat_kinds.get().way == SeatKind.Way.ONLINE
    tell(Kind.PLEASE_CONFIRM, booking(dialogue, "online", state=Registration.State.PENDING))
    assert "  Wo      Online\n" in OutgoingMail.objects.get().text
