"""Once an hour: one mail to each person for whom a rhythm came round and something is new.

News are what became public after the last look and still is. All of it is read once for the run; people are taken in small
groups, each claimed under a lock before its mails are written, so that a second run and a second worker find nothing to do.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from . import mails
from .mails import Section
from .models import Alert, Subscriber
from .news import News
from .wishes import in_words, of_alert

log = logging.getLogger(__name__)

BATCH = 200
# What is published carries the time at which that began; a transaction may be a little longer on its way.
LAG = timedelta(minutes=5)


def send_digests(at: datetime | None = None) -> int:
    """Write the mails that are due; return how many. Safe to run twice, and twice at once."""
    at = at or timezone.now()
    oldest = Alert.objects.due(at).aggregate(oldest=Min("checked_at"))["oldest"]
    if oldest is None:
        return 0
    news = News(since=oldest - LAG, until=at - LAG)
    written = sum(_send(people, news, at) for people in _batches(at))
    log.info("digests written", extra={"mails": written})
    return written


def _batches(at: datetime) -> Iterator[list[int]]:
    """The numbers of those for whom something is due, a group at a time."""
    last = 0
    while True:
        due = Alert.objects.due(at).filter(subscriber__gt=last).order_by("subscriber")
        people = list(due.values_list("subscriber", flat=True).distinct()[:BATCH])
        if not people:
            return
        yield people
        last = people[-1]


@transaction.atomic
def _send(people: Sequence[int], news: News, at: datetime) -> int:
    # Whom another run holds, that run serves.
    found = Subscriber.objects.select_for_update(skip_locked=True).filter(pk__in=people)
    subscribers = {row.pk: row for row in found.order_by("pk")}
    alerts: dict[int, list[Alert]] = defaultdict(list)
    due = Alert.objects.due(at).filter(subscriber__in=subscribers).select_related("actor", "series")
    for alert in due.order_by("confirmed_at", "pk"):
        alerts[alert.subscriber_id].append(alert)
    Alert.objects.filter(pk__in=[alert.pk for rows in alerts.values() for alert in rows]).update(checked_at=at)
    if not news:
        return 0
    written = 0
    for pk, rows in alerts.items():
        sections = list(_sections(rows, news))
        if sections and mails.tell_news(subscribers[pk], sections):
            written += 1
    return written


def _sections(alerts: Sequence[Alert], news: News) -> Iterator[Section]:
    """What is new for each alert; what several are about stands under the first."""
    told: set[tuple[str, int]] = set()
    for alert in alerts:
        since = (alert.checked_at or alert.requested_at) - LAG
        wish = of_alert(alert, news.catalogues)
        items = [item for item in news.of(wish) if item.at > since and (item.scope, item.object_id) not in told]
        if items:
            told.update((item.scope, item.object_id) for item in items)
            words = in_words(wish, news.catalogues)
            yield Section(str(words), words.path, items)
