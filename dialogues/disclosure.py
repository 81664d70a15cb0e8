"""Everything that is stored about one booking, in words and typed values, for the person it is about."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from platform_mark.mail.models import OutgoingMail

from . import notices
from .mails import PURPOSE
from .models import Answer, Attendee, Registration, RegistrationEvent


def own_data(registration: Registration) -> dict[str, Any]:
    """The data of one booking and its parts. Nobody else's: who of the staff did a step is left out."""
    rows = Registration.objects.filter(pk__in=[registration.pk, *registration.parts.values_list("pk", flat=True)])
    dialogue = registration.dialogue
    edition = notices.EDITIONS.get(registration.notice_version)
    people = Attendee.objects.filter(registration__in=rows).select_related("seat_kind", "registration")
    answers = Answer.objects.filter(registration__in=rows).select_related("question")
    steps = RegistrationEvent.objects.filter(registration__in=rows)
    mails = OutgoingMail.objects.filter(token_purpose=PURPOSE, token_row=registration.pk).order_by("pk")
    return {
        "dialog": {"titel": dialogue.title, "beginn": _time(dialogue.starts_at), "ende": _time(dialogue.ends_at)},
        "stand": registration.get_state_display(),
        "betrieb": registration.company,
        "ansprechperson": registration.contact_name,
        "e_mail": registration.email,
        "betriebsgroesse": registration.get_size_display(),
        "branche": registration.branch.name if registration.branch else "",
        "wenn_nicht_fuer_alle_platz_ist": registration.get_group_display(),
        "hinweis": registration.needs,
        "grund_der_absage": registration.reject_reason,
        "nummer_der_warteliste": registration.waiting_number,
        "angebot_gilt_bis": _time(registration.offered_until),
        "angemeldet_am": _time(registration.created_at),
        "adresse_bestaetigt_am": _time(registration.confirmed_at),
        "erinnerungen_beendet_am": _time(registration.reminders_ended_at),
        "rueckmeldung_gegeben_am": _time(registration.feedback_given_at),
        "einwilligungen": {
            "fassung": registration.notice_version,
            "hinweis": _consent(registration.needs_agreed_at, edition.needs if edition else ""),
            "liste": _consent(registration.list_agreed_at, edition.listed if edition else ""),
            "spaetere_nachrichten": _consent(registration.news_agreed_at, edition.news if edition else ""),
        },
        "personen": [
            {
                "name": str(person),
                "platz": person.seat_kind.name,
                "stand": person.registration.get_state_display(),
                "zielgruppe": person.get_role_display(),
                "anwesenheit": person.get_presence_display(),
            }
            for person in people
        ],
        "antworten": [{"frage": answer.question.text, "antwort": answer.texts} for answer in answers],
        "schritte": [
            {"wann": _time(step.at), "was": step.action, "stand": step.get_to_state_display(), "personen": step.people}
            for step in steps
        ],
        "e_mails": [
            {"betreff": mail.subject, "angelegt": _time(mail.created_at), "gesendet": _time(mail.sent_at)}
            for mail in mails
        ],
    }


def _time(at: datetime | None) -> str | None:
    return timezone.localtime(at).isoformat(timespec="seconds") if at else None


def _consent(at: datetime | None, text: str) -> dict[str, str | None]:
    return {"gegeben_am": _time(at), "text": text if at else None}
