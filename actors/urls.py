"""The register for everybody. The pages that show other subjects, too, are routed by `platform_mark.pages`, under names of ours."""

from django.urls import path

from . import feeds, proposal_views, views
from .confirm_urls import confirm_patterns
from .downloads import FORMATS

app_name = "actors"
urlpatterns = [
    *confirm_patterns,
    path("aktivitaeten/", views.activity_list, name="activities"),
    *[path(f"aktivitaeten/liste.{form}", feeds.download, {"form": form}, name=f"download-{form}") for form in FORMATS],
    path("aktivitaeten/liste.atom", feeds.atom, name="feed-atom"),
    path("aktivitaeten/matrix/tabelle.xlsx", feeds.matrix_download, name="matrix-xlsx"),
    path("aktivitaeten/<slug:slug>/", views.ActivityDetail.as_view(), name="activity"),
    path("aktivitaeten/<slug:slug>/aenderung/", proposal_views.propose, name="propose"),
    path("aktivitaeten/<slug:slug>/aenderung/danke/", proposal_views.proposed, name="proposed"),
    path("akteure/", views.actor_list, name="list"),
]
