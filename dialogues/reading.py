"""Dialogues with their parts in one statement: for cards, and for the page of one (see platform_mark.publishing.parts)."""

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import OuterRef, Q

from platform_mark.media.models import TODAY
from platform_mark.prepared import NOW, Given, GivenKeys, Instant, Prepared
from platform_mark.publishing import parts
from platform_mark.publishing.parts import Part, part
from platform_mark.taxonomy.models import Branch

from .models import (
    AgendaItem,
    Agreement,
    Dialogue,
    DialogueDocument,
    DialoguePicture,
    DialogueQuerySet,
    Host,
    Outcome,
    SeatKind,
)
from .seats import with_seats

_IMAGE = ("id", "token", "widths", "width", "height", "alt", "is_decorative", "credit", "focal_x", "focal_y")
_DOCUMENT = ("id", "token", "title", "name", "size")
_ACTOR = ("id", "name", "slug", "state", "is_fictitious")

_mine = {"dialogue": OuterRef("pk")}
_BRANCHES = part(Branch.objects.current().filter(dialogues=OuterRef("pk")), "id", "name", "slug")
_CARD: Mapping[str, Part] = {"branches": _BRANCHES}
_ROW: Mapping[str, Part] = {
    "branches": _BRANCHES,
    "documents": part(DialogueDocument.objects.public().filter(**_mine), "id", document=_DOCUMENT),
    "outcomes": part(Outcome.objects.filter(**_mine), "id", "kind", "text"),
}
_PAGE: Mapping[str, Part] = {
    **_ROW,
    "seat_kinds": part(SeatKind.objects.filter(**_mine), "id", "way", "name", "capacity"),
    "agenda": part(AgendaItem.objects.filter(**_mine), "id", "starts_at", "title", "detail", "person", "person_agreed"),
    "hosts": part(Host.objects.filter(**_mine), "id", "role", "name", "is_fictitious", actor=_ACTOR),
    "pictures": part(DialoguePicture.objects.public().shown(TODAY).filter(**_mine), "id", "caption", image=_IMAGE),
    "agreements": part(
        Agreement.objects.filter(**_mine),
        *("id", "text", "owner", "due_on", "state", "reason", "reported_on"),
        actor=_ACTOR,
    ),
}


def with_cards(dialogues: DialogueQuerySet) -> DialogueQuerySet:
    """Annotate a queryset so that `cards` finds all that a card shows in the row of each."""
    return parts.with_parts(dialogues.select_related("municipality"), _CARD)


def cards(found: Iterable[Dialogue]) -> list[Dialogue]:
    """These dialogues, read by `with_cards`, with what a card shows."""
    return [parts.fill(dialogue, _CARD) for dialogue in found]


def with_rows(dialogues: DialogueQuerySet) -> DialogueQuerySet:
    """The same for `rows`."""
    return parts.with_parts(dialogues.select_related("municipality", "report"), _ROW)


def rows(found: Iterable[Dialogue]) -> list[Dialogue]:
    """These dialogues, read by `with_rows`, with what a card shows, and with what those that are over tell in a table."""
    return [parts.fill(dialogue, _ROW) for dialogue in found]


def with_page(dialogues: DialogueQuerySet) -> DialogueQuerySet:
    """Annotate a queryset so that `fill` finds all that the page of one dialogue shows in its own row."""
    return parts.with_parts(dialogues.select_related("municipality", "report", "series"), _PAGE)


def fill(dialogue: Dialogue) -> Dialogue:
    """Put the rows that came along into the relations, as a prefetch would have done."""
    return parts.fill(dialogue, _PAGE)


# Past dialogues under a list of coming ones.
DOCUMENTED = 5

_OF_ADDRESS = Prepared(lambda: with_seats(with_page(Dialogue.objects.published(NOW))).filter(slug=Given("slug")))
_KEYS = Q(pk__in=GivenKeys("keys"))


def _listed(wanted: Q, at: Instant | None = None) -> DialogueQuerySet:
    return with_seats(with_rows(Dialogue.objects.published(at).filter(wanted).order_by("starts_at", "pk")))


def _or_latest(keys: Q, documented: DialogueQuerySet) -> Q:
    return keys | Q(pk__in=documented.values("pk")[:DOCUMENTED])


_ALONE = Prepared(lambda: _listed(_KEYS, NOW))
_WITH_LATEST = Prepared(lambda: _listed(_or_latest(_KEYS, Dialogue.objects.published(NOW).documented(NOW)), NOW))


def listed(keys: Sequence[int], *, with_documented: bool) -> Sequence[Dialogue]:
    """The public ones of these dialogues, and on demand the last ones that say what came of them, by time; one query.

    With the seats of each, and what `rows` brings.
    """
    return rows((_WITH_LATEST if with_documented else _ALONE).rows(keys=list(keys)))


def listed_with(keys: Sequence[int], documented: DialogueQuerySet) -> Sequence[Dialogue]:
    """The same with the last ones of these documented ones; one query."""
    return rows(_listed(_or_latest(Q(pk__in=keys), documented)))


def page(slug: str) -> Dialogue | None:
    """The public dialogue at an address, with all that its page shows; one query."""
    dialogue = _OF_ADDRESS.first(slug=slug)
    return fill(dialogue) if dialogue else None


def hosts_of(dialogue: Dialogue, role: Host.Role) -> Sequence[Host]:
    """Those of one role, in their order, from what is in hand."""
    return [host for host in dialogue.hosts.all() if host.role == role]
