from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from platform_mark.publishing.forms import RuleForm

from .models import LegalText


class LegalTextForm(RuleForm):
    class Meta:
        help_texts = {"valid_from": "Ab diesem Tag steht der Text auf der Seite. Ein Tag in der Zukunft plant ihn ein."}


@admin.register(LegalText)
class LegalTextAdmin(admin.ModelAdmin):
    """One row is one version. A new version is saved as a new row; what was in force and is over stays as proof."""

    form = LegalTextForm
    list_display = ["page", "valid_from", "standing", "lead"]
    list_display_links = ["page", "valid_from"]
    list_filter = ["page"]
    date_hierarchy = "valid_from"
    save_as = True
    save_as_continue = False
    fields = ["page", "valid_from", "lead", "body", "created_at"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """With the answer to whether another version has followed by now."""
        later = LegalText.objects.filter(
            page=OuterRef("page"), valid_from__gt=OuterRef("valid_from"), valid_from__lte=timezone.localdate()
        )
        return super().get_queryset(request).annotate(is_superseded=Exists(later))

    @admin.display(description="Zustand")
    def standing(self, text: Any) -> str:
        """Whether the version is to come, in force, or over."""
        if text.valid_from > timezone.localdate():
            return "kommt noch"
        return "überholt" if text.is_superseded else "gilt"

    def view_on_site(self, text: Any) -> str | None:
        """The page shows only the version in force."""
        return reverse(f"legal-{text.page}") if self.standing(text) == "gilt" else None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A version that another one has followed is proof and stays as it was."""
        return super().has_change_permission(request, obj) and not getattr(obj, "is_superseded", False)

    def has_delete_permission(self, request: HttpRequest, obj: LegalText | None = None) -> bool:
        """Only what was never in force may go."""
        is_ahead = obj is None or obj.valid_from > timezone.localdate()
        return super().has_delete_permission(request, obj) and is_ahead
