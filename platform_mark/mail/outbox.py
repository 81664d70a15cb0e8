"""Queue a mail within the transaction of its cause; send what is due outside of any."""

import contextlib
import logging
import random
import re
import smtplib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from email.mime.text import MIMEText
from email.utils import format_datetime, make_msgid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.utils import timezone
from procrastinate.contrib.django import app

from platform_mark.contact import operator

from . import codes, texts
from .layout import as_html
from .models import BulkMail, OutgoingMail
from .texts import LINK, Letter, Link, MailKind, Text

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=2)
# After that a mail that a server keeps refusing "for now" is told to staff as undeliverable.
GIVE_UP_AFTER = timedelta(hours=24)
KEEP_TEXT = timedelta(days=30)
LIMITS = ((timedelta(hours=1), 3), (timedelta(days=1), 6))
# Mail is expected within a minute. One full mailbox is nobody's alarm; several that wait this long are.
MAIL_DELAY = timedelta(minutes=15)
LATE_MAILS = 10
# Servers close a connection after some mails; a fresh one costs less than a mail that has to wait for its next try.
MAILS_PER_CONNECTION = 50

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class MailServerDown(Exception):
    """The server does not answer or lets nobody in: no mail of this run would fare better."""


def queue(
    kind: str,
    to: str,
    *,
    context: Mapping[str, Any],
    link: Link | None = None,
    is_limited: bool = False,
) -> OutgoingMail | None:
    """Write a mail into the outbox from the Django template `email/<kind>.txt`, whose first line is the subject.

    Must run in the transaction of the cause. A limited mail over the limits of its address is not written: then None
    comes back, and the page must look the same. For kinds whose text staff may change, see `queue_letter`.
    """
    text = render_to_string(f"email/{kind}.txt", {**context, "link": LINK, "operator": operator()})
    subject, _, body = text.partition("\n")
    letter = Letter(values={}, links={"link": link} if link else {})
    return _write(
        kind, to, subject=" ".join(texts.clean(subject).split()), text=body, letter=letter, is_limited=is_limited
    )


def queue_letter(kind: MailKind, to: str, letter: Letter) -> OutgoingMail | None:
    """Write a mail into the outbox from the present text of its kind; the rest is as for `queue`."""
    text = texts.fill(texts.current(kind), letter.values, letter.links)
    body = f"{text.body}\n\n{texts.closing()}"
    return _write(kind.name, to, subject=text.subject, text=body, letter=letter, is_limited=kind.is_limited)


def queue_test(to: str, text: Text, *, links: Iterable[str], calendar: str = "") -> None:
    """Mail a filled-in text to somebody who wants to see it; its personal links lead nowhere, and it says so."""
    nowhere = Link("/test/{token}/", "test", 0, 0)
    note = "Das ist eine Testmail. Die persönlichen Links darin führen ins Leere."
    letter = Letter(values={}, links=dict.fromkeys(links, nowhere), calendar=calendar)
    _write("test", to, subject=f"Test: {text.subject}", text=f"{note}\n\n{text.body}", letter=letter)


def draft(kind: str, to: str, letter: Letter, *, bulk: BulkMail) -> OutgoingMail:
    """Make the row of one recipient of a bulk mail; it has neither subject nor text until the bulk mail is released."""
    mail = _row(kind, to, letter)
    mail.state, mail.bulk, mail.values = mail.State.DRAFT, bulk, dict(letter.values)
    mail.save()
    return mail


def wake_worker() -> None:
    """Let the worker look into the outbox once this transaction is through; a rollback takes that along."""
    # By name, since the task module imports this one.
    app.configure_task("platform_mark.mail.tasks.send_due").defer()


def address_key(address: str) -> str:
    """The address as one person would recognise it: trimmed, NFKC, lower case, IDNA domain."""
    local, _, domain = unicodedata.normalize("NFKC", address.strip()).casefold().rpartition("@")
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{local}@{domain}"


def links_of(mail: OutgoingMail) -> dict[str, str]:
    """The addresses of the personal links of a mail, by what stands for them in its text. Never stored, never logged."""
    links = {name: Link(**parts) for name, parts in mail.other_links.items()}
    if mail.link_path and mail.token_row is not None and mail.token_version is not None:
        links["link"] = Link(mail.link_path, mail.token_purpose, mail.token_row, mail.token_version)
    return {texts.marker(name): link.url for name, link in links.items()}


def full_text(mail: OutgoingMail) -> str:
    """The text as the person gets it, with the real links. Never stored, never logged."""
    text = codes.text_of(mail)
    for marker, url in links_of(mail).items():
        text = text.replace(marker, url)
    return text


def message_of(mail: OutgoingMail) -> EmailMultiAlternatives:
    """The mail as it goes out: text, HTML that says the same, and what is enclosed."""
    links = links_of(mail)
    headers = {
        "Message-ID": mail.message_id,
        "Date": format_datetime(timezone.localtime()),
        "Auto-Submitted": "auto-generated",
    }
    if url := links.get(texts.marker(mail.unsubscribe)) if mail.unsubscribe else None:
        headers |= {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    message = EmailMultiAlternatives(subject=mail.subject, body=full_text(mail), to=[mail.to], headers=headers)
    message.attach_alternative(as_html(mail.subject, codes.text_of(mail), links), "text/html")
    if mail.calendar:
        method = re.search(r"^METHOD:(\w+)", mail.calendar, re.MULTILINE)
        file = MIMEText(mail.calendar, "calendar", "utf-8")
        file.set_param("method", method[1] if method else "PUBLISH")
        file.add_header("Content-Disposition", "attachment", filename="termin.ics")
        message.attach(file)
    return message


def send_due() -> int:
    """Send everything that is due, over as few connections as may be; return how many mails went out.

    Several workers may do so at once. Ends early while the server itself is down: the next minute tries again, and
    other jobs of the worker need not wait for its time-outs.
    """
    sent = 0
    with contextlib.suppress(MailServerDown):
        while batch := _send_batch():
            sent += batch
    return sent


def send_next(connection: BaseEmailBackend | None = None) -> bool:
    """Send one due mail, if there is one; return whether there was. Raises MailServerDown once that is noted."""
    if connection is None:
        with _connection() as own:
            return send_next(own)
    with transaction.atomic(durable=True):
        mail = OutgoingMail.objects.due().order_by("next_attempt_at", "pk").select_for_update(skip_locked=True).first()
        if mail is None:
            return False
        mail.leased_until = timezone.now() + LEASE
        mail.attempts += 1
        mail.save(update_fields=["leased_until", "attempts"])
    try:
        _deliver(mail, connection)
    except Exception as error:  # every failure to send is the mail server's or the network's, and is tried again
        _note_failure(mail, error)
        if _is_outage(error):
            raise MailServerDown from error
    else:
        _end_lease(mail, state=mail.State.SENT, sent_at=timezone.now(), error="", outage_at=None)
        log.info("mail sent", extra={"mail": mail.pk, "kind": mail.kind})
    return True


def retry(mail: OutgoingMail) -> None:
    """Put a failed mail back into the queue for as long as a new one; it keeps its Message-ID."""
    mail.state, mail.leased_until, mail.error = mail.State.WAITING, None, ""
    mail.next_attempt_at = mail.retried_at = timezone.now()
    mail.save(update_fields=["state", "next_attempt_at", "retried_at", "leased_until", "error"])


def is_late(at: datetime | None = None) -> bool:
    """Whether mail does not get out: the server is down, nobody sends, or several mails have waited too long."""
    at = at or timezone.now()
    waiting = OutgoingMail.objects.filter(state=OutgoingMail.State.WAITING)
    outage = waiting.exclude(outage_at=None).order_by("-outage_at").values_list("outage_at", flat=True).first()
    if outage and not OutgoingMail.objects.filter(sent_at__gt=outage).exists():
        return True
    late = OutgoingMail.objects.waiting_since(at - MAIL_DELAY)
    return late.filter(attempts=0).exists() or late.count() >= LATE_MAILS


def forget_old_texts() -> int:
    """Delete addresses and texts a month after sending, and drafts that nobody released; return how many mails.

    The rows of mails that were sent or failed stay as counts.
    """
    before = timezone.now() - KEEP_TEXT
    drafts, _ = OutgoingMail.objects.filter(state=OutgoingMail.State.DRAFT, created_at__lt=before).delete()
    BulkMail.objects.drafts().filter(created_at__lt=before, mails=None).delete()
    old = OutgoingMail.objects.annotate(done_at=Coalesce("sent_at", "created_at")).filter(done_at__lt=before)
    emptied = old.exclude(state__in=["waiting", "draft"]).exclude(address_key="").update(**EMPTY)
    log.info("mail texts deleted", extra={"mails": emptied, "drafts": drafts})
    return emptied + drafts


# What a row holds once nobody is in it any more.
EMPTY: Mapping[str, Any] = {
    "text": "",
    "to": "geloescht@example.invalid",
    "address_key": "",
    "subject": "gelöscht",
    "calendar": "",
    "error": "",
    "values": {},
}


def _write(
    kind: str, to: str, *, subject: str, text: str, letter: Letter, is_limited: bool = False
) -> OutgoingMail | None:
    if is_limited and _is_over_limit(address_key(to)):
        return None
    if _UNPRINTABLE.search(subject):
        raise ValueError("A subject holds a control character.")
    mail = _row(kind, to, letter)
    mail.subject = subject[: texts.SUBJECT_LENGTH]
    mail.text = texts.clean(text).strip() + "\n"
    mail.is_limited = is_limited
    mail.save()
    wake_worker()
    return mail


def _row(kind: str, to: str, letter: Letter) -> OutgoingMail:
    # Django refuses line breaks in headers by itself; this refuses the rest, and whatever is no address.
    validate_email(to.strip())
    links = dict(letter.links)
    link = links.pop("link", None)
    return OutgoingMail(
        kind=kind,
        to=to.strip(),
        address_key=address_key(to),
        message_id=make_msgid(domain=urlsplit(settings.BASE_URL).hostname),
        link_path=link.path if link else "",
        token_purpose=link.purpose if link else "",
        token_row=link.row_id if link else None,
        token_version=link.version if link else None,
        other_links={name: asdict(other) for name, other in links.items()},
        unsubscribe=letter.unsubscribe,
        calendar=letter.calendar,
    )


def _is_over_limit(key: str) -> bool:
    now = timezone.now()
    sent = OutgoingMail.objects.filter(address_key=key, is_limited=True)
    return any(sent.filter(created_at__gt=now - period).count() >= most for period, most in LIMITS)


def _send_batch() -> int:
    """Send over one connection; return how many were taken, so 0 means that nothing is due."""
    taken = 0
    with _connection() as connection:
        # The file backend writes one file a connection, and there each mail shall have its own.
        most = MAILS_PER_CONNECTION if isinstance(connection, SmtpBackend) else 1
        while taken < most and send_next(connection):
            taken += 1
    return taken


@contextlib.contextmanager
def _connection() -> Iterator[BaseEmailBackend]:
    connection = get_connection()
    try:
        yield connection
    finally:
        # A server that is gone cannot be said goodbye to.
        with contextlib.suppress(OSError, smtplib.SMTPException):
            connection.close()


def _deliver(mail: OutgoingMail, connection: BaseEmailBackend) -> None:
    try:
        connection.open()
    except smtplib.SMTPNotSupportedError as error:
        # No TLS where TLS is asked for: nothing leaves the machine, the password neither.
        raise MailServerDown(f"Der Mailserver kann nicht, was verlangt ist: {error}") from error
    message = message_of(mail)
    message.connection = connection
    try:
        message.send()
    except smtplib.SMTPServerDisconnected:
        connection.close()
        raise
    except smtplib.SMTPException:
        # What was begun is taken back, else the next mail on this connection would be refused for it.
        with contextlib.suppress(OSError, smtplib.SMTPException, AttributeError):
            connection.connection.rset()
        raise


def _note_failure(mail: OutgoingMail, error: Exception) -> None:
    now = timezone.now()
    values: dict[str, Any] = {"error": f"{type(error).__name__}: {texts.clean(_reason(error))}"[:300]}
    if _is_outage(error):
        values["outage_at"] = now
    if _is_permanent(error) or now - (mail.retried_at or mail.created_at) > GIVE_UP_AFTER:
        values["state"] = mail.State.FAILED
    else:
        wait = min(FIRST_RETRY * 2 ** min(mail.attempts - 1, 10), LONGEST_RETRY)
        # Spread, so that a recovered server is not met by everything at once.
        values["next_attempt_at"] = now + wait * random.uniform(0.7, 1.3)  # noqa: S311 (not a secret)
    _end_lease(mail, **values)
    log.warning("mail not sent", extra={"mail": mail.pk, "kind": mail.kind, "reason": type(error).__name__})


def _end_lease(mail: OutgoingMail, **values: Any) -> None:
    """Note how it went, if the row is still this worker's: it may have been erased, or leased anew after a long wait."""
    OutgoingMail.objects.filter(pk=mail.pk, leased_until=mail.leased_until).update(leased_until=None, **values)


def _is_outage(error: Exception) -> bool:
    """Whether the server itself is the reason, and not this mail or its recipient."""
    if isinstance(error, smtplib.SMTPResponseException):
        # 421 is "closing", 53x speaks of our login.
        return (
            isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError)
            or error.smtp_code == 421
            or error.smtp_code // 10 == 53
        )
    return isinstance(error, MailServerDown | smtplib.SMTPServerDisconnected) or (
        isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException)
    )


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
