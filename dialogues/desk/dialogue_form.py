"""The form of a dialogue with its parts: seats, programme, hosts, questions, files, and what came of it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.db.models import Case, Q, When

from platform_mark.publishing.forms import RuleForm, SeenForm
from platform_mark.slugs import SlugForm
from platform_mark.taxonomy.forms import WordsField
from platform_mark.taxonomy.models import Branch, TargetGroup
from practices.models import Practice

from ..models import AgendaItem, Agreement, DialogueDocument, DialoguePicture, Host, Outcome, Question, Report, SeatKind

MOST_REMINDERS, EARLIEST_REMINDER = 5, 60


class DialogueForm(SeenForm, SlugForm, RuleForm):
    slug_from = "title"

    target_groups = forms.MultipleChoiceField(
        label="Zielgruppen", choices=TargetGroup, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        # Boxes to tick: the picker of several with a search cannot be read out by a screen reader.
        widgets = {
            "teaser": AdminTextareaWidget,
            "branches": forms.CheckboxSelectMultiple,
            "practices": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Branches that were merged are only signposts.
        if "branches" in self.fields:
            self.fields["branches"].queryset = Branch.objects.current()
        if "practices" in self.fields:
            keys = list(self.instance.practices.values_list("pk", flat=True)) if self.instance.pk else []
            chosen, public = Q(pk__in=keys), Q(pk__in=Practice.objects.published().order_by().values("pk"))
            # What is chosen stands first: the list scrolls, and there are more examples than anybody reads through.
            chosen_first = Case(When(chosen, then=0), default=1)
            self.fields["practices"].queryset = Practice.objects.filter(public | chosen).order_by(chosen_first, "title")

    def clean_reminder_days(self) -> list[int]:
        """The days in their order, each once."""
        days = sorted(set(self.cleaned_data["reminder_days"] or []), reverse=True)
        if len(days) > MOST_REMINDERS or any(not 1 <= day <= EARLIEST_REMINDER for day in days):
            raise ValidationError(f"Höchstens {MOST_REMINDERS} Erinnerungen, je 1 bis {EARLIEST_REMINDER} Tage vorher.")
        return days


class SeatKindForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        """Keep a kind of seat that people have chosen. Django's own message would name these people."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("DELETE") and self.instance.pk and self.instance.attendees.exists():
            cleaned["DELETE"] = False
            raise ValidationError(
                "Auf diese Art von Plätzen haben sich Personen angemeldet. Setzen Sie die Zahl auf 0, statt sie zu löschen."
            )
        return cleaned


class SeatKindInline(admin.StackedInline):
    model = SeatKind
    form = SeatKindForm
    extra = 1
    fields = [("name", "way", "capacity"), "order"]


class AgendaInline(admin.StackedInline):
    model = AgendaItem
    extra = 1
    fields = [("starts_at", "title"), "detail", ("person", "person_agreed"), "order"]


class HostInline(admin.StackedInline):
    model = Host
    extra = 0
    fields = ["role", ("actor", "name"), "is_fictitious", "order"]
    autocomplete_fields = ["actor"]


class QuestionForm(forms.ModelForm):
    choices = WordsField(
        label="Antworten zur Wahl", required=False, help_text="Mit Komma getrennt. Nur für Fragen mit Auswahl."
    )

    def clean(self) -> dict[str, Any]:
        """A question with a choice needs something to choose from."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if (
            cleaned.get("kind") in {Question.Kind.CHOICE, Question.Kind.SEVERAL}
            and len(cleaned.get("choices") or []) < 2
        ):
            self.add_error("choices", "Nennen Sie mindestens zwei Antworten zur Wahl.")
        return cleaned


class QuestionInline(admin.StackedInline):
    model = Question
    form = QuestionForm
    extra = 0
    fields = ["text", "kind", "choices", ("is_required", "delete_after_days"), "order"]


class DocumentInline(admin.StackedInline):
    model = DialogueDocument
    extra = 0
    fields = ["document", "visibility", "order"]
    autocomplete_fields = ["document"]


class PictureInline(admin.StackedInline):
    model = DialoguePicture
    extra = 0
    fields = ["image", "caption", "visibility", "order"]
    autocomplete_fields = ["image"]


class ReportInline(admin.StackedInline):
    model = Report
    extra = 1
    fields = ["summary", ("participants", "companies"), "published_at"]
    readonly_fields = ["published_at"]


class OutcomeInline(admin.StackedInline):
    model = Outcome
    extra = 0
    fields = ["kind", "text", "order"]


class AgreementInline(admin.StackedInline):
    model = Agreement
    extra = 0
    fields = ["text", ("actor", "owner"), ("due_on", "state", "reported_on"), "reason", "order"]
    autocomplete_fields = ["actor"]
