from typing import Any

from django import forms

from platform_mark.limits import OpenForm

from .models import Suggestion


class SuggestionForm(forms.ModelForm, OpenForm):
    """Five fields, and the quiet traps of every open form."""

    class Meta:
        model = Suggestion
        fields = ["company", "place", "what", "benefit", "email"]
        help_texts = {
            "what": "Ein paar Stichworte genügen. Wir fragen nach.",
            "benefit": "Am liebsten mit einer Zahl: „Eine Stunde statt drei Tage bis zum Angebot.“",
            "email": "Dorthin schicken wir einen Link. Wir löschen die Adresse 30 Tage nach unserer Antwort.",
        }
        widgets = {
            "company": forms.TextInput(attrs={"autocomplete": "organization"}),
            "place": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "what": forms.Textarea(attrs={"rows": 5}),
            "benefit": forms.Textarea(attrs={"rows": 4}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The column may be empty later, when the address has been deleted; the form never.
        self.fields["email"].required = True
