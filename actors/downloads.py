"""The register as files: public entries alone, without the name of any person."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings
from django.utils import timezone

from platform_mark import contact
from platform_mark.exports import LICENCE, XLSX_TYPE, CellValue, write_csv, write_json, write_xlsx
from platform_mark.taxonomy.models import CompanySize

from . import reading, stages
from .models import Activity, ActivityQuerySet

# A web process must not compute longer than it may; whoever needs more narrows the list.
MOST_ROWS = 5_000
CHUNK = 500
# Larger files wait on disk while they are sent.
IN_MEMORY = 1_000_000
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": XLSX_TYPE,
    "json": "application/json",
}
# Name in JSON -> heading in tables, and the width of its column.
COLUMNS: Mapping[str, tuple[str, int]] = {
    "title": ("Titel", 44),
    "actor": ("Akteur", 32),
    "actor_is_fictitious": ("Beispielakteur", 14),
    "summary": ("In einem Satz", 50),
    "description": ("Was genau", 50),
    "kind": ("Art", 18),
    "target_groups": ("Für wen", 28),
    "branches": ("Branchen", 32),
    "sizes": ("Betriebsgrößen", 24),
    "phases": ("Phase", 24),
    "topics": ("Themen", 32),
    "area": ("Gebiet", 32),
    "cost": ("Kosten", 16),
    "cost_note": ("Kosten genauer", 28),
    "language": ("Sprache", 14),
    "access": ("So kommt man daran", 36),
    "contact_email": ("Funktionspostfach", 30),
    "url": ("Mehr im Internet", 36),
    "valid_from": ("Ab", 12),
    "valid_until": ("Bis", 12),
    "confirmed_on": ("Zuletzt bestätigt", 16),
    "confirmed_by": ("Bestätigt von", 20),
    "stage": ("Stand", 18),
    "changed_on": ("Zuletzt geändert", 16),
    "source_url": ("Quelle", 36),
    "address": ("Adresse im Portal", 44),
}


def write(activities: Iterable[Activity], form: str) -> IO[bytes]:
    """Write entries into a file in one of FORMATS and return it, ready to be read."""
    target: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    if form == "xlsx":
        write_xlsx(target, "Aktivitäten", _table(activities), widths=[width for _, width in COLUMNS.values()])
    else:
        text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=True)
        if form == "csv":
            write_csv(text, _table(activities))
        else:
            write_json(text, _document(activities))
        text.detach()
    target.seek(0)
    return target


def in_chunks(pks: Sequence[int], allowed: ActivityQuerySet) -> Iterator[Activity]:
    """These entries in their order, a few hundred at a time; what `allowed` does not hold is left out."""
    for start in range(0, len(pks), CHUNK):
        some = pks[start : start + CHUNK]
        found = {row.pk: row for row in reading.with_terms(allowed.filter(pk__in=some).select_related("actor"))}
        yield from (found[pk] for pk in some if pk in found)


def _table(activities: Iterable[Activity]) -> Iterator[Sequence[CellValue]]:
    yield [heading for heading, _ in COLUMNS.values()]
    for activity in activities:
        yield [_cell(value) for value in _values(activity).values()]


def _cell(value: Any) -> CellValue:
    if isinstance(value, bool):
        return "ja" if value else "nein"
    return ", ".join(value) if isinstance(value, list) else value


def _document(activities: Iterable[Activity]) -> dict[str, Any]:
    return {
        "format": "aktivitaeten",
        "version": 1,
        "licence": LICENCE,
        "publisher": contact.operator()["name"],
        "exported_at": timezone.localtime().replace(microsecond=0),
        "activities": [_values(activity) for activity in activities],
    }


def _values(activity: Activity) -> dict[str, Any]:
    """One entry by the names of COLUMNS. Neither a person nor a telephone, which may be that of a person, is among them."""
    terms = reading.terms_of(activity)
    confirmed = activity.confirmed_at
    return {
        "title": activity.title,
        "actor": activity.actor.name,
        "actor_is_fictitious": activity.actor.is_fictitious,
        "summary": activity.summary,
        "description": activity.description,
        "kind": activity.get_kind_display(),
        "target_groups": [str(label) for label in activity.target_group_labels],
        "branches": [term.name for term in terms.branches] or ["alle Branchen"],
        "sizes": [str(CompanySize(size).label) for size in activity.sizes] or ["alle Größen"],
        "phases": [str(label) for label in activity.phase_labels],
        "topics": [term.name for term in terms.topics],
        "area": reading.area_text(activity, terms),
        "cost": activity.get_cost_display(),
        "cost_note": activity.cost_note,
        "language": activity.language,
        "access": activity.access,
        "contact_email": activity.shown_email,
        "url": activity.url,
        "valid_from": activity.valid_from,
        "valid_until": activity.valid_until,
        "confirmed_on": timezone.localdate(confirmed) if confirmed else None,
        "confirmed_by": ("Regionalagentur" if activity.confirmed_by_staff else "Organisation") if confirmed else "",
        "stage": str(stages.Stage(activity.stage()).label),
        "changed_on": timezone.localdate(activity.changed_at) if activity.changed_at else None,
        "source_url": activity.source_url,
        "address": f"{settings.BASE_URL}{activity.get_absolute_url()}",
    }
