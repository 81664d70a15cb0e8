from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from platform_mark.admin_pages import OwnPages, ReadOnlyAdmin
from platform_mark.slugs import SlugForm

from .forms import WordsField
from .merging import MergeRefused, Use, merge, uses
from .models import (
    Branch,
    BranchCode,
    Candidate,
    Criterion,
    District,
    Evidence,
    Municipality,
    Pressure,
    Selection,
    Specialisation,
    TargetGroup,
    Term,
    Topic,
)
from .selecting import ScoreForm, standings


class TermForm(SlugForm):
    synonyms = WordsField(
        label="Andere Wörter dafür",
        required=False,
        help_text="Mit Komma getrennt. Wer danach sucht oder sie importiert, landet hier.",
    )


class OrderForm(forms.ModelForm):
    """One row of the list, whose only field says by itself what it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["order"].help_text = ""
        self.fields["order"].widget.attrs["aria-label"] = f"Reihenfolge von {self.instance}"


class PressureRowForm(OrderForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["is_offered"].help_text = ""
        self.fields["is_offered"].widget.attrs["aria-label"] = f"{self.instance} zur Wahl stellen"


class MergedFilter(admin.SimpleListFilter):
    """Current terms unless one asks for the others."""

    title = "Zustand"
    parameter_name = "zustand"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("zusammengefuehrt", "Zusammengeführt"), ("alle", "Alle")]

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        first, *others = super().choices(changelist)
        yield first | {"display": "In Gebrauch"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Narrow the list by what was chosen."""
        if self.value() == "alle":
            return queryset
        return queryset.filter(merged_into__isnull=self.value() is None)


class MergeForm(forms.Form):
    into: forms.ModelChoiceField = forms.ModelChoiceField(
        queryset=None,
        label="Bleiben soll",
        empty_label="Bitte wählen",
        error_messages={"required": "Bitte wählen Sie den Begriff, der bleiben soll."},
    )

    def __init__(self, *args: Any, terms: QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].queryset = terms


class TermAdmin(OwnPages):
    form = TermForm
    list_display = ["name", "order", "synonym_words", "merged_into"]
    list_editable = ["order"]
    list_filter = [MergedFilter]
    list_select_related = ["merged_into"]
    list_per_page = 200
    search_fields = ["name", "synonyms"]
    actions = ["merge_terms"]

    @admin.display(description="Andere Wörter")
    def synonym_words(self, term: Term) -> str:
        return ", ".join(term.synonyms)

    def view_on_site(self, term: Term) -> str | None:
        """Only what has a page of its own has a link to it."""
        return term.get_absolute_url() if hasattr(term, "get_absolute_url") else None

    def get_readonly_fields(self, request: HttpRequest, obj: Term | None = None) -> list[str]:
        """The address stays what it is: others have linked to it."""
        return ["slug"] if obj else []

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        return super().get_changelist_form(request, **{"form": OrderForm, **kwargs})

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Offer only current terms where one is chosen for something else."""
        if "field_name" in request.GET:
            queryset = queryset.filter(merged_into=None)
        return super().get_search_results(request, queryset, search_term)

    def has_change_permission(self, request: HttpRequest, obj: Term | None = None) -> bool:
        """What was merged is only a signpost and stays as it was."""
        return super().has_change_permission(request, obj) and not (obj and obj.merged_into_id)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without the bulk deletion, which would not look at each term."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Delete only what nobody uses; for all else say what to do instead."""
        term = self.get_object(request, object_id)
        if term and self.has_delete_permission(request, term) and (reason := _why_it_stays(term)):
            self.message_user(request, reason, messages.ERROR)
            return redirect(_url(term, "change", term.pk))
        return super().delete_view(request, object_id, extra_context)

    @admin.action(description="Mit einem anderen Begriff zusammenführen", permissions=["change"])
    def merge_terms(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Ask which term stays, then merge the chosen ones into it."""
        terms = list(queryset.filter(merged_into=None))
        if not terms:
            self.message_user(request, "Diese Begriffe wurden schon zusammengeführt.", messages.WARNING)
            return None
        others = self.model._default_manager.filter(merged_into=None).exclude(pk__in=[term.pk for term in terms])
        form = MergeForm(request.POST if "confirmed" in request.POST else None, terms=others)
        if form.is_valid():
            self._merge(request, terms, form.cleaned_data["into"])
            return None
        return self.page(
            request,
            "admin/taxonomy/merge.html",
            title="Begriffe zusammenführen",
            terms=[(term, _words(uses(term))) for term in terms],
            form=form,
        )

    def _merge(self, request: HttpRequest, terms: list[Term], into: Term) -> None:
        if not self.has_change_permission(request, into):
            raise PermissionDenied
        for term in terms:
            try:
                merge(term, into=into)
            except MergeRefused as refused:
                self.message_user(request, " ".join(refused.messages), messages.ERROR)
                continue
            self.log_change(request, term, f"Zusammengeführt mit „{into}“.")
            self.log_change(request, into, f"„{term}“ ist darin aufgegangen.")
            self.message_user(request, f"„{term}“ ist jetzt Teil von „{into}“.", messages.SUCCESS)


def _words(found: list[Use]) -> str:
    return ", ".join(f"{use.count} {use.label}" for use in found)


def _why_it_stays(term: Term) -> str:
    """The reason not to delete a term, empty where there is none."""
    instead = "Führen Sie den Begriff mit einem anderen zusammen, dann wandert alles mit."
    if term.reference_key:
        return f"„{term}“ gehört zum Grundbestand und wird nicht gelöscht. {instead}"
    if found := [use for use in uses(term) if not use.is_part]:
        return f"„{term}“ wird noch gebraucht: {_words(found)}. {instead}"
    return ""


def _url(term: Term, page: str, *args: Any) -> str:
    options = term._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_{page}", args=args)


# An address without a scheme is meant as one of today's web.
WEB_ADDRESS: dict[Any, Any] = {models.URLField: {"assume_scheme": "https"}}


class BranchCodeInline(admin.StackedInline):
    model = BranchCode
    extra = 0
    fields = [("edition", "code")]


SOURCE = [("source_name", "source_url"), ("is_public", "is_example")]


class EvidenceInline(admin.StackedInline):
    model = Evidence
    extra = 0
    formfield_overrides = WEB_ADDRESS
    fields = [
        ("order", "indicator"),
        ("value", "unit", "area"),
        ("compared_value", "compared_area"),
        ("note", "year"),
        *SOURCE,
    ]


class SpecialisationInline(admin.StackedInline):
    model = Specialisation
    extra = 0
    formfield_overrides = WEB_ADDRESS
    fields = [
        "year",
        ("branch_in_region", "all_in_region"),
        ("branch_in_land", "all_in_land"),
        *SOURCE,
    ]


@admin.register(Branch)
class BranchAdmin(TermAdmin):
    list_display = ["name", "order", "code_list", "focus_since", "merged_into"]
    list_filter = [MergedFilter, "focus_candidate"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "order", "synonyms"]}),
        ("Schwerpunkt", {"fields": ["focus_candidate", "focus_since"]}),
    ]
    inlines = [EvidenceInline, SpecialisationInline, BranchCodeInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("codes")

    @admin.display(description="Abteilungen (WZ)")
    def code_list(self, branch: Branch) -> str:
        return ", ".join(code.code for code in branch.codes.all())


@admin.register(Topic)
class TopicAdmin(TermAdmin):
    fields = ["name", "slug", "order", "synonyms"]


@admin.register(District)
class DistrictAdmin(ReadOnlyAdmin):
    """An official list, as the municipalities are: its truth is elsewhere."""

    list_display = ["name", "key"]
    fields = ["name", "key", "slug"]


@admin.register(Municipality)
class MunicipalityAdmin(ReadOnlyAdmin):
    list_display = ["name", "district", "ags"]
    list_filter = ["district"]
    list_select_related = ["district"]
    search_fields = ["name"]
    fields = ["name", "ags", "district", "slug"]


class CriterionInline(admin.TabularInline):
    model = Criterion
    extra = 0
    fields = ["order", "name", "weight", "note"]


class CandidateInline(admin.TabularInline):
    model = Candidate
    extra = 0
    fields = ["branch", "is_selected", "reason"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only branches that are in use."""
        return super().formfield_for_foreignkey(db_field, request, **{"queryset": Branch.objects.current(), **kwargs})


@admin.register(Selection)
class SelectionAdmin(OwnPages):
    """The record of why these branches are the focus: criteria and candidates here, points on a page of their own."""

    change_form_template = "admin/taxonomy/selection.html"
    list_display = ["name", "decided_on", "decided_by", "next_review_on", "is_public"]
    fields = ["name", ("decided_on", "decided_by"), "next_review_on", "note", ("is_public", "is_example")]
    inlines = [CriterionInline, CandidateInline]

    def get_urls(self) -> list[Any]:
        """Add the page on which points are given."""
        return [self.own_path("<int:pk>/punkte/", self.scores_view, "scores"), *super().get_urls()]

    def view_on_site(self, selection: Selection) -> str | None:
        return reverse("branches:selection") if selection in Selection.objects.decided()[:1] else None

    def scores_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One field for each candidate and criterion; empty means not judged yet."""
        selection = self.get_object(request, str(pk))
        if selection is None:
            raise Http404
        if not self.has_change_permission(request, selection):
            raise PermissionDenied
        form = ScoreForm(request.POST or None, selection=selection)
        if request.method == "POST" and form.is_valid():
            form.save()
            self.log_change(request, selection, "Punkte vergeben.")
            self.message_user(request, "Die Punkte sind gespeichert.", messages.SUCCESS)
            return redirect(reverse("admin:taxonomy_selection_change", args=[pk]))
        return self.page(
            request,
            "admin/taxonomy/scores.html",
            title=f"Punkte: {selection}",
            selection=selection,
            form=form,
            standings=standings(selection),
        )


class PressureForm(SlugForm):
    target_groups = forms.MultipleChoiceField(
        label="Formate für",
        choices=TargetGroup,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Wer im Betrieb zuerst etwas ausprobieren sollte. Danach wird ein Format vorgeschlagen.",
    )


@admin.register(Pressure)
class PressureAdmin(admin.ModelAdmin):
    """The third question of the first steps. What the portal ships is hidden rather than deleted: it would come back."""

    form = PressureForm
    list_display = ["name", "order", "is_offered", "topic_names"]
    list_editable = ["order", "is_offered"]
    list_filter = ["is_offered"]
    search_fields = ["name"]
    autocomplete_fields = ["topics"]
    fields = ["name", "slug", ("order", "is_offered"), "topics", "target_groups", "hint"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("topics")

    @admin.display(description="Themen")
    def topic_names(self, pressure: Pressure) -> str:
        return ", ".join(topic.name for topic in pressure.topics.all()) or "noch keine"

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        return super().get_changelist_form(request, **{"form": PressureRowForm, **kwargs})

    def has_delete_permission(self, request: HttpRequest, obj: Pressure | None = None) -> bool:
        """What was loaded with the portal stays, hidden where it is not wanted."""
        return super().has_delete_permission(request, obj) and not (obj and obj.reference_key)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without the bulk deletion, which would not look at each row."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
