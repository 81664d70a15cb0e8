"""Who of the actors may open what: one table over every address of the account, and the rest of the portal as for strangers."""

from http.cookies import SimpleCookie

import pytest

from actors import joining
from actors.models import Membership
from platform_mark.accounts.models import User
from tests.actors.make import make_actor, make_member
from tests.addresses import account_pages, routes
from tests.cast import Cast, Person, log_in, make_cast, make_person
from tests.conftest import PortalClient
from tests.make import fill_site
from tests.test_permissions import filled_in, key, table

pytestmark = pytest.mark.django_db

# fmt: off
# The owner and an editor of the organisation, the owner of another one, of one that waits, of one that has left, somebody
# whose account has been switched off.
ACTORS = ("owner", "colleague", "other_actor", "waiting", "left", "disabled")
TABLE = """
                                          owner      colleague    other_actor        waiting           left       disabled
account:home                                200            200            200            200            200            302
account:demand                              200            200            200            200            200            302
account:find-actor                          200            200            200            200            200            302
account:found-actor                         200            200            200            200            200            302
account:claim                               200            200            200            200            200            302
account:profile                             200            200            404            404            404            302
account:confirm-profile                     405            405            405            405            405            405
account:people                              200            200            404            404            404            302
account:member                              405            405            405            405            405            405
account:withdraw-invitation                 405            405            405            405            405            405
account:confirm-all                         405            405            405            405            405            405
account:leave                               200            404            404            404            404            302
account:invitation                          200            200            200            200            200            200
account:new-activity                        200            200            200            200            302            302
account:activity                            200            200            404            404            404            302
account:preview                             200            200            404            404            404            302
account:step                                405            405            405            405            405            405
account:cooperate                           200            200            200            404            404            302
account:cooperation                         200            200            404            404            404            302
account:relayed                             200            200            200            200            200            200
account:notifications                       200            200            200            200            200            302
account:data                                200            200            200            200            200            302
account:download                            200            200            200            200            200            302
account:close                               405            405            405            405            405            405
account:closed                              200            200            200            200            200            200
"""
# What each may post: whether it is taken (302 to somewhere inside), refused with words (422), or nobody's business (404).
POSTS = """
                                          owner      colleague    other_actor        waiting           left       disabled
account:profile                             422            422            404            404            404          login
account:confirm-profile                     302            302            404            404            404          login
account:people                              422            404            404            404            404          login
account:member                              404            404            404            404            404          login
account:leave                               422            404            404            404            404          login
account:activity                            422            422            404            404            404          login
account:cooperate                           422            422            422            404            404          login
account:cooperation                         404            404            404            404            404          login
account:relayed                             422            422            422            422            422            422
"""
# fmt: on


def parsed(text: str) -> dict[str, dict[str, str]]:
    head, *rows = text.strip().splitlines()
    assert tuple(head.split()) == ACTORS
    return {row.split()[0]: dict(zip(ACTORS, row.split()[1:], strict=True)) for row in rows}


def person(name: str) -> Person:
    return make_person(f"{name}@actors.test", is_staff=False, second_factor=False)


@pytest.fixture
def clients() -> dict[str, PortalClient]:
    people = {name: person(name) for name in ACTORS}
    for name in ("other_actor", "disabled"):
        make_member(make_actor(), people[name].user)
    waiting = make_actor(state="waiting", approved_at=None)
    make_member(waiting, people["waiting"].user)
    left = make_actor()
    make_member(left, people["left"].user)
    joining.leave_register(left, by=people["left"].user, erase=False)
    clients = {name: log_in(PortalClient(raise_request_exception=False), one) for name, one in people.items()}
    User.objects.filter(email="disabled@actors.test").update(is_active=False)
    return clients


@pytest.fixture
def addresses(clients: dict[str, PortalClient]) -> dict[str, str]:
    owner, colleague = (User.objects.get(email=f"{name}@actors.test") for name in ("owner", "colleague"))
    pages = account_pages(owner)
    actor = Membership.objects.get(user=owner).actor
    Membership.objects.filter(actor=actor, role="editor").update(user=colleague)
    return {
        key(route): pages.get(key(route), f"/{route.path}") for route in routes() if key(route).startswith("account:")
    }


def test_every_address_of_the_account_is_in_the_table(addresses: dict[str, str]) -> None:
    assert set(addresses) == set(parsed(TABLE))
    assert len(addresses) >= 20


def test_each_sees_what_the_table_says(clients: dict[str, PortalClient], addresses: dict[str, str]) -> None:
    got = {
        name: {who: str(client.get(addresses[name]).status_code) for who, client in clients.items()}
        for name in addresses
    }
    expected = parsed(TABLE)
    assert {name: row for name, row in got.items() if row != expected[name]} == {}


def test_each_posts_what_the_table_says(clients: dict[str, PortalClient], addresses: dict[str, str]) -> None:
    wrong = []
    for name, row in parsed(POSTS).items():
        for who, expected in row.items():
            response = clients[who].post(addresses[name], {"nonsense": "1"})
            to_login = response.status_code == 302 and response["Location"].startswith("/konto/anmelden/")
            got = "login" if to_login else str(response.status_code)
            if got != expected:
                wrong.append(f"{name} by {who}: {got} instead of {expected}")
    assert wrong == []


def test_everywhere_else_an_actor_is_a_stranger(settings: object, tmp_path: object) -> None:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    cast: Cast = make_cast()
    owner = person("owner")
    make_member(make_actor(), owner.user)
    cookies = log_in(PortalClient(raise_request_exception=False), owner).cookies
    visitor, asked, wrong = PortalClient(raise_request_exception=False), 0, []
    for name, address in filled_in(fill_site(), cast).items():
        if name.startswith(("account:", "actors:")):
            continue
        visitor.cookies = SimpleCookie(cookies.output(header="", sep=";"))
        got = visitor.get(address).status_code
        asked += 1
        if got != table()[name]["stranger"]:
            wrong.append(f"{name}: {got}")
    assert wrong == []
    assert asked >= 100
