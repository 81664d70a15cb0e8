"""One mail a day to staff about what waits, and none when nothing does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from platform_mark.accounts.models import User
from platform_mark.desk.digest import send_digests
from platform_mark.mail.models import OutgoingMail
from tests.actors.make import make_revision
from tests.cast import make_cast
from tests.make import make_user

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=False) as coordinates:
        yield coordinates


def moderator() -> User:
    return make_cast().person("moderator").user


def test_who_has_the_right_reads_once_a_day_what_waits(clock: Any) -> None:
    make_user(is_staff=True)
    user = moderator()
    make_revision()

    assert (send_digests(), send_digests()) == (1, 0)
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.subject) == (user.email, "Was heute ansteht: 1 Punkt")
    assert "- 1 Eintrag wartet auf Prüfung\n" in mail.text
    clock.shift(timedelta(days=1))
    assert send_digests() == 1


def test_when_nothing_waits_no_mail_comes() -> None:
    moderator()
    assert send_digests() == 0


def test_nobody_is_written_to_on_a_weekend(clock: Any) -> None:
    moderator()
    make_revision()
    clock.move_to(MONDAY - timedelta(days=1))
    assert send_digests() == 0


def test_it_is_stopped_and_ordered_again_on_the_start_page() -> None:
    cast = make_cast()
    client, user = cast.client("moderator"), cast.person("moderator").user
    make_revision()
    assert "Abbestellen" in client.get("/admin/").content.decode()
    client.post("/admin/uebersicht/", {"off": "1"})
    assert send_digests() == 0
    client.post("/admin/uebersicht/", {"on": "1"})
    user.refresh_from_db()
    assert user.gets_digest
    assert send_digests() == 1


def test_a_closed_account_gets_none() -> None:
    user = moderator()
    make_revision()
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert send_digests() == 0
