"""Querysets whose text is made once in each process.

For a page of ours the ORM takes longer to build the text of a statement anew than PostgreSQL takes to answer it. Where a
statement is always the same but for its values, it is written as a queryset with `Given` in place of those, and run with them:

    _BY_SLUG = Prepared(lambda: Practice.objects.published(NOW).filter(slug=Given("slug")))
    _BY_SLUG.rows(slug="einrichtekarte")
"""

import copy
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

RowT = TypeVar("RowT")


class Given(Expression):
    """The place of a value that comes with each run, in the type that the database knows it by.

    With `rule` the place takes what follows from that value.
    """

    def __init__(self, name: str, output_field: Field | None = None, rule: Callable[[Any], Any] | None = None) -> None:
        super().__init__(output_field)
        self.name = name
        self.rule = rule

    def value(self, values: Mapping[str, Any]) -> Any:
        """What this place takes in a run with these values; raises KeyError where its own is missing."""
        value = values[self.name]
        return self.rule(value) if self.rule else value

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Sequence[Any]]:
        """Leave itself among the parameters, for `Prepared` to put the value there."""
        return "%s", [self]


class GivenKeys(Given):
    """The place of a list of keys: `filter(pk__in=GivenKeys("wanted"))`."""

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Sequence[Any]]:
        """A list of any length must leave the text as it is."""
        return "(SELECT unnest(%s::bigint[]))", [self]


#: The instant of the run; it need not be given.
NOW = Given("now")
#: What a question for the state of things at an instant takes.
Instant = datetime | Given


def following(at: Instant | None, rule: Callable[[datetime], Any]) -> Any:
    """What follows from an instant (now, if not given), such as its day; a place for it where the instant comes with the run."""
    if isinstance(at, Given):
        return Given(at.name, rule=rule)
    return rule(at or timezone.now())


@dataclass(frozen=True)
class _Query:
    """A query whose compiler has done its work."""

    query: Query
    compiler: SQLCompiler

    def get_compiler(self, using: str) -> SQLCompiler:
        return self.compiler

    def __getattr__(self, name: str) -> Any:
        return getattr(self.query, name)


@dataclass(frozen=True)
class _Ready:
    """What Django's readers of rows ask of a queryset."""

    db: str
    model: type[Model]
    query: _Query
    _fields: Any
    _known_related_objects: dict[Any, Any]


# The queryset, its compiler, the text and its parameters.
_Made = tuple[QuerySet, SQLCompiler, str, Sequence[Any]]


class Prepared(Generic[RowT]):
    """One statement of this process; what `build` returns must not depend on anything but its code."""

    def __init__(self, build: Callable[[], QuerySet[Any, RowT]]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._made: _Made | None = None

    def rows(self, **given: Any) -> list[RowT]:
        """Run it; raises KeyError where a value is missing, TypeError where one is not asked for."""
        values = {"now": timezone.now(), **given}
        made, compiler, text, parameters = self._made or self._make()
        if unknown := given.keys() - {each.name for each in parameters if isinstance(each, Given)}:
            raise TypeError(f"Not asked for: {', '.join(sorted(unknown))}")
        filled = tuple(each.value(values) if isinstance(each, Given) else each for each in parameters)
        compiler = copy.copy(compiler)
        # Each thread has a connection of its own.
        compiler.connection = connection
        compiler.as_sql = lambda *args, **kwargs: (text, filled)  # type: ignore[method-assign]
        ready = _Ready(connection.alias, made.model, _Query(made.query, compiler), made._fields, {})
        rows: Iterable[RowT] = made._iterable_class(ready)  # type: ignore[arg-type,assignment]
        return list(rows)

    def first(self, **given: Any) -> RowT | None:
        """The first row, if there is one."""
        return next(iter(self.rows(**given)), None)

    def _make(self) -> _Made:
        # A query must not be compiled by two threads at once.
        with self._lock:
            if self._made is None:
                made = self._build()
                compiler = made.query.get_compiler(connection=connection)
                text, parameters = compiler.as_sql()
                if any(isinstance(each, date) for each in parameters):
                    raise TypeError("A day or an instant would stay as it is now: use NOW, or what follows from it.")
                self._made = made, compiler, text, tuple(parameters)
            return self._made
