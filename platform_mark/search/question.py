"""What somebody typed, understood: each word widened by the vocabulary and by staff's synonyms.

The order of the widening is the order of the results: the word itself, its inflected forms, what means the same, words it
is part of or related to, and, only where there is nothing of all that, words that look like it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import pairwise

from . import words
from .vocabulary import Term, Token, Vocabulary, look_up

LONGEST_QUESTION = 200
MOST_WORDS = 10
_QUOTED = re.compile(r"[\"„“”«»]([^\"„“”«»]*)[\"„“”«»]")
_WORD = re.compile(r"[^\W_]+")


class Nearness(IntEnum):
    """How near what is found is to what was asked; the smaller, the nearer."""

    EXACT = 0
    STEM = 1
    SYNONYM = 2
    PART = 3
    ALIKE = 4


@dataclass(frozen=True)
class Way:
    """One way to meet a clause: a tsquery, and the words it may meet."""

    nearness: Nearness
    query: str
    lexemes: frozenset[str]

    @classmethod
    def any_of(cls, nearness: Nearness, lexemes: Sequence[str]) -> "Way":
        """Met by any of these words."""
        return cls(nearness, _any(lexemes), frozenset(lexemes))

    @classmethod
    def each_of(cls, nearness: Nearness, choices: Sequence[Sequence[str]], between: str = "&") -> "Way":
        """Met by one word of each choice."""
        query = f" {between} ".join(map(_any, choices))
        return cls(nearness, f"({query})", frozenset(word for choice in choices for word in choice))


@dataclass(frozen=True)
class Clause:
    """One thing asked for: a word, a hyphenated word, a quoted phrase, or words that have a synonym together."""

    text: str
    ways: tuple[Way, ...]
    is_quoted: bool = False
    #: A word that was probably meant, as people write it.
    meant: str = ""

    @property
    def query(self) -> str:
        return _any(way.query for way in self.ways)


@dataclass(frozen=True)
class Question:
    """What to look for. `levels` are tsqueries, the strictest first: the next is tried where one finds nothing."""

    text: str
    clauses: tuple[Clause, ...] = ()
    #: Words that occur nowhere and were left out.
    unknown: tuple[str, ...] = ()
    #: Tsqueries for words that were typed side by side: best is where they stand so.
    pairs: tuple[str, ...] = ()

    @cached_property
    def levels(self) -> list[str]:
        """All that was asked; all but one word; any word; any part of one. What was quoted is never given up."""
        quoted = [clause.query for clause in self.clauses if clause.is_quoted]
        free = [clause for clause in self.clauses if not clause.is_quoted]
        queries = [clause.query for clause in free]
        levels = [_all([*quoted, *queries])]
        if len(queries) > 2:
            all_but_one = (_all(queries[:n] + queries[n + 1 :]) for n, _ in enumerate(queries))
            levels.append(_all([*quoted, _any(all_but_one)]))
        if len(queries) > 1:
            levels.append(_all([*quoted, _any(queries)]))
        if len(queries) > 1 or any("&" in query or "<->" in query for query in queries):
            lexemes = {lexeme for clause in free for way in clause.ways for lexeme in way.lexemes}
            levels.append(_all([*quoted, _any(sorted(lexemes))]))
        if quoted and free:
            levels.append(_all(quoted))
        return levels

    @cached_property
    def lexemes(self) -> dict[str, Nearness]:
        """Every word that may be met, with how near it is at best."""
        found: dict[str, Nearness] = {}
        for way in sorted((way for clause in self.clauses for way in clause.ways), key=lambda way: way.nearness):
            for lexeme in way.lexemes:
                found.setdefault(lexeme, way.nearness)
        return found

    @property
    def meant(self) -> str:
        """The text with its probable typing errors mended, or nothing where there are none."""
        if not any(clause.meant for clause in self.clauses):
            return ""
        return " ".join(clause.meant or clause.text for clause in self.clauses)


@dataclass(frozen=True)
class _Piece:
    """What stands between two spaces: one word, or several with hyphens."""

    text: str
    tokens: tuple[Token, ...]
    whole: Token


def ask(text: str, *, synonyms: Sequence[Sequence[str]] | None = None) -> Question:
    """Understand what was typed, with one query. `synonyms` stand in for staff's own, to try their effect."""
    text = " ".join(text[:LONGEST_QUESTION].split())
    quoted = [_quoted(phrase) for phrase in _QUOTED.findall(text) if words.fold(phrase)]
    pieces = _pieces(_QUOTED.sub(" ", text))
    if not pieces:
        return Question(text, tuple(quoted))
    tokens = [token for piece in pieces for token in piece.tokens]
    tokens += [piece.whole for piece in pieces if len(piece.tokens) > 1]
    groups, vocabulary = look_up(tokens, synonyms)
    clauses = _clauses(pieces, groups, vocabulary)
    return Question(
        text,
        (*quoted, *(clause for clause in clauses if clause.ways)),
        tuple({clause.text.casefold(): clause.text for clause in clauses if not clause.ways}.values()),
        tuple(_pairs(pieces, vocabulary)),
    )


def _quoted(phrase: str) -> Clause:
    choices = [[word] for word in words.fold(phrase).split()]
    return Clause(f"„{phrase.strip()}“", (Way.each_of(Nearness.EXACT, choices, "<->"),), is_quoted=True)


def _pieces(text: str) -> list[_Piece]:
    pieces = []
    for written in text.split():
        joined = words.fold(words.without_hyphens(written)).split()
        tokens = tuple(map(Token, words.fold(written).split()))
        if len(joined) == 1 and len(tokens) > 1:
            pieces.append(_Piece(written, tokens, Token(joined[0])))
        else:
            pieces += [_Piece(part, (token,), token) for part, token in _tokens(written)]
    telling = [piece for piece in pieces if piece.whole.word not in words.STOP_WORDS and len(piece.whole.word) > 1]
    return (telling or pieces)[:MOST_WORDS]


def _tokens(text: str) -> Iterator[tuple[str, Token]]:
    """Each word as it was typed, and folded."""
    for match in _WORD.finditer(text):
        for word in words.fold(match.group()).split():
            yield match.group(), Token(word)


def _pairs(pieces: Sequence[_Piece], vocabulary: Vocabulary) -> Iterator[str]:
    tokens = [token.word for piece in pieces for token in piece.tokens]
    for pair in pairwise(tokens):
        forms = [_any([word, *vocabulary.inflected(word)]) for word in pair]
        yield " <-> ".join(forms)


def _clauses(pieces: Sequence[_Piece], groups: Sequence[Sequence[Term]], vocabulary: Vocabulary) -> list[Clause]:
    clauses: list[Clause] = []
    while pieces:
        count, others = _synonyms(pieces, groups)
        if count:
            clauses.append(_clause_with_synonyms(pieces[:count], others, vocabulary))
        else:
            clauses.append(_clause(pieces[0], vocabulary))
        pieces = pieces[count or 1 :]
    return clauses


def _synonyms(pieces: Sequence[_Piece], groups: Sequence[Sequence[Term]]) -> tuple[int, list[Term]]:
    """How many pieces from the first on have synonyms together, as many as possible, and those."""
    for count in range(len(pieces), 0, -1):
        asked = {tuple(token.stem for piece in pieces[:count] for token in piece.tokens)}
        if count == 1:
            asked.add((pieces[0].whole.stem,))
        met = [group for group in groups if any(term.stems & asked for term in group)]
        if met:
            return count, [term for group in met for term in group if not term.stems & asked]
    return 0, []


def _clause_with_synonyms(pieces: Sequence[_Piece], terms: Sequence[Term], vocabulary: Vocabulary) -> Clause:
    ways = _together([_word_or_parts(piece, vocabulary) for piece in pieces])
    for term in terms:
        ways += _synonym_ways(term, vocabulary)
    if not ways and len(pieces) == 1:
        return _guess(pieces[0], vocabulary)
    return Clause(" ".join(piece.text for piece in pieces), tuple(ways))


def _synonym_ways(term: Term, vocabulary: Vocabulary) -> Iterator[Way]:
    for spelling in term.spelt:
        choices = [vocabulary.inflected(word) for word in spelling]
        if all(choices):
            yield Way.each_of(Nearness.SYNONYM, choices, "<->" if term.is_adjacent else "&")
        if len(spelling) == 1 and (parts := set(vocabulary.related(Token(spelling[0]))).difference(*choices)):
            yield Way.any_of(Nearness.PART, sorted(parts))


def _clause(piece: _Piece, vocabulary: Vocabulary) -> Clause:
    ways = _word_or_parts(piece, vocabulary)
    return Clause(piece.text, tuple(ways)) if ways else _guess(piece, vocabulary)


def _word_or_parts(piece: _Piece, vocabulary: Vocabulary) -> list[Way]:
    """Ways to meet a piece in one word, or in the words between its hyphens."""
    ways = _word(piece.whole, vocabulary)
    if len(piece.tokens) > 1:
        ways.append(Way.each_of(Nearness.EXACT, [[token.word] for token in piece.tokens], "<->"))
        ways += _together([_word(token, vocabulary) for token in piece.tokens])
    return ways


def _word(token: Token, vocabulary: Vocabulary) -> list[Way]:
    """Ways to meet a word: by itself, by its other forms, and by the words it is part of or related to."""
    is_known = token.word in vocabulary.words or not words.is_indexed(token.word)
    ways = [Way.any_of(Nearness.EXACT, [token.word])] if is_known else []
    seen = {token.word}
    for nearness, found in (
        (Nearness.STEM, vocabulary.inflected(token.word)),
        (Nearness.PART, vocabulary.related(token)),
    ):
        if new := [word for word in found if word not in seen]:
            seen.update(new)
            ways.append(Way.any_of(nearness, new))
    return ways


def _guess(piece: _Piece, vocabulary: Vocabulary) -> Clause:
    """What a word that occurs nowhere may mean: a compound of known words, a typing error, or one end of a compound."""
    word = piece.whole.word
    if halves := vocabulary.halves(word):
        return Clause(piece.text, (Way.each_of(Nearness.PART, halves),))
    if alike := vocabulary.alike(piece.whole):
        meant = min(alike, key=lambda each: words.distance(word, each.word, len(word)))
        ways = (Way.any_of(Nearness.ALIKE, [each.word for each in alike]),)
        return Clause(piece.text, ways, meant=meant.spelling)
    end = vocabulary.end(word)
    return Clause(piece.text, (Way.any_of(Nearness.ALIKE, end),) if end else ())


def _together(parts: Sequence[Sequence[Way]]) -> list[Way]:
    """Ways that meet all parts at once; where one cannot be met, there is none."""
    if not all(parts):
        return []
    if len(parts) == 1:
        return list(parts[0])
    query = "(" + " & ".join(_any(way.query for way in ways) for ways in parts) + ")"
    lexemes: dict[Nearness, set[str]] = {}
    for way in (way for ways in parts for way in ways):
        lexemes.setdefault(way.nearness, set()).update(way.lexemes)
    return [Way(nearness, query, frozenset(found)) for nearness, found in lexemes.items()]


def _any(queries: Iterable[str]) -> str:
    found = list(dict.fromkeys(queries))
    return found[0] if len(found) == 1 else "(" + " | ".join(found) + ")"


def _all(queries: Iterable[str]) -> str:
    return " & ".join(queries)
