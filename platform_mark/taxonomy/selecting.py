"""How the candidates of a selection compare: weighted points, and the form in which staff give them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import transaction

from .models import Candidate, Criterion, Score, Selection


@dataclass(frozen=True)
class Judged:
    criterion: Criterion
    #: None where nobody has judged yet.
    points: int | None


@dataclass(frozen=True)
class Standing:
    """One candidate, judged by each criterion in their order."""

    candidate: Candidate
    judged: Sequence[Judged]
    #: Sum of points times weight, and the most there could be.
    total: int
    most: int

    @property
    def percent(self) -> int:
        """How much of what was possible."""
        return round(self.total / self.most * 100) if self.most else 0


def standings(selection: Selection) -> list[Standing]:
    """Every candidate, the highest first; three queries, whatever their number."""
    criteria = list(selection.criteria.all())
    most = sum(criterion.weight for criterion in criteria) * Score.MOST
    found = []
    for candidate in selection.candidates.select_related("branch").prefetch_related("scores"):
        given = {score.criterion_id: score.points for score in candidate.scores.all()}
        judged = [Judged(criterion, given.get(criterion.pk)) for criterion in criteria]
        total = sum((one.points or 0) * one.criterion.weight for one in judged)
        found.append(Standing(candidate, judged, total, most))
    return sorted(found, key=lambda standing: (-standing.total, standing.candidate.branch.order))


class ScoreForm(forms.Form):
    """A field for each candidate and criterion; an empty one takes a judgement back."""

    def __init__(self, *args: Any, selection: Selection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.criteria: list[Criterion] = list(selection.criteria.all())
        self.candidates: list[Candidate] = list(selection.candidates.select_related("branch"))
        given = {
            (score.candidate_id, score.criterion_id): score.points
            for score in Score.objects.filter(candidate__selection=selection)
        }
        for candidate in self.candidates:
            for criterion in self.criteria:
                self.fields[_name(candidate, criterion)] = forms.IntegerField(
                    label=f"{candidate.branch}: {criterion}",
                    min_value=0,
                    max_value=Score.MOST,
                    required=False,
                    initial=given.get((candidate.pk, criterion.pk)),
                )

    @property
    def rows(self) -> list[tuple[Candidate, list[forms.BoundField]]]:
        """The fields as a table: a row for each candidate, a column for each criterion."""
        return [(one, [self[_name(one, criterion)] for criterion in self.criteria]) for one in self.candidates]

    @transaction.atomic
    def save(self) -> None:
        """Store what is filled in, and forget what was emptied."""
        Score.objects.filter(candidate__in=self.candidates, criterion__in=self.criteria).delete()
        Score.objects.bulk_create(
            Score(candidate=candidate, criterion=criterion, points=points)
            for candidate in self.candidates
            for criterion in self.criteria
            if (points := self.cleaned_data[_name(candidate, criterion)]) is not None
        )


def _name(candidate: Candidate, criterion: Criterion) -> str:
    return f"p{candidate.pk}-{criterion.pk}"
