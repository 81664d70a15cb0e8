"""A dialogue as one value: to keep it as a version, to compare two, and to bring the words of one back."""

from datetime import date, time
from typing import TYPE_CHECKING, Any

from django.db import models, transaction

from platform_mark.search import index
from platform_mark.taxonomy.models import Branch

if TYPE_CHECKING:
    from .models import Dialogue

# What a version brings back: words that may change without telling anybody.
WORDS = (
    *("title", "teaser", "description", "for_whom", "target_groups", "date_note"),
    *("directions", "accessibility", "contact_email", "contact_phone"),
)
# What a version only shows: times and places are changed by a journey that tells those who come, numbers by hand.
FACTS = (
    *("form", "starts_at", "ends_at", "venue", "street", "postal_code", "municipality", "place", "online_link"),
    *("series", "signup_opens_at", "signup_closes_at", "most_per_company", "is_moderated", "is_by_invitation"),
    *("shows_exact_numbers", "waiting_mode", "offer_hours", "reminder_days", "retention_days"),
    *("cancelled_at", "cancel_reason", "moved_from", "source_url", "is_fictitious"),
)
PARTS = {
    "agenda": ("starts_at", "title", "detail", "person", "person_agreed"),
    "outcomes": ("kind", "text"),
}
SHOWN_PARTS = {
    "seat_kinds": ("name", "way", "capacity"),
    "hosts": ("role", "actor", "name", "is_fictitious"),
    "questions": ("text", "kind", "choices", "is_required", "delete_after_days"),
    "agreements": ("text", "actor", "owner", "due_on", "state", "reason"),
}


def snapshot(dialogue: "Dialogue") -> dict[str, Any]:
    """All content as plain JSON values, parts in their order. Nobody who signed up is in it."""
    report = getattr(dialogue, "report", None)
    return {
        **{name: _plain(getattr(dialogue, name)) for name in (*WORDS, *FACTS)},
        "branches": sorted(branch.slug for branch in dialogue.branches.all()),
        "practices": sorted(practice.slug for practice in dialogue.practices.all()),
        **{
            part: [{name: _plain(getattr(row, name)) for name in names} for row in _rows(dialogue, part, names)]
            for part, names in {**PARTS, **SHOWN_PARTS}.items()
        },
        "documents": [
            {"title": row.document.title, "file": row.document.digest, "visibility": row.get_visibility_display()}
            for row in dialogue.documents.select_related("document")
        ],
        "pictures": [
            {"file": row.image.digest, "caption": row.caption, "visibility": row.get_visibility_display()}
            for row in dialogue.pictures.select_related("image")
        ],
        "report": [
            {
                "summary": report.summary,
                "participants": report.participants,
                "companies": report.companies,
                "published_at": _plain(report.published_at),
            }
        ]
        if report
        else [],
    }


@transaction.atomic
def restore(dialogue: "Dialogue", data: dict[str, Any]) -> None:
    """Put the words of a snapshot back and save. Seats, times, place, questions and files stay as they are today."""
    for name in WORDS:
        if name in data:
            setattr(dialogue, name, dialogue._meta.get_field(name).to_python(data[name]))
    dialogue.save(update_fields=[*WORDS, "updated_at"])
    terms = Branch.objects.select_related("merged_into").filter(slug__in=data.get("branches", []))
    dialogue.branches.set([term.merged_into or term for term in terms])
    for part, names in PARTS.items():
        rows = getattr(dialogue, part)
        rows.all().delete()
        for number, values in enumerate(data.get(part, [])):
            fields = {name: rows.model._meta.get_field(name).to_python(values.get(name)) for name in names}
            rows.create(order=number, **fields)
    report = getattr(dialogue, "report", None)
    if report and data.get("report"):
        report.summary = data["report"][0]["summary"]
        report.save(update_fields=["summary"])
    index.put(dialogue)


def _rows(dialogue: "Dialogue", part: str, names: tuple[str, ...]) -> models.QuerySet:
    rows = getattr(dialogue, part).all()
    return rows.select_related("actor") if "actor" in names else rows


def _plain(value: Any) -> Any:
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, date | time):  # a datetime is a date, too
        return value.isoformat()
    return list(value) if isinstance(value, list | tuple) else value
