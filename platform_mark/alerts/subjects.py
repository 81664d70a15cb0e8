"""The kinds of content that news are made of: where each comes from, how it is narrowed, and what a mail says of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from actors import facets as activity_facets
from actors.models import Activity
from dialogues import facets as dialogue_facets
from dialogues import wording
from dialogues.formats import facets as format_facets
from dialogues.formats.models import Format
from dialogues.models import Dialogue
from platform_mark.search.facets import Catalogue
from practices import facets as practice_facets
from practices.models import Practice

from .models import Scope


@dataclass(frozen=True)
class Subject:
    scope: Scope
    #: The word in addresses.
    word: str
    model: Any
    catalogue: Callable[[QueryDict], Catalogue]
    #: What everybody may see now and what is worth a mail.
    public: Callable[[], QuerySet]
    list_name: str
    #: What stands beside the title.
    note: Callable[[Any], str] = lambda row: ""
    #: The path from an entry to its organisations, where it has any.
    actor: str = ""
    #: The path from an entry to its series, where it has one.
    series: str = ""
    #: Facets that say how things stand today: nothing to wait for.
    passing: frozenset[str] = frozenset()
    #: Switches of the list besides its facets, with what they say.
    switches: dict[str, str] = field(default_factory=dict)


def _when(dialogue: Dialogue) -> str:
    return wording.short_day(dialogue.starts_at).replace("\N{NO-BREAK SPACE}", " ") if dialogue.starts_at else ""


SUBJECTS: tuple[Subject, ...] = (
    Subject(
        Scope.PRACTICES,
        "beispiele",
        Practice,
        lambda query: practice_facets.load_catalogue(),
        lambda: Practice.objects.published(),
        "practices:list",
    ),
    Subject(
        Scope.DIALOGUES,
        "dialoge",
        Dialogue,
        lambda query: dialogue_facets.load_catalogue(),
        lambda: Dialogue.objects.published().filter(cancelled_at=None),
        "dialogues:list",
        note=_when,
        actor="hosts__actor",
        series="series",
    ),
    Subject(
        Scope.ACTIVITIES,
        "aktivitaeten",
        Activity,
        activity_facets.load_catalogue,
        lambda: Activity.objects.public().select_related("actor"),
        "actors:activities",
        note=lambda activity: activity.actor.name,
        actor="actor",
        passing=frozenset({"stand"}),
        switches={activity_facets.EXACT: "nur eigens dafür"},
    ),
    Subject(
        Scope.FORMATS,
        "formate",
        Format,
        lambda query: format_facets.load_catalogue(),
        lambda: Format.objects.published(),
        "formats:list",
        actor="offered_by",
    ),
)
BY_SCOPE = {subject.scope: subject for subject in SUBJECTS}
