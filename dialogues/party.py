"""The people of a booking: who comes, on which kind of seat, and who takes over whose place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from .models import Answer, Attendee, Dialogue, Question, Registration, SeatKind
from .transitions import Refused, State, change_state, rows_of


@dataclass(frozen=True)
class Person:
    """Somebody a booking is for; without a name it is „N.N.“."""

    name: str
    seat_kind: SeatKind
    role: str = ""


def people_of(registration: Registration) -> list[Person]:
    """Everybody of a booking as the person sees it, those who still wait included."""
    rows = Attendee.objects.filter(registration__in=[registration.pk, *registration.parts.living()])
    return [Person(row.name, row.seat_kind, row.role) for row in rows.select_related("seat_kind").order_by("pk")]


def attendees_of(booking: Registration) -> list[Attendee]:
    """Everybody of a booking, those with a seat first."""
    rows = Attendee.objects.filter(registration__in=rows_of(booking)).select_related("registration", "seat_kind")
    return sorted(
        rows, key=lambda row: (row.registration.state not in Registration.SEATED, row.registration_id, row.pk)
    )


def names_and_kinds(booking: Registration) -> list[tuple[str, int, str]]:
    """Who comes, for comparing a booking before and after a change."""
    return [(row.name, row.seat_kind_id, row.role) for row in attendees_of(booking)]


def require_people(dialogue: Dialogue, people: Sequence[Person], *, most: int | None) -> None:
    """Refuse a party of nobody, of more than `most`, or on kinds of seat of another dialogue."""
    if not people:
        raise Refused("Nennen Sie mindestens eine Person. „N.N.“ genügt.", code="people")
    if most is not None and len(people) > most:
        raise Refused(
            f"Je Betrieb sind höchstens {most} Personen möglich. Für mehr rufen Sie uns bitte an.", code="most"
        )
    if any(person.seat_kind.dialogue_id != dialogue.pk for person in people):
        raise Refused("Diese Art von Platz gibt es bei diesem Dialog nicht.", code="seat_kind")


def write_people(
    registration: Registration, people: Sequence[Person], answers: Mapping[Question, Sequence[str]] | None = None
) -> None:
    """Store the people of a booking, and what they answered to the questions of the dialogue; empty answers are none."""
    Attendee.objects.bulk_create(
        Attendee(registration=registration, seat_kind=person.seat_kind, name=person.name.strip(), role=person.role)
        for person in people
    )
    Answer.objects.bulk_create(
        Answer(registration=registration, question=question, texts=list(texts))
        for question, texts in (answers or {}).items()
        if texts
    )


def fill_places(booking: Registration, people: Sequence[Person]) -> tuple[list[Person], int]:
    """Write the people into the places the booking has; return who has none, and how many places were given up."""
    added: list[Person] = []
    removed = 0
    attendees = attendees_of(booking)
    kinds = {person.seat_kind.pk for person in people} | {attendee.seat_kind_id for attendee in attendees}
    for kind in sorted(kinds):
        places = [attendee for attendee in attendees if attendee.seat_kind_id == kind]
        seated = [place for place in places if place.registration.state in Registration.SEATED]
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
    for row in rows_of(booking):
        if row.attendees.exists():
            continue
        if row.pk == booking.pk and not (added and row.state in {State.PENDING, State.WAITING}):
            raise Refused(
                "Dann hätte niemand mehr von Ihnen einen Platz. Stornieren Sie bitte ganz und melden Sie sich neu an, "
                "oder rufen Sie uns an.",
                code="empty",
            )
        if row.pk != booking.pk:
            change_state(row, State.CANCELLED, action="part-ended", ended_at=timezone.now(), offered_until=None)
    return added, removed


def _take(people: list[Person], name: str) -> Person | None:
    """Take the person of that name out of a list, if there is one."""
    for person in people:
        if person.name == name:
            people.remove(person)
            return person
    return None


def nearest_kind(kind: SeatKind, dialogue: Dialogue) -> SeatKind:
    """The kind of seat at another dialogue that comes nearest."""
    kinds = list(dialogue.seat_kinds.all())
    if not kinds:
        raise Refused("Jener Dialog hat keine Plätze.", code="seat_kind")
    return min(kinds, key=lambda other: (other.way != kind.way, other.name != kind.name, other.order, other.pk))
