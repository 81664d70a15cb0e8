from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from platform_mark.admin_pages import OwnPages, ReadForm
from platform_mark.publishing.admin import PublishableAdmin, VisibleFilter
from platform_mark.publishing.forms import RuleForm, SeenForm
from platform_mark.slugs import SlugForm
from platform_mark.taxonomy.forms import WordsField
from platform_mark.taxonomy.models import Branch, TargetGroup

from . import ideas, reporting, shelving
from .models import IDEA_WAYS, Format, FormatDocument, FormatStep, Idea, TryReport


class FormatForm(SeenForm, SlugForm, RuleForm):
    slug_from = "title"

    target_groups = forms.MultipleChoiceField(
        label="Für wen",
        choices=TargetGroup,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Für wen ist das Format? Wählen Sie mindestens eine Zielgruppe."},
    )
    material = WordsField(label="Material", required=False, help_text="Mit Komma getrennt: „Klebezettel, Stoppuhr“.")

    class Meta:
        widgets = {"teaser": AdminTextareaWidget, "branches": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Terms that were merged are only signposts; what is new goes to the one that stayed.
        if "branches" in self.fields:
            self.fields["branches"].queryset = Branch.objects.current()


class FormatStepInline(admin.StackedInline):
    model = FormatStep
    extra = 0
    fields = ["action", "detail", ("minutes", "order")]


class FormatDocumentInline(admin.StackedInline):
    model = FormatDocument
    extra = 0
    fields = ["document", "order"]
    autocomplete_fields = ["document"]


@admin.register(Format)
class FormatAdmin(PublishableAdmin):
    form = FormatForm
    change_form_template = "admin/publishing/change_form.html"
    list_display = ["title", "goal", "duration_text", "shown_state", "updated_at"]
    list_filter = ["state", VisibleFilter, "goal", "place"]
    search_fields = ["title", "teaser"]
    ordering = ["-updated_at"]
    autocomplete_fields = ["offered_by"]
    inlines = [FormatStepInline, FormatDocumentInline]
    fieldsets = [
        (None, {"fields": ["title", "teaser", "target_groups", ("goal", "place"), "branches"]}),
        (
            "Aufwand",
            {
                "fields": [
                    ("duration_minutes", "duration_note"),
                    ("group_from", "group_to"),
                    "preparation_minutes",
                    ("cost_to", "cost_note"),
                ]
            },
        ),
        (
            "So geht es",
            {
                "fields": [
                    "goal_text",
                    "material",
                    "pitfalls",
                    "people_involved",
                    "worries",
                    "offered_by",
                    "shows_dialogues",
                ]
            },
        ),
        (
            "Veröffentlichen",
            {"fields": ["shown_state", "slug", "published_at", "expires_at", ("created_at", "updated_at")]},
        ),
    ]

    def perform(self, row: Any, move: str, user: Any) -> Format:
        """What goes out of sight takes the addresses of its templates along; what appears answers the idea it came from."""
        if move in ("withdraw", "archive"):
            return shelving.take_offline(row, archive=move == "archive")
        super().perform(row, move, user)
        ideas.end_published()
        return row

    def restore_version(self, row: Any, version_id: int, user: Any) -> Format:
        """Bring a version back as a new one."""
        return shelving.restore_version(row, version_id, by=user)

    def preview_path(self, token: str) -> str:
        """The page that shows a draft to whoever has the link."""
        return reverse("formats:preview", args=[token])


class AnswerForm(forms.Form):
    """What becomes of an idea; the sender reads the reason."""

    state: forms.ChoiceField = forms.ChoiceField(label="Neuer Stand")
    reason = forms.CharField(
        label="Begründung",
        required=False,
        max_length=1000,
        widget=AdminTextareaWidget,
        help_text="Pflicht bei „nicht weiterverfolgt“. Steht in der E-Mail und bei der Idee.",
    )

    def __init__(self, *args: Any, idea: Idea, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways = IDEA_WAYS[Idea.State(idea.state)] - {Idea.State.FORMAT}
        self.fields["state"].choices = [(state.value, state.label) for state in Idea.State if state in ways]


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Begründung", max_length=1000, required=False, widget=AdminTextareaWidget)


class FromOutsideAdmin(OwnPages):
    """What people sent is read, not edited, and answered on a page of its own."""

    form = ReadForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        """It comes from outside."""
        return False

    def _refused(self, request: HttpRequest, row: Any, refused: ValidationError) -> HttpResponse:
        self.message_user(request, " ".join(refused.messages), messages.ERROR)
        return redirect(self.change_url(row))

    def _done(self, request: HttpRequest, row: Any, words: str) -> HttpResponse:
        self.log_change(request, row, words)
        self.message_user(request, words, messages.SUCCESS)
        return redirect(self.change_url(row))


@admin.register(Idea)
class IdeaAdmin(FromOutsideAdmin):
    change_form_template = "admin/formats/idea.html"
    list_display = ["shown_suggestion", "target_group", "state", "is_public", "created_at", "answered_at"]
    list_filter = ["state", "target_group", "is_public"]
    search_fields = ["title", "problem", "suggestion"]
    date_hierarchy = "created_at"
    fields = [
        *("target_group", "problem", "suggestion", "email", "confirmed_at", "state", "reason", "format", "created_at"),
        *("title", "feasibility", "is_public"),
    ]
    readonly_fields = fields[:-3]  # type: ignore[assignment]

    @admin.display(description="Idee", ordering="suggestion")
    def shown_suggestion(self, idea: Idea) -> str:
        return idea.title or idea.suggestion[:80]

    def get_urls(self) -> list[Any]:
        """Add the answer."""
        return [self.own_path("<path:object_id>/antwort/", self.answer_view, "answer"), *super().get_urls()]

    def answer_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Move the idea on and tell the sender, or make the draft of a format of it."""
        idea = self.changeable_row(request, object_id)
        form = AnswerForm(request.POST if "answer" in request.POST else None, idea=idea)
        try:
            if "format" in request.POST:
                if not request.user.has_perm("dialogues.add_format"):
                    raise PermissionDenied
                made = ideas.make_format(idea)
                self.log_change(request, idea, "Entwurf eines Formats daraus gemacht.")
                self.message_user(
                    request,
                    "Der Entwurf des Formats ist angelegt. Wer die Idee geschickt hat, erfährt davon, sobald das Format öffentlich ist.",
                    messages.SUCCESS,
                )
                return redirect("admin:dialogues_format_change", made.pk)
            if "answer" in request.POST and form.is_valid():
                ideas.answer(idea, **form.cleaned_data)
                return self._done(request, idea, f"Neuer Stand: {Idea.State(form.cleaned_data['state']).label}.")
        except ideas.IdeaRefused as refused:
            if "answer" not in request.POST:
                return self._refused(request, idea, refused)
            form.add_error("reason", refused)
        return self.page(request, "admin/formats/answer.html", row=idea, title=f"Antwort: {idea}", form=form)


@admin.register(TryReport)
class TryReportAdmin(FromOutsideAdmin):
    change_form_template = "admin/formats/report.html"
    list_display = ["where", "format", "state", "created_at", "answered_at"]
    list_filter = ["state"]
    list_select_related = ["format"]
    search_fields = ["where", "worked", "format__title"]
    date_hierarchy = "created_at"
    fields = [
        *("format", "where", "size", "with_whom", "worked", "failed", "would_repeat", "email"),
        *("state", "reason", "created_at", "confirmed_at", "answered_at"),
    ]
    readonly_fields = fields  # type: ignore[assignment]

    def has_delete_permission(self, request: HttpRequest, obj: TryReport | None = None) -> bool:
        """What should not be seen is declined with a reason."""
        return False

    def get_urls(self) -> list[Any]:
        """Add the answer."""
        return [self.own_path("<path:object_id>/antwort/", self.answer_view, "answer"), *super().get_urls()]

    def answer_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the report, or say why not."""
        report = self.changeable_row(request, object_id)
        form = ReasonForm(request.POST if "decline" in request.POST else None)
        try:
            if "publish" in request.POST:
                reporting.publish(report)
                return self._done(request, report, "Veröffentlicht.")
            if "decline" in request.POST and form.is_valid():
                reporting.decline(report, reason=form.cleaned_data["reason"])
                return self._done(request, report, "Mit Begründung nicht aufgenommen.")
        except reporting.ReportRefused as refused:
            if "decline" not in request.POST:
                return self._refused(request, report, refused)
            form.add_error("reason", refused)
        return self.page(
            request, "admin/formats/decline.html", row=report, title=f"Nicht aufnehmen: {report}", form=form
        )
