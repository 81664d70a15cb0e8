"""The yardstick: a bare Django site with one page, 24 cards and 64 facet boxes from one query and one plain template.

It reads the same table as the portal, has no middleware and no settings of ours, and is served by the same server. All
figures of the portal are quoted as ratios to it, since another machine gives other milliseconds.
"""

import os
from pathlib import Path

import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

COLUMNS = "title, slug, teaser, company, place, year, published_at, figure_value, figure_label, size"

if not settings.configured:
    settings.configure(
        SECRET_KEY=os.environ["SECRET_KEY"],
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        DATABASES={"default": environ.Env().db_url("DATABASE_URL") | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [Path(__file__).parent / "templates"],
            }
        ],
        LANGUAGE_CODE="de",
        USE_TZ=True,
        TIME_ZONE="Europe/Berlin",
    )


def page(request: HttpRequest) -> HttpResponse:
    """24 rows by date, rendered by a plain template."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM practices_practice ORDER BY published_at DESC, id DESC LIMIT 24")
        names = COLUMNS.split(", ")
        cards = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return render(request, "yardstick.html", {"cards": cards, "facets": range(64)})


def card(request: HttpRequest, slug: str) -> HttpResponse:
    """Only there so that every card of the page has a real link to reverse."""
    return HttpResponse(slug)


urlpatterns = [path("", page), path("karte/<slug:slug>/", card, name="card")]

application = get_wsgi_application()
