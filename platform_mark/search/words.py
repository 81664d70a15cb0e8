"""German words as the search compares them: folded, stemmed, taken apart. Knows no database.

PostgreSQL's own German stemmer is not used: it changed between the versions we run on, and a search must find the same
on each. Here every word is kept whole, and what belongs together is decided by the three forms below.
"""

import re
import unicodedata
from collections.abc import Iterator

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORD = re.compile(r"[a-z0-9]+")
# "Maschinen-Steuerung" is also found as "Maschinensteuerung"; longer chains are lists, not words.
_HYPHEN = re.compile(r"[-‐‑]")
_HYPHENATED = re.compile(r"(?<![a-z0-9-])[a-z0-9]+(?:[-‐‑][a-z0-9]+){1,2}(?![a-z0-9-])")
_WRITTEN = re.compile(r"[^\W_]+(?:[-‐‑][^\W_]+)*")
# Whatever is longer is no word but an address or a mistake.
LONGEST_WORD = 60
# Shorter words are abbreviations (ERP, MES, KI): they stand for themselves and are part of nothing.
SHORTEST_PART = 4

_STOP_WORDS = """
ab aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus bei beim
bin bis bist bitte da dabei damit dann das dass dein deine dem den denn der deren des dessen die dies diese diesem diesen
dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwa etwas euch euer eure fuer gegen gern gibt
hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in ins ist ja jede
jedem jeden jeder jedes jetzt kann kannst kein keine keinem keinen keiner koennen koennte man mehr mein meine mich mir mit
moechte moechten muss nach nicht nichts noch nun nur ob oder ohne schon sehr sein seine seinem seinen seiner seit sich sie
sind so solche soll sollen sondern sonst ueber um und uns unser unsere unserem unseren unserer unter viel vom von vor wann
war waren warum was weg weil welche welchem welchen welcher welches wenn wer werde werden wie wieder will wir wird wo
wollen wurde wurden zu zum zur zwischen
"""
# Words that say nothing about what somebody looks for.
STOP_WORDS = frozenset(_STOP_WORDS.split())

# "ae" is "ä" and so on, but "ue" is no "ü" in "neue", "bauen" and "Frequenz".
_UMLAUTED = re.compile(r"ae|oe|(?<![aeq])ue")
# Endings of nouns, adjectives and infinitives, taken off as often as they occur: "Steuerungen", "künstlichen", "Tablets".
_ENDINGS = (
    re.compile(r"(?<=nis)s(e|en|es)?$"),
    re.compile(r"(?<=in)nen$"),
    re.compile(r"e[ns]?$"),
    re.compile(r"(?<=e[rl])n$"),
    re.compile(r"(?<=ch|ig|al|iv|os|nd|rt)em$"),
    re.compile(r"(?<=[bdfghklmnprtw])s$"),
    re.compile(r"(?<=...[aeiou])s$"),
)
# An ending in "Bilder", "Handwerker" and "digitaler", but not in "Lager", whose "Lage" is something else.
_ENDING_ER = re.compile(
    r"(?<=[ei][bcdfghklmnprstvwxz])er$|(?<=[ei][bcdfghklmnprstvwxz]{2})er$|(?<=al|iv|os|ar|am|eu)er$"
)
_UMLAUT_PLURAL = re.compile(r"er$")
# What makes a word of another kind from the same root: "dokumentieren", "Dokumentation", "automatisch".
_DERIVING = (
    *("isierung", "isation", "isiert", "isier", "ierung", "iert", "ier", "ation", "ator", "atur", "erei", "barkeit"),
    *("igkeit", "keit", "heit", "ung", "lich", "isch", "erin", "ig", "ik", "bar", "los", "end", "ei", "er"),
)
_VOWELS = frozenset("aeiouy")
# Of verbs: "rüstet", "geplant". Last and once, because nouns may end like that.
_VERBAL = ("tet", "te", "et", "t")
_PARTICIPLE = re.compile(r"^(|ab|an|auf|aus|ein|nach|um|vor|zu)ge(?=.{4,}t$)")


def fold(text: str) -> str:
    """Return small letters and digits only, as words with single spaces: „Öl-Kühlung“ becomes „oel kuehlung“."""
    return " ".join(_WORD.findall(_plain(text)))


def fold_for_index(text: str) -> str:
    """The same, with hyphenated words once more in one piece at the end, where they disturb no phrase."""
    plain = _plain(text)
    joined = (without_hyphens(match) for match in _HYPHENATED.findall(plain))
    return " ".join([*_WORD.findall(plain), *dict.fromkeys(joined)])


def without_hyphens(text: str) -> str:
    """Return a hyphenated word in one piece."""
    return _HYPHEN.sub("", text)


def plain(word: str) -> str:
    """Return a folded word without its umlauts: „ruesten“ becomes „rusten“, as some people type it."""
    return _UMLAUTED.sub(lambda match: match.group()[0], word)


def core(word: str) -> str:
    """Return the part by which a folded word goes into compounds: „schrauben“ becomes „schraub“."""
    return _shorten(plain(word), _ENDINGS)


def trunk(word: str) -> str:
    """Return the part by which related compounds begin: „kuehlung“ becomes „kuhl“, as in „Kühlraum“; else nothing."""
    return _without_suffix(core(word), _DERIVING)


def stem(word: str) -> str:
    """Return what all inflected forms of a folded word share: „auftraegen“ and „auftrag“ become „auftrag“."""
    without = plain(word)
    return _shorten(without, (*_ENDINGS, _ENDING_ER if without == word else _UMLAUT_PLURAL))


def root(word: str) -> str:
    """Return what related words share: „planung“, „geplant“ and „planer“ become „plan“."""
    base = stem(_PARTICIPLE.sub(r"\1", word))
    while shorter := _without_suffix(base, _DERIVING):
        base = stem(shorter)
    return stem(_without_suffix(base, _VERBAL) or base)


def _shorten(word: str, endings: tuple[re.Pattern[str], ...]) -> str:
    while shorter := next((cut for ending in endings if 3 <= len(cut := ending.sub("", word)) < len(word)), ""):
        word = shorter
    return word


def _without_suffix(word: str, suffixes: tuple[str, ...]) -> str:
    cuts = (word.removesuffix(suffix) for suffix in suffixes)
    return next((cut for cut in cuts if SHORTEST_PART <= len(cut) < len(word) and has_syllable(cut)), "")


def has_syllable(letters: str) -> bool:
    """Whether these letters of a word can be spoken: the "schw" of „schwierig“ and the "sch" of „schweißen“ are no parts."""
    return not _VOWELS.isdisjoint(letters)


def is_indexed(word: str) -> bool:
    """Whether a folded word belongs into the vocabulary: not a number, not a stop word, not a monster."""
    return 2 <= len(word) <= LONGEST_WORD and word not in STOP_WORDS and not word.isdigit()


def spellings(text: str) -> Iterator[tuple[str, str]]:
    """The words of a text, folded, with each way they are written there; those with hyphens in one piece, too."""
    for written in dict.fromkeys(_WRITTEN.findall(text.replace("\N{SOFT HYPHEN}", ""))):
        for part in [written, *_HYPHEN.split(written)]:
            folded = fold(without_hyphens(part))
            if is_indexed(folded):
                yield folded, part


def distance(one: str, other: str, limit: int) -> int:
    """How many letters were mistyped (wrong, missing, too many, swapped with the next); `limit` + 1 when more."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        row = [i]
        for j, right in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (left != right))
            if before and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before, last = last, row
    return last[-1]


def _plain(text: str) -> str:
    text = text.replace("\N{SOFT HYPHEN}", "").casefold().translate(_UMLAUTS)
    if text.isascii():
        return text
    # Combining letters, too: "ü" may come as "u" with two dots.
    composed = unicodedata.normalize("NFC", text).translate(_UMLAUTS)
    return "".join(c for c in unicodedata.normalize("NFKD", composed) if not unicodedata.combining(c))
