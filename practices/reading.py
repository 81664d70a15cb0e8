"""Examples as pages show them: a list of cards, and one with all its parts in one statement (see platform_mark.publishing.parts)."""

from collections.abc import Iterable, Mapping

from django.db.models import OuterRef, QuerySet

from actors.models import Actor
from platform_mark.media.models import TODAY
from platform_mark.prepared import NOW, Given, GivenKeys, Instant, Prepared
from platform_mark.publishing import parts
from platform_mark.publishing.parts import Part, part
from platform_mark.taxonomy.models import Branch, Topic

from .models import Effect, Practice, PracticeDocument, PracticePicture, PracticeQuerySet, Prerequisite, Step

_IMAGE = ("id", "token", "widths", "width", "height", "alt", "is_decorative", "credit", "focal_x", "focal_y")
_DOCUMENT = ("id", "token", "title", "name", "size")

_mine = {"practice": OuterRef("pk")}
_PARTS: Mapping[str, Part] = {
    "branches": part(Branch.objects.current().filter(practices=OuterRef("pk")), "id", "name", "slug"),
    "topics": part(Topic.objects.current().filter(practices=OuterRef("pk")), "id", "name", "slug"),
    "accompanied_by": part(
        Actor.objects.running().filter(practices=OuterRef("pk")).order_by("name", "pk"), "id", "name", "slug"
    ),
    "effects": part(Effect.objects.filter(**_mine), "id", "label", "unit", "before", "after", "method", "note"),
    "steps": part(Step.objects.filter(**_mine), "id", "action", "detail", "who", "duration", "needs"),
    "prerequisites": part(Prerequisite.objects.filter(**_mine), "id", "text"),
    "pictures": part(PracticePicture.objects.shown(TODAY).filter(**_mine), "id", "caption", image=_IMAGE),
    "documents": part(PracticeDocument.objects.filter(**_mine), "id", document=_DOCUMENT),
}


def with_parts(practices: PracticeQuerySet, at: Instant | None = None) -> QuerySet:
    """Annotate a queryset so that `fill` finds the parts of each example in its own row."""
    practices = practices.select_related("municipality__district").with_fitting_firms(at).with_release()
    return parts.with_parts(practices, _PARTS)


def fill(practice: Practice) -> Practice:
    """Put the rows that came along into the relations, as a prefetch would have done."""
    return parts.fill(practice, _PARTS)


_PAGE = Prepared(lambda: with_parts(Practice.objects.published(NOW), at=NOW).filter(slug=Given("slug")))
_CARDS = Prepared(lambda: Practice.objects.published(NOW).for_cards(NOW).filter(pk__in=GivenKeys("keys")))


def page(slug: str) -> Practice | None:
    """The public example at an address, with all that its page shows; one query."""
    practice = _PAGE.first(slug=slug)
    return fill(practice) if practice else None


def cards(keys: Iterable[int]) -> Mapping[int, Practice]:
    """The public ones of these examples with what a card shows, by key; one query at most."""
    wanted = list(keys)
    return {practice.pk: practice for practice in _CARDS.rows(keys=wanted)} if wanted else {}
