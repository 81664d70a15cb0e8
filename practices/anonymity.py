"""Whether a company that wants no name is named all the same, in the words that every list and every link repeats."""

from typing import TYPE_CHECKING

from platform_mark.slugs import german_slug

if TYPE_CHECKING:
    from .models import Practice

_SHORTEST = 3
# Words of many names say what a company is, and not which.
_GENERAL = frozenset(
    [
        *("gmbh", "mbh", "und", "der", "die", "das", "von", "soehne", "sohn", "gebrueder", "inh", "ohg", "gbr", "ltd"),
        *("firma", "betrieb", "gruppe", "holding", "deutschland", "nrw", "international", "group", "company"),
        *("metall", "stahl", "draht", "blech", "federn", "schrauben", "werkzeuge", "maschinen", "formen", "holz"),
        *("kunststoff", "kunststoffe", "elektro", "guss", "druckguss", "druck", "moebel", "praezision", "automation"),
        *("handel", "service", "dienste", "logistik", "systeme", "solutions", "produktion", "industrie", "handwerk"),
    ]
)
_GENERAL_ENDINGS = ("erei", "werk", "werke", "bau", "technik", "fabrik", "betrieb", "handel", "service", "verarbeitung")


def naming(company: str, text: str) -> str:
    """The first telling word of the company's name that stands in this text; empty where none does."""
    name, words = _words(company), _words(text)
    telling = [word for word in name if len(word) >= _SHORTEST and not _is_general(word)]
    if not telling:
        # "Stanzerei Metall" is named only by the whole.
        return " ".join(name) if name and f"-{'-'.join(name)}-" in f"-{'-'.join(words)}-" else ""
    return next((word for word in telling if word in words or f"{word}s" in words), "")


def places_that_name(practice: "Practice", slug: str) -> list[str]:
    """Where its list entry and its address, `slug`, name the company, in words for staff."""
    texts = {"Titel": practice.title, "In einem Satz": practice.teaser, "Adresse": slug}
    found = {place: naming(practice.company, text) for place, text in texts.items()}
    return [f"„{place}“ („{word}“)" for place, word in found.items() if word]


def _words(text: str) -> list[str]:
    slug = german_slug(text, length=len(text) * 2 + 1) if text.strip() else ""
    return [word for part in slug.split("-") if (word := part.strip("_"))]


def _is_general(word: str) -> bool:
    return word in _GENERAL or word.endswith(_GENERAL_ENDINGS)
