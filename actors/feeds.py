"""Any list of the register for other programs: CSV, XLSX and JSON of all that was found, Atom of what is new in it."""

import io

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from platform_mark import contact
from platform_mark.exports import write_xlsx
from platform_mark.search import finding
from platform_mark.search.asking import find

from . import downloads, matrix, reading
from .facets import load_catalogue
from .filters import ActivityFilter
from .models import Activity

NEWEST = 50


@require_safe
def download(request: HttpRequest, form: str) -> FileResponse:
    """All public entries of a filter as a file, in the order of the list, up to the most that one request may take.

    The visitor makes no difference: what is for actors only is in no file.
    """
    filterset = _filterset(request)
    found = filterset.look(page=1, size=downloads.MOST_ROWS)
    allowed = Activity.objects.former() if filterset.wants_former else Activity.objects.public()
    rows = downloads.in_chunks([row.object_id for row in found.rows], allowed)
    name = f"aktivitaeten-{timezone.localdate():%Y-%m-%d}.{form}"
    return FileResponse(
        downloads.write(rows, form), as_attachment=True, filename=name, content_type=downloads.FORMATS[form]
    )


@require_safe
def matrix_download(request: HttpRequest) -> FileResponse:
    """The matrix of public entries as XLSX."""
    rows, columns, _ = matrix.sides(request.GET)
    crossed = matrix.build(rows, columns, load_catalogue(request.GET))
    target = io.BytesIO()
    write_xlsx(target, "Wer macht was", matrix.table(crossed), widths=[34, *([16] * len(crossed.heads))])
    target.seek(0)
    name = f"wer-macht-was-{rows}-{columns}-{timezone.localdate():%Y-%m-%d}.xlsx"
    return FileResponse(target, as_attachment=True, filename=name, content_type=downloads.FORMATS["xlsx"])


@require_safe
def atom(request: HttpRequest) -> HttpResponse:
    """What was published last in any filter, for feed readers."""
    filterset = _filterset(request)
    told = find(filterset)
    named = ", ".join(chip.label for chip in told.chips)
    query = f"?{told.query}" if told.query else ""
    feed = Atom1Feed(
        title=f"Aktivitäten zur Digitalisierung: {named}" if named else "Aktivitäten zur Digitalisierung",
        link=f"{settings.BASE_URL}{reverse('actors:activities')}{query}",
        feed_url=f"{settings.BASE_URL}{reverse('actors:feed-atom')}{query}",
        description="Wer in der Märkischen Region was für Betriebe anbietet.",
        language="de",
        author_name=contact.operator()["name"],
    )
    found = filterset.look(page=1, size=NEWEST, order=finding.NEWEST)
    allowed = Activity.objects.former() if filterset.wants_former else Activity.objects.public()
    for activity in downloads.in_chunks([row.object_id for row in found.rows], allowed):
        feed.add_item(
            title=activity.title,
            link=f"{settings.BASE_URL}{activity.get_absolute_url()}",
            unique_id=f"{settings.BASE_URL}/aktivitaeten/#{activity.pk}",
            description=f"{activity.summary} {activity.get_kind_display()} von {activity.actor.name}.",
            pubdate=activity.published_at,
            updateddate=max(filter(None, [activity.changed_at, activity.published_at])),
            categories=[term.name for term in reading.terms_of(activity).branches],
        )
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)


def _filterset(request: HttpRequest) -> ActivityFilter:
    return ActivityFilter(request.GET, queryset=Activity.objects.public(), catalogue=load_catalogue(request.GET))
