"""Formats for other programs: what is new in any filter, as Atom."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from platform_mark.contact import operator
from platform_mark.search import finding
from platform_mark.search.asking import find

from .facets import load_catalogue
from .filters import FormatFilter
from .models import Format

NEWEST = 50


@require_safe
def atom(request: HttpRequest) -> HttpResponse:
    """What was published last in a filter, for feed readers."""
    formats = Format.objects.published().prefetch_related("branches")
    filterset = FormatFilter(request.GET, queryset=formats, catalogue=load_catalogue())
    told = find(filterset)
    named = ", ".join(chip.label for chip in told.chips)
    query = f"?{told.query}" if told.query else ""
    feed = Atom1Feed(
        title=f"Formate zum Mitmachen: {named}" if named else "Formate zum Mitmachen",
        link=f"{settings.BASE_URL}{reverse('formats:list')}{query}",
        feed_url=f"{settings.BASE_URL}{reverse('formats:feed-atom')}{query}",
        description="Karten zum Nachmachen für Auszubildende, Beschäftigte und Führungskräfte.",
        language="de",
        author_name=operator()["name"],
    )
    found = filterset.look(page=1, size=NEWEST, order=finding.NEWEST)
    shown = formats.in_bulk([row.object_id for row in found.rows])
    for format_ in (shown[row.object_id] for row in found.rows if row.object_id in shown):
        feed.add_item(
            title=format_.title,
            link=f"{settings.BASE_URL}{format_.get_absolute_url()}",
            unique_id=f"{settings.BASE_URL}/formate/#{format_.pk}",
            description=format_.teaser,
            pubdate=format_.published_at,
            updateddate=max(filter(None, [format_.updated_at, format_.published_at])),
            categories=[branch.name for branch in format_.branches.all()],
        )
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)
