"""Merging two terms: everything that pointed at one points at the other, and the old address leads there."""

from dataclasses import dataclass
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.dispatch import Signal

from .models import Term
from .words import distinct

# Sent in the same transaction, with the term that stays as `into`, for whoever keeps copies of what pointed at the other.
terms_merged = Signal()

AnyTerm = TypeVar("AnyTerm", bound=Term)


class MergeRefused(ValidationError):
    """These two cannot be merged; the message is for people."""


@dataclass(frozen=True)
class Use:
    """How many rows of one kind point at a term; parts of the term itself would go with it."""

    label: str
    count: int
    is_part: bool


@transaction.atomic
def merge(term: AnyTerm, *, into: AnyTerm) -> None:
    """Point everything at `into`, make the old words its synonyms, and leave a redirect; raises MergeRefused."""
    model = type(into)
    if type(term) is not model or term.pk == into.pk:
        raise MergeRefused("Ein Begriff kann nicht mit sich selbst zusammengeführt werden.")
    # In the order of their keys, so that two people who merge at once wait for each other instead of blocking.
    both = model._default_manager.select_for_update().filter(pk__in=[term.pk, into.pk]).order_by("pk")
    locked = {row.pk: row for row in both}
    old, new = locked[term.pk], locked[into.pk]
    if new.merged_into_id:
        raise MergeRefused(f"„{new}“ wurde selbst schon zusammengeführt. Bitte wählen Sie einen anderen Begriff.")
    if old.merged_into_id:
        raise MergeRefused(f"„{old}“ wurde schon zusammengeführt.")

    for foreign_key in foreign_keys_to(model):
        repoint(foreign_key, old, new)
    _, *new.synonyms = distinct([new.name, *new.synonyms, old.name, *old.synonyms])
    new.save(update_fields=["synonyms"])
    old.merged_into = new
    old.save(update_fields=["merged_into"])
    term.merged_into, into.synonyms = new, new.synonyms
    terms_merged.send(model, into=new)


def uses(term: Term) -> list[Use]:
    """What would move if the term were merged, by kind; nothing for a term that nothing points at."""
    found = []
    for relation in type(term)._meta.related_objects:
        manager = relation.related_model._base_manager
        count = manager.filter(**{relation.field.name: term}).distinct().count()
        if count:
            names = relation.related_model._meta
            label = str(names.verbose_name if count == 1 else names.verbose_name_plural)
            found.append(Use(label, count, is_part=relation.on_delete is models.CASCADE))
    return found


def foreign_keys_to(model: type[models.Model]) -> list[models.ForeignKey]:
    """Every column that points at the model: of any app, of the tables behind many-to-many fields, of itself."""
    return [
        field.field
        for field in model._meta.get_fields(include_hidden=True)
        if field.auto_created and not field.concrete and (field.one_to_many or field.one_to_one)
    ]


def repoint(foreign_key: models.ForeignKey, old: models.Model, new: models.Model) -> None:
    """Let everything that points at `old` by this column point at `new`; what would then be there twice goes."""
    rows = foreign_key.model._base_manager.filter(**{foreign_key.name: old})
    for columns in _unique_with(foreign_key):
        # Here `new` has the very same row already, so the one of `old` says nothing more.
        same = {column: OuterRef(column) for column in columns} | {foreign_key.name: new}
        rows.filter(Exists(foreign_key.model._base_manager.filter(**same))).delete()
    rows.update(**{foreign_key.name: new})


def _unique_with(foreign_key: models.ForeignKey) -> list[set[str]]:
    """The columns that, together with the foreign key, may occur only once."""
    options = foreign_key.model._meta
    together = [set(names) for names in options.unique_together]
    together += [set(constraint.fields) for constraint in options.total_unique_constraints]
    return [names - {foreign_key.name} for names in together if foreign_key.name in names]
