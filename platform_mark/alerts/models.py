"""Who wants to hear of what by mail, and how often."""

from datetime import datetime
from typing import Self

from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import Q

from actors.models import Actor
from dialogues.models import Series

from .rhythm import Rhythm, last_due


class Scope(models.TextChoices):
    """What a wish is about: one kind of content, all of them, what one organisation does, or one series of dialogues."""

    EVERYTHING = "everything", "Alles Neue"
    PRACTICES = "practices", "Gute Beispiele"
    DIALOGUES = "dialogues", "Branchendialoge"
    ACTIVITIES = "activities", "Aktivitäten"
    FORMATS = "formats", "Formate"
    ACTOR = "actor", "Ein Akteur"
    SERIES = "series", "Eine Reihe"


class Subscriber(models.Model):
    """One address. It has one page for all its alerts, and goes with the last of them."""

    email = models.EmailField("E-Mail-Adresse")
    # The address as one person would recognise it (platform_mark.mail.outbox.address_key).
    email_key = models.CharField(max_length=254, unique=True, editable=False, validators=[MinLengthValidator(3)])
    token_version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField("Angelegt am", auto_now_add=True)

    class Meta:
        verbose_name = "Adresse für Benachrichtigungen"
        verbose_name_plural = "Adressen für Benachrichtigungen"
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.email


class AlertQuerySet(models.QuerySet):
    def confirmed(self) -> Self:
        """Those whose address said yes, paused ones among them."""
        return self.exclude(confirmed_at=None)

    def running(self) -> Self:
        """Those that may send something."""
        return self.confirmed().filter(paused_at=None)

    def due(self, at: datetime) -> Self:
        """Running ones that have not looked for news since their rhythm last came round."""
        due = Q(pk__in=[])
        for rhythm in Rhythm:
            due |= Q(rhythm=rhythm, checked_at__lt=last_due(rhythm, at))
        return self.running().filter(due)


class Alert(models.Model):
    """One wish of one address. What is ended is deleted."""

    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="alerts", editable=False, verbose_name="Adresse"
    )
    scope = models.CharField("Was", max_length=12, choices=Scope, editable=False)
    # The words of the list's own addresses, each known and in one order, so that equal wishes are equal.
    query = models.CharField("Filter", max_length=1000, blank=True, editable=False)
    actor = models.ForeignKey(
        Actor, on_delete=models.CASCADE, null=True, blank=True, related_name="+", editable=False, verbose_name="Akteur"
    )
    # A series that somebody waits for stays; it can be renamed.
    series = models.ForeignKey(
        Series, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False, verbose_name="Reihe"
    )
    rhythm = models.CharField("Wie oft", max_length=10, choices=Rhythm, default=Rhythm.WEEKLY)
    consent = models.CharField("Fassung der Einwilligung", max_length=20, editable=False)
    requested_at = models.DateTimeField("Bestellt am", editable=False)
    confirmed_at = models.DateTimeField("Bestätigt am", null=True, blank=True, editable=False)
    paused_at = models.DateTimeField("Pausiert seit", null=True, blank=True, editable=False)
    # Up to when news have been told: the claim of a run, too.
    checked_at = models.DateTimeField("Zuletzt nachgesehen", null=True, blank=True, editable=False)
    token_version = models.PositiveIntegerField(default=1, editable=False)

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = "Benachrichtigung"
        verbose_name_plural = "Benachrichtigungen"
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber", "scope", "query", "actor", "series"],
                nulls_distinct=False,
                name="an_address_wishes_once",
                violation_error_message="Das ist schon bestellt.",
            ),
            models.CheckConstraint(
                condition=Q(scope="actor", actor__isnull=False) | (~Q(scope="actor") & Q(actor=None)),
                name="an_alert_of_an_actor_names_one",
            ),
            models.CheckConstraint(
                condition=Q(scope="series", series__isnull=False) | (~Q(scope="series") & Q(series=None)),
                name="an_alert_of_a_series_names_one",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(checked_at__isnull=False), name="a_confirmed_alert_knows_its_start"
            ),
        ]
        indexes = [
            models.Index(
                fields=["rhythm", "checked_at"],
                condition=Q(confirmed_at__isnull=False, paused_at=None),
                name="alert_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()}, {self.get_rhythm_display()}"
