from django.urls import path

from . import online_views

# What mails lead to beyond the person's own page. No token is the word "online", since each holds a dot.
mail_patterns = [path("anmeldung/online/<str:token>/", online_views.online, name="online")]
