"""Examples for other programs: what is new in any filter, as Atom."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from platform_mark.contact import operator
from platform_mark.search import finding
from platform_mark.search.asking import find

from .facets import load_catalogue
from .filters import PracticeFilter
from .models import Practice

NEWEST = 50


@require_safe
def atom(request: HttpRequest) -> HttpResponse:
    """What was published last in a filter, for feed readers."""
    practices = Practice.objects.published().prefetch_related("branches")
    filterset = PracticeFilter(request.GET, queryset=practices, catalogue=load_catalogue())
    told = find(filterset)
    named = ", ".join(chip.label for chip in told.chips)
    query = f"?{told.query}" if told.query else ""
    feed = Atom1Feed(
        title=f"Gute Beispiele: {named}" if named else "Gute Beispiele",
        link=f"{settings.BASE_URL}{reverse('practices:list')}{query}",
        feed_url=f"{settings.BASE_URL}{reverse('practices:feed-atom')}{query}",
        description="Was Betriebe der Region gemacht haben, was es gekostet hat und was schiefging.",
        language="de",
        author_name=operator()["name"],
    )
    found = filterset.look(page=1, size=NEWEST, order=finding.NEWEST)
    shown = practices.in_bulk([row.object_id for row in found.rows])
    for practice in (shown[row.object_id] for row in found.rows if row.object_id in shown):
        feed.add_item(
            title=practice.title,
            link=f"{settings.BASE_URL}{practice.get_absolute_url()}",
            unique_id=f"{settings.BASE_URL}/beispiele/#{practice.pk}",
            description=practice.teaser,
            pubdate=practice.published_at,
            updateddate=max(filter(None, [practice.updated_at, practice.published_at])),
            categories=[branch.name for branch in practice.branches.all()],
        )
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)
