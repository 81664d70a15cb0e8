"""The search over everything: what is measured of it, on whatever has been loaded."""

from urllib.parse import urlencode

from .data import word_in


def search_pages() -> dict[str, str]:
    """A frequent word among all kinds, one kind alone, several words, a page far down, and nothing at all."""
    frequent, medium = word_in(0.25), word_in(0.015)

    def found(**asked: str | int) -> str:
        return f"/suche/?{urlencode(asked)}"

    return {
        "Suche, leer": "/suche/",
        "Suche, häufig": found(q=frequent),
        "Suche, mittel": found(q=medium),
        "Suche, eine Art": found(q=frequent, art="dialoge"),
        "Suche, zwei Wörter": found(q=f"{frequent} {medium}"),
        "Suche, tiefe Seite": found(q=frequent, seite=10**6),
        "Suche, nichts": found(q="xylophonquarz"),
    }
