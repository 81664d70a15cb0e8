"""The people of the tests: accounts with their roles and a real second factor, and a way to log them in."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from platform_mark.accounts.models import User
from platform_mark.accounts.roles import load_roles
from tests.conftest import PortalClient

PASSWORD = "Hubzähler am Kettenzug, dienstags"
CODE_SECONDS = 30

# Everybody, from the one without an account to the one who may do everything; the roles of those who are staff.
PEOPLE: Mapping[str, tuple[str, ...] | None] = {
    "visitor": None,
    "stranger": None,
    "newcomer": (),
    "editor": ("Redaktion",),
    "moderator": ("Moderation",),
    "organiser": ("Veranstaltungen",),
    "protector": ("Datenschutz",),
    "administrator": ("Verwaltung",),
    "superuser": (),
}


@dataclass
class Person:
    """Somebody with an account, a telephone and a sheet of recovery codes."""

    user: User
    secret: str = ""
    recovery_codes: list[str] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)

    def code(self) -> str:
        """What the app on the telephone shows, else a recovery code, since each code opens once only."""
        left = CODE_SECONDS - time.time() % CODE_SECONDS
        if left < 2:
            # It would be over before it is typed in.
            time.sleep(left + 0.05)
        code = format_hotp_value(hotp_value(self.secret, int(time.time()) // CODE_SECONDS))
        if code in self._used:
            return self.recovery_codes.pop(0)
        self._used.add(code)
        return code


@cache
def _hashed(password: str, hasher: str) -> str:
    # Slow on purpose, so that all of them share one.
    return make_password(password)


def make_person(email: str, *roles: str, second_factor: bool = True, **fields: object) -> Person:
    """Staff with these roles; without a second factor they stand before the door of the administration."""
    user = User.objects.create(
        **{"email": email, "password": _hashed(PASSWORD, settings.PASSWORD_HASHERS[0]), "is_staff": True, **fields}
    )
    user.groups.set(Group.objects.filter(name__in=roles))
    if not user.is_staff:
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if not second_factor:
        return Person(user)
    person = Person(user, generate_totp_secret())
    TOTP.activate(user, person.secret)
    person.recovery_codes = RecoveryCodes.activate(user).get_unused_codes()
    return person


def log_in(client: Client, person: Person) -> Client:
    """Log in by the pages that people use: password, then the second factor where there is one."""
    response = client.post(reverse("account_login"), {"login": person.user.email, "password": PASSWORD})
    assert response.status_code == 302, "password refused"
    if person.secret:
        assert response["Location"] == reverse("mfa_authenticate")
        response = client.post(reverse("mfa_authenticate"), {"code": person.code()})
        assert response.status_code == 302, "code refused"
    return client


class Cast:
    """Everybody of PEOPLE, made and logged in when first asked for."""

    def __init__(self) -> None:
        load_roles()
        self._people: dict[str, Person] = {}
        self._clients: dict[str, Client] = {}

    def person(self, name: str) -> Person:
        """The account of one of them; "visitor" has none."""
        if name not in self._people:
            roles = PEOPLE[name]
            is_staff = roles is not None
            self._people[name] = make_person(
                f"{name}@portal.test",
                *(roles or ()),
                second_factor=is_staff,
                is_staff=is_staff,
                is_superuser=name == "superuser",
            )
        return self._people[name]

    def client(self, name: str) -> Client:
        """A browser in which this person is logged in."""
        if name not in self._clients:
            client = PortalClient(raise_request_exception=False)
            self._clients[name] = client if name == "visitor" else log_in(client, self.person(name))
        return self._clients[name]


def make_cast() -> Cast:
    """Nobody yet: a person costs a password hash, so each is made when a test asks for it."""
    return Cast()
