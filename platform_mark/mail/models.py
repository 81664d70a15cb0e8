"""The outbox: a mail is a row, written in the transaction of its cause, and sent later by the worker."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone


class OutgoingMailQuerySet(models.QuerySet):
    def due(self, at: datetime | None = None) -> Self:
        """Mails to send at the instant `at`: waiting, their time has come, and no worker is at them."""
        at = at or timezone.now()
        return self.filter(Q(leased_until=None) | Q(leased_until__lt=at), state="waiting", next_attempt_at__lte=at)


class OutgoingMail(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", "Wartet"
        SENT = "sent", "Gesendet"
        FAILED = "failed", "Nicht zustellbar"

    kind = models.CharField("Art", max_length=60)
    to = models.EmailField("An")
    # For the limits: the address as one person would recognise it (trimmed, NFKC, lower case).
    address_key = models.CharField(max_length=254, db_index=True, editable=False)
    # Only mails that anybody can trigger for any address count towards its limit (ARCHITECTURE 17).
    is_limited = models.BooleanField(default=False, editable=False)
    subject = models.CharField("Betreff", max_length=200)
    # Holds LINK where the personal link stands; the worker makes it at sending.
    text = models.TextField("Text", blank=True)
    link_path = models.CharField(max_length=200, blank=True, editable=False)
    token_purpose = models.CharField(max_length=60, blank=True, editable=False)
    token_row = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    token_version = models.PositiveIntegerField(null=True, blank=True, editable=False)
    message_id = models.CharField(max_length=200, unique=True, editable=False)
    state = models.CharField("Stand", max_length=10, choices=State, default=State.WAITING, editable=False)
    attempts = models.PositiveSmallIntegerField("Versuche", default=0, editable=False)
    next_attempt_at = models.DateTimeField("Nächster Versuch", default=timezone.now, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    error = models.CharField("Fehler", max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField("Angelegt am", auto_now_add=True)
    sent_at = models.DateTimeField("Gesendet am", null=True, blank=True, editable=False)

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        verbose_name = "E-Mail"
        verbose_name_plural = "E-Mails"
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="outbox_due")]

    def __str__(self) -> str:
        return self.subject
