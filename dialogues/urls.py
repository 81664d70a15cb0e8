from django.urls import path

from . import feedback_views, feeds, views
from .mail_urls import mail_patterns
from .room import views as room_views
from .signup_urls import signup_patterns

app_name = "dialogues"
urlpatterns = [
    path("dialoge/", views.dialogue_list, name="list"),
    path("dialoge/termine.ics", feeds.calendar, name="feed-calendar"),
    path("dialoge/neu.atom", feeds.atom, name="feed-atom"),
    path("dialoge/vorschau/<str:token>/", views.DialoguePreview.as_view(), name="preview"),
    path("dialoge/<slug:slug>/", views.DialogueDetail.as_view(), name="detail"),
    path("dialoge/<slug:slug>/termin.ics", feeds.one, name="calendar"),
    path("dialoge/<slug:slug>/fragen/", room_views.room, name="room"),
    path("anmeldung/<str:token>/rueckmeldung/", feedback_views.feedback, name="feedback"),
    *signup_patterns,
    *mail_patterns,
]
