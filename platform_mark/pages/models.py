"""Legal texts with every version kept, who runs the portal, reports of barriers, questions of the self-check, and outlines
that an operator loaded."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import Q

from platform_mark.publishing.fields import RichTextField
from platform_mark.taxonomy.models import Municipality, Pressure


class LegalTextQuerySet(models.QuerySet):
    def valid_on(self, day: date) -> Self:
        """Versions in force on `day`, the newest of each page first."""
        return self.filter(valid_from__lte=day).order_by("page", "-valid_from", "-pk")


class LegalText(models.Model):
    """One version of one legal page. A new version is a new row; the old one stays as proof."""

    class Page(models.TextChoices):
        IMPRESSUM = "impressum", "Impressum"
        DATENSCHUTZ = "datenschutz", "Datenschutz"
        BARRIEREFREIHEIT = "barrierefreiheit", "Barrierefreiheit"
        NUTZUNG = "nutzungsbedingungen", "Nutzungsbedingungen"
        MODERATION = "moderationsregeln", "Moderationsregeln"
        LIZENZ = "lizenz", "Lizenz der Daten"
        LEICHT = "leichte-sprache", "Leichte Sprache"
        LEICHT_BEISPIELE = "leichte-sprache-beispiele", "Leichte Sprache: Beispiele und Angebote"
        LEICHT_DIALOGE = "leichte-sprache-dialoge", "Leichte Sprache: Branchendialoge"

        @property
        def is_easy(self) -> bool:
            """Whether the page is written in Leichte Sprache, which has a typography of its own."""
            return self.value.startswith("leichte-sprache")

    page = models.CharField("Seite", max_length=30, choices=Page)
    valid_from = models.DateField("Gültig ab")
    lead = models.CharField("Vorspann", max_length=300, blank=True)
    body = RichTextField("Text", headings=True)
    created_at = models.DateTimeField("Angelegt am", auto_now_add=True)

    objects = LegalTextQuerySet.as_manager()

    class Meta:
        verbose_name = "Rechtlicher Text"
        verbose_name_plural = "Rechtliche Texte"
        ordering = ["page", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["page", "valid_from"],
                name="one_legal_text_per_page_and_day",
                violation_error_message="Für diesen Tag gibt es schon eine Fassung.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_page_display()}, gültig ab {self.valid_from:%d.%m.%Y}"

    @property
    def is_easy(self) -> bool:
        """Whether it is written in Leichte Sprache."""
        return self.Page(self.page).is_easy


class Operator(models.Model):
    """Who runs the portal. At most one row; `pages.operating` tells it to every page."""

    # The same in every row, so that there is one only.
    only = models.BooleanField(default=True, unique=True, editable=False)
    name = models.CharField("Name", max_length=120)
    street = models.CharField("Straße und Hausnummer", max_length=120)
    town = models.CharField("Postleitzahl und Ort", max_length=120)
    phone = models.CharField("Telefon", max_length=40)
    hours = models.CharField(
        "Erreichbar", max_length=120, blank=True, help_text="Zum Beispiel „Montag bis Freitag, 9 bis 15 Uhr“."
    )
    email = models.EmailField("E-Mail-Adresse", blank=True, help_text="Ein Funktionspostfach, keine Person.")

    class Meta:
        verbose_name = "Betreiber des Portals"
        verbose_name_plural = "Betreiber des Portals"
        constraints = [models.CheckConstraint(condition=Q(only=True), name="the_portal_has_one_operator")]

    def __str__(self) -> str:
        return self.name


class BarrierReport(models.Model):
    """Somebody could not use a page and says what stood in the way. The address goes with `pages.barriers.forget_old`."""

    where = models.CharField(
        "Auf welcher Seite?", max_length=300, help_text="Die Adresse aus dem Browser, oder was auf der Seite stand."
    )
    what = models.TextField(
        "Was ging nicht?", max_length=3000, help_text="Zum Beispiel: „Mit der Tastatur komme ich nicht zum Knopf.“"
    )
    email = models.EmailField("E-Mail-Adresse", blank=True, help_text="Für unsere Antwort innerhalb von zwei Wochen.")
    created_at = models.DateTimeField("Eingegangen am", auto_now_add=True)
    answered_at = models.DateTimeField("Beantwortet am", null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "Gemeldete Barriere"
        verbose_name_plural = "Gemeldete Barrieren"
        ordering = ["answered_at", "-created_at"]

    def __str__(self) -> str:
        return self.where


class CheckQuestion(models.Model):
    """A question of the self-check about an ordinary day, and what presses where the answer is yes."""

    text = models.CharField(
        "Frage",
        max_length=160,
        unique=True,
        help_text="Nach etwas, das man im Betrieb sieht. Mit Ja, Manchmal oder Nein zu beantworten; Ja heißt: Das drückt.",
    )
    slug = models.SlugField(
        "Adresse",
        max_length=80,
        unique=True,
        help_text="Steht im Link zum Ergebnis. Bitte nicht ändern, wenn er schon verschickt wurde.",
    )
    order = models.PositiveSmallIntegerField("Reihenfolge", default=100, help_text="Kleine Zahlen stehen oben.")
    is_asked = models.BooleanField(
        "Fragen",
        default=True,
        help_text="Ohne Haken wird nicht mehr gefragt. Alte Links gehen ohne diese Antwort weiter.",
    )
    pressures = models.ManyToManyField(
        Pressure,
        related_name="+",
        verbose_name="Was dann drückt",
        help_text="Was wir bei Ja heraushören. Welche Themen helfen, steht unter „Was drückt“.",
    )
    # Set on rows that `load_check_questions` made: it never touches them again, whatever staff change.
    reference_key = models.CharField(max_length=80, unique=True, null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "Frage des Selbstchecks"
        verbose_name_plural = "Fragen des Selbstchecks"
        ordering = ["order", "text"]
        constraints = [
            # Names of other answers in the same address.
            models.CheckConstraint(
                condition=~Q(slug__in=["branche", "groesse", "kreis", "druck", "aendern"]),
                name="a_check_question_has_a_name_of_its_own",
                violation_error_message="Diese Adresse steht im Link schon für etwas anderes. Bitte eine andere wählen.",
            )
        ]

    def __str__(self) -> str:
        return self.text


class RegionMap(models.Model):
    """Outlines of the municipalities that an operator has loaded; without them the map is drawn with tiles.

    Written by `boundaries.load` and nothing else. The credit line that the licence asks for is shown with every map.
    """

    credit = models.CharField("Quellenangabe", max_length=300)
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    # The outer border and that of the districts, as SVG path data.
    border = models.TextField(blank=True)
    loaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "Karte der Region"
        verbose_name_plural = "Karten der Region"
        constraints = [models.CheckConstraint(condition=~models.Q(credit=""), name="region_map_names_its_source")]

    def __str__(self) -> str:
        return self.credit


class RegionOutline(models.Model):
    """One municipality on the loaded map: SVG path data, and where its name stands."""

    region_map = models.ForeignKey(RegionMap, on_delete=models.CASCADE, related_name="outlines")
    municipality = models.OneToOneField(Municipality, on_delete=models.CASCADE, related_name="outline")
    path = models.TextField()
    x = models.SmallIntegerField()
    y = models.SmallIntegerField()

    class Meta:
        verbose_name = "Umriss"
        verbose_name_plural = "Umrisse"

    def __str__(self) -> str:
        return f"Umriss {self.pk}"
