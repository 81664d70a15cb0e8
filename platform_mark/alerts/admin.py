"""Staff see what is subscribed to and how often. Addresses see only those who answer for privacy."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from .models import Alert, Subscriber


class _ReadOnly(admin.ModelAdmin):
    """Alerts are ordered and ended by their addresses; all about one person goes by the privacy tools."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Alert)
class AlertAdmin(_ReadOnly):
    list_display = ["scope", "query", "actor", "rhythm", "confirmed_at", "paused_at"]
    list_filter = ["scope", "rhythm", ("confirmed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["actor"]
    fields = ["scope", "query", "actor", "rhythm", "consent", "requested_at", "confirmed_at", "paused_at", "checked_at"]


@admin.register(Subscriber)
class SubscriberAdmin(_ReadOnly):
    list_display = ["email", "created_at"]
    search_fields = ["email"]
    fields = ["email", "created_at"]
