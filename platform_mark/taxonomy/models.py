"""The words everything is sorted by: branches, topics, places, company sizes, target groups.

A table if staff may add a value; TextChoices if a law or the code fixes it.
"""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse


class CompanySize(models.TextChoices):
    """Size classes by head count (EU recommendation 2003/361/EC; head count alone)."""

    MICRO = "micro", "kleinst"
    SMALL = "small", "klein"
    MEDIUM = "medium", "mittel"
    LARGE = "large", "groß"

    @property
    def slug(self) -> str:
        """The word used in public addresses."""
        return "gross" if self is CompanySize.LARGE else str(self.label)

    @property
    def headcount(self) -> str:
        """The range of head counts in words."""
        return {"micro": "bis 9", "small": "10 bis 49", "medium": "50 bis 249", "large": "250 und mehr"}[self.value]

    @property
    def gauge(self) -> int:
        """The number of the wire gauge that stands for the class, 1 (thin) to 4 (thick)."""
        return list(CompanySize).index(self) + 1

    @classmethod
    def from_slug(cls, slug: str) -> "CompanySize":
        """Return the class for a word from an address; raises KeyError for any other word."""
        return {size.slug: size for size in cls}[slug]

    @classmethod
    def of(cls, employees: int) -> "CompanySize":
        """Return the class of a head count (0 counts as micro)."""
        if employees >= 250:
            return cls.LARGE
        if employees >= 50:
            return cls.MEDIUM
        return cls.SMALL if employees >= 10 else cls.MICRO


class TargetGroup(models.TextChoices):
    TRAINEES = "trainees", "Auszubildende"
    EMPLOYEES = "employees", "Beschäftigte"
    MANAGERS = "managers", "Führungskräfte"


class TermQuerySet(models.QuerySet):
    def current(self) -> Self:
        """Terms that have not been merged into another one."""
        return self.filter(merged_into=None)


class Term(models.Model):
    """What branches and topics share: an order, synonyms, and a way to be merged into another term."""

    name = models.CharField("Name", max_length=80, unique=True)
    slug = models.SlugField(
        "Adresse",
        max_length=80,
        unique=True,
        help_text="Teil der öffentlichen Adresse. Nach der Veröffentlichung bitte nicht ändern.",
    )
    order = models.PositiveSmallIntegerField("Reihenfolge", default=100, help_text="Kleine Zahlen stehen oben.")
    synonyms = ArrayField(
        models.CharField(max_length=80),
        verbose_name="Andere Wörter dafür",
        default=list,
        blank=True,
        help_text="Mit Komma getrennt. Wer danach sucht oder sie importiert, landet hier.",
    )
    # Set on rows that `load_reference` made: it never touches them again, whatever staff rename.
    reference_key = models.CharField(max_length=80, unique=True, null=True, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="merged_terms",
        verbose_name="Zusammengeführt mit",
    )

    objects = TermQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["order", "name"]

    def __str__(self) -> str:
        return self.name


class Branch(Term):
    focus_candidate = models.BooleanField(
        "Kandidat für einen Schwerpunkt",
        default=False,
        help_text="Die vorhandenen Analysen sprechen für diese Branche.",
    )
    focus_since = models.DateField(
        "Schwerpunkt seit",
        null=True,
        blank=True,
        help_text="Leer, solange nicht entschieden ist. Erscheint auf der Seite der Branche.",
    )

    class Meta(Term.Meta):
        verbose_name = "Branche"
        verbose_name_plural = "Branchen"

    def get_absolute_url(self) -> str:
        return reverse("branches:detail", args=[self.slug])


class BranchCode(models.Model):
    """One division of an official classification, with the edition it is taken from."""

    branch = models.ForeignKey(Branch, on_delete=models.CASCADE, related_name="codes", verbose_name="Branche")
    edition = models.CharField("Ausgabe", max_length=20, default="WZ 2008")
    code = models.CharField("Abteilung", max_length=5, help_text="Zwei Ziffern, zum Beispiel 25.")

    class Meta:
        verbose_name = "Schlüssel der Wirtschaftszweige"
        verbose_name_plural = "Schlüssel der Wirtschaftszweige"
        ordering = ["edition", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "code"],
                name="a_division_belongs_to_one_branch",
                violation_error_message="Diese Abteilung gehört schon zu einer anderen Branche.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.edition}: {self.code}"


class Topic(Term):
    class Meta(Term.Meta):
        verbose_name = "Thema"
        verbose_name_plural = "Themen"


class District(models.Model):
    key = models.CharField("Kreisschlüssel", max_length=5, unique=True)
    name = models.CharField("Name", max_length=80, unique=True)
    slug = models.SlugField("Adresse", max_length=80, unique=True)

    class Meta:
        verbose_name = "Kreis"
        verbose_name_plural = "Kreise"
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name


class Municipality(models.Model):
    ags = models.CharField("Amtlicher Gemeindeschlüssel", max_length=8, unique=True)
    name = models.CharField("Name", max_length=80, unique=True)
    slug = models.SlugField("Adresse", max_length=80, unique=True)
    district = models.ForeignKey(
        District, on_delete=models.PROTECT, related_name="municipalities", verbose_name="Kreis"
    )

    class Meta:
        verbose_name = "Stadt oder Gemeinde"
        verbose_name_plural = "Städte und Gemeinden"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
