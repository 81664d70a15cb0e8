import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from platform_mark.logs import JsonFormatter
from platform_mark.tokens import make_token
from practices.models import Suggestion


class Log:
    """A logger of its own that writes as the portal does."""

    def __init__(self) -> None:
        self.stream = StringIO()
        self.logger = logging.Logger("portal.test")
        handler = logging.StreamHandler(self.stream)
        handler.setFormatter(JsonFormatter())
        self.logger.addHandler(handler)

    def written(self) -> str:
        return self.stream.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written().splitlines()]

    def message(self, text: str, *args: object) -> str:
        self.logger.error(text, *args)
        return self.lines()[-1]["message"]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def configured() -> Iterator[StringIO]:
    """What the settings make of the root logger, written to memory instead of standard output."""
    formatter = settings.LOGGING["formatters"]["json"]["()"]
    assert formatter == f"{JsonFormatter.__module__}.{JsonFormatter.__qualname__}"
    handler = logging.StreamHandler(StringIO())
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield handler.stream
    logging.getLogger().removeHandler(handler)


def test_one_record_is_one_line_with_time_level_and_logger(log):
    with time_machine.travel(datetime(2026, 3, 29, 1, 30, 5, 123_000, tzinfo=UTC), tick=False):
        log.logger.warning("Akteur %s, Öl & Gas", "„Heat“")
    assert log.lines() == [
        {
            "time": "2026-03-29T01:30:05.123+00:00",
            "level": "warning",
            "logger": "portal.test",
            "message": "Akteur „Heat“, Öl & Gas",
        }
    ]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_times_are_utc_wherever_the_server_stands(log, monkeypatch, zone):
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        with time_machine.travel(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), tick=False):
            log.logger.info("Uhr")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert log.lines()[0]["time"] == "2026-10-25T00:30:00.000+00:00"


@given(st.text())
def test_nothing_that_is_written_can_begin_a_second_line(text):
    log = Log()
    log.logger.error("%s", text, extra={"path": text})
    assert log.written().count("\n") == 1
    assert log.written().isascii()
    assert log.written().isprintable() or log.written()[:-1].isprintable()
    assert len(log.lines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        'fertig\n{"level": "critical", "message": "gefälscht"}',
        "a\r\nb",
        "a\x00b\x1b[31mrot\x07\x7f\x85\u2028\u2029",
        "\ud800 allein",
        "\u202etxt.exe",
    ],
)
def test_control_characters_are_escaped_and_kept_readable(log, text):
    assert log.message("%s", text) == text
    assert log.written().count("\n") == 1


def test_an_exception_stands_in_the_line_of_its_record(log):
    def fail() -> None:
        raise ValueError("Anmeldung von anna@firma.example\nmit password=geheim99")

    try:
        fail()
    except ValueError:
        log.logger.exception("gescheitert")
    [line] = log.lines()
    assert log.written().count("\n") == 1
    assert line["message"] == "gescheitert"
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert "in fail\n" in line["exception"]
    assert line["exception"].endswith("ValueError: Anmeldung von ***@firma.example\nmit password=***")


@pytest.mark.django_db
@pytest.mark.database
def test_a_row_that_the_database_refuses_is_not_quoted(log):
    typed = "Kanarienvogel\n\nDanach & davor"
    with transaction.atomic(), pytest.raises(IntegrityError) as refused:
        Suggestion.objects.create(company="Federnwerk", place="Hagen", what=typed, benefit=typed, state="unbekannt")
    assert "Kanarienvogel" in str(refused.value)
    log.logger.error("Unerwartet", exc_info=refused.value)
    assert "violates check constraint" in log.written()
    assert "Kanarienvogel" not in log.written()
    assert "davor" not in log.written()


def test_causes_of_an_exception_are_masked_as_well(log):
    try:
        try:
            raise ConnectionError("postgres://portal:geheim99@db/portal")
        except ConnectionError as error:
            raise RuntimeError("keine Verbindung") from error
    except RuntimeError:
        log.logger.exception("gescheitert")
    assert "geheim99" not in log.written()
    assert "postgres://portal:***@db/portal" in log.lines()[0]["exception"]


def test_plain_extras_are_kept_and_objects_are_not(log):
    extra = {"method": "GET", "status": 404, "ms": 1.5, "cached": False, "none": None}
    log.logger.info("request", extra=extra | {"request": object(), "body": b"geheim99", "form": {"name": "geheim99"}})
    [line] = log.lines()
    assert {name: value for name, value in line.items() if name not in ("time", "level", "logger", "message")} == extra
    assert "geheim99" not in log.written()


def test_texts_in_extras_are_masked_by_value_and_by_name(log):
    log.logger.info(
        "request", extra={"path": "/konto/anna@firma.example/", "csrf_token": "abc", "password": "geheim99"}
    )
    [line] = log.lines()
    assert (line["path"], line["csrf_token"], line["password"]) == ("/konto/***@firma.example/", "***", "***")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Mail an anna.meier+portal@firma.example.", "Mail an ***@firma.example."),
        ("Mail an anna.müller@firma-köln.example", "Mail an ***@firma-köln.example"),
        (
            "Mail an „Anna Meier“ <a.m@firma.example>, b@c.example",
            "Mail an „Anna Meier“ <***@firma.example>, ***@c.example",
        ),
        ("o'brien@firma.example", "***@firma.example"),
        ("root@localhost", "***@localhost"),
        ("/konto/?next=/x/anna%40firma.example", "/konto/?next=/x/***@firma.example"),
        ("Key (email)=(anna@firma.example) already exists.", "Key (email)=(***@firma.example) already exists."),
        ("['a@b.example', 'c@d.example']", "['***@b.example', '***@d.example']"),
        ("mailto:anna@firma.example", "mailto:***@firma.example"),
    ],
)
def test_addresses_are_shortened_to_their_domain(log, text, masked):
    assert log.message("%s", text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "password=geheim99",
        "password = geheim99",
        "passwort: geheim99",
        "Kennwort: geheim99",
        "password1=geheim99&x=1",
        "new_password2: 'geheim99'",
        'POST {"password": "geheim99"}',
        "{'password': 'geheim99', 'email': 'x'}",
        '{"password": "mit Leerzeichen geheim99"}',
        '{"password": "mit \\"Zeichen\\" geheim99"}',
        "PGPASSWORD=geheim99 psql",
        "SECRET_KEY=geheim99",
        "client_secret=geheim99",
        "?token=geheim99&weiter=1",
        "access_token: geheim99",
        "csrfmiddlewaretoken=geheim99",
        "sessionid=geheim99; Path=/",
        "Cookie: __Host-session=geheim99",
        "__Host-csrf=geheim99",
        "Authorization: Basic geheim99",
        "authorization: Bearer geheim99",
        "X-Api-Key: geheim99",
        "Key (token)=(geheim99) already exists.",
        "DATABASE_URL=postgres://portal:geheim99@127.0.0.1:5433/portal",
        "postgres://portal:geheim99/mit@zeichen@db.example/portal",
        "smtp+tls://anna%40firma.example:geheim99@mail.firma.example:587",
        "redis://:geheim99@cache:6379/0",
        "could not connect to postgresql://u:geheim99@[::1]:5432/x?sslmode=require",
    ],
)
def test_secrets_are_masked(log, text):
    message = log.message("%s", text)
    assert "geheim99" not in message
    assert "***" in message


TOKENS = {
    "one of ours": make_token("preview", 512, 3),
    "one of ours with a small number": make_token("suggestion", 1, 1),
    "hexadecimal": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c",
    "url-safe": "Zb4nUYoOZc8-1yqvXm_0RQ9tKx",
    "of a reset": "1-cvb3bz-8f3e2a91c04d5b6e7f8091a2b3c4d5e6",
    "signed": "1:1tVQxY:Qm9iQm9iQm9iQm9iQm9iQm9iQm9i",
    "a uuid": "123e4567-e89b-12d3-a456-426614174000",
}


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("frame", ["{}", "Not Found: {}", 'GET "{}" 404', "({}),", "{}?x=1", "https://portal.test{}"])
def test_tokens_in_paths_are_masked(log, name, frame):
    token = TOKENS[name]
    for path in (f"/beispiele/vorschau/{token}/", f"/beispiele/vorschau/{token}"):
        message = log.message("%s", frame.format(path))
        assert token not in message
        assert not any(part in message for part in token.split("-") if len(part) > 8)
        assert message == frame.format(path.replace(token, "***"))


def test_a_token_of_ours_is_masked_wherever_it_stands(log):
    token = make_token("preview", 7, 1)
    assert log.message("Vorschau %s abgelaufen", token) == "Vorschau *** abgelaufen"


@pytest.mark.parametrize(
    "text",
    [
        "/beispiele/einrichtekarte-am-tablet-statt-zettel-an-der-maschine-2/",
        "/beispiele/digitalisierungsstrategie-2026/",
        "/dialoge/2026-11-23-kunststoff-und-metall/",
        "/static/css/portal.3f2a9b1c0d4e.css",
        "/static/fonts/source-sans-3-latin-var.c1d2e3f4a5b6.woff2",
        "/static/admin/js/admin/RelatedObjectLookups.js",
        "/admin/practices/practicepicture/",
        "/beispiele/?branche=metall-und-draht",
        "Forbidden (CSRF cookie not set.): /konto/anmelden/",
        "CSRF token from POST incorrect",
        "12 Sitzungen, 3.5 ms, 50 %, 10:30 Uhr",
        "postgres://127.0.0.1:5433/portal",
        "https://portal.test:8000/beispiele/",
        "@media und @layer",
    ],
)
def test_what_helps_to_understand_stays_readable(log, text):
    assert log.message("%s", text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "a@" * 50_000,
        "password" * 20_000,
        "://a:" * 20_000,
        "/" + "aB1-" * 20_000,
        "/" + "a-" * 490 + "=",
    ],
)
def test_no_text_takes_long_to_mask(log, text):
    start = datetime.now(UTC)
    log.message("%s", text)
    assert (datetime.now(UTC) - start).total_seconds() < 2


def test_the_access_log_holds_no_query_no_body_and_no_token(client, db, configured):
    token = make_token("preview", 512, 3)
    client.get(f"/beispiele/vorschau/{token}/?kanarie=geheim99", headers={"Referer": "https://geheim99.example/"})
    client.post("/konto/anmelden/", {"login": "anna@firma.example", "password": "geheim99"})
    client.get("/gibt%0Aes%0Dnicht/")
    lines = [json.loads(line) for line in configured.getvalue().splitlines()]
    requests = [line for line in lines if line["logger"] == "platform_mark.access"]
    assert [(line["method"], line["path"], line["status"]) for line in requests] == [
        ("GET", "/beispiele/vorschau/***/", 404),
        ("POST", "/konto/anmelden/", requests[1]["status"]),
        ("GET", "/gibt\nes\rnicht/", 404),
    ]
    for secret in ("geheim99", "anna@", token, token.split(".")[1]):
        assert secret not in configured.getvalue()
