"""How long one run of alerts takes and how much memory it needs: ten thousand of them, most with filters of their own."""

import random
import time
import tracemalloc
from dataclasses import dataclass
from datetime import timedelta

ALERTS = 10_000
NEW = 40


@dataclass(frozen=True)
class RunFigures:
    """What one run wrote, how long it took, what it asked of the database, and its peak of memory in MiB."""

    mails: int
    seconds: float
    queries: int
    peak: float


def load_alerts(number: int) -> None:
    """Fill up to so many confirmed alerts: every third with words, the others with one or two facets."""
    from django.utils import timezone

    from platform_mark.alerts import consents
    from platform_mark.alerts.models import Alert, Subscriber
    from platform_mark.taxonomy.models import Branch, Topic

    chance = random.Random(9)
    branches = list(Branch.objects.filter(merged_into=None).values_list("slug", flat=True))
    topics = list(Topic.objects.filter(merged_into=None).values_list("slug", flat=True))
    before = timezone.now() - timedelta(days=8)
    there = Subscriber.objects.count()
    addresses = [f"p{n}@firma.example" for n in range(there, number)]
    people = Subscriber.objects.bulk_create([Subscriber(email=each, email_key=each) for each in addresses])
    rows = []
    for n, person in enumerate(people, there):
        query = f"branche={chance.choice(branches)}"
        if n % 3 == 0:
            query = f"q=R%C3%BCstzeit%20{n % 300}"
        elif n % 3 == 1 and topics:
            query += f"&thema={chance.choice(topics)}"
        times = {"requested_at": before, "confirmed_at": before, "checked_at": before}
        scope = "practices" if n % 2 else "everything"
        rows.append(
            Alert(
                subscriber=person,
                scope=scope,
                query=query if scope == "practices" else query.partition("&")[0],
                rhythm="daily",
                consent=consents.CURRENT,
                **times,
            )
        )
    Alert.objects.bulk_create(rows, batch_size=2000)


def measure_run(number: int, *, with_memory: bool) -> RunFigures:
    """Run once over so many due alerts; with memory it is measured several times as slow."""
    from django.db import connection
    from django.utils import timezone

    from platform_mark.alerts.digest import send_digests
    from platform_mark.alerts.models import Alert
    from platform_mark.mail.models import OutgoingMail

    load_alerts(number)
    Alert.objects.update(checked_at=timezone.now() - timedelta(days=8))
    OutgoingMail.objects.all().delete()
    queries = 0

    def count(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        nonlocal queries
        queries += 1
        return execute(sql, params, many, context)

    if with_memory:
        tracemalloc.start()
    begun = time.monotonic()
    with connection.execute_wrapper(count):
        mails = send_digests()
    seconds = time.monotonic() - begun
    peak = tracemalloc.get_traced_memory()[1] / 2**20 if with_memory else 0.0
    tracemalloc.stop()
    return RunFigures(mails, seconds, queries, peak)


def print_runs(most: int = ALERTS) -> None:
    """Measure a tenth and all of them, and print one line each."""
    for number in (most // 10, most):
        plain = measure_run(number, with_memory=False)
        memory = measure_run(number, with_memory=True)
        print(
            f"{number} Benachrichtigungen: {plain.mails} E-Mails in {plain.seconds:.1f} s, {plain.queries} Abfragen"
            f" ({plain.queries / number:.1f} je Benachrichtigung), Speicher höchstens {memory.peak:.1f} MiB"
        )


if __name__ == "__main__":
    from tests.benchmarks.__main__ import prepare

    prepare()
    from platform_mark.search.index import put
    from practices.models import Practice
    from tests.benchmarks import data

    data.load(2000)
    from django.utils import timezone

    for practice in Practice.objects.order_by("pk")[:NEW]:
        practice.published_at = timezone.now() - timedelta(days=2)
        practice.save(update_fields=["published_at"])
        put(practice)
    print_runs()
