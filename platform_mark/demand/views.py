from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from actors.models import Actor
from platform_mark.limits import require_within
from platform_mark.search.question import LONGEST_QUESTION
from platform_mark.tokens import BadToken, keep_address

from . import wishing
from .forms import WishForm
from .ledger import DemandRefused
from .models import Demand

POSTS_AN_HOUR = 10
# What an account sees of its field; more nobody reads.
MOST_SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
def wish(request: HttpRequest) -> HttpResponse:
    """The form for an address. A caught post comes back with all input, to be sent once more."""
    if request.method != "POST":
        text = " ".join(request.GET.get("q", "").replace("\0", " ").split())[:LONGEST_QUESTION]
        return _page(request, WishForm(initial={"text": text}))
    require_within("wish", request, most=POSTS_AN_HOUR, period=timedelta(hours=1))
    form = WishForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    fields = {name: form.cleaned_data[name] for name in ("text", "email")}
    if form.is_suspicious():
        return _page(request, WishForm(initial=fields), ask_again=True, status=422)
    try:
        wishing.leave(**fields)
    except DemandRefused as refused:
        form.add_error("text", refused)
        return _page(request, form, status=422)
    return HttpResponseRedirect(reverse("demand:sent"))


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """The same answer for everybody: look into your mail."""
    return render(request, "demand/sent.html")


@require_safe
def ended(request: HttpRequest) -> HttpResponse:
    """Said after the end of a wish; the link itself leads nowhere any more."""
    return render(request, "demand/ended.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest, token: str) -> HttpResponse:
    """The page of one wish: confirm by button, or end it. Looking changes nothing."""
    try:
        found = wishing.find_wish(token)
    except BadToken as error:
        raise Http404 from error
    if request.method == "POST" and "end" in request.POST:
        wishing.end(found)
        return HttpResponseRedirect(reverse("demand:ended"))
    if request.method == "POST":
        wishing.confirm(found)
        return HttpResponseRedirect(reverse("demand:own", args=[token]))
    return keep_address(render(request, "demand/own.html", {"wish": found}), has_form=True)


@require_safe
@login_required
@never_cache
def of_field(request: HttpRequest) -> HttpResponse:
    """What people look for in vain in the field of one's own organisations; small numbers are left out."""
    every = Actor.objects.of(request.user)
    actors = every.filter(state=Actor.State.APPROVED)
    found = Demand.objects.for_actors(actors) if actors else Demand.objects.none()
    demands = list(found.prefetch_related("branches").order_by("-count", "-last_on", "pk")[:MOST_SHOWN])
    own_ones = set(actors.values_list("pk", flat=True))
    context = {
        "rows": [(demand, demand.assigned_to_id in own_ones) for demand in demands],
        "has_actors": bool(own_ones),
        "waiting": None if own_ones else every.filter(state=Actor.State.WAITING).first(),
    }
    return render(request, "konto/bedarf.html", context)


def _page(request: HttpRequest, form: WishForm, *, ask_again: bool = False, status: int = 200) -> HttpResponse:
    context = {"form": form, "ask_again": ask_again, "consent": wishing.CONSENTS[wishing.CONSENT]}
    return render(request, "demand/wish_form.html", context, status=status)
