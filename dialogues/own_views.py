"""The person's own page behind the link of the mail. Looking changes nothing; every change is a button.

The address itself is the key, so these pages are stored nowhere, named to no other site and found by no search engine.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from platform_mark.posting import posted
from platform_mark.tokens import BadToken, keep_address

from . import links, offers
from . import registration as journeys
from .disclosure import own_data
from .models import Registration
from .own_page import own_page
from .party import people_of
from .signup_forms import PeopleForm, TransferForm, asked_rows
from .transitions import Refused

ReadOrPost = require_http_methods(["GET", "HEAD", "POST"])

# The buttons of the page, by the value they send.
ACTIONS: dict[str, Callable[[Registration], Any]] = {
    "confirm": journeys.confirm,
    "cancel": journeys.cancel,
    "accept": offers.accept,
    "decline": offers.decline,
    "end-news": journeys.end_news,
    "erase": journeys.erase,
}


# What was saved on another page, by the word in the address that leads back.
SAVED = {"personen": "Gespeichert. Wer kommt, steht unten.", "name": "Gespeichert. Der neue Name steht unten."}


def _with_booking(view: Callable[[HttpRequest, Registration, str], HttpResponse]) -> Callable[..., HttpResponse]:
    """Give a view the booking its link names; wrong, expired and deleted links get the same page."""

    @wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        try:
            booking = links.find_registration(token)
        except BadToken:
            response = render(request, "dialogues/no_registration.html", status=404)
        else:
            response = view(request, booking, token)
        return keep_address(response, has_form=True)

    return wrapped


@ReadOrPost
@_with_booking
def registration(request: HttpRequest, booking: Registration, token: str) -> HttpResponse:
    """Where a booking stands, and the buttons that change it. Pressing one twice is harmless."""
    if request.method != "POST":
        return _own_page(request, booking, token)
    action = request.POST.get("action", "")
    if action not in ACTIONS:
        raise Http404
    try:
        ACTIONS[action](booking)
    except Refused as refusal:
        booking.refresh_from_db()
        return _own_page(request, booking, token, refusal=str(refusal.message), status=409)
    if action == "erase":
        return HttpResponseRedirect(reverse("dialogues:erased"))
    return HttpResponseRedirect(reverse("dialogues:registration", args=[token]))


@ReadOrPost
@_with_booking
def party(request: HttpRequest, booking: Registration, token: str) -> HttpResponse:
    """Who comes: correct a name, take somebody out, add a colleague."""
    if not own_page(booking).can_change:
        return HttpResponseRedirect(reverse("dialogues:registration", args=[token]))
    values: dict[str, Any] = {"dialogue": booking.dialogue, "people": people_of(booking)}
    if request.method != "POST":
        return _form(request, "party", booking, token, PeopleForm(**values))
    if rows := asked_rows(request.POST):
        return _form(request, "party", booking, token, PeopleForm.kept(request.POST, **rows, **values))
    form = PeopleForm(request.POST, **values)
    if form.is_valid():
        try:
            journeys.change_party(booking, people=form.people())
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return _saved(token, "personen")
    return _form(request, "party", booking, token, form, status=422)


@ReadOrPost
@_with_booking
def transfer(request: HttpRequest, booking: Registration, token: str) -> HttpResponse:
    """Hand the booking over to a colleague, who gets a link of their own."""
    if not own_page(booking).can_transfer:
        return HttpResponseRedirect(reverse("dialogues:registration", args=[token]))
    form = TransferForm(posted(request))
    if request.method != "POST":
        return _form(request, "transfer", booking, token, form)
    if form.is_valid():
        try:
            now = journeys.transfer(booking, **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            if now.token_version == booking.token_version:
                return _saved(token, "name")
            return HttpResponseRedirect(reverse("dialogues:handed-over"))
    return _form(request, "transfer", booking, token, form, status=422)


@csrf_exempt
@ReadOrPost
@_with_booking
def end_reminders(request: HttpRequest, booking: Registration, token: str) -> HttpResponse:
    """End the reminders of this dialogue, and nothing else.

    Exempt from the form token, since mail programs post here by themselves (RFC 8058, List-Unsubscribe-Post); the link is
    the key, and a seat is never touched.
    """
    if request.method == "POST":
        journeys.end_reminders(booking)
        booking.refresh_from_db()
    return render(
        request, "dialogues/reminders.html", {"registration": booking, "dialogue": booking.dialogue, "token": token}
    )


@require_safe
@_with_booking
def data(request: HttpRequest, booking: Registration, token: str) -> HttpResponse:
    """Everything stored about a booking, for people and for machines."""
    response = JsonResponse(own_data(booking), json_dumps_params={"ensure_ascii": False, "indent": 2})
    response.headers["Content-Disposition"] = 'attachment; filename="anmeldung.json"'
    return response


@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    """What is said after a booking was erased: its own page is gone."""
    return render(request, "dialogues/erased.html")


@require_safe
def handed_over(request: HttpRequest) -> HttpResponse:
    """What is said after a booking was handed over: the old link is dead."""
    return render(request, "dialogues/handed_over.html")


def _saved(token: str, what: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("dialogues:registration", args=[token], query={"gespeichert": what}))


def _own_page(
    request: HttpRequest, booking: Registration, token: str, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "page": own_page(booking),
        "registration": booking,
        "dialogue": booking.dialogue,
        "token": token,
        "saved": SAVED.get(request.GET.get("gespeichert", "")) if request.method != "POST" else "",
        "refusal": refusal,
    }
    return render(request, "dialogues/registration_detail.html", context, status=status)


def _form(
    request: HttpRequest, name: str, booking: Registration, token: str, form: Any, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "registration": booking, "dialogue": booking.dialogue, "token": token}
    return render(request, f"dialogues/registration_{name}.html", context, status=status)
