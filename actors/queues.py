"""What the lists of the desk share that wait for somebody: their age, who takes care, and what is still open at the top."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from platform_mark.admin_pages import OwnPages


class ReasonForm(forms.Form):
    """One text that the other side will read."""

    reason = forms.CharField(
        label="Begründung",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Steht so in der E-Mail.",
        error_messages={"required": "Bitte schreiben Sie eine Begründung. Sie steht in der E-Mail."},
    )


class MergeForm(forms.Form):
    """Which of two stays."""

    into: forms.ModelChoiceField = forms.ModelChoiceField(
        queryset=None,
        label="Zusammenführen mit",
        help_text="Dieser Eintrag bleibt. Alles, was am anderen hängt, kommt hierher, und seine Adresse führt hierher.",
        error_messages={"required": "Bitte wählen Sie, was bleibt.", "invalid_choice": "Das steht nicht zur Wahl."},
    )


class QueueFilter(admin.SimpleListFilter):
    """Opens on the first choice: what needs doing. The others are one click away, none of them says "all" by accident."""

    title = "Was"
    parameter_name = "was"
    # Word in the address, label, and which rows.
    ways: ClassVar[list[tuple[str, str, Q]]] = []

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [*((word, label) for word, label, _ in self.ways), ("alle", "Alle")]

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        """Every choice as a link; without one in the address the first is chosen."""
        chosen = self.value() or self.ways[0][0]
        for word, label in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: word})
            yield {"selected": chosen == word, "query_string": query, "display": label}

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Narrow the list by what was chosen; an unknown word shows everything."""
        wanted = self.value() or self.ways[0][0]
        return next((queryset.filter(rows) for word, _, rows in self.ways if word == wanted), queryset)


class QueueAdmin(OwnPages):
    """A list of what waits, with its age and who takes care of it."""

    waiting_since = "created_at"
    list_select_related: Any = ["assignee"]

    @admin.display(description="Wartet")
    def age(self, row: Any) -> str:
        """How long it has been waiting, in words."""
        return waiting(getattr(row, self.waiting_since))

    @admin.display(description="Kümmert sich", ordering="assignee")
    def carer(self, row: Any) -> str:
        """Who has said to take care of it."""
        return str(row.assignee or "")

    @admin.action(description="Ich kümmere mich", permissions=["change"])
    def take_on(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Put the own name to the chosen rows; those of colleagues stay theirs."""
        taken = queryset.order_by().filter(assignee=None).update(assignee=request.user)
        others = queryset.order_by().exclude(assignee=request.user).exclude(assignee=None).count()
        if taken:
            self.message_user(request, f"Sie kümmern sich jetzt darum: {taken}.", messages.SUCCESS)
        if others:
            self.message_user(
                request, f"Um {others} davon kümmert sich schon jemand. Sprechen Sie sich ab.", messages.WARNING
            )

    @admin.action(description="Wieder abgeben", permissions=["change"])
    def give_back(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Take the own name, or that of somebody who is away, off the chosen rows."""
        given = queryset.order_by().exclude(assignee=None).update(assignee=None)
        self.message_user(request, f"Wieder frei: {given}.", messages.SUCCESS)

    def act(self, request: HttpRequest, row: Any, journey: Any, done: str, *, to: str = "") -> HttpResponse:
        """Do it, keep it in the history of the desk, say so; a refusal is told and changes nothing."""
        try:
            journey()
        except ValidationError as refused:
            self.message_user(request, " ".join(refused.messages), messages.ERROR)
            return redirect(self.change_url(row))
        self.log_change(request, row, done)
        self.message_user(request, f"„{row}“: {done}", messages.SUCCESS)
        return redirect(to or self.list_url())

    def ask(self, request: HttpRequest, row: Any, form: forms.Form, **context: Any) -> TemplateResponse:
        """A page with one question before something is done."""
        return self.page(request, "admin/actors/question.html", row=row, form=form, **context)


def waiting(since: datetime | None) -> str:
    """How long ago something came in, in words."""
    if since is None:
        return ""
    days = (timezone.localdate() - timezone.localdate(since)).days
    if days < 1:
        return "seit heute"
    return "seit 1 Tag" if days == 1 else f"seit {days} Tagen"
