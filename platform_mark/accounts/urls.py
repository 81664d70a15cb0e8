"""The few pages of allauth that staff need; everything else of it stays unrouted until it is used."""

from collections.abc import Callable
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache

from . import views


def _page(route: str, view: Callable[..., Any], name: str) -> URLPattern:
    # Each of them shows or asks for something that belongs to one person.
    return path(route, never_cache(view), name=name)


urlpatterns = [
    _page("anmelden/", account.login, "account_login"),
    _page("abmelden/", account.logout, "account_logout"),
    _page("passwort/", account.password_change, "account_change_password"),
    _page("bestaetigen/", account.reauthenticate, "account_reauthenticate"),
    _page("anmelden/zweiter-faktor/", mfa.authenticate, "mfa_authenticate"),
    _page("bestaetigen/zweiter-faktor/", mfa.reauthenticate, "mfa_reauthenticate"),
    _page("zweiter-faktor/", mfa.index, "mfa_index"),
    _page("zweiter-faktor/app/", views.ActivateTotp.as_view(), "mfa_activate_totp"),
    _page("zweiter-faktor/app/entfernen/", totp.deactivate_totp, "mfa_deactivate_totp"),
    _page("zweiter-faktor/codes/", recovery_codes.view_recovery_codes, "mfa_view_recovery_codes"),
    _page("zweiter-faktor/codes/neu/", recovery_codes.generate_recovery_codes, "mfa_generate_recovery_codes"),
    _page("zweiter-faktor/codes/datei/", views.DownloadRecoveryCodes.as_view(), "mfa_download_recovery_codes"),
]
