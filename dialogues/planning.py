"""Plan a dialogue and tell those who come: publish, move, cancel, copy, set seats, publish the report, bring words back.

Everything that people must know is written under the lock of the dialogue, together with the mails that say so; a claim
for each mail keeps anybody from getting it twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from platform_mark.local_time import from_local, to_local
from platform_mark.publishing import versions
from platform_mark.publishing.models import State, TransitionRefused
from platform_mark.search import index
from platform_mark.slugs import free_slug

from . import links, locking, snapshot, waiting_line, wording
from .attendance import attendance, took_part
from .mails import DOCUMENTS_TOLD, Facts, Kind, tell
from .models import Dialogue, DialogueQuerySet, Notice, Registration, Report, SeatKind, Series
from .seats import SeatState, seat_state

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

MOST_IN_SERIES = 26
SMALLEST_TOLD = 3
WHEN = ("starts_at", "ends_at")
WHERE = ("form", "venue", "street", "postal_code", "municipality", "place")
# What those who come must be told when it changes.
MOVABLE = (*WHEN, *WHERE, "online_link", "signup_closes_at")
# Not copied: what makes a dialogue this one, and what happened to it.
_OWN = frozenset(
    [
        *("id", "slug", "state", "published_at", "expires_at", "submitted_by", "preview_version", "preview_until"),
        *("created_at", "updated_at", "starts_at", "ends_at", "date_note", "signup_opens_at", "signup_closes_at"),
        *("cancelled_at", "cancel_reason", "moved_from", "calendar_sequence", "source_url"),
        *("last_waiting_number", "invitation_version", "room_opened_at"),
    ]
)
_COPIED_PARTS = ("seat_kinds", "agenda", "hosts", "questions", "documents", "pictures")


BUSY = "Gerade ändern andere etwas an diesem Dialog. Es ist noch nichts gespeichert. Bitte versuchen Sie es gleich noch einmal."


class PlanRefused(TransitionRefused):
    """This cannot be done with the dialogue as it is; the message is for people."""


def missing_for_publication(dialogue: Dialogue) -> list[str]:
    """What a visitor would look for in vain, one sentence each; what is over needs something that it left behind."""
    missing = []
    if dialogue.starts_at is None or dialogue.ends_at is None:
        return ["Beginn und Ende fehlen."]
    if dialogue.is_over():
        if _took_place(dialogue):
            return []
        day = wording.day(dialogue.starts_at)
        return [
            f"Der Termin liegt in der Vergangenheit: {day}. Ist das ein Tippfehler, berichtigen Sie Beginn und Ende. Hat der "
            "Dialog stattgefunden, schreiben Sie zuerst eine Zusammenfassung oder ein Ergebnis."
        ]
    ways = set(dialogue.seat_kinds.values_list("way", flat=True))
    if dialogue.is_onsite:
        if not (dialogue.venue and (dialogue.municipality_id or dialogue.place)):
            missing.append("Veranstaltungsort und Stadt fehlen.")
        if SeatKind.Way.ONSITE not in ways:
            missing.append("Plätze vor Ort fehlen: Legen Sie unter „Plätze“ mindestens eine Art an.")
    if dialogue.is_online and SeatKind.Way.ONLINE not in ways:
        missing.append("Online-Plätze fehlen: Legen Sie unter „Plätze“ mindestens eine Art an.")
    if dialogue.signup_closes_at and dialogue.signup_closes_at > dialogue.ends_at:
        missing.append("„Anmeldung bis“ liegt nach dem Ende.")
    return missing


def _took_place(dialogue: Dialogue) -> bool:
    """Whether there are traces of it: a year in the past is quickly mistyped, people and a report are not."""
    reported = Report.objects.filter(dialogue=dialogue).exclude(summary="").exists()
    return reported or dialogue.outcomes.exists() or dialogue.registrations.exists()


def awaiting_link() -> DialogueQuerySet:
    """Public dialogues ahead with online seats and no link yet: it is often made late, and must not be forgotten."""
    online = SeatKind.objects.filter(way=SeatKind.Way.ONLINE).order_by().values("dialogue")
    return Dialogue.objects.upcoming().filter(state=State.PUBLISHED, cancelled_at=None, online_link="", pk__in=online)


@transaction.atomic
def publish(dialogue: Dialogue, *, by: "User | None" = None) -> Dialogue:
    """Make it public; raises PlanRefused with all that is missing, TransitionRefused from a wrong state."""
    dialogue = _locked(dialogue)
    if missing := missing_for_publication(dialogue):
        raise PlanRefused(missing)
    dialogue.publish(by=by)
    return dialogue


@transaction.atomic
def take_offline(dialogue: Dialogue, *, archive: bool = False) -> Dialogue:
    """Withdraw or archive it; raises PlanRefused while people count on it."""
    dialogue = _locked(dialogue)
    if not dialogue.is_over() and not dialogue.cancelled_at and (number := dialogue.registrations.living().count()):
        raise PlanRefused(
            f"Es gibt {_signups(number)}. Sagen Sie den Dialog ab: Dann erfahren alle davon, und die Seite bleibt lesbar."
        )
    if archive:
        dialogue.archive()
    else:
        dialogue.withdraw()
    return dialogue


@transaction.atomic
def cancel_dialogue(dialogue: Dialogue, *, reason: str, by: "User | None" = None) -> int:
    """Call it off, tell all living sign-ups once, and return how many; raises PlanRefused.

    The page stays and says so. Sign-ups keep their state: nobody is promoted, and nobody has to sign off.
    """
    dialogue = _refreshed(dialogue)
    if dialogue.cancelled_at:
        raise PlanRefused("Dieser Dialog ist schon abgesagt.")
    if dialogue.state != State.PUBLISHED:
        raise PlanRefused("Dieser Dialog ist nicht veröffentlicht. Einen Entwurf können Sie einfach löschen.")
    if dialogue.is_over():
        raise PlanRefused("Dieser Dialog ist schon vorbei.")
    if not reason.strip():
        raise PlanRefused("Nennen Sie den Grund. Er steht in der E-Mail und auf der Seite.")
    dialogue.cancelled_at = timezone.now().replace(microsecond=0)
    dialogue.cancel_reason = " ".join(reason.split())
    dialogue.calendar_sequence += 1
    _save(dialogue, ["cancelled_at", "cancel_reason", "calendar_sequence"], by=by, comment="Abgesagt")
    living = dialogue.registrations.living()
    return _tell_once(living, Kind.CANCELLED_BY_US, claim="cancelled", reason=dialogue.cancel_reason)


@transaction.atomic
def change_dialogue(dialogue: Dialogue, *, by: "User | None" = None, **values: Any) -> int:
    """Change time, place or link (MOVABLE); tell all living sign-ups what changed, once, and return how many.

    Raises PlanRefused when it is over or cancelled, and ValidationError with the fields that do not fit together. An end
    of sign-up that is not named moves along with the start.
    """
    dialogue = _refreshed(dialogue)
    if unknown := set(values) - set(MOVABLE):
        raise TypeError(f"not movable: {sorted(unknown)}")
    if dialogue.cancelled_at:
        raise PlanRefused("Dieser Dialog ist abgesagt. Kopieren Sie ihn, wenn er doch stattfindet.")
    if dialogue.is_over():
        raise PlanRefused("Dieser Dialog ist schon vorbei.")
    before = {name: getattr(dialogue, name) for name in MOVABLE}
    place_before = dialogue.where_exactly
    start = values.get("starts_at", dialogue.starts_at)
    if start != dialogue.starts_at and "signup_closes_at" not in values and dialogue.signup_closes_at:
        dialogue.signup_closes_at = _shifted(dialogue.signup_closes_at, dialogue.starts_at, start)
    for name, value in values.items():
        setattr(dialogue, name, value)
    changed = [name for name in MOVABLE if getattr(dialogue, name) != before[name]]
    if not changed:
        return 0
    if dialogue.starts_at and dialogue.starts_at <= timezone.now() and "starts_at" in changed:
        raise PlanRefused("Der neue Beginn liegt in der Vergangenheit.")
    dialogue.full_clean()
    if "starts_at" in changed:
        # Back on its first day, it was never moved for those who come to the page.
        first = dialogue.moved_from or before["starts_at"]
        dialogue.moved_from = first if first != dialogue.starts_at else None
    told = _told_changes(dialogue, changed, before, place_before)
    if told:
        dialogue.calendar_sequence += 1
    _save(dialogue, [*changed, "moved_from", "calendar_sequence"], by=by, comment="Verlegt oder geändert")
    if not told or dialogue.state != State.PUBLISHED:
        return 0
    claim = f"changed-{dialogue.calendar_sequence}"
    concerned = dialogue.registrations.living()
    if not set(changed) & {*WHEN, *WHERE}:
        # The link alone is news to those only who take part by it; who gets a seat later reads it with that.
        concerned = concerned.filter(state=Registration.State.CONFIRMED, attendees__seat_kind__way=SeatKind.Way.ONLINE)
    return _tell_once(concerned, Kind.DIALOGUE_CHANGED, claim=claim, changes=told)


@dataclass(frozen=True)
class SeatsChanged:
    """How full a dialogue is after its seats were changed, and how many bookings got seats or an offer by that."""

    state: SeatState
    served: int


@transaction.atomic
def seats_changed(dialogue: Dialogue) -> SeatsChanged:
    """Let move up who fits after seats were changed by hand; return what came of it.

    Fewer seats than people is allowed and moves nobody: `occupancy.warnings` says so.
    """
    dialogue = _locked(dialogue)
    served = waiting_line.promote(dialogue)
    return SeatsChanged(seat_state(dialogue), served)


@transaction.atomic
def copy_dialogue(
    dialogue: Dialogue, *, starts_at: datetime, series: Series | None = None, by: "User | None" = None
) -> Dialogue:
    """Make a draft with everything but people and what came of it. Length and sign-up window move along on the clock.

    Raises ValidationError where one of these times does not exist. Persons named in the programme are asked anew: their
    consent was for the other day.
    """
    fields = {
        field.name: getattr(dialogue, field.name)
        for field in Dialogue._meta.concrete_fields
        if field.name not in _OWN and not field.generated
    }
    fields |= {"series": series} if series else {}
    for name in ("ends_at", "signup_opens_at", "signup_closes_at"):
        fields[name] = _shifted(getattr(dialogue, name), dialogue.starts_at, starts_at)
    slug = free_slug(dialogue.title, lambda slug: Dialogue.objects.filter(slug=slug).exists())
    copy = Dialogue(**fields, slug=slug, starts_at=starts_at)
    copy.full_clean()
    copy.save()
    for relation in Dialogue._meta.many_to_many:
        getattr(copy, relation.name).set(getattr(dialogue, relation.name).all())
    for part in _COPIED_PARTS:
        for row in getattr(dialogue, part).all():
            row.pk, row._state.adding = None, True
            row.dialogue = copy
            if part == "agenda":
                row.person_agreed = False
            row.save()
    versions.record(copy, by=by, comment="Als Kopie angelegt")
    index.put(copy)
    return copy


@transaction.atomic
def copy_series(dialogue: Dialogue, *, name: str, weeks: int, number: int, by: "User | None" = None) -> list[Dialogue]:
    """Make as many further dates, each `weeks` after the one before at the same time of day, as drafts of one series."""
    dialogue = _refreshed(dialogue)
    if dialogue.starts_at is None:
        raise PlanRefused("Tragen Sie zuerst den Beginn ein.")
    if not 1 <= number <= MOST_IN_SERIES:
        raise PlanRefused(f"Höchstens {MOST_IN_SERIES} weitere Termine auf einmal.")
    series, _ = Series.objects.get_or_create(name=" ".join(name.split()))
    if dialogue.series_id != series.pk:
        dialogue.series = series
        _save(dialogue, ["series"], by=by, comment="Reihe zugeordnet")
    first = to_local(dialogue.starts_at)
    return [
        copy_dialogue(dialogue, starts_at=from_local(first + timedelta(weeks=weeks * step)), series=series, by=by)
        for step in range(1, number + 1)
    ]


@transaction.atomic
def publish_report(dialogue: Dialogue, *, by: "User | None" = None) -> int:
    """Make the report public and tell those who took part, once; return how many were told. Raises PlanRefused."""
    dialogue = _refreshed(dialogue)
    report = Report.objects.filter(dialogue=dialogue).first()
    if dialogue.state != State.PUBLISHED:
        raise PlanRefused("Veröffentlichen Sie zuerst den Dialog selbst.")
    if dialogue.cancelled_at:
        raise PlanRefused("Dieser Dialog hat nicht stattgefunden.")
    if not dialogue.is_over():
        raise PlanRefused("Der Dialog ist noch nicht zu Ende.")
    if report is None or not (report.summary or dialogue.outcomes.exists()):
        raise PlanRefused("Schreiben Sie zuerst eine Zusammenfassung oder mindestens ein Ergebnis.")
    if report.published_at:
        raise PlanRefused("Der Nachbericht ist schon veröffentlicht.")
    report.published_at = timezone.now().replace(microsecond=0)
    came_in_numbers = attendance(dialogue)
    # What staff left empty is filled from the tick list; a number as small as this would be somebody.
    if report.participants is None and came_in_numbers.people >= SMALLEST_TOLD:
        report.participants = came_in_numbers.people
    if report.companies is None and came_in_numbers.companies >= SMALLEST_TOLD:
        report.companies = came_in_numbers.companies
    report.save(update_fields=["published_at", "participants", "companies"])
    versions.record(dialogue, by=by, comment="Nachbericht veröffentlicht")
    index.put(dialogue)
    return _tell_once(took_part(dialogue), Kind.DOCUMENTS, claim=DOCUMENTS_TOLD)


@transaction.atomic
def withdraw_report(dialogue: Dialogue, *, by: "User | None" = None) -> None:
    """Take the report off the page; publishing it again tells nobody a second time."""
    dialogue = _refreshed(dialogue)
    if not Report.objects.filter(dialogue=dialogue).exclude(published_at=None).update(published_at=None):
        raise PlanRefused("Der Nachbericht ist nicht veröffentlicht.")
    versions.record(dialogue, by=by, comment="Nachbericht zurückgezogen")
    index.put(dialogue)


def refusal_to_delete(dialogue: Dialogue) -> str:
    """Why it may not be deleted, empty where it may."""
    number = dialogue.registrations.count()
    if not number:
        return ""
    return (
        f"„{dialogue}“ hat {_signups(number)}. Sagen Sie den Dialog ab, statt ihn zu löschen: Dann erfahren alle davon. "
        "Die Namen und Adressen löscht das Portal nach der Frist von selbst, die Zahlen bleiben."
    )


@transaction.atomic
def delete(dialogue: Dialogue) -> None:
    """Delete a dialogue that nobody signed up for; raises PlanRefused for others."""
    dialogue = _locked(dialogue)
    if refusal := refusal_to_delete(dialogue):
        raise PlanRefused(refusal)
    dialogue.delete()


@transaction.atomic
def restore_version(dialogue: Dialogue, version_id: int, *, by: "User | None") -> Dialogue:
    """Bring the words of an old version back as a new one; seats, times and files stay. Raises PlanRefused."""
    dialogue = _locked(dialogue)
    version = versions.Version.objects.of(dialogue).get(pk=version_id)
    # What it says today can be brought back, too.
    versions.record(dialogue, by=by)
    snapshot.restore(dialogue, version.data)
    versions.record(
        dialogue, by=by, comment=f"Texte vom {timezone.localtime(version.created_at):%d.%m.%Y} zurückgeholt"
    )
    return dialogue


@transaction.atomic
def renew_invitation(dialogue: Dialogue) -> None:
    """Let the link of a dialogue by invitation die; from now on another one opens its sign-up."""
    Dialogue.objects.filter(pk=dialogue.pk).update(invitation_version=F("invitation_version") + 1)
    dialogue.refresh_from_db()


def invitation_link(dialogue: Dialogue) -> str:
    """The link that opens the sign-up of a dialogue by invitation. It is a key: staff hand it on."""
    token = links.invitation_token(dialogue)
    return settings.BASE_URL + reverse("dialogues:invited", args=[dialogue.slug, token])


def _told_changes(dialogue: Dialogue, changed: Iterable[str], before: dict[str, Any], place_before: str) -> list[str]:
    """What a mail says about a change, one sentence each; what only staff must know is not among it."""
    told = []
    if set(changed) & set(WHEN) and dialogue.starts_at and dialogue.ends_at:
        told.append(f"Neuer Termin: {wording.when(dialogue.starts_at, dialogue.ends_at)}")
        if before["starts_at"] and before["ends_at"]:
            told.append(f"Bisher: {wording.when(before['starts_at'], before['ends_at'])}")
    if set(changed) & set(WHERE):
        told.append(f"Neuer Ort: {dialogue.where_exactly}")
        told.append(f"Bisher: {place_before}")
    if "online_link" in changed:
        told.append(_told_link(dialogue.online_link, before["online_link"]))
    return told


def _told_link(now: str, before: str) -> str:
    if not now:
        return "Der bisherige Link zur Online-Teilnahme gilt nicht mehr. Den neuen schicken wir Ihnen vor dem Termin."
    there = "ist neu" if before else "ist jetzt da"
    return f"Der Link zur Online-Teilnahme {there}. Wer online dabei ist, findet ihn auf der eigenen Seite."


def _tell_once(registrations: Any, kind: Kind, *, claim: str, **facts: Unpack[Facts]) -> int:
    """Write one mail to each of these bookings that has not had it and has an address; return how many. Under the dialogue's lock."""
    people = {}
    for registration in registrations.select_related("dialogue", "part_of__dialogue").order_by("pk"):
        # Parts of a group share its address and its link.
        whole = registration.part_of or registration
        people[whole.pk] = whole
    claimed = set(Notice.objects.filter(registration__in=people, kind=claim).values_list("registration", flat=True))
    fresh = [whole for pk, whole in people.items() if pk not in claimed]
    Notice.objects.bulk_create(Notice(registration=whole, kind=claim) for whole in fresh)
    return sum([tell(kind, whole, **facts) for whole in fresh])


def _shifted(moment: datetime | None, old: datetime | None, new: datetime | None) -> datetime | None:
    """`moment` moved as far on the clock as from `old` to `new`; without one of them there is nothing to go by."""
    if moment is None or old is None or new is None:
        return None
    return from_local(to_local(moment) + (to_local(new) - to_local(old)))


def _locked(dialogue: Dialogue) -> Dialogue:
    """The dialogue as it is now, under the lock that sign-ups take, too; raises PlanRefused while others hold it."""
    try:
        return locking.lock(dialogue.pk)
    except OperationalError as error:
        if isinstance(error.__cause__, locking.HELD_BY_OTHERS):
            raise PlanRefused(BUSY, code="busy") from error
        raise


def _refreshed(dialogue: Dialogue) -> Dialogue:
    """Lock the row and bring the caller's object up to date, so that it shows what this journey makes of it."""
    _locked(dialogue)
    dialogue.refresh_from_db()
    return dialogue


def _save(dialogue: Dialogue, fields: Sequence[str], *, by: "User | None", comment: str) -> None:
    dialogue.save(update_fields=[*dict.fromkeys(fields), "updated_at"])
    versions.record(dialogue, by=by, comment=comment)
    index.put(dialogue)


def _signups(number: int) -> str:
    return "eine Anmeldung" if number == 1 else f"{number} Anmeldungen"
