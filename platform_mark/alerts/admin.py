"""Staff see what is subscribed to and how often. Addresses see only those who answer for privacy."""

from django.contrib import admin

from platform_mark.admin_pages import ReadOnlyAdmin

from .models import Alert, Subscriber


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Ordered and ended by their addresses; all about one person goes by the privacy tools."""

    list_display = ["scope", "query", "actor", "series", "rhythm", "confirmed_at", "paused_at"]
    list_filter = ["scope", "rhythm", ("confirmed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["actor", "series"]
    fields = [
        "scope",
        "query",
        "actor",
        "series",
        "rhythm",
        "consent",
        "requested_at",
        "confirmed_at",
        "paused_at",
        "checked_at",
    ]


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnlyAdmin):
    list_display = ["email", "created_at"]
    search_fields = ["email"]
    fields = ["email", "created_at"]
