"""Entries as pages show them, with what stands in other tables in the same statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import JSONField, Model, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.safestring import SafeString

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
        "actor__is_fictitious",
        "actor__source_url",
    ),
)
_ORDER: Mapping[str, tuple[str, ...]] = {
    "branches": ("order", "name"),
    "topics": ("order", "name"),
    "municipalities": ("name",),
    "districts": ("key",),
}
# Names of this module only.
_ROWS = (
    "ARRAY(SELECT jsonb_build_object('pk', term.id, 'name', term.name, 'slug', term.slug) FROM {table} AS term"
    " JOIN actors_activity_{name} AS link ON link.{column}_id = term.id"
    " WHERE link.activity_id = actors_activity.id ORDER BY {order})"
)


def _rows(name: str, model: type[Model]) -> str:
    """The terms of one entry as JSON, in their order. The text never changes, so it is written once."""
    return _ROWS.format(
        table=model._meta.db_table,
        name=name,
        column=model._meta.model_name,
        order=", ".join(f'term."{column}"' for column in _ORDER[name]),
    )


_TERMS = {name: _rows(name, model) for name, (model, _) in TERMS.items()}


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


def with_terms(activities: ActivityQuerySet, *names: str) -> QuerySet:
    """Annotate so that `terms_of` finds these lists of terms (all, if none is named) in the row itself."""
    annotations = {
        # Text of this module, without parameters.
        f"{name}_rows": RawSQL(_TERMS[name], [], output_field=ArrayField(JSONField()))  # noqa: S611
        for name in names or _TERMS
    }
    return activities.annotate(**annotations)


def terms_of(activity: Activity) -> Terms:
    """What came along by `with_terms`."""
    return Terms(**{name: [Term(**row) for row in getattr(activity, f"{name}_rows", [])] for name in _TERMS})


def terms_in(data: Mapping[str, Any]) -> Terms:
    """The same for a snapshot that nobody sees yet."""
    found = {}
    for name, (model, key) in TERMS.items():
        rows = model._default_manager.filter(**{f"{key}__in": data.get(name) or []}).order_by(*_ORDER[name])
        found[name] = [Term(row.pk, str(row), row.slug) for row in rows]  # type: ignore[attr-defined]
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
