"""Legal texts: editable by staff, with every version kept."""

from datetime import date
from typing import Self

from django.db import models

from platform_mark.publishing.fields import RichTextField


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
