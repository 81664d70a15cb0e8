"""Chromium of the distribution in front of the real server. Nothing is ever downloaded."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Playwright

from tests.browser.portal import PASSWORD, Portal, fill, free_port, served
from tests.databases import own_database

# Playwright's synchronous interface runs an event loop in this thread, in which Django would refuse to use the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-dev-shm-usage",
]
SCREENSHOTS = Path("test-results")

NewContext = Callable[..., BrowserContext]
outcome = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder need Chromium, and a test database to copy."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[outcome] = report.failed
    return report


@pytest.fixture(scope="session")
def before_the_loop() -> None:
    """Close what earlier tests opened: under Playwright's event loop Django sees other connections than before and after."""
    connections.close_all()


@pytest.fixture(scope="session")
def playwright(before_the_loop: None, playwright: Playwright) -> Iterator[Playwright]:
    yield playwright
    connections.close_all()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if not CHROMIUM:
        pytest.skip("no Chromium found (chromium, chromium-browser, google-chrome)")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session")
def portal(
    browser: Browser, django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    """One portal for all tests of this process; asked for after the browser, so that it is not made for nothing."""
    folder, media = tmp_path_factory.mktemp("web"), tmp_path_factory.mktemp("media")
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            database = stack.enter_context(own_database("browser"))
            portal = fill(f"https://localhost:{free_port()}", database, media)
        stack.enter_context(served(portal.url, folder, database, media))
        yield portal


@pytest.fixture(scope="session")
def quick_start(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address at which the quick start serves the same data: in the clear, with the guide to the look."""
    url = f"http://localhost:{free_port()}"
    with served(url, tmp_path_factory.mktemp("quick"), portal.database, tmp_path_factory.mktemp("none")):
        yield url


@pytest.fixture
def visit(browser: Browser, portal: Portal, request: pytest.FixtureRequest) -> Iterator[NewContext]:
    """Makes visitors: each call is a fresh profile. A failed test leaves a picture of every page that is open."""
    contexts: list[BrowserContext] = []

    def new(**options: Any) -> BrowserContext:
        defaults = {"base_url": portal.url, "ignore_https_errors": True, "locale": "de-DE", "reduced_motion": "reduce"}
        context = browser.new_context(**defaults | options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        return context

    yield new
    for number, context in enumerate(contexts):
        if request.node.stash.get(outcome, False):
            for tab, page in enumerate(context.pages):
                name = re.sub(r"[^\w.-]+", "-", request.node.name)
                page.screenshot(path=SCREENSHOTS / f"{name}-{number}-{tab}.png", full_page=True)
        context.close()


@pytest.fixture(scope="session")
def staff_state(browser: Browser, portal: Portal) -> dict[str, Any]:
    """The cookies of somebody who has logged in with both factors."""
    context = browser.new_context(base_url=portal.url, ignore_https_errors=True, locale="de-DE")
    page = context.new_page()
    person = portal.people["reader"]
    page.goto("/konto/anmelden/")
    page.get_by_label("E-Mail-Adresse").fill(person.email)
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    page.get_by_label("Code").fill(person.code())
    page.get_by_role("button", name="Anmelden").click()
    page.wait_for_url("**/admin/")
    state = context.storage_state()
    context.close()
    return state
