"""Logging in, the second factor, and the administration of accounts: through the pages that people use."""

from importlib import import_module
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from platform_mark.accounts.models import User
from platform_mark.accounts.passwords import MAXIMUM_LENGTH, MaximumLengthValidator
from platform_mark.accounts.roles import load_roles
from tests.cast import PASSWORD, Person, log_in, make_cast, make_person
from tests.conftest import PortalClient
from tests.make import make_user
from tests.markup import Page

pytestmark = pytest.mark.django_db

LOGIN = "/konto/anmelden/"
NEW_PASSWORD = "Federwindemaschine im Winter 7"
_ports = count(1)


def try_login(client: Client, email: str, password: str = "falsch", **extra: Any) -> HttpResponse:
    return client.post(LOGIN, {"login": email, "password": password}, **extra)


def is_logged_in(client: Client) -> bool:
    return client.get("/konto/zweiter-faktor/").status_code == 200


def browser() -> PortalClient:
    return PortalClient(raise_request_exception=False)


# ---------------------------------------------------------------- login


def test_staff_log_in_by_password_and_code_and_arrive_where_they_wanted_to_go(client: Client) -> None:
    person = make_person("redaktion@portal.test", is_superuser=True)
    response = client.get("/admin/practices/practice/")
    assert response["Location"] == f"{LOGIN}?next=%2Fadmin%2Fpractices%2Fpractice%2F"
    page = Page.of(client.get(response["Location"]))
    wanted = {field["value"] for field in page.all("input", name="next")}
    assert wanted == {"/admin/practices/practice/"}, "by password and by passkey"

    response = client.post(
        LOGIN, {"login": person.user.email, "password": PASSWORD, "next": "/admin/practices/practice/"}
    )
    assert response["Location"] == "/konto/anmelden/zweiter-faktor/"
    assert client.get("/admin/practices/practice/").status_code == 302, "the password alone opens nothing"

    response = client.post(response["Location"], {"code": "000000"})
    assert "Dieser Code passt nicht." in response.content.decode()
    response = client.post("/konto/anmelden/zweiter-faktor/", {"code": person.code()})
    assert response["Location"] == "/admin/practices/practice/"
    assert client.get("/admin/practices/practice/").status_code == 200


def test_a_code_opens_only_once(client: Client) -> None:
    person = make_person("redaktion@portal.test")
    code = person.code()
    for visitor, status in ((client, 302), (browser(), 200)):
        try_login(visitor, person.user.email, PASSWORD)
        assert visitor.post("/konto/anmelden/zweiter-faktor/", {"code": code}).status_code == status


def test_a_recovery_code_opens_once_where_the_telephone_is_missing(client: Client) -> None:
    person = make_person("redaktion@portal.test")
    code = person.recovery_codes[0]
    for visitor, status in ((client, 302), (browser(), 200)):
        try_login(visitor, person.user.email, PASSWORD)
        assert visitor.post("/konto/anmelden/zweiter-faktor/", {"code": code}).status_code == status


def test_an_address_in_capital_letters_is_the_same_account(client: Client) -> None:
    make_person("redaktion@portal.test", second_factor=False)
    assert try_login(client, "Redaktion@Portal.TEST", PASSWORD).status_code == 302
    assert is_logged_in(client)


def test_logging_in_gives_the_session_a_new_name(client: Client) -> None:
    person = make_person("redaktion@portal.test", second_factor=False)
    client.get("/admin/")
    client.session.save()
    before = client.session.session_key
    log_in(client, person)
    assert client.session.session_key != before


def test_who_is_not_staff_goes_to_the_own_account_and_never_in_circles(client: Client) -> None:
    make_person("akteur@portal.test", is_staff=False, second_factor=False)
    response = try_login(client, "akteur@portal.test", PASSWORD)
    assert response["Location"] == "/konto/"
    response = client.get("/admin/")
    assert response.status_code == 403
    assert "Diese Seite ist nicht für alle offen" in response.content.decode()
    assert client.get("/admin/login/").status_code == 403


# ---------------------------------------------------------------- what a refusal tells, Q41


def answer(response: HttpResponse) -> tuple[int, str]:
    """Everything a browser gets, but for the address it has typed itself and the form's one-time key."""
    page = Page.of(response)
    return response.status_code, page.main.text


def test_a_refusal_is_the_same_for_every_reason() -> None:
    make_person("da@portal.test")
    make_person("weg@portal.test", is_active=False)
    make_user("ohne@portal.test", is_staff=True)
    answers = {
        answer(try_login(browser(), "da@portal.test", REMOTE_ADDR="203.0.113.1")),
        answer(try_login(browser(), "gibt-es-nicht@portal.test", REMOTE_ADDR="203.0.113.2")),
        answer(try_login(browser(), "weg@portal.test", REMOTE_ADDR="203.0.113.3")),
        answer(try_login(browser(), "weg@portal.test", PASSWORD, REMOTE_ADDR="203.0.113.4")),
        answer(try_login(browser(), "ohne@portal.test", PASSWORD, REMOTE_ADDR="203.0.113.5")),
    }
    assert len(answers) == 1, answers
    status, text = answers.pop()
    assert status == 200
    assert "Adresse und Passwort passen nicht zusammen." in text


@pytest.mark.usefixtures("slow_passwords")
def test_a_refusal_takes_as_long_for_an_address_without_an_account() -> None:
    make_person("da@portal.test")

    def seconds(email: str) -> float:
        times = []
        for number in range(4):
            start = perf_counter()
            try_login(browser(), email, REMOTE_ADDR=f"198.51.100.{number}")
            times.append(perf_counter() - start)
        return median(times)

    known, unknown = seconds("da@portal.test"), seconds("gibt-es-nicht@portal.test")
    # The hash dominates both; without it an unknown address would answer many times faster.
    assert 0.4 < known / unknown < 2.5


# ---------------------------------------------------------------- limits, Q42


def test_failures_are_limited_for_an_account_from_one_client_and_not_from_another() -> None:
    person = make_person("redaktion@portal.test", second_factor=False)
    here, elsewhere = {"REMOTE_ADDR": "203.0.113.7"}, {"REMOTE_ADDR": "203.0.113.8"}
    statuses = [try_login(browser(), person.user.email, **here).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    response = try_login(browser(), person.user.email, PASSWORD, **here)
    assert response.status_code == 429, "guessing goes on no longer, even if the guess is right"
    assert response["Retry-After"] == "300"
    assert "Das waren viele Versuche" in response.content.decode()
    assert try_login(browser(), person.user.email, PASSWORD, **elsewhere).status_code == 302


def test_the_way_through_the_administration_has_the_same_limits() -> None:
    make_person("redaktion@portal.test")
    client = browser()
    statuses = []
    for _ in range(6):
        response = client.get("/admin/login/?next=/admin/", follow=True)
        assert response.request["PATH_INFO"] == LOGIN
        statuses.append(
            client.post(response.request["PATH_INFO"], {"login": "redaktion@portal.test", "password": "x"}).status_code
        )
    assert statuses == [200] * 5 + [429]
    assert client.post("/admin/login/", {"username": "redaktion@portal.test", "password": PASSWORD}).status_code == 302
    assert not is_logged_in(client), "Django's own form is gone"


def test_one_client_may_not_try_many_accounts() -> None:
    statuses = [try_login(browser(), f"{n}@portal.test", REMOTE_ADDR="203.0.113.9").status_code for n in range(11)]
    assert statuses == [200] * 10 + [429]


def test_an_account_under_attack_from_many_clients_leaves_each_one_try_and_its_owner_gets_in() -> None:
    person = make_person("redaktion@portal.test", second_factor=False)
    for number in range(20):
        assert try_login(browser(), person.user.email, REMOTE_ADDR=f"198.51.100.{number}").status_code == 200
    attacker = {"REMOTE_ADDR": "198.51.100.200"}
    assert [try_login(browser(), person.user.email, **attacker).status_code for _ in range(2)] == [200, 429]
    owner = {"REMOTE_ADDR": "203.0.113.10"}
    assert try_login(browser(), person.user.email, PASSWORD, **owner).status_code == 302
    assert try_login(browser(), person.user.email, PASSWORD, **owner).status_code == 302, "a success counts as no try"


def test_a_success_takes_back_its_own_try_only() -> None:
    person = make_person("redaktion@portal.test")
    client = {"REMOTE_ADDR": "203.0.113.11"}
    for number in range(9):
        try_login(browser(), f"{number}@portal.test", **client)
    visitor = browser()
    try_login(visitor, person.user.email, PASSWORD, **client)
    assert visitor.post("/konto/anmelden/zweiter-faktor/", {"code": person.code()}, **client).status_code == 302
    statuses = [try_login(browser(), f"x{n}@portal.test", **client).status_code for n in range(2)]
    assert statuses == [200, 429], "neither password nor code clears what the client has failed before"


def test_forged_addresses_of_clients_are_ignored_without_a_trusted_proxy() -> None:
    make_person("redaktion@portal.test")
    statuses = [
        try_login(browser(), "redaktion@portal.test", HTTP_X_FORWARDED_FOR=f"203.0.113.{n}").status_code
        for n in range(6)
    ]
    assert statuses[-1] == 429


def test_tries_are_not_forgotten_because_many_others_are_counted() -> None:
    person = make_person("redaktion@portal.test")
    for _ in range(5):
        try_login(browser(), person.user.email)
    cache.set_many({f"other:{number}": 1 for number in range(1_000)})
    assert try_login(browser(), person.user.email).status_code == 429


def test_codes_cannot_be_tried_out_either() -> None:
    person = make_person("redaktion@portal.test")
    statuses = []
    for number in range(6):
        client = browser()
        try_login(client, person.user.email, PASSWORD, REMOTE_ADDR=f"203.0.113.{number}")
        statuses.append(client.post("/konto/anmelden/zweiter-faktor/", {"code": "123456"}).status_code)
    assert statuses == [200] * 5 + [429]


def test_a_switched_off_account_counts_its_tries_like_any_other() -> None:
    make_person("weg@portal.test", is_active=False)
    statuses = [try_login(browser(), "weg@portal.test", PASSWORD).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]


# ---------------------------------------------------------------- where one goes afterwards, Q46


@pytest.mark.parametrize(
    "target",
    [
        "https://boese.example/",
        "//boese.example/",
        "/\\boese.example",
        "javascript:alert(1)",
        "http:///boese.example",
        "\thttps://boese.example",
    ],
)
def test_no_address_of_somebody_else_is_followed(client: Client, target: str) -> None:
    person = make_person("redaktion@portal.test", second_factor=False)
    response = client.post(LOGIN, {"login": person.user.email, "password": PASSWORD, "next": target})
    assert response["Location"] == "/admin/"
    response = client.get("/admin/login/", {"next": target})
    assert "boese" not in response["Location"]
    response = client.post("/konto/abmelden/", {"next": target})
    assert response["Location"] == "/"


# ---------------------------------------------------------------- sessions, Q44


def test_switching_an_account_off_ends_its_sessions_at_once() -> None:
    cast = make_cast()
    editor = cast.client("editor")
    assert editor.get("/admin/").status_code == 200
    form = cast.client("superuser").get(change(cast.person("editor").user))
    fields = Page.of(form)
    data = {"email": fields.one("input", name="email")["value"], "name": "", "is_staff": "on"}
    assert cast.client("superuser").post(change(cast.person("editor").user), data).status_code == 302
    assert User.objects.get(email="editor@portal.test").is_active is False
    assert editor.get("/admin/").status_code == 302
    assert not is_logged_in(editor)


def test_half_a_login_ends_with_the_account(client: Client) -> None:
    person = make_person("redaktion@portal.test")
    try_login(client, person.user.email, PASSWORD)
    User.objects.update(is_active=False)
    client.post("/konto/anmelden/zweiter-faktor/", {"code": person.code()})
    assert not is_logged_in(client)


def test_logging_out_is_a_button_and_ends_the_session(client: Client) -> None:
    log_in(client, make_person("redaktion@portal.test"))
    page = Page.of(client.get("/konto/abmelden/"))
    assert page.one("h1").text == "Möchten Sie sich abmelden?"
    assert is_logged_in(client), "a link alone logs nobody out"
    assert client.post("/konto/abmelden/").status_code == 302
    assert not is_logged_in(client)


# ---------------------------------------------------------------- passwords, Q40


def change_password(client: Client, new: str, old: str = PASSWORD, again: str = "") -> HttpResponse:
    return client.post("/konto/passwort/", {"oldpassword": old, "password1": new, "password2": again or new})


def test_a_new_password_ends_all_other_sessions(client: Client) -> None:
    person = make_person("redaktion@portal.test", second_factor=False)
    other = log_in(browser(), person)
    log_in(client, person)
    response = client.post(
        "/konto/passwort/", {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}, follow=True
    )
    assert "Ihr Passwort ist geändert." in Page.of(response).main.text
    assert is_logged_in(client)
    assert not is_logged_in(other)
    assert try_login(browser(), person.user.email, NEW_PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("elf Zeichen", "mindestens 12 Zeichen"),
        ("x" * (MAXIMUM_LENGTH + 1), "höchstens 128 Zeichen"),
        ("password1234", "häufigsten"),
        ("redaktion@portal", "E-Mail-Adresse"),
    ],
)
def test_weak_and_endless_passwords_are_refused_with_the_reason(client: Client, password: str, words: str) -> None:
    log_in(client, make_person("redaktion@portal.test", second_factor=False))
    assert words in Page.of(change_password(client, password)).main.text


@pytest.mark.parametrize("password", ["zwölf Zeich.", "ä" * 64 + "€" * 64, "   mit Leerzeichen   "])
def test_long_and_odd_passwords_are_taken_as_they_are(client: Client, password: str) -> None:
    person = make_person("redaktion@portal.test", second_factor=False)
    log_in(client, person)
    assert change_password(client, password).status_code == 302
    assert try_login(browser(), person.user.email, password).status_code == 302


def test_a_wrong_old_password_or_a_slip_changes_nothing(client: Client) -> None:
    person = make_person("redaktion@portal.test", second_factor=False)
    log_in(client, person)
    assert "Das ist nicht Ihr bisheriges Passwort." in change_password(client, NEW_PASSWORD, "x").content.decode()
    assert "Beide Eingaben sind verschieden." in change_password(client, NEW_PASSWORD, again="anders").content.decode()
    assert try_login(browser(), person.user.email, PASSWORD).status_code == 302


@pytest.mark.usefixtures("slow_passwords")
def test_passwords_are_kept_as_scrypt_hashes() -> None:
    assert make_user(password=PASSWORD).password.startswith("scrypt$16384$")


def test_the_validator_says_its_rule_in_german() -> None:
    with pytest.raises(ValidationError, match="höchstens 128 Zeichen"):
        MaximumLengthValidator().validate("x" * 129)
    MaximumLengthValidator().validate("x" * 128)
    assert "128" in MaximumLengthValidator().get_help_text()


# ---------------------------------------------------------------- second factor


def secret_of(page: Page) -> str:
    return page.main.one("code").text.replace(" ", "")


def test_staff_without_a_second_factor_are_led_through_it_and_then_in(client: Client) -> None:
    person = make_person("neu@portal.test", second_factor=False, is_superuser=True)
    response = client.post(LOGIN, {"login": person.user.email, "password": PASSWORD}, follow=True)
    assert response.request["PATH_INFO"] == "/konto/zweiter-faktor/app/", "the password was just typed: no second time"
    page = Page.of(response)
    assert "Die Verwaltung öffnet sich erst mit einem zweiten Faktor." in page.main.text
    assert page.main.one("svg", role="img")["aria-label"] == "QR-Code für Ihre App"
    person.secret = secret_of(page)
    assert len(person.secret) == 32

    response = client.post("/konto/zweiter-faktor/app/", {"code": "12"})
    assert secret_of(Page.of(response)) == person.secret, "a slip does not cost another scan"
    response = client.post("/konto/zweiter-faktor/app/", {"code": person.code()}, follow=True)
    assert response.request["PATH_INFO"] == "/konto/zweiter-faktor/codes/"
    page = Page.of(response)
    codes = [code.text for code in page.main.all("code")]
    assert len(set(codes)) == 10
    assert "/admin/" in page.links
    assert client.get("/admin/").status_code == 200

    later = browser()
    try_login(later, person.user.email, PASSWORD)
    assert later.post("/konto/anmelden/zweiter-faktor/", {"code": codes[0]}).status_code == 302
    assert later.get("/admin/").status_code == 200


def test_nothing_of_the_administration_opens_without_the_second_factor(client: Client) -> None:
    log_in(client, make_person("neu@portal.test", second_factor=False, is_superuser=True))
    for path in ("", "jsi18n/", "autocomplete/", "practices/practice/", "gibt-es-nicht/", "r/1/1/", "practices/"):
        response = client.get(f"/admin/{path}")
        assert (response.status_code, response["Location"]) == (302, "/konto/zweiter-faktor/app/"), path
        assert client.post(f"/admin/{path}").status_code == 302


def test_a_session_that_was_opened_by_the_password_alone_does_not_gain_from_another(client: Client) -> None:
    person = make_person("neu@portal.test", second_factor=False, is_superuser=True)
    thief = log_in(browser(), person)
    log_in(client, person)
    person.secret = secret_of(Page.of(client.get("/konto/zweiter-faktor/app/")))
    client.post("/konto/zweiter-faktor/app/", {"code": person.code()})
    assert client.get("/admin/").status_code == 200
    response = thief.get("/admin/")
    assert (response.status_code, response["Location"]) == (302, "/konto/bestaetigen/zweiter-faktor/?next=%2Fadmin%2F")
    assert thief.post("/konto/bestaetigen/zweiter-faktor/", {"code": "000000"}).status_code == 200
    assert thief.get("/admin/").status_code == 302


def test_the_quick_start_offers_the_second_factor_and_asks_for_none(client: Client, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    log_in(client, make_person("neu@portal.test", second_factor=False, is_superuser=True))
    page = Page.of(client.get("/admin/"))
    assert "Zweiten Faktor einrichten" in page.main.text
    assert "/konto/zweiter-faktor/app/" in page.links


def test_taking_the_app_away_closes_the_administration_again(client: Client) -> None:
    log_in(client, make_person("redaktion@portal.test"))
    assert client.get("/admin/").status_code == 200
    assert "App entfernen?" in client.get("/konto/zweiter-faktor/app/entfernen/").content.decode()
    response = client.post("/konto/zweiter-faktor/app/entfernen/", follow=True)
    assert "Die App ist entfernt." in Page.of(response).main.text
    assert not Authenticator.objects.exists(), "recovery codes alone are no factor"
    assert client.get("/admin/")["Location"] == "/konto/zweiter-faktor/app/"


def test_changing_the_second_factor_asks_for_the_password_when_the_login_is_long_ago(
    client: Client, settings: Any
) -> None:
    log_in(client, make_person("redaktion@portal.test"))
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    for path in ("app/entfernen/", "codes/", "codes/neu/", "codes/datei/"):
        response = client.get(f"/konto/zweiter-faktor/{path}")
        assert response["Location"].startswith("/konto/bestaetigen/?next="), path
    page = Page.of(client.get("/konto/bestaetigen/"))
    assert page.one("h1").text == "Bitte bestätigen Sie, dass Sie es sind"
    assert "Das ist nicht Ihr Passwort." in client.post("/konto/bestaetigen/", {"password": "x"}).content.decode()
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
    response = client.post("/konto/bestaetigen/", {"password": PASSWORD, "next": "/konto/zweiter-faktor/codes/"})
    assert response["Location"] == "/konto/zweiter-faktor/codes/"


def test_recovery_codes_can_be_saved_and_made_anew(client: Client) -> None:
    person = make_person("redaktion@portal.test")
    log_in(client, person)
    page = Page.of(client.get("/konto/zweiter-faktor/codes/"))
    assert [code.text for code in page.main.all("code")] == person.recovery_codes
    file = client.get("/konto/zweiter-faktor/codes/datei/")
    assert file["Content-Disposition"] == 'attachment; filename="wiederherstellungscodes.txt"'
    assert file.content.decode().split()[-10:] == person.recovery_codes
    response = client.post("/konto/zweiter-faktor/codes/neu/", follow=True)
    new = [code.text for code in Page.of(response).main.all("code")]
    assert len(new) == 10
    assert not set(new) & set(person.recovery_codes)


# ---------------------------------------------------------------- the pages

PAGES = (
    *("/konto/zweiter-faktor/", "/konto/zweiter-faktor/codes/", "/konto/zweiter-faktor/codes/neu/"),
    *("/konto/zweiter-faktor/app/entfernen/", "/konto/passwort/", "/konto/bestaetigen/", "/konto/abmelden/"),
    "/konto/bestaetigen/zweiter-faktor/",
)


def test_every_page_of_an_account_is_whole_german_and_kept_by_nobody(client: Client) -> None:
    person = make_person("redaktion@portal.test")
    pages = {LOGIN: client.get(LOGIN)}
    try_login(client, person.user.email, PASSWORD)
    pages["/konto/anmelden/zweiter-faktor/"] = client.get("/konto/anmelden/zweiter-faktor/")
    client.post("/konto/anmelden/zweiter-faktor/", {"code": person.code()})
    pages |= {path: client.get(path) for path in PAGES}
    client.post("/konto/zweiter-faktor/app/entfernen/")
    pages["/konto/zweiter-faktor/app/"] = client.get("/konto/zweiter-faktor/app/")
    pages["/konto/zweiter-faktor/ ohne App"] = client.get("/konto/zweiter-faktor/")
    assert len(pages) == 12
    for path, response in pages.items():
        assert response.status_code == 200, path
        page = Page.of(response)
        assert page.problems == [], path
        assert "no-store" in response["Cache-Control"], path
        words = set(page.root.text.replace(",", " ").replace(".", " ").split())
        assert not words & {"du", "Du", "dein", "Dein", "dir", "dich", "Sign", "Password", "Code:", "Submit"}, path
        for field in page.main.all("input"):
            assert "placeholder" not in field, path
        for script in page.all("script"):
            assert script["src"].startswith("/static/js/"), path
        assert not page.all("style"), path
        for element in page.root.walk():
            assert "style" not in element, path
            assert not element["src"].startswith("data:"), path


def test_pages_that_need_a_login_lead_to_it(client: Client) -> None:
    for path in (*PAGES, "/konto/zweiter-faktor/app/", "/konto/zweiter-faktor/codes/datei/"):
        response = client.get(path)
        assert response.status_code == 302, path
        assert response["Location"] in {f"{LOGIN}?next={path}", f"{LOGIN}?next={path.replace('/', '%2F')}", "/"}, path
    assert client.get("/konto/anmelden/zweiter-faktor/")["Location"] == LOGIN


def test_only_what_is_used_of_the_package_has_an_address(client: Client) -> None:
    for path in ("signup/", "login/", "password/reset/", "email/", "confirm-email/", "registrieren/", "inactive/"):
        assert client.get(f"/konto/{path}").status_code == 404, path


def test_there_is_no_second_way_in_by_json(client: Client) -> None:
    person = make_person("redaktion@portal.test")
    response = try_login(
        client, person.user.email, HTTP_ACCEPT="application/json", HTTP_X_REQUESTED_WITH="XMLHttpRequest"
    )
    assert response["Content-Type"].startswith("text/html")


def test_a_session_cookie_is_for_the_host_alone_and_ends_with_the_browser(client: Client) -> None:
    log_in(client, make_person("redaktion@portal.test"))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie.key == "__Host-session"
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, True, "Lax", "")


# ---------------------------------------------------------------- administration of accounts


def change(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def data_of(user: User, *roles: str, **fields: str) -> dict[str, Any]:
    groups = list(Group.objects.filter(name__in=roles).values_list("pk", flat=True))
    return {"email": user.email, "name": user.name, "is_active": "on", "is_staff": "on", "groups": groups} | fields


@pytest.fixture
def administrator(client: Client) -> Person:
    """Somebody with the role for it and no more, logged in as `client`."""
    load_roles()
    person = make_person("verwaltung@portal.test", "Verwaltung")
    log_in(client, person)
    return person


def test_the_administration_makes_an_account_that_can_log_in(client: Client, administrator: Person) -> None:
    data = {
        "email": "Neue.Kollegin@Portal.test",
        "name": "Neue Kollegin",
        "is_staff": "on",
        "groups": [Group.objects.get(name="Redaktion").pk],
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    response = client.post("/admin/accounts/user/add/", data)
    user = User.objects.get(email="neue.kollegin@portal.test")
    assert response["Location"] == change(user)
    assert user.has_perm("practices.change_practice")
    assert not user.is_superuser
    assert log_in(browser(), Person(user)).get("/admin/")["Location"] == "/konto/zweiter-faktor/app/"


def test_the_log_names_accounts_by_their_number(client: Client, administrator: Person) -> None:
    data = {"email": "erika@portal.test", "name": "Erika Mustermann", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/admin/accounts/user/add/", data)
    user = User.objects.get(email="erika@portal.test")
    client.post(change(user), {"email": user.email, "name": "Erika Muster", "is_active": "on", "gets_digest": "on"})
    client.post(f"/admin/accounts/user/{user.pk}/password/", {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    entries = LogEntry.objects.filter(object_id=str(user.pk))
    assert [entry.object_repr for entry in entries] == [f"Konto {user.pk}"] * 3
    assert "Erika" not in str(entries.values())
    assert "Geändert: Name." in client.get("/admin/admin/logentry/").content.decode()


def test_what_was_logged_of_accounts_before_forgets_their_names() -> None:
    by, user = make_user(), make_user(name="Erika Mustermann")
    for row in (user, Group.objects.create(name="Erikas Gruppe")):
        kind = ContentType.objects.get_for_model(row)
        LogEntry.objects.create(
            user=by, content_type=kind, object_id=str(row.pk), object_repr=str(row), action_flag=CHANGE
        )
    import_module("platform_mark.accounts.migrations.0004_log_accounts_by_number").forget_names(apps, None)
    assert {entry.object_repr for entry in LogEntry.objects.all()} == {f"Konto {user.pk}", "Erikas Gruppe"}


def test_an_address_has_one_account_whatever_its_case(client: Client, administrator: Person) -> None:
    data = {"email": "VERWALTUNG@portal.test", "password1": PASSWORD, "password2": PASSWORD}
    assert "Diese Adresse hat schon ein Konto." in client.post("/admin/accounts/user/add/", data).content.decode()


def test_weak_passwords_are_refused_in_the_administration_too(client: Client, administrator: Person) -> None:
    data = {"email": "neu@portal.test", "password1": "kurz", "password2": "kurz"}
    assert "mindestens 12 Zeichen" in client.post("/admin/accounts/user/add/", data).content.decode()
    user = make_user("da@portal.test")
    response = client.post(f"/admin/accounts/user/{user.pk}/password/", {"password1": "kurz", "password2": "kurz"})
    assert "mindestens 12 Zeichen" in response.content.decode()


def test_setting_a_password_ends_the_sessions_of_its_owner(client: Client, administrator: Person) -> None:
    person = make_person("redaktion@portal.test", "Redaktion", second_factor=False)
    theirs = log_in(browser(), person)
    address = f"/admin/accounts/user/{person.user.pk}/password/"
    assert address in Page.of(client.get(change(person.user))).links
    response = client.post(address, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert response["Location"] == change(person.user)
    assert not is_logged_in(theirs)
    assert try_login(theirs, person.user.email, NEW_PASSWORD).status_code == 302


def test_nobody_changes_the_own_rights(client: Client, administrator: Person) -> None:
    page = Page.of(client.get(change(administrator.user)))
    names = {element["name"] for element in page.main.all("input", "select")}
    assert names >= {"email", "name"}
    assert not names & {"groups", "is_staff", "is_active", "is_superuser"}
    client.post(change(administrator.user), data_of(administrator.user, "Redaktion", "Verwaltung", is_superuser="on"))
    user = User.objects.get(pk=administrator.user.pk)
    assert [group.name for group in user.groups.all()] == ["Verwaltung"]
    assert not user.is_superuser
    response = client.get(f"/admin/accounts/user/{user.pk}/password/")
    assert response["Location"] == "/konto/passwort/", "the own password needs the old one"


def test_nobody_becomes_superuser_by_a_form(client: Client, administrator: Person) -> None:
    user = make_user("da@portal.test")
    client.post(change(user), data_of(user, "Redaktion", is_superuser="on", user_permissions="1"))
    user.refresh_from_db()
    assert [group.name for group in user.groups.all()] == ["Redaktion"]
    assert not user.is_superuser
    assert not user.user_permissions.exists()


def test_a_superuser_is_out_of_reach_for_the_role(client: Client, administrator: Person) -> None:
    above = make_person("chefin@portal.test", is_superuser=True).user
    assert client.post(change(above), data_of(above, name="Gekapert")).status_code == 403
    assert (
        client.post(
            f"/admin/accounts/user/{above.pk}/password/", {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        ).status_code
        == 403
    )
    response = client.post("/admin/accounts/user/", {"action": "reset_second_factor", "_selected_action": [above.pk]})
    assert response.status_code == 403
    above.refresh_from_db()
    assert above.check_password(PASSWORD)
    assert Authenticator.objects.filter(user=above).exists()


def test_accounts_are_switched_off_and_never_deleted(client: Client, administrator: Person) -> None:
    user = make_user("da@portal.test")
    assert client.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in client.get("/admin/accounts/user/").content.decode()
    assert (
        make_cast().client("superuser").post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"}).status_code
        == 403
    )
    assert User.objects.filter(pk=user.pk).exists()


def test_resetting_a_second_factor_is_written_down_and_ends_what_it_had_opened(
    client: Client, administrator: Person
) -> None:
    person = make_person("redaktion@portal.test", "Redaktion")
    theirs = log_in(browser(), person)
    response = client.post(
        "/admin/accounts/user/", {"action": "reset_second_factor", "_selected_action": [person.user.pk]}, follow=True
    )
    assert "ist zurückgesetzt" in Page.of(response).main.text
    assert not Authenticator.objects.filter(user=person.user).exists()
    entry = LogEntry.objects.get(object_id=str(person.user.pk))
    assert (entry.user, entry.get_change_message()) == (administrator.user, "Zweiter Faktor zurückgesetzt.")
    assert theirs.get("/admin/")["Location"] == "/konto/zweiter-faktor/app/"


def test_the_own_second_factor_is_not_reset_in_passing(client: Client, administrator: Person) -> None:
    client.post("/admin/accounts/user/", {"action": "reset_second_factor", "_selected_action": [administrator.user.pk]})
    assert Authenticator.objects.filter(user=administrator.user).exists()
    assert client.get("/admin/").status_code == 200


def test_roles_are_no_model_of_the_administration(client: Client) -> None:
    client = make_cast().client("superuser")
    for path in ("auth/group/", "mfa/authenticator/", "account/emailaddress/", "procrastinate/procrastinatejob/"):
        assert client.get(f"/admin/{path}").status_code == 404, path


def test_counters_of_failed_logins_are_shared_by_all_processes() -> None:
    assert settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache")
