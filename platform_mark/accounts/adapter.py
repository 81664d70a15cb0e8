"""Logging in: limits that cannot lock the owner out, one answer for every refusal, the pages that follow."""

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
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

WRONG_CODE = "Dieser Code passt nicht. Ein Code der App gilt 30 Sekunden und nur einmal: Bitte nehmen Sie den nächsten."


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "Adresse und Passwort passen nicht zusammen. Bitte prüfen Sie beide Angaben.",
        "enter_current_password": "Das ist nicht Ihr bisheriges Passwort.",
        "incorrect_code": WRONG_CODE,
        "incorrect_password": "Das ist nicht Ihr Passwort.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Staff accounts are made by the administration; nobody registers for one."""
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        """There is one way in, by the pages; no second one in JSON that nobody looks at."""
        return False

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
        """Staff work in the administration; for anybody else there is no page of their own yet."""
        return reverse("admin:index" if getattr(request.user, "is_staff", False) else "home")

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
