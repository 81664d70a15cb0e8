from django.urls import path

from . import own_views, signup_views

# Words before tokens: no token is one of them, since each holds a dot.
signup_patterns = [
    path("dialoge/<slug:slug>/anmelden/", signup_views.sign_up, name="sign-up"),
    path("dialoge/<slug:slug>/anmelden/<str:token>/", signup_views.sign_up, name="invited"),
    path("dialoge/<slug:slug>/fast-fertig/", signup_views.almost_done, name="almost-done"),
    path("anmeldung/geloescht/", own_views.erased, name="erased"),
    path("anmeldung/uebergeben/", own_views.handed_over, name="handed-over"),
    path("anmeldung/<str:token>/", own_views.registration, name="registration"),
    path("anmeldung/<str:token>/personen/", own_views.party, name="registration-party"),
    path("anmeldung/<str:token>/uebergeben/", own_views.transfer, name="registration-transfer"),
    path("anmeldung/<str:token>/erinnerungen-beenden/", own_views.end_reminders, name="registration-reminders"),
    path("anmeldung/<str:token>/daten.json", own_views.data, name="registration-data"),
]
