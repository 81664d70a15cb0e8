"""The pages under /konto/ about entries: write, hand over, look at, take back, and ask others to work together."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from platform_mark.posting import add_refusal, posted
from platform_mark.tokens import BadToken, keep_address

from . import cooperating, freshness, reading, review, snapshot, writing
from .account_forms import ActivityForm, AnswerForm, CooperationForm
from .account_views import konto, own_actor, say
from .alike import alike
from .completeness import completeness
from .models import Activity, Actor, Cooperation, Revision, is_among_actors
from .refusal import Refused

SUBMIT = "abgeben"


def _own_activity(request: HttpRequest, pk: int) -> Activity:
    return get_object_or_404(Activity.objects.editable_by(request.user).select_related("actor"), pk=pk)


def _open_revision(activity: Activity) -> Revision | None:
    return activity.revisions.open().first()


def _content(activity: Activity, revision: Revision | None) -> dict[str, Any]:
    if revision is not None:
        return dict(revision.data)
    return snapshot.snapshot(activity) if activity.changed_at else dict(snapshot.EMPTY)


# ---------------------------------------------------------------- writing


@konto("GET", "POST")
def new_activity(request: HttpRequest) -> HttpResponse:
    """Begin an entry. Who speaks for several organisations says for which: ?akteur=…"""
    actors = list(Actor.objects.of(request.user))
    wanted = request.GET.get("akteur", "")
    if not actors:
        return redirect("account:find-actor")
    if not wanted and len(actors) > 1:
        return render(request, "konto/akteur_waehlen.html", {"actors": actors})
    actor = own_actor(request, wanted or actors[0].slug)
    return _write(request, actor, Activity(actor=actor), None)


@konto("GET", "POST")
def edit_activity(request: HttpRequest, pk: int) -> HttpResponse:
    """Write on. What is being checked is shown only, with the way to take it back."""
    activity = _own_activity(request, pk)
    return _write(request, activity.actor, activity, _open_revision(activity))


def _write(request: HttpRequest, actor: Actor, activity: Activity, revision: Revision | None) -> HttpResponse:
    content = _content(activity, revision)
    can_submit = actor.state == Actor.State.APPROVED
    # Handed over too early is saved all the same: nothing that was typed is lost.
    wants_submit = SUBMIT in request.POST and can_submit
    form = ActivityForm(
        posted(request),
        instance=Activity(pk=activity.pk, changed_at=activity.changed_at),
        actor=actor,
        written={
            **content,
            "change_note": revision.change_note if revision else "",
            "seen": review.stamp(activity),
        },
        is_draft=request.method == "POST" and not wants_submit,
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                saved = activity if activity.pk else review.draft(actor, by=request.user)  # type: ignore[arg-type]
                written = review.write(
                    saved,
                    data=form.written(),
                    by=request.user,  # type: ignore[arg-type]
                    change_note=form.cleaned_data.get("change_note", ""),
                    seen=form.cleaned_data["seen"] or None,
                )
                if wants_submit:
                    written = review.submit(written, by=request.user)  # type: ignore[arg-type]
        except ValidationError as error:
            add_refusal(form, error)
            if getattr(error, "code", "") == "conflict":
                form.see(review.stamp(activity))
        else:
            _say_saved(request, written)
            if SUBMIT in request.POST and not can_submit:
                messages.warning(request, f"Abgeben können Sie ihn, sobald „{actor.name}“ freigeschaltet ist.")
            return redirect("account:home") if wants_submit else redirect("account:activity", saved.pk)
    if form.is_bound and form.is_valid():
        content = writing.to_data(form.written())
    elif form.is_bound:
        content = content | _as_typed(form)
    context = {
        "form": form,
        "actor": actor,
        "activity": activity,
        "revision": revision,
        "can_submit": can_submit,
        "is_waiting": revision is not None and revision.state == Revision.State.SUBMITTED,
        "is_public": activity.pk and activity.state == "published",
        "alike": alike(request.user, actor, content),
        "completeness": completeness(actor, content),
        "facts": _facts(content),
    }
    return render(request, "konto/aktivitaet.html", context, status=422 if form.errors else 200)


def _as_typed(form: ActivityForm) -> dict[str, Any]:
    """What was right in a form with mistakes, so that the hints beside it speak of what was typed."""
    right = {name: form.cleaned_data[name] for name in snapshot.FIELDS if name in form.cleaned_data}
    return writing.to_data(right)


def _facts(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every filled field in words, as pairs of label and text."""
    shown = [(writing.label(name), writing.shown(name, content.get(name))) for name in snapshot.FIELDS]
    return [(label, text) for label, text in shown if text]


def _say_saved(request: HttpRequest, revision: Revision) -> None:
    said = {
        Revision.State.SUBMITTED: "ist abgegeben. Wir lesen gegen, meist innerhalb von zwei Werktagen.",
        Revision.State.APPROVED: "ist veröffentlicht.",
    }
    messages.success(
        request, f"„{revision.title}“ {said.get(Revision.State(revision.state), 'ist als Entwurf gespeichert.')}"
    )


@konto("GET")
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """How the entry will look, before anybody else sees it."""
    activity = _own_activity(request, pk)
    content = _content(activity, _open_revision(activity))
    writing.fill(activity, content)
    terms = reading.terms_in(content)
    context = {
        "activity": activity,
        "terms": terms,
        "sizes_text": reading.sizes_text(activity),
        "area_text": reading.area_text(activity, terms),
        "is_preview": True,
    }
    return render(request, "konto/vorschau.html", context)


# ---------------------------------------------------------------- steps by one button


def _withdraw(activity: Activity, user: Any) -> str:
    review.withdraw(_required(activity))
    return "ist wieder ein Entwurf."


def _discard(activity: Activity, user: Any) -> str:
    review.discard(_required(activity))
    return "ist verworfen."


def _take_offline(activity: Activity, user: Any) -> str:
    review.take_offline(activity, by=user)
    return "ist ausgeblendet. Niemand außer Ihnen sieht den Eintrag."


def _retire(activity: Activity, user: Any) -> str:
    review.retire(activity)
    return "steht jetzt unter „Frühere Einträge“."


def _restore(activity: Activity, user: Any) -> str:
    review.restore(activity, by=user)
    return "ist wieder öffentlich und heute bestätigt."


def _confirm(activity: Activity, user: Any) -> str:
    freshness.confirm(activity)
    return "ist bestätigt. In einem halben Jahr fragen wir wieder."


def _required(activity: Activity) -> Revision:
    revision = _open_revision(activity)
    if revision is None:
        raise Refused("Hier ist nichts offen. Vielleicht hat schon jemand entschieden.", code="state")
    return revision


STEPS: Mapping[str, Callable[[Activity, Any], str]] = {
    "zurueckziehen": _withdraw,
    "verwerfen": _discard,
    "ausblenden": _take_offline,
    "beenden": _retire,
    "wieder-aufnehmen": _restore,
    "bestaetigen": _confirm,
}


@konto("POST")
def step(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One of STEPS, for one entry."""
    activity = _own_activity(request, pk)
    if name not in STEPS:
        raise Http404
    try:
        messages.success(request, f"„{activity.title}“ {STEPS[name](activity, request.user)}")
    except ValidationError as error:
        say(request, error)
    return redirect("account:home")


@konto("POST")
def confirm_all(request: HttpRequest, slug: str) -> HttpResponse:
    """Confirm everything of an organisation that is due."""
    count = freshness.confirm_all(own_actor(request, slug))
    words = "Ein Eintrag ist" if count == 1 else f"{count} Einträge sind"
    messages.success(request, f"{words} bestätigt. In einem halben Jahr fragen wir wieder.")
    return redirect("account:home")


# ---------------------------------------------------------------- working together


@konto("GET", "POST")
def cooperate(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the organisation of an entry to work together. Who speaks for several says for which: ?akteur=…"""
    activity = get_object_or_404(
        Activity.objects.listed(among_actors=is_among_actors(request.user)).select_related("actor"), slug=slug
    )
    senders = list(Actor.objects.of(request.user).filter(state=Actor.State.APPROVED))
    if not senders or not cooperating.can_be_asked(activity.actor):
        raise Http404
    wanted = request.GET.get("akteur")
    sender = next((one for one in senders if one.slug == wanted), None) if wanted else senders[0]
    if sender is None:
        raise Http404
    form = CooperationForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            cooperating.ask(sender, activity=activity, text=form.cleaned_data["text"], by=request.user)  # type: ignore[arg-type]
        except ValidationError as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"Ihre Anfrage ist unterwegs an „{activity.actor.name}“.")
            return redirect("account:home")
    context = {"form": form, "activity": activity, "sender": sender, "senders": senders}
    return render(request, "konto/kooperation_neu.html", context, status=422 if form.errors else 200)


@konto("GET", "POST")
def cooperation(request: HttpRequest, pk: int) -> HttpResponse:
    """A request with its answer, for both sides; the receiver answers once."""
    mine = Actor.objects.of(request.user)
    relations = Cooperation.objects.select_related("sender", "receiver", "activity")
    found = get_object_or_404(relations.filter(sender__in=mine) | relations.filter(receiver__in=mine), pk=pk)
    return _exchange(request, found, "konto/kooperation.html", is_receiver=mine.filter(pk=found.receiver_id).exists())


@require_http_methods(["GET", "HEAD", "POST"])
def relayed(request: HttpRequest, token: str) -> HttpResponse:
    """What the mailed link opens where an organisation has no account: a request, to be answered once without one."""
    try:
        found = cooperating.find_request(token)
    except BadToken as error:
        raise Http404 from error
    return keep_address(_exchange(request, found, "konto/anfrage.html", is_receiver=True), has_form=True)


def _exchange(request: HttpRequest, found: Cooperation, template: str, *, is_receiver: bool) -> HttpResponse:
    form = AnswerForm(posted(request))
    if request.method == "POST":
        if not is_receiver:
            raise Http404
        if form.is_valid():
            try:
                cooperating.answer(found, text=form.cleaned_data["text"])
            except ValidationError as error:
                add_refusal(form, error)
            else:
                return HttpResponseRedirect(request.path)
    context = {"form": form, "request_for": found, "is_receiver": is_receiver}
    return render(request, template, context, status=422 if form.errors else 200)
