"""Ordering, confirming, changing and ending alerts: all changes happen here.

Every answer to an anonymous order is the same, and so is everything that can be seen of it. An order that is not confirmed
within two days is deleted; what is ended is deleted at once, and an address goes with its last alert.
"""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from platform_mark import erasures
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.opt_in import UNCONFIRMED, lapsed
from platform_mark.mail.outbox import address_key
from platform_mark.tokens import BadToken, read_token

from . import consents, mails
from .models import Alert, Subscriber
from .rhythm import Rhythm
from .wishes import Wish

# More wishes than anybody reads; what comes beyond is answered like the rest and leads nowhere.
MOST_ALERTS = 30


@transaction.atomic
def order(wish: Wish, *, email: str, rhythm: str) -> None:
    """Keep an order and mail the link that confirms it.

    The same wish again mails the link once more, and the same running alert only where it can be changed: whoever knows an
    address can change nothing of it. Where the limits of mail are reached, nothing is kept and nothing is said.
    """
    if wish.unknown:
        raise ValidationError("Diesen Filter kennen wir nicht.", code="unknown")
    subscriber, is_new = Subscriber.objects.get_or_create(
        email_key=address_key(email), defaults={"email": email.strip()}
    )
    subscriber = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
    fields = {"scope": wish.scope, "query": wish.query, "actor": wish.actor, "series": wish.series}
    alert = subscriber.alerts.filter(**fields).first()
    if alert is not None and alert.confirmed_at:
        mails.tell_of_existing(subscriber)
        return
    if alert is None:
        if subscriber.alerts.count() >= MOST_ALERTS:
            return
        alert = Alert(subscriber=subscriber, **fields)
    else:
        # The former link is replaced by the one that goes out now.
        alert.token_version += 1
    alert.rhythm, alert.consent, alert.requested_at = Rhythm(rhythm), consents.CURRENT, timezone.now()
    with transaction.atomic():
        alert.full_clean()
        alert.save()
        if not mails.ask_to_confirm(alert):
            transaction.set_rollback(True)
    if is_new and not subscriber.alerts.exists():
        subscriber.delete()


def find_order(token: str) -> Alert:
    """The alert that a confirming link names; raises BadToken once it is over or replaced."""
    subject = read_token(mails.CONFIRM, token)
    alert = Alert.objects.select_related("subscriber", "actor", "series").filter(pk=subject.row_id).first()
    if alert is None or alert.token_version != subject.version or _is_over(alert):
        raise BadToken
    return alert


def find_subscriber(token: str, purpose: str = mails.OWN) -> Subscriber | None:
    """The address that a link names, None where it has ended everything; raises BadToken for what is no link of ours."""
    subject = read_token(purpose, token)
    subscriber = Subscriber.objects.filter(pk=subject.row_id).first()
    if subscriber is not None and subscriber.token_version != subject.version:
        raise BadToken
    return subscriber


@transaction.atomic
def confirm(alert: Alert) -> None:
    """Start an alert: from now on, not with what is there already. Again is harmless."""
    now = timezone.now()
    locked = Alert.objects.select_for_update().filter(pk=alert.pk, confirmed_at=None).first()
    if locked is not None and not _is_over(locked):
        locked.confirmed_at = locked.checked_at = now
        locked.save(update_fields=["confirmed_at", "checked_at"])


@transaction.atomic
def change_rhythm(alert: Alert, rhythm: str) -> None:
    """Let an alert come more or less often; raises ValidationError for a rhythm that there is not."""
    if rhythm not in Rhythm.values:
        raise ValidationError("Bitte wählen Sie täglich, wöchentlich oder monatlich.", code="rhythm")
    Alert.objects.filter(pk=alert.pk).update(rhythm=rhythm)


@transaction.atomic
def pause(alert: Alert) -> None:
    """Send nothing until it is resumed. Again is harmless."""
    Alert.objects.running().filter(pk=alert.pk).update(paused_at=timezone.now())


@transaction.atomic
def resume(alert: Alert) -> None:
    """Go on from now: what was new meanwhile is in the lists. Again is harmless."""
    paused = Alert.objects.confirmed().filter(pk=alert.pk).exclude(paused_at=None)
    paused.update(paused_at=None, checked_at=timezone.now())


@transaction.atomic
def end(alert: Alert) -> None:
    """Delete an alert, and its address where it was the last one. A restored backup does not bring it back."""
    subscriber = Subscriber.objects.select_for_update().filter(pk=alert.subscriber_id).first()
    if subscriber is None or not Alert.objects.filter(pk=alert.pk).delete()[0]:
        return
    if not subscriber.alerts.exists():
        subscriber.delete()
    erasures.note(subscriber.email_key, "alert", alert.pk)


@transaction.atomic
def end_all(subscriber: Subscriber) -> None:
    """Delete an address with all its alerts, and what of their news has not gone out yet, after a restore, too."""
    links = {"kind": "benachrichtigung-neues", "address_key": subscriber.email_key, "state": OutgoingMail.State.WAITING}
    OutgoingMail.objects.filter(leased_until=None, **links).delete()
    if Subscriber.objects.filter(pk=subscriber.pk).delete()[0]:
        erasures.note(subscriber.email_key, "alerts", subscriber.pk)


def forget_unconfirmed() -> int:
    """Delete orders that nobody confirmed within two days, and addresses without any alert; return how many orders."""
    orders, _ = _lapsed().delete()
    Subscriber.objects.filter(alerts=None, created_at__lt=timezone.now() - UNCONFIRMED).delete()
    return orders


def _lapsed() -> QuerySet[Alert]:
    unconfirmed = Alert.objects.filter(confirmed_at=None)
    return lapsed(unconfirmed, purpose=mails.CONFIRM, kind=mails.PLEASE_CONFIRM, asked="requested_at")


def _is_over(alert: Alert) -> bool:
    return _lapsed().filter(pk=alert.pk).exists()
