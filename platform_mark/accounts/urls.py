"""The pages of allauth that are in use; everything else of it stays unrouted."""

from collections.abc import Callable
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache

from . import views


def _page(route: str, view: Callable[..., Any], name: str) -> URLPattern:
    # Each of them shows or asks for something that belongs to one person.
    return path(route, never_cache(view), name=name)


urlpatterns = [
    _page("neu/", views.SignUp.as_view(), "account_signup"),
    _page("neu/bestaetigen/", account.email_verification_sent, "account_email_verification_sent"),
    _page("anmelden/", account.login, "account_login"),
    _page("anmelden/code/", account.request_login_code, "account_request_login_code"),
    _page("anmelden/code/eingeben/", account.confirm_login_code, "account_confirm_login_code"),
    _page("anmelden/passkey/", webauthn.login_webauthn, "mfa_login_webauthn"),
    _page("passwort/vergessen/", account.password_reset, "account_reset_password"),
    _page("passwort/vergessen/code/", account.confirm_password_reset_code, "account_confirm_password_reset_code"),
    _page("passwort/vergessen/neu/", account.complete_password_reset, "account_complete_password_reset"),
    _page("passwort/vergessen/fertig/", account.password_reset_from_key_done, "account_password_reset_completed"),
    _page("passwort/festlegen/", account.password_set, "account_set_password"),
    _page("adresse/", views.ChangeAddress.as_view(), "account_email"),
    _page("abmelden/", account.logout, "account_logout"),
    _page("passwort/", account.password_change, "account_change_password"),
    _page("bestaetigen/", account.reauthenticate, "account_reauthenticate"),
    _page("anmelden/zweiter-faktor/", mfa.authenticate, "mfa_authenticate"),
    _page("bestaetigen/zweiter-faktor/", mfa.reauthenticate, "mfa_reauthenticate"),
    _page("bestaetigen/passkey/", webauthn.reauthenticate_webauthn, "mfa_reauthenticate_webauthn"),
    _page("zweiter-faktor/", mfa.index, "mfa_index"),
    _page("behalten/danke/", views.kept, "account_kept"),
    _page("behalten/<str:token>/", views.keep, "account_keep"),
    _page("passkeys/", webauthn.list_webauthn, "mfa_list_webauthn"),
    _page("passkeys/neu/", webauthn.add_webauthn, "mfa_add_webauthn"),
    _page("passkeys/<int:pk>/entfernen/", webauthn.remove_webauthn, "mfa_remove_webauthn"),
    _page("zweiter-faktor/app/", views.ActivateTotp.as_view(), "mfa_activate_totp"),
    _page("zweiter-faktor/app/entfernen/", totp.deactivate_totp, "mfa_deactivate_totp"),
    _page("zweiter-faktor/codes/", recovery_codes.view_recovery_codes, "mfa_view_recovery_codes"),
    _page("zweiter-faktor/codes/neu/", recovery_codes.generate_recovery_codes, "mfa_generate_recovery_codes"),
    _page("zweiter-faktor/codes/datei/", views.DownloadRecoveryCodes.as_view(), "mfa_download_recovery_codes"),
]
