from typing import Any

from django import forms

from platform_mark.limits import OpenForm

from .models import Idea, TryReport


class IdeaForm(forms.ModelForm, OpenForm):
    """Three fields and a voluntary address, with the quiet traps of every open form."""

    class Meta:
        model = Idea
        fields = ["target_group", "problem", "suggestion", "email"]
        help_texts = {
            "problem": "Ein Satz genügt: „Die Älteren trauen sich nicht an das Tablet.“",
            "suggestion": "Was würden Sie ausprobieren? Auch halbfertige Ideen helfen.",
            "email": "Nur wenn Sie wissen möchten, was aus Ihrer Idee wird.",
        }
        widgets = {
            "target_group": forms.RadioSelect,
            "problem": forms.Textarea(attrs={"rows": 3}),
            "suggestion": forms.Textarea(attrs={"rows": 6}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        group = self.fields["target_group"]
        group.choices = [(value, label) for value, label in group.choices if value]
        group.error_messages["required"] = "Wählen Sie, für wen die Idee gedacht ist."


class TryReportForm(forms.ModelForm, OpenForm):
    """How it went, with the quiet traps of every open form."""

    class Meta:
        model = TryReport
        fields = ["where", "size", "with_whom", "worked", "failed", "would_repeat", "email"]
        help_texts = {"email": "Dorthin schicken wir einen Link. Wir löschen die Adresse 30 Tage nach unserer Antwort."}
        widgets = {
            "worked": forms.Textarea(attrs={"rows": 4}),
            "failed": forms.Textarea(attrs={"rows": 3}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The column may be empty later, when the address has been deleted; the form never.
        self.fields["email"].required = True
        sizes = self.fields["size"]
        sizes.choices = [(value, label if value else "keine Angabe") for value, label in sizes.choices]
