"""Whoever kept the address of a file must not keep the file: it ends when nothing public shows the file any more."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Q

from platform_mark.media import documents, images
from platform_mark.media.models import Document, Image

if TYPE_CHECKING:
    from .models import Publishable

_CHANGE: Mapping[Any, Callable[[Any], None]] = {Image: images.change_address, Document: documents.change_address}


def end_addresses_of(row: "Publishable") -> None:
    """End the addresses of the pictures and documents of what has just gone out of sight."""
    for model in _CHANGE:
        for part, file, owner in _places(model):
            if isinstance(row, _target(part, owner)):
                end_addresses(model, part._base_manager.filter(**{owner: row}).values(file))


@transaction.atomic
def end_addresses(model: "type[Image | Document]", keys: Any) -> int:
    """Give those of these files that nothing public shows a new address; return how many."""
    # Locked, since the old address is removed by its name; without the places in the query, which hold no lock.
    hidden = model._default_manager.filter(pk__in=keys).exclude(pk__in=_shown(model).values("pk")).values("pk")
    found = list(model._base_manager.select_for_update().filter(pk__in=hidden).order_by("pk"))
    for file in found:
        _CHANGE[model](file)
    return len(found)


def end_unseen() -> int:
    """End the addresses of files that time has taken off all pages, once each; return how many.

    Rights end on a day and examples at an hour, without anybody doing anything. A file that no page ever had may be
    linked to by its address alone, and is left as it is.
    """
    ended = 0
    for model in _CHANGE:
        _shown(model).filter(is_token_unseen=True).update(is_token_unseen=False)
        placed = model._default_manager.filter(_placed(model), is_token_unseen=False)
        ended += end_addresses(model, placed.values("pk"))
    return ended


def end_after_deletion(sender: Any, instance: Any, **kwargs: Any) -> None:
    """After any deletion of a row that placed a file: once it is committed, see whether something else shows the file."""
    for model in _CHANGE:
        for field in sender._meta.concrete_fields:
            if field.related_model is model:
                # Only then, since a revision deletes the rows of what it puts back.
                transaction.on_commit(partial(end_addresses, model, [getattr(instance, field.attname)]), robust=True)


def _shown(model: Any) -> Any:
    """Those files that a public page shows now."""
    files = model._default_manager.filter(_placed(model, only_open=True))
    return files.shown() if model is Image else files


def _placed(model: Any, *, only_open: bool = False) -> Q:
    """The rule for files that something publishable has, or something that is public with its files."""
    rule = Q(pk__in=[])
    for part, file, owner in _places(model):
        rows = part._base_manager.all()
        if only_open:
            # Some files of what is public are for the people who took part.
            public = getattr(part._default_manager, "public", None)
            rows = public() if public else rows
            rows = rows.filter(**{f"{owner}__in": _target(part, owner)._default_manager.with_open_files().values("pk")})
        rule |= Q(pk__in=rows.values(file))
    return rule


def _places(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str, str]]:
    """The models that place such a file in something publishable, and their columns for the file and for that."""
    for relation in model._meta.related_objects:
        part: Any = relation.related_model
        for field in part._meta.concrete_fields:
            if hasattr(getattr(field.related_model, "_default_manager", None), "with_open_files"):
                yield part, relation.field.name, field.name


def _target(part: type[models.Model], column: str) -> Any:
    return part._meta.get_field(column).related_model
