"""Somebody without an account says what is wrong in an entry. It goes to staff's queue, and its organisation is told.

The address is voluntary, for an answer, and is deleted a month after that, the proposal with its answer after 90 days.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from platform_mark.mail.opt_in import KEEP_ADDRESS
from platform_mark.mail.outbox import queue

from .models import Activity, Proposal
from .refusal import Refused

KEEP_ANSWERED = timedelta(days=90)


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
    """Delete answered proposals after 90 days and their addresses after a month; return how many of both."""
    now = timezone.now()
    deleted, _ = Proposal.objects.filter(answered_at__lt=now - KEEP_ANSWERED).delete()
    with_address = Proposal.objects.filter(answered_at__lt=now - KEEP_ADDRESS).exclude(email="")
    return deleted + with_address.update(email="")


@transaction.atomic
def answer(proposal: Proposal, *, is_done: bool, text: str) -> None:
    """Close a proposal, taken up or not, and tell whoever left an address; raises Refused.

    Somebody who is told no reads why.
    """
    proposal = Proposal.objects.select_for_update(of=("self",)).select_related("activity").get(pk=proposal.pk)
    if proposal.state != Proposal.State.OPEN:
        raise Refused(f"Dieser Vorschlag ist „{proposal.get_state_display()}“.", code="state")
    if not is_done and not text.strip():
        raise Refused("Bitte begründen Sie, warum Sie den Vorschlag nicht übernehmen.", code="reason")
    proposal.state = Proposal.State.DONE if is_done else Proposal.State.DECLINED
    proposal.answer, proposal.answered_at = text.strip(), timezone.now()
    proposal.full_clean(exclude=["activity", "assignee"])
    proposal.save()
    if proposal.email:
        queue("aenderung-beantwortet", proposal.email, context={"proposal": proposal, "title": proposal.activity.title})
