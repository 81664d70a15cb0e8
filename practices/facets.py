"""The facets of the finder and their choices."""

from collections.abc import Mapping, Sequence

from platform_mark.search.facets import Catalogue, Choice
from platform_mark.search.terms import load_terms
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.models import CompanySize, TargetGroup

from .search import Effort

# Name in addresses -> label, and what it is called when it is dropped. In the order of the page.
LABELS: Mapping[str, tuple[str, str]] = {
    "branche": ("Branche", "alle Branchen"),
    "groesse": ("Größe", "alle Größen"),
    "thema": ("Thema", "alle Themen"),
    "zielgruppe": ("Für wen", "alle Zielgruppen"),
    "aufwand": ("Aufwand", "jeder Aufwand"),
    "kreis": ("Kreis", "alle Kreise"),
    "ort": ("Stadt oder Gemeinde", "alle Orte"),
    "jahr": ("Jahr", "alle Jahre"),
}
_FIXED: Mapping[str, list[Choice]] = {
    "groesse": [Choice(size.slug, str(size.label), size.value, size.headcount, size.gauge) for size in CompanySize],
    "zielgruppe": [Choice(german_slug(str(group.label)), str(group.label), group.value) for group in TargetGroup],
    "aufwand": [Choice(str(effort.label), str(effort.label), effort.value, effort.hint) for effort in Effort],
}


def load_catalogue() -> Catalogue:
    """Read branches, topics, places and districts; one query."""
    terms = load_terms()
    return Catalogue(LABELS, {**_FIXED, **terms.choices}, terms.moved, found={"jahr": _years})


def _years(counts: Mapping[tuple[str, str], int], chosen: Sequence[str]) -> list[Choice]:
    years = {value for facet, value in counts if facet == "jahr"} | {word for word in chosen if is_year(word)}
    return [Choice(year, year, year) for year in sorted(years, reverse=True)]


def is_year(word: str) -> bool:
    """Whether a word could be the year of an example."""
    return len(word) == 4 and word.isascii() and word.isdigit()
