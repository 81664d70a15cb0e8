from django.urls import path

from . import feeds, views

format_patterns = (
    [
        path("", views.format_list, name="list"),
        path("neu.atom", feeds.atom, name="feed-atom"),
        path("karten/", views.format_set, name="set"),
        path("ausprobiert/fast-fertig/", views.report_sent, name="report-sent"),
        path("ausprobiert/<str:token>/", views.own_report, name="own-report"),
        path("vorschau/<str:token>/", views.FormatPreview.as_view(), name="preview"),
        path("<slug:slug>/", views.FormatDetail.as_view(), name="detail"),
        path("<slug:slug>/ausprobiert/", views.report, name="report"),
    ],
    "formats",
)
idea_patterns = (
    [
        path("", views.idea_list, name="list"),
        path("neu/", views.send_idea, name="send"),
        path("danke/", views.idea_sent, name="sent"),
        path("meine/<str:token>/", views.own_idea, name="own"),
    ],
    "ideas",
)
