"""Accounts that people make themselves: sign-up, codes by mail, a new password, a new address, passkeys. And what leaks."""

from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from platform_mark.accounts.addresses import forget_unconfirmed
from platform_mark.accounts.models import User
from platform_mark.mail import codes
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from tests.cast import PASSWORD, Person, log_in, make_cast, make_person
from tests.conftest import PortalClient
from tests.make import make_user
from tests.markup import Page

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "Federwindemaschine im Winter 7"
SIGN_UP, CONFIRM = "/konto/neu/", "/konto/neu/bestaetigen/"


def browser() -> PortalClient:
    return PortalClient(raise_request_exception=False)


def filled(client: Client, email: str = "neu@kammer.example", **fields: str) -> dict[str, str]:
    """The form as a person sends it, minutes after opening it."""
    from django.core import signing
    from time_machine import travel

    with travel(timezone.now() - timedelta(minutes=2), tick=False):
        opened = signing.dumps("opened", salt="platform_mark.limits")
    return {"name": "Nina Neu", "email": email, "password1": NEW_PASSWORD, "opened": opened, "website": ""} | fields


def sign_up(client: Client, email: str = "neu@kammer.example", **extra: Any) -> HttpResponse:
    return client.post(SIGN_UP, filled(client, email), **extra)


def last_code(kind: str, to: str) -> str:
    mail = OutgoingMail.objects.filter(kind=kind, to=to).latest("pk")
    return next(line for line in full_text(mail).splitlines() if len(line) == 9 and line[4] == "-")


def is_logged_in(client: Client) -> bool:
    return client.get("/konto/").status_code == 200


def actor_person(email: str = "da@kammer.example", **fields: Any) -> Person:
    return make_person(email, is_staff=False, second_factor=False, **fields)


# ---------------------------------------------------------------- sign-up


def test_a_person_signs_up_confirms_the_address_and_is_in(client: Client) -> None:
    page = Page.of(client.get(SIGN_UP))
    assert page.problems == []
    response = sign_up(client, "Nina.Neu@Kammer.example")
    assert response["Location"] == CONFIRM
    user = User.objects.get()
    assert (user.email, user.name, user.is_staff, user.is_superuser) == (
        "nina.neu@kammer.example",
        "Nina Neu",
        False,
        False,
    )
    assert not is_logged_in(client), "an address that nobody has confirmed opens nothing"
    assert "nina.neu@kammer.example" in Page.of(client.get(CONFIRM)).main.text
    response = client.post(CONFIRM, {"code": "0000-0000"})
    assert "Dieser Code passt nicht." in Page.of(response).main.text
    response = client.post(CONFIRM, {"code": last_code("konto-bestaetigen", "nina.neu@kammer.example")})
    assert response["Location"] == "/konto/"
    assert is_logged_in(client)
    assert EmailAddress.objects.get().verified


def test_after_signing_up_one_arrives_where_one_wanted_to_go(client: Client) -> None:
    client.post(SIGN_UP, filled(client) | {"next": "/konto/akteure/"})
    code = last_code("konto-bestaetigen", "neu@kammer.example")
    assert client.post(CONFIRM, {"code": code})["Location"] == "/konto/akteure/"
    other = browser()
    other.post(SIGN_UP, filled(other, "zwei@kammer.example") | {"next": "https://boese.example/"})
    code = last_code("konto-bestaetigen", "zwei@kammer.example")
    assert other.post(CONFIRM, {"code": code})["Location"] == "/konto/"


def test_the_stored_mail_holds_no_code_and_nothing_that_was_typed(client: Client) -> None:
    client.post(SIGN_UP, filled(client, name="Klick boese.example"))
    mail = OutgoingMail.objects.get()
    code = last_code("konto-bestaetigen", mail.to)
    assert codes.MARKER in mail.text
    assert code not in mail.text
    assert code.replace("-", "") not in str(OutgoingMail.objects.values().get())
    assert "boese" not in full_text(mail)
    assert mail.is_limited


def test_a_code_is_worth_nothing_in_another_browser_and_after_three_mistakes(client: Client) -> None:
    sign_up(client)
    code = last_code("konto-bestaetigen", "neu@kammer.example")
    stranger = browser()
    assert stranger.post(CONFIRM, {"code": code}).status_code == 302
    assert not is_logged_in(stranger)
    for _ in range(3):
        client.post(CONFIRM, {"code": "1111-1111"})
    client.post(CONFIRM, {"code": code})
    assert not is_logged_in(client)
    assert not EmailAddress.objects.get().verified


def test_whoever_lost_the_page_gets_a_new_code_by_logging_in(client: Client, settings: Any) -> None:
    sign_up(client)
    later = browser()
    from time_machine import travel

    with travel(timezone.now() + timedelta(minutes=20)):
        response = later.post("/konto/anmelden/", {"login": "neu@kammer.example", "password": NEW_PASSWORD})
        assert response["Location"] == CONFIRM
        code = last_code("konto-bestaetigen", "neu@kammer.example")
        later.post(CONFIRM, {"code": code})
        assert is_logged_in(later)


def test_rights_are_no_fields_of_the_form(client: Client) -> None:
    loot = {"is_staff": "on", "is_superuser": "on", "groups": "1", "is_active": "", "verified": "on", "user": "1"}
    client.post(SIGN_UP, filled(client) | loot)
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.is_active, user.groups.exists()) == (False, False, True, False)
    assert not EmailAddress.objects.get().verified


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": "keine Adresse"}, "noch keine ganze E-Mail-Adresse"),
        ({"email": ""}, "Bitte geben Sie Ihre Adresse ein."),
        ({"password1": "kurz"}, "mindestens 12 Zeichen"),
        ({"password1": "neu@kammer.example"}, "E-Mail-Adresse"),
        ({"password1": "x" * 200}, "höchstens 128 Zeichen"),
        ({"name": ""}, "Bitte nennen Sie Ihren Namen."),
        ({"name": "x" * 10_000}, "Zeichen"),
        ({"email": "x" * 300 + "@kammer.example"}, "E-Mail-Adresse"),
        ({"name": "mit \x00 Null"}, "Ihr Name"),
    ],
)
def test_bad_input_is_refused_at_its_field(client: Client, fields: dict[str, str], words: str) -> None:
    response = client.post(SIGN_UP, filled(client) | fields)
    page = Page.of(response)
    assert words in page.one("div", id="fehler").text
    assert page.title.startswith("Fehler:")
    assert not User.objects.exists()


@pytest.mark.parametrize("trap", [{"website": "http://spam.example"}, {"opened": ""}])
def test_a_caught_robot_makes_no_account_and_a_caught_person_sends_again(client: Client, trap: dict[str, str]) -> None:
    response = client.post(SIGN_UP, filled(client) | trap)
    assert response.status_code == 422
    page = Page.of(response)
    assert "noch einmal" in page.one("div", id="fehler").text
    assert page.one("input", name="email")["value"] == "neu@kammer.example"
    assert not User.objects.exists()


def test_sign_ups_are_limited_for_a_client() -> None:
    here = {"REMOTE_ADDR": "203.0.113.20"}
    statuses = [sign_up(browser(), f"{n}@kammer.example", **here).status_code for n in range(11)]
    assert statuses == [302] * 10 + [429]
    assert sign_up(browser(), "anders@kammer.example", REMOTE_ADDR="203.0.113.21").status_code == 302


def test_nobody_gets_more_than_three_such_mails_an_hour() -> None:
    actor_person("opfer@kammer.example")
    for number in range(8):
        client = {"REMOTE_ADDR": f"198.51.100.{number}"}
        sign_up(browser(), "opfer@kammer.example", **client)
        browser().post("/konto/passwort/vergessen/", {"email": "opfer@kammer.example"}, **client)
        browser().post("/konto/anmelden/code/", {"email": "opfer@kammer.example"}, **client)
    assert OutgoingMail.objects.filter(to="opfer@kammer.example").count() == 3


def test_accounts_that_nobody_confirmed_are_forgotten_after_two_days(client: Client) -> None:
    sign_up(client)
    confirmed, staff = actor_person().user, make_user(is_staff=True)
    by_hand = make_user("von-hand@kammer.example")
    User.objects.exclude(email="neu@kammer.example").update(joined_at=timezone.now() - timedelta(days=9))
    assert forget_unconfirmed() == 0
    User.objects.filter(email="neu@kammer.example").update(joined_at=timezone.now() - timedelta(hours=49))
    assert forget_unconfirmed() == 1
    assert set(User.objects.all()) == {confirmed, staff, by_hand}


# ---------------------------------------------------------------- what an answer tells, Q41


def shown(client: Client, response: HttpResponse, email: str) -> tuple[Any, ...]:
    """All that the sender can see: status, length, headers, and the page it leads to; without the address typed in."""
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in {"Content-Security-Policy", "Set-Cookie", "Content-Length", "Expires"}
    }
    cookies = sorted(name for name in response.cookies)
    then = client.get(response["Location"]) if response.status_code == 302 else response
    page = Page.of(then)
    return response.status_code, headers, cookies, then.status_code, page.title, page.main.text.replace(email, "@")


ACCOUNTS = ("da@kammer.example", "weg@kammer.example", "team@kammer.example", "pend@kammer.example")


@pytest.fixture
def accounts() -> None:
    actor_person("da@kammer.example")
    actor_person("weg@kammer.example", is_active=False)
    make_person("team@kammer.example")
    user = make_user("pend@kammer.example")
    EmailAddress.objects.create(user=user, email=user.email, verified=False, primary=True)


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize(
    ("path", "field"),
    [(SIGN_UP, "email"), ("/konto/passwort/vergessen/", "email"), ("/konto/anmelden/code/", "email")],
)
def test_no_answer_tells_whether_an_address_has_an_account(path: str, field: str) -> None:
    answers = {}
    for number, email in enumerate((*ACCOUNTS, "gibt-es-nicht@kammer.example")):
        client = browser()
        data = filled(client, email) if path == SIGN_UP else {field: email}
        response = client.post(path, data, REMOTE_ADDR=f"203.0.113.{number}")
        assert response.status_code == 302, email
        assert OutgoingMail.objects.filter(to=email).count() == 1, f"{email} gets its mail, whatever it says"
        answers[email] = shown(client, response, email)
        wrong = client.post(response["Location"], {"code": "1234-5678"})
        answers[email] += shown(client, wrong, email)
    assert len({str(answer) for answer in answers.values()}) == 1, answers


@pytest.mark.usefixtures("slow_passwords")
@pytest.mark.parametrize("path", [SIGN_UP, "/konto/passwort/vergessen/", "/konto/anmelden/code/"])
def test_answers_take_as_long_for_an_address_without_an_account(path: str) -> None:
    def seconds(email: str, block: int) -> float:
        times = []
        for number in range(5):
            address = email.replace("#", str(number))
            client = browser()
            data = filled(client, address) if path == SIGN_UP else {"email": address}
            start = perf_counter()
            client.post(path, data, REMOTE_ADDR=f"198.51.{block}.{number}")
            times.append(perf_counter() - start)
        return median(times)

    for number in range(5):
        actor_person(f"da{number}@kammer.example")
    known, unknown = seconds("da#@kammer.example", 100), seconds("weit#@kammer.example", 101)
    assert 0.5 < known / unknown < 2


def test_who_already_has_an_account_is_told_by_mail_only() -> None:
    person = actor_person("da@kammer.example", name="Bleibt")
    sign_up(browser(), "Da@Kammer.example")
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to) == ("konto-gibt-es-schon", "da@kammer.example")
    assert "https://portal.test/konto/anmelden/" in mail.text or "/konto/anmelden/" in mail.text
    person.user.refresh_from_db()
    assert person.user.name == "Bleibt"
    assert person.user.check_password(PASSWORD)


# ---------------------------------------------------------------- logging in by code


def test_a_code_stands_for_the_password_but_not_for_the_second_factor(client: Client) -> None:
    actor_person()
    response = client.post("/konto/anmelden/code/", {"email": "da@kammer.example", "next": "/konto/akteure/"})
    assert not is_logged_in(client)
    code = last_code("anmeldecode", "da@kammer.example")
    response = client.post(response["Location"], {"code": code.replace("-", ""), "next": "/konto/akteure/"})
    assert response["Location"] == "/konto/akteure/"
    assert is_logged_in(client)

    staff, other = make_person("team@kammer.example", is_superuser=True), browser()
    response = other.post("/konto/anmelden/code/", {"email": "team@kammer.example"})
    response = other.post(response["Location"], {"code": last_code("anmeldecode", "team@kammer.example")})
    assert response["Location"] == "/konto/anmelden/zweiter-faktor/"
    assert other.get("/admin/").status_code == 302
    other.post(response["Location"], {"code": staff.code()})
    assert other.get("/admin/").status_code == 200


def test_a_disabled_account_gets_no_code_and_its_running_one_dies(client: Client) -> None:
    user = actor_person().user
    response = client.post("/konto/anmelden/code/", {"email": "da@kammer.example"})
    code = last_code("anmeldecode", "da@kammer.example")
    User.objects.filter(pk=user.pk).update(is_active=False)
    response = client.post(response["Location"], {"code": code})
    assert response.status_code == 302
    assert response["Location"] == "/konto/anmelden/"
    assert not is_logged_in(client)
    browser().post("/konto/anmelden/code/", {"email": "da@kammer.example"})
    assert OutgoingMail.objects.latest("pk").kind == "konto-unbekannt"


# ---------------------------------------------------------------- a new password


def test_a_forgotten_password_is_set_anew_by_code_and_ends_all_sessions(client: Client) -> None:
    person = actor_person()
    old = log_in(browser(), person)
    response = client.post("/konto/passwort/vergessen/", {"email": "da@kammer.example"})
    assert client.get("/konto/passwort/vergessen/neu/")["Location"] == response["Location"], "not before the code"
    response = client.post(response["Location"], {"code": last_code("passwort-code", "da@kammer.example")})
    path = response["Location"]
    refused = client.post(path, {"password1": NEW_PASSWORD, "password2": "etwas ganz anderes"})
    assert "Beide Eingaben sind verschieden." in Page.of(refused).main.text
    client.post(path, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert not is_logged_in(old)
    person.user.refresh_from_db()
    assert person.user.check_password(NEW_PASSWORD)
    assert OutgoingMail.objects.latest("pk").kind == "konto-geaendert"
    assert client.get(path)["Location"] == "/konto/passwort/vergessen/", "the code is used up"


# ---------------------------------------------------------------- a new address, Q45


def test_a_new_address_counts_when_it_is_confirmed_and_both_are_told(client: Client) -> None:
    person = actor_person()
    log_in(client, person)
    response = client.post("/konto/adresse/", {"email": "neue@kammer.example", "action_add": ""})
    assert response["Location"] == CONFIRM
    person.user.refresh_from_db()
    assert person.user.email == "da@kammer.example"
    client.post(CONFIRM, {"code": last_code("adresse-bestaetigen", "neue@kammer.example")})
    person.user.refresh_from_db()
    assert person.user.email == "neue@kammer.example"
    told = OutgoingMail.objects.filter(kind="adresse-geaendert").values_list("to", flat=True)
    assert set(told) == {"da@kammer.example", "neue@kammer.example"}
    assert "_auth_user_id" not in log_in_as(browser(), "da@kammer.example").session
    assert "_auth_user_id" in log_in_as(browser(), "neue@kammer.example").session


def log_in_as(client: PortalClient, email: str) -> PortalClient:
    client.post("/konto/anmelden/", {"login": email, "password": PASSWORD})
    return client


def test_an_old_session_changes_no_address_without_the_password(client: Client) -> None:
    from time_machine import travel

    person = actor_person()
    log_in(client, person)
    with travel(timezone.now() + timedelta(minutes=10)):
        response = client.post("/konto/adresse/", {"email": "neue@kammer.example", "action_add": ""})
        assert response["Location"].startswith("/konto/bestaetigen/")
        assert not OutgoingMail.objects.exists()
        response = client.post("/konto/bestaetigen/", {"password": "falsch"})
        assert "Das ist nicht Ihr Passwort." in Page.of(response).main.text
        client.post("/konto/bestaetigen/?next=/konto/adresse/", {"password": PASSWORD})
        client.post("/konto/adresse/", {"email": "neue@kammer.example", "action_add": ""})
        assert OutgoingMail.objects.get().to == "neue@kammer.example"


def test_the_address_of_somebody_else_is_not_taken_over(client: Client) -> None:
    actor_person("andere@kammer.example")
    person = actor_person()
    log_in(client, person)
    response = client.post("/konto/adresse/", {"email": "andere@kammer.example", "action_add": ""})
    free = browser()
    log_in(free, actor_person("dritte@kammer.example"))
    other = free.post("/konto/adresse/", {"email": "frei@kammer.example", "action_add": ""})
    assert (response.status_code, response["Location"]) == (other.status_code, other["Location"])
    client.post(CONFIRM, {"code": "1111-1111"})
    person.user.refresh_from_db()
    assert person.user.email == "da@kammer.example"


def test_an_address_that_the_administration_changes_is_confirmed_by_its_owner() -> None:
    cast = make_cast()
    person = actor_person()
    data = {"email": "umgezogen@kammer.example", "name": "", "is_active": "on"}
    cast.client("superuser").post(f"/admin/accounts/user/{person.user.pk}/change/", data)
    person.user.refresh_from_db()
    assert person.user.email == "umgezogen@kammer.example"
    assert "_auth_user_id" not in log_in_as(browser(), "da@kammer.example").session
    client = browser()
    response = client.post("/konto/anmelden/", {"login": "umgezogen@kammer.example", "password": PASSWORD})
    assert response["Location"] == CONFIRM


# ---------------------------------------------------------------- passkeys and the second factor


def test_actors_may_have_a_second_factor_and_passkeys_and_need_none(client: Client) -> None:
    log_in(client, actor_person())
    assert is_logged_in(client)
    page = Page.of(client.get("/konto/zweiter-faktor/"))
    assert {"/konto/passkeys/neu/", "/konto/zweiter-faktor/app/", "/konto/adresse/"} <= set(page.links)
    page = Page.of(client.get("/konto/passkeys/neu/"))
    options = page.one("script", id="passkey-daten")
    assert options["type"] == "application/json"
    for credential in NONSENSE:
        response = client.post("/konto/passkeys/neu/", {"name": "Telefon", "credential": credential})
        assert response.status_code == 200, credential
    assert not Authenticator.objects.exists()


NONSENSE = (
    *("", "{}", "[]", "null", '"x"', "7", '{"id": 1}', "x" * 5000, '{"id": "YQ", "rawId": "YQ"}'),
    '{"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {"userHandle": "MQ"}}',
    '{"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {"userHandle": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",'
    ' "clientDataJSON": "e30", "authenticatorData": "YQ", "signature": "YQ"}}',
)


def test_a_passkey_challenge_is_given_to_a_script_and_nonsense_opens_nothing(client: Client) -> None:
    response = client.get("/konto/anmelden/passkey/", HTTP_ACCEPT="application/json")
    assert response["Content-Type"] == "application/json"
    assert response.json()["request_options"]["publicKey"]["challenge"]
    for number, credential in enumerate(NONSENSE):
        client.get("/konto/anmelden/passkey/", HTTP_ACCEPT="application/json", REMOTE_ADDR=f"203.0.113.{number}")
        response = client.post(
            "/konto/anmelden/passkey/", {"credential": credential}, REMOTE_ADDR=f"203.0.113.{number}"
        )
        assert response.status_code == 302, credential
        assert response["Location"] == "/konto/anmelden/", credential
    assert not is_logged_in(client)


def test_foreign_passkeys_are_out_of_reach(client: Client) -> None:
    other = actor_person("andere@kammer.example").user
    key = Authenticator.objects.create(user=other, type=Authenticator.Type.WEBAUTHN, data={"name": "Telefon"})
    log_in(client, actor_person())
    assert client.get(f"/konto/passkeys/{key.pk}/entfernen/").status_code == 404
    assert client.post(f"/konto/passkeys/{key.pk}/entfernen/").status_code == 404
    assert "Telefon" not in client.get("/konto/passkeys/").content.decode()
    assert Authenticator.objects.get() == key


PAGES = (
    *(SIGN_UP, "/konto/anmelden/", "/konto/anmelden/code/", "/konto/passwort/vergessen/"),
    "/konto/passwort/vergessen/fertig/",
)
INSIDE = (
    "/konto/adresse/",
    "/konto/passkeys/",
    "/konto/passkeys/neu/",
    "/konto/zweiter-faktor/",
    "/konto/zweiter-faktor/app/",
)


def test_every_page_is_whole_german_and_kept_by_nobody(client: Client) -> None:
    pages = {path: client.get(path) for path in PAGES}
    for path, to, kind in (
        (SIGN_UP, "x@kammer.example", ""),
        ("/konto/passwort/vergessen/", "da@kammer.example", "passwort-code"),
        ("/konto/anmelden/code/", "da@kammer.example", ""),
    ):
        if kind:
            actor_person()
        visitor = browser()
        response = visitor.post(path, filled(visitor, to) if path == SIGN_UP else {"email": to})
        pages[response["Location"]] = visitor.get(response["Location"])
        if kind:
            response = visitor.post(response["Location"], {"code": last_code(kind, to)})
            pages[response["Location"]] = visitor.get(response["Location"])
    log_in(client, Person(User.objects.get(email="da@kammer.example")))
    pages |= {path: client.get(path) for path in INSIDE}
    assert len(pages) == 14
    for path, response in pages.items():
        assert response.status_code == 200, path
        page = Page.of(response)
        assert page.problems == [], path
        assert "no-store" in response["Cache-Control"], path
        words = set(page.root.text.replace(",", " ").replace(".", " ").split())
        english = {"Sign", "Password", "Submit", "Email", "Continue", "Key", "Enter", "Passwordless"}
        assert not words & ({"du", "Du", "dein", "Dein", "dir", "dich"} | english), path
        for element in page.root.walk():
            assert "style" not in element, path
            assert "placeholder" not in element, path
        for script in page.all("script"):
            assert script["src"].startswith("/static/js/") or script["type"] == "application/json", path
