"""Reports of who tried a format: sent, confirmed by mail, read by staff, shown. All changes of state happen here."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from platform_mark.mail.opt_in import KEEP_ADDRESS, lapsed
from platform_mark.mail.outbox import Link, queue
from platform_mark.tokens import BadToken, read_token

from .models import Format, TryReport

PURPOSE = "dialogues.tryreport"
PLEASE_CONFIRM = "bericht-bestaetigen"
PATH = "/formate/ausprobiert/{token}/"


class ReportRefused(ValidationError):
    """What was asked for does not go in this state; the message is for people."""


@transaction.atomic
def report(
    format_: Format, *, where: str, size: str, with_whom: str, worked: str, failed: str, would_repeat: bool, email: str
) -> TryReport:
    """Store a report and mail its personal link; the mail holds nothing that was typed."""
    found = TryReport(
        format=format_,
        where=where,
        size=size,
        with_whom=with_whom,
        worked=worked,
        failed=failed,
        would_repeat=would_repeat,
        email=email,
    )
    found.full_clean()
    found.save()
    link = Link(PATH, PURPOSE, found.pk, found.token_version)
    queue(PLEASE_CONFIRM, email, context={"format": format_}, link=link, is_limited=True)
    return found


def find_report(token: str) -> TryReport:
    """Return the report a personal link names; raises BadToken for everything else, expired ones included."""
    subject = read_token(PURPOSE, token)
    found = TryReport.objects.select_related("format").filter(pk=subject.row_id, token_version=subject.version).first()
    if found is None or _lapsed().filter(pk=found.pk).exists():
        raise BadToken
    return found


@transaction.atomic
def confirm(found: TryReport) -> None:
    """Confirm the address; again is harmless."""
    found = _locked(found)
    if found.state == found.State.PENDING:
        found.state, found.confirmed_at = found.State.RECEIVED, timezone.now()
        found.save(update_fields=["state", "confirmed_at"])


@transaction.atomic
def publish(found: TryReport) -> None:
    """Show a report that was read; raises ReportRefused for one that nobody confirmed."""
    found = _locked(found)
    if found.state == found.State.PENDING:
        raise ReportRefused("Die Adresse ist noch nicht bestätigt.", code="state")
    found.state, found.reason, found.answered_at = found.State.PUBLISHED, "", timezone.now()
    found.save(update_fields=["state", "reason", "answered_at"])


@transaction.atomic
def decline(found: TryReport, *, reason: str) -> None:
    """Do not show it (any more), for a reason that the writer may read; raises ReportRefused without one."""
    found = _locked(found)
    if found.state == found.State.PENDING:
        raise ReportRefused("Die Adresse ist noch nicht bestätigt.", code="state")
    if not reason.strip():
        raise ReportRefused("Bitte begründen Sie, warum der Bericht nicht erscheint.", code="reason")
    found.state, found.reason, found.answered_at = found.State.DECLINED, reason.strip(), timezone.now()
    found.save(update_fields=["state", "reason", "answered_at"])


def forget_old() -> tuple[int, int]:
    """Delete unconfirmed reports, and addresses of those answered a month ago; return how many of each."""
    now = timezone.now()
    unconfirmed, _ = _lapsed().delete()
    answered = TryReport.objects.filter(answered_at__lt=now - KEEP_ADDRESS).exclude(email="")
    return unconfirmed, answered.update(email="")


def _lapsed() -> QuerySet[TryReport]:
    pending = TryReport.objects.filter(state=TryReport.State.PENDING)
    return lapsed(pending, purpose=PURPOSE, kind=PLEASE_CONFIRM)


def _locked(found: TryReport) -> TryReport:
    return TryReport.objects.select_for_update().get(pk=found.pk)
