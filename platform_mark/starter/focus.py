"""Why some branches are the focus: invented figures, marked as such, and what a public source really says."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import models
from django.utils import timezone

from platform_mark.taxonomy.models import Branch, Candidate, Criterion, Evidence, Score, Selection, Specialisation

FILE = Path(__file__).parent / "focus.json"


def make(is_loaded: Callable[[str], bool]) -> Iterator[tuple[str, models.Model]]:
    """Make what `is_loaded(key)` does not know yet; yields each new row with its key, dates relative to today."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    branches = {
        branch.reference_key: branch.merged_into or branch
        for branch in Branch.objects.select_related("merged_into").exclude(reference_key=None)
    }
    this_year = timezone.localdate().year
    for model, rows in ((Evidence, data["evidence"]), (Specialisation, data["specialisations"])):
        for number, row in enumerate(rows):
            key = f"{model.__name__}: {row['branch']} {number}"
            if is_loaded(key):
                continue
            values = {"year": this_year, "is_example": "source_url" not in row, "is_public": True, **row}
            if model is Evidence:
                values["order"] = number
            yield key, model._default_manager.create(**values | {"branch": branches[row["branch"]]})
    if not is_loaded("Selection"):
        yield "Selection", _make_selection(data["selection"], branches)


def undo_focus(selection: Selection) -> None:
    """Take back what `make` said of the branches of this selection, unless staff have decided otherwise since."""
    chosen = Branch.objects.filter(candidacies__selection=selection, candidacies__is_selected=True)
    chosen.filter(focus_since=selection.decided_on).update(focus_since=None)


def _make_selection(row: dict[str, Any], branches: Mapping[str | None, Any]) -> Selection:
    decided_on = timezone.localdate() - timedelta(days=row["decided_days_ago"])
    selection = Selection.objects.create(
        name=row["name"],
        decided_on=decided_on,
        decided_by=row["decided_by"],
        next_review_on=timezone.localdate() + timedelta(days=row["next_review_in_days"]),
        note=row["note"],
        is_example=True,
        is_public=True,
    )
    criteria = [
        Criterion.objects.create(selection=selection, order=number, **values)
        for number, values in enumerate(row["criteria"])
    ]
    for values in row["candidates"]:
        branch = branches[values["branch"]]
        candidate = Candidate.objects.create(
            selection=selection, branch=branch, is_selected=values["selected"], reason=values["reason"]
        )
        Score.objects.bulk_create(
            Score(candidate=candidate, criterion=criterion, points=points)
            for criterion, points in zip(criteria, values["points"], strict=True)
        )
        if candidate.is_selected and branch.focus_since is None:
            branch.focus_since = decided_on
            branch.save(update_fields=["focus_since"])
    return selection
