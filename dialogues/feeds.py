"""Dialogues for other programs: one date, all dates of a filter for a calendar, and what is new as Atom."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from platform_mark.contact import operator
from platform_mark.search import finding
from platform_mark.search.asking import query_of

from . import reading
from .calendar import event_calendar
from .facets import load_catalogue
from .filters import DialogueFilter
from .models import Dialogue
from .search import minute

# A calendar keeps what has just been; older dates are in the list.
KEPT = timedelta(days=90)
MOST = 200
NEWEST = 50


@require_safe
def one(request: HttpRequest, slug: str) -> HttpResponse:
    """The date of one dialogue for a calendar; a cancelled one takes itself out again."""
    dialogue = get_object_or_404(Dialogue.objects.published().select_related("municipality"), slug=slug)
    method = "CANCEL" if dialogue.is_cancelled else "PUBLISH"
    return _calendar(event_calendar([dialogue], method=method), f"{dialogue.slug}.ics")


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """All dates of a filter, to be subscribed to: those to come and those of the last weeks."""
    filterset = _filterset(request)
    bounds = filterset.period.bounds if filterset.period else {}
    if filterset.period is not None and not filterset.period.word:
        bounds = {"ende": (None, -minute(filterset.at - KEPT))}
    found = filterset.find(bounds if filterset.period else {"beginn": (0, 0)}, order="beginn", size=MOST)
    ids = [row.object_id for row in found.rows]
    dialogues = Dialogue.objects.published().filter(pk__in=ids).select_related("municipality").order_by("starts_at")
    return _calendar(event_calendar(dialogues), "branchendialoge.ics")


@require_safe
def atom(request: HttpRequest) -> HttpResponse:
    """What was announced last, for feed readers; narrowed by words and facets of the list, whatever the period."""
    filterset = _filterset(request)
    named = ", ".join(filterset.labels[pair] for pair in filterset.asked if pair in filterset.labels)
    query = f"?{query_of(filterset.asked)}" if filterset.asked else ""
    found = filterset.find({}, order=finding.NEWEST, size=NEWEST)
    newest = Dialogue.objects.published().filter(pk__in=[row.object_id for row in found.rows])
    feed = Atom1Feed(
        title=f"Branchendialoge: {named}" if named else "Branchendialoge",
        link=f"{settings.BASE_URL}{reverse('dialogues:list')}{query}",
        feed_url=f"{settings.BASE_URL}{reverse('dialogues:feed-atom')}{query}",
        description="Ein Betrieb zeigt, was er gemacht hat. Die anderen fragen nach.",
        language="de",
        author_name=operator()["name"],
    )
    for dialogue in reading.cards(reading.with_cards(newest.order_by("-published_at", "-pk"))):
        address = f"{settings.BASE_URL}{dialogue.get_absolute_url()}"
        cancelled = "Abgesagt: " if dialogue.is_cancelled else ""
        feed.add_item(
            title=f"{cancelled}{dialogue.title}",
            link=address,
            unique_id=f"{settings.BASE_URL}/dialoge/#{dialogue.pk}",
            description=f"{dialogue.when}. {dialogue.where}. {dialogue.teaser}",
            pubdate=dialogue.published_at,
            updateddate=max(filter(None, (dialogue.updated_at, dialogue.published_at))),
            categories=[branch.name for branch in dialogue.branches.all()],
        )
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)


def _filterset(request: HttpRequest) -> DialogueFilter:
    return DialogueFilter(request.GET, queryset=Dialogue.objects.published(), catalogue=load_catalogue())


def _calendar(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
