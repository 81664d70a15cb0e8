"""What staff fill in around one booking, or for several at once."""

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from platform_mark.publishing.models import State as Publication
from platform_mark.taxonomy.models import Branch, CompanySize

from ..models import Dialogue, Registration
from ..party import Person

NAMELESS = {"n.n.", "nn", "n. n."}


class SignUpForm(forms.Form):
    """A sign-up that somebody takes down on the telephone; people by kind of seat, a line each."""

    company = forms.CharField(label="Betrieb", max_length=120)
    contact_name = forms.CharField(label="Ansprechperson", max_length=120)
    email = forms.EmailField(
        label="E-Mail-Adresse",
        required=False,
        help_text="Freiwillig. Ohne Adresse gehen keine E-Mails hinaus; sagen Sie am Telefon, was wichtig ist.",
    )
    size = forms.ChoiceField(
        label="Betriebsgröße", required=False, choices=[("", "keine Angabe"), *CompanySize.choices]
    )
    branch = forms.ModelChoiceField(
        label="Branche", required=False, queryset=Branch.objects.none(), empty_label="keine Angabe"
    )
    group = forms.ChoiceField(
        label="Wenn nicht für alle Platz ist", choices=Registration.Group.choices, initial=Registration.Group.ALL
    )

    def __init__(self, *args: Any, dialogue: Dialogue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = Branch.objects.current()
        self.kinds = {f"kind_{kind.pk}": kind for kind in dialogue.seat_kinds.all()}
        for name, kind in self.kinds.items():
            self.fields[name] = forms.CharField(
                label=f"Wer: {kind.name}",
                required=False,
                max_length=4000,
                widget=forms.Textarea(attrs={"rows": 3, "cols": 40}),
                help_text="Je Zeile ein Name. „N.N.“, wenn der Name noch fehlt.",
            )
        self.order_fields([*("company", "contact_name", "email"), *self.kinds, *("size", "branch", "group")])

    def clean(self) -> dict[str, Any]:
        """Gather the people; at least one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        people = []
        for field, kind in self.kinds.items():
            names = [" ".join(line.split()) for line in cleaned.pop(field, "").splitlines() if line.strip()]
            if too_long := next((name for name in names if len(name) > 120), None):
                self.add_error(field, f"„{too_long[:40]} …“ ist länger als 120 Zeichen.")
            people += [Person("" if name.casefold() in NAMELESS else name, kind) for name in names]
        cleaned["people"] = people
        if not people and not self.errors:
            raise ValidationError("Schreiben Sie mindestens eine Person auf, sonst „N.N.“.")
        return cleaned


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Grund",
        max_length=500,
        widget=AdminTextareaWidget,
        initial="Für diesen Dialog gab es mehr Anmeldungen, als wir annehmen konnten.",
        help_text="Steht so in der E-Mail.",
        error_messages={"required": "Nennen Sie den Grund. Er steht in der E-Mail."},
    )


class MessageForm(forms.Form):
    subject = forms.CharField(label="Betreff", max_length=200)
    text = forms.CharField(
        label="Text",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 10, "cols": 60}),
        help_text="Anrede, Termin, Ort und der eigene Link jeder Person stehen von selbst darum.",
    )


class CancelForm(forms.Form):
    reason = forms.CharField(
        label="Grund",
        max_length=500,
        required=False,
        widget=AdminTextareaWidget,
        help_text="Freiwillig, steht in der E-Mail.",
    )


class TransferForm(forms.Form):
    contact_name = forms.CharField(label="Neue Ansprechperson", max_length=120)
    email = forms.EmailField(label="Neue E-Mail-Adresse")


class DialogueChoice(forms.ModelChoiceField):
    def label_from_instance(self, dialogue: Any) -> str:
        """Title and day, since titles come again."""
        return f"{dialogue} ({timezone.localtime(dialogue.starts_at):%d.%m.%Y})"


class MoveForm(forms.Form):
    to = DialogueChoice(label="Anderer Dialog", queryset=Dialogue.objects.none())

    def __init__(self, *args: Any, registration: Registration, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = bookable().exclude(pk=registration.dialogue_id)


class RegistrationChoice(forms.ModelChoiceField):
    def label_from_instance(self, registration: Any) -> str:
        """Enough to tell two of one company apart."""
        return f"{registration}, {registration.contact_name}, {registration.get_state_display()}"


class MergeForm(forms.Form):
    into = RegistrationChoice(
        label="Bleibt bestehen",
        queryset=Registration.objects.none(),
        help_text="Dorthin ziehen die Personen um. Wer in beiden mit demselben Namen steht, behält einen Platz.",
    )

    def __init__(self, *args: Any, registration: Registration, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Registration.objects.bookings().filter(
            dialogue=registration.dialogue_id, state__in=["confirmed", "waiting"]
        )
        self.fields["into"].queryset = others.exclude(pk=registration.pk).order_by("company", "pk")


def bookable() -> QuerySet[Dialogue]:
    """Dialogues that somebody can still be signed up for by staff."""
    return Dialogue.objects.filter(
        state=Publication.PUBLISHED, cancelled_at=None, starts_at__gt=timezone.now()
    ).order_by("starts_at", "pk")
