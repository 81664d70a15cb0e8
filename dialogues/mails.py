"""What people are told by mail about their sign-up: one function, one text a kind, and what each text may name.

The texts are in `templates/email/`; staff may change them (platform_mark.mail.texts). To an address that nobody has
confirmed goes nothing that somebody typed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from platform_mark.contact import operator
from platform_mark.mail import texts
from platform_mark.mail.bulk import draft_bulk
from platform_mark.mail.models import BulkMail
from platform_mark.mail.outbox import Link, queue_letter
from platform_mark.mail.texts import Letter, MailKind

from . import wording
from .calendar import event_calendar, ways_of, where
from .models import Attendee, Dialogue, Notice, Registration, SeatKind
from .seats import count_seats

PURPOSE = "dialogues.registration"
PATH = "/anmeldung/{token}/"
# Opens the room of an online dialogue and nothing else, so that it may be passed on to colleagues.
ONLINE_PURPOSE = "dialogues.online"
ONLINE_PATH = "/anmeldung/online/{token}/"
LINK_FOLLOWS = "Den Link schicken wir Ihnen vor dem Termin."


class Kind(models.TextChoices):
    """The kinds of mail; the value is the name of the text in `email/`."""

    PLEASE_CONFIRM = "dialog-bestaetigen", "Bitte bestätigen"
    ALREADY_REGISTERED = "dialog-schon-angemeldet", "Schon angemeldet"
    CONFIRMED = "dialog-platz-bestaetigt", "Platz bestätigt"
    WAITING = "dialog-warteliste", "Warteliste"
    OFFERED = "dialog-angebot", "Platz angeboten, mit Frist"
    PROMOTED = "dialog-nachgerueckt", "Nachgerückt"
    PARTY_CHANGED = "dialog-geaendert", "Anmeldung geändert"
    DIALOGUE_CHANGED = "dialog-verlegt", "Dialog geändert oder verlegt"
    CANCELLED_BY_US = "dialog-abgesagt", "Von uns abgesagt"
    CANCELLED_BY_YOU = "dialog-abgemeldet", "Storniert"
    REJECTED = "dialog-nicht-angenommen", "Nicht angenommen, mit Grund"
    HANDED_OVER = "dialog-uebergeben", "An Sie übergeben"
    RECEIVED = "dialog-eingegangen", "Eingegangen, wird geprüft"
    REMINDER = "dialog-erinnerung", "Erinnerung"
    DOCUMENTS = "dialog-unterlagen", "Unterlagen sind da"
    THANKS = "dialog-danke", "Danke, mit der Bitte um Rückmeldung"
    MESSAGE = "dialog-nachricht", "Nachricht an mehrere"


# A report tells of its documents once, whichever of publishing and the job comes first.
DOCUMENTS_TOLD = "documents"
# What anybody can trigger for any address counts towards its limit; these hold nothing that somebody typed.
LIMITED = frozenset({Kind.PLEASE_CONFIRM, Kind.ALREADY_REGISTERED, Kind.HANDED_OVER})
ENCLOSE_EVENT = frozenset({Kind.CONFIRMED, Kind.PROMOTED, Kind.PARTY_CHANGED, Kind.DIALOGUE_CHANGED})
ENCLOSE_CANCEL = frozenset({Kind.CANCELLED_BY_US, Kind.CANCELLED_BY_YOU})

_EVENT = {
    "titel": "Titel des Dialogs",
    "tag": "Tag, zum Beispiel „3. Dezember 2026“",
    "wann": "Tag und Uhrzeit in Worten",
    "wo": "Ort oder „Online“, je nachdem, wie die Person teilnimmt",
    "eckdaten": "Dialog, Wann, Wo (und Wer) als Tafel; steht allein in einer Zeile",
    "seite": "Adresse der öffentlichen Seite des Dialogs",
    "telefon": "Telefon für Rückfragen",
    "link": "Persönlicher Link zur eigenen Anmeldung; steht allein in einer Zeile",
}
_PERSON = {
    "anrede": "„Guten Tag“, mit dem Namen der Ansprechperson",
    "betrieb": "Name des Betriebs",
    "personen": "Angemeldete Personen mit Namen",
    "anzahl": "Zahl der Personen, zum Beispiel „2 Personen“",
    "plaetze": "„Ihr Platz ist“ oder „Ihre 2 Plätze sind“",
    "zugang": "Link zur Online-Teilnahme, oder dass er noch kommt; leer für alle, die nicht online dabei sind oder keinen bestätigten Platz haben",
    "anfahrt": "Anfahrt und Eingang; leer für alle, die nur online dabei sind",
}
_MOVED = {"umgebucht": "Von welchem Dialog wir die Anmeldung hierher gelegt haben; sonst leer"}
_MORE: Mapping[Kind, Mapping[str, str]] = {
    Kind.PLEASE_CONFIRM: {
        "stand": "Was die Bestätigung bringt: eine gültige Anmeldung oder einen Platz auf der Warteliste"
    },
    Kind.CONFIRMED: {"warten": "Wer aus der Gruppe noch auf der Warteliste steht; sonst leer", **_MOVED},
    Kind.WAITING: {"platz": "Platz auf der Warteliste", **_MOVED},
    Kind.OFFERED: {"frist": "Bis wann das Angebot gilt"},
    Kind.PARTY_CHANGED: {"kein_platz": "Dass es noch keinen festen Platz gibt: Warteliste oder Angebot; sonst leer"},
    Kind.DIALOGUE_CHANGED: {"aenderungen": "Was sich geändert hat; steht allein in einer Zeile"},
    Kind.CANCELLED_BY_US: {"grund": "Grund der Absage"},
    Kind.CANCELLED_BY_YOU: {"grund": "Grund, wenn das Team storniert hat; sonst leer"},
    Kind.REJECTED: {"grund": "Grund der Ablehnung"},
    Kind.REMINDER: {
        "wie_bald": "„heute“, „morgen“ oder „in 7 Tagen“",
        "erinnerungen_beenden": "Persönlicher Link: keine Erinnerungen mehr; steht allein in einer Zeile",
    },
    Kind.THANKS: {"rueckmeldung": "Persönlicher Link zur Rückmeldung; steht allein in einer Zeile"},
    Kind.MESSAGE: {"nachricht": "Was Sie schreiben; steht allein in einer Zeile"},
}
_REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    Kind.DIALOGUE_CHANGED: ("aenderungen",),
    Kind.CANCELLED_BY_US: ("grund",),
    Kind.REJECTED: ("grund",),
    Kind.OFFERED: ("frist",),
    Kind.REMINDER: ("erinnerungen_beenden",),
    Kind.THANKS: ("rueckmeldung",),
    Kind.MESSAGE: ("nachricht",),
}
_LINKS = frozenset({"link", "erinnerungen_beenden", "rueckmeldung"})

# What somebody without a seat must not take a changed sign-up for.
_NO_SEAT: Mapping[str, str] = {
    Registration.State.WAITING: "Noch haben Sie keinen Platz: Sie stehen weiter auf der Warteliste.",
    Registration.State.OFFERED: "Noch haben Sie keinen festen Platz: Bitte nehmen Sie das Angebot an, solange es gilt.",
}

# What a preview shows while there is no sign-up yet.
_MADE_UP = {
    "titel": "Rüsten ohne Suchen",
    "tag": "3. Dezember 2026",
    "wann": "Donnerstag, 3. Dezember 2026, 16 bis 19 Uhr",
    "wo": "Federnwerk Lennetal (Beispielfirma), Halle 2, Altena",
    "eckdaten": "  Dialog  Rüsten ohne Suchen\n  Wann    Donnerstag, 3. Dezember 2026, 16 bis 19 Uhr\n"
    "  Wo      Federnwerk Lennetal (Beispielfirma), Halle 2, Altena",
    "anrede": "Guten Tag Kim Muster",
    "betrieb": "Muster Drehteile",
    "personen": "Kim Muster, N.N.",
    "anzahl": "2 Personen",
    "plaetze": "Ihre 2 Plätze sind",
    "anfahrt": "Eingang neben dem Pförtner, Parkplätze vor Halle 2.",
    "warten": "Eine Person steht noch auf der Warteliste, Platz 1.",
    "platz": "3",
    "frist": "Dienstag, 1. Dezember 2026, 18 Uhr",
    "aenderungen": "- Neuer Termin: Donnerstag, 10. Dezember 2026, 16 bis 19 Uhr",
    "grund": "Die Halle steht an diesem Tag nicht zur Verfügung.",
    "stand": "Ein Platz ist noch nicht vergeben: Erst wenn Sie bestätigen, gilt die Anmeldung.",
    "wie_bald": "in 7 Tagen",
    "kein_platz": "Noch haben Sie keinen Platz: Sie stehen weiter auf der Warteliste.",
    "umgebucht": "Wir haben Ihre Anmeldung vom Dialog „Angebote schneller schreiben“ hierher umgebucht.",
    "nachricht": "Bitte bringen Sie Sicherheitsschuhe mit.",
}


class Facts(TypedDict, total=False):
    """What a text may say beyond the booking and its dialogue; which kind says what is in its text."""

    changes: Sequence[str]
    reason: str
    place_in_line: int
    #: How many of the booking still wait.
    waiting_people: int
    offered_until: datetime | None
    moved_from: Dialogue


def tell(
    kind: Kind,
    registration: Registration,
    *,
    once: str = "",
    attendees: Sequence[Attendee] | None = None,
    **facts: Unpack[Facts],
) -> bool:
    """Write the mail of this kind to the person of a booking; in the transaction of its cause. Return whether it was.

    Nothing is written to a booking whose address has been deleted. With `once` a booking gets it only the first time that
    this word is given; the caller holds the row of the booking or dialogue. Whoever has just read the `attendees` of the
    booking, with their kinds of seat, hands them over.
    """
    if not registration.email:
        return False
    if once:
        _, is_new = Notice.objects.get_or_create(registration=registration, kind=once)
        if not is_new:
            return False
    return queue_letter(KINDS[kind], registration.email, letter_for(kind, registration, attendees, **facts)) is not None


@transaction.atomic
def draft_message(registrations: Iterable[Registration], *, subject: str, text: str, by: Any = None) -> BulkMail:
    """Keep a message of staff to these bookings as a draft; it is sent after a confirming press (platform_mark.mail.bulk).

    Each gets it once, with greeting, event and own link around it. Raises ValidationError for an unknown placeholder,
    BulkRefused where nobody can be reached.
    """
    wholes = {row.part_of_id or row.pk: row.part_of or row for row in registrations}
    letters = [
        (row.email, letter_for(Kind.MESSAGE, row))
        for row in wholes.values()
        # Whoever has not confirmed the address gets nothing but the request to do so.
        if row.email and row.confirmed_at
    ]
    body = texts.current(KINDS[Kind.MESSAGE]).body.replace("{nachricht}", text.strip())
    return draft_bulk(KINDS[Kind.MESSAGE], subject=subject, text=body, recipients=letters, by=by)


def letter_for(
    kind: Kind, registration: Registration, attendees: Sequence[Attendee] | None = None, **facts: Unpack[Facts]
) -> Letter:
    """What a mail of this kind says to the person of a booking."""
    dialogue = registration.dialogue
    if attendees is None:
        attendees = list(registration.attendees.select_related("seat_kind"))
    ways = {attendee.seat_kind.way for attendee in attendees} or set(ways_of(dialogue))
    values = (
        dict.fromkeys(_PERSON, "") | {"anrede": "Guten Tag", "plaetze": "Ihr Platz ist"} | _event_values(dialogue, ways)
    )
    links = _links(registration)
    if registration.confirmed_at and kind not in LIMITED:
        values |= _person_values(registration, attendees, ways)
        values["eckdaten"] = _table(values, who=": ".join(filter(None, [values["betrieb"], values["personen"]])))
        if registration.state == Registration.State.CONFIRMED and SeatKind.Way.ONLINE in ways:
            if dialogue.online_link:
                del values["zugang"]
                links["zugang"] = Link(ONLINE_PATH, ONLINE_PURPOSE, registration.pk, registration.token_version)
            else:
                values["zugang"] = LINK_FOLLOWS
    if kind is Kind.PLEASE_CONFIRM:
        values["stand"] = _what_confirming_brings(dialogue, attendees)
    values |= _fact_values(registration, facts)
    known = KINDS[kind].placeholders
    return Letter(
        values={name: value for name, value in values.items() if name in known},
        links={name: link for name, link in links.items() if name in known},
        calendar=_calendar(kind, registration),
        unsubscribe="erinnerungen_beenden" if kind == Kind.REMINDER else "",
    )


def how_soon(starts_at: datetime, at: datetime | None = None) -> str:
    """„heute“, „morgen“ or „in 7 Tagen“, by the days of the calendar here."""
    days = (timezone.localdate(starts_at) - timezone.localdate(at or timezone.now())).days
    return {0: "heute", 1: "morgen"}.get(days, f"in {days} Tagen")


def _event_values(dialogue: Dialogue, ways: Collection[str]) -> dict[str, str]:
    has_time = dialogue.starts_at and dialogue.ends_at
    values = {
        "titel": dialogue.title,
        "tag": _plain(wording.short_day(dialogue.starts_at)) if dialogue.starts_at else dialogue.date_note,
        "wann": _plain(wording.when(dialogue.starts_at, dialogue.ends_at)) if has_time else dialogue.date_note,  # type: ignore[arg-type]
        "wo": where(dialogue, ways),
        "seite": f"{settings.BASE_URL}/dialoge/{dialogue.slug}/",
        "telefon": dialogue.contact_phone or operator()["phone"],
        "wie_bald": how_soon(dialogue.starts_at) if dialogue.starts_at else "",
    }
    return values | {"eckdaten": _table(values)}


def _person_values(registration: Registration, attendees: Sequence[Attendee], ways: Iterable[str]) -> dict[str, str]:
    number = len(attendees)
    return {
        "anrede": f"Guten Tag {registration.contact_name}".strip(),
        "betrieb": registration.company,
        "personen": ", ".join(str(attendee) for attendee in attendees),
        "anzahl": "1 Person" if number == 1 else f"{number} Personen",
        "plaetze": "Ihr Platz ist" if number == 1 else f"Ihre {number} Plätze sind",
        "anfahrt": registration.dialogue.directions if SeatKind.Way.ONSITE in ways else "",
    }


def _what_confirming_brings(dialogue: Dialogue, attendees: Sequence[Attendee]) -> str:
    counts = count_seats(dialogue)
    wanted = [counts[attendee.seat_kind_id] for attendee in attendees]
    if wanted and not dialogue.is_moderated and all(kind.free <= 0 or kind.people_waiting for kind in wanted):
        return "Zurzeit sind alle Plätze vergeben: Wenn Sie bestätigen, bekommen Sie einen Platz auf der Warteliste."
    return "Ein Platz ist noch nicht vergeben: Erst wenn Sie bestätigen, gilt die Anmeldung."


def _fact_values(registration: Registration, facts: Facts) -> dict[str, str]:
    until = facts.get("offered_until") or registration.offered_until
    waiting, place, moved_from = facts.get("waiting_people"), facts.get("place_in_line"), facts.get("moved_from")
    rest = "Eine Person steht" if waiting == 1 else f"{waiting} Personen stehen"
    return {
        "aenderungen": "\n".join(f"- {_plain(line)}" for line in facts.get("changes", [])),
        "grund": facts.get("reason") or registration.reject_reason or registration.dialogue.cancel_reason,
        "platz": str(place or ""),
        "frist": _plain(wording.moment(until)) if until else "",
        "kein_platz": _NO_SEAT.get(registration.state, ""),
        "warten": f"{rest} noch auf der Warteliste, Platz {place}." if waiting else "",
        "umgebucht": f"Wir haben Ihre Anmeldung vom Dialog „{moved_from}“ hierher umgebucht." if moved_from else "",
    }


def _links(registration: Registration) -> dict[str, Link]:
    paths = {
        "link": PATH,
        "erinnerungen_beenden": f"{PATH}erinnerungen-beenden/",
        "rueckmeldung": f"{PATH}rueckmeldung/",
    }
    return {name: Link(path, PURPOSE, registration.pk, registration.token_version) for name, path in paths.items()}


def _table(values: Mapping[str, str], *, who: str = "") -> str:
    rows = {"Dialog": values["titel"], "Wann": values["wann"], "Wo": values["wo"], "Wer": who}
    return "\n".join(f"  {label:<8}{' '.join(value.split())}" for label, value in rows.items() if value)


def _calendar(kind: Kind, registration: Registration) -> str:
    if kind in ENCLOSE_CANCEL:
        method = "CANCEL"
    elif kind in ENCLOSE_EVENT and registration.state == Registration.State.CONFIRMED:
        method = "PUBLISH"
    else:
        return ""
    return event_calendar([registration.dialogue], method=method, stamp=timezone.now()).decode()


def _plain(text: str) -> str:
    # Plain text is wrapped by the reader's program, and searched by it.
    return text.replace(wording.NBSP, " ")


def _example(kind: Kind, is_real: bool) -> Letter:
    latest = (
        Registration.objects.filter(confirmed_at__isnull=False).exclude(email="").select_related("dialogue").first()
    )
    facts = {name: _MADE_UP[name] for name in ("platz", "frist", "aenderungen", "grund", "nachricht")}
    if is_real and latest is not None:
        letter = letter_for(kind, latest)
        wanted = KINDS[kind].placeholders
        values = {
            name: value or facts.get(name, "") for name, value in ({**facts, **letter.values}).items() if name in wanted
        }
        return Letter(values, letter.links, letter.calendar, letter.unsubscribe)
    names = KINDS[kind].placeholders
    nowhere = Link("/test/{token}/", "test", 0, 0)
    made_up = _MADE_UP | {
        "seite": f"{settings.BASE_URL}/dialoge/ruesten-ohne-suchen/",
        "telefon": operator()["phone"],
        "zugang": "",
    }
    return Letter(
        {name: made_up[name] for name in names if name not in _LINKS},
        {name: nowhere for name in names if name in _LINKS},
    )


def _mail_kind(kind: Kind) -> MailKind:
    known = dict(_EVENT) if kind in LIMITED else {**_EVENT, **_PERSON}
    return MailKind(
        name=kind.value,
        label=f"Dialog: {kind.label}",
        placeholders={**known, **_MORE.get(kind, {})},
        required=("eckdaten", "link", *_REQUIRED.get(kind, ())),
        example=lambda is_real: _example(kind, is_real),
        is_limited=kind in LIMITED,
    )


KINDS: Mapping[Kind, MailKind] = {kind: _mail_kind(kind) for kind in Kind}
