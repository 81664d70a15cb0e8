"""The outbox: a mail is a row, written in the transaction of its cause, and sent later by the worker."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone


class BulkMailQuerySet(models.QuerySet):
    def drafts(self) -> Self:
        """Those that nobody has released yet."""
        return self.filter(released_at=None)


class BulkMail(models.Model):
    """One text for several people: a draft until somebody who has seen their number releases it."""

    # The kind that its mails have in the outbox.
    kind = models.CharField(max_length=60, editable=False)
    subject = models.CharField("Betreff", max_length=200)
    text = models.TextField("Text", max_length=10_000)
    # What the text may name; the strings for it stand in the draft of each mail.
    placeholders = ArrayField(models.CharField(max_length=40), editable=False)
    created_at = models.DateTimeField("Angelegt am", auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name="Angelegt von",
    )
    released_at = models.DateTimeField("Abgeschickt am", null=True, blank=True, editable=False)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name="Abgeschickt von",
    )

    objects = BulkMailQuerySet.as_manager()

    class Meta:
        verbose_name = "Rundmail"
        verbose_name_plural = "Rundmails"
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.subject


class OutgoingMailQuerySet(models.QuerySet):
    def due(self, at: datetime | None = None) -> Self:
        """Mails to send at the instant `at`: waiting, their time has come, and no worker is at them."""
        at = at or timezone.now()
        return self.filter(Q(leased_until=None) | Q(leased_until__lt=at), state="waiting", next_attempt_at__lte=at)

    def waiting_since(self, at: datetime) -> Self:
        """Mails that were to go out before the instant `at` and still wait, the oldest first."""
        return self.filter(state="waiting", created_at__lt=at).order_by("created_at")

    def failed(self) -> Self:
        """Mails that did not get out and could: whose address is forgotten by now gets none."""
        return self.filter(state="failed").exclude(address_key="")


class OutgoingMail(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", "Entwurf"
        WAITING = "waiting", "Wartet"
        SENT = "sent", "Gesendet"
        FAILED = "failed", "Nicht zustellbar"

    kind = models.CharField("Art", max_length=60)
    bulk = models.ForeignKey(
        BulkMail,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        related_name="mails",
        verbose_name="Rundmail",
    )
    to = models.EmailField("An")
    # For the limits: the address as one person would recognise it (trimmed, NFKC, lower case).
    address_key = models.CharField(max_length=254, db_index=True, editable=False)
    # Only mails that anybody can trigger for any address count towards its limit (ARCHITECTURE 17).
    is_limited = models.BooleanField(default=False, editable=False)
    subject = models.CharField("Betreff", max_length=200)
    # Holds `texts.marker` where a personal link stands; the worker makes it at sending. The HTML part is made of it, too.
    text = models.TextField("Text", blank=True)
    # What the placeholders of a draft stand for; emptied when it is released.
    values = models.JSONField(default=dict, blank=True, editable=False)
    link_path = models.CharField(max_length=200, blank=True, editable=False)
    token_purpose = models.CharField(max_length=60, blank=True, editable=False)
    token_row = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    token_version = models.PositiveIntegerField(null=True, blank=True, editable=False)
    # Further links by their placeholder, each as path, purpose, row and version.
    other_links = models.JSONField(default=dict, blank=True, editable=False)
    unsubscribe = models.CharField(max_length=40, blank=True, editable=False)
    calendar = models.TextField(blank=True, editable=False)
    message_id = models.CharField(max_length=200, unique=True, editable=False)
    state = models.CharField("Stand", max_length=10, choices=State, default=State.WAITING, editable=False)
    attempts = models.PositiveSmallIntegerField("Versuche", default=0, editable=False)
    next_attempt_at = models.DateTimeField("Nächster Versuch", default=timezone.now, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    # When the mail server itself, not the recipient, was last the reason that it stayed.
    outage_at = models.DateTimeField(null=True, blank=True, editable=False)
    error = models.CharField("Fehler", max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField("Angelegt am", auto_now_add=True)
    # When staff put a failed one back into the queue, the last time: giving up counts from there.
    retried_at = models.DateTimeField("Von Hand neu versucht am", null=True, blank=True, editable=False)
    sent_at = models.DateTimeField("Gesendet am", null=True, blank=True, editable=False)

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        verbose_name = "E-Mail"
        verbose_name_plural = "E-Mails"
        ordering = ["-created_at", "-pk"]
        permissions = [
            ("export_outgoingmail", "Darf Auskunft über eine Person geben"),
            ("erase_outgoingmail", "Darf die Daten einer Person löschen"),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="outbox_due"),
            models.Index(fields=["token_purpose", "token_row"], name="outbox_of_row"),
        ]

    def __str__(self) -> str:
        return self.subject


class MailText(models.Model):
    """The staff's own text of one kind of mail. Without a row the shipped text holds; deleting the row brings it back."""

    kind = models.CharField("Art", max_length=60, unique=True, editable=False)
    subject = models.CharField("Betreff", max_length=150)
    text = models.TextField("Text", max_length=10_000)
    updated_at = models.DateTimeField("Geändert am", auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name="Geändert von",
    )

    class Meta:
        verbose_name = "E-Mail-Text"
        verbose_name_plural = "E-Mail-Texte"
        ordering = ["kind"]

    def __str__(self) -> str:
        return self.kind
