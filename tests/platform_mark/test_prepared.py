"""Statements that are made once in each process: what they ask for must not grow old with it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from platform_mark.prepared import NOW, Given, GivenKeys, Prepared
from practices.models import Practice
from tests.make import DAY, make_branch, make_practice

pytestmark = pytest.mark.django_db


def test_what_is_due_appears_and_goes_without_a_restart(client: Client) -> None:
    now = timezone.now()
    due = make_practice("Übermorgen", branches=[make_branch()], published_at=now + 2 * DAY, expires_at=now + 4 * DAY)
    pages = ["/", "/beispiele/", due.get_absolute_url()]

    def shown() -> list[bool]:
        return ["Übermorgen" in client.get(page).content.decode() for page in pages]

    assert shown() == [False, False, False]
    with time_machine.travel(now + 3 * DAY):
        assert shown() == [True, True, True]
    with time_machine.travel(now + 5 * DAY):
        assert shown() == [False, False, False]


def test_each_run_takes_its_own_values() -> None:
    first, second = make_practice("Erstes"), make_practice("Zweites")
    by_slug = Prepared(lambda: Practice.objects.filter(slug=Given("slug")))
    by_key = Prepared(lambda: Practice.objects.published(NOW).filter(pk__in=GivenKeys("keys")).order_by("pk"))
    assert [by_slug.first(slug=each.slug) for each in (first, second)] == [first, second]
    assert by_slug.first(slug="nirgends") is None
    assert by_key.rows(keys=[second.pk]) == [second]
    assert by_key.rows(keys=[second.pk, first.pk]) == [first, second]
    assert by_key.rows(keys=[]) == []


def test_a_value_that_is_missing_is_an_error_and_not_an_empty_answer() -> None:
    with pytest.raises(KeyError):
        Prepared(lambda: Practice.objects.filter(slug=Given("slug"))).rows()


@pytest.mark.django_db(transaction=True)
def test_two_threads_that_ask_first_at_once_both_get_their_answer() -> None:
    practice = make_practice("Erstes")
    for _ in range(20):
        by_slug = Prepared(lambda: Practice.objects.published(NOW).filter(slug=Given("slug")))
        together = threading.Barrier(2)

        def ask(by_slug: Prepared[Practice] = by_slug, together: threading.Barrier = together) -> Practice | None:
            together.wait(10)
            try:
                return by_slug.first(slug=practice.slug)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            assert [one.result() for one in [pool.submit(ask), pool.submit(ask)]] == [practice, practice]
