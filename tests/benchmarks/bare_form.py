"""What a sign-up costs at least: a bare Django site with one form and one table, seats counted under a row lock.

No mail, no confirmation, no history, no middleware of ours; served by the same server as the portal beside it.
"""

import os

import environ
from django import forms
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import engines
from django.urls import path

if not settings.configured:
    settings.configure(
        SECRET_KEY=os.environ["SECRET_KEY"],
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
        DATABASES={"default": environ.Env().db_url("DATABASE_URL") | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
        USE_TZ=True,
    )

TABLES = """
    CREATE TABLE IF NOT EXISTS bare_event (id int PRIMARY KEY, seats int NOT NULL);
    CREATE TABLE IF NOT EXISTS bare_sign_up (
        id bigserial PRIMARY KEY, event int NOT NULL REFERENCES bare_event, company text, name text, email text,
        waiting int, UNIQUE (event, email)
    );
    TRUNCATE bare_sign_up, bare_event;
    INSERT INTO bare_event VALUES (1, 50);
"""
PAGE = (
    "<!doctype html><title>Anmelden</title><form method=post>{% csrf_token %}{{ form }}<button>Anmelden</button></form>"
)


class SignUp(forms.Form):
    company = forms.CharField(max_length=120)
    contact_name = forms.CharField(max_length=120)
    email = forms.EmailField()


def seat(company: str, name: str, email: str) -> None:
    """One sign-up in plain SQL: lock the event, count, write."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seats FROM bare_event WHERE id = 1 FOR UPDATE")
        (seats,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM bare_sign_up WHERE event = 1")
        (taken,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO bare_sign_up (event, company, name, email, waiting) VALUES (1, %s, %s, %s, %s)",
            [company, name, email, taken - seats + 1 if taken >= seats else None],
        )


def form(request: HttpRequest) -> HttpResponse:
    """Show the form, or take it and redirect."""
    bound = SignUp(request.POST or None)
    if request.method == "POST" and bound.is_valid():
        with transaction.atomic():
            seat(*(bound.cleaned_data[name] for name in ("company", "contact_name", "email")))
        return HttpResponseRedirect("/")
    return HttpResponse(engines["django"].from_string(PAGE).render({"form": bound}, request))


urlpatterns = [path("", form)]

application = get_wsgi_application()
