"""An example as one value: to keep it as a version, to copy it, to put it back, and to know a release by its words."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models, transaction

from actors.models import Actor
from platform_mark.media.models import Document, Image
from platform_mark.search import index
from platform_mark.taxonomy.models import Branch, Municipality, Topic

if TYPE_CHECKING:
    from .models import Practice

# What a company releases: every word, number and picture that a reader sees of it.
RELEASED_FIELDS = (
    *("kind", "title", "teaser", "figure_value", "figure_label", "company", "is_fictitious", "is_anonymous"),
    *("employees", "size_band", "municipality", "place", "year", "target_groups", "technologies"),
    *("starting_point", "goal", "solution", "result", "failures", "lessons", "advice", "people_involved", "worries"),
    *("investment_from", "investment_to", "running_cost_from", "running_cost_to", "person_days", "duration_weeks"),
    *("months_to_benefit", "funding_used", "funding_programme", "without_new_software", "without_it_department"),
    *("quote_text", "quote_role", "source_url", "video_url", "video_caption"),
)
# Younger than the first releases: where they are empty they leave no trace, so that what was released stays released.
LATER_FIELDS = ("video_url", "video_caption")
# Order of the region's own, not of the company: changed by staff without asking anew.
OWN_FIELDS = ("as_of",)
PARTS = {
    "effects": ("label", "unit", "before", "after", "method", "note"),
    "steps": ("action", "detail", "who", "duration", "needs"),
    "prerequisites": ("text",),
}


def snapshot(practice: "Practice") -> dict[str, Any]:
    """All content as plain JSON values, parts in their order; addresses, states and dates of publication are not content."""
    return {
        **written(practice),
        "pictures": [
            {
                "image": picture.image_id,
                "file": picture.image.digest,
                "alt": picture.image.alt,
                "credit": picture.image.credit,
                "caption": picture.caption,
            }
            for picture in practice.pictures.select_related("image")
        ],
        "documents": [
            {"document": row.document_id, "file": row.document.digest, "title": row.document.title}
            for row in practice.documents.select_related("document")
        ],
        "accompanied_by": sorted(actor.slug for actor in practice.accompanied_by.all()),
    }


def written(practice: "Practice") -> dict[str, Any]:
    """The part of the snapshot that fits into a file of words and numbers: everything but pictures, documents and actors."""
    return {
        **{name: _plain(getattr(practice, name)) for name in (*RELEASED_FIELDS, *OWN_FIELDS)},
        "branches": sorted(branch.slug for branch in practice.branches.all()),
        "topics": sorted(topic.slug for topic in practice.topics.all()),
        **{
            part: [{name: _plain(getattr(row, name)) for name in names} for row in getattr(practice, part).all()]
            for part, names in PARTS.items()
        },
    }


def fingerprint(practice: "Practice") -> str:
    """A hash of what the company releases: text, figures, pictures, documents. One changed character gives another."""
    data = snapshot(practice)
    released = {name: data[name] for name in (*RELEASED_FIELDS, *PARTS, "pictures", "documents")}
    for name in LATER_FIELDS:
        if not released[name]:
            del released[name]
    return hashlib.sha256(json.dumps(released, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@transaction.atomic
def restore(practice: "Practice", data: dict[str, Any]) -> None:
    """Put a snapshot back into `practice` and save it. Merged terms are followed; what no longer exists is left out."""
    data = dict.fromkeys(LATER_FIELDS, "") | data
    for name in (*RELEASED_FIELDS, *OWN_FIELDS):
        if name in data:
            setattr(practice, name, _value(practice, name, data[name]))
    practice.save()
    practice.branches.set(_terms(Branch, data.get("branches", [])))
    practice.topics.set(_terms(Topic, data.get("topics", [])))
    # Versions from before there was a register say nothing about it.
    if "accompanied_by" in data:
        practice.accompanied_by.set(_actors(data["accompanied_by"]))
    for part, names in PARTS.items():
        rows = getattr(practice, part)
        rows.all().delete()
        for number, values in enumerate(data.get(part, [])):
            fields = {name: rows.model._meta.get_field(name).to_python(values.get(name)) for name in names}
            rows.create(order=number, **fields)
    images = Image.objects.in_bulk([picture["image"] for picture in data.get("pictures", [])])
    practice.pictures.all().delete()
    for number, picture in enumerate(data.get("pictures", [])):
        if picture["image"] in images:
            practice.pictures.create(image=images[picture["image"]], caption=picture["caption"], order=number)
    documents = Document.objects.in_bulk([row["document"] for row in data.get("documents", [])])
    practice.documents.all().delete()
    for number, row in enumerate(data.get("documents", [])):
        if row["document"] in documents:
            practice.documents.create(document=documents[row["document"]], order=number)
    index.put(practice)


def _plain(value: Any) -> Any:
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, Decimal):
        # The same number however it was typed: 4.10 and 4.1.
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, list | tuple) else value


def _value(practice: "Practice", name: str, value: Any) -> Any:
    if name == "municipality":
        return Municipality.objects.filter(name=value).first() if value else None
    return practice._meta.get_field(name).to_python(value)


def _terms(model: type[Branch] | type[Topic], slugs: list[str]) -> list[Any]:
    return [term.merged_into or term for term in model.objects.select_related("merged_into").filter(slug__in=slugs)]


def _actors(slugs: list[str]) -> list[Actor]:
    return [actor.merged_into or actor for actor in Actor.objects.select_related("merged_into").filter(slug__in=slugs)]
