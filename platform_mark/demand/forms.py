from django import forms

from platform_mark.limits import OpenForm
from platform_mark.search.question import LONGEST_QUESTION


class WishForm(OpenForm):
    """What somebody looks for, and where to tell them, with the quiet traps of every open form."""

    text = forms.CharField(
        label="Was suchen Sie?",
        max_length=LONGEST_QUESTION,
        help_text="Wenige Worte, wie in der Suche. Bitte keine Namen, Adressen oder Telefonnummern.",
        error_messages={"required": "Nennen Sie bitte, was Sie suchen."},
    )
    email = forms.EmailField(
        label="Ihre E-Mail-Adresse",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": "Wohin dürfen wir Ihnen schreiben?"},
    )

    field_order = ["text", "email"]
