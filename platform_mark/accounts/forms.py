"""The forms of logging in, in our words. What they check is allauth's."""

from collections.abc import Callable
from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.contrib.auth.hashers import make_password
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from platform_mark.limits import OpenForm

from .passwords import MAXIMUM_LENGTH

NO_ADDRESS = "Das ist noch keine ganze E-Mail-Adresse. Beispiel: name@firma.de"
# Shorter than the column, since names of domains grow when they are written for machines.
LONGEST_ADDRESS = 200
WRONG_PASSKEY = "Dieser Passkey passt nicht. Bitte versuchen Sie es noch einmal, oder nehmen Sie Ihr Passwort."
GOOD_PASSWORD = f"12 bis {MAXIMUM_LENGTH} Zeichen. Gut ist ein Satz, den nur Sie kennen."
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
        self.fields["login"].error_messages["invalid"] = NO_ADDRESS
        _describe(self, "password", "Passwort", required="Bitte geben Sie Ihr Passwort ein.")


class ReauthenticateForm(account.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe(self, "password", "Ihr Passwort", required="Bitte geben Sie Ihr Passwort ein.")


class _SamePasswordTwice:
    """A new password, typed twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe(
            self,  # type: ignore[arg-type]
            "password1",
            "Neues Passwort",
            required="Bitte geben Sie ein neues Passwort ein.",
            help_text=GOOD_PASSWORD,
        )
        _describe(self, "password2", "Neues Passwort noch einmal", required="Bitte geben Sie es noch einmal ein.")  # type: ignore[arg-type]

    def clean(self) -> dict[str, Any]:
        """Both entries must be the same; the parent's check says it with „du“."""
        cleaned: dict[str, Any] = super(account.PasswordVerificationMixin, self).clean() or self.cleaned_data
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error(
                "password2", "Beide Eingaben sind verschieden. Bitte geben Sie zweimal dasselbe Passwort ein."
            )
        return cleaned


class ChangePasswordForm(_SamePasswordTwice, account.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe(self, "oldpassword", "Bisheriges Passwort", required="Bitte geben Sie Ihr bisheriges Passwort ein.")


class SignUpForm(OpenForm, account.SignupForm):
    """Name, address and password, with the quiet traps of every open form."""

    name = forms.CharField(
        label="Ihr Name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "Bitte nennen Sie Ihren Namen."},
        help_text="Sehen nur Ihre Kolleginnen und Kollegen und die Redaktion.",
    )
    field_order = ("name", "email", "password1")
    account_already_exists: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe_address(self, "Dorthin schicken wir einen Code. Am besten Ihre dienstliche Adresse.")
        _describe(
            self,
            "password1",
            "Passwort",
            required="Bitte denken Sie sich ein Passwort aus.",
            help_text=GOOD_PASSWORD,
        )

    def signup(self, request: HttpRequest, user: Any) -> None:
        """Keep the name with the account."""
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])

    def try_save(self, request: HttpRequest) -> tuple[Any, Any]:
        """Make the account, or do as if: an address that has one takes as long and gets its mail, too."""
        if not self.account_already_exists:
            try:
                with transaction.atomic():
                    return super().try_save(request)
            except IntegrityError:
                # Somebody else was quicker with the same address.
                self.account_already_exists = True
        make_password(self.cleaned_data["password1"])
        return super().try_save(request)


class _MailCodeForm(account.BaseConfirmCodeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe(
            self,
            "code",
            "Code aus der E-Mail",
            required="Bitte geben Sie den Code aus der E-Mail ein.",
            help_text="Acht Ziffern. Den Strich können Sie weglassen.",
            **CODE,
        )


class ConfirmAddressForm(_MailCodeForm, account.ConfirmEmailVerificationCodeForm):
    """The code that proves an address."""


class LoginCodeForm(_MailCodeForm, account.ConfirmLoginCodeForm):
    """The code that stands for the password."""


class ResetCodeForm(_MailCodeForm, account.ConfirmPasswordResetCodeForm):
    """The code that allows a new password."""


class _KnownAddress:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe_address(self, "Die Adresse, mit der Sie Ihr Konto angelegt haben.")  # type: ignore[arg-type]


class RequestLoginCodeForm(_KnownAddress, account.RequestLoginCodeForm):
    """Where the code goes that stands for the password."""


class ResetPasswordForm(_KnownAddress, account.ResetPasswordForm):
    """Where the code goes that allows a new password."""


class NewAddressForm(account.AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe_address(
            self, "Dorthin schicken wir einen Code. Ihre bisherige Adresse gilt, bis Sie ihn eingegeben haben."
        )
        self.fields["email"].label = "Neue E-Mail-Adresse"


class NewPasswordForm(_SamePasswordTwice, account.ResetPasswordKeyForm):
    """The new password of who forgot the old one."""


def _checked_passkey(check: Callable[[], Any]) -> Any:
    """Whatever is sent as a passkey's answer: it fits, or one sentence says that it does not."""
    try:
        return check()
    except (forms.ValidationError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # The library trusts the shape of what it parses; a browser sends the right one, anybody else what they like.
        raise forms.ValidationError(WRONG_PASSKEY, code="incorrect_code") from error


class PasskeyForm(webauthn.AuthenticateWebAuthnForm):
    """A passkey as the second factor."""

    def clean_credential(self) -> Any:
        """The passkey that has answered."""
        return _checked_passkey(super().clean_credential)


class LoginPasskeyForm(PasskeyForm, webauthn.LoginWebAuthnForm):
    """A passkey instead of the password."""


class ReauthenticatePasskeyForm(PasskeyForm, webauthn.ReauthenticateWebAuthnForm):
    """A passkey before something that needs a second look."""


class AddPasskeyForm(webauthn.AddWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Name"
        self.fields["name"].max_length = 60
        self.fields["name"].validators.append(MaxLengthValidator(60))
        self.fields["name"].help_text = "Damit Sie mehrere auseinanderhalten können, zum Beispiel „Telefon“."
        self.fields["passwordless"].label = "Ohne Passwort anmelden"
        self.fields["passwordless"].help_text = "Der Passkey fragt dann nach Fingerabdruck, Gesicht oder PIN."
        self.fields["passwordless"].initial = True

    def clean(self) -> Any:
        """The whole, with the new passkey in it."""
        return _checked_passkey(super().clean)


def _describe_address(form: forms.Form, help_text: str) -> None:
    _describe(
        form,
        "email",
        "E-Mail-Adresse",
        required="Bitte geben Sie Ihre Adresse ein.",
        help_text=help_text,
        autocomplete="email",
    )
    form.fields["email"].error_messages["invalid"] = NO_ADDRESS
    form.fields["email"].validators.append(MaxLengthValidator(LONGEST_ADDRESS, NO_ADDRESS))


class _AppCodeForm(mfa.BaseAuthenticateForm):
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


class CodeForm(_AppCodeForm, mfa.AuthenticateForm):
    """The second factor at the login."""


class ReauthenticateCodeForm(_AppCodeForm, mfa.ReauthenticateForm):
    """The second factor before something that needs a second look."""


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
