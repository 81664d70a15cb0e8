from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from platform_mark.tokens import BadToken, keep_address

from . import freshness


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """What an organisation should confirm, with a button for each entry, one for the profile and one for all. Looking changes nothing."""
    try:
        actor = freshness.find_actor(token)
    except BadToken as error:
        raise Http404 from error
    if request.method == "POST":
        due = {activity.pk for activity in freshness.due_for(actor)}
        wants_all = bool(request.POST.get("all"))
        if (wants_all or request.POST.get("profile")) and freshness.profile_is_due(actor):
            freshness.confirm_profile(actor)
        if wants_all:
            freshness.confirm_all(actor, by_link=True)
        elif not request.POST.get("profile"):
            activity = get_object_or_404(actor.activities, slug=request.POST.get("entry", "").replace("\x00", ""))
            # Pressed twice, or confirmed by a colleague meanwhile: it is what was wanted.
            if activity.pk in due:
                freshness.confirm(activity, by_link=True)
        if not freshness.due_for(actor) and not freshness.profile_is_due(actor):
            freshness.end_links(actor)
            return HttpResponseRedirect(reverse("actors:confirm-thanks"))
        return HttpResponseRedirect(reverse("actors:confirm", args=[token]))
    today = timezone.localdate()
    context = {
        "actor": actor,
        "due": freshness.due_for(actor),
        "profile_is_due": freshness.profile_is_due(actor),
        "profile_confirmed_today": bool(actor.confirmed_at and timezone.localdate(actor.confirmed_at) == today),
        "confirmed_today": [
            activity
            for activity in actor.activities.current().order_by("title")
            if activity.confirmed_at and timezone.localdate(activity.confirmed_at) == today
        ],
        "today": today,
    }
    return keep_address(render(request, "actors/confirm.html", context), has_form=True)


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    """Said when everything is confirmed and the link has ended."""
    return render(request, "actors/confirm_thanks.html")
