"""Addresses of open data. Those below v1/ are promises: what changes their meaning gets a v2/ beside them."""

from django.urls import path

from . import views

app_name = "opendata"
urlpatterns = [
    path("", views.index, name="index"),
    path("v1/<slug:kind>.json", views.page, name="json"),
    path("v1/<slug:kind>.csv", views.table, {"form": "csv"}, name="csv"),
    path("v1/<slug:kind>.xlsx", views.table, {"form": "xlsx"}, name="xlsx"),
    path("v1/schema/<slug:kind>.json", views.schema_of_kind, name="schema"),
    path("v1/hsds/<slug:shape>.json", views.hsds_page, name="hsds"),
    path("openapi.json", views.openapi, name="openapi"),
    path("katalog.jsonld", views.catalogue_json, name="catalogue-json"),
    path("katalog.ttl", views.catalogue_turtle, name="catalogue-turtle"),
    path("einbinden/dialoge.html", views.embedded_dialogues, name="embedded"),
]
