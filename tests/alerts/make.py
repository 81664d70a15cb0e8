"""Alerts of invented addresses: confirmed and running by default."""

from datetime import timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from platform_mark.alerts import consents
from platform_mark.alerts.models import Alert, Subscriber
from platform_mark.alerts.wishes import Catalogues, read
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import address_key, full_text


def make_alert(email: str = "neugierig@firma.test", about: str = "zu=beispiele", **fields: Any) -> Alert:
    """An alert that its address confirmed just now."""
    wish = read(QueryDict(about), Catalogues())
    key = address_key(email)
    subscriber, _ = Subscriber.objects.get_or_create(email_key=key, defaults={"email": email})
    now = timezone.now()
    values = {
        "scope": wish.scope,
        "query": wish.query,
        "actor": wish.actor,
        "series": wish.series,
        "rhythm": "weekly",
        "consent": consents.CURRENT,
        "requested_at": now - timedelta(minutes=5),
        "confirmed_at": now,
        "checked_at": now,
    }
    # A second portal in the same database orders the same.
    same = {name: values[name] for name in ("scope", "query", "actor", "series")}
    Alert.objects.filter(subscriber=subscriber, **same).delete()
    return Alert.objects.create(subscriber=subscriber, **values | fields)


def link_in_last_mail(kind: str = "", number: int = 0) -> str:
    """The path of a link in the latest mail."""
    mails = OutgoingMail.objects.filter(kind=kind) if kind else OutgoingMail.objects.all()
    text = full_text(mails.latest("pk"))
    links = [part.split()[0] for part in text.split("https://portal.test")[1:]]
    return [link for link in links if link.startswith("/benachrichtigungen/")][number]
