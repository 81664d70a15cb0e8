"""What staff fill in for one step of a dialogue."""

from functools import partial
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime, AdminTextareaWidget

from platform_mark.local_time import LocalSplitDateTimeField
from platform_mark.publishing.forms import RuleForm

from ..models import Dialogue
from ..planning import MOST_IN_SERIES, MOVABLE

_MOMENTS = ("starts_at", "ends_at", "signup_closes_at")


class CancelForm(forms.Form):
    reason = forms.CharField(
        label="Grund",
        max_length=300,
        widget=AdminTextareaWidget,
        help_text="Steht so in der E-Mail und auf der Seite. Zum Beispiel: „Der Gastgeber ist erkrankt. Wir suchen einen "
        "neuen Termin.“",
        error_messages={"required": "Nennen Sie den Grund. Er steht in der E-Mail und auf der Seite."},
    )


class RescheduleForm(RuleForm):
    """Time, place and link: what those who come must be told when it changes."""

    class Meta:
        model = Dialogue
        fields = list(MOVABLE)
        field_classes = {
            **dict.fromkeys(_MOMENTS, LocalSplitDateTimeField),
            "online_link": partial(forms.URLField, assume_scheme="https"),
        }
        widgets = dict.fromkeys(_MOMENTS, AdminSplitDateTime)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("starts_at", "ends_at"):
            self.fields[name].required = True


class CopyForm(forms.Form):
    starts_at = LocalSplitDateTimeField(
        label="Neuer Beginn",
        widget=AdminSplitDateTime,
        help_text="Ende, „Anmeldung ab“ und „Anmeldung bis“ rücken um denselben Abstand mit, die Erinnerungen auch.",
    )


class SeriesForm(forms.Form):
    name = forms.CharField(
        label="Name der Reihe",
        max_length=120,
        help_text="Zum Beispiel „Metallrunde Lennetal“. Gibt es sie schon, wird sie ergänzt.",
    )
    weeks = forms.IntegerField(label="Alle … Wochen", min_value=1, max_value=52, initial=4)
    number = forms.IntegerField(
        label="Weitere Termine", min_value=1, max_value=MOST_IN_SERIES, initial=3, help_text="Ohne diesen hier."
    )


class PeriodForm(forms.Form):
    """From which day to which; both belong to it."""

    von = forms.DateField(label="Von", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    bis = forms.DateField(label="Bis", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("von") and cleaned.get("bis") and cleaned["bis"] < cleaned["von"]:
            self.add_error("bis", "„Bis“ liegt vor „Von“.")
        return cleaned
