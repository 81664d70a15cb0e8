"""The forms under /konto/. Every field is named: state, organisation and dates of publication are never among them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, MaxLengthValidator, URLValidator
from django.db.models import QuerySet
from django.utils import timezone

from platform_mark.taxonomy.models import Branch, CompanySize, District, Municipality, TargetGroup, Topic

from .models import Activity, Actor, Claim, Cooperation, Membership, Revision
from .snapshot import EMPTY, FIELDS

NO_ADDRESS = "Das ist noch keine ganze E-Mail-Adresse. Beispiel: digital@kammer.de"
NO_WEB = "Bitte geben Sie eine Adresse ein, die mit https:// oder http:// beginnt."
# Rules across fields of an activity, and the field beside which each is told.
BESIDE = {
    "activity_names_a_person_with_consent": "person_agreed_on",
    "activity_ends_after_it_begins": "valid_until",
}
# What an entry must say before it is handed over, besides its title.
NEEDED = ("summary", "kind", "cost", "visibility")
TOO_LONG = "Bitte kürzen Sie: höchstens %(limit_value)d Zeichen, es sind %(show_value)d."


class RequestsForm(forms.Form):
    """For which of the own organisations somebody wants requests of others at the own address, too."""

    actors = forms.ModelMultipleChoiceField(
        label="Anfragen zur Zusammenarbeit auch an mich",
        queryset=Actor.objects.none(),
        to_field_name="slug",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Sie gehen immer an das Funktionspostfach. Hier wählen Sie, ob Anfragen und Antworten auch an Ihre Adresse gehen.",
        error_messages={"invalid_choice": "Für diese Organisation sprechen Sie nicht."},
    )

    def __init__(self, *args: Any, members: "QuerySet[Membership]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.members = members
        field: Any = self.fields["actors"]
        field.queryset = Actor.objects.filter(memberships__in=members).order_by("name")
        field.initial = list(members.filter(gets_requests=True).values_list("actor__slug", flat=True))

    def save(self) -> None:
        """Keep the choice for all of the own organisations."""
        chosen = self.cleaned_data["actors"]
        self.members.filter(actor__in=chosen).update(gets_requests=True)
        self.members.exclude(actor__in=chosen).update(gets_requests=False)


class AccountForm(forms.ModelForm):
    """What the forms here share: our words for what is missing, not an address, or too long."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.error_messages["required"] = "Bitte füllen Sie dieses Feld aus."
            if isinstance(field, forms.TypedChoiceField) and isinstance(field.widget, forms.Select):
                field.choices = [(value, label if value else "Bitte wählen") for value, label in field.choices]
            # A field's validators are its own copies, but the objects in them may be shared: replaced, never changed.
            field.validators = [_in_our_words(each) for each in field.validators]


def _in_our_words(validator: Any) -> Any:
    if isinstance(validator, MaxLengthValidator):
        return MaxLengthValidator(validator.limit_value, TOO_LONG)
    return EmailValidator(NO_ADDRESS) if isinstance(validator, EmailValidator) else validator


def _web(label: str, *, help_text: str = "", max_length: int) -> forms.URLField:
    field = forms.URLField(
        label=label,
        help_text=help_text,
        max_length=max_length,
        required=False,
        assume_scheme="https",
        error_messages={"invalid": NO_WEB},
        widget=forms.URLInput(attrs={"inputmode": "url", "autocomplete": "url"}),
    )
    others = [each for each in field.validators if not isinstance(each, URLValidator)]
    field.validators = [*others, URLValidator(schemes=["http", "https"], message=NO_WEB)]
    return field


def _choices(label: str, choices: Any, *, help_text: str = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple, help_text=help_text
    )


def _terms(label: str, queryset: Any, key: str, *, help_text: str = "") -> forms.ModelMultipleChoiceField:
    return forms.ModelMultipleChoiceField(
        queryset,
        label=label,
        to_field_name=key,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=help_text,
        error_messages={"invalid_choice": "Das steht nicht zur Wahl.", "invalid_pk_value": "Das steht nicht zur Wahl."},
    )


def _day(label: str, *, help_text: str = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        help_text=help_text,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Bitte geben Sie einen Tag ein, zum Beispiel 31.12.2026."},
    )


class ActorForm(AccountForm):
    """What an organisation says of itself; both addresses are needed."""

    website = _web("Internetseite", max_length=500)
    municipality = forms.ModelChoiceField(
        Municipality.objects.all(),
        label="Sitz in der Region",
        to_field_name="slug",
        required=False,
        empty_label="nicht in der Region",
        error_messages={"invalid_choice": "Diese Stadt steht nicht zur Wahl."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("contact_email", "second_email"):
            self.fields[name].required = True

    def clean(self) -> dict[str, Any]:
        """Two mailboxes, so that a mail still finds somebody when one has gone quiet."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, second = cleaned.get("contact_email"), cleaned.get("second_email")
        if first and second and first.casefold() == second.casefold():
            self.add_error("second_email", "Bitte nennen Sie eine andere Adresse als das Funktionspostfach.")
        return cleaned


class FoundForm(ActorForm):
    reason = forms.CharField(
        label="Für wen sprechen Sie, und was möchten Sie eintragen?",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Ein, zwei Sätze. Das liest nur die Regionalagentur, bevor sie Ihre Organisation freischaltet.",
    )

    class Meta:
        model = Actor
        fields = ["name", "kind", "website", "municipality", "place", "contact_email", "second_email"]
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "organization"})}


class ProfileForm(ActorForm):
    municipalities = _terms(
        "Tätig in", Municipality.objects.all(), "slug", help_text="Nichts gewählt heißt: in der ganzen Region."
    )

    class Meta:
        model = Actor
        fields = [
            *("summary", "description", "website", "municipality", "place", "municipalities"),
            *("contact_email", "contact_phone", "second_email"),
        ]
        widgets = {
            "summary": forms.Textarea(attrs={"rows": 2}),
            "description": forms.Textarea(attrs={"rows": 6}),
            "contact_phone": forms.TextInput(attrs={"type": "tel", "inputmode": "tel"}),
        }


class ClaimForm(AccountForm):
    class Meta:
        model = Claim
        fields = ["reason"]
        labels = {"reason": "Woran erkennen wir, dass Sie für diese Organisation sprechen?"}
        help_texts = {"reason": "Zum Beispiel Ihre Aufgabe dort, und wer es uns am Telefon bestätigen kann."}
        widgets = {"reason": forms.Textarea(attrs={"rows": 4})}


class InvitationForm(forms.Form):
    email = forms.EmailField(
        label="E-Mail-Adresse",
        help_text="Die Person bekommt einen Link, der 14 Tage gilt.",
        error_messages={"required": "Bitte geben Sie eine Adresse ein.", "invalid": NO_ADDRESS},
    )
    role = forms.ChoiceField(
        label="Rolle",
        choices=[
            (Membership.Role.EDITOR, "Redaktion: schreibt und bestätigt Einträge"),
            (Membership.Role.OWNER, "Verantwortlich: verwaltet auch die Personen"),
        ],
        initial=Membership.Role.EDITOR,
        widget=forms.RadioSelect,
    )


class LeaveForm(forms.Form):
    way = forms.ChoiceField(
        label="Was soll bleiben?",
        choices=[
            ("note", "Name und frühere Einträge bleiben, mit dem Hinweis „ehemals“"),
            (
                "erase",
                "Alles wird nach 30 Tagen gelöscht. In Dialogen, an denen Sie mitgewirkt haben, bleibt nur der Name",
            ),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Bitte wählen Sie, was bleiben soll."},
    )
    sure = forms.BooleanField(
        label="Ja, wir verlassen das Register",
        error_messages={"required": "Bitte setzen Sie das Häkchen. Der Austritt lässt sich nicht zurücknehmen."},
    )


class CooperationForm(AccountForm):
    class Meta:
        model = Cooperation
        fields = ["text"]
        labels = {"text": "Ihre Nachricht"}
        help_texts = {"text": "Was haben Sie vor, und was wünschen Sie sich? Ihre Adresse geben wir nicht weiter."}
        widgets = {"text": forms.Textarea(attrs={"rows": 6})}


class AnswerForm(forms.Form):
    text = forms.CharField(
        label="Ihre Antwort",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Ihre Adresse geben wir nicht weiter. Schreiben Sie dazu, wie man Sie erreicht, wenn Sie das möchten.",
        error_messages={"required": "Bitte schreiben Sie eine Antwort."},
    )


class ActivityForm(AccountForm):
    """An entry as its organisation writes it. A draft needs a title only; what is handed over must be whole.

    The instance is never saved: what was written goes into a revision (`actors.review.write`).
    """

    target_groups = _choices("Für wen", TargetGroup.choices)
    sizes = _choices(
        "Betriebsgrößen",
        [(size.value, f"{size.label} ({size.headcount})") for size in CompanySize],
        help_text="Nichts gewählt heißt: für alle Größen.",
    )
    phases = _choices("Phase", Activity.Phase.choices, help_text="Wobei hilft das Angebot?")
    branches = _terms(
        "Branchen", Branch.objects.current(), "slug", help_text="Nichts gewählt heißt: für alle Branchen."
    )
    topics = _terms("Themen", Topic.objects.current(), "slug")
    districts = _terms("Kreise", District.objects.all(), "key")
    municipalities = _terms("Einzelne Städte und Gemeinden", Municipality.objects.all(), "ags")
    url = _web("Mehr im Internet", max_length=1000)
    valid_from = _day("Ab", help_text="Leer lassen: Das Angebot gilt schon.")
    valid_until = _day("Bis", help_text="Danach steht es unter „Frühere Einträge“.")
    person_agreed_on = _day(
        "Einwilligung der Person vom", help_text="An diesem Tag hat die Person zugestimmt, hier mit Namen zu stehen."
    )
    change_note = forms.CharField(
        label="Was ist neu?",
        max_length=Revision._meta.get_field("change_note").max_length,
        required=False,
        help_text="Öffentlich. Ein Satz genügt: „Neuer Termin im März“.",
    )
    # Which state of the text this form began with, see `review.write`.
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Activity
        fields = list(FIELDS)
        help_texts = {
            "title": "Sagen Sie, was ein Betrieb davon hat. Nicht: „Workshop-Reihe 4.0“. Besser: „Halbtag: Rüsten ohne Suchen“.",
            "description": "Drei bis fünf Sätze. Was geschieht, wie lange dauert es, was kommt dabei heraus?",
            "external_id": "Aus Ihrem System. Hilft beim Einlesen.",
        }
        widgets = {
            "summary": forms.Textarea(attrs={"rows": 2}),
            "description": forms.Textarea(attrs={"rows": 8}),
            "kind": forms.RadioSelect,
            "cost": forms.RadioSelect,
            "visibility": forms.RadioSelect,
            "contact_phone": forms.TextInput(attrs={"type": "tel", "inputmode": "tel"}),
        }

    def __init__(
        self, *args: Any, actor: Actor, is_draft: bool = False, written: Mapping[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(*args, initial={**EMPTY, **written}, **kwargs)
        self.instance.actor = actor
        self.is_draft = is_draft
        self._ask_for_all(True)
        self.fields["kind"].choices = Activity.Kind.choices
        if not self.instance.changed_at:
            del self.fields["change_note"]

    def full_clean(self) -> None:
        """What a draft may leave open is asked for all the same: its labels never call it voluntary."""
        self._ask_for_all(not self.is_draft)
        super().full_clean()
        self._ask_for_all(True)

    def clean_valid_until(self) -> date | None:
        """What is over cannot appear: staff could not approve it. A draft may wait with a new day."""
        until: date | None = self.cleaned_data["valid_until"]
        if until and until < timezone.localdate() and not self.is_draft:
            raise ValidationError("Dieser Tag ist vorbei. Nennen Sie einen späteren, oder lassen Sie das Feld leer.")
        return until

    def _ask_for_all(self, is_required: bool) -> None:
        for name in NEEDED:
            self.fields[name].required = is_required

    def _get_validation_exclusions(self) -> set[str]:
        # The organisation is no field, and yet its own marks must not come twice.
        return super()._get_validation_exclusions() - {"actor"}

    def _update_errors(self, errors: ValidationError) -> None:
        # A rule across fields is told beside the field that mends it, as far as there is one.
        beside = {
            rule.violation_error_message: BESIDE[rule.name]
            for rule in Activity._meta.constraints
            if rule.name in BESIDE
        }
        told: dict[str, list[ValidationError]] = {}
        for name, each in errors.update_error_dict({}).items():
            for error in each:
                told.setdefault(beside.get(error.message, name), []).append(error)
        super()._update_errors(ValidationError(told))

    def see(self, stamp: str) -> None:
        """Let the form come back with today's stamp, so that saving it again goes through."""
        self.data = self.data.copy()
        self.data[self.add_prefix("seen")] = stamp

    def written(self) -> dict[str, Any]:
        """What was written, for `review.write`; what has a usual value keeps it where nothing was chosen."""
        return {name: self.cleaned_data[name] or EMPTY[name] for name in FIELDS}
