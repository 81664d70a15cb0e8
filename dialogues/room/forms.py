from django import forms

from platform_mark.limits import OpenForm

from .models import LONGEST


class AskForm(OpenForm):
    """One question, with the quiet traps of every open form."""

    text = forms.CharField(
        label="Ihre Frage",
        max_length=LONGEST,
        help_text=f"Höchstens {LONGEST} Zeichen. Ohne Namen, und bitte auch ohne Namen anderer.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Schreiben Sie bitte Ihre Frage.",
            "max_length": "Höchstens %(limit_value)d Zeichen, Ihre Frage hat %(show_value)d.",
        },
    )
