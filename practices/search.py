"""What is found of an example: its words, its facets, and what it may be ordered by."""

from typing import TYPE_CHECKING

from django.db import models

from platform_mark.publishing.models import State
from platform_mark.search.index import Document, Shape, text_of
from platform_mark.taxonomy.models import CompanySize

if TYPE_CHECKING:
    from .models import Practice

SHAPE = Shape(
    groups=(("branche",), ("thema",), ("kreis", "ort"), ("groesse", "aufwand", "zielgruppe"), ("jahr",)),
    orders=("kosten", "dauer"),
)
_LONG = ("starting_point", "goal", "solution", "result", "failures", "lessons", "advice")


class Effort(models.TextChoices):
    """What a company had to put in, in money and in days of its own people: the larger of both decides."""

    LOW = "low", "gering"
    MEDIUM = "medium", "mittel"
    HIGH = "high", "hoch"

    @property
    def hint(self) -> str:
        """The band in words."""
        return {
            "low": "bis 5.000 € und 10 Personentage",
            "medium": "bis 25.000 € und 40 Personentage",
            "high": "mehr als das",
        }[self.value]


# The most euros and the most days of each band but the last.
_BANDS = {Effort.LOW: (5_000, 10), Effort.MEDIUM: (25_000, 40)}


def effort(practice: "Practice") -> Effort | None:
    """The band of an example, by what is known of it; None where neither cost nor days are."""
    cost, days = practice.investment_to, practice.person_days
    if cost is None and days is None:
        return None
    fitting = (band for band, (euros, most) in _BANDS.items() if (cost or 0) <= euros and (days or 0) <= most)
    return next(fitting, Effort.HIGH)


def document(practice: "Practice") -> Document | None:
    """What the public may find of an example; what would give away a company without name is not among it."""
    if practice.state != State.PUBLISHED or practice.published_at is None or practice.revision_of_id:
        return None
    branches, topics = list(practice.branches.all()), list(practice.topics.all())
    # How many firms fit a district changes with every other example, so where no name is wanted none is told here.
    place = None if practice.is_anonymous else practice.municipality
    band = effort(practice)
    # Not the generated column: after a change it still holds the former value.
    size = practice.size_band if practice.employees is None else CompanySize.of(practice.employees).value
    return Document(
        title=practice.title,
        lead=practice.teaser,
        text=_text(practice),
        keywords=[
            *practice.technologies,
            practice.figure_label,
            *([] if practice.is_anonymous else [practice.company]),
        ],
        labels=[
            *(term.name for term in (*branches, *topics)),
            *([] if practice.is_anonymous else [practice.location]),
            *([place.district.name] if place else []),
            *practice.target_group_labels,
            practice.funding_programme,
        ],
        visible_from=practice.published_at,
        visible_until=practice.expires_at,
        facets={
            "branche": [str(branch.pk) for branch in branches],
            "thema": [str(topic.pk) for topic in topics],
            "kreis": [str(place.district_id)] if place else [],
            "ort": [str(place.pk)] if place else [],
            "groesse": [size] if size else [],
            "aufwand": [band.value] if band else [],
            "zielgruppe": practice.target_groups,
            "jahr": [str(practice.year)] if practice.year else [],
        },
        orders={"kosten": practice.investment_to, "dauer": practice.duration_weeks},
    )


def _text(practice: "Practice") -> str:
    parts = [text_of(getattr(practice, name)) for name in _LONG]
    parts += [practice.people_involved, practice.worries, practice.quote_text]
    parts += [f"{step.action} {step.detail} {step.needs}" for step in practice.steps.all()]
    parts += [f"{effect.label} {effect.note}" for effect in practice.effects.all()]
    parts += [prerequisite.text for prerequisite in practice.prerequisites.all()]
    if not practice.is_anonymous:
        # Its page has none of them: the name of the company stands in many.
        parts += [row.document.title for row in practice.documents.all()]
    return " ".join(parts)
