"""The dialogues of the starter content: one in each state, with invented people who signed up, relative to the day of loading."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from dialogues.models import (
    AgendaItem,
    Agreement,
    Attendee,
    Dialogue,
    DialogueDocument,
    DialoguePicture,
    Feedback,
    Host,
    Outcome,
    Question,
    Registration,
    RegistrationEvent,
    Report,
    SeatKind,
    Series,
)
from platform_mark.mail.outbox import address_key
from platform_mark.media.documents import store_document
from platform_mark.media.images import store_image
from platform_mark.media.models import Document
from platform_mark.search import index
from platform_mark.slugs import free_slug
from platform_mark.taxonomy.models import Branch, CompanySize, Municipality
from practices.models import Practice

from .models import StarterObject

FOLDER = Path(__file__).parent
# Fields that go over as they are.
_PLAIN = (
    *("title", "teaser", "description", "for_whom", "target_groups", "form", "venue", "street", "postal_code"),
    *(
        "directions",
        "accessibility",
        "online_link",
        "most_per_company",
        "shows_exact_numbers",
        "waiting_mode",
        "offer_hours",
    ),
)
# How long before its day a dialogue is announced; nobody can have signed up earlier.
_ANNOUNCED = timedelta(days=75)
# What a company makes, and its branch.
_COMPANIES = (
    ("Drehteile", "metall-und-draht"),
    ("Stanzerei", "metall-und-draht"),
    ("Galvanik", "metall-und-draht"),
    ("Federnwerk", "metall-und-draht"),
    ("Tischlerei", "bau-und-ausbau"),
    ("Pflegedienst", "gesundheit-und-pflege"),
    ("Formenbau", "kunststoff-und-gummi"),
    ("Kettenwerk", "metall-und-draht"),
)
# Most are small; the last says nothing, since it is voluntary.
_SIZES = (CompanySize.SMALL, CompanySize.MICRO, CompanySize.MEDIUM, CompanySize.SMALL, CompanySize.LARGE, "")
_PLACES = ("Probetal", "Musterbach", "Beispielhang", "Probeufer", "Musterberg")
_NAMES = ("Kim Muster", "Robin Beispiel", "Alex Probe", "Toni Muster", "Jona Beispiel", "Mika Probe")
_BOOKED = {
    "confirmed": Registration.State.CONFIRMED,
    "offered": Registration.State.OFFERED,
    "waiting": Registration.State.WAITING,
    "cancelled": Registration.State.CANCELLED,
}


def load() -> int:
    """Load what is not there; return how many dialogues were made."""
    made = 0
    for row in json.loads((FOLDER / "dialogues.json").read_text(encoding="utf-8")):
        key = f"dialogue: {row['title']}"
        if StarterObject.objects.filter(key=key, removed_at=None).exists():
            continue
        _remember(key, _make(row))
        made += 1
    return made


def remove(rows: Sequence[StarterObject]) -> int:
    """Remove the dialogues among what was loaded, with all who signed up for them; return how many went."""
    dialogues = Dialogue.objects.filter(pk__in=_ids(rows, Dialogue))
    removed = dialogues.count()
    registrations = Registration.objects.filter(dialogue__in=dialogues)
    registrations.filter(part_of__isnull=False).delete()
    registrations.delete()
    dialogues.delete()
    for series in Series.objects.filter(pk__in=_ids(rows, Series), dialogues=None):
        # One that somebody waits for stays.
        with suppress(models.ProtectedError):
            series.delete()
    # What staff took over into a dialogue of their own stays.
    Document.objects.filter(pk__in=_ids(rows, Document), dialogue_documents=None, practice_documents=None).delete()
    return removed


def _make(row: Mapping[str, Any]) -> Dialogue:
    first = _workday(row["days"])
    starts_at, ends_at = _at(first, row["starts"]), _at(first, row["ends"])
    moved = _at(_workday(row["moved_from_days"]), row["starts"]) if "moved_from_days" in row else None
    dialogue = Dialogue(
        **{name: row[name] for name in _PLAIN if name in row},
        slug=free_slug(row["title"], lambda slug: Dialogue.objects.filter(slug=slug).exists()),
        municipality=Municipality.objects.get(name=row["municipality"]) if "municipality" in row else None,
        series=_series(row["series"]) if "series" in row else None,
        starts_at=starts_at,
        ends_at=ends_at,
        signup_opens_at=_at(_workday(row["signup_opens_days"]), "09:00") if "signup_opens_days" in row else None,
        signup_closes_at=_at(_workday(row["signup_closes_days"]), "18:00") if "signup_closes_days" in row else None,
        moved_from=moved,
        cancelled_at=_ago(row["cancelled_days_ago"]) if "cancelled_days_ago" in row else None,
        cancel_reason=row.get("cancel_reason", ""),
        calendar_sequence=1 if moved or "cancelled_days_ago" in row else 0,
        is_fictitious=True,
        published_at=min(starts_at - _ANNOUNCED, timezone.now().replace(microsecond=0) - timedelta(days=2)),
    )
    dialogue.full_clean()
    dialogue.save()
    dialogue.branches.set(_branches(row["branches"]))
    dialogue.practices.set(Practice.objects.filter(title__in=row.get("practices", []), is_fictitious=True))
    _add_parts(dialogue, row)
    _add_people(dialogue, row)
    if "report" in row:
        _add_report(dialogue, row["report"])
    dialogue.publish()
    # Read anew: `publish` indexed what was in hand before the parts came.
    index.put(*Dialogue.objects.for_search().filter(pk=dialogue.pk))
    return dialogue


def _series(name: str) -> Series:
    series, is_new = Series.objects.get_or_create(name=name)
    if is_new:
        _remember(f"series: {name}", series)
    return series


def _add_parts(dialogue: Dialogue, row: Mapping[str, Any]) -> None:
    AgendaItem.objects.bulk_create(
        AgendaItem(
            dialogue=dialogue,
            order=number,
            starts_at=time.fromisoformat(item["starts_at"]),
            title=item["title"],
            detail=item["detail"],
            person=item["person"],
            # Invented people agree to everything.
            person_agreed=bool(item["person"]),
        )
        for number, item in enumerate(row.get("agenda", []))
    )
    Host.objects.bulk_create(
        Host(dialogue=dialogue, order=number, is_fictitious=True, **host) for number, host in enumerate(row["hosts"])
    )
    for number, (way, name, capacity) in enumerate(row["seats"]):
        SeatKind.objects.create(dialogue=dialogue, way=way, name=name, capacity=capacity, order=number)
    for number, (kind, text, choices) in enumerate(row.get("questions", [])):
        Question.objects.create(dialogue=dialogue, kind=kind, text=text, choices=choices, order=number)


def _add_people(dialogue: Dialogue, row: Mapping[str, Any]) -> None:
    """Bookings of one or two people each, in the order in which they came; those of the past were there or not."""
    first, *others = dialogue.seat_kinds.all()
    is_off = dialogue.cancelled_at is not None
    number, waiting = count(1), count(1)
    groups = [("cancelled" if is_off else "confirmed", first, row.get("taken", 0))]
    groups += [("confirmed", kind, row["taken_second"]) for kind in others if "taken_second" in row]
    groups += [("offered", first, row.get("offered", 0)), ("waiting", first, row.get("waiting", 0))]
    absent = row.get("absent", 0)
    for state, kind, people in groups:
        for party in _parties(people):
            booking = _booking(dialogue, _BOOKED[state], next(number), next(waiting) if state in _IN_LINE else None)
            for place in range(party):
                presence = Attendee.Presence.UNKNOWN
                if dialogue.is_over():
                    presence = Attendee.Presence.ATTENDED
                # "taken" are those who were there; those who did not come are beyond them.
                name = _NAMES[(booking.pk + place) % len(_NAMES)]
                Attendee.objects.create(registration=booking, seat_kind=kind, name=name, presence=presence)
    for _ in range(absent):
        booking = _booking(dialogue, Registration.State.CONFIRMED, next(number), None)
        Attendee.objects.create(registration=booking, seat_kind=first, presence=Attendee.Presence.ABSENT)
    dialogue.last_waiting_number = next(waiting) - 1
    dialogue.save(update_fields=["last_waiting_number"])


_IN_LINE = ("offered", "waiting")


def _booking(dialogue: Dialogue, state: Registration.State, number: int, waiting_number: int | None) -> Registration:
    trade, branch = _COMPANIES[number % len(_COMPANIES)]
    company = f"{trade} {_PLACES[number % len(_PLACES)]} {number}"
    size = _SIZES[number % len(_SIZES)]
    # Addresses that belong to nobody (RFC 2606).
    email = f"anmeldung-{dialogue.pk}-{number}@betrieb.example"
    published_at = dialogue.published_at or timezone.now()
    created_at = published_at + timedelta(hours=number)
    offered = state == Registration.State.OFFERED
    registration = Registration.objects.create(
        dialogue=dialogue,
        state=state,
        company=company,
        size=size,
        branch=next(iter(_branches([branch])), None) if size else None,
        contact_name=_NAMES[number % len(_NAMES)],
        email=email,
        email_key=address_key(email),
        notice_version="Startinhalt",
        waiting_number=waiting_number,
        offered_until=timezone.now() + timedelta(hours=dialogue.offer_hours) if offered else None,
        created_at=created_at,
        confirmed_at=created_at + timedelta(minutes=5),
        ended_at=dialogue.cancelled_at if state == Registration.State.CANCELLED else None,
    )
    RegistrationEvent.objects.create(
        registration=registration, at=created_at, action="starter", to_state=state, people=0, note="Startinhalt"
    )
    return registration


def _add_report(dialogue: Dialogue, row: Mapping[str, Any]) -> None:
    written_at: datetime = dialogue.ends_at + timedelta(days=row["days_after"])  # type: ignore[operator,assignment]
    Report.objects.create(
        dialogue=dialogue,
        summary=row["summary"],
        participants=row["participants"],
        companies=row["companies"],
        published_at=written_at,
    )
    Outcome.objects.bulk_create(
        Outcome(dialogue=dialogue, order=number, kind=kind, text=text)
        for number, (kind, text) in enumerate(row["outcomes"])
    )
    Agreement.objects.bulk_create(
        Agreement(
            dialogue=dialogue,
            order=number,
            text=text,
            owner=owner,
            due_on=_day(due),
            state=state,
            reason=reason,
            reported_on=_day(reported),
        )
        for number, (text, owner, due, state, reason, reported) in enumerate(row["agreements"])
    )
    for was_useful, was_fitting, will_act in row["feedback"]:
        Feedback.objects.create(
            dialogue=dialogue,
            was_useful=was_useful,
            was_fitting=was_fitting,
            will_act=will_act,
            given_on=timezone.localdate(written_at),
        )
    if "picture" in row:
        name, alt, caption = row["picture"]
        with (FOLDER / "pictures" / name).open("rb") as file:
            image = store_image(file, alt=alt, credit="Zeichnung: Portal")
        _remember(f"dialogue picture: {name}", image)
        DialoguePicture.objects.create(dialogue=dialogue, image=image, caption=caption)
    name, title = row["document"]
    document = store_document((FOLDER / "documents" / name).read_bytes(), title=title, name=name)
    _remember(f"dialogue document: {name}", document)
    DialogueDocument.objects.create(dialogue=dialogue, document=document)


def _parties(people: int) -> Iterator[int]:
    """Companies come with one or two people, until all are there."""
    for size in (1, 2, 1, 1, 2) * people:
        if people <= 0:
            return
        yield min(size, people)
        people -= size


def _branches(keys: list[str]) -> list[Branch]:
    # Shipped terms by their key, wherever staff have merged them since.
    found = Branch.objects.select_related("merged_into").filter(reference_key__in=keys)
    return [branch.merged_into or branch for branch in found]


def _workday(days: int) -> date:
    """The day so many days from today, or the next one that is neither a weekend nor between the years."""
    day = _day(days)
    while day.weekday() > 4 or (day.month, day.day) >= (12, 23) or (day.month, day.day) <= (1, 3):
        day += timedelta(days=1)
    return day


def _day(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


def _ago(days: int) -> datetime:
    return timezone.now().replace(microsecond=0) - timedelta(days=days)


def _at(day: date, clock: str) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.fromisoformat(clock)))


def _ids(rows: Sequence[StarterObject], model: type[models.Model]) -> list[int]:
    content_type = ContentType.objects.get_for_model(model)
    return [row.object_id for row in rows if row.content_type_id == content_type.pk]


def _remember(key: str, target: models.Model) -> None:
    StarterObject.objects.update_or_create(
        key=key,
        defaults={
            "content_type": ContentType.objects.get_for_model(target),
            "object_id": target.pk,
            "removed_at": None,
        },
    )
