"""Addresses for the machine that watches the portal: is it alive, and can it serve?"""

from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from procrastinate.contrib.django.models import ProcrastinateWorker

from platform_mark.mail import outbox

# A worker gives a sign of life every ten seconds; two may be lost to a busy machine.
WORKER_SILENCE = timedelta(seconds=30)


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process answers at all; needs no database."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when pages are served and jobs are run, else 503 naming what is missing, without versions or hosts."""
    try:
        state = {"database": "ok", "migrations": _migrations(), "worker": _worker(), "mail": _mail()}
    except DatabaseError:
        state = {"database": "unreachable", "migrations": "unknown", "worker": "unknown", "mail": "unknown"}
    is_ready = set(state.values()) == {"ok"}
    return JsonResponse({"ready": is_ready, **state}, status=200 if is_ready else 503)


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    return "pending" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else "ok"


def _mail() -> str:
    return "late" if outbox.is_late() else "ok"


def _worker() -> str:
    since = timezone.now() - WORKER_SILENCE
    return "ok" if ProcrastinateWorker.objects.filter(last_heartbeat__gte=since).exists() else "silent"
