"""Where allauth's views need a word or a step of ours."""

from typing import Any

from allauth.account.views import EmailView, SignupView
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import DownloadRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView
from django.conf import settings
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from platform_mark.tokens import BadToken, keep_address

from . import idle


class SignUp(SignupView):
    def form_valid(self, form: Any) -> HttpResponse:
        """Make the account; a form that a trap has caught comes back with all input, to be sent once more."""
        if form.is_suspicious():
            again = self.get_form_class()(initial={name: form.cleaned_data[name] for name in ("name", "email")})
            context = self.get_context_data(form=again, ask_again=True)
            return self.render_to_response(context, status=422)
        return super().form_valid(form)


class ChangeAddress(EmailView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """For actors; the addresses of staff are given out by the administration, together with their rights."""
        if getattr(request.user, "is_staff", False):
            return redirect("mfa_index")
        return super().dispatch(request, *args, **kwargs)


class ActivateTotp(ActivateTOTPView):
    def form_valid(self, form: Form) -> HttpResponse:
        """Who has just proven to hold the second factor has logged in with it: this session counts as such."""
        response = super().form_valid(form)
        app = Authenticator.objects.get(user_id=self.request.user.pk, type=Authenticator.Type.TOTP)
        post_authentication(self.request, app, reauthenticated=True)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        secret = context["form"].secret
        # In groups of four, since some people type it; apps read past the gaps.
        context["spaced_secret"] = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
        context["is_required"] = settings.STAFF_SECOND_FACTOR and getattr(self.request.user, "is_staff", False)
        return context


class DownloadRecoveryCodes(DownloadRecoveryCodesView):
    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        response = super().render_to_response(context, **kwargs)
        response.headers["Content-Disposition"] = 'attachment; filename="wiederherstellungscodes.txt"'
        return response


@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest, token: str) -> HttpResponse:
    """What the mail about an unused account opens: one button keeps it, without login. Looking keeps nothing."""
    try:
        row = idle.find_row(token)
        if request.method == "POST":
            idle.keep(row.user)
            return redirect("account_kept")
    except BadToken as error:
        raise Http404 from error
    return keep_address(render(request, "account/keep.html", {"idle": row}), has_form=True)


@require_safe
def kept(request: HttpRequest) -> HttpResponse:
    """Said after that button."""
    return render(request, "account/kept.html")
