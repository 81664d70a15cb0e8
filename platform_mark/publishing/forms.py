"""Forms that show the database's rules beside the fields they are about."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import BaseConstraint, CheckConstraint, Q, UniqueConstraint
from django.utils import timezone


class RuleForm(forms.ModelForm):
    """A form that checks every rule of its table, and shows each at the field that the rule names last.

    Django's own skips a rule when one of its columns is not in the form, and the database would then answer with
    an exception: a published row whose date is emptied is such a case.
    """

    def _post_clean(self) -> None:
        super()._post_clean()
        errors = self._errors.pop(NON_FIELD_ERRORS, None)
        general = list(errors.as_data()) if errors else []
        seen = {error.message for error in general}
        for constraint in self.instance._meta.constraints:
            names = list(columns_of(constraint))
            message = constraint.get_violation_error_message()
            if not seen.issuperset({message}) and not set(names) <= self.fields.keys():
                try:
                    constraint.validate(type(self.instance), self.instance, exclude=set(self._errors))
                except ValidationError as error:
                    general += error.error_list
        for error in general:
            self.add_error(self._place(error), error)

    def _place(self, error: ValidationError) -> str | None:
        for constraint in self.instance._meta.constraints:
            if error.message == constraint.get_violation_error_message():
                return next((name for name in reversed(list(columns_of(constraint))) if name in self.fields), None)
        return None


class SeenForm(forms.ModelForm):
    """Notices when somebody else saved the row while this form was open, and loses neither text."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self._stamp()

    def clean(self) -> dict[str, Any]:
        """Refuse once, keeping what was typed; a second time it is meant, and overwrites."""
        cleaned = super().clean() or self.cleaned_data
        now = self._stamp()
        if self.instance.pk and cleaned.get("seen") not in ("", None, now):
            # The form comes back with today's stamp, so that saving it again goes through.
            self.data = self.data.copy()
            self.data[self.add_prefix("seen")] = now
            raise ValidationError(
                f"Während Sie geschrieben haben, hat jemand anders gespeichert ({self._saved_at()}). Ihre Eingaben "
                "stehen alle noch hier. Sehen Sie unter „Fassungen vergleichen“ in einem neuen Fenster nach, was sich "
                "geändert hat. Speichern Sie dann noch einmal: Es gilt, was hier steht.",
                code="conflict",
            )
        return cleaned

    def _stamp(self) -> str:
        return self.instance.updated_at.isoformat() if self.instance.pk else ""

    def _saved_at(self) -> str:
        return f"{timezone.localtime(self.instance.updated_at):%d.%m.%Y, %H:%M} Uhr"


def columns_of(constraint: BaseConstraint) -> Iterator[str]:
    """The columns that a rule names, in its order."""
    if isinstance(constraint, UniqueConstraint):
        yield from _named(constraint.condition or Q())
        yield from constraint.fields
    elif isinstance(constraint, CheckConstraint) and isinstance(constraint.condition, Q):
        yield from _named(constraint.condition)


def _named(condition: Q) -> Iterator[str]:
    for child in condition.children:
        if isinstance(child, Q):
            yield from _named(child)
        else:
            yield child[0].split("__")[0]
