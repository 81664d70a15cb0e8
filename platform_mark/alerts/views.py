"""Ordering news by mail, and the page where an address sees and changes all it gets. Looking changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from platform_mark.limits import require_within
from platform_mark.tokens import BadToken, keep_address, make_token

from . import consents, mails, privacy, subscribing
from .forms import OrderForm
from .models import Alert, Subscriber
from .rhythm import Rhythm
from .wishes import Catalogues, UnknownWish, Wish, Words, in_words, of_alert, read

POSTS_AN_HOUR = 10
ReadOrPost = require_http_methods(["GET", "HEAD", "POST"])

# The buttons beside one alert, by the value they send, and the thanks for each.
ACTIONS: dict[str, tuple[Callable[[Alert], None], str]] = {
    "pause": (subscribing.pause, "pause"),
    "resume": (subscribing.resume, "weiter"),
    "end": (subscribing.end, "ende"),
}
# What the page says after a step, by the word in its address.
THANKS = {
    "bestaetigt": "Ihre Benachrichtigung ist bestätigt. Sobald es Neues gibt, schreiben wir Ihnen.",
    "rhythmus": "Gespeichert. Ab jetzt schreiben wir Ihnen so oft, wie Sie es gewählt haben.",
    "pause": "Die Benachrichtigung macht Pause, bis Sie sie fortsetzen.",
    "weiter": "Die Benachrichtigung läuft wieder.",
    "ende": "Die Benachrichtigung ist beendet.",
}


@ReadOrPost
def new(request: HttpRequest) -> HttpResponse:
    """The order of one alert. A caught post comes back with all input, to be sent once more."""
    catalogues = Catalogues()
    try:
        wish = read(request.GET, catalogues)
    except UnknownWish as error:
        raise Http404 from error
    if request.method != "POST" or wish.unknown:
        return _form(request, OrderForm(), wish, catalogues)
    require_within("alert", request, most=POSTS_AN_HOUR, period=timedelta(hours=1))
    form = OrderForm(request.POST)
    if not form.is_valid():
        return _form(request, form, wish, catalogues, status=422)
    if form.is_suspicious():
        return _form(request, OrderForm(initial=form.values()), wish, catalogues, ask_again=True, status=422)
    subscribing.order(wish, **form.values())
    return HttpResponseRedirect(reverse("alerts:sent"))


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """The same answer for everybody: look into your mail."""
    return render(request, "alerts/sent.html")


@require_safe
def ended(request: HttpRequest) -> HttpResponse:
    """What is said after the last alert ended: its page is gone."""
    return render(request, "alerts/ended.html")


def _secret(view: Callable[[HttpRequest, str], HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep the address of a page, which is a key, out of caches, indexes and foreign Referers; a wrong one gets a page."""

    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        try:
            response = view(request, token)
        except BadToken:
            response = render(request, "alerts/no_alert.html", status=404)
        return keep_address(response, has_form=True)

    return wrapped


@ReadOrPost
@_secret
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """What was ordered, and the button that starts it."""
    alert = subscribing.find_order(token)
    own = make_token(mails.OWN, alert.subscriber_id, alert.subscriber.token_version)
    if request.method == "POST":
        subscribing.confirm(alert)
        return _thank(own, "bestaetigt")
    catalogues = Catalogues()
    words = in_words(of_alert(alert, catalogues), catalogues)
    context = {"alert": alert, "words": words, "consent": consents.EDITIONS[alert.consent], "own": own}
    return render(request, "alerts/confirm.html", context)


@dataclass(frozen=True)
class Row:
    """One alert on the page of its address."""

    alert: Alert
    words: Words
    #: Words of the filter that the portal knows no more.
    unknown: str
    consent: str


@ReadOrPost
@_secret
def own(request: HttpRequest, token: str) -> HttpResponse:
    """All alerts of an address, each with its buttons. Pressing one twice is harmless."""
    subscriber = subscribing.find_subscriber(token)
    if subscriber is None:
        return render(request, "alerts/ended.html")
    if request.method == "POST":
        return _act(request, subscriber, token)
    return _own_page(request, subscriber, token, thanks=THANKS.get(request.GET.get("danke", ""), ""))


def _act(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    action = request.POST.get("action", "")
    if action == "end-all":
        subscribing.end_all(subscriber)
        return HttpResponseRedirect(reverse("alerts:ended"))
    number = request.POST.get("alert", "")
    known = number.isascii() and number.isdigit() and len(number) < 18
    alert = get_object_or_404(subscriber.alerts.confirmed(), pk=int(number) if known else 0)
    if action == "rhythm":
        try:
            subscribing.change_rhythm(alert, request.POST.get("rhythm", ""))
        except ValidationError as refusal:
            return _own_page(request, subscriber, token, refusal=str(refusal.message), status=422)
        return _thank(token, "rhythmus")
    if action not in ACTIONS:
        raise Http404
    step, thanks = ACTIONS[action]
    step(alert)
    return _thank(token, thanks)


def _thank(token: str, word: str) -> HttpResponse:
    # By the address, since a session would need a cookie.
    return HttpResponseRedirect(f"{reverse('alerts:own', args=[token])}?danke={word}")


def _own_page(
    request: HttpRequest, subscriber: Subscriber, token: str, *, thanks: str = "", refusal: str = "", status: int = 200
) -> HttpResponse:
    catalogues = Catalogues()
    rows = []
    for alert in subscriber.alerts.confirmed().select_related("actor", "series").order_by("confirmed_at", "pk"):
        wish = of_alert(alert, catalogues)
        rows.append(Row(alert, in_words(wish, catalogues), ", ".join(wish.unknown), consents.EDITIONS[alert.consent]))
    context = {"subscriber": subscriber, "rows": rows, "rhythms": Rhythm.choices, "token": token}
    context |= {"thanks": thanks, "refusal": refusal}
    return render(request, "alerts/own.html", context, status=status)


@require_safe
@_secret
def data(request: HttpRequest, token: str) -> HttpResponse:
    """Everything that is stored about an address here, for people and for machines."""
    subscriber = subscribing.find_subscriber(token)
    if subscriber is None:
        raise BadToken
    found = {
        "Auskunft vom": timezone.localtime().isoformat(timespec="seconds"),
        **privacy.export_person(subscriber.email_key),
        "Texte der Einwilligung": dict(consents.EDITIONS),
    }
    response = JsonResponse(found, json_dumps_params={"ensure_ascii": False, "indent": 2})
    response.headers["Content-Disposition"] = 'attachment; filename="benachrichtigungen.json"'
    return response


@csrf_exempt
@ReadOrPost
@_secret
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """End all alerts of an address, and nothing else.

    Exempt from the form token, since mail programs post here by themselves (RFC 8058, List-Unsubscribe-Post); the link is
    the key.
    """
    subscriber = subscribing.find_subscriber(token, mails.LEAVE)
    if request.method == "POST" and subscriber is not None:
        subscribing.end_all(subscriber)
        subscriber = None
    if subscriber is None:
        return render(request, "alerts/ended.html")
    own_token = make_token(mails.OWN, subscriber.pk, subscriber.token_version)
    return render(request, "alerts/leave.html", {"own": own_token, "number": subscriber.alerts.confirmed().count()})


def _form(
    request: HttpRequest,
    form: OrderForm,
    wish: Wish,
    catalogues: Catalogues,
    *,
    ask_again: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "words": in_words(wish, catalogues),
        "unknown": wish.unknown,
        "consent": consents.EDITIONS[consents.CURRENT],
        "ask_again": ask_again,
    }
    return render(request, "alerts/new.html", context, status=status)
