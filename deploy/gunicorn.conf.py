"""Gunicorn in production. The socket comes from systemd (deploy/systemd/portal-web.socket)."""

import gc
import multiprocessing
import os
from typing import Any

# Only without systemd's socket.
bind = os.environ.get("WEB_BIND", "unix:/run/portal-web.sock")

# nginx takes slow clients off our hands, so a worker is busy only while it computes: plain sync workers fit best.
worker_class = "sync"
workers = int(os.environ.get("WEB_CONCURRENCY", 2 * multiprocessing.cpu_count() + 1))
# Loaded once and then forked, so that workers share what the code takes; an update restarts all of it anyway.
preload_app = True
timeout = 30
graceful_timeout = 30
# A worker that grew is replaced long before it hurts.
max_requests = 5_000
max_requests_jitter = 500

# nginx bounds all three; what passes it is refused by a page of ours, not by gunicorn's.
limit_request_line = 0
limit_request_field_size = 16_384
limit_request_fields = 8_000
# Heartbeat files in memory, never on a disk that may stall.
worker_tmp_dir = os.environ.get("RUNTIME_DIRECTORY") or None
control_socket_disable = True

# One kind of log line for all: JSON, masked. Requests are logged by the application.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "platform_mark.logs.JsonFormatter"}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
    "root": {"handlers": ["stdout"], "level": "INFO"},
    "loggers": {
        "gunicorn.error": {"handlers": ["stdout"], "level": "INFO", "propagate": False},
        # It warns of every HEAD, whose body Django leaves to the server to drop.
        "gunicorn.http.wsgi": {"level": "ERROR"},
    },
}


def when_ready(server: Any) -> None:
    """Keep the collector from touching what workers share: a touched page is a page of its own."""
    gc.collect()
    gc.freeze()
