from django.urls import path
from django.views.generic import RedirectView

from .signup_urls import signup_patterns

app_name = "dialogues"
urlpatterns = [
    path("dialoge/", RedirectView.as_view(pattern_name="home"), name="list"),
    path("dialoge/<slug:slug>/", RedirectView.as_view(url="/dialoge/%(slug)s/anmelden/"), name="detail"),
    path("dialoge/<slug:slug>/termin.ics", RedirectView.as_view(url="/dialoge/%(slug)s/anmelden/"), name="calendar"),
    *signup_patterns,
]
