"""Addresses under /konto/ that belong to the register; `platform_mark.pages` puts the start page before them."""

from django.urls import path

from . import account_views as views
from . import activity_views as activities

account_patterns = [
    path("akteure/", views.find_actor, name="find-actor"),
    path("akteure/neu/", views.found_actor, name="found-actor"),
    path("akteure/<slug:slug>/vertreten/", views.claim, name="claim"),
    path("akteure/<slug:slug>/profil/", views.profile, name="profile"),
    path("akteure/<slug:slug>/profil/bestaetigen/", views.confirm_profile, name="confirm-profile"),
    path("akteure/<slug:slug>/personen/", views.people, name="people"),
    path("akteure/<slug:slug>/personen/<int:pk>/", views.change_member, name="member"),
    path("akteure/<slug:slug>/einladungen/<int:pk>/", views.withdraw_invitation, name="withdraw-invitation"),
    path("akteure/<slug:slug>/bestaetigen/", activities.confirm_all, name="confirm-all"),
    path("akteure/<slug:slug>/austritt/", views.leave, name="leave"),
    path("einladung/<str:token>/", views.invitation, name="invitation"),
    path("aktivitaeten/neu/", activities.new_activity, name="new-activity"),
    path("aktivitaeten/<int:pk>/", activities.edit_activity, name="activity"),
    path("aktivitaeten/<int:pk>/vorschau/", activities.preview, name="preview"),
    path("aktivitaeten/<int:pk>/<slug:name>/", activities.step, name="step"),
    path("kooperation/<slug:slug>/", activities.cooperate, name="cooperate"),
    path("kooperationen/<int:pk>/", activities.cooperation, name="cooperation"),
    path("anfrage/<str:token>/", activities.relayed, name="relayed"),
    path("benachrichtigungen/", views.notifications, name="notifications"),
    path("daten/", views.data, name="data"),
    path("daten/meine-daten.json", views.download, name="download"),
    path("daten/konto-loeschen/", views.close, name="close"),
    path("geloescht/", views.closed, name="closed"),
]
