"""Everything that can go wrong at the front door ends in a German page, without the database, and never in a 500."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from platform_mark.limits import TooManyRequests
from platform_mark.middleware import PATH_LIMIT, QUERY_STRING_LIMIT, TYPED_LIMIT
from tests.actors.make import make_activity
from tests.databases import OwnDatabase, own_database
from tests.dialogues.formats.make import make_format
from tests.dialogues.make import make_dialogue
from tests.make import make_branch, make_practice, make_user
from tests.markup import Page
from tests.production import HOST, Gunicorn
from tests.test_site import LEGAL, missing_headers
from tests.urls_with_failures import SECRET

with_failures = pytest.mark.urls("tests.urls_with_failures")


def error_page(response: object, status: int) -> Page:
    """The page of an error, after the checks that hold for every one of them."""
    assert response.status_code == status  # type: ignore[attr-defined]
    assert missing_headers(response) == []  # type: ignore[arg-type]
    assert response["Cache-Control"] == "no-store"  # type: ignore[index]
    assert not response.cookies  # type: ignore[attr-defined]
    page = Page.of(response)
    assert page.problems == []
    assert set(LEGAL) <= set(page.links)
    assert "/beispiele/" in page.links
    assert any(link.startswith("tel:") for link in page.links)
    assert [meta["content"] for meta in page.all("meta", name="robots")] == ["noindex"]
    assert SECRET not in page.html
    assert "Traceback" not in page.html
    for english in ("Not Found", "Forbidden", "Bad Request", "Server Error", "not allowed"):
        assert english not in page.html
    return page


@contextmanager
def without_database() -> Iterator[None]:
    with CaptureQueriesContext(connection) as captured:
        yield
    assert [query["sql"] for query in captured] == []


# ---------------------------------------------------------------- each page

FAILING_VIEWS = {
    "/fehler/programm/": (500, "Da ist bei uns etwas gerissen"),
    "/fehler/datenbank/": (503, "Wir sind gleich wieder da"),
    "/fehler/verbindung/": (503, "Wir sind gleich wieder da"),
    "/fehler/verboten/": (403, ""),
    "/fehler/anfrage/": (400, ""),
    "/fehler/verdacht/": (400, ""),
    "/fehler/nur-schreiben/": (405, ""),
    "/fehler/gibt-es-nicht/": (404, "Hier endet der Draht"),
}


@with_failures
@pytest.mark.django_db
@pytest.mark.parametrize("address", FAILING_VIEWS)
def test_a_failing_view_ends_in_a_page_that_needs_no_database(client: Client, address: str) -> None:
    status, heading = FAILING_VIEWS[address]
    with without_database():
        page = error_page(client.get(address), status)
    if heading:
        assert page.one("h1").text == heading


@with_failures
@pytest.mark.django_db
def test_every_error_page_has_a_title_and_a_heading_of_its_own(client: Client) -> None:
    pages = [Page.of(client.get(address)) for address in FAILING_VIEWS if address != "/fehler/verbindung/"]
    pages.append(Page.of(client.post("/fehler/liest/", {"text": "x" * 3_000_000})))
    pages.append(Page.of(type(client)(enforce_csrf_checks=True).post("/fehler/verboten/")))
    kinds = {(page.title, page.one("h1").text) for page in pages}
    # Two of the nine above are the same: a bad request, whatever the reason.
    assert len(kinds) == 8


@with_failures
@pytest.mark.django_db
def test_only_a_missing_database_asks_to_come_back_soon(client: Client) -> None:
    assert client.get("/fehler/datenbank/")["Retry-After"] == "30"
    assert "Retry-After" not in client.get("/fehler/programm/").headers


@with_failures
@pytest.mark.django_db
def test_a_form_that_is_too_large_says_so(client: Client) -> None:
    with without_database():
        page = error_page(client.post("/fehler/liest/", {"text": "x" * 3_000_000}), 413)
    assert "zu viel" in page.one("h1").text
    assert client.post("/fehler/liest/", {"text": "x" * 2_000_000}).status_code == 200


@with_failures
@pytest.mark.django_db
def test_a_form_with_too_many_fields_is_refused(client: Client) -> None:
    error_page(client.post("/fehler/liest/", {f"feld{number}": "x" for number in range(2_001)}), 400)


@pytest.mark.django_db
def test_a_form_without_its_token_says_what_to_do(client: Client) -> None:
    strict = type(client)(enforce_csrf_checks=True)
    with without_database():
        page = error_page(strict.post(reverse("account_login"), {"login": "a", "password": "b"}), 403)
    assert "Formular" in page.main.text
    # Not the same as being forbidden something.
    assert page.title != Page.of(client.get("/gibt-es-nicht/")).title


@pytest.mark.django_db
def test_a_form_from_another_site_is_refused_even_with_a_token(client: Client) -> None:
    strict = type(client)(enforce_csrf_checks=True)
    token = Page.of(strict.get(reverse("account_login"))).all("input", name="csrfmiddlewaretoken")[0]["value"]
    values = {"login": "a@portal.test", "password": "b", "csrfmiddlewaretoken": token}

    def post(**headers: str) -> int:
        return strict.post(reverse("account_login"), values, headers=headers).status_code

    assert post(origin="https://evil.example") == 403
    assert post(referer="https://evil.example/") == 403
    assert post(origin=settings.BASE_URL) == 200


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "FOO"])
@pytest.mark.parametrize("address", ["/", "/beispiele/", "/konto/anmelden/", "/admin/", "/healthz", "/static/x.css"])
def test_a_method_that_nobody_serves_is_refused(client: Client, method: str, address: str) -> None:
    with without_database():
        response = client.generic(method, address)
        error_page(response, 405)
    assert response["Allow"]
    assert method not in response["Allow"].split(", ")


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/beispiele/", "/branchen/", "/beispiele/x/", "/healthz", "/sitemap.xml"])
def test_pages_to_read_take_no_post(client: Client, address: str) -> None:
    error_page(client.post(address, {"a": "b"}), 405)


@pytest.mark.django_db
def test_a_head_request_has_the_same_headers_and_no_body(client: Client) -> None:
    for address in ("/", "/beispiele/", "/gibt-es-nicht/"):
        get, head = client.get(address), client.head(address)
        assert head.status_code == get.status_code
        assert head.content == b""
        assert head.headers.items() >= {(k, v) for k, v in get.headers.items() if k != "Content-Length"}


@pytest.mark.django_db
def test_too_many_tries_end_in_a_page_that_says_when_to_come_back(client: Client) -> None:
    make_user("jemand@portal.test", password="ein langes Passwort")
    client.login(email="jemand@portal.test", password="ein langes Passwort")
    statuses = []
    for _ in range(12):
        response = client.post(reverse("account_reauthenticate"), {"password": "falsch"})
        statuses.append(response.status_code)
        if response.status_code == 429:
            break
    assert statuses == [200] * 5 + [429]
    page = error_page(response, 429)
    assert int(response["Retry-After"]) > 0
    assert "Warten Sie" in page.main.text


@pytest.mark.django_db
def test_the_limit_of_a_public_form_ends_in_a_readable_page(client: Client) -> None:
    for _ in range(60):
        response = client.post("/beispiele/vorschlagen/", {"company": "x"})
        if response.status_code == 429:
            break
    page = error_page(response, 429)
    assert int(response["Retry-After"]) > 0
    assert "Warten Sie" in page.main.text
    assert TooManyRequests.__name__ not in page.html
    # Reading goes on.
    assert client.get("/beispiele/").status_code == 200


# ---------------------------------------------------------------- odd addresses

MALFORMED = [
    "/?q=%00",
    "/?q=a%00b",
    "/?%00=x",
    "/beispiele/?branche=metall%00",
    "/?q=%ED%A0%80",
    "/beispiele/?branche=%ED%BF%BF",
    "/?q=%FF%FE",
    "/?q=%C0%80",
    "/konto/anmelden/?next=%00",
    "/admin/?q=%00",
    "/static/%00.css",
    "/beispiele/%00/",
    f"/beispiele/?q={'x' * TYPED_LIMIT}",
    f"/beispiele/?q=x&branche={'x' * QUERY_STRING_LIMIT}",
    f"/admin/practices/practice/?q={'x' * QUERY_STRING_LIMIT}",
    f"/beispiele/?{'branche=metall&' * 300}",
    f"/{'x' * PATH_LIMIT}/",
]


@pytest.mark.django_db
@pytest.mark.parametrize("address", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_address_is_a_bad_request(client: Client, address: str) -> None:
    with without_database():
        error_page(client.get(address), 400)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    ["/%ED%A0%80/", "/beispiele/%ED%A0%80/", "/beispiele/%FF/", "/branchen/%C3%28/", "/beispiele/../../etc/passwd"],
)
def test_a_path_that_is_no_text_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code in {400, 404}


ODD_VALUES = [
    *(
        "",
        " ",
        "0",
        "-1",
        "1e309",
        "NaN",
        "9" * 30,
        "1" + "0" * 30,
        "-" + "9" * 30,
        "1.5",
        "abc",
        "٣",
        "²",
        "½",
        "true",
    ),
    *("'", '"', "';--", "1 OR 1=1", "\\", "%", "%s%n", "{{7*7}}", "{% debug %}", "${7*7}", "../../etc/passwd"),
    *(
        "None",
        "null",
        "[]",
        "İ",
        "ß",
        "ﷺ",
        "e\u0301",
        "👩‍👩‍👧‍👦",
        "\ufeff",
        "\u202e",
        "\u2028",
        "\r\nSet-Cookie: a=b",
        "\t",
    ),
    *("//evil.example", "javascript:alert(1)", "<svg/onload=1>", "A" * 2_000, "0000-00-00", "2026-02-30"),
]
READING = ["/", "/beispiele/", "/branchen/", "/branchen/metall/", "/beispiele/eines/", "/impressum/", "/sitemap.xml"]
PATHS = ["/beispiele/{}/", "/branchen/{}/", "/medien/bilder/{}/1.webp", "/{}/", "/beispiele/vorschlag/{}/"]
PARAMETERS = ["seite", "branche", "groesse", "page", "q", "sort", "next", "p", "id__in", "__proto__", "branche[]"]


@pytest.mark.django_db
@pytest.mark.parametrize("parameter", PARAMETERS)
def test_no_value_of_a_parameter_breaks_a_page(client: Client, parameter: str) -> None:
    metal = make_branch("Metall")
    for number in range(13):
        make_practice("Eines" if not number else "", branches=(metal,))
    tried = 0
    for value in ODD_VALUES:
        for address in READING if parameter in {"seite", "branche"} else ["/beispiele/"]:
            response = client.get(f"{address}?{parameter}={quote(value)}")
            assert response.status_code in {200, 404}, (address, parameter, value)
            assert "<svg/onload" not in response.content.decode()
            assert "Set-Cookie" not in response.headers
            tried += 1
    assert tried >= len(ODD_VALUES)


@pytest.mark.django_db
def test_no_word_in_the_path_breaks_a_page(client: Client) -> None:
    words = [value for value in ODD_VALUES if value.strip()]
    for value, address in product(words, PATHS):
        response = client.get(address.format(quote(value)))
        assert response.status_code in {301, 400, 404}, (address, value)
        assert "evil.example" not in response.headers.get("Location", "")


@pytest.mark.django_db
def test_very_long_values_and_many_of_them_are_answered(client: Client) -> None:
    make_practice("Eines")
    for query in (
        "branche=" + "x" * 3_900,
        "&".join(f"branche={number}" for number in range(250)),
        "&".join(["seite=2"] * 400),
        "&".join(f"{number}=x" for number in range(500)),
        "=&=&&&;;",
        "branche=metall&branche=metall&groesse=klein&groesse=klein",
    ):
        assert client.get(f"/beispiele/?{query}").status_code == 200, query[:40]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/beispiele/", "/dialoge/", "/aktivitaeten/", "/formate/", "/suche/"])
def test_a_question_of_5000_characters_is_cut_and_what_was_typed_is_kept(client: Client, path: str) -> None:
    make_practice("Eines")
    make_dialogue()
    make_activity()
    make_format()
    typed = "ä" * 5_000
    page = Page.of(client.get(f"{path}?q={quote(typed)}"))
    assert "Die Suche nimmt höchstens 200 Zeichen." in page.main.text
    assert typed.startswith(page.main.one("input", name="q")["value"][:200])


@pytest.mark.django_db
def test_a_value_of_5000_characters_is_refused_in_a_query_and_answered_in_a_form(client: Client) -> None:
    long = "ä" * 5_000
    error_page(client.get(f"/beispiele/?branche={quote(long)}"), 400)
    response = client.post(reverse("account_login"), {"login": f"{long}@portal.test", "password": long})
    assert response.status_code == 200
    response = client.post("/beispiele/vorschlagen/", {"company": long, "what": long, "email": long})
    assert response.status_code == 422


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["\x00", "a\x00b", "\ud800", "\ufffe", "\r\nBcc: x@portal.test"])
def test_odd_characters_in_a_form_are_refused_in_words(client: Client, value: str) -> None:
    body = f"login={quote(value.encode('utf-8', 'surrogatepass'))}&password=x".encode()
    response = client.post(reverse("account_login"), body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 200
    assert Page.of(response).problems == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cookie",
    ['"\\000abcdefgh"', '"\\ud800"', "x" * 4_000, "=;=;", '"\\777"', "\xe4", "a b c"],
)
def test_odd_cookies_break_no_page(client: Client, cookie: str) -> None:
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "messages"):
        for address in ("/", reverse("account_login"), "/admin/"):
            response = client.get(address, HTTP_COOKIE=f"{name}={cookie}")
            expected = {400} if "000" in cookie else {200, 302}
            assert response.status_code in expected, (name, address)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "headers",
    [
        {"accept-language": "de-" + "x" * 4_000},
        {"accept-language": "q=;," * 500},
        {"accept": "text/html;" * 800},
        {"range": "bytes=0-,5-9,-1"},
        {"if-modified-since": "gestern"},
        {"if-none-match": '"' * 99},
        {"x-forwarded-for": "127.0.0.1," * 300},
        {"x-forwarded-proto": "gopher"},
        {"content-type": "multipart/form-data; boundary="},
    ],
)
def test_odd_headers_change_nothing(client: Client, headers: dict[str, str]) -> None:
    for address in ("/", "/beispiele/", reverse("account_login")):
        assert client.get(address, headers=headers).status_code == 200, address


@pytest.mark.django_db
@pytest.mark.parametrize(
    "host", ["evil.example", "portal.test.evil.example", "portal.test@evil.example", "a b", "", "[::1"]
)
def test_a_foreign_host_is_refused_and_not_echoed(client: Client, host: str) -> None:
    with without_database():
        page = error_page(client.get("/", headers={"host": host}), 400)
    assert "evil" not in page.html


@pytest.mark.django_db
@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http:evil.example"]
)
def test_nobody_is_sent_to_another_site(client: Client, target: str) -> None:
    make_user("jemand@portal.test", password="ein langes Passwort")
    login = reverse("account_login")
    response = client.post(
        f"{login}?next={quote(target)}", {"login": "jemand@portal.test", "password": "ein langes Passwort"}
    )
    assert response.status_code == 302
    assert not urlsplit(response["Location"]).netloc
    assert response["Location"].startswith("/")
    assert not response["Location"].startswith(("//", "/\\"))
    assert quote(target) not in response["Location"]


# ---------------------------------------------------------------- the database is really gone


@contextmanager
def served(folder: Path, **environment: str) -> Iterator[httpx.Client]:
    """The real server process, asked as the proxy before it would ask."""
    web = Gunicorn(folder, os.environ | {"TRUSTED_PROXIES": "1"} | environment, workers=1)
    headers = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7"}
    try:
        web.start()
        transport = httpx.HTTPTransport(uds=str(web.socket))
        with httpx.Client(transport=transport, base_url=f"http://{HOST}", headers=headers, timeout=20) as visitor:
            yield visitor
    finally:
        web.stop()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check_page_of_real_server(answer: httpx.Response, status: int) -> Page:
    assert answer.status_code == status, answer.url
    page = Page(answer.text)
    assert page.problems == []
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["strict-transport-security"]
    assert "set-cookie" not in answer.headers
    assert "Traceback" not in answer.text
    return page


def test_without_a_database_every_page_says_so_and_the_rest_still_works(tmp_path: Path) -> None:
    port = closed_port()
    with served(tmp_path, DATABASE_URL=f"postgres://portal:geheim@127.0.0.1:{port}/portal") as visitor:
        for address in ("/", "/beispiele/", "/beispiele/eines/", "/branchen/", "/impressum/", "/sitemap.xml"):
            answer = visitor.get(address)
            page = check_page_of_real_server(answer, 503)
            assert page.one("h1").text == "Wir sind gleich wieder da"
            assert answer.headers["retry-after"] == "30"
            for inside in (str(port), "geheim", "psycopg", "OperationalError"):
                assert inside not in answer.text
        sheet = next(source for source in page.resources if source.endswith(".css"))
        assert visitor.get(sheet).status_code == 200
        check_page_of_real_server(visitor.get("/gibt-es-nicht/"), 404)
        check_page_of_real_server(visitor.put("/beispiele/"), 405)
        check_page_of_real_server(visitor.get("/?q=%00"), 400)
        check_page_of_real_server(visitor.get("/", headers={"host": "evil.example"}), 400)
        # A cookie of somebody does not make an error page look for them.
        check_page_of_real_server(visitor.get("/gibt-es-nicht/", headers={"cookie": f"__Host-session={'a' * 32}"}), 404)
        assert visitor.get("/healthz").text == "ok\n"
        ready = visitor.get("/readyz")
        assert ready.status_code == 503
        assert json.loads(ready.text)["database"] == "unreachable"


@pytest.fixture(scope="module")
def database(django_db_setup: None, django_db_blocker: object) -> Iterator[OwnDatabase]:
    with ExitStack() as stack:
        with django_db_blocker.unblock():  # type: ignore[attr-defined]
            database = stack.enter_context(own_database("errors"))
        yield database


@pytest.mark.database
@pytest.mark.django_db
def test_a_portal_whose_database_goes_and_comes_back_recovers_by_itself(tmp_path: Path, database: OwnDatabase) -> None:
    """Connections are cut and refused while the portal runs, as by a restart of the server."""
    with served(tmp_path, DATABASE_URL=database.url) as visitor:
        assert visitor.get("/beispiele/").status_code == 200

        database.outside.execute(f'ALTER DATABASE "{database.name}" ALLOW_CONNECTIONS false')
        database.outside.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database.name]
        )
        for _ in range(3):
            check_page_of_real_server(visitor.get("/beispiele/"), 503)

        database.outside.execute(f'ALTER DATABASE "{database.name}" ALLOW_CONNECTIONS true')
        assert [visitor.get("/beispiele/").status_code for _ in range(3)] == [200, 200, 200]
