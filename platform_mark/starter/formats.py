"""Cards for trainees, employees and managers, written for this portal; who is said to have tried them is invented."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import models
from django.utils import timezone

from dialogues.formats.models import Format, FormatStep, Idea, TryReport
from platform_mark.slugs import free_slug

FILE = Path(__file__).parent / "formats.json"
# Each a day older than the one before, so that the list has an order.
DAY = timedelta(days=1)
IDEAS: list[dict[str, Any]] = [
    {
        "title": "Das beste Telefonvideo des Monats",
        "target_group": "trainees",
        "problem": "Auszubildende können mit dem Telefon mehr, als der Betrieb weiß.",
        "suggestion": "Jeden Monat ein Video von einer Minute: So geht mein Handgriff. Das beste hängt im Pausenraum.",
        "state": Idea.State.TRIAL,
        "feasibility": "Kostet fast nichts. Wichtig ist die Zustimmung aller, die zu sehen sind.",
    },
    {
        "title": "Ein Roboter für jede Schule",
        "target_group": "trainees",
        "problem": "Schülerinnen und Schüler kennen die Betriebe nicht.",
        "suggestion": "Jede Schule der Region bekommt einen Roboterarm.",
        "state": Idea.State.DROPPED,
        "reason": "Zu teuer, und ohne Lehrkraft steht er im Schrank. Besser: Besuche in Betrieben, die einen haben.",
    },
]


def make(is_loaded: Callable[[str], bool]) -> Iterator[tuple[str, models.Model]]:
    """Make what `is_loaded(key)` does not know yet; yields each new row with its key."""
    for number, row in enumerate(json.loads(FILE.read_text(encoding="utf-8"))):
        key = f"format: {row['title']}"
        if not is_loaded(key):
            yield key, _make_format(row, number)
    for row in IDEAS:
        key = f"idea: {row['title']}"
        if not is_loaded(key):
            yield key, Idea.objects.create(is_public=True, answered_at=timezone.now(), **row)


def _make_format(row: dict[str, Any], number: int) -> Format:
    values = {name: value for name, value in row.items() if name not in ("steps", "reports")}
    made = Format(
        **values,
        slug=free_slug(row["title"], lambda slug: Format.objects.filter(slug=slug).exists()),
        published_at=timezone.now().replace(microsecond=0) - DAY * number,
    )
    made.full_clean()
    made.save()
    FormatStep.objects.bulk_create(FormatStep(format=made, order=n, **step) for n, step in enumerate(row["steps"]))
    now = timezone.now()
    for report in row.get("reports", []):
        TryReport.objects.create(
            format=made, state=TryReport.State.PUBLISHED, confirmed_at=now, answered_at=now, **report
        )
    made.publish()
    return made
