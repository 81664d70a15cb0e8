"""Store what was planned: all of it or nothing.

What is new becomes a draft. What is public stays as it is: its changes go into a working copy, as when somebody writes in
the desk. So an import never publishes. Many rows are written by few statements, since a web process may not take for ever.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from platform_mark.publishing import versions
from platform_mark.slugs import free_slug
from platform_mark.taxonomy.lookup import Lookup
from platform_mark.taxonomy.models import Branch, Topic

from .. import releasing
from ..models import Practice
from .columns import PART_COLUMNS
from .plan import WRITTEN, Entry, Outcome, Planner, assign, read

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

_TERMS: Mapping[str, type[Branch] | type[Topic]] = {"branches": Branch, "topics": Topic}


class PlanChanged(Exception):
    """What was shown is no longer what would happen: somebody has changed something meanwhile."""


@transaction.atomic
def carry_out(content: bytes, *, fingerprint: str, by: "User", name: str) -> list[tuple[Entry, Practice]]:
    """Store what `make_plan` showed under this fingerprint; return each row that changed something with its example.

    Raises PlanChanged, and then nothing is stored.
    """
    file = read(content)
    # Nobody changes what is being compared until all is written.
    list(Planner.touched(file).select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    planner = Planner(file)
    plan = planner.plan()
    if plan.fingerprint != fingerprint or not plan.can_be_stored:
        raise PlanChanged
    changed = [(entry, _target(entry)) for entry in plan.changed]
    for _, practice in changed:
        # What was there before may never have been kept.
        versions.record(practice, by=by)
    try:
        new = [(entry, practice) for entry, practice in zip(plan.new, _create(plan.new, planner.lookup), strict=True)]
    except IntegrityError as error:
        # Somebody made the same new example in this very moment.
        raise PlanChanged from error
    for entry, practice in changed:
        names = [name for name in WRITTEN if name in entry.changed_names]
        assign(practice, entry.data, names, planner.lookup)
        practice.save(update_fields=[*names, "updated_at"])
    done = [*new, *changed]
    _write_terms(done)
    _write_parts(done)
    fresh = Practice.objects.for_search().in_bulk([practice.pk for _, practice in done])
    for practice in fresh.values():
        versions.record(practice, by=by, comment=f"Import aus {name}"[:120])
    return [(entry, fresh[practice.pk]) for entry, practice in done]


def _target(entry: Entry) -> Practice:
    assert entry.target  # noqa: S101 (only new ones have none)
    return releasing.revise(entry.target) if entry.outcome is Outcome.REVISED else entry.target


def _create(entries: Iterable[Entry], lookup: Lookup) -> list[Practice]:
    taken = set(Practice.objects.values_list("slug", flat=True)) | {entry.slug for entry in entries}
    practices = []
    for entry in entries:
        slug = entry.slug or free_slug(entry.title, taken.__contains__)
        taken.add(slug)
        practice = Practice(slug=slug)
        assign(practice, entry.data, WRITTEN, lookup)
        practices.append(practice)
    return Practice.objects.bulk_create(practices, batch_size=200)


def _write_terms(done: Iterable[tuple[Entry, Practice]]) -> None:
    for name, model in _TERMS.items():
        terms = model.objects.in_bulk(field_name="slug")
        through = getattr(Practice, name).through
        touched = [(entry, practice) for entry, practice in done if name in entry.changed_names]
        through.objects.filter(practice__in=[practice for _, practice in touched]).delete()
        column = f"{model._meta.model_name}_id"
        through.objects.bulk_create(
            through(practice_id=practice.pk, **{column: terms[slug].pk})
            for entry, practice in touched
            for slug in entry.data[name]
        )


def _write_parts(done: Iterable[tuple[Entry, Practice]]) -> None:
    for part, columns in PART_COLUMNS.items():
        model = next(iter(columns.values())).field.model
        touched = [(entry, practice) for entry, practice in done if part in entry.changed_names]
        model.objects.filter(practice__in=[practice for _, practice in touched]).delete()
        model.objects.bulk_create(
            model(practice=practice, order=order, **{n: c.field.to_python(row[n]) for n, c in columns.items()})
            for entry, practice in touched
            for order, row in enumerate(entry.data[part])
        )
