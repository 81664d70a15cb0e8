from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from platform_mark.contact import FIELDS
from platform_mark.publishing.forms import RuleForm
from platform_mark.slugs import SlugForm

from . import barriers, operating
from .models import BarrierReport, CheckQuestion, LegalText, Operator


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


@admin.register(Operator)
class OperatorAdmin(admin.ModelAdmin):
    """The one row of who runs the portal; until staff save it, the environment says it."""

    list_display = ["name", "street", "town", "phone", "email"]
    fields = [*FIELDS]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with what the pages say now."""
        return dict(settings.OPERATOR)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Operator.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Operator | None = None) -> bool:
        """Somebody always runs it."""
        return False

    def save_model(self, request: HttpRequest, obj: Operator, form: Any, change: bool) -> None:
        """Save, and tell every page."""
        super().save_model(request, obj, form, change)
        operating.tell(obj)


class CheckQuestionForm(SlugForm):
    slug_from = "text"


@admin.register(CheckQuestion)
class CheckQuestionAdmin(admin.ModelAdmin):
    """The questions of the self-check. What the portal ships is no longer asked rather than deleted: it would come back."""

    form = CheckQuestionForm
    list_display = ["text", "order", "is_asked", "pressure_names"]
    list_filter = ["is_asked"]
    search_fields = ["text"]
    autocomplete_fields = ["pressures"]
    fields = ["text", "slug", ("order", "is_asked"), "pressures"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("pressures")

    @admin.display(description="Was dann drückt")
    def pressure_names(self, question: CheckQuestion) -> str:
        return ", ".join(pressure.name for pressure in question.pressures.all())

    def view_on_site(self, question: CheckQuestion) -> str:
        """Where it is asked."""
        return reverse("self-check")

    def has_delete_permission(self, request: HttpRequest, obj: CheckQuestion | None = None) -> bool:
        """What was loaded with the portal stays, and is not asked where it is not wanted."""
        return super().has_delete_permission(request, obj) and not (obj and obj.reference_key)


@admin.register(BarrierReport)
class BarrierReportAdmin(admin.ModelAdmin):
    """What stood in somebody's way; it is read, not edited, and noted as answered."""

    list_display = ["where", "created_at", "answered_at"]
    list_filter = [("answered_at", admin.EmptyFieldListFilter)]
    search_fields = ["where", "what"]
    date_hierarchy = "created_at"
    actions = ["mark_answered"]
    fields = ["where", "what", "email", "created_at", "answered_at"]
    readonly_fields = fields  # type: ignore[assignment]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Reports come from outside."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: BarrierReport | None = None) -> bool:
        """They end by themselves: see `barriers.forget_old`."""
        return False

    @admin.action(description="Als beantwortet vermerken", permissions=["change"])
    def mark_answered(self, request: HttpRequest, reports: QuerySet[BarrierReport]) -> None:
        number = barriers.answered(list(reports))
        self.message_user(request, f"{number} als beantwortet vermerkt.", messages.SUCCESS)
