from collections.abc import Iterable


def distinct(words: Iterable[str]) -> list[str]:
    """Return the words in their order, each once whatever its case, as it was written first."""
    once: dict[str, str] = {}
    for word in words:
        once.setdefault(word.casefold(), word)
    return list(once.values())
