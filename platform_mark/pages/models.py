"""Legal texts, with every version kept, and the outlines of the region where an operator has loaded them."""

from datetime import date
from typing import Self

from django.db import models

from platform_mark.publishing.fields import RichTextField
from platform_mark.taxonomy.models import Municipality


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

    page = models.CharField("Seite", max_length=20, choices=Page)
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
