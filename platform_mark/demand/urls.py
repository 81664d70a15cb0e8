from django.urls import path

from . import views

app_name = "demand"
urlpatterns = [
    path("", views.wish, name="wish"),
    path("fast-fertig/", views.sent, name="sent"),
    path("beendet/", views.ended, name="ended"),
    path("<token>/", views.own, name="own"),
]
