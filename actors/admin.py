"""Entries, and the desks of organisations and reviews, which stand for themselves."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from platform_mark.posting import posted
from platform_mark.publishing.admin import PublishableAdmin
from platform_mark.publishing.forms import RuleForm, SeenForm
from platform_mark.publishing.models import State
from platform_mark.slugs import SlugForm
from platform_mark.taxonomy.models import Branch, CompanySize, TargetGroup, Topic

from . import (
    freshness,
    merging,
    organisation_desk,  # noqa: F401 (registers its own)
    review,
    review_desk,  # noqa: F401 (registers its own)
    snapshot,
)
from .import_desk import ImportAdmin
from .models import Activity, Actor
from .queues import MergeForm, QueueAdmin, QueueFilter, ReasonForm, waiting
from .stages import Stage

_DAY = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class ActivityQueue(QueueFilter):
    # Which rows is said below: the days count from now, not from when the server was started.
    ways = [
        ("faellig", "Bestätigung überfällig", Q()),
        ("nachsehen", "Ohne Prüfung erschienen", Q()),
        ("frueher", "Frühere Einträge", Q()),
    ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Narrow the list by what was chosen; an unknown word shows everything."""
        chosen = {
            "faellig": Activity.objects.in_stage(Stage.OVERDUE),
            "nachsehen": Activity.objects.to_check(),
            "frueher": Activity.objects.in_stage(Stage.FORMER),
        }.get(self.value() or self.ways[0][0])
        return queryset if chosen is None else queryset.filter(pk__in=chosen.values("pk"))


class ActivityForm(SeenForm, SlugForm, RuleForm):
    slug_from = "title"

    target_groups = forms.MultipleChoiceField(
        label="Für wen", choices=TargetGroup, required=False, widget=forms.CheckboxSelectMultiple
    )
    sizes = forms.MultipleChoiceField(
        label="Betriebsgrößen", choices=CompanySize, required=False, widget=forms.CheckboxSelectMultiple
    )
    phases = forms.MultipleChoiceField(
        label="Phase", choices=Activity.Phase, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        widgets = {
            "summary": AdminTextareaWidget,
            "branches": forms.CheckboxSelectMultiple,
            "topics": forms.CheckboxSelectMultiple,
            "municipalities": forms.CheckboxSelectMultiple,
            "districts": forms.CheckboxSelectMultiple,
            "valid_from": _DAY,
            "valid_until": _DAY,
            "person_agreed_on": _DAY,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, model in {"branches": Branch, "topics": Topic}.items():
            if name in self.fields:
                self.fields[name].queryset = model.objects.current()
        if "actor" in self.fields:
            self.fields["actor"].queryset = Actor.objects.filter(merged_into=None)


@admin.register(Activity)
class ActivityAdmin(ImportAdmin, QueueAdmin, PublishableAdmin):
    form = ActivityForm
    change_form_template = "admin/actors/activity.html"
    list_display = ["title", "organisation", "shown_state", "shown_stage", "age", "carer"]
    list_filter = [ActivityQueue, "state", "kind", "visibility", ("branches", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["actor", "assignee"]
    list_per_page = 50
    ordering = ["confirmed_at", "title"]
    search_fields = ["title", "summary", "actor__name", "external_id"]
    autocomplete_fields = ["actor"]
    actions = ["confirm_rows", "check_rows", "take_on", "give_back"]
    readonly_fields = [*PublishableAdmin.readonly_fields, "shown_confirmation", "source_url", "changed_at"]
    fieldsets = [
        (None, {"fields": ["actor", "title", "summary", "description", "kind"]}),
        ("Für wen", {"fields": ["target_groups", "branches", "sizes", "phases", "topics"]}),
        ("Wo", {"fields": ["districts", "municipalities", "area"]}),
        ("Wie", {"fields": [("cost", "cost_note"), "access", "language", "url", ("valid_from", "valid_until")]}),
        ("Kontakt", {"fields": ["contact_email", "contact_phone", ("contact_person", "person_agreed_on")]}),
        ("Veröffentlichen", {"fields": ["shown_state", "visibility", "slug", "external_id", "source_url"]}),
        ("Stand", {"fields": ["shown_confirmation", "changed_at", ("created_at", "updated_at")]}),
    ]

    # Not the column itself: Django keeps those of other tables on one line, and long names push the rest out of sight.
    @admin.display(description="Akteur", ordering="actor__name")
    def organisation(self, activity: Activity) -> str:
        """Whose entry it is."""
        return activity.actor.name

    @admin.display(description="Frische")
    def shown_stage(self, activity: Activity) -> str:
        """How fresh it is, where that means something."""
        return str(activity.stage().label) if activity.state in (State.PUBLISHED, State.ARCHIVED) else ""

    @admin.display(description="Bestätigung")
    def shown_confirmation(self, activity: Activity) -> str:
        """Who assured it last, and until when that holds."""
        due = activity.due_on
        until = f", fällig am {due:%d.%m.%Y}" if due and activity.state == State.PUBLISHED else ""
        return f"{activity.confirmed_text or 'Noch von niemandem bestätigt'}{until}"

    @admin.display(description="Bestätigt", ordering="confirmed_at")
    def age(self, activity: Activity) -> str:
        """How long ago somebody assured it."""
        return waiting(activity.confirmed_at).replace("seit heute", "heute").replace("seit", "vor") or "nie"

    def view_on_site(self, row: Any) -> str | None:
        """A link to the page, where everybody can open it."""
        is_open = row.visibility == "public" and row.actor.state == "approved" and row.is_published()
        return row.get_absolute_url() if is_open else None

    def has_delete_permission(self, request: HttpRequest, obj: Activity | None = None) -> bool:
        """Offline, former or merged: the history stays."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Activity | None = None) -> list[str]:
        """An entry stays with its organisation; who has the wrong one merges."""
        return [*super().get_readonly_fields(request, obj), *(["actor"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, and know what it said before."""
        form.before = snapshot.snapshot(Activity.objects.get(pk=obj.pk)) if change else {}
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the lists, then keep staff's change in the history."""
        admin.ModelAdmin.save_related(self, request, form, formsets, change)
        review.record_staff_change(form.instance, before=form.before, by=request.user)  # type: ignore[arg-type]

    def perform(self, row: Any, move: str, user: Any) -> Activity:
        """Publishing and ending go the ways of the register; taking offline asks for a reason on its own page."""
        if move == "publish":
            return review.publish_by_staff(row, by=user)
        if move == "archive":
            return review.retire(row)
        if move == "submit":
            row.submit(by=user)
        return row

    def restore_version(self, row: Any, version_id: int, user: Any) -> Activity:
        """Bring a version back as staff's change."""
        return review.restore_version(row, version_id, by=user)

    def get_urls(self) -> list[Any]:
        """Add what staff do with one entry. Previews are the organisation's, under its own account."""
        own = [
            self.own_path("<path:object_id>/offline/", self.offline_view, "offline"),
            self.own_path("<path:object_id>/zurueck/", require_POST(self.restore_view), "restore"),
            self.own_path(
                "<path:object_id>/bestaetigen/",
                require_POST(self.confirm_view),
                "confirm",
            ),
            self.own_path("<path:object_id>/person/", require_POST(self.person_view), "person"),
            self.own_path("<path:object_id>/zusammenfuehren/", self.merge_view, "merge"),
        ]
        inherited = [url for url in super().get_urls() if url.name != "actors_activity_preview"]
        return [*own, *inherited]

    def offline_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hide an entry at once and tell its organisation why."""
        activity = self.changeable_row(request, object_id)
        form = ReasonForm(posted(request))
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            return self.act(
                request,
                activity,
                lambda: review.take_offline(activity, by=request.user, reason=reason),  # type: ignore[arg-type]
                "Nicht mehr öffentlich. Die Organisation hat eine E-Mail.",
                to=self.change_url(activity),
            )
        return self.ask(request, activity, form, title=f"Aus dem Netz nehmen: {activity}", button="Aus dem Netz nehmen")

    def restore_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Bring an entry back; it counts as confirmed by the agency today."""
        activity = self.changeable_row(request, object_id)
        return self.act(
            request,
            activity,
            lambda: review.restore(activity, by=request.user),  # type: ignore[arg-type]
            "Wieder öffentlich.",
            to=self.change_url(activity),
        )

    def confirm_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Assure an entry for the agency, for example after a call."""
        activity = self.changeable_row(request, object_id)
        return self.act(
            request,
            activity,
            lambda: freshness.confirm(activity, by_staff=True),
            "Von der Regionalagentur bestätigt.",
            to=self.change_url(activity),
        )

    def person_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the named person out of the entry and its history."""
        activity = self.changeable_row(request, object_id)
        return self.act(
            request,
            activity,
            lambda: review.withdraw_person(activity),
            "Die Person ist aus dem Eintrag und allen Fassungen entfernt.",
            to=self.change_url(activity),
        )

    def merge_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give history and address of this entry to another one."""
        activity = self.changeable_row(request, object_id)
        form = MergeForm(posted(request))
        form.fields["into"].queryset = Activity.objects.filter(merged_into=None, changed_at__isnull=False).exclude(
            pk=activity.pk
        )
        if request.method == "POST" and form.is_valid():
            into = form.cleaned_data["into"]
            return self.act(
                request,
                activity,
                lambda: merging.merge_activities(activity, into=into),
                f"Mit „{into}“ zusammengeführt.",
                to=self.change_url(into),
            )
        return self.ask(request, activity, form, title=f"Zusammenführen: {activity}", button="Zusammenführen")

    @admin.action(description="Für die Regionalagentur bestätigen", permissions=["change"])
    def confirm_rows(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Assure the chosen entries; what cannot be is named."""
        for activity in queryset:
            try:
                freshness.confirm(activity, by_staff=True)
            except ValidationError as refused:
                self.message_user(request, f"„{activity}“: {' '.join(refused.messages)}", messages.ERROR)
            else:
                self.log_change(request, activity, "Von der Regionalagentur bestätigt.")

    @admin.action(description="Nachgesehen, in Ordnung", permissions=["change"])
    def check_rows(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Note that staff have looked at what appeared without a review."""
        for activity in queryset:
            review.check(activity)
            self.log_change(request, activity, "Nachgesehen.")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Tell the template which buttons there are."""
        response = super().render_change_form(request, context, *args, **kwargs)
        activity: Activity | None = kwargs.get("obj")
        # Taking offline has a page of its own, for its reason.
        moves = [move for move in context["moves"] if move[0] != "withdraw"]
        # What was public once comes back by its own button, which also confirms it.
        if activity is not None and (
            activity.merged_into_id or (activity.changed_at and activity.state != State.PUBLISHED)
        ):
            moves = []
        context["moves"] = moves
        response.context_data.update(
            moves=moves,
            is_public=activity is not None and activity.state == State.PUBLISHED,
            may_restore=activity is not None
            and activity.changed_at is not None
            and activity.merged_into_id is None
            and activity.state != State.PUBLISHED,
            open_revision=activity and activity.revisions.open().first(),
        )
        return response
