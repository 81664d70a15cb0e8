"""The pages under /konto/ about organisations and their people. Every object is looked up among one's own: else 404."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from platform_mark.limits import require_within
from platform_mark.posting import add_refusal, posted
from platform_mark.tokens import BadToken, keep_address

from . import freshness, joining, own_data
from .account_forms import ClaimForm, FoundForm, InvitationForm, LeaveForm, ProfileForm, RequestsForm
from .models import Actor, Membership

View = Callable[..., HttpResponse]
POSTS_AN_HOUR = 20
FOUND_AT_MOST = 20


def konto(*methods: str) -> Callable[[View], View]:
    """A page of the account: these methods only, after login only, kept by no cache."""

    def decorate(view: View) -> View:
        guarded = login_required(never_cache(view))
        return wraps(view)(require_http_methods([*methods, "HEAD"] if "GET" in methods else [*methods])(guarded))

    return decorate


def say(request: HttpRequest, error: ValidationError) -> None:
    """Show what a journey has refused where there is no form."""
    messages.error(request, " ".join(error.messages))


def own_actor(request: HttpRequest, slug: str) -> Actor:
    """The organisation of this address, if this account speaks for it; else 404."""
    return get_object_or_404(Actor.objects.of(request.user), slug=slug)


def owned_actor(request: HttpRequest, slug: str) -> Actor:
    """The same, for its owners only."""
    actor = own_actor(request, slug)
    if not actor.memberships.filter(user=request.user, role=Membership.Role.OWNER).exists():
        raise Http404
    return actor


# ---------------------------------------------------------------- which organisation


@konto("GET")
def find_actor(request: HttpRequest) -> HttpResponse:
    """Look for the own organisation before it is founded twice."""
    words = request.GET.get("q", "").strip()[:160]
    found = Actor.objects.running().filter(name__icontains=words)[:FOUND_AT_MOST] if words else []
    return render(request, "konto/akteur_suchen.html", {"q": words, "actors": list(found)})


@konto("GET", "POST")
def found_actor(request: HttpRequest) -> HttpResponse:
    """Found an organisation. Where a similar one is listed, the form asks once whether it is not that one."""
    initial = {"name": request.GET.get("name", "")[:160]}
    form = FoundForm(posted(request), initial=initial)
    similar: list[Actor] = []
    if request.method == "POST":
        require_within("found", request, most=POSTS_AN_HOUR, period=timedelta(hours=1))
        if form.is_valid():
            fields = dict(form.cleaned_data)
            similar = joining.similar_actors(fields["name"], fields["website"])
            if not similar or "trotzdem" in request.POST:
                try:
                    actor = joining.found(request.user, **fields)  # type: ignore[arg-type]
                except ValidationError as error:
                    add_refusal(form, error)
                else:
                    # How it goes on stands below it, for as long as it waits.
                    messages.success(request, f"„{actor.name}“ ist angemeldet.")
                    return redirect("account:home")
    # Who has answered is not asked again after correcting a field.
    context = {"form": form, "similar": similar, "is_asked": bool(similar) or "trotzdem" in request.POST}
    return render(request, "konto/akteur_neu.html", context, status=422 if form.errors or similar else 200)


@konto("GET", "POST")
def claim(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask to speak for a listed organisation."""
    actor = get_object_or_404(Actor.objects.running(), slug=slug)
    form = ClaimForm(posted(request))
    if request.method == "POST":
        require_within("claim", request, most=POSTS_AN_HOUR, period=timedelta(hours=1))
        if form.is_valid():
            try:
                joining.claim(request.user, actor, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
            except ValidationError as error:
                add_refusal(form, error)
            else:
                messages.success(request, "Ihre Anfrage ist bei uns. Wir prüfen sie, meist in zwei Werktagen.")
                return redirect("account:home")
    status = 422 if form.errors else 200
    return render(request, "konto/akteur_vertreten.html", {"form": form, "actor": actor}, status=status)


# ---------------------------------------------------------------- people


@konto("GET", "POST")
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Who speaks for the organisation; its owners invite others."""
    actor = own_actor(request, slug) if request.method != "POST" else owned_actor(request, slug)
    form = InvitationForm(posted(request))
    if request.method == "POST" and form.is_valid():
        require_within("invite", request, most=POSTS_AN_HOUR, period=timedelta(hours=1))
        try:
            joining.invite(actor, by=request.user, **form.cleaned_data)  # type: ignore[arg-type]
        except ValidationError as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"Die Einladung an {form.cleaned_data['email']} ist unterwegs.")
            return redirect("account:people", slug)
    members = list(actor.memberships.select_related("user"))
    own = next((member for member in members if member.user_id == request.user.pk), None)
    context = {
        "actor": actor,
        "form": form,
        "members": members,
        "own": own,
        "is_owner": own is not None and own.role == Membership.Role.OWNER,
        "invitations": list(actor.invitations.filter(accepted_at=None, withdrawn_at=None)),
    }
    return render(request, "konto/personen.html", context, status=422 if form.errors else 200)


@konto("POST")
def change_member(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change a colleague's role, hand over, take somebody out, or leave."""
    actor = own_actor(request, slug)
    member = get_object_or_404(actor.memberships.select_related("actor", "user"), pk=pk)
    user: Any = request.user
    is_own = member.user_id == user.pk
    try:
        match request.POST.get("tun"):
            case "hand-over":
                joining.hand_over(actor, to=member, by=user)
                messages.success(request, f"{member.user} ist jetzt verantwortlich. Sie bleiben in der Redaktion.")
            case "owner" | "editor" as role:
                joining.change_role(member, role=role, by=user)
                messages.success(request, "Die Rolle ist geändert.")
            case "remove":
                joining.remove_member(member, by=user)
                messages.success(request, "Sie gehören nicht mehr dazu." if is_own else f"{member.user} ist entfernt.")
            case _:
                raise Http404
    except ValidationError as error:
        say(request, error)
    return (
        redirect("account:people", slug)
        if Actor.objects.of(user).filter(pk=actor.pk).exists()
        else redirect("account:home")
    )


@konto("POST")
def withdraw_invitation(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let an invitation end."""
    actor = owned_actor(request, slug)
    joining.withdraw_invitation(get_object_or_404(actor.invitations, pk=pk), by=request.user)  # type: ignore[arg-type]
    messages.success(request, "Die Einladung gilt nicht mehr.")
    return redirect("account:people", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What the mailed link opens: join by a button, after logging in with the invited address."""
    try:
        invited = joining.find_invitation(token)
    except BadToken as error:
        raise Http404 from error
    refused: list[str] = []
    if request.method == "POST":
        if not request.user.is_authenticated:
            return HttpResponseRedirect(request.path)
        try:
            joining.accept_invitation(invited, user=request.user)
        except ValidationError as error:
            refused = error.messages
        else:
            messages.success(request, f"Willkommen! Sie pflegen jetzt die Einträge von „{invited.actor.name}“ mit.")
            return redirect("account:home")
    context = {"invitation": invited, "refused": refused}
    response = render(request, "konto/einladung.html", context, status=422 if refused else 200)
    return keep_address(response, has_form=True)


# ---------------------------------------------------------------- profile, leaving, own data


@konto("GET", "POST")
def profile(request: HttpRequest, slug: str) -> HttpResponse:
    """What the organisation says of itself. Its name is changed by staff: others know it by it."""
    actor = own_actor(request, slug)
    form = ProfileForm(posted(request), instance=actor)
    if request.method == "POST" and form.is_valid():
        try:
            joining.describe(actor, form=form)
        except ValidationError as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Ihr Profil ist gespeichert.")
            return redirect("account:home")
    return render(request, "konto/profil.html", {"form": form, "actor": actor}, status=422 if form.errors else 200)


@konto("POST")
def confirm_profile(request: HttpRequest, slug: str) -> HttpResponse:
    """Say that what the organisation says of itself is still true."""
    try:
        freshness.confirm_profile(own_actor(request, slug))
    except ValidationError as error:
        say(request, error)
    else:
        messages.success(request, "Ihr Profil ist bestätigt. In einem Jahr fragen wir wieder.")
    return redirect("account:home")


@konto("GET", "POST")
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the organisation out of the register."""
    actor = owned_actor(request, slug)
    form = LeaveForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            joining.leave_register(actor, by=request.user, erase=form.cleaned_data["way"] == "erase")  # type: ignore[arg-type]
        except ValidationError as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"„{actor.name}“ hat das Register verlassen.")
            return redirect("account:home")
    return render(request, "konto/austritt.html", {"form": form, "actor": actor}, status=422 if form.errors else 200)


@konto("GET", "POST")
def notifications(request: HttpRequest) -> HttpResponse:
    """Which mails the account gets, where the others go, and what can be chosen."""
    members = Membership.objects.filter(user=request.user, actor__in=Actor.objects.of(request.user))
    form = RequestsForm(posted(request), members=members)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Ihre Auswahl ist gespeichert.")
        return redirect("account:notifications")
    context = {"form": form, "members": members.select_related("actor").order_by("actor__name")}
    return render(request, "konto/benachrichtigungen.html", context, status=422 if form.errors else 200)


@konto("GET")
def data(request: HttpRequest) -> HttpResponse:
    """What the account stores about the person, and how to get or delete it."""
    return render(request, "konto/daten.html")


@konto("GET")
def download(request: HttpRequest) -> HttpResponse:
    """What the register stores about the person, as a file; about the other parts of the portal staff answer."""
    response = JsonResponse(own_data.collect(request.user), json_dumps_params={"ensure_ascii": False, "indent": 2})  # type: ignore[arg-type]
    response.headers["Content-Disposition"] = 'attachment; filename="meine-daten.json"'
    return response


@konto("POST")
def close(request: HttpRequest) -> HttpResponse:
    """Delete the account; the password is asked for, since nothing brings it back."""
    # An open session is no place to guess the password in.
    require_within("close-account", request, most=POSTS_AN_HOUR, period=timedelta(hours=1))
    user: Any = request.user
    if not user.check_password(request.POST.get("password", "")):
        messages.error(request, "Das ist nicht Ihr Passwort. Ihr Konto besteht weiter.")
        return redirect("account:data")
    try:
        joining.close_account(user)
    except ValidationError as error:
        say(request, error)
        return redirect("account:data")
    logout(request)
    return redirect("account:closed")


@require_http_methods(["GET", "HEAD"])
def closed(request: HttpRequest) -> HttpResponse:
    """Where somebody arrives who has deleted the account."""
    return render(request, "konto/geloescht.html")
