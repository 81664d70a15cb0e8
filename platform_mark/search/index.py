"""Write and mend the index: whoever changes what the public sees calls `put` in the same transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Any, Protocol

from django.apps import apps
from django.db import connection, transaction
from django.utils.html import strip_tags

from . import words
from .models import KEYS, SETS, FacetSet, SearchEntry, Word

# Longer texts are cut: a tsvector holds a megabyte.
LONGEST_TEXT = 200_000
BATCH = 500
_TEXTS = ("title", "lead", "text")
_STORED = (
    *("title", "lead", "text", "title_words", "lead_words", "keyword_words", "text_words", "label_words"),
    *("visible_from", "visible_until", *SETS, *KEYS),
)


@dataclass(frozen=True)
class Shape:
    """How the entries of one kind are counted and ordered.

    `groups` names the facets. Those in one group share one FacetSet, so a group should not have more than a few hundred
    combinations. `orders` names the numbers to order by, the small ones first.
    """

    groups: tuple[tuple[str, ...], ...] = ()
    orders: tuple[str, ...] = ()

    @property
    def sets(self) -> Sequence[str]:
        """The column of each group."""
        return [column for column, _ in zip(SETS, self.groups, strict=False)]

    def set_of(self, facet: str) -> str:
        """The column that a facet is counted by; raises LookupError for a facet of another kind."""
        return next(column for column, group in zip(SETS, self.groups, strict=False) if facet in group)

    def key_of(self, order: str) -> str:
        """The column of an order; raises LookupError for an order of another kind."""
        return KEYS[self.orders.index(order)]


@dataclass(frozen=True)
class Document:
    """What an object offers to be found by. All texts are plain: see `text_of`."""

    title: str
    lead: str
    text: str
    visible_from: datetime
    visible_until: datetime | None = None
    #: Names that weigh as much as the lead: a company, a technology.
    keywords: Iterable[str] = ()
    #: Names of branches, topics, places: found, too, but after all that says so itself.
    labels: Iterable[str] = ()
    facets: Mapping[str, Iterable[str]] = field(default_factory=dict)
    orders: Mapping[str, int | None] = field(default_factory=dict)


class Searchable(Protocol):
    """What an object must offer to be found."""

    pk: Any
    search_shape: Shape

    def search_document(self) -> Document | None:
        """What the public may find, or None where there is nothing for it (yet, or any more)."""


def kind_of(model: type) -> str:
    """The word that stands for a model in the index."""
    return model._meta.label_lower


def code(facet: str, value: object) -> str:
    """The word that stands for one value of one facet in the index."""
    return f"{facet}:{value}"


def text_of(html: str) -> str:
    """Return the plain text of HTML; what tags separate stays separate."""
    return unescape(strip_tags(html.replace("<", " <")))


def put(*objects: Searchable) -> None:
    """Let these be found as they are now, or no longer, where they are not public."""
    _write([(found, found.search_document()) for found in objects])


def remove(found: Searchable) -> None:
    """Let this no longer be found."""
    SearchEntry.objects.filter(kind=kind_of(type(found)), object_id=found.pk).delete()


def forget_deleted(sender: type, instance: Any, **kwargs: Any) -> None:
    """After any deletion: let what could be found no longer be found."""
    if hasattr(sender, "search_document"):
        remove(instance)


def rebuild() -> int:
    """Mend every difference between the index and the objects, forget unused words; return how many entries differed."""
    mended = 0
    for model in searchable_models():
        with transaction.atomic():
            mended += _mend(model)
    forget_unused_words()
    _forget_unused_sets()
    return mended


def differences() -> int:
    """Count the entries that are missing, wrong or too many, and change nothing."""
    with transaction.atomic():
        count = sum(_mend(model) for model in searchable_models())
        transaction.set_rollback(True)
    return count


def searchable_models() -> list[Any]:
    """Every model whose objects offer a document."""
    return [model for model in apps.get_models() if hasattr(model, "search_document")]


def _mend(model: Any) -> int:
    kind = kind_of(model)
    seen: set[int] = set()
    mended = 0
    keys = list(model._default_manager.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        documents = [(found, found.search_document()) for found in model.objects.for_search().filter(pk__in=batch)]
        present = {entry.object_id: entry for entry in SearchEntry.objects.filter(kind=kind, object_id__in=batch)}
        made = {entry.object_id: entry for entry in _entries(documents)}
        changed = [pk for pk, entry in made.items() if pk not in present or _differs(present[pk], entry)]
        _store([made[pk] for pk in changed])
        _learn(document for _, document in documents if document)
        mended += len(changed)
        seen |= made.keys()
    entries = SearchEntry.objects.filter(kind=kind)
    gone = set(entries.values_list("object_id", flat=True)) - seen
    return mended + entries.filter(object_id__in=gone).delete()[0]


def _write(documents: Sequence[tuple[Searchable, Document | None]]) -> None:
    for found, document in documents:
        if document is None:
            remove(found)
    _store(_entries(documents))
    _learn(document for _, document in documents if document)


def _entries(documents: Iterable[tuple[Searchable, Document | None]]) -> list[SearchEntry]:
    given = [(found, document) for found, document in documents if document is not None]
    codes = [[_codes(group, document) for group in found.search_shape.groups] for found, document in given]
    numbers = _facet_sets(group for groups in codes for group in groups)
    entries = []
    for (found, document), groups in zip(given, codes, strict=True):
        texts = {name: " ".join(getattr(document, name).split())[:LONGEST_TEXT] for name in _TEXTS}
        folded = {f"{name}_words": words.fold_for_index(text) for name, text in texts.items()}
        entries.append(
            SearchEntry(
                kind=kind_of(type(found)),
                object_id=found.pk,
                **texts,
                **folded,
                keyword_words=words.fold_for_index(" · ".join(document.keywords)),
                label_words=words.fold_for_index(" · ".join(document.labels)),
                visible_from=document.visible_from,
                visible_until=document.visible_until,
                **{column: numbers[group] for column, group in zip(SETS, groups, strict=False)},
                **{found.search_shape.key_of(name): number for name, number in document.orders.items()},
            )
        )
    return entries


def _store(entries: Sequence[SearchEntry]) -> None:
    SearchEntry.objects.bulk_create(
        entries,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["kind", "object_id"],
        update_fields=_STORED,
    )


def _learn(documents: Iterable[Document]) -> None:
    """Add the words of these to the vocabulary."""
    texts = [
        text
        for document in documents
        for text in (document.title, document.lead, document.text, *document.keywords, *document.labels)
    ]
    spelling: dict[str, str] = {}
    for word, written in words.spellings("\n".join(texts)):
        spelling.setdefault(word, written)
    known = set(Word.objects.filter(pk__in=spelling).values_list("pk", flat=True))
    Word.objects.bulk_create(
        (
            Word(word=word, plain=words.plain(word), stem=words.stem(word), root=words.root(word), spelling=written)
            # Sorted, so that two who learn the same words wait for each other instead of blocking.
            for word, written in sorted(spelling.items())
            if word not in known
        ),
        batch_size=5000,
        ignore_conflicts=True,
    )


def forget_unused_words() -> None:
    """Take out of the vocabulary what no entry says any more, such as the name of a company that wants none now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM search_word WHERE word NOT IN (SELECT word FROM ts_stat('SELECT vector FROM search_searchentry'))"
        )


def _forget_unused_sets() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM search_facetset WHERE id NOT IN (SELECT number FROM search_searchentry,"
            " unnest(ARRAY[set_1, set_2, set_3, set_4, set_5, set_6]) AS number WHERE number IS NOT NULL)"
        )


def _codes(group: tuple[str, ...], document: Document) -> tuple[str, ...]:
    return tuple(sorted({code(facet, value) for facet in group for value in document.facets.get(facet, ())}))


def _facet_sets(wanted: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    codes = sorted(set(wanted))
    FacetSet.objects.bulk_create((FacetSet(codes=list(each)) for each in codes), ignore_conflicts=True)
    found = FacetSet.objects.filter(codes__in=[list(each) for each in codes])
    return {tuple(facet_set.codes): facet_set.pk for facet_set in found}


def _differs(one: SearchEntry, other: SearchEntry) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in _STORED)
