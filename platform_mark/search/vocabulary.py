"""The words of the index around the words of a question: which there are, and how they belong together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection

from . import words

# A word may be part of very many; the shortest are the nearest.
MOST_PARTS = 40
# How many words that look alike are compared letter by letter.
MOST_ALIKE = 50
# The shortest beginning or end of a compound that is looked up as a word.
SHORTEST_END = 4
# Before a part that begins a few letters into a word: "Vorteil" and "Abteilung" are no "Teil".
_PREFIXES = frozenset(
    ["ab", "abge", "an", "ange", "be", "ent", "er", "ge", "un", "ur", "ver", "vor", "vorge", "zer", "zu"]
)
# Between the parts of a compound: "Bedienung-s-anleitung".
_JOINTS = ("", "s", "n", "en", "es", "er", "e")


@dataclass(frozen=True)
class Term:
    """A synonym in each way it may be spelt: „E-Learning“ as two words and as one."""

    spelt: tuple[tuple[str, ...], ...]
    #: Words in between, such as the "der" of "Internet der Dinge", need not be asked for.
    is_adjacent: bool

    @classmethod
    def of(cls, term: str) -> "Term":
        """Read a term as staff write it."""
        folded = words.fold(term).split()
        telling = [word for word in folded if word not in words.STOP_WORDS] or folded
        joined = words.fold(words.without_hyphens(term)).split()
        return cls((tuple(telling), *([tuple(joined)] if joined != folded else [])), is_adjacent=telling == folded)

    @property
    def stems(self) -> set[tuple[str, ...]]:
        return {tuple(map(words.stem, spelling)) for spelling in self.spelt}


@dataclass
class Token:
    """A folded word of a question with the forms by which it is compared."""

    word: str
    plain: str = field(init=False)
    stem: str = field(init=False)
    root: str = field(init=False)
    #: With which it goes into compounds, and with which related compounds begin; empty where it is too short.
    part: str = field(init=False)
    trunk: str = field(init=False)

    def __post_init__(self) -> None:
        self.plain, self.stem, self.root = words.plain(self.word), words.stem(self.word), words.root(self.word)
        forms = () if self.word.isdigit() else (words.core(self.word), self.plain)
        self.part = next((form for form in forms if len(form) >= words.SHORTEST_PART), "")
        self.trunk = words.trunk(self.word)


@dataclass(frozen=True)
class Known:
    """A word of the index."""

    word: str
    plain: str
    stem: str
    root: str
    spelling: str


class Vocabulary:
    """The words of the index that may have to do with a question."""

    def __init__(self, known: Iterable[Known]) -> None:
        self.all = sorted(known, key=lambda each: (len(each.word), each.word))
        self.words = {each.word for each in self.all}
        self.by_stem: dict[str, list[str]] = {}
        self.by_root: dict[str, list[str]] = {}
        for each in self.all:
            self.by_stem.setdefault(each.stem, []).append(each.word)
            self.by_root.setdefault(each.root, []).append(each.word)

    def inflected(self, word: str) -> list[str]:
        """All forms of a word."""
        return self.by_stem.get(words.stem(word), [])

    def family(self, word: str) -> list[str]:
        """All forms of a word, or else the words of its root."""
        root = words.root(word)
        return self.inflected(word) or (self.by_root.get(root, []) if len(root) >= words.SHORTEST_PART else [])

    def related(self, token: Token) -> list[str]:
        """Words of the same root, and words of which the token is a part, the shortest first."""
        found = (
            each.word
            for each in self.all
            if (len(token.root) >= words.SHORTEST_PART and each.root == token.root)
            or (token.trunk and each.plain.startswith(token.trunk))
            or _is_part(token.part, each.plain)
        )
        return list(found)[:MOST_PARTS]

    def halves(self, word: str) -> list[list[str]]:
        """The known words on both sides of the best cut through a compound nobody has written so far."""
        middle = len(word) / 2
        for cut in sorted(range(SHORTEST_END, len(word) - SHORTEST_END + 1), key=lambda cut: abs(cut - middle)):
            right = self.family(word[cut:])
            for left in _without_joint(word[:cut]) if right else ():
                if found := self.family(left):
                    return [found, right]
        return []

    def end(self, word: str) -> list[str]:
        """The longest known word with which a compound begins or ends."""
        for length in range(len(word) - 2, max(SHORTEST_END, len(word) // 3), -1):
            halves = [(word[:length], word[length:]), (word[-length:], word[:-length])]
            if found := [known for end, rest in halves if words.has_syllable(rest) for known in self.family(end)]:
                return found
        return []

    def alike(self, token: Token) -> list[Known]:
        """The words of which the token is most probably a typing error."""
        length = len(token.stem)
        if length < SHORTEST_END or not token.part:
            return []
        limit = 1 if length < 8 else 2
        found: dict[int, list[Known]] = {}
        for each in self.all:
            errors = min(
                words.distance(token.stem, each.stem, limit),
                words.distance(token.plain, each.plain, limit),
                # Inside a compound an error is less certain.
                *(words.distance(token.part, end, 1) + 1 for end in _ends(each.plain, length) if length >= 6),
            )
            if errors <= limit:
                found.setdefault(errors, []).append(each)
        return found[min(found)][:MOST_PARTS] if found else []


def _is_part(part: str, word: str) -> bool:
    """Whether a part stands in a word where a part of a compound may begin."""
    at = word.find(part) if part else -1
    return at == 0 or at >= SHORTEST_END or (at > 1 and word[:at] not in _PREFIXES)


def _ends(word: str, length: int) -> list[str]:
    """Beginnings and ends of a longer word that may be a word of about this length."""
    if len(word) < length + 3:
        return []
    return [end for n in (length - 1, length, length + 1) for end in (word[:n], word[-n:])]


def _without_joint(word: str) -> list[str]:
    cuts = (word.removesuffix(joint) for joint in _JOINTS)
    return [cut for cut in dict.fromkeys(cuts) if len(cut) >= SHORTEST_END]


def look_up(tokens: Sequence[Token], synonyms: Sequence[Sequence[str]] | None) -> tuple[list[list[Term]], Vocabulary]:
    """Return the synonyms of these words (or those of `synonyms`) and the vocabulary around all of them; one query."""
    asked = {token.stem for token in tokens}
    groups = None if synonyms is None else [list(map(Term.of, terms)) for terms in synonyms]
    if groups is not None:
        groups = [group for group in groups if asked & _stems([group])]
    halves = sorted({half for token in tokens for half in _halves(token.word)})
    roots = [*(token.root for token in tokens), *map(words.root, halves)]
    parameters = {
        "stems": [token.stem for token in tokens],
        "plain": [token.plain for token in tokens],
        "roots": [root for root in roots if len(root) >= words.SHORTEST_PART],
        "parts": [token.part for token in tokens if token.part],
        "trunks": [token.trunk for token in tokens if token.trunk],
        "halves": list(map(words.stem, halves)),
        "given": None if groups is None else sorted(_stems(groups)),
        # More than are used: some of them are no parts where a part may begin.
        "most_parts": 3 * MOST_PARTS,
        "most_alike": MOST_ALIKE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOOK_UP, parameters)
        rows = cursor.fetchall()
    if groups is None:
        groups = [list(map(Term.of, terms)) for terms, *_ in rows if terms is not None]
    return groups, Vocabulary(Known(*known) for terms, *known in rows if terms is None)


# Every word that could matter, in one statement: of the same stem or root, with the word as a part, of a synonym, half of
# a compound, and, where nothing has the stem, words that look alike.
_LOOK_UP = """
WITH synonym AS (
    SELECT terms, stems FROM search_synonym WHERE %(given)s::text[] IS NULL AND stems && %(stems)s::text[]
),
meaning AS (
    SELECT unnest(stems) AS stem FROM synonym
    UNION SELECT unnest(%(given)s::text[])
),
pattern AS (
    SELECT '%%' || part || '%%' AS pattern FROM unnest(%(parts)s::text[]) AS part
    UNION SELECT trunk || '%%' FROM unnest(%(trunks)s::text[]) AS trunk
    UNION SELECT '%%' || stem || '%%' FROM meaning WHERE length(stem) >= 6
),
found AS (
    SELECT word FROM search_word WHERE stem = ANY(%(stems)s::text[])
    UNION SELECT word FROM search_word WHERE stem = ANY(%(halves)s::text[])
    UNION SELECT word FROM search_word WHERE root = ANY(%(roots)s::text[])
    UNION SELECT word FROM search_word JOIN meaning USING (stem)
    UNION SELECT near.word FROM pattern, LATERAL (
        SELECT word FROM search_word WHERE plain LIKE pattern ORDER BY length(plain), word LIMIT %(most_parts)s
    ) AS near
    UNION SELECT near.word FROM unnest(%(plain)s::text[], %(stems)s::text[]) AS asked(plain, stem), LATERAL (
        SELECT word FROM search_word WHERE plain %% asked.plain OR plain %%> asked.plain
        ORDER BY greatest(similarity(plain, asked.plain), word_similarity(asked.plain, plain)) DESC, word
        LIMIT %(most_alike)s
    ) AS near
    WHERE length(asked.plain) > 3 AND NOT EXISTS (SELECT FROM search_word WHERE search_word.stem = asked.stem)
)
SELECT NULL, word, plain, stem, root, spelling FROM found JOIN search_word USING (word)
UNION ALL SELECT terms, NULL, NULL, NULL, NULL, NULL FROM synonym
"""


def _stems(groups: Iterable[Iterable[Term]]) -> set[str]:
    return {stem for group in groups for term in group for stems in term.stems for stem in stems}


def _halves(word: str) -> set[str]:
    """Every beginning and end of a word that may be a word."""
    if len(word) < 2 * SHORTEST_END or word.isdigit():
        return set()
    lefts = {left for cut in range(SHORTEST_END, len(word)) for left in _without_joint(word[:cut])}
    return lefts | {word[cut:] for cut in range(1, len(word) - SHORTEST_END + 1)}
