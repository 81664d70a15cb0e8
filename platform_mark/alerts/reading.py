"""What other pages ask about alerts."""

from typing import Any

from allauth.account.models import EmailAddress
from django.urls import reverse

from platform_mark.mail.outbox import address_key
from platform_mark.tokens import make_token

from . import mails
from .models import Subscriber


def path_for(user: Any) -> str:
    """Where an account sees its alerts: the page of its confirmed address, or the order of news where it has none yet."""
    keys = [
        address_key(address)
        for address in EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    ]
    subscriber = Subscriber.objects.filter(email_key__in=keys, alerts__confirmed_at__isnull=False).first()
    if subscriber is None:
        return f"{reverse('alerts:new')}?zu=alles"
    return reverse("alerts:own", args=[make_token(mails.OWN, subscriber.pk, subscriber.token_version)])
