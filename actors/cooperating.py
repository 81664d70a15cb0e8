"""One organisation asks another to work together. The portal relays: neither learns the other's address from it.

Whoever is asked needs no account: where nobody could log in, the mail holds a link to an answer.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from platform_mark.limits import is_within
from platform_mark.mail.outbox import Link, queue
from platform_mark.tokens import BadToken, read_token

from .models import Activity, Actor, Cooperation
from .refusal import Refused

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

PURPOSE = "actors.cooperation"
PATH = "/konto/anfrage/{token}/"
# A link lives as long as the request; it answers once, and nothing raises its version.
VERSION = 1
ASKS_A_DAY = 10


def can_be_asked(actor: Actor) -> bool:
    """Whether a request would reach somebody: the organisation has a mailbox, with an account or without."""
    return bool(actor.contact_email)


@transaction.atomic
def ask(sender: Actor, *, activity: Activity, text: str, by: "User") -> Cooperation:
    """Send a request to the organisation of an entry, by mail to its mailbox; raises Refused."""
    sender, receiver = Actor.objects.get(pk=sender.pk), activity.actor
    if sender.state != Actor.State.APPROVED:
        raise Refused("Ihre Organisation ist noch nicht freigeschaltet.", code="state")
    if receiver.pk == sender.pk:
        raise Refused("Das ist ein Eintrag Ihrer eigenen Organisation.", code="own")
    if not can_be_asked(receiver):
        raise Refused("Diese Organisation hat kein Postfach hinterlegt, an das wir schreiben könnten.", code="nobody")
    if not is_within("cooperation", str(sender.pk), most=ASKS_A_DAY, period=timedelta(days=1)):
        raise Refused(f"Mehr als {ASKS_A_DAY} Anfragen am Tag schicken wir nicht. Bitte morgen wieder.", code="limit")
    request = Cooperation(sender=sender, receiver=receiver, activity=activity, text=text.strip(), written_by=by)
    request.full_clean(exclude=["written_by"])
    request.save()
    context = {
        "sender": sender.name,
        "receiver": receiver.name,
        "activity": activity.title,
        "text": request.text,
        "address": _address(request),
        "has_account": receiver.memberships.filter(user__is_active=True).exists(),
    }
    link = None if context["has_account"] else Link(PATH, PURPOSE, request.pk, VERSION)
    for address in receiver.relay_addresses():
        queue("kooperation-anfrage", address, context=context, link=link)
    return request


def find_request(token: str) -> Cooperation:
    """Return the request a mailed link names; raises BadToken once it is gone."""
    subject = read_token(PURPOSE, token)
    relations = Cooperation.objects.select_related("sender", "receiver", "activity")
    found = relations.filter(pk=subject.row_id).first() if subject.version == VERSION else None
    if found is None:
        raise BadToken
    return found


@transaction.atomic
def answer(request: Cooperation, *, text: str) -> None:
    """Answer once, by mail to the mailbox of who asked; raises Refused for a second answer or an empty one."""
    request = (
        Cooperation.objects.select_for_update(of=("self",)).select_related("sender", "receiver").get(pk=request.pk)
    )
    if request.answered_at:
        raise Refused("Diese Anfrage ist schon beantwortet.", code="state")
    request.answer, request.answered_at = text.strip(), timezone.now()
    if not request.answer:
        raise Refused({"text": "Bitte schreiben Sie eine Antwort."}, code="empty")
    request.save(update_fields=["answer", "answered_at"])
    context = {"receiver": request.receiver.name, "text": request.answer, "address": _address(request)}
    for address in request.sender.relay_addresses():
        queue("kooperation-antwort", address, context=context)


def _address(request: Cooperation) -> str:
    return f"{settings.BASE_URL}{reverse('account:cooperation', args=[request.pk])}"
