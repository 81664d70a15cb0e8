"""The journeys of a sign-up that other parts of the portal call."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.privacy import erase_mails

from .mails import PURPOSE
from .models import Answer, Attendee, Dialogue, Registration

if TYPE_CHECKING:
    from platform_mark.accounts.models import User


@transaction.atomic
def erase(registration: Registration, *, by: "User | None" = None) -> Registration:
    """Delete everything personal of a booking, its mails included; a future one frees its seats. Counts stay."""
    dialogue = Dialogue.objects.select_for_update().get(pk=registration.dialogue_id)
    rows = Registration.objects.filter(pk=registration.pk) | Registration.objects.filter(part_of=registration)
    if dialogue.starts_at is None or dialogue.starts_at > timezone.now():
        rows.living().update(state=Registration.State.CANCELLED, ended_at=timezone.now())
    Attendee.objects.filter(registration__in=rows).update(name="")
    Answer.objects.filter(registration__in=rows).delete()
    erase_mails(OutgoingMail.objects.filter(token_purpose=PURPOSE, token_row=registration.pk))
    rows.exclude(reject_reason="").update(reject_reason="gelöscht")
    rows.update(
        company="",
        contact_name="",
        email="",
        email_key="",
        needs="",
        needs_agreed_at=None,
        news_agreed_at=None,
        anonymised_at=timezone.now(),
    )
    registration.refresh_from_db()
    return registration
