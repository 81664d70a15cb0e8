"""The start page of an account, made of what the subjects know about its person."""

from datetime import date

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from actors import overview
from actors.models import Activity, Actor
from platform_mark.alerts import reading as alerts

SMALL_NUMBERS = {2: "Zwei", 3: "Drei", 4: "Vier", 5: "Fünf", 6: "Sechs", 7: "Sieben", 8: "Acht", 9: "Neun", 10: "Zehn"}


@require_safe
@login_required
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Own entries with state and next step, what staff have answered, requests of others, the organisations."""
    members = overview.memberships(request.user)
    open_ones = [member for member in members if member.actor.state in (Actor.State.WAITING, Actor.State.APPROVED)]
    activities = Activity.objects.filter(actor__in=[member.actor_id for member in open_ones], merged_into=None)
    rows = overview.rows(overview.with_open_revision(activities.order_by("title", "pk")))
    due = [row for row in rows if row.group is overview.Group.DUE]
    context = {
        "members": open_ones,
        "declined": [member for member in members if member.actor.state == Actor.State.DECLINED],
        "claims": overview.claims(request.user),
        "requests": overview.open_requests(member.actor for member in open_ones),
        "groups": [(group, group.name.lower(), part) for group, part in overview.grouped(rows)],
        "profiles_due": set(
            Actor.objects.profile_to_confirm().filter(memberships__in=members).values_list("pk", flat=True)
        ),
        "due": sorted(due, key=lambda row: row.former_on or date.max),
        # As an editor writes it: small numbers in words where a sentence begins with them.
        "due_words": SMALL_NUMBERS.get(len(due), str(len(due))),
        "alerts_path": alerts.path_for(request.user),
        "sent_back": [row for row in rows if row.revision and row.revision.state == "sent_back"],
    }
    return render(request, "pages/account_home.html", context)
