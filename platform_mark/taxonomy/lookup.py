"""Find branches, topics and municipalities by the words that files use for them."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TypeVar

from platform_mark.slugs import german_slug

from .models import Branch, BranchCode, Municipality, Term, Topic

AnyTerm = TypeVar("AnyTerm", bound=Term)


class Lookup:
    """The reference data, read once for a whole file. Terms that were merged lead to the one that stayed."""

    def __init__(self) -> None:
        codes = BranchCode.objects.select_related("branch__merged_into")
        self._codes: dict[str, Branch] = {code.code: code.branch.merged_into or code.branch for code in codes}
        self._branches = _by_words(Branch.objects.select_related("merged_into"))
        self._topics = _by_words(Topic.objects.select_related("merged_into"))
        self._municipalities: dict[str, Municipality] = {}
        for municipality in Municipality.objects.all():
            # „Menden“ is meant when „Menden (Sauerland)“ is the official name.
            for word in (municipality.name.partition(" (")[0], municipality.name, municipality.slug):
                self._municipalities[german_slug(word)] = municipality

    def branch_of_code(self, code: str) -> Branch | None:
        """The branch that a division of the official classification belongs to."""
        return self._codes.get(code)

    def branch(self, word: str) -> Branch | None:
        """The branch of that name, address, synonym or two-digit division."""
        return self._branches.get(german_slug(word)) or self._codes.get(word.strip().zfill(2))

    def topic(self, word: str) -> Topic | None:
        """The topic of that name, address or synonym."""
        return self._topics.get(german_slug(word))

    def municipality(self, word: str) -> Municipality | None:
        """The municipality of the region of that name, with or without what stands in brackets."""
        return self._municipalities.get(german_slug(word)) if word.strip() else None


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The one of `names` that somebody who typed `word` may have meant."""
    by_slug = {german_slug(name): name for name in names}
    found = get_close_matches(german_slug(word), by_slug, n=1, cutoff=0.7)
    return by_slug[found[0]] if found else None


def _by_words(terms: Iterable[AnyTerm]) -> dict[str, AnyTerm]:
    found: dict[str, AnyTerm] = {}
    everything = list(terms)
    # A name beats the synonym of another term.
    for term in everything:
        for word in (term.name, term.slug):
            found.setdefault(german_slug(word), term.merged_into or term)  # type: ignore[arg-type]
    for term in everything:
        for word in term.synonyms:
            found.setdefault(german_slug(word), term.merged_into or term)  # type: ignore[arg-type]
    return found
