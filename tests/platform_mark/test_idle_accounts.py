"""Accounts that nobody uses: three mails, then switched off; a login or the button behind the link keeps them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from actors import joining
from actors.models import Actor
from platform_mark.accounts import idle
from platform_mark.accounts.models import IdleAccount, User
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from platform_mark.tokens import BadToken, make_token
from tests.actors.make import make_actor, make_member
from tests.cast import Cast, log_in, make_cast, make_person
from tests.conftest import PortalClient
from tests.make import days_ago, make_user

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
# The days of the plan, counted from the last login.
MAILS, END = (488, 518, 541), 548


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def account(age: int = 0, email: str = "nina@kammer.example", **fields: object) -> User:
    """The account of an actor's editor who logged in so many days ago, for the last time."""
    then = days_ago(age)
    return User.objects.create_user(email, joined_at=then - 30 * DAY, last_login=then, **fields)


def mails() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind="konto-ungenutzt").order_by("pk"))


def link_of(mail: OutgoingMail) -> str:
    found = re.search(r"https?://[^/]+(/konto/behalten/\S+)", full_text(mail))
    assert found, full_text(mail)
    return found[1]


def test_an_unused_account_is_asked_three_times_and_then_switched_off(cast: Cast) -> None:
    """600 days without a login; the job runs twice a day. The organisation then waits for staff to find somebody."""
    with time_machine.travel(START, tick=False) as clock:
        actor = make_actor("Kammer & Söhne")
        user = make_member(actor, account(), role="owner")
        ended = None
        for day in range(600):
            clock.move_to(START + day * DAY)
            idle.ask_and_close()
            idle.ask_and_close()
            user.refresh_from_db()
            if ended is None and not user.is_active:
                ended = day
                assert Actor.objects.without_editor().get() == actor
        assert [(mail.created_at - START).days for mail in mails()] == list(MAILS)
        assert ended == END
        assert {mail.to for mail in mails()} == {user.email}
        assert [mail.subject for mail in mails()] == [
            "Brauchen Sie Ihr Konto noch?",
            "Brauchen Sie Ihr Konto noch?",
            "Ihr Konto endet am 17.07.2027",
        ]
        assert all("17.07.2027" in mail.text for mail in mails())
        page = cast.client("superuser").get(f"/admin/accounts/user/{user.pk}/change/").content.decode()
        assert "abgeschaltet am 17.07.2027, nach 3 E-Mails ohne Antwort" in page


def test_the_end_takes_sessions_invitations_and_links_with_it(client: Client) -> None:
    user = make_member(make_actor("Kammer"), account(END - 60))
    joining.invite(Actor.objects.get(), email="gast@kammer.example", role="editor", by=user)
    invitation = full_text(OutgoingMail.objects.get(kind="einladung"))
    invited = re.search(r"/konto/einladung/\S+", invitation)
    assert invited
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(last_login=timezone.now() - (END - 60) * DAY)
    assert (client.get("/konto/").status_code, PortalClient().get(invited[0]).status_code) == (200, 200)
    run_to_the_end()
    assert not User.objects.get(pk=user.pk).is_active
    with time_machine.travel(timezone.now(), tick=False):
        assert client.get("/konto/").status_code == 302
        assert PortalClient().get(invited[0]).status_code == 404
        assert {client.get(link_of(mail)).status_code for mail in mails()} == {404}


def run_to_the_end() -> None:
    """Day by day until the plan is through."""
    start = timezone.now()
    for day in range(62):
        idle.ask_and_close(start + day * DAY)


def test_after_a_long_standstill_one_mail_comes_and_the_time_to_answer_stays() -> None:
    user = account(END + 400)
    start = timezone.now()
    days = []
    for day in range(70):
        before = len(mails())
        idle.ask_and_close(start + day * DAY)
        idle.ask_and_close(start + day * DAY)
        days += [day] * (len(mails()) - before)
        if not User.objects.filter(pk=user.pk, is_active=True).exists():
            break
    assert (days, day) == ([0, 30, 53], 60)


def test_a_gap_in_the_middle_gives_the_missing_time_back() -> None:
    user = account(END - 60)
    start = timezone.now()
    idle.ask_and_close(start)
    idle.ask_and_close(start + 59 * DAY)
    idle.ask_and_close(start + 60 * DAY)
    assert len(mails()) == 2
    assert IdleAccount.objects.get(user=user).ends_on == timezone.localdate(start + 89 * DAY)
    assert User.objects.get(pk=user.pk).is_active


def test_one_button_keeps_the_account_and_looking_does_not(client: Client) -> None:
    user = account(END - 10)
    idle.ask_and_close()
    link = link_of(mails()[0])

    page = client.get(link)
    client.head(link)
    assert [page.headers[name] for name in ("Referrer-Policy", "X-Robots-Tag")] == ["same-origin", "noindex, nofollow"]
    assert "no-store" in page.headers["Cache-Control"]
    assert IdleAccount.objects.filter(user=user).exists()

    assert client.post(link)["Location"] == "/konto/behalten/danke/"
    assert client.get(link).status_code == 404, "the link has served"
    assert client.get("/konto/").status_code == 302, "it opens nothing"
    start = timezone.now()
    assert idle.ask_and_close(start + (MAILS[0] - 1) * DAY) == 0
    assert idle.ask_and_close(start + MAILS[0] * DAY) == 1


def test_a_login_ends_it_and_the_next_time_begins_with_the_first_mail() -> None:
    person = make_person("nina@kammer.example", is_staff=False, second_factor=False)
    User.objects.filter(pk=person.user.pk).update(joined_at=timezone.now() - END * DAY, last_login=None)
    idle.ask_and_close()
    link = link_of(mails()[0])
    client = PortalClient()
    log_in(client, person)
    assert idle.ask_and_close() == 0
    assert client.get(link).status_code == 404
    start = timezone.now()
    assert idle.ask_and_close(start + (MAILS[0] - 1) * DAY) == 0
    idle.ask_and_close(start + MAILS[0] * DAY)
    assert [mail.subject for mail in mails()] == ["Brauchen Sie Ihr Konto noch?"] * 2


def test_staff_and_accounts_switched_off_by_hand_are_left_alone() -> None:
    old = timezone.now() - 3000 * DAY
    for fields in ({"is_staff": True}, {"is_superuser": True, "is_staff": True}, {"is_active": False}):
        User.objects.filter(pk=make_user(**fields).pk).update(joined_at=old, last_login=old)
    assert idle.ask_and_close() == 0
    assert not IdleAccount.objects.exists()


def test_an_account_that_staff_open_again_has_its_whole_time(cast: Cast) -> None:
    user = account(END - 60)
    run_to_the_end()
    page = f"/admin/accounts/user/{user.pk}/change/"
    fields = {"email": user.email, "name": "", "is_active": "on", "gets_digest": "on", "_save": "1"}
    assert cast.client("administrator").post(page, fields).status_code == 302
    user.refresh_from_db()
    assert user.is_active
    assert idle.ask_and_close() == 0
    assert idle.ask_and_close(timezone.now() + (MAILS[0] - 1) * DAY) == 0


def test_a_link_keeps_nobody_elses_account() -> None:
    user = account(END - 10)
    idle.ask_and_close()
    row = IdleAccount.objects.get(user=user)
    for token in (make_token(idle.PURPOSE, row.pk + 1, 1), make_token(idle.PURPOSE, row.pk, 2), "x", "1-1.AAAA"):
        with pytest.raises(BadToken):
            idle.find_row(token)
        assert PortalClient().get(f"/konto/behalten/{token}/").status_code == 404
    assert PortalClient().get(f"/konto/behalten/{make_token('accounts.other', row.pk, 1)}/").status_code == 404
