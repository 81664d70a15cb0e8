"""Formats that win people over for change, reports of who tried them, and ideas for new ones."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Count, F, Q
from django.urls import reverse

from actors.models import Actor
from platform_mark.media.models import Document
from platform_mark.publishing.fields import RichTextField
from platform_mark.publishing.models import Publishable, PublishableQuerySet
from platform_mark.search.index import Document as SearchDocument
from platform_mark.taxonomy.models import Branch, CompanySize, TargetGroup

from . import search, snapshot


class FormatQuerySet(PublishableQuerySet):
    def for_group(self, group: TargetGroup) -> Self:
        """Formats meant for these people, alone or among others."""
        return self.filter(target_groups__contains=[group])

    def with_reports(self) -> Self:
        """With `tried`: how many published reports say that somebody tried it."""
        return self.annotate(tried=Count("reports", filter=Q(reports__state="published"), distinct=True))

    def for_search(self) -> Self:
        """With all that `search.document` reads."""
        return self.prefetch_related("branches", "steps", "documents__document")


class Format(Publishable):
    """One card: what to do with whom, how long it takes, and what usually goes wrong."""

    class Goal(models.TextChoices):
        INFORM = "inform", "informieren"
        AWAKEN = "awaken", "sensibilisieren"
        TRY = "try", "ausprobieren"
        SHAPE = "shape", "mitgestalten"

    class Place(models.TextChoices):
        COMPANY = "company", "im Betrieb"
        SCHOOL = "school", "in der Schule"
        ELSEWHERE = "elsewhere", "an einem anderen Ort"
        ONLINE = "online", "online"

    title = models.CharField("Titel", max_length=120, help_text="Zum Beispiel „Azubis suchen Zettelwirtschaft“.")
    slug = models.SlugField(
        "Adresse",
        max_length=80,
        unique=True,
        help_text="Teil der öffentlichen Adresse. Nach der Veröffentlichung bitte nicht ändern.",
    )
    teaser = models.CharField("In einem Satz", max_length=300, help_text="Allein verständlich. Steht in jeder Liste.")
    target_groups = ArrayField(
        models.CharField(max_length=10, choices=TargetGroup), verbose_name="Für wen", default=list
    )
    goal = models.CharField("Ziel", max_length=10, choices=Goal)
    place = models.CharField("Ort", max_length=10, choices=Place, default=Place.COMPANY)
    branches = models.ManyToManyField(
        Branch, related_name="formats", blank=True, verbose_name="Branchen", help_text="Leer heißt: für alle Branchen."
    )
    duration_minutes = models.PositiveIntegerField(
        "Dauer (Minuten)",
        validators=[MinValueValidator(5)],
        help_text="Was die Gruppe an Zeit braucht, zusammengezählt.",
    )
    duration_note = models.CharField(
        "Dauer genauer", max_length=120, blank=True, help_text="Zum Beispiel „über sechs Wochen verteilt“."
    )
    group_from = models.PositiveSmallIntegerField("Gruppe ab", default=2)
    group_to = models.PositiveSmallIntegerField("Gruppe bis", default=12)
    preparation_minutes = models.PositiveIntegerField("Vorbereitung (Minuten)", default=0)
    cost_to = models.PositiveIntegerField(
        "Kosten bis (Euro)", null=True, blank=True, help_text="0 heißt kostenlos. Leer lassen, wenn unbekannt."
    )
    cost_note = models.CharField("Kosten genauer", max_length=160, blank=True)
    goal_text = RichTextField("Was danach anders ist", blank=True)
    material = ArrayField(
        models.CharField(max_length=120),
        verbose_name="Material",
        default=list,
        blank=True,
        help_text="Mit Komma getrennt: „Klebezettel, Stoppuhr“.",
    )
    pitfalls = RichTextField("Was leicht schiefgeht", blank=True)
    people_involved = models.TextField(
        "Wer dabei sein muss", max_length=600, blank=True, help_text="Zum Beispiel Ausbilderin, Betriebsrat, Meister."
    )
    worries = models.TextField("Welche Sorgen kommen, und was hilft", max_length=1000, blank=True)
    offered_by = models.ManyToManyField(
        Actor, related_name="formats", blank=True, verbose_name="Wer das in der Region anbietet"
    )
    shows_dialogues = models.BooleanField(
        "Nächste Branchendialoge zeigen", default=False, help_text="Für die Karte, die den Branchendialog beschreibt."
    )

    objects = FormatQuerySet.as_manager()

    search_shape = search.SHAPE

    class Meta(Publishable.Meta):
        app_label = "dialogues"
        verbose_name = "Format"
        verbose_name_plural = "Formate"
        ordering = ["title", "pk"]
        constraints = [
            *Publishable.Meta.constraints,
            models.CheckConstraint(
                condition=Q(target_groups__contained_by=TargetGroup.values) & Q(target_groups__len__gte=1),
                name="format_is_for_somebody",
                violation_error_message="Für wen ist das Format? Wählen Sie mindestens eine Zielgruppe.",
            ),
            models.CheckConstraint(
                condition=Q(group_from__gte=1, group_to__gte=F("group_from")),
                name="format_group_is_a_range",
                violation_error_message="„Gruppe bis“ muss mindestens so groß sein wie „Gruppe ab“.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("formats:detail", args=[self.slug])

    def search_document(self) -> SearchDocument | None:
        """What the public may find of it (platform_mark.search.index)."""
        return search.document(self)

    def snapshot(self) -> dict[str, Any]:
        """All content as plain values (platform_mark.publishing.versions)."""
        return snapshot.snapshot(self)

    @property
    def duration_text(self) -> str:
        """The time a group needs, in words."""
        return search.in_words(self.duration_minutes)

    @property
    def duration_figure(self) -> str:
        """The time a group needs, short enough to stand as a figure."""
        return search.in_short(self.duration_minutes)

    @property
    def preparation_text(self) -> str:
        """The time of who prepares it, in words."""
        return search.in_words(self.preparation_minutes) if self.preparation_minutes else "keine"

    @property
    def cost_text(self) -> str:
        """The most it costs, in words, empty when unknown."""
        if self.cost_to is None:
            return ""
        return f"bis {self.cost_to:,d}\N{NO-BREAK SPACE}€".replace(",", ".") if self.cost_to else "kostenlos"

    @property
    def group_text(self) -> str:
        """How many people take part, in words."""
        if self.group_from == self.group_to:
            return f"{self.group_from} Personen" if self.group_from > 1 else "eine Person"
        return f"{self.group_from} bis {self.group_to} Personen"

    @property
    def target_group_labels(self) -> list[str]:
        return [str(group.label) for group in TargetGroup if group in self.target_groups]


class FormatStep(models.Model):
    format = models.ForeignKey(Format, on_delete=models.CASCADE, related_name="steps")
    order = models.PositiveSmallIntegerField("Reihenfolge", default=0)
    action = models.CharField("Was tun", max_length=120, help_text="Als Aufforderung: „Die Halle ablaufen.“")
    detail = models.CharField("Näheres", max_length=500, blank=True)
    minutes = models.PositiveIntegerField("Minuten", null=True, blank=True)

    class Meta:
        app_label = "dialogues"
        verbose_name = "Schritt"
        verbose_name_plural = "Schritte"
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.action

    @property
    def time_text(self) -> str:
        """How long the step takes, in words, empty when it is open."""
        return search.in_words(self.minutes) if self.minutes else ""


class FormatDocument(models.Model):
    format = models.ForeignKey(Format, on_delete=models.CASCADE, related_name="documents")
    order = models.PositiveSmallIntegerField("Reihenfolge", default=0)
    document = models.ForeignKey(
        Document, on_delete=models.PROTECT, related_name="format_documents", verbose_name="Dokument"
    )

    class Meta:
        app_label = "dialogues"
        verbose_name = "Vorlage zum Format"
        verbose_name_plural = "Vorlagen zum Format"
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return f"Vorlage {self.order}"


class TryReport(models.Model):
    """Somebody tried a format and says how it went. Shown after staff have read it; `formats.reporting` sets the state."""

    class State(models.TextChoices):
        PENDING = "pending", "Adresse nicht bestätigt"
        RECEIVED = "received", "Eingegangen"
        PUBLISHED = "published", "Veröffentlicht"
        DECLINED = "declined", "Nicht aufgenommen"

    format = models.ForeignKey(Format, on_delete=models.CASCADE, related_name="reports", verbose_name="Format")
    where = models.CharField(
        "Wo?",
        max_length=120,
        help_text="Betrieb oder Einrichtung, so wie es hier stehen soll: „Schlosserei, Gevelsberg“.",
    )
    size = models.CharField("Betriebsgröße", max_length=10, choices=CompanySize, blank=True)
    with_whom = models.CharField(
        "Mit wem?", max_length=160, help_text="Zum Beispiel „sechs Azubis im zweiten Lehrjahr“."
    )
    worked = models.TextField("Was hat geklappt?", max_length=1000)
    failed = models.TextField("Was nicht?", max_length=1000, blank=True)
    would_repeat = models.BooleanField("Ich würde es wieder machen", default=True)
    email = models.EmailField("E-Mail-Adresse", blank=True)
    state = models.CharField("Stand", max_length=10, choices=State, default=State.PENDING, editable=False)
    reason = models.TextField("Begründung", max_length=1000, blank=True, editable=False)
    token_version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField("Geschrieben am", auto_now_add=True)
    confirmed_at = models.DateTimeField("Bestätigt am", null=True, blank=True, editable=False)
    answered_at = models.DateTimeField("Beantwortet am", null=True, blank=True, editable=False)

    class Meta:
        app_label = "dialogues"
        verbose_name = "Bericht „Ausprobiert“"
        verbose_name_plural = "Berichte „Ausprobiert“"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["pending", "received", "published", "declined"]), name="report_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(reason=""), name="report_is_declined_with_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(state="pending") | Q(confirmed_at__isnull=False), name="report_is_confirmed_before_use"
            ),
        ]

    def __str__(self) -> str:
        return self.where


class IdeaQuerySet(models.QuerySet):
    def shown(self) -> Self:
        """Ideas that everybody may read: staff have looked at them and let them be shown."""
        return self.filter(is_public=True).exclude(state="new").order_by("-created_at", "-pk")

    def to_answer(self) -> Self:
        """Ideas that nobody has answered yet."""
        return self.filter(state="new")


class Idea(models.Model):
    """Somebody has an idea how to win people over. `formats.ideas` sets the state, and tells the sender."""

    class State(models.TextChoices):
        NEW = "new", "neu"
        CHECKED = "checked", "geprüft"
        TRIAL = "trial", "in Erprobung"
        FORMAT = "format", "Format geworden"
        DROPPED = "dropped", "nicht weiterverfolgt"

    target_group = models.CharField("Für wen ist die Idee?", max_length=10, choices=TargetGroup)
    problem = models.TextField("Welches Problem soll sie lösen?", max_length=1000)
    suggestion = models.TextField("Was schlagen Sie vor?", max_length=2000)
    email = models.EmailField("E-Mail-Adresse", blank=True)
    state = models.CharField("Stand", max_length=10, choices=State, default=State.NEW, editable=False)
    reason = models.TextField("Begründung", max_length=1000, blank=True, editable=False)
    feasibility = models.TextField(
        "Was die Agentur zur Umsetzbarkeit meint", max_length=1000, blank=True, help_text="Erscheint bei der Idee."
    )
    title = models.CharField(
        "Überschrift", max_length=120, blank=True, help_text="Schreibt die Redaktion, wenn die Idee gezeigt wird."
    )
    is_public = models.BooleanField("In der Ideenliste zeigen", default=False)
    format = models.OneToOneField(
        Format, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="idea"
    )
    token_version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField("Eingegangen am", auto_now_add=True)
    confirmed_at = models.DateTimeField("Adresse bestätigt am", null=True, blank=True, editable=False)
    answered_at = models.DateTimeField("Zuletzt beantwortet am", null=True, blank=True, editable=False)

    objects = IdeaQuerySet.as_manager()

    class Meta:
        app_label = "dialogues"
        verbose_name = "Idee"
        verbose_name_plural = "Ideen"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["new", "checked", "trial", "format", "dropped"]), name="idea_state_is_known"
            ),
            models.CheckConstraint(condition=~Q(state="dropped") | ~Q(reason=""), name="idea_is_dropped_with_a_reason"),
            models.CheckConstraint(
                condition=Q(is_public=False) | ~Q(title=""),
                name="shown_idea_has_a_title",
                violation_error_message="Geben Sie der Idee eine Überschrift, bevor sie gezeigt wird.",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"Idee {self.pk}"


# The journey of an idea: from each state to those that may follow.
IDEA_WAYS: dict[Idea.State, frozenset[Idea.State]] = {
    Idea.State.NEW: frozenset({Idea.State.CHECKED, Idea.State.TRIAL, Idea.State.DROPPED, Idea.State.FORMAT}),
    Idea.State.CHECKED: frozenset({Idea.State.TRIAL, Idea.State.DROPPED, Idea.State.FORMAT}),
    Idea.State.TRIAL: frozenset({Idea.State.CHECKED, Idea.State.DROPPED, Idea.State.FORMAT}),
    Idea.State.FORMAT: frozenset(),
    Idea.State.DROPPED: frozenset({Idea.State.CHECKED}),
}
