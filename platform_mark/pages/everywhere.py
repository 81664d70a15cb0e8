"""What the search over everything finds: the kinds, and how a row of each says what it is.

The index names what meets the words; the subjects' own reading rules say what may be shown.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateTimeField,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse
from django.utils.safestring import SafeString

from actors.models import Activity, Actor
from dialogues.formats.models import Format
from dialogues.formats.search import in_words
from dialogues.models import Dialogue
from platform_mark.search.finding import Everywhere, MixedRow, find_everywhere
from platform_mark.search.index import kind_of
from platform_mark.search.question import Question
from platform_mark.search.snippets import mark, pattern, snippet
from practices.models import NO_NAME, Practice

PAGE_SIZE = 20


@dataclass(frozen=True)
class Kind:
    #: In addresses.
    word: str
    model: type[Any]
    label: str
    labels: str
    #: The tag of what is made up.
    fictitious: str
    list_name: str
    detail_name: str
    #: What may be shown, with the columns of `_columns`.
    rows: Callable[[], QuerySet]
    #: Who or where, from the two columns of a row.
    facts: Callable[[str, str], Sequence[str]]

    @property
    def code(self) -> str:
        """The word that stands for it in the index."""
        return kind_of(self.model)


@dataclass(frozen=True)
class Hit:
    """One thing found, as the page shows it."""

    kind: Kind
    url: str
    name: str
    title: SafeString
    #: Lead, or the passage of the text that meets most.
    passage: SafeString
    #: Who or where, in a few words.
    facts: Sequence[str]
    at: datetime | None
    is_fictitious: bool


def find(
    question: Question,
    *,
    only: Kind | None = None,
    page: int = 1,
    since: datetime | None = None,
    strictly: bool = False,
) -> Everywhere:
    """Ask the index for all kinds at once."""
    return find_everywhere(
        list(_BY_CODE),
        question,
        only=only.code if only else "",
        page=page,
        size=PAGE_SIZE,
        since=since,
        strictly=strictly,
    )


def hits(rows: Iterable[MixedRow], question: Question) -> list[Hit]:
    """The rows as the page shows them, in their order; what may not be shown is left out. One query, whatever the kinds."""
    rows = list(rows)
    shown = _shown(rows)
    found = pattern(question.lexemes)
    made = []
    for row in rows:
        if (own := shown.get((row.kind, row.object_id))) is None:
            continue
        kind = _BY_CODE[row.kind]
        title, lead = mark(row.title, found), mark(row.lead, found)
        passage = lead if "<mark>" in lead or "<mark>" in title else snippet(row.text, found) or lead
        url = reverse(kind.detail_name, args=[own.slug])
        made.append(Hit(kind, url, row.title, title, passage, own.facts, own.at, own.is_fictitious))
    return made


@dataclass(frozen=True)
class _Shown:
    slug: str
    facts: Sequence[str]
    at: datetime | None
    is_fictitious: bool


def _shown(rows: Sequence[MixedRow]) -> dict[tuple[str, int], _Shown]:
    ids: dict[str, list[int]] = {}
    for row in rows:
        ids.setdefault(row.kind, []).append(row.object_id)
    querysets = [_BY_CODE[kind].rows().filter(pk__in=keys) for kind, keys in ids.items()]
    if not querysets:
        return {}
    # One after the other in one statement: however many kinds there are, it is one way to the database.
    first, *others = [
        queryset.order_by().values_list(
            "hit_kind", "pk", "slug", "hit_first", "hit_second", "hit_at", "hit_is_fictitious"
        )
        for queryset in querysets
    ]
    return {
        (kind, pk): _Shown(slug, list(filter(None, _BY_CODE[kind].facts(one, two))), at, is_fictitious)
        for kind, pk, slug, one, two, at, is_fictitious in (first.union(*others, all=True) if others else first)
    }


def _columns(queryset: QuerySet, first: Any, second: Any, *, at: Any = None, is_fictitious: Any = None) -> QuerySet:
    return queryset.annotate(
        hit_kind=Value(kind_of(queryset.model), output_field=CharField()),
        hit_first=Cast(first, TextField()),
        hit_second=Cast(second, TextField()),
        hit_at=at or Cast(Value(None), DateTimeField()),
        hit_is_fictitious=ExpressionWrapper(is_fictitious or Value(False), output_field=BooleanField()),
    )


def _place() -> Coalesce:
    return Coalesce("municipality__name", "place", output_field=TextField())


def _practices() -> QuerySet:
    nameless = Q(is_anonymous=True)
    company = Case(When(nameless, then=Value(NO_NAME)), default=F("company"))
    # Where no name is wanted, the place could give it away.
    place = Case(When(nameless, then=Value("")), default=_place(), output_field=TextField())
    return _columns(Practice.objects.published(), company, place, is_fictitious=F("is_fictitious"))


def _dialogues() -> QuerySet:
    return _columns(
        Dialogue.objects.published(), F("form"), _place(), at=F("starts_at"), is_fictitious=F("is_fictitious")
    )


def _activities() -> QuerySet:
    return _columns(Activity.objects.public(), F("kind"), F("actor__name"), is_fictitious=F("actor__is_fictitious"))


def _actors() -> QuerySet:
    return _columns(Actor.objects.running(), F("kind"), _place(), is_fictitious=F("is_fictitious"))


def _formats() -> QuerySet:
    return _columns(Format.objects.published(), F("goal"), F("duration_minutes"))


KINDS: Mapping[str, Kind] = {
    kind.word: kind
    for kind in (
        Kind(
            *("beispiele", Practice, "Beispiel", "Beispiele", "Beispielfirma", "practices:list", "practices:detail"),
            rows=_practices,
            facts=lambda company, place: (company, place),
        ),
        Kind(
            *("dialoge", Dialogue, "Dialog", "Dialoge", "Beispieldialog", "dialogues:list", "dialogues:detail"),
            rows=_dialogues,
            facts=lambda form, place: (str(Dialogue.Form(form).label), place),
        ),
        Kind(
            *("aktivitaeten", Activity, "Aktivität", "Aktivitäten", "Beispielakteur"),
            *("actors:activities", "actors:activity"),
            rows=_activities,
            facts=lambda kind, actor: (str(Activity.Kind(kind).label), actor),
        ),
        Kind(
            *("akteure", Actor, "Akteur", "Akteure", "Beispielakteur", "actors:list", "actors:detail"),
            rows=_actors,
            facts=lambda kind, place: (str(Actor.Kind(kind).label), place),
        ),
        Kind(
            *("formate", Format, "Format", "Formate", "", "formats:list", "formats:detail"),
            rows=_formats,
            facts=lambda goal, minutes: (str(Format.Goal(goal).label).capitalize(), in_words(int(minutes))),
        ),
    )
}
_BY_CODE = {kind.code: kind for kind in KINDS.values()}
