"""Statements that are made once in each process: what they ask for must not grow old with it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
import time_machine
from django.db import connection
from django.db.models import Count, QuerySet
from django.db.models.functions import Upper
from django.test import Client
from django.utils import timezone

from actors.models import Activity
from platform_mark.prepared import NOW, Given, GivenKeys, Prepared
from practices.models import Practice
from tests.make import DAY, make_branch, make_municipality, make_practice

pytestmark = pytest.mark.django_db


def narrow() -> QuerySet:
    return Practice.objects.only("title", "slug").order_by("pk")


def related() -> QuerySet:
    return Practice.objects.select_related("municipality__district").order_by("pk")


def annotated() -> QuerySet:
    return Practice.objects.annotate(count=Count("branches"), loud=Upper("title")).order_by("pk")


def named() -> QuerySet:
    return Practice.objects.order_by("pk").values_list("pk", "municipality__name", named=True)


def plain() -> QuerySet:
    return Practice.objects.order_by("pk").values("pk", "title")


def united() -> QuerySet:
    first, second = (Practice.objects.filter(title=title).order_by().values_list("title") for title in TITLES)
    return first.union(second).order_by("title")


TITLES = ("Erstes", "Zweites")
BUILDS = [narrow, related, annotated, named, plain, united]


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


def test_a_value_that_nobody_asks_for_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="sluk"):
        Prepared(lambda: Practice.objects.filter(slug=Given("slug"))).rows(slug="hier", sluk="da")


@pytest.mark.parametrize(
    "build", [Practice.objects.published, lambda: Activity.objects.filter(valid_until__gte=date.max)]
)
def test_a_day_that_would_grow_old_with_the_process_is_refused(build: Callable[[], QuerySet]) -> None:
    with pytest.raises(TypeError, match="NOW"):
        Prepared(build).rows()


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.__name__)
def test_the_rows_are_those_of_the_queryset(build: Callable[[], QuerySet]) -> None:
    """What Prepared takes from Django's inside, held against what Django says itself."""
    branch, municipality = make_branch("Metall"), make_municipality()
    for title in TITLES:
        make_practice(title, branches=[branch], municipality=municipality)
    prepared, asked = Prepared(build).rows(), list(build())
    assert asked and prepared == asked and [type(row) for row in prepared] == [type(row) for row in asked]
    if isinstance(asked[0], Practice):
        for one, other in zip(prepared, asked, strict=True):
            assert one.__dict__.keys() == other.__dict__.keys()
            assert one.get_deferred_fields() == other.get_deferred_fields()
            assert one._state.fields_cache.keys() == other._state.fields_cache.keys()


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
