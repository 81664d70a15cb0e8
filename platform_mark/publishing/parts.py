"""One object with all its parts in one statement, for the page that shows it.

Small tables prefetched one by one cost more than the page itself; PostgreSQL hands their rows over as JSON with the row they
belong to. What comes out is the same object with the same filled relations as after `prefetch_related()`.

The text of such a subquery never changes, so it is made once in each process: the ORM would take longer to build it anew for
each page than PostgreSQL takes to answer it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import JSONField, Model, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject

RowT = TypeVar("RowT", bound=Model)
QuerySetT = TypeVar("QuerySetT", bound=QuerySet)


@dataclass(frozen=True)
class Part:
    """The rows of one relation, each as one JSON object of named columns."""

    model: type[Model]
    rows: ArraySubquery
    _texts: dict[type[Model], tuple[str, Sequence[Any]]] = field(default_factory=dict)

    @cached_property
    def unasked(self) -> QuerySet:
        """All rows of the model, as a queryset that nobody has evaluated."""
        return self.model._default_manager.all()

    def of(self, parent: type[Model]) -> RawSQL:
        """The rows as a column of `parent`."""
        if parent not in self._texts:
            query = parent._default_manager.annotate(_rows=self.rows).query
            compiler = query.get_compiler(connection=connection)
            compiler.setup_query()
            self._texts[parent] = compiler.compile(query.annotations["_rows"])
        text, parameters = self._texts[parent]
        # Compiled above, from querysets of this code alone.
        return RawSQL(text, parameters, output_field=ArrayField(JSONField()))  # noqa: S611


def part(queryset: QuerySet, *columns: str, **nested: Sequence[str]) -> Part:
    """The rows of `queryset` (which names its parent by OuterRef), with these columns and those of related rows.

    In the order of the queryset where it says one, else in that of its parts.
    What the queryset compares with must hold for as long as the process lives: today's date belongs in it as an expression.
    """
    values: dict[str, Any] = {column: column for column in columns}
    values |= {name: JSONObject(**{column: f"{name}__{column}" for column in of}) for name, of in nested.items()}
    ordered = queryset if queryset.query.order_by else queryset.order_by("order", "pk")
    return Part(queryset.model, ArraySubquery(ordered.values(row=JSONObject(**values))))


def with_parts(queryset: QuerySetT, parts: Mapping[str, Part]) -> QuerySetT:
    """Annotate a queryset so that `fill` finds the parts of each object in its own row."""
    return queryset.annotate(**{f"{name}_rows": each.of(queryset.model) for name, each in parts.items()})


def fill(row: RowT, parts: Mapping[str, Part]) -> RowT:
    """Put the rows that came along into the relations, as a prefetch would have done."""
    cache = row.__dict__.setdefault("_prefetched_objects_cache", {})
    for name, each in parts.items():
        # A copy of a queryset that was never asked: a new one for each relation of each row would cost more than its rows.
        filled = object.__new__(type(each.unasked))
        rows = [_instance(each.model, values) for values in getattr(row, f"{name}_rows")]
        filled.__dict__.update(each.unasked.__dict__, _result_cache=rows, _prefetch_done=True)
        cache[name] = filled
    return row


def _instance(model: type[Model], values: Mapping[str, Any]) -> Model:
    fields = {}
    for name, value in values.items():
        field = model._meta.get_field(name)
        if field.is_relation and isinstance(value, Mapping):
            # Where there is no related row, all its columns are empty.
            is_there = value[field.related_model._meta.pk.name] is not None
            fields[name] = _instance(field.related_model, value) if is_there else None  # type: ignore[arg-type]
        else:
            # JSON knows no decimals and no dates.
            fields[name] = field.to_python(value)
    return model(**fields)
