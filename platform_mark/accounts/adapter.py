"""Logging in: limits that cannot lock the owner out, one answer for every refusal, our mails, the pages that follow."""

import time
from typing import Any

import qrcode
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timezone import localdate

from platform_mark.mail import codes
from platform_mark.mail.outbox import queue

from .addresses import vouch_for

WRONG_CODE = "Dieser Code passt nicht. Ein Code der App gilt 30 Sekunden und nur einmal: Bitte nehmen Sie den nächsten."
WRONG_MAIL_CODE = "Dieser Code passt nicht. Bitte vergleichen Sie ihn mit dem in der E-Mail."

# The mails that anybody can trigger for any address: they count towards its limit.
OPEN_MAILS = {
    "account/email/email_confirmation_signup": "konto-bestaetigen",
    "account/email/email_confirmation": "adresse-bestaetigen",
    "account/email/account_already_exists": "konto-gibt-es-schon",
    "account/email/unknown_account": "konto-unbekannt",
    "account/email/login_code": "anmeldecode",
    "account/email/password_reset_code": "passwort-code",
}
PATHS = {"login": "account_login", "sign_up": "account_signup", "reset": "account_reset_password"}
# What happened to an account, as its mail says it.
NEWS = {
    "account/email/password_changed": "Ihr Passwort wurde geändert.",
    "account/email/password_set": "Für Ihr Konto wurde ein Passwort festgelegt.",
    "account/email/password_reset": "Ihr Passwort wurde neu gesetzt.",
    "mfa/email/totp_activated": "Für Ihr Konto wurde ein zweiter Faktor eingerichtet: eine App mit Codes.",
    "mfa/email/totp_deactivated": "Der zweite Faktor Ihres Kontos, die App mit Codes, wurde entfernt.",
    "mfa/email/webauthn_added": "Für Ihr Konto wurde ein Passkey eingerichtet.",
    "mfa/email/webauthn_removed": "Ein Passkey Ihres Kontos wurde entfernt.",
    "mfa/email/recovery_codes_generated": "Für Ihr Konto wurden neue Wiederherstellungscodes erzeugt.",
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "Adresse und Passwort passen nicht zusammen. Bitte prüfen Sie beide Angaben.",
        "enter_current_password": "Das ist nicht Ihr bisheriges Passwort.",
        "incorrect_code": WRONG_MAIL_CODE,
        "incorrect_password": "Das ist nicht Ihr Passwort.",
        "too_many_login_attempts": "Das waren zu viele Versuche. Bitte fordern Sie einen neuen Code an.",
        "rate_limited": "Bitte warten Sie ein paar Sekunden, bevor Sie noch einen Code anfordern.",
        "duplicate_email": "Das ist schon Ihre Adresse.",
        "same_as_current": "Das ist schon Ihre Adresse.",
        "email_taken": "Diese Adresse können wir nicht übernehmen. Bitte rufen Sie uns an.",
        "invalid_login": "Adresse und Passwort passen nicht zusammen. Bitte prüfen Sie beide Angaben.",
        "unverified_primary_email": "Bitte bestätigen Sie zuerst Ihre Adresse.",
    }

    def is_ajax(self, request: HttpRequest) -> bool:
        """There is one way in, by the pages; only what a browser needs for a passkey is asked for by a script."""
        return request.method == "GET" and request.path == reverse("mfa_login_webauthn")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Put allauth's mails into the outbox, in our words; raises KeyError for one that has no words yet."""
        with transaction.atomic():
            if template_prefix == "account/email/email_changed":
                for address in (context["from_email"], context["to_email"]):
                    queue("adresse-geaendert", address, context={"to_email": context["to_email"]})
            elif kind := OPEN_MAILS.get(template_prefix):
                paths = {name: f"{settings.BASE_URL}{reverse(url)}" for name, url in PATHS.items()}
                mail = queue(kind, email, context={**paths, "code": codes.MARKER}, is_limited=True)
                if mail is not None and "code" in context:
                    codes.hide(mail, context["code"])
            else:
                queue("konto-geaendert", email, context={"news": NEWS[template_prefix]})

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """The administration gives out the addresses of staff; nobody confirms them by mail."""
        if user.is_staff and user.is_active:
            vouch_for(user)
        return super().pre_login(request, user, **kwargs)

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """The same page as for everybody who has just failed: nobody learns that this account once was."""
        return HttpResponseRedirect(reverse("account_login"))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count this try as failed (a success takes it back), and refuse it after too many.

        What is counted for an account over all clients never refuses a client's first try: it only makes that the
        last one for a while. So nobody can lock the owner out by failing on purpose.
        """
        login = str(credentials.get("email", "")).lower()
        by_account = self._count(request, "login_failed_account", login)
        pair = "login_failed" if by_account else "login_failed_under_attack"
        by_pair = self._count(request, pair, f"{ratelimit.get_ip(request)} {login}")
        by_client = self._count(request, "login_failed_client", login)
        counted = [count for count in (by_account, by_pair, by_client) if count]
        self._login_failed_rl_usage = ratelimit.RateLimitUsage(usage=[use for count in counted for use in count.usage])
        if not by_pair or not by_client:
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Return the account; an account that is switched off is answered like one that does not exist."""
        user = super().authenticate(request, **credentials)
        if user and not user.is_active:
            self.pre_authenticate(request, **credentials)
            return None
        return user

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Make the error for a form; too many tries are no error of a form but an answer of their own (429)."""
        if code in {"too_many_login_attempts", "rate_limited"}:
            raise ImmediateHttpResponse(ratelimit.respond_429(context.request))
        return super().validation_error(code, *args)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether to ask for the password again; not from somebody who typed it minutes ago."""
        records = get_authentication_records(self.request, self.request.user)
        if records and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            return False
        return super().is_reauthentication_required(app=app, **kwargs)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff work in the administration, actors on their own page."""
        return reverse("admin:index" if getattr(request.user, "is_staff", False) else "account:home")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """Where somebody arrives who has just confirmed a new account."""
        return reverse("account:home")

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        """Back to the overview, which says that it worked."""
        return reverse("mfa_index")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the overview, which says that it worked."""
        return reverse("mfa_index")

    def _count(self, request: HttpRequest, action: str, key: str) -> ratelimit.RateLimitUsage | None:
        return ratelimit.consume(request, app="allauth.account", action=action, key=key)


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_generate_recovery_codes": "Richten Sie zuerst eine App ein. Erst dann gibt es Wiederherstellungscodes.",
        "incorrect_code": WRONG_CODE,
    }

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Any) -> str:
        """The name that is proposed for a new passkey."""
        return f"Passkey vom {localdate():%d.%m.%Y}"

    def build_totp_svg(self, url: str) -> str:
        """Draw the QR code as part of the page: our policy for images allows no `data:` address."""
        code = qrcode.QRCode(box_size=1, border=4)
        code.add_data(url)
        matrix = code.get_matrix()
        dots = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark)
        return format_html(
            '<svg class="qr" viewBox="0 0 {0} {0}" width="240" height="240" role="img" aria-label="QR-Code für Ihre App" '
            'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{0}v{0}H0z"/><path fill="#000" d="{1}"/></svg>',
            *(len(matrix), dots),
        )
