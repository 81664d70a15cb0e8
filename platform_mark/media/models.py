"""Pictures: re-encoded, sized and stored under names that nobody can guess."""

from datetime import date
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, TruncDate
from django.urls import reverse
from django.utils import timezone

# For browsers that cannot choose from `srcset`, and for the page's text column on an ordinary screen.
PLAIN_WIDTH = 960


# The day of the portal when a statement runs: for querysets that are built once and asked for weeks.
TODAY = TruncDate(Now())


class ImageQuerySet(models.QuerySet):
    def shown(self, on: date | TruncDate | None = None) -> Self:
        """Pictures whose rights have not ended on the day `on` (today, if not given)."""
        return self.filter(Q(rights_until=None) | Q(rights_until__gte=on or timezone.localdate()))


class Image(models.Model):
    """One picture. Its files are `<token>/<width>.webp` below `MEDIA_ROOT/bilder`, one for each stored width."""

    class People(models.TextChoices):
        NONE = "none", "Keine Person erkennbar"
        CONSENT = "consent", "Einwilligung liegt vor"

    token = models.CharField("Ablage", max_length=40, unique=True, editable=False)
    # Given when no public page showed the file, so nobody outside knows it: it need not end a second time.
    is_token_unseen = models.BooleanField(default=False, editable=False)
    # Of the largest file: tells whether a picture is still the one that somebody released.
    digest = models.CharField(max_length=64, default="", editable=False)
    # In rising order; the last one is `width`.
    widths = ArrayField(models.PositiveIntegerField(), verbose_name="Gespeicherte Breiten", editable=False)
    width = models.PositiveIntegerField("Breite", editable=False, help_text="In Pixeln, nach dem Verkleinern.")
    height = models.PositiveIntegerField("Höhe", editable=False)
    alt = models.CharField(
        "Bildbeschreibung",
        max_length=300,
        blank=True,
        help_text="Was sieht man, das für den Text wichtig ist? Beispiel: „Einrichterin scannt die Karte an der Presse.“",
    )
    is_decorative = models.BooleanField(
        "Nur Schmuck", default=False, help_text="Nur ankreuzen, wenn dem Text ohne das Bild nichts fehlt."
    )
    credit = models.CharField("Bildnachweis", max_length=120, help_text="Zum Beispiel „Foto: Federnwerk Lennetal“.")
    rights_until = models.DateField(
        "Rechte bis",
        null=True,
        blank=True,
        help_text="Letzter Tag, an dem das Bild zu sehen ist. Leer lassen, wenn die Rechte nicht enden.",
    )
    people = models.CharField("Personen im Bild", max_length=10, choices=People, default=People.NONE)
    focal_x = models.PositiveSmallIntegerField(
        "Bildmitte waagerecht",
        default=50,
        validators=[MaxValueValidator(100)],
        help_text="In Prozent von links. Diese Stelle bleibt sichtbar, wo das Bild beschnitten wird.",
    )
    focal_y = models.PositiveSmallIntegerField(
        "Bildmitte senkrecht", default=50, validators=[MaxValueValidator(100)], help_text="In Prozent von oben."
    )
    created_at = models.DateTimeField("Hochgeladen am", auto_now_add=True)

    objects = ImageQuerySet.as_manager()

    class Meta:
        verbose_name = "Bild"
        verbose_name_plural = "Bilder"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_decorative=True, alt="") | (Q(is_decorative=False) & ~Q(alt="")),
                name="image_is_described_or_decorative",
                violation_error_message="Beschreiben Sie das Bild, oder kreuzen Sie „Nur Schmuck“ an. Nicht beides.",
            )
        ]

    def __str__(self) -> str:
        return self.alt or self.credit

    def is_shown(self, on: date | None = None) -> bool:
        """The same rule as `ImageQuerySet.shown`, for one picture in hand."""
        return self.rights_until is None or self.rights_until >= (on or timezone.localdate())

    @property
    def src(self) -> str:
        """The address of a middle size."""
        return self._address(self.plain_width)

    @property
    def plain_width(self) -> int:
        """The width of a middle size."""
        return max((width for width in self.widths if width <= PLAIN_WIDTH), default=self.widths[0])

    @property
    def srcset(self) -> str:
        """All sizes, for the attribute of the same name; the page adds `sizes`, since it knows its columns."""
        return ", ".join(f"{self._address(width)} {width}w" for width in self.widths)

    def _address(self, width: int) -> str:
        return reverse("media:image", args=[self.token, width])


class Document(models.Model):
    """One PDF to take along. Its file is `<token>.pdf` below `MEDIA_ROOT/dokumente`; people get it under `name`."""

    token = models.CharField("Ablage", max_length=40, unique=True, editable=False)
    # Given when no public page showed the file, so nobody outside knows it: it need not end a second time.
    is_token_unseen = models.BooleanField(default=False, editable=False)
    title = models.CharField(
        "Titel", max_length=120, help_text="Was drinsteht: „Vorlage Einrichtekarte“. Nicht der Dateiname."
    )
    name = models.CharField("Dateiname", max_length=120, editable=False)
    size = models.PositiveIntegerField("Größe in Byte", editable=False)
    digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField("Hochgeladen am", auto_now_add=True)

    class Meta:
        verbose_name = "Dokument"
        verbose_name_plural = "Dokumente"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.title

    @property
    def url(self) -> str:
        """Where the file is served, always to be saved, never to be shown within the portal."""
        return reverse("media:document", args=[self.token])

    @property
    def size_text(self) -> str:
        """The size in words: „1,2 MB“ or „340 KB“."""
        if self.size >= 1_000_000:
            return f"{self.size / 1_000_000:.1f}\N{NO-BREAK SPACE}MB".replace(".", ",")
        return f"{max(1, round(self.size / 1000))}\N{NO-BREAK SPACE}KB"
