"""Queue a mail within the transaction of its cause; send what is due outside of any."""

import contextlib
import logging
import random
import smtplib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import make_msgid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from procrastinate.contrib.django import app

from platform_mark.tokens import make_token

from . import codes
from .models import OutgoingMail

log = logging.getLogger(__name__)

# Stands in a stored text where the personal link goes, so that neither the database nor a dump opens a door.
LINK = "[persönlicher Link]"
LEASE = timedelta(minutes=5)
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=2)
# After that a mail that a server keeps refusing "for now" is told to staff as undeliverable.
GIVE_UP_AFTER = timedelta(hours=24)
KEEP_TEXT = timedelta(days=30)
LIMITS = ((timedelta(hours=1), 3), (timedelta(days=1), 6))


@dataclass(frozen=True)
class Link:
    """A personal link: a path with `{token}` in it, and what the token names."""

    path: str
    purpose: str
    row_id: int
    version: int

    @property
    def token(self) -> str:
        return make_token(self.purpose, self.row_id, self.version)


def queue(
    kind: str, to: str, *, context: Mapping[str, Any], link: Link | None = None, is_limited: bool = False
) -> OutgoingMail | None:
    """Write a mail into the outbox from `email/<kind>.txt`, whose first line is the subject.

    Must run in the transaction of the cause. A limited mail over the limits of its address is not written: then None
    comes back, and the page must look the same.
    """
    key = address_key(to)
    if is_limited and _is_over_limit(key):
        return None
    text = render_to_string(f"email/{kind}.txt", {**context, "link": LINK, "operator": settings.OPERATOR})
    subject, _, body = text.partition("\n")
    mail = OutgoingMail.objects.create(
        kind=kind,
        to=to,
        address_key=key,
        is_limited=is_limited,
        subject=" ".join(subject.split())[:200],
        text=body.strip() + "\n",
        message_id=make_msgid(domain=urlsplit(settings.BASE_URL).hostname),
        **(
            {
                "link_path": link.path,
                "token_purpose": link.purpose,
                "token_row": link.row_id,
                "token_version": link.version,
            }
            if link
            else {}
        ),
    )
    # By name, since the task module imports this one. Deferred in this transaction, so a rollback takes it along.
    app.configure_task("platform_mark.mail.tasks.send_due").defer()
    return mail


def address_key(address: str) -> str:
    """The address as one person would recognise it: trimmed, NFKC, lower case, IDNA domain."""
    local, _, domain = unicodedata.normalize("NFKC", address.strip()).casefold().rpartition("@")
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{local}@{domain}"


def _is_over_limit(key: str) -> bool:
    now = timezone.now()
    sent = OutgoingMail.objects.filter(address_key=key, is_limited=True)
    return any(sent.filter(created_at__gt=now - period).count() >= most for period, most in LIMITS)


def full_text(mail: OutgoingMail) -> str:
    """The text as the person gets it, with the real link. Never stored, never logged."""
    if not mail.link_path or mail.token_row is None or mail.token_version is None:
        return codes.text_of(mail)
    token = make_token(mail.token_purpose, mail.token_row, mail.token_version)
    return mail.text.replace(LINK, f"{settings.BASE_URL}{mail.link_path.replace('{token}', token)}")


def send_next() -> bool:
    """Send one due mail, if there is one; return whether there was. Several workers may do so at once."""
    with transaction.atomic(durable=True):
        mail = OutgoingMail.objects.due().order_by("next_attempt_at", "pk").select_for_update(skip_locked=True).first()
        if mail is None:
            return False
        mail.leased_until = timezone.now() + LEASE
        mail.attempts += 1
        mail.save(update_fields=["leased_until", "attempts"])
    try:
        _deliver(mail)
    except Exception as error:  # every failure to send is the mail server's or the network's, and is tried again
        _note_failure(mail, error)
    else:
        mail.state, mail.sent_at, mail.error, mail.leased_until = mail.State.SENT, timezone.now(), "", None
        mail.save(update_fields=["state", "sent_at", "error", "leased_until"])
        log.info("mail sent", extra={"mail": mail.pk, "kind": mail.kind})
    return True


def retry(mail: OutgoingMail) -> None:
    """Put a failed mail back into the queue; it keeps its Message-ID."""
    mail.state, mail.next_attempt_at, mail.leased_until, mail.error = mail.State.WAITING, timezone.now(), None, ""
    mail.save(update_fields=["state", "next_attempt_at", "leased_until", "error"])


def forget_old_texts() -> int:
    """Delete addresses and texts of mails sent a month ago; return how many. The rows stay as counts."""
    old = OutgoingMail.objects.filter(created_at__lt=timezone.now() - KEEP_TEXT).exclude(state="waiting")
    return old.exclude(address_key="").update(
        text="", to="geloescht@example.invalid", address_key="", subject="gelöscht"
    )


def _deliver(mail: OutgoingMail) -> None:
    message = EmailMessage(
        subject=mail.subject,
        body=full_text(mail),
        to=[mail.to],
        headers={"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"},
    )
    message.send()


def _note_failure(mail: OutgoingMail, error: Exception) -> None:
    now = timezone.now()
    mail.error = f"{type(error).__name__}: {_reason(error)}"[:300]
    mail.leased_until = None
    if _is_permanent(error) or now - mail.created_at > GIVE_UP_AFTER:
        mail.state = mail.State.FAILED
    else:
        wait = min(FIRST_RETRY * 2 ** min(mail.attempts - 1, 10), LONGEST_RETRY)
        # Spread, so that a recovered server is not met by everything at once.
        mail.next_attempt_at = now + wait * random.uniform(0.7, 1.3)  # noqa: S311 (not a secret)
    mail.save(update_fields=["error", "leased_until", "state", "next_attempt_at"])
    log.warning("mail not sent", extra={"mail": mail.pk, "kind": mail.kind, "reason": type(error).__name__})


def _is_permanent(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    # 530 to 535 speak of our login, which staff repair; the mail itself is fine.
    return (
        isinstance(error, smtplib.SMTPResponseException)
        and 500 <= error.smtp_code < 600
        and error.smtp_code // 10 != 53
    )


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {text.decode(errors='replace')}" for code, text in error.recipients.values())
    return str(error)
