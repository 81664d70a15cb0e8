from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from platform_mark.limits import OpenForm, client_network, forget_expired, is_within

HOUR = timedelta(hours=1)


@pytest.mark.django_db
def test_the_limit_holds_for_each_visitor_and_ends_with_its_window() -> None:
    with time_machine.travel("2026-11-23T10:05:00+00:00", tick=False) as clock:
        assert [is_within("form", "a", most=2, period=HOUR) for _ in range(3)] == [True, True, False]
        assert is_within("form", "b", most=2, period=HOUR)
        assert is_within("other", "a", most=2, period=HOUR)
        clock.shift(HOUR)
        assert is_within("form", "a", most=2, period=HOUR)


@pytest.mark.django_db
def test_no_address_is_stored_and_old_counters_go() -> None:
    is_within("form", "203.0.113.7", most=2, period=HOUR)
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM rate_counter")
        assert all("203" not in key for (key,) in cursor.fetchall())
    assert forget_expired() == 0
    with time_machine.travel(timezone.now() + 3 * HOUR):
        assert forget_expired() == 1


@pytest.mark.parametrize(
    ("proxies", "forwarded", "network"),
    [
        (0, "198.51.100.9", "203.0.113.7"),
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "10.9.9.9, 198.51.100.9", "198.51.100.9"),
        (2, "10.9.9.9, 198.51.100.9, 192.0.2.1", "198.51.100.9"),
        (1, "", "203.0.113.7"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "::ffff:198.51.100.9", "198.51.100.9"),
        (1, "rubbish", "unknown"),
    ],
)
def test_only_our_own_proxies_are_believed(settings: LazySettings, proxies: int, forwarded: str, network: str) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.7", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_network(request) == network


def posted(seconds: float, **data: str) -> OpenForm:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        opened = OpenForm().fields["opened"].initial
        clock.shift(timedelta(seconds=seconds))
        form = OpenForm({"opened": opened, **data})
        assert form.is_valid()
        form.suspicious = form.is_suspicious()  # type: ignore[attr-defined]
    return form


@pytest.mark.parametrize(
    ("seconds", "data", "is_suspicious"),
    [
        (20, {}, False),
        (1, {}, True),
        (60 * 60 * 25, {}, True),
        (20, {"website": "https://spam.test"}, True),
        (20, {"opened": "forged"}, True),
        (20, {"opened": ""}, True),
    ],
)
def test_a_form_knows_robots_by_haste_and_by_the_hidden_field(
    seconds: float, data: dict[str, str], is_suspicious: bool
) -> None:
    assert posted(seconds, **data).suspicious is is_suspicious  # type: ignore[attr-defined]
