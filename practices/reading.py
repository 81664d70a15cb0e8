"""One example with all its parts in one statement, for the page that shows it (see platform_mark.publishing.parts)."""

from collections.abc import Mapping

from django.db.models import OuterRef, QuerySet

from platform_mark.publishing import parts
from platform_mark.publishing.parts import Part, part
from platform_mark.taxonomy.models import Branch, Topic

from .models import Effect, Practice, PracticeDocument, PracticePicture, PracticeQuerySet, Prerequisite, Step

_IMAGE = ("id", "token", "widths", "width", "height", "alt", "is_decorative", "credit", "focal_x", "focal_y")
_DOCUMENT = ("id", "token", "title", "name", "size")

_mine = {"practice": OuterRef("pk")}
_linked = {"practices": OuterRef("pk")}
_PARTS: Mapping[str, Part] = {
    "branches": part(Branch.objects.current().filter(**_linked), "id", "name", "slug"),
    "topics": part(Topic.objects.current().filter(**_linked), "id", "name", "slug"),
    "effects": part(Effect.objects.filter(**_mine), "id", "label", "unit", "before", "after", "method", "note"),
    "steps": part(Step.objects.filter(**_mine), "id", "action", "detail", "who", "duration", "needs"),
    "prerequisites": part(Prerequisite.objects.filter(**_mine), "id", "text"),
    "pictures": part(PracticePicture.objects.shown().filter(**_mine), "id", "caption", image=_IMAGE),
    "documents": part(PracticeDocument.objects.filter(**_mine), "id", document=_DOCUMENT),
}


def with_parts(practices: PracticeQuerySet) -> QuerySet:
    """Annotate a queryset so that `fill` finds the parts of each example in its own row."""
    return parts.with_parts(practices.select_related("municipality__district").with_fitting_firms(), _PARTS)


def fill(practice: Practice) -> Practice:
    """Put the rows that came along into the relations, as a prefetch would have done."""
    return parts.fill(practice, _PARTS)
