"""The entry point for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "platform_mark.settings")
# Settings read this: only the web has statement and lock timeouts.
os.environ.setdefault("PROCESS", "web")

application = get_wsgi_application()
# Django would load the pages with the first request: now workers share what they take, and nobody waits for it.
get_resolver().url_patterns  # noqa: B018
