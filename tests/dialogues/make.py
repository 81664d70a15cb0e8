"""Dialogues and what belongs to them: valid and visible by default."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from dialogues.models import (
    AgendaItem,
    Agreement,
    Attendee,
    Dialogue,
    Feedback,
    Host,
    Outcome,
    Registration,
    Report,
    RoomQuestion,
    SeatKind,
    Series,
)
from dialogues.room import moderating
from platform_mark.mail.outbox import address_key
from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.models import Branch, Municipality
from practices.models import Practice
from tests.actors.make import make_actor

_numbers = count(1)


def in_days(days: int, hour: int = 16, minute: int = 0) -> datetime:
    """That time of day, so many days from today, by the clock on the wall."""
    return timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=days), time(hour, minute)))


def make_dialogue(
    title: str = "",
    *,
    seats: int = 20,
    online_seats: int = 0,
    branches: Sequence[Branch] = (),
    practices: Sequence[Practice] = (),
    **fields: Any,
) -> Dialogue:
    """A published dialogue in two weeks from 16 to 19 o'clock, with seats on site and, where wanted, online."""
    title = title or f"Dialog {next(_numbers)}"
    starts_at = fields.get("starts_at") or in_days(14)
    values = {
        "title": title,
        "slug": german_slug(title),
        "teaser": "Drei Betriebe zeigen, wie ihre Einstelldaten an die Maschine kommen.",
        "venue": "Federnwerk & Söhne, Halle 2",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=3),
        "state": State.PUBLISHED,
        "published_at": timezone.now().replace(microsecond=0) - timedelta(days=1),
    }
    if online_seats:
        values["form"] = Dialogue.Form.HYBRID if seats else Dialogue.Form.ONLINE
    dialogue = Dialogue.objects.create(**values | fields)
    dialogue.branches.set(branches)
    dialogue.practices.set(practices)
    if seats:
        SeatKind.objects.create(dialogue=dialogue, capacity=seats)
    if online_seats:
        way = SeatKind.Way.ONLINE
        SeatKind.objects.create(dialogue=dialogue, way=way, name="Platz online", capacity=online_seats, order=1)
    index.put(dialogue)
    return dialogue


def make_registration(
    dialogue: Dialogue, *, people: int = 1, seat_kind: SeatKind | None = None, **fields: Any
) -> Registration:
    """A confirmed booking for so many people, written without any rule; for rules, call the journey functions."""
    number = next(_numbers)
    email = fields.pop("email", f"betrieb{number}@firma.example")
    state = fields.get("state", Registration.State.CONFIRMED)
    values: dict[str, Any] = {
        "company": f"Drehteile {number} & Co.",
        "contact_name": "Mara Hellweg",
        "email": email,
        "email_key": address_key(email),
        "state": state,
        "notice_version": "2026-11",
        "confirmed_at": None if state == Registration.State.PENDING else timezone.now(),
    }
    if state in (Registration.State.WAITING, Registration.State.OFFERED):
        dialogue.last_waiting_number += 1
        dialogue.save(update_fields=["last_waiting_number"])
        values["waiting_number"] = dialogue.last_waiting_number
    if state == Registration.State.OFFERED:
        values["offered_until"] = timezone.now() + timedelta(hours=48)
    registration = Registration.objects.create(dialogue=dialogue, **values | fields)
    kind = seat_kind or dialogue.seat_kinds.all()[0]
    Attendee.objects.bulk_create(
        Attendee(registration=registration, seat_kind=kind, name=f"Person {n + 1}") for n in range(people)
    )
    return registration


def make_report(dialogue: Dialogue, **fields: Any) -> Report:
    """A published report of a dialogue that is over."""
    values = {
        "summary": "<p>27 Menschen haben sich <strong>die Tafel</strong> angesehen.</p>",
        "participants": 27,
        "companies": 14,
        "published_at": timezone.now(),
    }
    report = Report.objects.create(dialogue=dialogue, **values | fields)
    index.put(*Dialogue.objects.for_search().filter(pk=dialogue.pk))
    return report


def make_feedback(dialogue: Dialogue, number: int = 1, **fields: Any) -> None:
    """So many answers, all of them content unless a test says otherwise."""
    values = {"was_useful": 5, "was_fitting": 4, "will_act": 3}
    Feedback.objects.bulk_create(Feedback(dialogue=dialogue, **values | fields) for _ in range(number))


@dataclass(frozen=True)
class Dialogues:
    """What `fill_dialogues` made, by what is special about it."""

    rich: Dialogue
    bare: Dialogue
    waiting: Dialogue
    online: Dialogue
    cancelled: Dialogue
    moved: Dialogue
    documented: Dialogue
    long_words: Dialogue
    draft: Dialogue
    #: Somebody who was there.
    registration: Registration


def fill_dialogues(branch: Branch, practice: Practice, municipality: Municipality, long_word: str) -> Dialogues:
    """At least one dialogue in every state that the public sees, and a draft."""
    rich = make_dialogue(
        "Rüsten ohne Suchen",
        branches=[branch],
        practices=[practice],
        municipality=municipality,
        shows_exact_numbers=True,
        description="<p>Drei Betriebe zeigen <strong>ihre Karte</strong>.</p>",
        for_whom="Einrichterinnen und Einrichter",
        target_groups=["employees", "managers"],
        street="Probegasse 12",
        postal_code="58762",
        directions="Neun Minuten vom Bahnhof.",
        accessibility="Stufenlos.",
        contact_phone="02331 12345",
        signup_closes_at=in_days(13),
        series=(series := Series.objects.get_or_create(name="Rüsten & Richten")[0]),
    )
    AgendaItem.objects.create(dialogue=rich, starts_at=time(16), title="Ankommen", detail="Kaffee")
    AgendaItem.objects.create(dialogue=rich, order=1, title="Rundgang", person="Mara Hellweg", person_agreed=True)
    Host.objects.create(dialogue=rich, name="Werkstattkreis", is_fictitious=True)
    Host.objects.create(dialogue=rich, order=1, role=Host.Role.PARTNER, actor=make_actor())
    waiting = make_dialogue("Ausgebucht und beliebt", seats=1, branches=[branch], series=series)
    make_registration(waiting)
    make_registration(waiting, state=Registration.State.WAITING)
    documented = make_dialogue("Papierlos", starts_at=in_days(-9), branches=[branch], practices=[practice])
    registration = make_registration(documented)
    make_report(documented)
    make_feedback(documented, 6)
    for kind in Outcome.Kind:
        Outcome.objects.create(dialogue=documented, kind=kind, text=f"Ein Satz über {kind.label}.")
    for state, reason in (("open", ""), ("kept", ""), ("dropped", "Zu verschieden.")):
        Agreement.objects.create(dialogue=documented, text="Ein Muster", owner="Kammer", state=state, reason=reason)
    return Dialogues(
        rich=rich,
        bare=make_dialogue("Ohne alles", venue="", seats=0),
        waiting=waiting,
        online=make_dialogue("Frühstück am Bildschirm", seats=0, online_seats=40, series=None),
        cancelled=make_dialogue("Fällt aus", cancelled_at=timezone.now(), cancel_reason="Die Halle zieht um."),
        moved=make_dialogue("Verlegt", starts_at=in_days(40), moved_from=in_days(33), online_seats=9),
        documented=documented,
        long_words=make_dialogue(f"{long_word} online", teaser=long_word, venue=long_word, branches=[branch]),
        draft=make_dialogue("Noch nicht fertig", state=State.DRAFT, published_at=None),
        registration=registration,
    )


def make_room(title: str = "", **fields: Any) -> Dialogue:
    """A dialogue that runs now with an open room: a question in each state, a poll that runs and one that ended."""
    now = timezone.now()
    dialogue = make_dialogue(title, starts_at=now, room_opened_at=now, **fields)
    for state in RoomQuestion.State:
        RoomQuestion.objects.create(dialogue=dialogue, text=f"Was kostet das? ({state.label})", state=state, presses=2)
    ended = moderating.write_poll(dialogue, "Was bremst Sie?", ["Zeit", "Geld"])
    moderating.start_poll(dialogue, ended.pk)
    ended.choices.filter(text="Zeit").update(presses=3)
    ended.choices.filter(text="Geld").update(presses=1)
    moderating.start_poll(dialogue, moderating.write_poll(dialogue, "Womit fangen Sie an?", ["Lager", "Angebote"]).pk)
    return dialogue
