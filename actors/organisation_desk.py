"""Organisations and those who want to speak for them: approved or declined, invited, merged."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from platform_mark.admin_pages import SavedUnderLock
from platform_mark.posting import posted
from platform_mark.publishing.forms import RuleForm
from platform_mark.search import index
from platform_mark.slugs import SlugForm

from . import freshness, joining, merging
from .models import Actor, Claim, Membership
from .queues import MergeForm, QueueAdmin, QueueFilter, ReasonForm

NOT_PUBLIC = (Actor.State.WAITING, Actor.State.DECLINED)


class ActorQueue(QueueFilter):
    ways = [
        ("freischalten", "Wartet auf Freischaltung", Q(state=Actor.State.WAITING)),
        ("ohne-redaktion", "Ohne aktive Redaktion", Q(pk__in=Actor.objects.without_editor().values("pk"))),
        ("ohne-verantwortung", "Ohne aktive Verantwortliche", Q(pk__in=Actor.objects.without_owner().values("pk"))),
        # Which rows is said below: the days count from now.
        ("profil", "Profil lange nicht bestätigt", Q()),
        ("dabei", "Freigeschaltet", Q(state=Actor.State.APPROVED, merged_into=None)),
    ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Narrow the list by what was chosen."""
        if self.value() == "profil":
            return queryset.filter(pk__in=Actor.objects.profile_neglected().values("pk"))
        return super().queryset(request, queryset)


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


class MemberField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Membership) -> str:
        """Who it is; the membership itself only knows the role."""
        return ", ".join(filter(None, (obj.user.name, obj.user.email)))


class OwnerForm(forms.Form):
    member = MemberField(
        Membership.objects.none(),
        label="Wer",
        help_text="Wer verantwortlich ist, kann Personen einladen, Rollen ändern und die Organisation abmelden.",
    )

    def __init__(self, actor: Actor, data: Any = None) -> None:
        super().__init__(data)
        self.fields["member"].queryset = _editors(actor)


def _editors(actor: Actor) -> QuerySet[Membership]:
    return actor.memberships.filter(role=Membership.Role.EDITOR, user__is_active=True).select_related("user")


@admin.register(Actor)
class ActorAdmin(SavedUnderLock, QueueAdmin):
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
            {
                "fields": [
                    *("state", "founding_reason", "decline_reason"),
                    *("created_at", "approved_at", "shown_confirmation", "left_at"),
                ]
            },
        ),
    ]
    readonly_fields = (
        *("state", "founding_reason", "decline_reason"),
        *("created_at", "approved_at", "shown_confirmation", "left_at"),
    )

    @admin.display(description="Profil bestätigt")
    def shown_confirmation(self, actor: Actor) -> str:
        """Who assured the profile last, and until when that holds."""
        if actor.state in NOT_PUBLIC:
            return "Nicht freigeschaltet"
        due = actor.profile_due_on
        until = f", fällig am {due:%d.%m.%Y}" if due and actor.state == Actor.State.APPROVED else ""
        return f"{actor.profile_confirmed_text or 'Seit der Freischaltung von niemandem'}{until}"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """What a search finds; where one is chosen for something, a declined one is not offered."""
        if request.path == reverse("admin:autocomplete"):
            queryset = queryset.exclude(state=Actor.State.DECLINED)
        return super().get_search_results(request, queryset, search_term)

    def view_on_site(self, actor: Actor) -> str | None:
        """A link to the page, where there is one."""
        return None if actor.state in NOT_PUBLIC else actor.get_absolute_url()

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
        """Add approving, declining, inviting, making responsible and merging."""
        own = [
            self.own_path(
                "<path:object_id>/freischalten/",
                require_POST(self.approve_view),
                "approve",
            ),
            self.own_path("<path:object_id>/bestaetigen/", require_POST(self.confirm_view), "confirm"),
            self.own_path("<path:object_id>/ablehnen/", self.decline_view, "decline"),
            self.own_path("<path:object_id>/einladen/", self.invite_view, "invite"),
            self.own_path("<path:object_id>/verantwortung/", self.owner_view, "owner"),
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

    def confirm_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Assure a profile for the agency, for example after a call."""
        actor = self.changeable_row(request, object_id)
        return self.act(
            request,
            actor,
            lambda: freshness.confirm_profile(actor, by_staff=True),
            "Profil von der Regionalagentur bestätigt.",
            to=self.change_url(actor),
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

    def owner_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make somebody responsible who writes for it already, for example where those responsible have left."""
        actor = self.changeable_row(request, object_id)
        form = OwnerForm(actor, posted(request))
        if request.method == "POST" and form.is_valid():
            member = form.cleaned_data["member"]
            return self.act(
                request,
                actor,
                lambda: joining.change_role(member, role=Membership.Role.OWNER, by=request.user),  # type: ignore[arg-type]
                "Eine weitere Person ist verantwortlich. Sagen Sie es ihr.",
                to=self.change_url(actor),
            )
        return self.ask(request, actor, form, title=f"Verantwortlich machen: {actor}", button="Verantwortlich machen")

    def merge_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give everything of this organisation to another one."""
        actor = self.changeable_row(request, object_id)
        form = MergeForm(posted(request))
        form.fields["into"].queryset = Actor.objects.running().exclude(pk=actor.pk)
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
            context["has_editors"] = _editors(actor).exists()
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
