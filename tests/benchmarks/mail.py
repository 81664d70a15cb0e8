"""How fast mails are written and sent: a thousand of them to a mail server on this machine, in one process."""

import time
from dataclasses import dataclass

from tests.moody import MoodyServer

MAILS = 1000


@dataclass(frozen=True)
class MailFigures:
    """Seconds for all mails, and how many arrived."""

    arrived: int
    write_seconds: float
    send_seconds: float


def measure_mails(number: int = MAILS) -> MailFigures:
    """Write and send so many confirmations, each with its HTML part and its calendar file.

    Needs Django set up and the tables laid; empties the outbox before, so that only these are counted.
    """
    from django.conf import settings
    from django.db import transaction

    from dialogues.mails import Kind, tell
    from platform_mark.mail.models import OutgoingMail
    from platform_mark.mail.outbox import send_due
    from tests.dialogues.make import make_dialogue, make_registration

    OutgoingMail.objects.all().delete()
    dialogue = make_dialogue("Messung Mail", seats=number)
    rows = [make_registration(dialogue, email=f"mail{n}@firma.example") for n in range(number)]
    with MoodyServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        begun = time.monotonic()
        for row in rows:
            with transaction.atomic():
                tell(Kind.CONFIRMED, row)
        written = time.monotonic()
        send_due()
        sent = time.monotonic()
        return MailFigures(len({to for to, _ in server.delivered}), written - begun, sent - written)


def print_mails(number: int = MAILS) -> None:
    """Measure and print one line."""
    figures = measure_mails(number)
    print(
        f"{figures.arrived} von {number} E-Mails: geschrieben in {figures.write_seconds:.1f} s,"
        f" gesendet in {figures.send_seconds:.1f} s ({figures.send_seconds / number * 1000:.1f} ms je E-Mail)"
    )


if __name__ == "__main__":
    from tests.benchmarks.__main__ import prepare

    prepare()
    print_mails()
