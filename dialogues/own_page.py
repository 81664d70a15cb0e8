"""What the own page of a booking says and offers, in one place, so that the page only shows it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

from platform_mark.media.models import Document

from . import feedback, wording
from .models import Attendee, FileVisibility, Registration, SeatKind
from .retention import KEEP_FOR_NEWS, KEEP_LISTED, KEEP_NEEDS
from .seats import place_in_line

State = Registration.State


@dataclass(frozen=True)
class Kept:
    """One line of what is stored, and the day on which it is deleted."""

    what: str
    value: str
    until: datetime | None = None


@dataclass
class OwnPage:
    """The state in words, the steps of the way, and what the person can do now."""

    heading: str
    sentence: str
    tone: str = ""
    steps: list[tuple[str, str]] = field(default_factory=list)
    offer_until: datetime | None = None
    can_confirm: bool = False
    can_change: bool = False
    can_transfer: bool = False
    can_cancel: bool = False
    can_sign_up: bool = False
    is_confirmed: bool = False
    is_over: bool = False
    is_asked: bool = False
    people: list[tuple[str, str, str]] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    online_link: str = ""
    awaits_link: bool = False
    listed: list[tuple[str, list[str]]] = field(default_factory=list)


def own_page(registration: Registration, at: datetime | None = None) -> OwnPage:
    """The own page of a booking at the instant `at` (now, if not given)."""
    at = at or timezone.now()
    dialogue = registration.dialogue
    attendees = list(
        Attendee.objects.filter(registration__in=[registration.pk, *registration.parts.living()])
        .select_related("seat_kind", "registration")
        .order_by("pk")
    )
    page = _state(registration, attendees)
    page.is_over = dialogue.is_over(at)
    page.is_confirmed = registration.state == State.CONFIRMED
    page.is_asked = feedback.stage(registration, at) is feedback.Stage.OPEN
    is_living = registration.state in Registration.LIVING
    changes = is_living and not dialogue.has_begun(at) and dialogue.cancelled_at is None
    page.can_confirm = changes and registration.state == State.PENDING and registration.confirmed_at is None
    page.can_change = changes and not page.can_confirm and registration.state != State.OFFERED
    page.can_transfer = changes and registration.state != State.PENDING
    page.can_cancel = changes and not page.can_confirm
    has_left = registration.state in {State.CANCELLED, State.DECLINED, State.EXPIRED}
    page.can_sign_up = has_left and dialogue.is_promoting(at) and not dialogue.is_by_invitation
    if not changes:
        page.offer_until = None
    if dialogue.cancelled_at and is_living:
        page.heading, page.tone, page.steps = "Der Dialog ist abgesagt", "err", []
        page.sentence = f"Wir müssen diesen Dialog leider absagen. {dialogue.cancel_reason}"
    elif page.is_over and is_living:
        page.heading, page.tone, page.steps = "Der Dialog ist vorbei", "", []
        page.sentence = "Danke, dass Sie dabei waren." if page.is_confirmed else "Diesmal war leider kein Platz frei."
    page.people = [(str(row), row.seat_kind.name, _standing(row)) for row in attendees]
    page.kept = _kept(registration)
    _add_what_participants_get(page, registration, attendees, at)
    return page


def _state(registration: Registration, attendees: list[Attendee]) -> OwnPage:
    waiting = [row for row in attendees if row.registration.state == State.WAITING]
    match registration.state:
        case State.PENDING if registration.confirmed_at:
            return OwnPage(
                "Ihre Anmeldung wird geprüft",
                "Für diesen Dialog sehen wir uns jede Anmeldung an. Wir schreiben Ihnen, sobald wir entschieden haben.",
                steps=_way("Wir prüfen", "Platz fest"),
            )
        case State.PENDING:
            return OwnPage(
                "Noch ein Schritt: Bitte bestätigen Sie",
                "Ihre Anmeldung zählt erst, wenn Sie unten auf „Anmeldung bestätigen“ drücken.",
                "warn",
                [("done", "Angaben geschickt"), ("now", "E-Mail bestätigen"), ("", "Platz fest")],
            )
        case State.CONFIRMED:
            seated = len(attendees) - len(waiting)
            heading = "Ihr Platz ist bestätigt" if seated == 1 else f"Ihre {seated} Plätze sind bestätigt"
            starts_at = registration.dialogue.starts_at
            day = f" am {date_format(timezone.localtime(starts_at), 'l, j. F Y')}" if starts_at else ""
            page = OwnPage(heading, f"Wir freuen uns{day} auf Sie.", "ok", _way("Platz fest"))
            offers = [row.registration for row in attendees if row.registration.state == State.OFFERED]
            if offers:
                page.offer_until = min(part.offered_until for part in offers if part.offered_until)
                page.sentence = f"Für {_people(len(offers))} mehr von Ihnen ist jetzt auch ein Platz frei."
            elif waiting:
                place, number = place_in_line(waiting[0].registration), len(waiting)
                waits = _plural(number, "wartet", "warten")
                page.sentence = f"{_people(number)} von Ihnen {waits} noch: Warteliste, Platz {place}."
            return page
        case State.WAITING:
            place = place_in_line(registration)
            ahead = (
                "steht niemand"
                if place == 1
                else _plural(place - 1, "steht 1 Anmeldung", f"stehen {place - 1} Anmeldungen")
            )
            return OwnPage(
                f"Warteliste, Platz {place}",
                f"Sie stehen auf der Warteliste, Platz {place}. Vor Ihnen {ahead}. Wird etwas frei, schreiben wir Ihnen.",
                "warn",
                _way(f"Warteliste, Platz {place}", "Platz fest"),
            )
        case State.OFFERED:
            until = registration.offered_until
            words = wording.moment(until) if until else ""
            return OwnPage(
                "Für Sie ist ein Platz frei",
                f"Nehmen Sie ihn bis {words} an. Danach geht er an die Nächsten.",
                "warn",
                _way("Platz annehmen", "Platz fest"),
                offer_until=until,
            )
        case State.CANCELLED:
            freed = _plural(len(attendees), "Ihr Platz ist", "Ihre Plätze sind")
            return OwnPage("Ihre Anmeldung ist storniert", f"{freed} wieder frei.")
        case State.DECLINED:
            return OwnPage("Sie haben den Platz abgelehnt", "Danke, dass Sie Bescheid gegeben haben.")
        case State.EXPIRED:
            return OwnPage("Das Angebot ist abgelaufen", "Der Platz ging an die Nächsten.", "err")
        case _:
            return OwnPage("Ihre Anmeldung ist nicht angenommen", f"Der Grund: {registration.reject_reason}", "err")


def _way(*open_steps: str) -> list[tuple[str, str]]:
    """The steps of the way: two are done, the next is where the person stands."""
    first, *rest = open_steps
    return [("done", "Angemeldet"), ("done", "E-Mail bestätigt"), ("now", first), *(("", step) for step in rest)]


def _plural(number: int, one: str, many: str) -> str:
    return one if number == 1 else many


def _people(number: int) -> str:
    return _plural(number, "1 Person", f"{number} Personen")


def _standing(row: Attendee) -> str:
    return {State.WAITING: "Warteliste", State.OFFERED: "angeboten"}.get(State(row.registration.state), "")


def _kept(registration: Registration) -> list[Kept]:
    dialogue = registration.dialogue

    def after(period: timedelta) -> datetime | None:
        return dialogue.ends_at + period if dialogue.ends_at else None

    names_until = after(timedelta(days=dialogue.retention_days))
    news_until = after(KEEP_FOR_NEWS) if registration.news_agreed_at else None
    kept = [
        Kept("Betrieb", registration.company, names_until),
        Kept("Ansprechperson", registration.contact_name, names_until),
        Kept("E-Mail-Adresse", registration.email, max(filter(None, (names_until, news_until)), default=None)),
        Kept("Betriebsgröße", registration.get_size_display()),
        Kept("Branche", registration.branch.name if registration.branch else ""),
        Kept("Ihr Hinweis", registration.needs, after(KEEP_NEEDS)),
    ]
    for answer in registration.answers.select_related("question"):
        days = timedelta(days=answer.question.delete_after_days)
        kept.append(Kept(answer.question.text, ", ".join(answer.texts), after(days)))
    return [line for line in kept if line.value]


def _add_what_participants_get(
    page: OwnPage, registration: Registration, attendees: list[Attendee], at: datetime
) -> None:
    dialogue = registration.dialogue
    visible = [FileVisibility.PUBLIC, *([FileVisibility.PARTICIPANTS] if page.is_confirmed else [])]
    documents = dialogue.documents.filter(visibility__in=visible).select_related("document")
    page.documents = [row.document for row in documents]
    if not page.is_confirmed or dialogue.cancelled_at:
        return
    if not page.is_over:
        page.online_link = dialogue.online_link
        page.awaits_link = not dialogue.online_link and any(
            row.seat_kind.way == SeatKind.Way.ONLINE and row.registration.state == State.CONFIRMED for row in attendees
        )
    if dialogue.ends_at and at < dialogue.ends_at + KEEP_LISTED:
        others = dialogue.registrations.filter(state=State.CONFIRMED, list_agreed_at__isnull=False).exclude(
            pk=registration.pk
        )
        page.listed = [
            (row.company, [str(person) for person in row.attendees.all()])
            for row in others.prefetch_related("attendees").order_by("company", "pk")
        ]
