"""The staff's side of the portal: who may enter, what waits there, and what its pages may load."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from csp.constants import NONCE
from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST
from django.views.i18n import JavaScriptCatalog
from js_asset import Media

# The one style sheet that the text editor writes into the page; a test compares it with the installed editor.
EDITOR_STYLE = "'sha256-PlumsSlvJ7vvWzjqibGAYKq92O3y/4JTxWWsWJvyUYA='"


class DeskSite(AdminSite):
    site_title = "Verwaltung"
    site_header = "Verwaltung des Portals"
    index_title = "Was ansteht"
    empty_value_display = "–"

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff only, and where the settings ask for it only with a second factor that this session has shown."""
        # Models may not be imported where the app registry makes the site.
        from platform_mark.accounts import second_factor

        return super().has_permission(request) and (
            not settings.STAFF_SECOND_FACTOR or second_factor.is_proven(request)
        )

    def admin_view(self, view: Callable[..., HttpResponseBase], cacheable: bool = False) -> Callable[..., Any]:
        """Wrap every page of the administration: nobody passes without permission, and the editor may load."""

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                return self._show_the_way(request, request.get_full_path())
            response = view(request, *args, **kwargs)
            if isinstance(response, TemplateResponse):
                _allow_editor(request, response)
            return response

        guarded = checked if getattr(view, "csrf_exempt", False) else csrf_protect(checked)
        return guarded if cacheable else never_cache(guarded)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one login for everybody, with its limits and its second step."""
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
            wanted = reverse("admin:index")
        return redirect(wanted) if self.has_permission(request) else self._show_the_way(request, wanted)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One page for everybody; it asks by a button."""
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One page for everybody."""
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Where that page ends."""
        return redirect("mfa_index")

    def i18n_javascript(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """German words for the scripts of the administration and of the text editor."""
        return JavaScriptCatalog.as_view(packages=["django.contrib.admin", "django_prose_editor"])(request)

    def get_urls(self) -> list[Any]:
        """Add the page for one person's data, and the switch of the daily mail."""
        own = [
            path("person/", self.admin_view(self.person), name="person"),
            path("uebersicht/", self.admin_view(require_POST(self.digest_view)), name="digest"),
        ]
        return [*own, *super().get_urls()]

    def person(self, request: HttpRequest) -> HttpResponse:
        """Give out or erase what is stored under one address."""
        from . import privacy_views

        return privacy_views.person(self, request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The start page: what there is to do, then everything."""
        from platform_mark.accounts import second_factor

        from .todo import todos

        context = {
            "todos": todos(request.user),  # type: ignore[arg-type]
            "offers_second_factor": not second_factor.is_set_up(request.user),  # type: ignore[arg-type]
        }
        return super().index(request, context | (extra_context or {}))

    def digest_view(self, request: HttpRequest) -> HttpResponse:
        """Order the daily mail, or stop it, for oneself."""
        user: Any = request.user
        user.gets_digest = "on" in request.POST
        user.save(update_fields=["gets_digest"])
        return redirect("admin:index")

    def _show_the_way(self, request: HttpRequest, wanted: str) -> HttpResponse:
        """Lead to what is missing: the login, or the second factor. Who is not staff has no way in."""
        from platform_mark.accounts import second_factor

        user = request.user
        if user.is_anonymous:
            return redirect(f"{reverse('account_login')}?{urlencode({'next': wanted})}")
        if not super().has_permission(request):
            raise PermissionDenied
        if second_factor.is_set_up(user):
            return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': wanted})}")
        return redirect("mfa_activate_totp")


def _allow_editor(request: HttpRequest, response: TemplateResponse) -> None:
    """Let the page load the text editor where it has one: its import map by a nonce, its style sheet by a hash."""
    context = response.context_data
    if context is None or not isinstance(media := context.get("media"), Media):
        return
    context["media"] = media.with_nonce(str(request.csp_nonce))
    response._csp_update = {"script-src": [NONCE], "style-src": [EDITOR_STYLE]}
