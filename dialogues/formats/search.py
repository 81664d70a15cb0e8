"""What is found of a format: its words, its facets, and what it may be ordered by."""

from typing import TYPE_CHECKING

from django.db import models

from platform_mark.publishing.models import State
from platform_mark.search.index import Document, Shape, text_of

if TYPE_CHECKING:
    from .models import Format

SHAPE = Shape(
    groups=(("zielgruppe", "ziel"), ("dauer", "vorbereitung", "kosten"), ("gruppe", "ort"), ("branche",)),
    orders=("dauer", "kosten"),
)
FOR_ALL = "alle"
MINUTES_A_DAY = 8 * 60


class Duration(models.TextChoices):
    """How much time a group needs."""

    SHORT = "short", "bis 1 Stunde"
    HALF_DAY = "half", "bis ein halber Tag"
    DAY = "day", "bis ein Tag"
    LONG = "long", "länger"


class Preparation(models.TextChoices):
    NONE = "none", "keine"
    LITTLE = "little", "bis 1 Stunde"
    MORE = "more", "mehr"


class Price(models.TextChoices):
    FREE = "free", "kostenlos"
    LITTLE = "little", "bis 500 €"
    MORE = "more", "mehr"


class Group(models.TextChoices):
    SMALL = "small", "bis 6 Personen"
    MIDDLE = "middle", "7 bis 15 Personen"
    LARGE = "large", "mehr als 15"


def in_words(minutes: int) -> str:
    """A time in words: minutes up to an hour and a half, then hours, from a working day on days."""
    if minutes <= 90:
        return f"{minutes} Minuten"
    if minutes < MINUTES_A_DAY:
        return _many(minutes / 60, "Stunde", "Stunden")
    return _many(minutes / MINUTES_A_DAY, "Tag", "Tage")


def in_short(minutes: int) -> str:
    """The same as `in_words`, with short units for a narrow column."""
    return in_words(minutes).replace(" Minuten", "\N{NO-BREAK SPACE}Min.").replace(" Stunden", "\N{NO-BREAK SPACE}Std.")


def document(format_: "Format") -> Document | None:
    """What the public may find of a format, now or from the day it appears."""
    if format_.state != State.PUBLISHED or format_.published_at is None:
        return None
    branches = list(format_.branches.all())
    return Document(
        title=format_.title,
        lead=format_.teaser,
        text=" ".join(
            [
                *(text_of(getattr(format_, name)) for name in ("goal_text", "pitfalls")),
                *(format_.people_involved, format_.worries, *format_.material),
                *(f"{step.action} {step.detail}" for step in format_.steps.all()),
                *(row.document.title for row in format_.documents.all()),
            ]
        ),
        labels=[*format_.target_group_labels, str(format_.get_goal_display()), *(b.name for b in branches)],
        visible_from=format_.published_at,
        visible_until=format_.expires_at,
        facets={
            "zielgruppe": format_.target_groups,
            "ziel": [format_.goal],
            "ort": [format_.place],
            "dauer": [_duration(format_.duration_minutes).value],
            "vorbereitung": [_preparation(format_.preparation_minutes).value],
            "kosten": [] if format_.cost_to is None else [_price(format_.cost_to).value],
            "gruppe": _groups(format_.group_from, format_.group_to),
            "branche": [str(branch.pk) for branch in branches] or [FOR_ALL],
        },
        orders={"dauer": format_.duration_minutes, "kosten": format_.cost_to},
    )


def _duration(minutes: int) -> Duration:
    if minutes <= 60:
        return Duration.SHORT
    if minutes <= MINUTES_A_DAY // 2:
        return Duration.HALF_DAY
    return Duration.DAY if minutes <= MINUTES_A_DAY else Duration.LONG


def _preparation(minutes: int) -> Preparation:
    if not minutes:
        return Preparation.NONE
    return Preparation.LITTLE if minutes <= 60 else Preparation.MORE


def _price(euros: int) -> Price:
    if not euros:
        return Price.FREE
    return Price.LITTLE if euros <= 500 else Price.MORE


def _groups(first: int, last: int) -> list[str]:
    """Every band that the range of sizes reaches into."""
    bands = ((Group.SMALL, 1, 6), (Group.MIDDLE, 7, 15), (Group.LARGE, 16, 10_000))
    return [band.value for band, low, high in bands if first <= high and last >= low]


def _many(number: float, one: str, several: str) -> str:
    text = f"{number:.1f}".rstrip("0").rstrip(".").replace(".", ",")
    return f"1 {one}" if text == "1" else f"{text} {several}"
