"""The pages behind the mailed question "stimmt noch?"; part of the namespace `actors`."""

from django.urls import path

from . import confirm_views

confirm_patterns = [
    path("bestaetigen/danke/", confirm_views.thanks, name="confirm-thanks"),
    path("bestaetigen/<str:token>/", confirm_views.confirm, name="confirm"),
]
