"""A format as one value: to keep it as a version, and to put it back."""

from typing import TYPE_CHECKING, Any

from django.db import transaction

from platform_mark.media.models import Document
from platform_mark.search import index
from platform_mark.taxonomy.models import Branch

if TYPE_CHECKING:
    from .models import Format

FIELDS = (
    *(
        "title",
        "teaser",
        "target_groups",
        "goal",
        "place",
        "duration_minutes",
        "duration_note",
        "group_from",
        "group_to",
    ),
    *("preparation_minutes", "cost_to", "cost_note", "goal_text", "material", "pitfalls", "people_involved", "worries"),
    "shows_dialogues",
)
STEP_FIELDS = ("action", "detail", "minutes")


def snapshot(format_: "Format") -> dict[str, Any]:
    """All content as plain JSON values, parts in their order."""
    return {
        **{name: getattr(format_, name) for name in FIELDS},
        "branches": sorted(branch.slug for branch in format_.branches.all()),
        "steps": [{name: getattr(step, name) for name in STEP_FIELDS} for step in format_.steps.all()],
        "documents": [
            {"document": row.document_id, "title": row.document.title}
            for row in format_.documents.select_related("document")
        ],
    }


@transaction.atomic
def restore(format_: "Format", data: dict[str, Any]) -> None:
    """Put a snapshot back and save it. Merged branches are followed; what no longer exists is left out."""
    for name in FIELDS:
        if name in data:
            setattr(format_, name, data[name])
    format_.save()
    branches = Branch.objects.select_related("merged_into").filter(slug__in=data.get("branches", []))
    format_.branches.set([branch.merged_into or branch for branch in branches])
    format_.steps.all().delete()
    for number, values in enumerate(data.get("steps", [])):
        format_.steps.create(order=number, **values)
    documents = Document.objects.in_bulk([row["document"] for row in data.get("documents", [])])
    format_.documents.all().delete()
    for number, row in enumerate(data.get("documents", [])):
        if row["document"] in documents:
            format_.documents.create(document=documents[row["document"]], order=number)
    index.put(format_)
