"""What holds for every page of the portal, whoever wrote it: structure, links, headers, queries, weight."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse, HttpResponseBase
from django.template.loader import get_template, render_to_string
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from practices.models import PracticePicture
from tests.addresses import feeds, form_pages, public_pages, routes, sign_up_pages
from tests.conftest import PortalClient
from tests.databases import as_one_test
from tests.dialogues.make import in_days, make_dialogue, make_report
from tests.make import (
    Site,
    add_parts,
    fill_site,
    make_branch,
    make_image,
    make_municipality,
    make_practice,
    make_rich_practice,
    make_topic,
)
from tests.markup import Page

pytestmark = pytest.mark.django_db

BYTES_OF_HTML = 45_000
LEGAL = ["/impressum/", "/datenschutz/", "/barrierefreiheit/", "/leichte-sprache/"]


@dataclass
class Visit:
    """What one visitor got from a filled portal."""

    site: Site
    #: Every page of tests/addresses.py for reading, as it is asked for by most.
    pages: dict[str, HttpResponse]
    #: The same, asked for under another name of the host and with misleading headers.
    disguised: dict[str, HttpResponse]
    #: The same, by somebody with cookies.
    known: dict[str, HttpResponse]
    #: Everything that a link of any of them leads to.
    reached: dict[str, HttpResponse]
    #: Where the links stand: pairs of a page and the address as it is written there.
    links: set[tuple[str, str]]
    #: Everything that a browser loads to show them.
    files: dict[str, HttpResponse]
    #: Answers of other kinds.
    others: dict[str, HttpResponse]


DISGUISE = {
    "x-forwarded-host": "evil.example",
    "x-forwarded-for": "203.0.113.9",
    "forwarded": "host=evil.example",
    "origin": "https://evil.example",
    "referer": "https://evil.example/",
    "user-agent": "<script>",
    "accept-language": "fr",
}
MACHINES = ["/sitemap.xml", "/robots.txt", "/.well-known/security.txt", "/healthz"]


@pytest.fixture(scope="module")
def visit(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """One walk through a filled portal, which is gone again before the first test reads the answers."""
    media = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=media), as_one_test():
        return walk(fill_site())


def walk(site: Site) -> Visit:
    client = PortalClient(raise_request_exception=False)
    addresses = [address for found in public_pages(site).values() for address in found]
    pages = {address: client.get(address) for address in addresses}
    files_to_take = [address for found in feeds(site).values() for address in found]
    machines = {address: client.get(address) for address in [*MACHINES, *files_to_take]}
    assert not client.cookies
    disguised = {a: client.get(a, SERVER_NAME="localhost", headers=DISGUISE) for a in [*addresses, *MACHINES]}
    somebody = PortalClient(raise_request_exception=False)
    somebody.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32
    somebody.cookies[settings.CSRF_COOKIE_NAME] = "y" * 32
    known = {address: somebody.get(address) for address in addresses}

    others = {
        **machines,
        "/readyz": client.get("/readyz"),
        "login": client.get(reverse("account_login")),
        "suggest": client.get(reverse("practices:suggest")),
        "to the login": client.get(reverse("admin:index")),
        "not found": client.get("/gibt-es-nicht/"),
        "not found below static": client.get("/static/gibt-es-nicht.css"),
        "not found below media": client.get("/medien/bilder/0123456789abcdefghijkl/1.webp"),
        "without slash": client.get("/beispiele"),
        "merged": client.get(site.merged.get_absolute_url()),
        "method": client.put("/beispiele/"),
        "trace": client.generic("TRACE", "/"),
        "bad": client.get("/?q=%00"),
        "csrf": PortalClient(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "x"}),
        "wrong host": client.get("/", SERVER_NAME="evil.example"),
        "head": client.head("/"),
        "options": client.options("/"),
    }
    client.cookies.clear()
    reached, links = follow(client, pages)
    shown = [*pages.values(), others["not found"], others["login"], others["suggest"]]
    sources = {urlsplit(source).path for answer in shown for source in Page.of(answer).resources}
    files = {source: client.get(source) for source in sources}
    return Visit(site, pages, disguised, known, reached, links, files, others)


def follow(client: Client, pages: dict[str, HttpResponse]) -> tuple[dict[str, HttpResponse], set[tuple[str, str]]]:
    """Go everywhere that can be reached from these pages."""
    reached: dict[str, HttpResponse] = {}
    links: set[tuple[str, str]] = set()
    waiting = list(pages)
    while waiting:
        address = waiting.pop()
        if address in reached:
            continue
        response = pages.get(address) or client.get(address)
        reached[address] = response
        found = [response["Location"]] if response.status_code in {301, 302} else []
        found += Page.of(response).links if is_page(response) else []
        links |= {(address, href) for href in found}
        if address in pages or not asks_not_to_follow(response):
            waiting += [urldefrag(urljoin(address, href)).url for href in found if is_inside(href)]
    return reached, links


def is_page(response: HttpResponse) -> bool:
    """Whether this is a page of ours; what partners put into theirs is HTML, too, and no document by itself."""
    is_html = response.status_code == 200 and response["Content-Type"].startswith("text/html")
    return is_html and response.content.lstrip().lower().startswith(b"<!doctype")


def asks_not_to_follow(response: HttpResponse) -> bool:
    """Whether a page says that its links have no end, as a choice of any four of all examples has none."""
    robots = Page.of(response).all("meta", name="robots") if is_page(response) else []
    return any("nofollow" in meta["content"] for meta in robots)


def is_inside(href: str) -> bool:
    parts = urlsplit(href)
    return not parts.scheme and not parts.netloc


# ---------------------------------------------------------------- every page


def test_every_page_without_parameters_answers_on_an_empty_portal(client: Client) -> None:
    """A new portal in production: reference data and legal texts, no content."""
    call_command("load_reference", stdout=StringIO())
    met = 0
    titles: Counter[str] = Counter()
    for route in routes():
        is_public = not route.path.startswith(("admin/", "konto/")) and "<" not in route.path
        # An alert is about something: without it there is nothing to order.
        if not is_public or route.name in {"components", "readyz", "alerts:new"}:
            continue
        response = client.get(f"/{route.path}")
        assert response.status_code == 200, route
        if is_page(response):
            page = Page.of(response)
            assert page.problems == [], route
            titles[page.title] += 1
            met += 1
    assert met >= 9
    assert [title for title, number in titles.items() if number > 1] == []


def test_every_kind_of_page_has_a_place_in_the_list_of_pages(visit: Visit) -> None:
    """A new public page must be added to tests/addresses.py, or it would be left out of everything below."""
    machines = {"sitemap", "robots", "security", "healthz", "readyz", "media:image", "media:document", "opensearch"}
    files = {
        "actors:download-csv",
        "actors:download-xlsx",
        "actors:download-json",
        "actors:feed-atom",
        "actors:matrix-xlsx",
        "opendata:embedded",
    }
    inside = {"components"}
    secret = {
        *("practices:suggestion", "practices:preview", "dialogues:preview", "dialogues:feedback"),
        *("ideas:own", "formats:own-report", "formats:preview", "dialogues:online", "actors:confirm"),
        *("demand:own", "alerts:confirm", "alerts:leave", "alerts:own", "alerts:data"),
        *sign_up_pages(),
    }
    public = {route.name for route in routes() if not route.path.startswith(("admin/", "konto/"))}
    forms = {name for name in form_pages() if not name.startswith("account_")}
    listed = {*public_pages(visit.site), *feeds(visit.site), *forms, *secret}
    assert public - machines - files - inside == listed


def test_every_page_has_one_heading_a_title_of_its_own_a_description_and_its_language(visit: Visit) -> None:
    titles: dict[str, str] = {}
    for address, response in visit.pages.items():
        assert response.status_code == 200, address
        page = Page.of(response)
        assert page.problems == [], address
        if urlsplit(address).query and page.all("meta", name="robots"):
            # The same page with other answers, which no search engine lists.
            continue
        assert page.title not in titles, (address, titles.get(page.title))
        titles[page.title] = address
    assert len(titles) >= 20


def test_headings_skip_no_level(visit: Visit) -> None:
    for address, response in visit.pages.items():
        levels = [int(h.tag[1]) for h in Page.of(response).all("h1", "h2", "h3", "h4", "h5", "h6")]
        assert all(after <= before + 1 for before, after in pairwise(levels)), (address, levels)


def test_every_page_names_its_own_address_made_from_the_configured_one(visit: Visit) -> None:
    met = 0
    for address in visit.pages:
        page = Page.of(visit.disguised[address])
        canonical = [link["href"] for link in page.all("link", rel="canonical")]
        robots = [meta["content"] for meta in page.all("meta", name="robots")]
        if canonical == [f"{settings.BASE_URL}{address}"]:
            met += 1
        else:
            # Nobody should find it by searching, so it needs no name.
            assert any("noindex" in words for words in robots), address
    assert met >= 20


def test_no_header_of_a_visitor_reaches_a_page(visit: Visit) -> None:
    """Whatever name the portal is called by, it calls itself by its own."""
    for address, disguised in visit.disguised.items():
        plain = visit.pages.get(address) or visit.others[address]
        assert disguised.status_code == 200, address
        assert disguised.content == plain.content, address
        assert "Access-Control-Allow-Origin" not in disguised.headers


def test_reading_sets_no_cookie_and_depends_on_none(visit: Visit) -> None:
    """Also no cache between can ever mix up two people: who they are changes nothing."""
    read = {**visit.pages, **{name: visit.others[name] for name in [*MACHINES, "not found"]}}
    for address, response in read.items():
        assert not response.cookies, address
        assert "cookie" not in response.headers.get("Vary", "").lower(), address
    for address, response in visit.known.items():
        assert response.content == visit.pages[address].content, address
        # A cookie that is none of ours may be taken back where pages show more to actors; none is ever given.
        assert not [cookie for cookie in response.cookies.values() if cookie.value], address


def test_legal_pages_are_one_click_away_from_everywhere(visit: Visit) -> None:
    for address, response in {**visit.pages, **visit.others}.items():
        if not response.streaming and response.content and response["Content-Type"].startswith("text/html"):
            assert set(LEGAL) <= set(Page.of(response).links), address


def test_every_page_weighs_little(visit: Visit) -> None:
    sizes = {address: len(response.content) for address, response in visit.pages.items()}
    assert {address: size for address, size in sizes.items() if size > BYTES_OF_HTML} == {}
    assert min(sizes.values()) > 2_000


# ---------------------------------------------------------------- links and files


def test_every_link_and_fragment_leads_somewhere(visit: Visit) -> None:
    good = {200, 301, 302}
    dead = {address: r.status_code for address, r in visit.reached.items() if r.status_code not in good}
    assert [(page, href) for page, href in visit.links if urldefrag(urljoin(page, href)).url in dead] == []
    assert len(visit.reached) < 700, "links without end: say nofollow"
    ids = {address: Page.of(response).ids for address, response in visit.reached.items() if is_page(response)}
    for page, href in visit.links:
        scheme, host = urlsplit(href).scheme, urlsplit(href).netloc
        assert scheme in {"", "https", "mailto", "tel"}, (page, href)
        assert scheme or not host, (page, href)
        target, fragment = urldefrag(urljoin(page, href))
        if not scheme and fragment:
            assert fragment in ids[target], (page, href)
    assert len(ids) >= 50


def test_forms_lead_somewhere(visit: Visit) -> None:
    actions = {
        urljoin(address, form["action"])
        for address, response in visit.reached.items()
        if is_page(response)
        for form in Page.of(response).all("form")
    }
    # The answer of a passkey goes to an address that is no page.
    actions -= {"/konto/anmelden/passkey/"}
    assert len(actions) >= 2
    pages = {urlsplit(address).path for address, response in visit.reached.items() if is_page(response)}
    assert {action for action in actions if urlsplit(action).path not in pages} == set()


def test_nothing_is_loaded_from_elsewhere_and_everything_loaded_is_there(visit: Visit) -> None:
    for address, response in {**visit.reached, **visit.others}.items():
        if response.streaming or not response.content or not response["Content-Type"].startswith("text/html"):
            continue
        page = Page.of(response)
        for source in page.resources:
            assert source.startswith("/") and not urlsplit(source).netloc, (address, source)
        hints = {"preconnect", "dns-prefetch", "prefetch", "prerender"}
        assert not [link for link in page.all("link") if hints & set(link["rel"].split())], address
        assert not [e for e in page.root.walk() if "style" in e or any(n.startswith("on") for n in e.attributes)]
        assert not page.all("style"), address
        inline = [s for s in page.all("script") if "src" not in s and s["type"] != "application/ld+json"]
        assert not inline, address
    for file, response in visit.files.items():
        assert response.status_code == 200, file
        assert "immutable" in response["Cache-Control"], (file, response["Cache-Control"])
    assert len(visit.files) >= 6


def test_style_sheets_load_nothing_from_elsewhere() -> None:
    sheets = [path for path in Path(settings.STATIC_ROOT).rglob("*.css") if "css/portal" in str(path)]
    assert sheets
    for sheet in sheets:
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(\s*['\"]?(https?:)?//", text), sheet
        assert len(text.encode()) <= BYTES_OF_HTML, sheet


def test_links_out_are_secure_and_tell_the_other_site_nothing(visit: Visit) -> None:
    outside = 0
    for address, response in visit.reached.items():
        for a in Page.of(response).all("a") if is_page(response) else []:
            if urlsplit(a["href"]).netloc:
                assert {"noopener", "noreferrer"} <= set(a["rel"].split()), (address, a["href"])
                assert a["target"] == "", a["href"]
                outside += 1
    assert outside


# ---------------------------------------------------------------- headers

EXACT = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
POLICY = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "img-src": {"'self'"},
    "font-src": {"'self'"},
    "object-src": {"'none'"},
    "base-uri": {"'none'"},
    "form-action": {"'self'"},
    "frame-ancestors": {"'none'"},
}


def policy(response: HttpResponseBase) -> dict[str, set[str]]:
    chunks = (chunk.split() for chunk in response.headers.get("Content-Security-Policy", "").split(";"))
    return {words[0]: set(words[1:]) for words in chunks if words}


def missing_headers(response: HttpResponseBase, *, is_secure: bool = True) -> list[str]:
    """What of Q7 an answer lacks."""
    found = [
        f"{name}: {response.headers.get(name)}" for name, value in EXACT.items() if response.headers.get(name) != value
    ]
    held = policy(response)
    found += [f"{name} {held.get(name)}" for name, sources in POLICY.items() if held.get(name) != sources]
    # What is not named above may at most load from here.
    found += [f"{name} {held[name]}" for name in held.keys() - POLICY.keys() if held[name] - {"'self'"}]
    if not all(
        f"{feature}=()" in response.headers.get("Permissions-Policy", "") for feature in ("camera", "geolocation")
    ):
        found.append("Permissions-Policy")
    if is_secure and response.headers.get("Strict-Transport-Security") != "max-age=31536000; includeSubDomains":
        found.append("Strict-Transport-Security")
    if "Server" in response.headers or "X-Powered-By" in response.headers:
        found.append("a header that names software")
    if response.headers.get("Content-Type", "").startswith("text/") and "utf-8" not in response["Content-Type"].lower():
        found.append(f"no charset: {response['Content-Type']}")
    return found


def test_every_answer_carries_every_header(visit: Visit) -> None:
    answers = {**visit.pages, **visit.others, **visit.files}
    expected = {"not found": 404, "method": 405, "trace": 405, "bad": 400, "csrf": 403, "wrong host": 400}
    assert {name: answers[name].status_code for name in expected} == expected
    assert {name: gaps for name, response in answers.items() if (gaps := missing_headers(response))} == {}
    assert len(answers) >= 40


def test_answers_in_the_clear_carry_every_header_that_counts_there() -> None:
    """Who comes by http is sent on, whatever was asked; a foreign name is refused, not sent on."""
    visitor = Client(SERVER_NAME=urlsplit(settings.BASE_URL).hostname)
    for address in ("/", "/beispiele/?seite=2", "/gibt-es-nicht/", "/admin/"):
        response = visitor.get(address)
        assert response.status_code == 301, address
        assert response["Location"] == f"{settings.BASE_URL}{address}"
        assert missing_headers(response, is_secure=False) == [], address
    refused = visitor.get("/", SERVER_NAME="evil.example")
    assert refused.status_code == 400
    assert missing_headers(refused, is_secure=False) == []
    assert "evil.example" not in refused.content.decode()
    # The machine that watches the portal asks without TLS.
    assert visitor.get("/healthz").status_code == 200


def test_personal_pages_are_never_stored(client: Client) -> None:
    for name in ("account_login", "account_logout", "account_change_password", "mfa_index", "admin:index"):
        assert "no-store" in client.get(reverse(name)).headers.get("Cache-Control", ""), name


def test_the_cookies_of_a_form_are_bound_to_this_host_and_unreadable_for_scripts(client: Client) -> None:
    response = client.get(reverse("account_login"))

    assert set(response.cookies) == {"__Host-csrf"}
    for cookie in response.cookies.values():
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]


# ---------------------------------------------------------------- machines


def test_the_sitemap_names_every_public_page_and_nothing_hidden(visit: Visit) -> None:
    told = re.findall(r"<loc>(.*?)</loc>", visit.others["/sitemap.xml"].content.decode())
    assert all(address.startswith(f"{settings.BASE_URL}/") for address in told)
    paths = [address.removeprefix(settings.BASE_URL) for address in told]
    assert len(set(paths)) == len(paths) >= 40
    # Everything in it can also be reached by links, and is there.
    assert [path for path in paths if path not in visit.reached or not is_page(visit.reached[path])] == []
    findable = {a for a, r in visit.pages.items() if "?" not in a and not Page.of(r).all("meta", name="robots")}
    assert findable <= set(paths)
    hidden = [*(practice.get_absolute_url() for practice in visit.site.hidden), visit.site.merged.get_absolute_url()]
    assert not {*hidden, "/komponenten/"} & set(paths)


def test_crawlers_are_kept_out_of_the_staffs_pages_and_out_of_the_quick_start(client: Client, settings: object) -> None:
    assert "Disallow: /admin/" in client.get("/robots.txt").content.decode()
    assert "X-Robots-Tag" not in client.get("/").headers

    settings.QUICK_START = True  # type: ignore[attr-defined]

    assert "Disallow: /\n" in client.get("/robots.txt").content.decode()
    for address in ("/", "/beispiele/", "/gibt-es-nicht/", "/robots.txt"):
        assert client.get(address)["X-Robots-Tag"] == "noindex, nofollow", address


def test_filtered_lists_and_errors_are_not_for_search_engines(visit: Visit) -> None:
    def robots(response: HttpResponse) -> str:
        return " ".join(meta["content"] for meta in Page.of(response).all("meta", name="robots"))

    filtered = [address for address in visit.pages if "groesse=" in address]
    assert filtered
    for address in filtered:
        assert "noindex" in robots(visit.pages[address])
    for name in ("not found", "bad", "method", "login"):
        assert "noindex" in robots(visit.others[name])
    assert robots(visit.pages["/beispiele/"]) == robots(visit.pages["/"]) == ""


# ---------------------------------------------------------------- queries

BOUNDS = {
    "/beispiele/": 4,
    "/beispiele/?branche=metall&groesse=mittel": 4,
    "/beispiele/?branche=metall&branche=holz&seite=9": 4,
    "/beispiele/?groesse=gross": 4,
    "/beispiele/dieses/": 4,
    "/": 10,
    "/branchen/": 8,
    "/branchen/metall/": 8,
    "/impressum/": 1,
    # One for each kind of page.
    "/sitemap.xml": 10,
    "/dialoge/": 4,
    "/robots.txt": 0,
    "/healthz": 0,
    "/gibt-es-nicht/": 0,
}


def count_queries(client: Client, addresses: Iterable[str]) -> dict[str, int]:
    found = {}
    for address in addresses:
        with CaptureQueriesContext(connection) as captured:
            response = client.get(address)
        assert response.status_code == (404 if "gibt-es-nicht" in address else 200), address
        found[address] = len(captured)
    return found


def test_the_number_of_queries_does_not_grow_with_rows(client: Client, settings: object, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    call_command("load_reference", stdout=StringIO())
    metal, wood = make_branch("Metall", focus_candidate=True), make_branch("Holz")
    topic, altena = make_topic(), make_municipality("Neustadt")
    this = make_rich_practice("Dieses", branches=(metal,), topics=(topic,), municipality=altena)
    add_parts(this, 1)
    make_dialogue(branches=[metal], practices=[this], municipality=altena)
    make_report(make_dialogue(branches=[metal], practices=[this], starts_at=in_days(-9)))
    counted, rows = {}, 1
    for wanted in (1, 4, 12):
        for _ in range(wanted - rows):
            other = make_practice(branches=(metal, wood), topics=(topic,), municipality=altena, employees=100)
            PracticePicture.objects.create(practice=other, image=make_image())
            make_branch()
            make_dialogue(branches=[metal], practices=[this], municipality=altena)
            make_report(make_dialogue(branches=[metal], practices=[this], starts_at=in_days(-9)))
        if wanted > 1:
            add_parts(this, 4)
        rows = wanted
        counted[rows] = count_queries(client, BOUNDS)

    assert counted[1] == counted[4] == counted[12]
    too_many = {a: n for a, n in counted[12].items() if n > BOUNDS[a]}
    assert too_many == {}


def test_an_empty_portal_asks_no_more_than_a_full_one(client: Client) -> None:
    found = count_queries(client, [address for address in BOUNDS if address in {"/", "/beispiele/", "/branchen/"}])

    assert all(number <= BOUNDS[address] for address, number in found.items()), found


# ---------------------------------------------------------------- templates


def our_templates() -> list[str]:
    [root] = settings.TEMPLATES[0]["DIRS"]
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.suffix in {".html", ".txt", ".xml"})


def test_every_template_compiles() -> None:
    names = our_templates()
    for name in names:
        get_template(name)
    assert len(names) >= 20


@pytest.mark.django_db(databases=[])
def test_the_frame_of_every_page_needs_neither_database_nor_request() -> None:
    page = Page(render_to_string("base.html"))

    assert set(LEGAL) <= set(page.links)
