"""Entries as pages show them, with what stands in other tables in the same statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import OuterRef
from django.utils.safestring import SafeString

from platform_mark.prepared import NOW, Given, GivenKeys, Prepared
from platform_mark.publishing import parts
from platform_mark.publishing.parts import part
from platform_mark.search.finding import Row
from platform_mark.search.question import Question
from platform_mark.search.snippets import mark, pattern, snippet
from platform_mark.taxonomy.models import CompanySize

from .models import Activity, ActivityQuerySet
from .snapshot import TERMS

_ROW_COLUMNS = (
    *(
        "title",
        "slug",
        "summary",
        "kind",
        "valid_from",
        "valid_until",
        "visibility",
        "confirmed_at",
        "published_at",
        "state",
    ),
    *(
        "confirmed_by_staff",
        "source_url",
        "changed_at",
        "actor__name",
        "actor__slug",
        "actor__state",
        "actor__is_fictitious",
        "actor__source_url",
        "actor__contact_email",
    ),
)
_ORDER: Mapping[str, tuple[str, ...]] = {
    "branches": ("order", "name"),
    "topics": ("order", "name"),
    "municipalities": ("name",),
    "districts": ("key",),
}
_TERMS = {
    name: part(model._default_manager.filter(activities=OuterRef("pk")).order_by(*_ORDER[name]), "pk", "name", "slug")
    for name, (model, _) in TERMS.items()
}


@dataclass(frozen=True)
class Term:
    """A branch, topic or place beside an entry."""

    pk: int
    name: str
    slug: str


@dataclass(frozen=True)
class Terms:
    """What an entry is for, in the words of the portal; an empty list of branches or places means all of them."""

    branches: list[Term]
    topics: list[Term]
    municipalities: list[Term]
    districts: list[Term]


@dataclass(frozen=True)
class Hit:
    """An entry in a list of results."""

    activity: Activity
    title: SafeString | str
    #: The passage that meets most, where the title does not; empty where nothing was searched.
    passage: SafeString | str


def for_rows(activities: ActivityQuerySet) -> ActivityQuerySet:
    """With what a row of a list shows, and nothing else."""
    return activities.select_related("actor").only(*_ROW_COLUMNS)


def with_terms(activities: ActivityQuerySet, *names: str) -> ActivityQuerySet:
    """Annotate so that `terms_of` finds these lists of terms (all, if none is named) in the row itself."""
    return parts.with_parts(activities, {name: _TERMS[name] for name in names or _TERMS})


def _page(among_actors: bool) -> ActivityQuerySet:
    readable = Activity.objects.readable(among_actors=among_actors, at=NOW).filter(slug=Given("slug"))
    return with_terms(readable.select_related("actor"))


def _listed(wants_former: bool) -> ActivityQuerySet:
    activities = Activity.objects.former(NOW) if wants_former else Activity.objects.public(NOW)
    return for_rows(activities).filter(pk__in=GivenKeys("keys"))


_PAGE = {among_actors: Prepared(partial(_page, among_actors)) for among_actors in (False, True)}
_LISTED = {wants_former: Prepared(partial(_listed, wants_former)) for wants_former in (False, True)}


def page(slug: str, *, among_actors: bool) -> Activity | None:
    """The entry at an address, if such a visitor may read it, with its terms; one query."""
    return _PAGE[among_actors].first(slug=slug)


def listed(keys: Iterable[int], *, former: bool = False) -> Mapping[int, Activity]:
    """The public ones of these entries, or the former ones, with what a row of a list shows, by key; one query at most."""
    wanted = list(keys)
    return {activity.pk: activity for activity in _LISTED[former].rows(keys=wanted)} if wanted else {}


def terms_of(activity: Activity) -> Terms:
    """What came along by `with_terms`."""
    return Terms(**{name: [Term(**row) for row in getattr(activity, f"{name}_rows", [])] for name in _TERMS})


def terms_in(data: Mapping[str, Any]) -> Terms:
    """The same for a snapshot that nobody sees yet."""
    found = {}
    for name, (model, key) in TERMS.items():
        rows = model._default_manager.filter(**{f"{key}__in": data.get(name) or []}).order_by(*_ORDER[name])
        found[name] = [Term(row.pk, str(row), row.slug) for row in rows]
    return Terms(**found)


def hits(rows: list[Row], shown: Mapping[int, Activity], question: Question | None) -> list[Hit]:
    """The rows of the index as entries, in their order; what may not be shown is left out."""
    found = pattern(question.lexemes) if question else None
    result = []
    for row in rows:
        if activity := shown.get(row.object_id):
            title = mark(activity.title, found) if found else activity.title
            says_so = not found or "<mark>" in title
            passage = SafeString() if says_so else snippet(f"{row.lead} {row.text}", found)
            result.append(Hit(activity, title, passage))
    return result


def sizes_text(activity: Activity) -> str:
    """The company sizes in words, neighbours as a range."""
    sizes = [size for size in CompanySize if size.value in activity.sizes]
    if not sizes or len(sizes) == len(CompanySize):
        return "alle Größen"
    if len(sizes) > 1 and sizes[-1].gauge - sizes[0].gauge == len(sizes) - 1:
        return f"{sizes[0].label} bis {sizes[-1].label}"
    return ", ".join(str(size.label) for size in sizes)


def area_text(activity: Activity, terms: Terms) -> str:
    """Where an entry applies, in words."""
    named = [term.name for term in (*terms.districts, *terms.municipalities)]
    if activity.area:
        named.append(activity.area)
    return ", ".join(named) or "ganze Region"
