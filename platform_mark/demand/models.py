"""What people looked for and did not find: counted without anybody's name, and who wants to be told."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from actors.models import Activity, Actor
from platform_mark.taxonomy.models import Branch

# Fewer could be one person; only staff see them.
SMALLEST_SHOWN = 3
LONGEST_KEY = 250


class DemandQuerySet(models.QuerySet):
    def open(self) -> Self:
        """What nobody has answered, covered or hidden."""
        return self.filter(state="open")

    def shown(self) -> Self:
        """Open demand that may be seen outside the desk: asked for often enough to be nobody's own."""
        return self.open().filter(count__gte=SMALLEST_SHOWN)

    def for_actors(self, actors: "models.QuerySet[Actor]") -> Self:
        """Shown demand in the field of these organisations: given to them, in a branch of their entries, or in none."""
        branches = Branch.objects.filter(activities__in=Activity.objects.filter(actor__in=actors, merged_into=None))
        mine = Q(branches__in=branches) | Q(branches=None, assigned_to=None) | Q(assigned_to__in=actors)
        return self.shown().filter(mine).distinct()

    def waited_for(self) -> Self:
        """Open demand with somebody who wants to be told."""
        return self.open().filter(pk__in=Wish.objects.waiting().values("demand"))


class Demand(models.Model):
    """One thing that was looked for in vain. Its state is set by `demand.ledger` and `demand.wishing` alone."""

    class State(models.TextChoices):
        OPEN = "open", "Offen"
        ANSWERED = "answered", "Beantwortet"
        COVERED = "covered", "Abgedeckt"
        HIDDEN = "hidden", "Verborgen"

    # What spellings and synonyms of the same question share.
    key = models.CharField(max_length=LONGEST_KEY, unique=True, editable=False)
    text = models.CharField("Gesucht wurde", max_length=200, editable=False)
    count = models.PositiveIntegerField("Wie oft", default=0, editable=False)
    state = models.CharField("Stand", max_length=10, choices=State, default=State.OPEN, editable=False)
    answer = models.TextField("Antwort", max_length=2000, blank=True, editable=False)
    first_on = models.DateField("Zuerst am", editable=False)
    last_on = models.DateField("Zuletzt am", editable=False)
    # Only what appears after this instant is an answer.
    watched_from = models.DateTimeField(default=timezone.now, editable=False)
    branches = models.ManyToManyField(
        Branch,
        verbose_name="Branchen",
        related_name="+",
        blank=True,
        help_text="Akteure mit Aktivitäten in diesen Branchen sehen den Bedarf. Leer heißt: alle Akteure.",
    )
    assigned_to = models.ForeignKey(
        Actor,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name="Zugewiesen an",
        related_name="+",
        help_text="Wer könnte das anbieten? Der Akteur sieht den Bedarf in seinem Konto, sobald drei Menschen danach gesucht haben.",
    )
    note = models.TextField("Bemerkung", max_length=1000, blank=True, help_text="Nur für die Redaktion.")

    objects = DemandQuerySet.as_manager()

    class Meta:
        verbose_name = "Bedarf"
        verbose_name_plural = "Bedarf"
        ordering = ["-count", "-last_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "answered", "covered", "hidden"]),
                name="demand_state_is_known",
                violation_error_message="Diesen Stand gibt es nicht.",
            )
        ]
        indexes = [models.Index(fields=["state", "-count"], name="demand_open_first")]

    def __str__(self) -> str:
        return self.text


class WishQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        """Confirmed and not yet answered."""
        return self.filter(confirmed_at__isnull=False, answered_at=None).exclude(email="")


class Wish(models.Model):
    """Somebody wants to be told once, when there is something."""

    demand = models.ForeignKey(Demand, on_delete=models.CASCADE, related_name="wishes", verbose_name="Bedarf")
    email = models.EmailField("E-Mail-Adresse", max_length=254)
    # Which text was agreed to (wishing.CONSENTS).
    consent = models.CharField("Fassung der Einwilligung", max_length=10)
    token_version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField("Gewünscht am", auto_now_add=True)
    confirmed_at = models.DateTimeField("Bestätigt am", null=True, editable=False)
    answered_at = models.DateTimeField("Beantwortet am", null=True, editable=False)

    objects = WishQuerySet.as_manager()

    class Meta:
        verbose_name = "Wunsch nach einer Nachricht"
        verbose_name_plural = "Wünsche nach einer Nachricht"
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["demand", "email"], name="an_address_waits_once_for_a_demand")]

    def __str__(self) -> str:
        return f"Wunsch {self.pk}"
