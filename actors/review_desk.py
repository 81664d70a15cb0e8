"""What comes in from outside: revisions of entries to be decided, and what visitors say is wrong."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from platform_mark.posting import posted

from . import proposing, review
from .models import Proposal, Revision
from .queues import QueueAdmin, QueueFilter, waiting


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
        if request.method == "POST":
            return self._decide(request, self.changeable_row(request, object_id))
        return self._compare(request, self.viewable_row(request, object_id))

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
