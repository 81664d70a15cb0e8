"""Signing up: the form of a dialogue, and the page that says to look into one's mail."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from platform_mark.limits import TooManyRequests, is_within, require_within
from platform_mark.tokens import keep_address

from . import links, notices, registration
from .locking import TryAgain
from .models import Dialogue
from .seats import Word, seat_state
from .showing import sign
from .signup_forms import SignUpForm, asked_rows
from .transitions import Refused

HOUR = timedelta(hours=1)
# A whole company may sit behind one address; a whole region signs up for one dialogue.
POSTS_AN_HOUR, POSTS_AN_HOUR_PER_DIALOGUE = 20, 1_000
# The database's answer to these is about the dialogue, not about the input: the form would be no use any more.
CLOSING = frozenset({"closed", "cancelled", "hidden", "over", "not_yet", "invitation"})


@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest, slug: str, token: str = "") -> HttpResponse:
    """The form of one dialogue. Nothing is stored before it is right; a post that goes through ends in a redirect."""
    dialogue = get_object_or_404(Dialogue.objects.published(), slug=slug)
    if token and not links.is_invited(dialogue, token):
        raise Http404
    state = seat_state(dialogue)
    has_key = not dialogue.is_by_invitation or bool(token)
    is_open = state.is_open and has_key and bool(state.kinds)
    if request.method != "POST":
        return _page(request, dialogue, SignUpForm(dialogue=dialogue) if is_open else None)
    if rows := asked_rows(request.POST):
        return _page(request, dialogue, SignUpForm.kept(request.POST, dialogue=dialogue, **rows))
    _require_within_limits(request, dialogue)
    if not is_open:
        # Who can no longer sign up is not sent to correct a field first.
        return _page(request, dialogue, None, status=409)
    form = SignUpForm(request.POST, dialogue=dialogue)
    if not form.is_valid():
        return _page(request, dialogue, form, status=422)
    if form.is_suspicious():
        again = SignUpForm.kept(request.POST, dialogue=dialogue, rows=form.number)
        again.initial.pop("opened", None)
        again.initial["website"] = ""
        return _page(request, dialogue, again, status=422, ask_again=True)
    try:
        registration.sign_up(dialogue, invitation=token, **form.booking())
    except TryAgain as refusal:
        form.add_error(None, refusal)
        response = _page(request, dialogue, form, status=503)
        response.headers["Retry-After"] = "60"
        return response
    except Refused as refusal:
        if refusal.code in CLOSING:
            return _page(request, dialogue, None, status=409, refusal=str(refusal.message))
        form.add_error(None, refusal)
        return _page(request, dialogue, form, status=422)
    except ValidationError as error:
        form.add_error(None, error.messages)
        return _page(request, dialogue, form, status=422)
    return HttpResponseRedirect(reverse("dialogues:almost-done", args=[dialogue.slug]))


@require_safe
def almost_done(request: HttpRequest, slug: str) -> HttpResponse:
    """The same answer for everybody, whatever the address: look into your mail."""
    dialogue = get_object_or_404(Dialogue.objects.published(), slug=slug)
    # Nobody's booking is looked at, so that the answer gives no address away: it tells what is open to anybody now.
    is_full = seat_state(dialogue).word is Word.WAITING and not dialogue.is_moderated
    return render(request, "dialogues/almost_done.html", {"dialogue": dialogue, "is_full": is_full})


def _page(
    request: HttpRequest,
    dialogue: Dialogue,
    form: SignUpForm | None,
    *,
    status: int = 200,
    ask_again: bool = False,
    refusal: str = "",
) -> HttpResponse:
    seats = seat_state(dialogue)
    context = {
        "dialogue": dialogue,
        "form": form,
        "ask_again": ask_again,
        "refusal": refusal,
        "was_refused": status == 409,
        "seats": seats,
        "sign": sign(dialogue, seats),
        "is_full": seats.word is Word.WAITING if form else False,
        "notice": notices.CURRENT,
    }
    response = render(request, "dialogues/sign_up.html", context, status=status)
    # The address of an invitation is a key.
    return keep_address(response, has_form=True) if "token" in request.resolver_match.kwargs else response


def _require_within_limits(request: HttpRequest, dialogue: Dialogue) -> None:
    require_within("dialogue-sign-up", request, most=POSTS_AN_HOUR, period=HOUR)
    most = POSTS_AN_HOUR_PER_DIALOGUE * settings.POST_LIMIT_FACTOR
    if not is_within("dialogue-sign-up-of", str(dialogue.pk), most=most, period=HOUR):
        raise TooManyRequests(HOUR)
