"""The forms of the sign-up: people in rows without any script, the questions of the dialogue, and the quiet traps."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

from django import forms
from django.http import QueryDict

from platform_mark.limits import OpenForm
from platform_mark.taxonomy.models import Branch, CompanySize

from . import notices
from .models import Dialogue, Question, Registration
from .party import Person

MISSING_ADDRESS = "Die Adresse ist nicht vollständig. Beispiel: name@firma.de"
YES_NO = [("ja", "Ja"), ("nein", "Nein")]


class PeopleForm(forms.Form):
    """One row for each person, with a name or without („N.N.“). Buttons add and take away rows; the input stays."""

    def __init__(
        self, *args: Any, dialogue: Dialogue, people: Sequence[Person] = (), rows: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.dialogue = dialogue
        # Staff may have signed up more than the maximum: nobody has to leave for a name to be corrected.
        self.most = max(dialogue.most_per_company, len(people))
        self.kinds = list(dialogue.seat_kinds.all())
        self.number = min(max(rows or _number(self.data.get("rows")) or len(people), 1), self.most)
        self.fields["rows"] = forms.CharField(widget=forms.HiddenInput, required=False)
        self.initial["rows"] = self.number
        for row in range(self.number):
            person = people[row] if row < len(people) else None
            self.fields[f"name-{row}"] = forms.CharField(
                label=f"Name der {row + 1}. Person" if self.most > 1 else "Name der Person",
                max_length=120,
                required=False,
                initial=person.name if person else "",
                help_text="" if row else "Steht noch nicht fest, wer kommt? Dann lassen Sie das Feld leer.",
                # The browser knows one name: the visitor's own. Others would get it, too.
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )
            if len(self.kinds) > 1:
                self.fields[f"kind-{row}"] = forms.TypedChoiceField(
                    label=f"Platz der {row + 1}. Person" if self.most > 1 else "Platz",
                    choices=[(kind.pk, kind.name) for kind in self.kinds],
                    coerce=int,
                    initial=person.seat_kind.pk if person else self.kinds[0].pk,
                    widget=forms.Select,
                )

    @classmethod
    def kept(
        cls, data: QueryDict, *, rows: int, without: int | None = None, focus: int | None = None, **kwargs: Any
    ) -> Self:
        """The form once more with what was typed so far, unjudged, for so many rows.

        `without` leaves a row out, `focus` is the row to go on with: the page would open at its top otherwise.
        """
        form = cls(rows=rows, **kwargs)
        if focus is not None:
            form.fields[f"name-{min(focus, form.number - 1)}"].widget.attrs["autofocus"] = True
        for name, field in form.fields.items():
            if name != "rows":
                source = name
                prefix, _, number = name.partition("-")
                if without is not None and prefix in {"name", "kind"} and int(number) >= without:
                    source = f"{prefix}-{int(number) + 1}"
                value = field.widget.value_from_datadict(data, {}, source)
                if value is not None:
                    form.initial[name] = value
        return form

    def person_fields(self) -> list[list[forms.BoundField]]:
        """The fields of each row, for the template."""
        return [
            [self[name] for name in (f"name-{row}", f"kind-{row}") if name in self.fields] for row in range(self.number)
        ]

    def people(self) -> list[Person]:
        """Who is meant, after the form was found valid."""
        kinds = {kind.pk: kind for kind in self.kinds}
        return [
            Person(
                self.cleaned_data[f"name-{row}"],
                kinds[self.cleaned_data[f"kind-{row}"]] if len(self.kinds) > 1 else self.kinds[0],
            )
            for row in range(self.number)
        ]


class SignUpForm(PeopleForm, OpenForm):
    """Everything a sign-up asks. What is voluntary says so; consents are unticked and stand beside what they allow."""

    company = forms.CharField(
        label="Betrieb",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        error_messages={"required": "Schreiben Sie den Namen Ihres Betriebs in dieses Feld."},
    )
    contact_name = forms.CharField(
        label="Ihr Name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "Schreiben Sie Ihren Namen in dieses Feld."},
    )
    email = forms.EmailField(
        label="E-Mail-Adresse",
        max_length=254,
        help_text="Dorthin schicken wir den Link zum Bestätigen.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": "Schreiben Sie Ihre E-Mail-Adresse in dieses Feld.",
            "invalid": MISSING_ADDRESS,
        },
    )
    group = forms.ChoiceField(
        label="Wenn nicht für alle Platz ist",
        choices=[("all", "Wir kommen nur alle zusammen"), ("singly", "Wir kommen auch einzeln")],
        initial=Registration.Group.ALL,
        required=False,
        widget=forms.RadioSelect,
        help_text="Das zählt nur, wenn Sie auf die Warteliste kommen.",
    )
    size = forms.ChoiceField(
        label="Wie viele arbeiten bei Ihnen?",
        choices=[("", "keine Angabe"), *((size.value, size.headcount) for size in CompanySize)],
        required=False,
    )
    branch = forms.ModelChoiceField(
        label="Branche", queryset=Branch.objects.none(), required=False, empty_label="keine Angabe"
    )
    needs = forms.CharField(
        label="Was brauchen Sie, damit Sie gut dabei sein können?",
        max_length=500,
        required=False,
        help_text="Zum Beispiel: Rollstuhl, Gebärdensprache, vegan, glutenfrei.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    needs_agreed = forms.BooleanField(label=notices.CURRENT.needs, required=False)
    list_agreed = forms.BooleanField(label=notices.CURRENT.listed, required=False)
    news_agreed = forms.BooleanField(label=notices.CURRENT.news, required=False)

    def __init__(self, *args: Any, dialogue: Dialogue, **kwargs: Any) -> None:
        super().__init__(*args, dialogue=dialogue, **kwargs)
        self.fields["branch"].queryset = Branch.objects.current()
        if self.most == 1:
            del self.fields["group"]
        self.questions = list(dialogue.questions.all())
        for question in self.questions:
            self.fields[f"frage-{question.pk}"] = _question_field(question)
        if self.number == 1:
            self.fields[
                "name-0"
            ].help_text = "Leer lassen: Sie selbst kommen. Kommt jemand anderes, schreiben Sie den Namen oder „N.N.“."

    def people(self) -> list[Person]:
        """Who is meant; where one person comes and no name was written, it is who fills in the form."""
        people = super().people()
        if len(people) == 1 and not people[0].name:
            return [replace(people[0], name=self.cleaned_data["contact_name"])]
        return people

    def question_fields(self) -> list[forms.BoundField]:
        """The fields of the dialogue's own questions, for the template."""
        return [self[f"frage-{question.pk}"] for question in self.questions]

    def clean(self) -> dict[str, Any]:
        """A wish without the consent to store it is asked about, not dropped."""
        cleaned = super().clean() or {}
        if cleaned.get("needs") and not cleaned.get("needs_agreed"):
            # Not at the box: the summary would run the person's sentence beside it and ours into one.
            self.add_error(
                "needs",
                "Setzen Sie das Häkchen darunter, damit wir das speichern dürfen, oder leeren Sie das Feld.",
            )
        return cleaned

    def booking(self) -> dict[str, Any]:
        """What `registration.sign_up` wants to know, after the form was found valid."""
        names = ("company", "contact_name", "email", "size", "branch", "needs")
        agreed = ("needs_agreed", "news_agreed", "list_agreed")
        return {
            **{name: self.cleaned_data[name] for name in (*names, *agreed)},
            "group": self.cleaned_data.get("group") or Registration.Group.ALL,
            "people": self.people(),
            "answers": {question: _texts(self.cleaned_data[f"frage-{question.pk}"]) for question in self.questions},
        }


class TransferForm(forms.Form):
    """To whom a booking is handed over."""

    contact_name = forms.CharField(
        label="Name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Schreiben Sie den Namen in dieses Feld."},
    )
    email = forms.EmailField(
        label="E-Mail-Adresse",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="Dorthin schicken wir einen neuen Link. Ihrer gilt dann nicht mehr.",
        error_messages={"required": "Schreiben Sie die E-Mail-Adresse in dieses Feld.", "invalid": MISSING_ADDRESS},
    )


def asked_rows(data: QueryDict) -> dict[str, int]:
    """What a press on „Weitere Person“ or „Zeile entfernen“ asks for; nothing, for any other button."""
    rows = _number(data.get("rows")) or 1
    if "more" in data:
        return {"rows": rows + 1, "focus": rows}
    without = _number(data.get("without"))
    return {} if without is None else {"rows": max(rows - 1, 1), "without": without, "focus": without}


def _number(text: str | None) -> int | None:
    """A small number out of a post; anything else is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 4 else None


def _question_field(question: Question) -> forms.Field:
    values: dict[str, Any] = {"label": question.text, "required": question.is_required}
    values["error_messages"] = {"required": "Bitte beantworten Sie diese Frage."}
    if question.kind == Question.Kind.YES_NO:
        return forms.ChoiceField(choices=YES_NO, widget=forms.RadioSelect, **values)
    if question.kind == Question.Kind.TEXT or not question.choices:
        return forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}), **values)
    choices = [(choice, choice) for choice in question.choices]
    if question.kind == Question.Kind.SEVERAL:
        return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **values)
    return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **values)


def _texts(answer: str | list[str]) -> list[str]:
    return answer if isinstance(answer, list) else [answer] if answer else []
