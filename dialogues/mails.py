"""What people are told by mail about their sign-up: one function, one template a kind."""

from typing import Any

from django.db import models

from platform_mark.mail.outbox import Link, queue

from .models import Registration

PURPOSE = "dialogues.registration"
PATH = "/anmeldung/{token}/"


class Kind(models.TextChoices):
    """The kinds of mail; the value is the name of the template in `email/`."""

    PLEASE_CONFIRM = "dialog-bestaetigen", "Bitte bestätigen"
    ALREADY_REGISTERED = "dialog-schon-angemeldet", "Schon angemeldet"
    CONFIRMED = "dialog-platz-bestaetigt", "Platz bestätigt"
    WAITING = "dialog-warteliste", "Warteliste"
    OFFERED = "dialog-angebot", "Platz angeboten, mit Frist"
    PROMOTED = "dialog-nachgerueckt", "Nachgerückt"
    PARTY_CHANGED = "dialog-geaendert", "Anmeldung geändert"
    DIALOGUE_CHANGED = "dialog-verlegt", "Dialog geändert oder verlegt"
    CANCELLED_BY_US = "dialog-abgesagt", "Von uns abgesagt"
    CANCELLED_BY_YOU = "dialog-abgemeldet", "Von Ihnen abgemeldet"
    REJECTED = "dialog-nicht-angenommen", "Nicht angenommen, mit Grund"
    HANDED_OVER = "dialog-uebergeben", "An Sie übergeben"
    RECEIVED = "dialog-eingegangen", "Eingegangen, wird geprüft"
    REMINDER = "dialog-erinnerung", "Erinnerung"
    DOCUMENTS = "dialog-unterlagen", "Unterlagen sind da"
    THANKS = "dialog-danke", "Danke, mit der Bitte um Rückmeldung"


# What anybody can trigger for any address counts towards its limit; these hold nothing that somebody typed.
LIMITED = frozenset({Kind.PLEASE_CONFIRM, Kind.ALREADY_REGISTERED, Kind.HANDED_OVER})


def tell(kind: Kind, registration: Registration, **facts: Any) -> None:
    """Write the mail of this kind to the person of a booking; in the transaction of its cause.

    Nothing is written to a booking whose address has been deleted. `facts` are what the template of the kind says beyond
    the booking and its dialogue, for example `changes`, `reason`, `place_in_line`.
    """
    if not registration.email:
        return
    queue(
        kind.value,
        registration.email,
        context={"registration": registration, "dialogue": registration.dialogue, **facts},
        link=Link(PATH, PURPOSE, registration.pk, registration.token_version),
        is_limited=kind in LIMITED,
    )
