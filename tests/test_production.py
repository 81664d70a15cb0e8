"""The production path of deploy/ for real: the distribution's nginx, TLS, gunicorn, and pages for what goes wrong."""

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from io import StringIO
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

from platform_mark.media.models import Image
from tests.databases import own_database
from tests.make import fill_site
from tests.production import HOST, ROOT, Gunicorn, Nginx, production

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.nginx,
    pytest.mark.skipif(Nginx.program() is None, reason="nginx is not installed"),
]
# What every answer must carry, whoever gives it.
HEADERS = {
    *("strict-transport-security", "content-security-policy", "permissions-policy", "x-content-type-options"),
    *("x-frame-options", "referrer-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"),
}
PUBLIC_ADDRESS = "203.0.113."


class Portal:
    """Nginx, the application behind it, and a visitor."""

    def __init__(self, nginx: Nginx, web: Gunicorn, picture: str) -> None:
        self.nginx, self.web, self.picture = nginx, web, picture
        self.visitor = nginx.client()

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.visitor.get(path, **options)


@pytest.fixture(scope="module")
def portal(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("production")
    data = folder / "data"
    (data / "media").mkdir(parents=True)
    (data / "static").symlink_to(settings.STATIC_ROOT)
    call_command("error_pages", str(data / "error-pages"), stdout=StringIO())
    with django_db_blocker.unblock(), own_database("production") as database:
        environment = {
            **os.environ,
            "DATABASE_URL": database.url,
            "DATA_DIR": str(data),
            "BASE_URL": f"https://{HOST}",
            "ALLOWED_HOSTS": HOST,
            "TRUSTED_PROXIES": "1",
        }
        with database.in_use(), override_settings(MEDIA_ROOT=data / "media"):
            call_command("createcachetable", verbosity=0)
            fill_site()
            picture = Image.objects.first().src
        with production(folder, environment) as (nginx, web):
            portal = Portal(nginx, web, picture)
            yield portal
            portal.visitor.close()


def security(headers: Any) -> dict[str, Any]:
    """The security headers, with directives as sets: their order means nothing and differs between processes."""
    found = {name.lower(): value for name, value in headers.items() if name.lower() in HEADERS}
    return {name: {part.strip() for part in re.split(r"[;,]", value)} for name, value in found.items()}


def application_headers(answer: bytes) -> httpx.Headers:
    head = answer.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return httpx.Headers([tuple(line.split(": ", 1)) for line in head])  # type: ignore[misc]


def title(text: str) -> str:
    return re.search(r"<title>(.*?) – ", text)[1]  # type: ignore[index]


def stylesheet(portal: Portal) -> str:
    return re.search(r'href="(/static/css/portal\.[0-9a-f]{12}\.css)"', portal.get("/").text)[1]  # type: ignore[index]


# ---------------------------------------------------------------- headers


def test_whoever_answers_the_headers_are_the_same(portal: Portal) -> None:
    expected = security(application_headers(portal.web.get("/")))
    assert expected.keys() == HEADERS
    assert "default-src 'none'" in expected["content-security-policy"]
    for path, status in {
        "/": 200,
        "/nix": 404,
        stylesheet(portal): 200,
        portal.picture: 200,
        "/static/nix.css": 404,
        "/static/": 404,
        "/static/staticfiles.json": 404,
        "/medien/bilder/abcdefghijklmnopqrstuvwx/480.webp": 404,
        "/healthz": 200,
    }.items():
        answer = portal.get(path)
        assert answer.status_code == status, path
        assert security(answer.headers) == expected, path
        for name in HEADERS:
            assert len(answer.headers.get_list(name)) == 1, (path, name)
        assert answer.headers["server"] == "nginx", path


def test_files_with_a_fingerprint_are_kept_for_a_year_and_sent_compressed(portal: Portal) -> None:
    answer = portal.get(stylesheet(portal))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert portal.get("/static/css/portal.css").headers["cache-control"] == "public, max-age=60"
    drawn = portal.get(portal.picture)
    assert (drawn.headers["content-type"], drawn.headers["cache-control"]) == (
        "image/webp",
        "public, max-age=31536000, immutable",
    )
    assert drawn.content[:4] == b"RIFF"


def test_pages_are_sent_compressed_and_never_kept_when_they_fail(portal: Portal) -> None:
    assert portal.get("/beispiele/").headers["content-encoding"] == "gzip"
    assert portal.get("/static/nix.css").headers["cache-control"] == "no-store"


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("method", "path", "status", "heading"),
    [
        ("GET", "/nix", 404, "Seite nicht gefunden"),
        ("GET", "/static/nix.css", 404, "Seite nicht gefunden"),
        ("GET", "/%00", 400, "Die Adresse ist nicht lesbar"),
        ("GET", "/?q=%00", 400, "Die Adresse ist nicht lesbar"),
        ("GET", "/beispiele/?branche=%ed%a0%80", 400, "Die Adresse ist nicht lesbar"),
        ("GET", "/beispiele/?branche=" + "a" * 4500, 400, "Die Adresse ist nicht lesbar"),
        ("GET", "/" + "a" * 9000, 400, "Die Adresse ist nicht lesbar"),
        ("GET", "/beispiele/?q=" + "a" * 40_000, 400, "Die Adresse ist nicht lesbar"),
        ("TRACE", "/", 405, "Das geht hier nicht"),
        ("TRACE", "/admin/", 405, "Das geht hier nicht"),
        ("TRACK", "/", 405, "Das geht hier nicht"),
        ("DELETE", "/beispiele/", 405, "Das geht hier nicht"),
        ("POST", "/static/js/portal.js", 405, "Das geht hier nicht"),
    ],
)
def test_a_refusal_is_a_german_page(portal: Portal, method: str, path: str, status: int, heading: str) -> None:
    answer = portal.visitor.request(method, path)
    assert (answer.status_code, title(answer.text)) == (status, heading)
    assert security(answer.headers).keys() == HEADERS
    assert not answer.headers.get("set-cookie")
    if status == 405:
        assert "GET" in answer.headers["allow"]


def test_a_question_of_5000_umlauts_is_answered(portal: Portal) -> None:
    answer = portal.get("/beispiele/?q=" + "%C3%A4" * 5_000)
    assert answer.status_code == 200
    assert "Die Suche nimmt höchstens 200 Zeichen." in answer.text


@pytest.mark.parametrize(
    "request_",
    [
        "POST /konto/anmelden/ HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: {host}\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n",
        "G\x00T / HTTP/1.1\r\nHost: {host}\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_with_a_page(portal: Portal, request_: str) -> None:
    answer = portal.nginx.raw(request_.format(host=HOST).encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert security(application_headers(answer)).keys() == HEADERS


def test_many_headers_reach_the_application(portal: Portal) -> None:
    assert portal.get("/", headers={"Host": HOST, **{f"X-{number}": "1" for number in range(500)}}).status_code == 200


def test_too_large_a_post_is_refused_before_it_reaches_the_application(portal: Portal) -> None:
    answer = portal.visitor.post("/konto/anmelden/", content=b"x" * 3_500_000)
    assert (answer.status_code, title(answer.text)) == (413, "Zu viel auf einmal")
    assert security(answer.headers).keys() == HEADERS
    # Staff upload larger files; whoever is not logged in may be cut off before the end of them.
    assert portal.visitor.post("/admin/", content=b"x" * 3_500_000).status_code != 413


def test_too_large_a_header_is_refused(portal: Portal) -> None:
    answer = portal.get("/", headers={"Host": HOST, "Cookie": "a=" + "x" * 40_000})
    assert (answer.status_code, title(answer.text)) == (400, "Die Adresse ist nicht lesbar")


def test_another_name_gets_no_page_of_the_portal(portal: Portal) -> None:
    answer = portal.get("/", headers={"Host": "evil.example"})
    assert (answer.status_code, title(answer.text)) == (400, "Die Adresse ist nicht lesbar")
    assert "evil.example" not in answer.text
    assert security(answer.headers).keys() == HEADERS
    with portal.nginx.client() as stranger, pytest.raises(httpx.ConnectError):
        stranger.get("/", extensions={"sni_hostname": "evil.example"})


def test_what_a_visitor_claims_about_itself_changes_nothing(portal: Portal) -> None:
    plain = portal.get("/beispiele/").text
    claimed = portal.get(
        "/beispiele/",
        headers={
            "Host": HOST,
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "http",
            "X-Forwarded-For": "198.51.100.1",
            "Forwarded": "for=198.51.100.1;host=evil.example;proto=http",
        },
    )
    assert (claimed.status_code, claimed.text) == (200, plain)


def test_plain_http_leads_to_the_same_page_by_https(portal: Portal) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{portal.nginx.plain_port}", trust_env=False) as visitor:
        answer = visitor.get("/beispiele/?groesse=klein", headers={"Host": HOST})
        assert (answer.status_code, answer.headers["location"]) == (308, f"https://{HOST}/beispiele/?groesse=klein")
        with pytest.raises(httpx.RemoteProtocolError):
            visitor.get("/", headers={"Host": "evil.example"})


def test_forged_sender_addresses_do_not_get_around_the_limit_for_passwords(portal: Portal) -> None:
    """Each try claims to come from elsewhere; nginx says where they all come from."""
    with portal.nginx.client(cookies=CookieJar()) as guesser:
        statuses = []
        for number in range(14):
            page = guesser.get("/konto/anmelden/")
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]  # type: ignore[index]
            cookies = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
            answer = guesser.post(
                "/konto/anmelden/",
                data={"csrfmiddlewaretoken": token, "login": f"nobody{number}@portal.test", "password": "falsch"},
                headers={
                    "Host": HOST,
                    "Referer": f"https://{HOST}/konto/anmelden/",
                    "Cookie": cookies,
                    "X-Forwarded-For": f"{PUBLIC_ADDRESS}{number}",
                },
            )
            statuses.append(answer.status_code)
    assert statuses[0] == 200
    assert 429 in statuses
    assert set(statuses) <= {200, 429}


# ---------------------------------------------------------------- when something is not well


def test_slow_visitors_do_not_keep_others_waiting(portal: Portal) -> None:
    """Twenty half-sent forms would hold twenty workers, if nginx let them through."""
    head = (
        f"POST /konto/anmelden/ HTTP/1.1\r\nHost: {HOST}\r\nReferer: https://{HOST}/konto/anmelden/\r\n"
        # With a form's cookie, the application would read on for the form's token.
        f"Cookie: {settings.CSRF_COOKIE_NAME}={'a' * 32}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nx"
    )
    half = [portal.nginx.connect() for _ in range(20)]
    try:
        for slow in half:
            slow.sendall(head.encode())
        started = time.monotonic()
        assert portal.get("/beispiele/").status_code == 200
        assert time.monotonic() - started < 2
    finally:
        for slow in half:
            slow.close()


def test_a_rolling_restart_loses_no_visitor(portal: Portal) -> None:
    statuses: list[int] = []
    done = threading.Event()

    def visit() -> None:
        with portal.nginx.client() as visitor:
            while not done.is_set():
                statuses.append(visitor.get("/branchen/").status_code)

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    before = set(portal.web.workers())
    portal.web.process.send_signal(signal.SIGHUP)  # type: ignore[union-attr]
    deadline = time.monotonic() + 30
    while (before & set(portal.web.workers()) or len(statuses) < 40) and time.monotonic() < deadline:
        time.sleep(0.1)
    done.set()
    for visitor in visitors:
        visitor.join(30)
    assert not before & set(portal.web.workers())
    assert len(statuses) >= 40
    assert set(statuses) == {200}


def test_without_the_application_a_german_page_says_that_it_will_be_back(portal: Portal) -> None:
    # Killed, it leaves its socket behind, as systemd does.
    portal.web.stop(signal.SIGKILL)
    try:
        for path in ("/", "/beispiele/"):
            answer = portal.get(path)
            assert (answer.status_code, title(answer.text)) == (503, "Gleich wieder da"), path
            assert answer.headers["retry-after"] == "30"
            assert answer.headers["cache-control"] == "no-store"
            assert security(answer.headers).keys() == HEADERS
        # The page's own style and pictures come from nginx.
        assert portal.get(re.search(r'href="(/static/css/[^"]+)"', answer.text)[1]).status_code == 200  # type: ignore[index]
        assert portal.get(portal.picture).status_code == 200
    finally:
        portal.web.start()
    assert portal.get("/").status_code == 200


def test_no_log_holds_an_address_or_a_query(portal: Portal) -> None:
    portal.get("/beispiele/?q=geheimes-suchwort", headers={"Host": HOST, "X-Forwarded-For": f"{PUBLIC_ADDRESS}77"})
    logs = {path.name: path.read_text() for path in [portal.web.log, *portal.nginx.log.parent.iterdir()]}
    assert '"path": "/beispiele/"' in logs["web.log"]
    for name, text in logs.items():
        assert "geheimes-suchwort" not in text, name
        assert PUBLIC_ADDRESS not in text, name
        assert "127.0.0.1" not in text, name


def test_the_headers_of_nginx_are_written_for_every_block_that_has_its_own() -> None:
    """One add_header in a block drops all inherited ones."""
    for path in (ROOT / "deploy" / "nginx").glob("*.conf"):
        for block in re.findall(r"location [^{]*{([^{}]*(?:{[^{}]*}[^{}]*)*)}", path.read_text()):
            assert "add_header" not in block or "include snippets/portal-headers.conf;" in block, path
