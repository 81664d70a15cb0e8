from django.contrib.sitemaps.views import sitemap
from django.urls import include, path
from django.views.decorators.http import require_safe

from . import barriers, first_steps, focus, health, machines, searching, self_check, views
from .models import LegalText

branch_patterns = (
    [
        path("", views.branch_list, name="list"),
        path("auswahl/", focus.selection, name="selection"),
        path("<slug:slug>/", views.branch_detail, name="detail"),
    ],
    "branches",
)

urlpatterns = [
    path("", views.home, name="home"),
    path("branchen/", include(branch_patterns)),
    path("suche/", searching.search, name="search"),
    path("opensearch.xml", machines.opensearch, name="opensearch"),
    path("einstieg/", first_steps.first_steps, name="first-steps"),
    path("einstieg/blatt/", first_steps.sheet, name="first-steps-sheet"),
    path("einstieg/selbstcheck/", self_check.self_check, name="self-check"),
    path("komponenten/", views.components, name="components"),
    # One path for each page, so that an address that names none of them is not ours at all.
    *[
        path(f"{page.value}/", views.legal_text, {"page": page.value}, name=f"legal-{page.value}")
        for page in LegalText.Page
    ],
    path("barrierefreiheit/melden/", barriers.report, name="barrier-report"),
    path("barrierefreiheit/danke/", barriers.sent, name="barrier-sent"),
    path("sitemap.xml", require_safe(sitemap), {"sitemaps": machines.SITEMAPS}, name="sitemap"),
    path("robots.txt", machines.robots, name="robots"),
    path(".well-known/security.txt", machines.security, name="security"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
