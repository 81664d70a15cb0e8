"""One example with all its parts in one statement, for the page that shows it.

Seven small tables prefetched one by one cost more than the page itself; PostgreSQL hands their rows over as JSON with the row
they belong to. What comes out is the same `Practice` with the same filled relations as after `with_everything()`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Model, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from platform_mark.media.models import Document, Image
from platform_mark.taxonomy.models import Branch, Topic

from .models import Effect, Practice, PracticeDocument, PracticePicture, PracticeQuerySet, Prerequisite, Step

_IMAGE = ("id", "token", "widths", "width", "height", "alt", "is_decorative", "credit", "focal_x", "focal_y")
_DOCUMENT = ("id", "token", "title", "name", "size")


def _of(queryset: QuerySet, **more: Any) -> Callable[..., ArraySubquery]:
    """Rows of a part in their order, each as one JSON object of the named columns."""

    def rows(*names: str) -> ArraySubquery:
        columns = {name: name for name in names}
        ordered = queryset.order_by("order", "pk")
        return ArraySubquery(ordered.values(row=JSONObject(**columns, **more)))

    return rows


def _nested(name: str, columns: tuple[str, ...]) -> dict[str, JSONObject]:
    return {name: JSONObject(**{column: f"{name}__{column}" for column in columns})}


_mine = {"practice": OuterRef("pk")}
_linked = {"practices": OuterRef("pk")}
# Relation -> its model and its rows.
_PARTS: Mapping[str, tuple[type[Model], ArraySubquery]] = {
    "branches": (Branch, _of(Branch.objects.current().filter(**_linked))("id", "name", "slug")),
    "topics": (Topic, _of(Topic.objects.current().filter(**_linked))("id", "name", "slug")),
    "effects": (
        Effect,
        _of(Effect.objects.filter(**_mine))("id", "label", "unit", "before", "after", "method", "note"),
    ),
    "steps": (Step, _of(Step.objects.filter(**_mine))("id", "action", "detail", "who", "duration", "needs")),
    "prerequisites": (Prerequisite, _of(Prerequisite.objects.filter(**_mine))("id", "text")),
    "documents": (
        PracticeDocument,
        _of(PracticeDocument.objects.filter(**_mine), **_nested("document", _DOCUMENT))("id"),
    ),
}
_NESTED: Mapping[str, type[Model]] = {"image": Image, "document": Document}


def _pictures() -> ArraySubquery:
    """Their rights end on a day, so what is shown is asked anew each time and never kept with the others above."""
    shown = PracticePicture.objects.shown().filter(**_mine)
    return _of(shown, **_nested("image", _IMAGE))("id", "caption")


def with_parts(practices: PracticeQuerySet) -> QuerySet:
    """Annotate a queryset so that `fill` finds the parts of each example in its own row."""
    annotations = {f"{name}_rows": rows for name, (_, rows) in _PARTS.items()} | {"pictures_rows": _pictures()}
    practices = practices.select_related("municipality__district").with_fitting_firms().with_release()
    return practices.annotate(**annotations)


def fill(practice: Practice) -> Practice:
    """Put the rows that came along into the relations, as a prefetch would have done."""
    cache = practice.__dict__.setdefault("_prefetched_objects_cache", {})
    models = {name: model for name, (model, _) in _PARTS.items()} | {"pictures": PracticePicture}
    for name, model in models.items():
        rows = [_instance(model, values) for values in getattr(practice, f"{name}_rows")]
        filled = model._default_manager.all()
        filled._result_cache, filled._prefetch_done = rows, True  # type: ignore[attr-defined]
        cache[name] = filled
    return practice


def _instance(model: type[Model], values: Mapping[str, Any]) -> Model:
    fields = {}
    for name, value in values.items():
        if name in _NESTED:
            fields[name] = _instance(_NESTED[name], value)
        else:
            # JSON knows no decimals and no dates.
            fields[name] = model._meta.get_field(name).to_python(value)
    return model(**fields)
