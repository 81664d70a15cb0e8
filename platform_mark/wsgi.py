"""The entry point for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "platform_mark.settings")
# Settings read this: only the web has statement and lock timeouts.
os.environ.setdefault("PROCESS", "web")

application = get_wsgi_application()
