"""The states that all content shares, who may see what, and which way a state may go."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from platform_mark.prepared import Instant
from platform_mark.search import index

from . import files

if TYPE_CHECKING:
    from platform_mark.accounts.models import User


class State(models.TextChoices):
    DRAFT = "draft", "Entwurf"
    REVIEW = "review", "In Prüfung"
    PUBLISHED = "published", "Veröffentlicht"
    ARCHIVED = "archived", "Archiviert"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.REVIEW, State.PUBLISHED}),
    State.REVIEW: frozenset({State.DRAFT, State.PUBLISHED}),
    State.PUBLISHED: frozenset({State.DRAFT, State.ARCHIVED}),
    State.ARCHIVED: frozenset({State.DRAFT}),
}


class TransitionRefused(ValidationError):
    """A state may not be left in this direction; the message is for people."""


class PublishableQuerySet(models.QuerySet):
    def published(self, at: Instant | None = None) -> Self:
        """What everybody may see at the instant `at` (now, if not given)."""
        at = at or timezone.now()
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at), state=State.PUBLISHED, published_at__lte=at)

    def with_open_files(self) -> Self:
        """Those whose pictures and documents everybody may see; a subject that hides some of them says so."""
        return self.published()


class Publishable(models.Model):
    """Content with a state. Scheduled and expired are no states: they follow from the dates."""

    state = models.CharField("Stand der Bearbeitung", max_length=10, choices=State, default=State.DRAFT, editable=False)
    published_at = models.DateTimeField(
        "Veröffentlicht ab",
        null=True,
        blank=True,
        help_text="Leer lassen: sofort, sobald Sie veröffentlichen. Ein späterer Zeitpunkt plant es ein.",
    )
    expires_at = models.DateTimeField(
        "Sichtbar bis", null=True, blank=True, help_text="Freiwillig. Danach ist der Eintrag nicht mehr öffentlich."
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    # The secret preview link dies when its version is raised or its time is over.
    preview_version = models.PositiveIntegerField(default=1, editable=False)
    preview_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField("Angelegt am", auto_now_add=True)
    updated_at = models.DateTimeField("Geändert am", auto_now=True)

    objects = PublishableQuerySet.as_manager()

    search_shape = index.Shape()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=State.values),
                name="%(class)s_state_is_known",
                violation_error_message="Diesen Stand gibt es nicht.",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.PUBLISHED) | Q(published_at__isnull=False),
                name="%(class)s_published_has_its_date",
                violation_error_message="Veröffentlichtes braucht einen Zeitpunkt.",
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(published_at=None) | Q(expires_at__gt=models.F("published_at")),
                name="%(class)s_expires_after_publication",
                violation_error_message="„Sichtbar bis“ muss nach „Veröffentlicht ab“ liegen.",
            ),
        ]

    def search_document(self) -> index.Document | None:
        """What the public may find of it, now or later; nothing, unless a subject says more."""
        return None

    def is_published(self, at: datetime | None = None) -> bool:
        """The same rule as `PublishableQuerySet.published`, for one object in hand."""
        at = at or timezone.now()
        if self.state != State.PUBLISHED or self.published_at is None or self.published_at > at:
            return False
        return self.expires_at is None or self.expires_at > at

    def submit(self, *, by: "User | None" = None) -> None:
        """Hand a draft over for review; raises TransitionRefused from any other state."""
        self._move(State.REVIEW, submitted_by=by)

    def publish(self, *, by: "User | None" = None) -> None:
        """Make it public now, or at `published_at` where that lies ahead; raises TransitionRefused.

        With the four-eyes switch on, somebody else must have handed it over for review.
        """
        if settings.FOUR_EYES and (self.state != State.REVIEW or by is None or by.pk == self.submitted_by_id):
            raise TransitionRefused(
                "Vier-Augen-Prinzip: Geben Sie den Eintrag zur Prüfung. Veröffentlichen muss eine andere Person.",
                code="four_eyes",
            )
        # To the second, as a form shows it: else every saving would change it.
        self._move(State.PUBLISHED, published_at=self.published_at or timezone.now().replace(microsecond=0))

    def withdraw(self) -> None:
        """Take it back to a draft, whatever it was; raises TransitionRefused for a draft."""
        self._move(State.DRAFT, published_at=None)

    def archive(self) -> None:
        """Take published content out of the lists for good; raises TransitionRefused from any other state."""
        self._move(State.ARCHIVED)

    @transaction.atomic
    def _move(self, to: State, **values: Any) -> None:
        if to not in TRANSITIONS[State(self.state)]:
            raise TransitionRefused(
                f"„{State(self.state).label}“ kann nicht zu „{to.label}“ werden.", code="transition"
            )
        was_public = self.state == State.PUBLISHED
        for name, value in {"state": to, **values}.items():
            setattr(self, name, value)
        self.save(update_fields=["state", "published_at", "submitted_by", "updated_at"])
        if was_public:
            files.end_addresses_of(self)
        index.put(self)


class VersionQuerySet(models.QuerySet):
    def of(self, row: models.Model) -> Self:
        """The versions of one object, the newest first."""
        content_type = ContentType.objects.get_for_model(row)
        return self.filter(content_type=content_type, object_id=row.pk).order_by("-pk")


class Version(models.Model):
    """What one object said at one time, whole: its fields and its parts. Rows are never changed."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.PositiveBigIntegerField()
    target = GenericForeignKey("content_type", "object_id")
    data = models.JSONField()
    comment = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = "Fassung"
        verbose_name_plural = "Fassungen"
        indexes = [models.Index(fields=["content_type", "object_id"], name="version_of")]

    def __str__(self) -> str:
        return f"Fassung {self.pk}"


class FormerAddress(models.Model):
    """An address something public once had; it leads to today's."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    slug = models.SlugField(max_length=80)
    object_id = models.PositiveBigIntegerField()
    target = GenericForeignKey("content_type", "object_id")

    class Meta:
        verbose_name = "Frühere Adresse"
        verbose_name_plural = "Frühere Adressen"
        constraints = [
            models.UniqueConstraint(fields=["content_type", "slug"], name="a_former_address_leads_to_one_place")
        ]

    def __str__(self) -> str:
        return self.slug
