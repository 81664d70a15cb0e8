"""A pytest plugin: gives every run an environment of its own, before Django's settings read it.

Without `DATABASE_URL` it starts an embedded PostgreSQL, too. The controller does all of it; workers of pytest-xdist inherit
the environment. The server ends and its folder goes with the last process that holds it, however the run ends.
"""

import atexit
import contextlib
import os
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from platform_mark.embedded import EmbeddedServer

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
server: EmbeddedServer | None = None

KEPT_TOGETHER = (
    "tests/platform_mark/test_embedded.py",
    "tests/platform_mark/test_up.py",
    "tests/starter/test_content.py",
    "tests/test_html.py",
    "tests/test_production.py",
    "tests/test_site.py",
)
CACHE_SECONDS = 24 * 60 * 60

# What a developer's shell may hold and no test may depend on.
UNSET = (
    "DEBUG",
    "QUICK_START",
    "LOG_LEVEL",
    "STATIC_ROOT",
    "MEDIA_ROOT",
    "TRUSTED_PROXIES",
    "PROCESS",
    "STARTED_BY_UP",
)

if not IS_WORKER:
    folder = Path(tempfile.mkdtemp(prefix="portal-tests-"))
    for name in UNSET:
        os.environ.pop(name, None)
    os.environ |= {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "BASE_URL": "https://portal.test",
        "ALLOWED_HOSTS": "portal.test,testserver,localhost,127.0.0.1",
        # Nobody listens there; Django's test runner keeps mail in memory.
        "EMAIL_URL": "smtp://localhost:2525",
        "DEFAULT_FROM_EMAIL": "portal@portal.test",
        "DATA_DIR": str(folder),
    }
    if not os.environ.get("DATABASE_URL"):
        # Nothing in it must survive a power cut, so it need not wait for the disk.
        fast = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        server = EmbeddedServer(folder, options=fast, throw_away=True)
        os.environ["DATABASE_URL"] = server.url


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal out single tests, except for files whose tests share something that takes seconds to make."""
    from xdist.scheduler import LoadScopeScheduling

    class KeepTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if file in KEPT_TOGETHER else nodeid

    return KeepTogether(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the server and collect static files before the first worker starts."""
    if IS_WORKER:
        return
    if server:
        server.start()
    _collect_static(session.config)


def _collect_static(config: pytest.Config) -> None:
    """Collect static files as production does, or copy what an earlier run collected from the same files."""
    from django.conf import settings
    from django.core.management import call_command

    from platform_mark.static_state import static_state

    # Absent with `-p no:cacheprovider`.
    kept = getattr(config, "cache", None)
    cache = kept.mkdir("static") / static_state() if kept else None
    if cache and cache.is_dir():
        shutil.copytree(cache, settings.STATIC_ROOT)
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    if cache:
        for old in cache.parent.iterdir():
            if time.time() - old.stat().st_mtime > CACHE_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(dir=cache.parent))
        shutil.copytree(settings.STATIC_ROOT, draft, dirs_exist_ok=True)
        # Another run may have been quicker with the same files.
        with contextlib.suppress(OSError):
            draft.rename(cache)
        shutil.rmtree(draft, ignore_errors=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    if not IS_WORKER:
        clean_up(os.getpid())


def clean_up(pid: int) -> None:
    """End the server and delete the folder; in the process that made them only, not in a fork of it."""
    if pid != os.getpid():
        return
    if server:
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)


if not IS_WORKER:
    # Benchmarks and soak tests use this environment without pytest.
    atexit.register(clean_up, os.getpid())
