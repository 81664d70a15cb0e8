from typing import Any

from django import forms

from platform_mark.limits import OpenForm

from .rhythm import Rhythm


class OrderForm(OpenForm):
    """An address and a rhythm, with the quiet traps of every open form."""

    email = forms.EmailField(
        label="E-Mail-Adresse",
        max_length=254,
        help_text="Dorthin schicken wir einen Link zum Bestätigen. Vorher kommt nichts anderes.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    rhythm = forms.ChoiceField(
        label="Wie oft?",
        choices=[(rhythm.value, str(rhythm.label)) for rhythm in Rhythm],
        initial=Rhythm.WEEKLY.value,
        help_text="Jeweils um 7 Uhr: jeden Tag, montags oder am Monatsersten. Nur wenn es Neues gibt.",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Wählen Sie bitte, wie oft.",
            "invalid_choice": "Wählen Sie bitte täglich, wöchentlich oder monatlich.",
        },
    )

    def values(self) -> dict[str, Any]:
        """What was typed."""
        return {name: self.cleaned_data[name] for name in ("email", "rhythm")}
