"""Somebody without an account says what is wrong in an entry. It goes to staff's queue, and its organisation is told.

The address is voluntary, for an answer, and is deleted a month after that.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from platform_mark.mail.outbox import queue

from .models import Activity, Proposal

KEEP_ADDRESS = timedelta(days=30)


@transaction.atomic
def propose(activity: Activity, *, text: str, email: str) -> Proposal:
    """Keep a proposal and tell the people of the organisation that there is one; raises ValidationError by field.

    The mail holds nothing the sender typed: anybody may write here. Over the limits of the mailbox it is not sent.
    """
    proposal = Proposal(activity=activity, text=text, email=email)
    proposal.full_clean()
    proposal.save()
    if activity.actor.contact_email and activity.actor.memberships.exists():
        context = {"title": activity.title, "actor": activity.actor.name}
        queue("aenderung-vorgeschlagen", activity.actor.contact_email, context=context, is_limited=True)
    return proposal


def forget_old() -> int:
    """Delete the addresses of proposals that were answered a month ago; return how many."""
    answered = Proposal.objects.filter(answered_at__lt=timezone.now() - KEEP_ADDRESS).exclude(email="")
    return answered.update(email="")
