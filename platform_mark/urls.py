from django.contrib import admin
from django.urls import include, path

from dialogues.formats.urls import format_patterns, idea_patterns
from platform_mark.pages.details import dialogue_patterns, practice_patterns
from platform_mark.pages.register import register_patterns

urlpatterns = [
    path("", include("platform_mark.pages.urls")),
    path("suche/wunsch/", include("platform_mark.demand.urls")),
    path("beispiele/", include(practice_patterns)),
    path("", include(dialogue_patterns)),
    path("formate/", include(format_patterns)),
    path("ideen/", include(idea_patterns)),
    path("konto/", include("platform_mark.pages.account_urls")),
    path("", include(register_patterns)),
    path("konto/", include("platform_mark.accounts.urls")),
    path("daten/", include("platform_mark.opendata.urls")),
    path("benachrichtigungen/", include("platform_mark.alerts.urls")),
    path("medien/", include("platform_mark.media.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "platform_mark.pages.errors.bad_request"
handler403 = "platform_mark.pages.errors.forbidden"
handler404 = "platform_mark.pages.errors.not_found"
handler429 = "platform_mark.pages.errors.too_many_requests"  # asked for by allauth
handler500 = "platform_mark.pages.errors.server_error"
