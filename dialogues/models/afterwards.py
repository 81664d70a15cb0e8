"""What came of it: the report, its outcomes, what was promised, and what participants answered."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from actors.models import Actor
from platform_mark.publishing.fields import RichTextField

from .planning import Dialogue, DialoguePart


class Report(models.Model):
    """What is told afterwards. Public from `published_at` on."""

    dialogue = models.OneToOneField(Dialogue, on_delete=models.CASCADE, related_name="report")
    summary = RichTextField("Zusammenfassung", blank=True)
    participants = models.PositiveIntegerField(
        "Teilnehmende", null=True, blank=True, help_text="Leer lassen: Es gilt, was abgehakt wurde."
    )
    companies = models.PositiveIntegerField("Betriebe", null=True, blank=True)
    published_at = models.DateTimeField("Veröffentlicht am", null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "Nachbericht"
        verbose_name_plural = "Nachberichte"

    def __str__(self) -> str:
        return f"Nachbericht {self.pk}"


class Outcome(DialoguePart):
    """One thesis, need or result that the dialogue brought up; it flows into the page of the branch."""

    class Kind(models.TextChoices):
        THESIS = "thesis", "These"
        NEED = "need", "Bedarf"
        RESULT = "result", "Ergebnis"

    dialogue = models.ForeignKey(Dialogue, on_delete=models.CASCADE, related_name="outcomes")
    kind = models.CharField("Art", max_length=10, choices=Kind)
    text = models.CharField("Was", max_length=400)

    class Meta(DialoguePart.Meta):
        verbose_name = "Ergebnis"
        verbose_name_plural = "Ergebnisse"

    def __str__(self) -> str:
        return self.text[:60]


class AgreementQuerySet(models.QuerySet):
    def overdue(self, on: date | None = None) -> Self:
        """Agreements that are still open after the day they were promised for."""
        return self.filter(state="open", due_on__lt=on or timezone.localdate())


class Agreement(DialoguePart):
    """What somebody promised to do, by when, and what became of it."""

    class State(models.TextChoices):
        OPEN = "open", "offen"
        KEPT = "kept", "erledigt"
        DROPPED = "dropped", "aufgegeben"

    dialogue = models.ForeignKey(
        Dialogue, on_delete=models.CASCADE, related_name="agreements", verbose_name="Branchendialog"
    )
    text = models.CharField("Was", max_length=400)
    actor = models.ForeignKey(
        Actor, on_delete=models.SET_NULL, null=True, blank=True, related_name="agreements", verbose_name="Akteur"
    )
    owner = models.CharField("Wer, wenn nicht im Verzeichnis", max_length=160, blank=True)
    due_on = models.DateField("Bis wann", null=True, blank=True)
    state = models.CharField("Stand", max_length=10, choices=State, default=State.OPEN)
    reason = models.CharField("Warum aufgegeben", max_length=300, blank=True)
    reported_on = models.DateField("Stand vom", null=True, blank=True)

    objects = AgreementQuerySet.as_manager()

    class Meta(DialoguePart.Meta):
        verbose_name = "Vereinbarung"
        verbose_name_plural = "Vereinbarungen"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "kept", "dropped"]), name="agreement_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="dropped") | ~Q(reason=""),
                name="agreement_is_dropped_with_a_reason",
                violation_error_message="Sagen Sie in einem Satz, warum das aufgegeben wurde.",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def shown_owner(self) -> str:
        """Who promised it, empty where nobody is named."""
        return self.actor.name if self.actor else self.owner


class Feedback(models.Model):
    """Four answers of somebody who was there; nothing leads back to who it was. Shown from five on."""

    MARKS = [(5, "sehr"), (4, "eher ja"), (3, "teils, teils"), (2, "eher nein"), (1, "gar nicht")]

    dialogue = models.ForeignKey(
        Dialogue, on_delete=models.CASCADE, related_name="feedback", verbose_name="Branchendialog"
    )
    was_useful = models.PositiveSmallIntegerField("Hat Ihnen der Dialog genützt?", choices=MARKS)
    was_fitting = models.PositiveSmallIntegerField("Passte er zu Ihrem Betrieb?", choices=MARKS)
    will_act = models.PositiveSmallIntegerField("Werden Sie etwas davon umsetzen?", choices=MARKS)
    comment = models.TextField("Was sollen wir anders machen?", max_length=1000, blank=True)
    # The day only: a time would tell who it was.
    given_on = models.DateField("Am", default=timezone.localdate)

    class Meta:
        verbose_name = "Rückmeldung"
        verbose_name_plural = "Rückmeldungen"
        ordering = ["given_on", "pk"]

    def __str__(self) -> str:
        return f"Rückmeldung {self.pk}"
