"""Valid, visible formats by default."""

from itertools import count
from typing import Any

from django.utils import timezone

from dialogues.formats.models import Format, FormatStep
from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.models import Branch, TargetGroup

_numbers = count(1)


def make_format(title: str = "", *, branches: tuple[Branch, ...] = (), steps: int = 2, **fields: Any) -> Format:
    title = title or f"Format {next(_numbers)}"
    values = {
        "slug": german_slug(title),
        "teaser": "Ein halber Tag, nach dem alle wissen, was sie am meisten aufhält.",
        "target_groups": [TargetGroup.TRAINEES],
        "goal": Format.Goal.TRY,
        "duration_minutes": 240,
        "state": State.PUBLISHED,
        "published_at": timezone.now(),
    }
    made = Format.objects.create(title=title, **values | fields)
    made.branches.set(branches)
    for number in range(steps):
        FormatStep.objects.create(format=made, order=number, action=f"Schritt {number} gehen.", minutes=30)
    index.put(made)
    return made
