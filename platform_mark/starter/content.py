"""Load and remove the starter content of the quick start: published reports of others and invented own examples."""

import json
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils import timezone

from dialogues.formats.models import Format, Idea
from platform_mark.json_rows import read_rows
from platform_mark.media.images import store_image
from platform_mark.media.models import Image
from platform_mark.search import index
from platform_mark.slugs import free_slug
from platform_mark.taxonomy.models import Branch, Evidence, Municipality, Selection, Specialisation, Topic
from practices.importing import import_practices
from practices.models import Effect, Practice, PracticePicture, Prerequisite, Step

from . import actors, dialogues, focus, formats
from .models import StarterObject

FOLDER = Path(__file__).parent
# Reports of others stand behind the own examples in every list that begins with the newest.
EXTERNAL_AGE = timedelta(days=120)
_RELATED = {
    "branches",
    "topics",
    "accompanied_by",
    "municipality",
    "effects",
    "steps",
    "prerequisites",
    "pictures",
    "as_of_days_ago",
}


def is_untouched() -> bool:
    """Whether there is no example yet and starter content was never loaded."""
    return not Practice.objects.exists() and not StarterObject.objects.exists()


@transaction.atomic
def load() -> int:
    """Load what is not there; return how many examples were made. Dates are relative to today."""
    # First, since examples and dialogues may name an organisation.
    actors.load()
    for key, target in chain(focus.make(_is_loaded), formats.make(_is_loaded)):
        _remember(key, target)
    made = _load_external() + _load_own()
    # Last: they show examples.
    dialogues.load()
    return made


@transaction.atomic
def remove() -> int:
    """Remove all that `load` made and nothing else, changed by staff or not; return how many examples went."""
    rows = list(StarterObject.objects.filter(removed_at=None).select_related("content_type"))
    practices = Practice.objects.filter(pk__in=_ids(rows, Practice))
    removed = practices.count()
    dialogues.remove(rows)
    practices.delete()
    # A picture that staff took over into an example of their own stays.
    Image.objects.filter(pk__in=_ids(rows, Image), practice_pictures=None, dialogue_pictures=None).delete()
    actors.remove(rows)
    for selection in Selection.objects.filter(pk__in=_ids(rows, Selection)):
        focus.undo_focus(selection)
    for model in (Selection, Evidence, Specialisation, Idea, Format):
        model._default_manager.filter(pk__in=_ids(rows, model)).delete()
    StarterObject.objects.filter(pk__in=[row.pk for row in rows]).update(removed_at=timezone.now())
    return removed


def _ids(rows: list[StarterObject], model: type[models.Model]) -> list[int]:
    content_type = ContentType.objects.get_for_model(model)
    return [row.object_id for row in rows if row.content_type_id == content_type.pk]


def _load_external() -> int:
    rows = read_rows(FOLDER / "practices_external.json")
    before = set(Practice.objects.exclude(source_url="").values_list("source_url", "title"))
    missing = [row for row in rows if (row["source_url"], row["title"]) not in before]
    import_practices(missing, publish=True)
    start = timezone.now() - EXTERNAL_AGE
    for number, row in enumerate(missing):
        practice = Practice.objects.get(source_url=row["source_url"], title=row["title"])
        practice.published_at = start - timedelta(days=number)
        practice.save(update_fields=["published_at"])
        index.put(practice)
        _remember(f"external: {practice.title}", practice)
    return len(missing)


def _load_own() -> int:
    made = 0
    for row in json.loads((FOLDER / "practices_own.json").read_text(encoding="utf-8")):
        key = f"own: {row['title']}"
        if _is_loaded(key):
            continue
        _remember(key, _make_own(row))
        made += 1
    return made


def _make_own(row: Mapping[str, Any]) -> Practice:
    as_of = timezone.localdate() - timedelta(days=row["as_of_days_ago"])
    values = {name: value for name, value in row.items() if name not in _RELATED}
    values["size_band"] = values.pop("size_class") or ""
    practice = Practice(
        **values,
        is_fictitious=True,
        slug=free_slug(row["title"], lambda slug: Practice.objects.filter(slug=slug).exists()),
        municipality=Municipality.objects.get(name=row["municipality"]),
        as_of=as_of,
        published_at=timezone.make_aware(datetime.combine(as_of, time(9))),
    )
    practice.full_clean()
    practice.save()
    practice.branches.set(_terms(Branch, row["branches"]))
    practice.topics.set(_terms(Topic, row["topics"]))
    practice.accompanied_by.set(actors.made(row.get("accompanied_by", [])))
    for model, parts in ((Effect, row["effects"]), (Step, row["steps"])):
        model.objects.bulk_create(model(practice=practice, order=n, **part) for n, part in enumerate(parts))
    Prerequisite.objects.bulk_create(
        Prerequisite(practice=practice, order=n, text=text) for n, text in enumerate(row["prerequisites"])
    )
    for number, picture in enumerate(row["pictures"]):
        with (FOLDER / "pictures" / picture["file"]).open("rb") as file:
            image = store_image(file, alt=picture["alt"], credit=picture["credit"])
        _remember(f"picture: {picture['file']}", image)
        PracticePicture.objects.create(practice=practice, image=image, order=number, caption=picture["caption"])
    practice.publish()
    return practice


def _is_loaded(key: str) -> bool:
    return StarterObject.objects.filter(key=key, removed_at=None).exists()


def _terms(model: type[Branch] | type[Topic], keys: list[str]) -> list[Any]:
    # Shipped terms by their key, wherever staff have merged them since.
    found = model.objects.select_related("merged_into").filter(reference_key__in=keys)
    return [term.merged_into or term for term in found]


def _remember(key: str, target: models.Model) -> None:
    StarterObject.objects.update_or_create(
        key=key,
        defaults={
            "content_type": ContentType.objects.get_for_model(target),
            "object_id": target.pk,
            "removed_at": None,
        },
    )
