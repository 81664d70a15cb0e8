from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from platform_mark.posting import posted
from platform_mark.publishing.admin import PublishableAdmin
from platform_mark.publishing.forms import RuleForm, SeenForm
from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.slugs import SlugForm
from platform_mark.taxonomy.models import Branch, CompanySize, TargetGroup, Topic

from . import freshness, joining, merging, proposing, review, snapshot
from .import_desk import ImportAdmin
from .models import Activity, Actor, Claim, Membership, Proposal, Revision
from .queues import QueueAdmin, QueueFilter, ReasonForm, waiting
from .stages import Stage

_DAY = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class _Merge(forms.Form):
    """Which of two stays."""

    into: forms.ModelChoiceField = forms.ModelChoiceField(
        queryset=None,
        label="Zusammenführen mit",
        help_text="Dieser Eintrag bleibt. Alles, was am anderen hängt, kommt hierher, und seine Adresse führt hierher.",
        error_messages={"required": "Bitte wählen Sie, was bleibt.", "invalid_choice": "Das steht nicht zur Wahl."},
    )


# ---------------------------------------------------------------- organisations


class ActorQueue(QueueFilter):
    ways = [
        ("freischalten", "Wartet auf Freischaltung", Q(state=Actor.State.WAITING)),
        ("ohne-redaktion", "Ohne aktive Redaktion", Q(pk__in=Actor.objects.without_editor().values("pk"))),
        ("dabei", "Freigeschaltet", Q(state=Actor.State.APPROVED, merged_into=None)),
    ]


class ActorForm(SlugForm, RuleForm):
    class Meta:
        widgets = {"summary": AdminTextareaWidget, "municipalities": forms.CheckboxSelectMultiple}


class MemberInline(admin.TabularInline):
    """Who speaks for an organisation; who joins and leaves goes by invitation."""

    model = Membership
    extra = 0
    fields = ("user", "role", "joined_at")
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Actor | None = None) -> bool:
        """By invitation only: see the button beside the form."""
        return False


class InviteForm(forms.Form):
    email = forms.EmailField(
        label="E-Mail-Adresse",
        help_text="Die Person bekommt eine Einladung. Nimmt sie an, ist sie verantwortlich für diese Organisation.",
    )


@admin.register(Actor)
class ActorAdmin(QueueAdmin):
    form = ActorForm
    change_form_template = "admin/actors/actor.html"
    list_display = ["name", "kind", "state", "municipality", "age", "carer"]
    list_filter = [ActorQueue, "kind", "is_trusted", "is_fictitious"]
    list_select_related = ["assignee", "municipality"]
    search_fields = ["name", "summary", "contact_email"]
    ordering = ["created_at"]
    actions = ["take_on", "give_back"]
    inlines = [MemberInline]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    fieldsets = [
        (None, {"fields": ["name", "slug", "kind", "summary", "description", "website"]}),
        ("Wo", {"fields": [("municipality", "place"), "municipalities"]}),
        ("Kontakt", {"fields": ["contact_email", "second_email", "contact_phone"]}),
        ("Register", {"fields": ["is_trusted", "is_fictitious", "source_url"]}),
        (
            "Stand",
            {"fields": ["state", "founding_reason", "decline_reason", "created_at", "approved_at", "left_at"]},
        ),
    ]
    readonly_fields = ("state", "founding_reason", "decline_reason", "created_at", "approved_at", "left_at")

    def has_delete_permission(self, request: HttpRequest, obj: Actor | None = None) -> bool:
        """An organisation leaves, or is merged: both keep what others have linked to."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Actor | None = None) -> list[str]:
        """What is public keeps its address."""
        is_public = obj is not None and obj.approved_at is not None
        return [*super().get_readonly_fields(request, obj), *(["slug"] if is_public else [])]

    def save_model(self, request: HttpRequest, obj: Actor, form: Any, change: bool) -> None:
        """Save; what staff enter themselves needs no approval. With other addresses the mailed links end."""
        super().save_model(request, obj, form, change)
        if not change:
            joining.approve_actor(obj, by=request.user)  # type: ignore[arg-type]
        elif {"contact_email", "second_email"} & set(form.changed_data):
            freshness.end_links(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Let the organisation and its entries be found as they are now."""
        super().save_related(request, form, formsets, change)
        actor = Actor.objects.for_search().get(pk=form.instance.pk)
        index.put(actor, *actor.activities.for_search())

    def get_urls(self) -> list[Any]:
        """Add approving, declining, inviting and merging."""
        own = [
            self.own_path(
                "<path:object_id>/freischalten/",
                require_POST(self.approve_view),
                "approve",
            ),
            self.own_path("<path:object_id>/ablehnen/", self.decline_view, "decline"),
            self.own_path("<path:object_id>/einladen/", self.invite_view, "invite"),
            self.own_path("<path:object_id>/zusammenfuehren/", self.merge_view, "merge"),
        ]
        return [*own, *super().get_urls()]

    def approve_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let a waiting organisation in."""
        actor = self.changeable_row(request, object_id)
        return self.act(
            request,
            actor,
            lambda: joining.approve_actor(actor, by=request.user),  # type: ignore[arg-type]
            "Freigeschaltet. Die Organisation hat eine E-Mail.",
        )

    def decline_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say no, with the reason its people read."""
        actor = self.changeable_row(request, object_id)
        form = ReasonForm(posted(request))
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            return self.act(
                request,
                actor,
                lambda: joining.decline_actor(actor, reason=reason),
                "Abgelehnt. Die Organisation hat eine E-Mail.",
            )
        return self.ask(request, actor, form, title=f"Ablehnen: {actor}", button="Ablehnen und E-Mail schicken")

    def invite_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Invite somebody to take responsibility, for example where everybody has left."""
        actor = self.changeable_row(request, object_id)
        form = InviteForm(posted(request))
        if request.method == "POST" and form.is_valid():
            email = form.cleaned_data["email"]
            return self.act(
                request,
                actor,
                lambda: joining.invite(actor, email=email, role=Membership.Role.OWNER, by=request.user),  # type: ignore[arg-type]
                "Die Einladung ist unterwegs.",
                to=self.change_url(actor),
            )
        return self.ask(request, actor, form, title=f"Einladen: {actor}", button="Einladung schicken")

    def merge_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give everything of this organisation to another one."""
        actor = self.changeable_row(request, object_id)
        form = _Merge(posted(request))
        form.fields["into"].queryset = Actor.objects.filter(merged_into=None).exclude(pk=actor.pk)
        if request.method == "POST" and form.is_valid():
            into = form.cleaned_data["into"]
            return self.act(
                request,
                actor,
                lambda: merging.merge_actors(actor, into=into),
                f"Mit „{into}“ zusammengeführt.",
                to=self.change_url(into),
            )
        return self.ask(request, actor, form, title=f"Zusammenführen: {actor}", button="Zusammenführen")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Tell the template which buttons there are, and how people join."""
        actor: Actor | None = kwargs.get("obj")
        if actor is not None:
            context["is_waiting"] = actor.state == Actor.State.WAITING
            context["is_merged"] = actor.merged_into_id is not None
            context["may_act"] = self.has_change_permission(request)
            context["alike"] = [row for row in joining.similar_actors(actor.name, actor.website) if row.pk != actor.pk]
        return super().render_change_form(request, context, *args, **kwargs)


class ClaimQueue(QueueFilter):
    ways = [("offen", "Offen", Q(state=Claim.State.OPEN))]


@admin.register(Claim)
class ClaimAdmin(QueueAdmin):
    """Who says to speak for a listed organisation; what they wrote is read, not edited."""

    change_form_template = "admin/actors/claim.html"
    list_display = ["actor", "user", "state", "age", "carer"]
    list_filter = [ClaimQueue]
    list_select_related = ["actor", "user", "assignee"]
    search_fields = ["actor__name", "user__email"]
    ordering = ["created_at"]
    actions = ["take_on", "give_back"]
    fields = ["actor", "user", "reason", "domain_hint", "state", "answer", "created_at", "decided_at", "decided_by"]
    readonly_fields = fields  # type: ignore[assignment]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Claims come from outside."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Claim | None = None) -> bool:
        """They go with the account or the organisation."""
        return False

    @admin.display(description="Adresse")
    def domain_hint(self, claim: Claim) -> str:
        """A hint and no proof: anybody of a large house has such an address."""
        if joining.has_matching_domain(claim):
            return (
                "Die Adresse passt zur Internetseite oder zum Postfach. Das ist ein Hinweis, kein Beweis: Rufen Sie an."
            )
        return "Die Adresse passt nicht zur Internetseite oder zum Postfach. Rufen Sie die Organisation an."

    def get_urls(self) -> list[Any]:
        """Add the two answers."""
        own = [
            self.own_path("<path:object_id>/bestaetigen/", require_POST(self.grant_view), "grant"),
            self.own_path("<path:object_id>/ablehnen/", self.decline_view, "decline"),
        ]
        return [*own, *super().get_urls()]

    def grant_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the person speak for the organisation."""
        claim = self.changeable_row(request, object_id)
        return self.act(
            request,
            claim,
            lambda: joining.grant(claim, by=request.user),  # type: ignore[arg-type]
            "Bestätigt. Die Person hat eine E-Mail.",
        )

    def decline_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say no, with the reason the person reads."""
        claim = self.changeable_row(request, object_id)
        form = ReasonForm(posted(request))
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            return self.act(
                request,
                claim,
                lambda: joining.decline_claim(claim, reason=reason, by=request.user),  # type: ignore[arg-type]
                "Abgelehnt. Die Person hat eine E-Mail.",
            )
        return self.ask(request, claim, form, title=f"Ablehnen: {claim}", button="Ablehnen und E-Mail schicken")


# ---------------------------------------------------------------- entries


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
            lambda: review.forget_person(activity),
            "Die Person ist aus dem Eintrag und allen Fassungen entfernt.",
            to=self.change_url(activity),
        )

    def merge_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give history and address of this entry to another one."""
        activity = self.changeable_row(request, object_id)
        form = _Merge(posted(request))
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


class RevisionQueue(QueueFilter):
    ways = [
        ("pruefen", "Zu prüfen", Q(state=Revision.State.SUBMITTED)),
        ("zurueck", "Zurückgegeben", Q(state=Revision.State.SENT_BACK)),
    ]


@admin.register(Revision)
class RevisionAdmin(QueueAdmin):
    """What organisations have handed over: compared with what is public, approved in whole or part, or sent back."""

    waiting_since = "submitted_at"
    list_display = ["shown_title", "actor", "what", "state", "age", "carer"]
    list_filter = [RevisionQueue]
    list_select_related = ["activity__actor", "assignee"]
    search_fields = ["activity__title", "activity__actor__name"]
    ordering = ["submitted_at"]
    actions = ["take_on", "give_back"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Revisions come from organisations."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        """They are the history of an entry."""
        return False

    @admin.display(description="Eintrag")
    def shown_title(self, revision: Revision) -> str:
        return revision.title

    @admin.display(description="Akteur", ordering="activity__actor__name")
    def actor(self, revision: Revision) -> str:
        return revision.activity.actor.name

    @admin.display(description="Was")
    def what(self, revision: Revision) -> str:
        """Whether it is new, or how much it changes."""
        if not revision.base:
            return "neuer Eintrag"
        count = len(revision.changed_fields)
        return "1 Feld geändert" if count == 1 else f"{count} Felder geändert"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Old and new side by side, a box for each field, and the two answers. Seeing needs the right to view."""
        found = self.get_object(request, object_id)
        if found is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method == "POST":
            return self._decide(request, self.changeable_row(request, object_id))
        if not self.has_view_permission(request, found):
            return self.changeable_row(request, object_id)
        return self._compare(request, found)

    def _decide(self, request: HttpRequest, revision: Revision) -> HttpResponse:
        reason = request.POST.get("reason", "")[:1000].replace("\x00", "")
        fields = request.POST.getlist("fields")
        try:
            if "send_back" in request.POST:
                review.send_back(revision, reason=reason, by=request.user)  # type: ignore[arg-type]
                done = "Zurückgegeben. Die Person hat eine E-Mail."
            elif "approve" in request.POST:
                review.approve(revision, fields=fields, reason=reason, by=request.user)  # type: ignore[arg-type]
                done = "Übernommen. Die Person hat eine E-Mail."
            else:
                return redirect(self.change_url(revision))
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
            return self._compare(request, revision, reason=reason, chosen=set(fields), status=422)
        self.log_change(request, revision, done)
        self.message_user(request, f"„{revision.title}“: {done}", messages.SUCCESS)
        return redirect(self.list_url())

    def _compare(
        self,
        request: HttpRequest,
        revision: Revision,
        *,
        reason: str = "",
        chosen: set[str] | None = None,
        status: int = 200,
    ) -> TemplateResponse:
        activity = revision.activity
        return self.page(
            request,
            "admin/actors/revision.html",
            status=status,
            title=f"Prüfen: {revision.title}",
            row=revision,
            activity=activity,
            actor=activity.actor,
            changes=[(change, chosen is None or change.name in chosen) for change in review.changes(revision)],
            reason=reason,
            may_decide=revision.state == Revision.State.SUBMITTED and self.has_change_permission(request, revision),
            waiting=waiting(revision.submitted_at),
            is_new=not revision.base,
        )


class ProposalQueue(QueueFilter):
    ways = [("offen", "Offen", Q(state=Proposal.State.OPEN))]


class AnswerForm(forms.Form):
    text = forms.CharField(
        label="Antwort",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Steht in der E-Mail, wenn jemand eine Adresse hinterlassen hat. Bei „nicht übernommen“ nötig.",
    )


@admin.register(Proposal)
class ProposalAdmin(QueueAdmin):
    """What visitors say is wrong; what they wrote is read, not edited."""

    change_form_template = "admin/actors/proposal.html"
    list_display = ["beginning", "entry", "state", "age", "carer"]
    list_filter = [ProposalQueue]
    list_select_related = ["activity", "assignee"]
    search_fields = ["activity__title", "text"]
    ordering = ["created_at"]
    actions = ["take_on", "give_back"]
    fields = ["activity", "text", "email", "state", "answer", "created_at", "answered_at"]
    readonly_fields = fields  # type: ignore[assignment]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Proposals come from outside."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Proposal | None = None) -> bool:
        """They go with the entry; the address goes by itself."""
        return False

    @admin.display(description="Eintrag")
    def entry(self, proposal: Proposal) -> str:
        """What it is about."""
        return proposal.activity.title

    @admin.display(description="Vorschlag")
    def beginning(self, proposal: Proposal) -> str:
        """Enough to know what it is about."""
        return proposal.text[:80]

    def get_urls(self) -> list[Any]:
        """Add the answer."""
        return [
            self.own_path("<path:object_id>/antwort/", self.answer_view, "answer"),
            *super().get_urls(),
        ]

    def answer_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close a proposal, taken up or not."""
        proposal = self.changeable_row(request, object_id)
        form = AnswerForm(posted(request))
        if request.method == "POST" and form.is_valid():
            is_done = "done" in request.POST
            try:
                proposing.answer(proposal, is_done=is_done, text=form.cleaned_data["text"])
            except ValidationError as refused:
                form.add_error("text", " ".join(refused.messages))
            else:
                self.log_change(request, proposal, "Übernommen." if is_done else "Nicht übernommen.")
                self.message_user(request, "Der Vorschlag ist beantwortet.", messages.SUCCESS)
                return redirect(self.list_url())
        return self.ask(
            request,
            proposal,
            form,
            title=f"Antworten: {proposal.activity}",
            button="Übernommen",
            name="done",
            other="Nicht übernommen",
        )
