from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from actors.models import Actor
from platform_mark.admin_pages import LoggedByNumber, OwnPages, ReadForm
from platform_mark.media.models import Image
from platform_mark.publishing.admin import VisibleFilter
from platform_mark.publishing.forms import RuleForm, SeenForm
from platform_mark.publishing.models import State
from platform_mark.slugs import SlugForm
from platform_mark.taxonomy.forms import WordsField
from platform_mark.taxonomy.models import Branch, CompanySize, TargetGroup, Topic

from . import releasing, suggesting
from .duplicates import look_alikes
from .exchange.desk import ExchangeAdmin
from .models import (
    RELEASE_MISSING,
    Effect,
    Practice,
    PracticeDocument,
    PracticePicture,
    Prerequisite,
    Release,
    Step,
    Suggestion,
)


class PracticeForm(SeenForm, SlugForm, RuleForm):
    slug_from = "title"

    target_groups = forms.MultipleChoiceField(
        label="Für wen", choices=TargetGroup, required=False, widget=forms.CheckboxSelectMultiple
    )
    technologies = WordsField(label="Technik", required=False, help_text="Mit Komma getrennt: „Tablets, Formular-App“.")

    class Meta:
        # Boxes to tick, since all of them fit on the page and need neither a script nor guessing words.
        localized_fields = ["person_days", "months_to_benefit"]
        widgets = {
            "teaser": AdminTextareaWidget,
            "branches": forms.CheckboxSelectMultiple,
            "topics": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Terms that were merged are only signposts; what is new goes to the one that stayed.
        for name, model in {"branches": Branch, "topics": Topic}.items():
            if name in self.fields:
                self.fields[name].queryset = model.objects.current()
        if "accompanied_by" in self.fields:
            self.fields["accompanied_by"].queryset = Actor.objects.running()


class SizeFilter(admin.SimpleListFilter):
    title = "Größe"
    parameter_name = "groesse"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [*((size.slug, str(size.label)) for size in CompanySize), ("unbekannt", "unbekannt")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Narrow the list by what was chosen."""
        values = {size.slug: size.value for size in CompanySize} | {"unbekannt": ""}
        return queryset.filter(size=values[self.value()]) if self.value() in values else queryset


class ReleaseFilter(admin.SimpleListFilter):
    title = "Freigabe"
    parameter_name = "freigabe"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("fehlt", "fehlt noch"), ("nicht-offen", "liegt vor oder ist nicht nötig")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Narrow the list by what was chosen."""
        missing = Practice.objects.filter(RELEASE_MISSING)
        narrowed = {"fehlt": queryset.filter(pk__in=missing), "nicht-offen": queryset.exclude(pk__in=missing)}
        return narrowed.get(self.value() or "", queryset)


class EffectForm(forms.ModelForm):
    class Meta:
        # Numbers with a comma, as staff write them.
        localized_fields = ["before", "after"]


class EffectInline(admin.StackedInline):
    model = Effect
    form = EffectForm
    extra = 0
    fields = ["label", ("before", "after", "unit"), "method", "note", "order"]


class StepInline(admin.StackedInline):
    model = Step
    extra = 0
    fields = ["action", "detail", ("who", "duration"), "needs", "order"]


class PrerequisiteInline(admin.StackedInline):
    model = Prerequisite
    extra = 0
    fields = ["text", "order"]


class PictureInline(admin.StackedInline):
    model = PracticePicture
    extra = 0
    fields = ["image", "caption", "order"]
    autocomplete_fields = ["image"]


class ReleaseForm(forms.ModelForm):
    """Who in the company said yes to the present version, when and how."""

    class Meta:
        model = Release
        fields = ["released_by", "released_on", "channel"]
        widgets = {"released_on": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})}


class DocumentInline(admin.StackedInline):
    model = PracticeDocument
    extra = 0
    fields = ["document", "order"]
    autocomplete_fields = ["document"]


@admin.register(Practice)
class PracticeAdmin(ExchangeAdmin):
    form = PracticeForm
    change_form_template = "admin/practices/change_form.html"
    list_display = ["title", "kind", "company", "shown_size", "shown_state", "as_of"]
    list_filter = [
        "state",
        VisibleFilter,
        ReleaseFilter,
        "kind",
        ("as_of", admin.EmptyFieldListFilter),
        SizeFilter,
        ("branches", admin.RelatedOnlyFieldListFilter),
        "is_fictitious",
    ]
    list_per_page = 50
    ordering = ["-updated_at"]
    search_fields = ["title", "company", "teaser", "branches__name", "municipality__name"]
    inlines = [EffectInline, StepInline, PrerequisiteInline, PictureInline, DocumentInline]
    fieldsets = [
        (None, {"fields": ["kind", "title", "teaser", ("figure_value", "figure_label")]}),
        (
            "Betrieb",
            {
                "fields": [
                    "company",
                    "is_anonymous",
                    "is_fictitious",
                    "branches",
                    "topics",
                    ("employees", "size_band"),
                    ("municipality", "place"),
                    "year",
                ]
            },
        ),
        ("Für wen und womit", {"fields": ["target_groups", "technologies"]}),
        (
            "Was geschah",
            {
                "fields": [
                    *("starting_point", "goal", "solution", "result", "failures", "lessons", "advice"),
                    *("people_involved", "worries"),
                ]
            },
        ),
        (
            "Aufwand",
            {
                "fields": [
                    ("investment_from", "investment_to"),
                    ("running_cost_from", "running_cost_to"),
                    ("person_days", "duration_weeks", "months_to_benefit"),
                    ("funding_used", "funding_programme"),
                    ("without_new_software", "without_it_department"),
                ]
            },
        ),
        ("Zitat", {"fields": ["quote_text", "quote_role"]}),
        ("Register", {"fields": ["accompanied_by"]}),
        ("Video", {"fields": ["video_url", "video_caption"]}),
        ("Quelle und Stand", {"fields": ["source_url", "as_of"]}),
        (
            "Veröffentlichen",
            {"fields": ["shown_state", "slug", "published_at", "expires_at", ("created_at", "updated_at")]},
        ),
    ]

    def has_change_permission(self, request: HttpRequest, obj: Practice | None = None) -> bool:
        """What a company released and the public reads is changed in a working copy, never directly."""
        if obj is not None and obj.state == State.PUBLISHED and obj.needs_release:
            return False
        return super().has_change_permission(request, obj)

    def perform(self, row: Any, move: str, user: Any) -> Practice:
        """Publishing asks for the release and puts a working copy in its place."""
        if move == "publish":
            return releasing.publish(row, by=user)
        if move in ("withdraw", "archive"):
            return releasing.take_offline(row, archive=move == "archive")
        super().perform(row, move, user)
        return row

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save, and point to what looks like the same example: the person knows whether it is."""
        super().save_related(request, form, formsets, change)
        if not change or {"title", "company"} & set(form.changed_data):
            for other in look_alikes(form.instance):
                link = format_html('<a href="{}">{}</a>', self.change_url(other), other)
                words = format_html("Das sieht ähnlich aus: {} ({}). Gibt es das Beispiel schon?", link, other.company)
                self.message_user(request, words, messages.WARNING)

    def restore_version(self, row: Any, version_id: int, user: Any) -> Practice:
        """Bring a version back; under a released text that happens in a working copy."""
        return releasing.restore_version(row, version_id, by=user)

    def preview_path(self, token: str) -> str:
        """The page that shows a draft to whoever has the link."""
        return reverse("practices:preview", args=[token])

    def get_urls(self) -> list[Any]:
        """Add noting a release, and beginning a working copy."""
        own = [
            self.own_path("<path:object_id>/freigabe/", self.release_view, "release"),
            self.own_path(
                "<path:object_id>/ueberarbeiten/",
                require_POST(self.revise_view),
                "revise",
            ),
        ]
        return [*own, *super().get_urls()]

    def release_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Note the company's release of exactly the present version."""
        practice = self.viewable_row(request, object_id)
        if not self.has_change_permission(request):
            raise PermissionDenied
        form = ReleaseForm(request.POST or None, initial={"released_on": timezone.localdate()})
        if request.method == "POST" and form.is_valid():
            try:
                releasing.record_release(practice, **form.cleaned_data, by=request.user)  # type: ignore[arg-type]
            except ValidationError as error:
                form.add_error(None, error)
            else:
                self.log_change(request, practice, "Freigabe des Betriebs eingetragen.")
                self.message_user(request, "Die Freigabe dieser Fassung ist eingetragen.", messages.SUCCESS)
                return redirect(self.change_url(practice))
        return self.page(
            request,
            "admin/practices/release.html",
            title=f"Freigabe: {practice}",
            row=practice,
            form=form,
            releases=practice.releases.select_related("recorded_by"),
        )

    def revise_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Begin a working copy of what is public, or go to the one that is there."""
        practice = self.viewable_row(request, object_id)
        if not self.has_change_permission(request):
            raise PermissionDenied
        try:
            copy = releasing.revise(practice)
        except releasing.RevisionRefused as refused:
            self.message_user(request, " ".join(refused.messages), messages.ERROR)
            return redirect(self.change_url(practice))
        self.message_user(
            request, "Das ist die Überarbeitung. Öffentlich bleibt solange der freigegebene Text.", messages.INFO
        )
        return redirect(self.change_url(copy))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Tell the editor how the release stands and what the buttons beside the form are for."""
        practice: Practice | None = kwargs.get("obj")
        if practice is not None:
            context["may_edit"] = super().has_change_permission(request)
            context["is_public"] = practice.state == State.PUBLISHED
            context["needs_release"] = practice.needs_release
            context["is_released"] = practice.needs_release and practice.is_released
            context["hidden_pictures"] = practice.pictures.exclude(image__in=Image.objects.shown()).count()
            context["revision"] = Practice.objects.filter(revision_of=practice).first()
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="Größe", ordering="size")
    def shown_size(self, practice: Practice) -> str:
        """The size class in words, empty when unknown."""
        return str(practice.company_size.label) if practice.company_size else ""


class DeclineForm(forms.Form):
    reason = forms.CharField(
        label="Begründung",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Steht so in der E-Mail. Zum Beispiel: „Ein sehr ähnliches Beispiel haben wir schon aufgeschrieben.“",
    )


@admin.register(Suggestion)
class SuggestionAdmin(LoggedByNumber, OwnPages):
    """What people suggest, answered by two buttons; what they wrote is read, not edited."""

    form = ReadForm
    change_form_template = "admin/practices/suggestion.html"
    list_display = ["company", "place", "state", "created_at", "answered_at"]
    list_filter = ["state"]
    search_fields = ["company", "place", "what"]
    date_hierarchy = "created_at"
    fields = [
        *("company", "place", "what", "benefit", "email", "state", "reason", "example"),
        *("created_at", "confirmed_at", "answered_at"),
    ]
    readonly_fields = fields  # type: ignore[assignment]

    @admin.display(description="Beispiel")
    def example(self, suggestion: Suggestion) -> str:
        """The draft that was made of it, with the way there."""
        if suggestion.practice is None:
            return "noch keins"
        address = reverse("admin:practices_practice_change", args=[suggestion.practice.pk])
        return format_html('<a href="{}">{}</a>', address, suggestion.practice)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Suggestions come from outside."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Suggestion | None = None) -> bool:
        """They end by themselves: see `practices.suggesting.forget_old`."""
        return False

    def get_urls(self) -> list[Any]:
        """Add the answer."""
        return [self.own_path("<path:object_id>/antwort/", self.answer_view, "answer"), *super().get_urls()]

    def answer_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a draft of it, or decline with the reason that the sender reads."""
        suggestion = self.changeable_row(request, object_id)
        form = DeclineForm(request.POST if "decline" in request.POST else None)
        try:
            if "accept" in request.POST:
                practice = suggesting.accept(suggestion)
                self.log_change(request, suggestion, "Als Entwurf angelegt.")
                self.message_user(request, "Der Entwurf ist angelegt, der Absender hat eine E-Mail.", messages.SUCCESS)
                return redirect("admin:practices_practice_change", practice.pk)
            if "decline" in request.POST and form.is_valid():
                suggesting.decline(suggestion, reason=form.cleaned_data["reason"])
                self.log_change(request, suggestion, "Mit Begründung abgelehnt.")
                self.message_user(request, "Abgelehnt, der Absender hat eine E-Mail.", messages.SUCCESS)
                return redirect("admin:practices_suggestion_changelist")
        except suggesting.SuggestionRefused as refused:
            self.message_user(request, " ".join(refused.messages), messages.ERROR)
            return redirect("admin:practices_suggestion_change", suggestion.pk)
        return self.page(
            request,
            "admin/practices/decline.html",
            title=f"Vorschlag ablehnen: {suggestion}",
            row=suggestion,
            form=form,
        )
