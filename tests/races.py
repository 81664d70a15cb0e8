"""Two at the same row: one is in the middle of it when the other begins."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from django.db import connection, transaction

LONGEST_WAIT = 10


@contextmanager
def comes_meanwhile(task: Callable[[], Any]) -> Iterator[None]:
    """Begin `task` before what is done in this block is committed, when it has to wait for it; leave when both are through."""

    def run() -> None:
        try:
            task()
        finally:
            connection.close()

    thread = Thread(target=run)
    with transaction.atomic():
        yield
        thread.start()
        _wait_until_somebody_waits()
    thread.join()


def _wait_until_somebody_waits() -> None:
    end = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("the other did not come to the same row")
