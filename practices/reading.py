"""One example with all its parts in one statement, for the page that shows it.

Seven small tables prefetched one by one cost more than the page itself; PostgreSQL hands their rows over as JSON with the row
they belong to. What comes out is the same `Practice` with the same filled relations as after `with_everything()`. The text of
these subqueries never changes, so it is written once: built anew by the ORM for each page, it would cost more than they save.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import JSONField, Model, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from actors.models import Actor
from platform_mark.media.models import Document, Image
from platform_mark.taxonomy.models import Branch, Topic

from .models import Effect, Practice, PracticeDocument, PracticePicture, PracticeQuerySet, Prerequisite, Step

_IMAGE = ("id", "token", "widths", "width", "height", "alt", "is_decorative", "credit", "focal_x", "focal_y")
_DOCUMENT = ("id", "token", "title", "name", "size")
_ROWS = 'ARRAY(SELECT {row} FROM {source} ORDER BY part."order", part.id)'
_ROWS_BY_NAME = "ARRAY(SELECT {row} FROM {source} ORDER BY part.name, part.id)"


def _row(alias: str, names: tuple[str, ...], *more: str) -> str:
    """One JSON object of these columns."""
    pairs = [f"'{name}', {alias}.{name}" for name in names]
    return f"jsonb_build_object({', '.join([*pairs, *more])})"


def _own(model: type[Model], *names: str) -> str:
    """The rows of a part, in their order."""
    source = f"{model._meta.db_table} AS part WHERE part.practice_id = practices_practice.id"
    return _ROWS.format(row=_row("part", names), source=source)


def _terms(model: type[Model], relation: str, column: str) -> str:
    """The branches or topics of an example, without those that were merged into others."""
    source = (
        f"{model._meta.db_table} AS part JOIN practices_practice_{relation} AS link ON link.{column}_id = part.id"
        " WHERE link.practice_id = practices_practice.id AND part.merged_into_id IS NULL"
    )
    return _ROWS.format(row=_row("part", ("id", "name", "slug")), source=source)


def _with_file(
    model: type[Model], name: str, target: type[Model], columns: tuple[str, ...], *own: str, only: str = ""
) -> str:
    """The rows of a part that show a picture or hand out a document."""
    source = (
        f"{model._meta.db_table} AS part JOIN {target._meta.db_table} AS file ON file.id = part.{name}_id"
        f" WHERE part.practice_id = practices_practice.id{only}"
    )
    return _ROWS.format(row=_row("part", own, f"'{name}', {_row('file', columns)}"), source=source)


# The same rule as `ActorQuerySet.running`.
_ACTORS = _ROWS_BY_NAME.format(
    row=_row("part", ("id", "name", "slug")),
    source=(
        f"{Actor._meta.db_table} AS part JOIN practices_practice_accompanied_by AS link ON link.actor_id = part.id"
        " WHERE link.practice_id = practices_practice.id AND part.state = 'approved' AND part.merged_into_id IS NULL"
    ),
)
# The same rule as `ImageQuerySet.shown`; its day is the only parameter.
_RIGHTS = " AND (file.rights_until IS NULL OR file.rights_until >= %s)"
# Relation -> its model and the rows of it.
_PARTS: Mapping[str, tuple[type[Model], str]] = {
    "branches": (Branch, _terms(Branch, "branches", "branch")),
    "topics": (Topic, _terms(Topic, "topics", "topic")),
    "accompanied_by": (Actor, _ACTORS),
    "effects": (Effect, _own(Effect, "id", "label", "unit", "before", "after", "method", "note")),
    "steps": (Step, _own(Step, "id", "action", "detail", "who", "duration", "needs")),
    "prerequisites": (Prerequisite, _own(Prerequisite, "id", "text")),
    "pictures": (PracticePicture, _with_file(PracticePicture, "image", Image, _IMAGE, "id", "caption", only=_RIGHTS)),
    "documents": (PracticeDocument, _with_file(PracticeDocument, "document", Document, _DOCUMENT, "id")),
}
_NESTED: Mapping[str, type[Model]] = {"image": Image, "document": Document}


def with_parts(practices: PracticeQuerySet) -> QuerySet:
    """Annotate a queryset so that `fill` finds the parts of each example in its own row."""
    today = timezone.localdate()
    annotations = {
        # Text of this module; the day is a parameter.
        f"{name}_rows": RawSQL(sql, [today] if name == "pictures" else [], output_field=ArrayField(JSONField()))  # noqa: S611
        for name, (_, sql) in _PARTS.items()
    }
    practices = practices.select_related("municipality__district").with_fitting_firms().with_release()
    return practices.annotate(**annotations)


def fill(practice: Practice) -> Practice:
    """Put the rows that came along into the relations, as a prefetch would have done."""
    cache = practice.__dict__.setdefault("_prefetched_objects_cache", {})
    for name, (model, _) in _PARTS.items():
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
