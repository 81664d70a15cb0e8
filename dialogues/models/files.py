"""The documents and pictures of a dialogue, and who may see them."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models.functions import TruncDate

from platform_mark.media.models import Document, Image

from .planning import Dialogue, DialoguePart


class FileVisibility(models.TextChoices):
    PUBLIC = "public", "Alle"
    PARTICIPANTS = "participants", "Teilnehmende, über ihren Link"


class FileQuerySet(models.QuerySet):
    def public(self) -> Self:
        """Files that everybody may see."""
        return self.filter(visibility=FileVisibility.PUBLIC)


class PictureQuerySet(FileQuerySet):
    def shown(self, on: date | TruncDate | None = None) -> Self:
        """Pictures whose rights have not ended on the day `on` (today, if not given)."""
        return self.filter(image__in=Image.objects.shown(on))


class DialogueDocument(DialoguePart):
    dialogue = models.ForeignKey(Dialogue, on_delete=models.CASCADE, related_name="documents")
    document = models.ForeignKey(
        Document, on_delete=models.PROTECT, related_name="dialogue_documents", verbose_name="Dokument"
    )
    visibility = models.CharField("Wer es sieht", max_length=14, choices=FileVisibility, default=FileVisibility.PUBLIC)

    objects = FileQuerySet.as_manager()

    class Meta(DialoguePart.Meta):
        verbose_name = "Dokument zum Dialog"
        verbose_name_plural = "Dokumente zum Dialog"

    def __str__(self) -> str:
        return f"Dokument {self.order}"


class DialoguePicture(DialoguePart):
    dialogue = models.ForeignKey(Dialogue, on_delete=models.CASCADE, related_name="pictures")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="dialogue_pictures", verbose_name="Bild")
    caption = models.CharField("Bildunterschrift", max_length=200, blank=True)
    visibility = models.CharField("Wer es sieht", max_length=14, choices=FileVisibility, default=FileVisibility.PUBLIC)

    objects = PictureQuerySet.as_manager()

    class Meta(DialoguePart.Meta):
        verbose_name = "Bild zum Dialog"
        verbose_name_plural = "Bilder zum Dialog"

    def __str__(self) -> str:
        return self.caption
