"""What every test may ask for: a client at the portal's own address, and loud lines for what was skipped."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.test import Client, TransactionTestCase, override_settings
from django.test.client import ClientHandler

from platform_mark import settings as portal_settings
from tests.databases import empty_tables

# What CI looks for: a skipped part of the suite must not pass for a green one.
LOUD = {"browser": "BROWSER TESTS SKIPPED", "html": "HTML TESTS SKIPPED", "nginx": "NGINX TESTS SKIPPED"}


# Each handler reads the whole folder of static files once, so that one is shared as long as the settings are the same.
_handlers: dict[bool, ClientHandler] = {}
READ_AT_REQUEST = {"MEDIA_ROOT", "ROOT_URLCONF", "PASSWORD_HASHERS"}


@receiver(setting_changed)
def _forget_handlers(setting: str, **kwargs: Any) -> None:
    if setting not in READ_AT_REQUEST:
        _handlers.clear()


class PortalClient(Client):
    """A visitor who comes to the configured address, by https where the portal is served by https."""

    def __init__(self, enforce_csrf_checks: bool = False, **kwargs: Any) -> None:
        super().__init__(enforce_csrf_checks, SERVER_NAME=urlsplit(settings.BASE_URL).hostname, **kwargs)
        self.handler = _handlers.setdefault(enforce_csrf_checks, self.handler)

    def generic(self, *args: Any, **kwargs: Any) -> Any:
        """Send any request by the scheme of the configured address."""
        response = super().generic(*args, **kwargs | {"secure": settings.HTTPS})
        if response.streaming:
            # Taken to the end, as a browser does; else the file would stay open.
            response.streaming_content = [response.getvalue()]
        return response


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords quickly: hundreds of log-ins would take minutes with a hash that is slow on purpose."""
    with override_settings(PASSWORD_HASHERS=["tests.passwords.QuickScrypt"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    """Empty the tables quickly after a test that commits."""
    with patch.object(TransactionTestCase, "_fixture_teardown", lambda case: empty_tables()):
        yield


@pytest.fixture
def slow_passwords() -> Iterator[None]:
    """Hash passwords as the portal does, where the hash or its time is the question."""
    with override_settings(PASSWORD_HASHERS=portal_settings.PASSWORD_HASHERS):
        yield


@pytest.fixture
def client() -> PortalClient:
    """Somebody without an account. What crashes is answered, not raised: that is what a visitor sees."""
    return PortalClient(raise_request_exception=False)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say loudly at the end which part of the suite did not run for want of a program."""
    skipped = terminalreporter.stats.get("skipped", [])
    for marker, line in LOUD.items():
        reasons = {
            str(report.longrepr[-1]).removeprefix("Skipped: ") for report in skipped if marker in report.keywords
        }
        for reason in sorted(reasons):
            terminalreporter.write_sep("!", f"{line}: {reason}", red=True, bold=True)
