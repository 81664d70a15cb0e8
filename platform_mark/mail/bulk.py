"""One text for several people: drafted with everybody's own data, released by somebody who has seen how many they are."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from . import texts
from .models import BulkMail, OutgoingMail
from .outbox import address_key, draft, wake_worker
from .texts import Letter, MailKind, Text


class BulkRefused(ValidationError):
    """What was asked for does not go, or not any more; the message is for people."""


@transaction.atomic
def draft_bulk(
    kind: MailKind, *, subject: str, text: str, recipients: Iterable[tuple[str, Letter]], by: Any = None
) -> BulkMail:
    """Keep a mail to several people as a draft; nothing goes out before `release`.

    `recipients` are addresses with their own strings and links, for the same placeholders each; an address that comes
    twice gets one mail. Raises ValidationError for a text that names unknown placeholders, BulkRefused without recipients.
    """
    letters = {address_key(to): (to, letter) for to, letter in reversed(list(recipients))}
    if not letters:
        raise BulkRefused("Es gibt niemanden, an den diese E-Mail gehen kann.", code="nobody")
    known = {name for _, letter in letters.values() for name in (*letter.values, *letter.links)}
    texts.check(Text(subject, text), placeholders=known, required=["link"])
    bulk = BulkMail(
        kind=kind.name, subject=subject.strip(), text=text.strip(), placeholders=sorted(known), created_by=by
    )
    bulk.full_clean()
    bulk.save()
    for to, letter in reversed(letters.values()):
        draft(kind.name, to, letter, bulk=bulk)
    return bulk


@transaction.atomic
def release(bulk: BulkMail, *, recipients: int, by: Any = None) -> None:
    """Send a draft. `recipients` is the number that the person saw; raises BulkRefused if it is another one by now."""
    bulk = BulkMail.objects.select_for_update().get(pk=bulk.pk)
    if bulk.released_at:
        raise BulkRefused("Diese Rundmail ist schon abgeschickt.", code="released")
    drafts = list(recipients_of(bulk).select_for_update())
    if not drafts:
        raise BulkRefused("Es gibt niemanden mehr, an den diese E-Mail gehen kann.", code="nobody")
    if len(drafts) != recipients:
        raise BulkRefused(
            f"Inzwischen sind es {len(drafts)} Empfänger. Bitte prüfen Sie das und drücken Sie noch einmal.",
            code="number",
        )
    now = timezone.now()
    for mail in drafts:
        text = preview(bulk, mail)
        mail.subject, mail.text, mail.values = text.subject, text.body, {}
        mail.state, mail.next_attempt_at = mail.State.WAITING, now
        # The clocks of limits, lateness and giving up begin when it may go out.
        mail.created_at = now
    OutgoingMail.objects.bulk_update(
        drafts, ["subject", "text", "values", "state", "next_attempt_at", "created_at"], batch_size=200
    )
    bulk.released_at, bulk.released_by = now, by
    bulk.save(update_fields=["released_at", "released_by"])
    wake_worker()


@transaction.atomic
def discard(bulk: BulkMail) -> None:
    """Delete a draft with everything in it; raises BulkRefused once it is released."""
    bulk = BulkMail.objects.select_for_update().get(pk=bulk.pk)
    if bulk.released_at:
        raise BulkRefused("Diese Rundmail ist schon abgeschickt.", code="released")
    bulk.delete()


def recipients_of(bulk: BulkMail) -> QuerySet[OutgoingMail]:
    """The drafts of a bulk mail that still have an address: whoever was erased meanwhile gets nothing."""
    return bulk.mails.filter(state=OutgoingMail.State.DRAFT).exclude(address_key="").order_by("pk")


def preview(bulk: BulkMail, mail: OutgoingMail) -> Text:
    """What one recipient of a draft will read, with markers for the personal links."""
    text = texts.fill(Text(bulk.subject, bulk.text), mail.values, link_names(mail))
    return Text(text.subject, f"{text.body}\n\n{texts.closing()}")


def link_names(mail: OutgoingMail) -> list[str]:
    """The placeholders of a mail that stand for personal links."""
    return ["link", *mail.other_links] if mail.link_path else list(mail.other_links)
