"""The forms of logging in, in our words. What they check is allauth's."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from django import forms

from .passwords import MAXIMUM_LENGTH

CODE = {"inputmode": "numeric", "autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false"}


def _describe(form: forms.Form, name: str, label: str, *, required: str, help_text: str = "", **attrs: str) -> None:
    """Name a field; its placeholder goes, since a hint that vanishes while typing helps nobody."""
    field = form.fields[name]
    field.label, field.help_text = label, help_text
    field.error_messages["required"] = required
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update(attrs)


class LoginForm(account.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe(
            self, "login", "E-Mail-Adresse", required="Bitte geben Sie Ihre Adresse ein.", autocomplete="username"
        )
        self.fields["login"].error_messages["invalid"] = (
            "Das ist noch keine ganze E-Mail-Adresse. Beispiel: name@firma.de"
        )
        _describe(self, "password", "Passwort", required="Bitte geben Sie Ihr Passwort ein.")


class ReauthenticateForm(account.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe(self, "password", "Ihr Passwort", required="Bitte geben Sie Ihr Passwort ein.")


class ChangePasswordForm(account.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe(self, "oldpassword", "Bisheriges Passwort", required="Bitte geben Sie Ihr bisheriges Passwort ein.")
        _describe(
            self,
            "password1",
            "Neues Passwort",
            required="Bitte geben Sie ein neues Passwort ein.",
            help_text=f"12 bis {MAXIMUM_LENGTH} Zeichen. Gut ist ein Satz, den nur Sie kennen.",
        )
        _describe(self, "password2", "Neues Passwort noch einmal", required="Bitte geben Sie es noch einmal ein.")

    def clean(self) -> dict[str, Any]:
        """Both entries must be the same; the parent's check says it with „du“."""
        cleaned: dict[str, Any] = super(account.PasswordVerificationMixin, self).clean() or self.cleaned_data
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error(
                "password2", "Beide Eingaben sind verschieden. Bitte geben Sie zweimal dasselbe Passwort ein."
            )
        return cleaned


class CodeForm(mfa.AuthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe(
            self,
            "code",
            "Code",
            required="Bitte geben Sie einen Code ein.",
            help_text="Sechs Ziffern aus Ihrer App, oder einer Ihrer Wiederherstellungscodes mit acht Ziffern.",
            **CODE,
        )


class ReauthenticateCodeForm(mfa.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe(
            self,
            "code",
            "Code",
            required="Bitte geben Sie einen Code ein.",
            help_text="Sechs Ziffern aus Ihrer App, oder einer Ihrer Wiederherstellungscodes mit acht Ziffern.",
            **CODE,
        )


class ActivateTotpForm(totp.ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe(
            self,
            "code",
            "Code aus der App",
            required="Bitte geben Sie den Code ein, den Ihre App zeigt.",
            help_text="Sechs Ziffern. Sie wechseln alle 30 Sekunden.",
            **CODE,
        )
