"""What the search knows: one row for each public object, every word that occurs, and words that mean the same."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.exceptions import ValidationError
from django.db import models

from . import words

# The columns of an entry for facets and orders.
SETS = ("set_1", "set_2", "set_3", "set_4", "set_5", "set_6")
KEYS = ("key_1", "key_2")


class FacetSet(models.Model):
    """One combination of facet values that at least one entry has, such as two branches.

    Entries carry its number, so that counting many thousands of them compares numbers instead of lists.
    """

    codes = ArrayField(models.TextField(), unique=True)

    def __str__(self) -> str:
        return ", ".join(self.codes)


class SearchEntry(models.Model):
    """What can be found of one public object: its words, its facets, and from when until when it is visible.

    Written by `index.put` and nothing else. Nothing here is shown without asking the object itself whether it may be.
    """

    kind = models.CharField(max_length=40)
    object_id = models.PositiveBigIntegerField()
    title = models.TextField()
    lead = models.TextField()
    text = models.TextField()
    # The same, folded word by word. Keywords weigh as much as the lead, labels less than anything.
    title_words = models.TextField()
    lead_words = models.TextField()
    keyword_words = models.TextField()
    text_words = models.TextField()
    label_words = models.TextField()
    visible_from = models.DateTimeField()
    visible_until = models.DateTimeField(null=True)
    # The FacetSet of each group of facets, and a number for each order, as the kind declares them (index.Shape). Columns
    # and not lists: counting 100,000 rows takes 43 ms instead of 72.
    set_1 = models.IntegerField(null=True)
    set_2 = models.IntegerField(null=True)
    set_3 = models.IntegerField(null=True)
    set_4 = models.IntegerField(null=True)
    set_5 = models.IntegerField(null=True)
    set_6 = models.IntegerField(null=True)
    key_1 = models.IntegerField(null=True)
    key_2 = models.IntegerField(null=True)
    # What stands on top: it decides the order where very many are found.
    head = models.GeneratedField(
        expression=SearchVector("title_words", "lead_words", "keyword_words", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    vector = models.GeneratedField(
        expression=SearchVector("title_words", weight="A", config="simple")
        + SearchVector("lead_words", "keyword_words", weight="B", config="simple")
        + SearchVector("text_words", weight="C", config="simple")
        + SearchVector("label_words", weight="D", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="an_object_has_one_search_entry")]
        indexes = [
            # Enough to count and page a list without opening a row.
            models.Index(
                fields=["kind", "-visible_from", "-id"],
                include=["visible_until", "object_id", *SETS, *KEYS],
                name="search_newest",
            ),
            # What is written now must be found as fast as the rest, so nothing waits in a pending list.
            GinIndex(fields=["vector"], name="search_words", fastupdate=False),
            GinIndex(fields=["head"], name="search_head_words", fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.title


class Word(models.Model):
    """A word that occurs in some entry, with the forms by which it is compared (see `words`)."""

    word = models.TextField(primary_key=True)
    plain = models.TextField()
    stem = models.TextField()
    root = models.TextField()
    # As people write it: what "Meinten Sie" suggests.
    spelling = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["stem"], name="search_word_stem"),
            models.Index(fields=["root"], name="search_word_root"),
            GinIndex(OpClass("plain", name="gin_trgm_ops"), name="search_word_plain"),
        ]

    def __str__(self) -> str:
        return self.spelling


class StemsField(ArrayField):
    """The stems of all words of `terms`, kept by the field itself on every way into the database."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Derive from the terms."""
        terms: list[str] = model_instance.terms
        stems = sorted({words.stem(word) for term in terms for word in words.fold_for_index(term).split()})
        setattr(model_instance, self.attname, stems)
        return stems


class Synonym(models.Model):
    """Words and phrases that mean the same: who asks for one finds the others, too."""

    terms = ArrayField(
        models.CharField(max_length=80),
        verbose_name="Gleichbedeutende Wörter",
        help_text="Mit Komma getrennt: „KI, künstliche Intelligenz, maschinelles Lernen“. Wer eines davon sucht,"
        " findet auch die anderen. Einzahl genügt.",
    )
    stems = StemsField(models.TextField(), default=list, editable=False)
    note = models.CharField("Bemerkung", max_length=200, blank=True, help_text="Nur für die Redaktion.")
    # Set on rows that the portal ships: made once, never touched again, whatever staff change.
    reference_key = models.CharField(max_length=80, unique=True, null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "Gleichbedeutende Wörter"
        verbose_name_plural = "Gleichbedeutende Wörter"
        ordering = ["terms"]
        indexes = [GinIndex(fields=["stems"], name="search_synonym_stems")]

    def __str__(self) -> str:
        return ", ".join(self.terms)

    def clean(self) -> None:
        """One word alone means the same as nothing else."""
        folded = {words.fold(term) for term in self.terms or []}
        if "" in folded or len(folded) < 2:
            raise ValidationError({"terms": "Bitte mindestens zwei verschiedene Wörter nennen, mit Komma getrennt."})
