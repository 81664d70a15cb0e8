"""What the register can be narrowed by: the facets of the list and their choices."""

from collections.abc import Mapping
from datetime import datetime

from django.http import QueryDict
from django.utils import timezone

from platform_mark.search.asking import SWITCHED_ON
from platform_mark.search.facets import Catalogue, Choice
from platform_mark.search.finding import Bands
from platform_mark.search.terms import load_terms
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.models import CompanySize, TargetGroup

from . import stages
from .models import Activity
from .search import FOR_ALL
from .stages import Stage

# Name in addresses -> label, and what it is called when it is dropped. In the order of the page.
LABELS: Mapping[str, tuple[str, str]] = {
    "branche": ("Branche", "alle Branchen"),
    "art": ("Art", "jede Art"),
    "zielgruppe": ("Für wen", "alle Zielgruppen"),
    "groesse": ("Größe", "alle Größen"),
    "kreis": ("Kreis", "alle Kreise"),
    "ort": ("Stadt oder Gemeinde", "alle Orte"),
    "thema": ("Thema", "alle Themen"),
    "phase": ("Phase", "alle Phasen"),
    "kosten": ("Kosten", "alle Kosten"),
    "stand": ("Stand", "jeder Stand"),
}
FORMER = "frueher"
# The switch that leaves out what is meant for all.
EXACT = "eigens"
STANDS: Mapping[str, Stage] = {
    "bestaetigt": Stage.FRESH,
    "faellig": Stage.DUE,
    "nicht-bestaetigt": Stage.OVERDUE,
}
# What is meant for every value is a choice, too, and stands last.
EVERYWHERE = {"branche": "für alle Branchen", "groesse": "für alle Größen", "kreis": "ganze Region"}
_FIXED: Mapping[str, list[Choice]] = {
    "art": [Choice(german_slug(str(kind.label)), str(kind.label), kind.value) for kind in Activity.Kind],
    "zielgruppe": [Choice(german_slug(str(group.label)), str(group.label), group.value) for group in TargetGroup],
    "groesse": [Choice(size.slug, str(size.label), size.value, size.headcount, size.gauge) for size in CompanySize],
    "phase": [Choice(german_slug(str(phase.label)), str(phase.label), phase.value) for phase in Activity.Phase],
    "kosten": [Choice(german_slug(str(cost.label)), str(cost.label), cost.value) for cost in Activity.Cost],
    "stand": [Choice(word, str(stage.label), stage.value) for word, stage in STANDS.items()],
}


def load_catalogue(asked: QueryDict) -> Catalogue:
    """Read branches, topics, places and districts; one query.

    What is meant for all branches, sizes or places is found under each of them, unless the question turns that off.
    """
    exact = asked.get(EXACT) == SWITCHED_ON
    terms = load_terms()
    choices = {**_FIXED, **terms.choices}
    for facet, label in EVERYWHERE.items():
        choices[facet] = [*choices[facet], Choice(FOR_ALL, label, FOR_ALL)]
    if FORMER in asked.getlist("stand"):
        choices["stand"] = [*choices["stand"], Choice(FORMER, "frühere Einträge", Stage.FORMER.value)]
    for_all = {} if exact else dict.fromkeys(("branche", "groesse", "kreis", "ort"), FOR_ALL)
    return Catalogue(LABELS, choices, terms.moved, for_all=for_all, noun="Aktivität", nouns="Aktivitäten")


def bands(at: datetime | None = None) -> Bands:
    """The stages of freshness as the index counts them at the instant `at`; former entries are not in it."""
    today = timezone.localdate(at).toordinal()
    return Bands(
        "stand",
        "bestaetigt",
        limits=[-(today - stages.HOLDS_DAYS), -(today - stages.LABEL_DAYS)],
        values=[stage.value for stage in STANDS.values()],
    )


def kind_word(kind: str) -> str:
    """The word of a kind in addresses."""
    return german_slug(str(Activity.Kind(kind).label))
