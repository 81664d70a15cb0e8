"""The facets of the list of formats and their choices."""

from collections.abc import Iterable, Mapping

from django.db.models import Choices

from platform_mark.search.facets import Catalogue, Choice
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.models import Branch, TargetGroup

from .models import Format
from .search import FOR_ALL, Duration, Group, Preparation, Price

# Name in addresses -> label, and what it is called when it is dropped. In the order of the page.
LABELS: Mapping[str, tuple[str, str]] = {
    "zielgruppe": ("Für wen", "alle Zielgruppen"),
    "ziel": ("Ziel", "jedes Ziel"),
    "dauer": ("Dauer", "jede Dauer"),
    "gruppe": ("Gruppe", "jede Gruppe"),
    "vorbereitung": ("Vorbereitung", "jede Vorbereitung"),
    "kosten": ("Kosten", "alle Kosten"),
    "ort": ("Ort", "alle Orte"),
    "branche": ("Branche", "alle Branchen"),
}


def load_catalogue() -> Catalogue:
    """Read the branches; one query."""
    branches = Branch.objects.select_related("merged_into").order_by("order", "name")
    rows = list(branches)
    return Catalogue(
        LABELS,
        {
            "zielgruppe": _choices(TargetGroup),
            "ziel": _choices(Format.Goal),
            "dauer": _choices(Duration),
            "gruppe": _choices(Group),
            "vorbereitung": _choices(Preparation),
            "kosten": _choices(Price),
            "ort": _choices(Format.Place),
            "branche": [Choice(row.slug, row.name, str(row.pk)) for row in rows if row.merged_into is None],
        },
        moved={"branche": {row.slug: row.merged_into.slug for row in rows if row.merged_into}},
        for_all={"branche": FOR_ALL},
        noun="Format",
        nouns="Formate",
    )


def _choices(values: Iterable[Choices]) -> list[Choice]:
    return [Choice(german_slug(str(value.label)), str(value.label), str(value.value)) for value in values]
