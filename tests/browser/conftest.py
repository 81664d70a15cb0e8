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
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, ViewportSize

from tests.browser.portal import PASSWORD, Portal, fill, free_port, served
from tests.databases import own_database

# Playwright's synchronous interface runs an event loop in this thread, in which Django would refuse to use the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# The shell has no windows and does the same in half the time; not every distribution has it.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-dev-shm-usage",
]
SCREENSHOTS = Path("test-results")

NewContext = Callable[..., BrowserContext]
Look = Callable[..., Page]
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
        pytest.skip(f"no Chromium found ({', '.join(NAMES)})")
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
        contexts.append(_profile(browser, portal, options))
        return contexts[-1]

    yield new
    _picture_failure(request.node, contexts)
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def tabs(browser: Browser, portal: Portal) -> Iterator[dict[str, Page]]:
    kept: dict[str, Page] = {}
    yield kept
    for page in kept.values():
        page.context.close()


@pytest.fixture
def look(browser: Browser, portal: Portal, tabs: dict[str, Page], request: pytest.FixtureRequest) -> Iterator[Look]:
    """Gives a tab that is kept for all tests which only look at pages: a fresh profile costs more than the look."""
    used: list[BrowserContext] = []

    def tab(*, viewport: ViewportSize, **options: Any) -> Page:
        key = repr((viewport, options))
        if key not in tabs:
            tabs[key] = _profile(browser, portal, {"bypass_csp": True, "viewport": viewport, **options}).new_page()
        page = tabs[key]
        page.set_viewport_size(viewport)
        used.append(page.context)
        return page

    yield tab
    _picture_failure(request.node, used)


def _profile(browser: Browser, portal: Portal, options: dict[str, Any]) -> BrowserContext:
    defaults = {"base_url": portal.url, "ignore_https_errors": True, "locale": "de-DE", "reduced_motion": "reduce"}
    context = browser.new_context(**defaults | options)
    context.set_default_timeout(15_000)
    return context


def _picture_failure(item: pytest.Item, contexts: list[BrowserContext]) -> None:
    if not item.stash.get(outcome, False):
        return
    name = re.sub(r"[^\w.-]+", "-", item.name)
    for number, context in enumerate(contexts):
        for tab, page in enumerate(context.pages):
            page.screenshot(path=SCREENSHOTS / f"{name}-{number}-{tab}.png", full_page=True)


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
