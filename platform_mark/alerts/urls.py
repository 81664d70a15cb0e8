from django.urls import path

from . import views

app_name = "alerts"
# No token is one of the words, since each holds a dot.
urlpatterns = [
    path("neu/", views.new, name="new"),
    path("fast-fertig/", views.sent, name="sent"),
    path("beendet/", views.ended, name="ended"),
    path("bestaetigen/<str:token>/", views.confirm, name="confirm"),
    path("abmelden/<str:token>/", views.leave, name="leave"),
    path("<str:token>/", views.own, name="own"),
    path("<str:token>/daten.json", views.data, name="data"),
]
