from django.urls import path

from . import comparison, feeds, suggestion_views, views

app_name = "practices"
urlpatterns = [
    path("", views.practice_list, name="list"),
    path("neu.atom", feeds.atom, name="feed-atom"),
    path("vorschlagen/", suggestion_views.suggest, name="suggest"),
    path("vorschlagen/fast-fertig/", suggestion_views.sent, name="suggest-sent"),
    path("vorschlag/<str:token>/", suggestion_views.suggestion, name="suggestion"),
    path("vergleich/", comparison.compare, name="compare"),
    path("vorschau/<str:token>/", views.PracticePreview.as_view(), name="preview"),
    path("<slug:slug>/", views.PracticeDetail.as_view(), name="detail"),
    path("<slug:slug>/beispiel.pdf", views.PracticeHandout.as_view(), name="handout"),
]
