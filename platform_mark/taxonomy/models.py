"""The words everything is sorted by: branches, topics, places, company sizes, target groups; and why a branch is a focus.

A table if staff may add a value; TextChoices if a law or the code fixes it.
"""

from datetime import date
from decimal import Decimal
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone


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


class PressureQuerySet(models.QuerySet):
    def offered(self) -> Self:
        """Those that visitors may choose; an old link with another one still works."""
        return self.filter(is_offered=True)


class Pressure(models.Model):
    """What presses a company, in its own words: the third question of the first steps, and what answers it."""

    name = models.CharField(
        "Was drückt", max_length=60, unique=True, help_text="So, wie ein Betrieb es sagt: „Angebote dauern zu lange“."
    )
    slug = models.SlugField(
        "Adresse",
        max_length=80,
        unique=True,
        help_text="Steht im Link zum Ergebnis. Bitte nicht ändern, wenn er schon verschickt wurde.",
    )
    order = models.PositiveSmallIntegerField("Reihenfolge", default=100, help_text="Kleine Zahlen stehen oben.")
    is_offered = models.BooleanField(
        "Zur Wahl stellen", default=True, help_text="Ohne Haken fragt niemand mehr danach. Alte Links gehen weiter."
    )
    topics = models.ManyToManyField(
        Topic,
        related_name="pressures",
        blank=True,
        verbose_name="Themen, die helfen",
        help_text="Beispiele und Angebote zu diesen Themen gelten als „gleiches Problem“.",
    )
    target_groups = ArrayField(
        models.CharField(max_length=10, choices=TargetGroup),
        verbose_name="Formate für",
        default=list,
        blank=True,
        help_text="Wer im Betrieb zuerst etwas ausprobieren sollte. Danach wird ein Format vorgeschlagen.",
    )
    hint = models.TextField(
        "Was sie diese Woche tun können",
        max_length=600,
        blank=True,
        help_text="Ein Schritt je Zeile, höchstens drei. Der erste Satz jeder Zeile wird hervorgehoben.",
    )
    # Set on rows that `load_reference` made: it never touches them again, whatever staff change.
    reference_key = models.CharField(max_length=80, unique=True, null=True, blank=True, editable=False)

    objects = PressureQuerySet.as_manager()

    class Meta:
        verbose_name = "Was drückt"
        verbose_name_plural = "Was drückt"
        ordering = ["order", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(target_groups__contained_by=TargetGroup.values), name="pressure_target_groups_are_known"
            )
        ]

    def __str__(self) -> str:
        return self.name


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


# ---------------------------------------------------------------- why a branch is a focus


class SourcedQuerySet(models.QuerySet):
    def public(self) -> Self:
        """What may be shown: released by staff, which takes a source with its address or the mark of an invented figure."""
        return self.filter(is_public=True)


class Sourced(models.Model):
    """A figure with the place it was read; without one it stays inside."""

    year = models.PositiveSmallIntegerField(
        "Stand (Jahr)", validators=[MinValueValidator(1990), MaxValueValidator(2100)]
    )
    source_name = models.CharField(
        "Quelle", max_length=200, blank=True, help_text="Wer hat die Zahl veröffentlicht, und wo steht sie?"
    )
    source_url = models.URLField(
        "Quelle (Adresse)", max_length=1000, blank=True, validators=[URLValidator(schemes=["http", "https"])]
    )
    is_example = models.BooleanField(
        "Erfunden", default=False, help_text="Wird als „Beispielzahl“ gekennzeichnet. Nur zum Ausprobieren."
    )
    is_public = models.BooleanField("Öffentlich zeigen", default=False)

    objects = SourcedQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(is_public=False) | Q(is_example=True) | (~Q(source_name="") & ~Q(source_url="")),
                name="%(class)s_is_public_with_its_source_only",
                violation_error_message="Ohne Quelle und Adresse wird keine Zahl gezeigt.",
            )
        ]


class Evidence(Sourced):
    """One indicator that speaks for (or against) a branch as a focus."""

    branch = models.ForeignKey(Branch, on_delete=models.CASCADE, related_name="evidence", verbose_name="Branche")
    order = models.PositiveSmallIntegerField("Reihenfolge", default=0)
    indicator = models.CharField("Kennzahl", max_length=120, help_text="Zum Beispiel „Beschäftigte“.")
    value = models.DecimalField("Wert", max_digits=14, decimal_places=2)
    unit = models.CharField("Einheit", max_length=40, blank=True, help_text="Zum Beispiel „%“ oder „Betriebe“.")
    area = models.CharField("Gebiet", max_length=80, default="Märkische Region")
    compared_value = models.DecimalField("Vergleichswert", max_digits=14, decimal_places=2, null=True, blank=True)
    compared_area = models.CharField("Vergleichsgebiet", max_length=80, blank=True)
    note = models.CharField("Was die Zahl sagt", max_length=200, blank=True, help_text="Ein Satz, ohne Fachwort.")

    class Meta(Sourced.Meta):
        verbose_name = "Beleg"
        verbose_name_plural = "Belege"
        ordering = ["order", "pk"]
        constraints = [
            *Sourced.Meta.constraints,
            models.CheckConstraint(
                condition=Q(compared_value=None, compared_area="")
                | (Q(compared_value__isnull=False) & ~Q(compared_area="")),
                name="evidence_compares_a_value_with_an_area",
                violation_error_message="Zum Vergleich gehören der Wert und das Gebiet, für das er gilt.",
            ),
        ]

    def __str__(self) -> str:
        return self.indicator


class Specialisation(Sourced):
    """The four counts of employed people from which share and location quotient of a branch follow."""

    branch = models.ForeignKey(Branch, on_delete=models.CASCADE, related_name="specialisations", verbose_name="Branche")
    branch_in_region = models.PositiveIntegerField("Beschäftigte der Branche in der Region")
    all_in_region = models.PositiveIntegerField("Alle Beschäftigten in der Region", validators=[MinValueValidator(1)])
    branch_in_land = models.PositiveIntegerField(
        "Beschäftigte der Branche in Nordrhein-Westfalen", validators=[MinValueValidator(1)]
    )
    all_in_land = models.PositiveIntegerField(
        "Alle Beschäftigten in Nordrhein-Westfalen", validators=[MinValueValidator(1)]
    )

    class Meta(Sourced.Meta):
        verbose_name = "Spezialisierung"
        verbose_name_plural = "Spezialisierung"
        ordering = ["-year", "-pk"]
        constraints = [
            *Sourced.Meta.constraints,
            models.UniqueConstraint(
                fields=["branch", "year"],
                name="one_specialisation_per_branch_and_year",
                violation_error_message="Für dieses Jahr gibt es die Zahlen schon.",
            ),
            models.CheckConstraint(
                condition=Q(
                    all_in_region__gt=0,
                    branch_in_land__gt=0,
                    branch_in_region__lte=models.F("all_in_region"),
                    branch_in_land__lte=models.F("all_in_land"),
                ),
                name="a_branch_is_a_part_of_the_whole",
                violation_error_message="Die Branche kann nicht mehr Beschäftigte haben als alle Branchen zusammen.",
            ),
        ]

    def __str__(self) -> str:
        return f"Spezialisierung {self.year}"

    @property
    def share_in_region(self) -> Decimal:
        """Percent of all employed people of the region, to one place."""
        return _percent(self.branch_in_region, self.all_in_region)

    @property
    def share_in_land(self) -> Decimal:
        """Percent of all employed people of the Land, to one place."""
        return _percent(self.branch_in_land, self.all_in_land)

    @property
    def quotient(self) -> Decimal:
        """The location quotient: share in the region divided by share in the Land; above 1 the region is specialised."""
        region = Decimal(self.branch_in_region) / self.all_in_region
        return (region / (Decimal(self.branch_in_land) / self.all_in_land)).quantize(Decimal("0.1"))


class SelectionQuerySet(models.QuerySet):
    def decided(self, on: date | TruncDate | None = None) -> Self:
        """Selections that everybody may see: decided by the day `on` (today, if not given), the latest first."""
        return self.filter(decided_on__lte=on or timezone.localdate(), is_public=True).order_by("-decided_on", "-pk")


class Selection(models.Model):
    """One round in which candidates were compared and a body decided which branches are the focus."""

    name = models.CharField("Name", max_length=120, help_text="Zum Beispiel „Auswahl 2026“.")
    decided_on = models.DateField("Entschieden am", null=True, blank=True)
    decided_by = models.CharField(
        "Entschieden von", max_length=160, blank=True, help_text="Das Gremium, keine Namen: „Regionaler Lenkungskreis“."
    )
    next_review_on = models.DateField("Nächste Prüfung", null=True, blank=True)
    note = models.TextField("Wie entschieden wurde", max_length=2000, blank=True)
    is_example = models.BooleanField("Erfunden", default=False, help_text="Wird als Beispiel gekennzeichnet.")
    is_public = models.BooleanField("Öffentlich zeigen", default=False)

    objects = SelectionQuerySet.as_manager()

    class Meta:
        verbose_name = "Auswahl der Schwerpunkte"
        verbose_name_plural = "Auswahl der Schwerpunkte"
        ordering = ["-decided_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_public=False) | (Q(decided_on__isnull=False) & ~Q(decided_by="")),
                name="public_selection_says_who_decided_when",
                violation_error_message="Öffentlich wird die Auswahl erst mit Tag und Gremium der Entscheidung.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Criterion(models.Model):
    """What the candidates of one selection were compared by."""

    selection = models.ForeignKey(Selection, on_delete=models.CASCADE, related_name="criteria")
    order = models.PositiveSmallIntegerField("Reihenfolge", default=0)
    name = models.CharField("Merkmal", max_length=80)
    weight = models.PositiveSmallIntegerField(
        "Gewicht", default=1, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    note = models.CharField("Woran man es misst", max_length=200, blank=True)

    class Meta:
        verbose_name = "Merkmal"
        verbose_name_plural = "Merkmale"
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.name


class Candidate(models.Model):
    """One branch that was looked at, with what was decided."""

    selection = models.ForeignKey(Selection, on_delete=models.CASCADE, related_name="candidates")
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="candidacies", verbose_name="Branche")
    is_selected = models.BooleanField("Ausgewählt", default=False)
    reason = models.CharField(
        "Weil", max_length=300, blank=True, help_text="Öffentlich. Pflicht, wenn die Branche nicht ausgewählt ist."
    )

    class Meta:
        verbose_name = "Kandidatin"
        verbose_name_plural = "Kandidatinnen"
        ordering = ["-is_selected", "branch__order"]
        constraints = [
            models.UniqueConstraint(
                fields=["selection", "branch"],
                name="a_branch_is_a_candidate_once",
                violation_error_message="Diese Branche steht schon in der Auswahl.",
            ),
            models.CheckConstraint(
                condition=Q(is_selected=True) | ~Q(reason=""),
                name="who_is_not_selected_is_told_why",
                violation_error_message="Sagen Sie in einem Satz, warum die Branche nicht ausgewählt ist.",
            ),
        ]

    def __str__(self) -> str:
        return f"Kandidatin {self.pk}"


class Score(models.Model):
    """How well one candidate meets one criterion, 0 to 5."""

    MOST = 5

    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="scores")
    criterion = models.ForeignKey(Criterion, on_delete=models.CASCADE, related_name="scores", verbose_name="Merkmal")
    points = models.PositiveSmallIntegerField("Punkte", validators=[MaxValueValidator(MOST)])

    class Meta:
        verbose_name = "Punkte"
        verbose_name_plural = "Punkte"
        constraints = [
            models.UniqueConstraint(fields=["candidate", "criterion"], name="one_score_per_candidate_and_criterion"),
            models.CheckConstraint(condition=Q(points__lte=5), name="score_is_five_at_most"),
        ]

    def __str__(self) -> str:
        return str(self.points)


def _percent(part: int, whole: int) -> Decimal:
    return (Decimal(part) / whole * 100).quantize(Decimal("0.1"))
