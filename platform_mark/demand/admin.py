from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from platform_mark.admin_pages import OwnPages
from platform_mark.taxonomy.models import Branch

from . import ledger, wishing
from .models import Demand


class DemandForm(forms.ModelForm):
    class Meta:
        widgets = {"branches": forms.CheckboxSelectMultiple, "note": AdminTextareaWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Terms that were merged are only signposts; what is new goes to the one that stayed.
        if "branches" in self.fields:
            self.fields["branches"].queryset = Branch.objects.current()


class AnswerForm(forms.Form):
    text = forms.CharField(
        label="Antwort",
        max_length=2000,
        widget=AdminTextareaWidget,
        help_text="Steht in der E-Mail an alle, die darauf warten, nach „Sie haben gesucht: …“.",
        error_messages={"required": "Bitte schreiben Sie eine Antwort. Sie steht in der E-Mail."},
    )


@admin.register(Demand)
class DemandAdmin(OwnPages):
    """What was looked for in vain. The desk sees small numbers, too; who waits is only a number here."""

    form = DemandForm
    change_form_template = "admin/demand/change_form.html"
    list_display = ["text", "count", "waiting", "state", "assigned_to", "last_on"]
    list_filter = ["state", "branches"]
    list_select_related = ["assigned_to"]
    search_fields = ["text", "key", "note"]
    date_hierarchy = "last_on"
    autocomplete_fields = ["assigned_to"]
    fields = ["text", "count", "waiting", "state", "answer", ("first_on", "last_on"), "assigned_to", "branches", "note"]
    readonly_fields = ["text", "count", "waiting", "state", "answer", "first_on", "last_on"]
    actions = ["mark_as_covered", "hide", "open_again"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """It comes from the search."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Demand | None = None) -> list[str]:
        """Whoever may not see organisations cannot choose among them."""
        own = [*super().get_readonly_fields(request, obj)]
        return own if request.user.has_perm("actors.view_actor") else [*own, "assigned_to"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        waits = Q(wishes__confirmed_at__isnull=False, wishes__answered_at=None)
        return super().get_queryset(request).annotate(waiting_number=Count("wishes", filter=waits))

    @admin.display(description="Warten auf Nachricht", ordering="waiting_number")
    def waiting(self, demand: Demand) -> int:
        return getattr(demand, "waiting_number", 0)

    @admin.action(description="Als abgedeckt kennzeichnen", permissions=["change"])
    def mark_as_covered(self, request: HttpRequest, queryset: QuerySet[Demand]) -> None:
        self._set(request, queryset, Demand.State.COVERED)

    @admin.action(description="Verbergen (Unsinn, Namen)", permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Demand]) -> None:
        self._set(request, queryset, Demand.State.HIDDEN)

    @admin.action(description="Wieder öffnen", permissions=["change"])
    def open_again(self, request: HttpRequest, queryset: QuerySet[Demand]) -> None:
        self._set(request, queryset, Demand.State.OPEN)

    def get_urls(self) -> list[Any]:
        """Add the answer."""
        return [self.own_path("<path:object_id>/antwort/", self.answer_view, "answer"), *super().get_urls()]

    def answer_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer all who wait, or set the state by one of the buttons."""
        demand = self.changeable_row(request, object_id)
        if (state := request.POST.get("state")) in (Demand.State.OPEN, Demand.State.COVERED, Demand.State.HIDDEN):
            self._set(request, Demand.objects.filter(pk=demand.pk), Demand.State(state))
            return redirect("admin:demand_demand_change", demand.pk)
        form = AnswerForm(request.POST if "answer" in request.POST else None)
        if "answer" in request.POST and form.is_valid():
            number = wishing.answer(demand, text=form.cleaned_data["text"])
            self.log_change(request, demand, f"Beantwortet, {number} E-Mails.")
            self.message_user(request, f"Beantwortet. E-Mails geschrieben: {number}.", messages.SUCCESS)
            return redirect("admin:demand_demand_change", demand.pk)
        return self.page(
            request,
            "admin/demand/answer.html",
            row=demand,
            form=form,
            title=f"Antwort: {demand}",
        )

    def _set(self, request: HttpRequest, queryset: QuerySet[Demand], state: Demand.State) -> None:
        demands = list(queryset)
        for demand in demands:
            self.log_change(request, ledger.set_state(demand, state), f"Neuer Stand: {state.label}.")
        self.message_user(request, f"Neuer Stand „{state.label}“: {len(demands)}.", messages.SUCCESS)
