"""What is planned: the dialogue, its seats, its programme, who invites, and what is asked at sign-up."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from actors.models import Actor
from platform_mark.prepared import Instant
from platform_mark.publishing.fields import RichTextField
from platform_mark.publishing.models import Publishable, PublishableQuerySet
from platform_mark.taxonomy.models import Branch, Municipality, TargetGroup
from practices.models import Practice

from .. import search, snapshot, wording
from .registration import Attendee, Registration

if TYPE_CHECKING:
    from .afterwards import Report

WEB = URLValidator(schemes=["http", "https"])
# The answer of the law is "no longer than needed"; these bound what staff may set.
RETENTION_DAYS, LONGEST_RETENTION_DAYS = 30, 365
REMINDER_DAYS = (7, 1)


def reminder_days() -> list[int]:
    """The days before the start on which people are reminded, unless a dialogue says otherwise."""
    return list(REMINDER_DAYS)


class Series(models.Model):
    """Dialogues that follow each other under one name."""

    name = models.CharField("Name", max_length=120, unique=True)

    class Meta:
        verbose_name = "Reihe"
        verbose_name_plural = "Reihen"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class DialogueQuerySet(PublishableQuerySet):
    def upcoming(self, at: Instant | None = None) -> Self:
        """Dialogues that have not ended at the instant `at` (now, if not given), the next one first."""
        return self.filter(ends_at__gt=at or timezone.now()).order_by("starts_at", "pk")

    def past(self, at: Instant | None = None) -> Self:
        """Dialogues that have ended, the latest first."""
        return self.filter(ends_at__lte=at or timezone.now()).order_by("-starts_at", "-pk")

    def documented(self, at: Instant | None = None) -> Self:
        """Past dialogues whose report everybody may read, the latest first."""
        return self.past(at).filter(cancelled_at=None, report__published_at__lte=at or timezone.now())

    def for_search(self) -> Self:
        """With all that `search.document` reads."""
        return self.select_related("municipality__district", "report").prefetch_related(
            "branches", "agenda", "hosts__actor", "outcomes", "agreements", "documents__document"
        )

    def awaiting_report(self, at: Instant | None = None) -> Self:
        """Past dialogues that took place and of which nobody can read yet what came of it."""
        is_told = Q(report__published_at__isnull=False)
        return self.filter(ends_at__lte=at or timezone.now(), state="published", cancelled_at=None).exclude(is_told)

    def with_people_waiting(self, at: Instant | None = None) -> Self:
        """Dialogues ahead with somebody on the waiting list."""
        line = Registration.objects.in_line().order_by().values("dialogue")
        return self.filter(starts_at__gt=at or timezone.now(), state="published", cancelled_at=None, pk__in=line)

    def unticked(self, at: Instant | None = None) -> Self:
        """Past dialogues with confirmed people of whom nobody was noted as there or absent."""
        people = Attendee.objects.filter(registration__state="confirmed")
        noted = people.exclude(presence=Attendee.Presence.UNKNOWN).values("registration__dialogue")
        return self.filter(
            ends_at__lte=at or timezone.now(), cancelled_at=None, pk__in=people.values("registration__dialogue")
        ).exclude(pk__in=noted)

    def promoting(self, at: Instant | None = None) -> Self:
        """Dialogues in which a freed seat still goes to somebody waiting: public, not cancelled, closed or begun."""
        at = at or timezone.now()
        return self.published(at).filter(
            Q(signup_closes_at=None) | Q(signup_closes_at__gt=at), cancelled_at=None, starts_at__gt=at
        )


class Dialogue(Publishable):
    class Form(models.TextChoices):
        ONSITE = "onsite", "Vor Ort"
        ONLINE = "online", "Online"
        HYBRID = "hybrid", "Vor Ort und online"

    class WaitingMode(models.TextChoices):
        DIRECT = "direct", "Direkt nachrücken"
        OFFER = "offer", "Angebot mit Frist"

    title = models.CharField("Titel", max_length=120, help_text="Worum geht es? Zum Beispiel „Rüsten ohne Suchen“.")
    slug = models.SlugField(
        "Adresse",
        max_length=80,
        unique=True,
        help_text="Teil der öffentlichen Adresse. Nach der Veröffentlichung bitte nicht ändern.",
    )
    teaser = models.CharField(
        "In einem Satz", max_length=300, help_text="Ein oder zwei Sätze, die allein verständlich sind."
    )
    description = RichTextField("Worum es geht", blank=True)
    for_whom = models.CharField(
        "Für wen",
        max_length=300,
        blank=True,
        help_text="Zum Beispiel „Inhaberinnen, Betriebsleiter und Einrichter aus Betrieben bis 250 Beschäftigte“.",
    )
    branches = models.ManyToManyField(Branch, related_name="dialogues", blank=True, verbose_name="Branchen")
    target_groups = ArrayField(
        models.CharField(max_length=10, choices=TargetGroup), verbose_name="Zielgruppen", default=list, blank=True
    )
    series = models.ForeignKey(
        Series, on_delete=models.SET_NULL, null=True, blank=True, related_name="dialogues", verbose_name="Reihe"
    )
    practices = models.ManyToManyField(
        Practice, related_name="dialogues", blank=True, verbose_name="Beispiele, die gezeigt werden"
    )

    form = models.CharField("Form", max_length=10, choices=Form, default=Form.ONSITE)
    starts_at = models.DateTimeField("Beginn", null=True, blank=True)
    ends_at = models.DateTimeField("Ende", null=True, blank=True)
    date_note = models.CharField(
        "Hinweis zum Termin",
        max_length=160,
        blank=True,
        help_text="Nur, solange der Termin nicht genau bekannt ist: „Mai 2017, Tag nicht genannt“.",
    )
    venue = models.CharField("Veranstaltungsort", max_length=160, blank=True)
    street = models.CharField("Straße und Hausnummer", max_length=120, blank=True)
    postal_code = models.CharField("Postleitzahl", max_length=5, blank=True)
    municipality = models.ForeignKey(
        Municipality,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="dialogues",
        verbose_name="Stadt oder Gemeinde",
    )
    place = models.CharField("Ort außerhalb der Region", max_length=80, blank=True)
    directions = models.TextField("Anfahrt und Eingang", max_length=1000, blank=True)
    accessibility = models.TextField(
        "Barrierefreiheit",
        max_length=1000,
        blank=True,
        help_text="Stufen, Aufzug, WC, Hörschleife, Parkplatz. Auch, was nicht geht.",
    )
    online_link = models.URLField(
        "Link zur Online-Teilnahme",
        max_length=1000,
        blank=True,
        validators=[WEB],
        help_text="Sehen nur bestätigte Teilnehmende, in der E-Mail und auf ihrer Seite.",
    )

    contact_email = models.EmailField(
        "Funktionspostfach", blank=True, help_text="Eine Adresse ohne Personennamen. Leer lassen: das der Agentur."
    )
    contact_phone = models.CharField("Telefon", max_length=40, blank=True)

    signup_opens_at = models.DateTimeField("Anmeldung ab", null=True, blank=True, help_text="Leer: sofort.")
    signup_closes_at = models.DateTimeField("Anmeldung bis", null=True, blank=True, help_text="Leer: bis zum Beginn.")
    most_per_company = models.PositiveSmallIntegerField(
        "Höchstens je Betrieb", default=3, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )
    is_moderated = models.BooleanField(
        "Anmeldungen prüfen",
        default=False,
        help_text="Sie nehmen jede Anmeldung einzeln an oder lehnen sie mit Grund ab.",
    )
    is_by_invitation = models.BooleanField(
        "Nur mit Einladung", default=False, help_text="Anmelden kann sich nur, wer den Einladungslink hat."
    )
    invitation_version = models.PositiveIntegerField(default=1, editable=False)
    shows_exact_numbers = models.BooleanField(
        "Genaue Zahlen zeigen",
        default=False,
        help_text="Sonst heißt es „Plätze frei“, „Wenige Plätze“ oder „Warteliste“.",
    )
    waiting_mode = models.CharField("Warteliste", max_length=10, choices=WaitingMode, default=WaitingMode.DIRECT)
    offer_hours = models.PositiveSmallIntegerField(
        "Frist für Angebote (Stunden)",
        default=48,
        validators=[MinValueValidator(1), MaxValueValidator(336)],
        help_text="Kurz vor dem Dialog verkürzt sie sich von selbst.",
    )
    # The last number given to somebody waiting; rises under the lock of this row and never falls.
    last_waiting_number = models.PositiveIntegerField(default=0, editable=False)

    reminder_days = ArrayField(
        models.PositiveSmallIntegerField(),
        verbose_name="Erinnern (Tage vorher)",
        default=reminder_days,
        blank=True,
        help_text="Mit Komma getrennt, zum Beispiel „7, 1“. Leer lassen: keine Erinnerung.",
    )
    retention_days = models.PositiveSmallIntegerField(
        "Anmeldedaten löschen nach (Tagen)",
        default=RETENTION_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_RETENTION_DAYS)],
        help_text="Gezählt vom Ende des Dialogs. Die Zahlen bleiben, Namen und Adressen gehen.",
    )

    cancelled_at = models.DateTimeField("Abgesagt am", null=True, blank=True, editable=False)
    cancel_reason = models.CharField("Grund der Absage", max_length=300, blank=True, editable=False)
    moved_from = models.DateTimeField("Ursprünglicher Beginn", null=True, blank=True, editable=False)
    # Raised by each change that a calendar must know (RFC 5545, SEQUENCE).
    calendar_sequence = models.PositiveIntegerField(default=0, editable=False)
    # Questions from the room are taken from then on, on the day of the dialogue (dialogues/room).
    room_opened_at = models.DateTimeField("Fragerunde geöffnet am", null=True, blank=True, editable=False)
    source_url = models.URLField("Quelle (Adresse)", max_length=1000, blank=True, validators=[WEB])
    is_fictitious = models.BooleanField(
        "Erfunden", default=False, help_text="Wird überall als Beispiel gekennzeichnet."
    )

    objects = DialogueQuerySet.as_manager()

    search_shape = search.SHAPE

    class Meta(Publishable.Meta):
        verbose_name = "Branchendialog"
        verbose_name_plural = "Branchendialoge"
        ordering = ["-starts_at", "-pk"]
        indexes = [models.Index(fields=["starts_at"], name="dialogue_by_start")]
        constraints = [
            *Publishable.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(state="published") | Q(starts_at__isnull=False, ends_at__isnull=False),
                name="published_dialogue_has_its_time",
                violation_error_message="Ein veröffentlichter Dialog braucht Beginn und Ende.",
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="dialogue_ends_after_it_starts",
                violation_error_message="Das Ende muss nach dem Beginn liegen.",
            ),
            models.CheckConstraint(
                condition=Q(signup_opens_at=None)
                | Q(signup_closes_at=None)
                | Q(signup_closes_at__gt=F("signup_opens_at")),
                name="dialogue_signup_closes_after_it_opens",
                violation_error_message="„Anmeldung bis“ muss nach „Anmeldung ab“ liegen.",
            ),
            models.CheckConstraint(
                condition=Q(municipality=None) | Q(place=""),
                name="dialogue_place_inside_or_outside",
                violation_error_message="Wählen Sie eine Stadt der Region oder nennen Sie einen Ort außerhalb, nicht beides.",
            ),
            models.CheckConstraint(
                condition=Q(target_groups__contained_by=TargetGroup.values),
                name="dialogue_target_groups_are_known",
                violation_error_message="Diese Zielgruppe gibt es nicht.",
            ),
            models.CheckConstraint(
                condition=Q(retention_days__gte=1, retention_days__lte=LONGEST_RETENTION_DAYS),
                name="dialogue_keeps_data_for_a_bounded_time",
                violation_error_message=f"Zwischen 1 und {LONGEST_RETENTION_DAYS} Tagen.",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at=None) | ~Q(cancel_reason=""), name="dialogue_is_cancelled_with_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("dialogues:detail", args=[self.slug])

    def search_document(self) -> search.Document | None:
        """What the public may find of it (platform_mark.search.index)."""
        return search.document(self)

    def snapshot(self) -> dict[str, Any]:
        """All content as plain values (platform_mark.publishing.versions)."""
        return snapshot.snapshot(self)

    def is_over(self, at: datetime | None = None) -> bool:
        """The same rule as `DialogueQuerySet.past`, for one dialogue in hand."""
        return self.ends_at is not None and self.ends_at <= (at or timezone.now())

    @property
    def is_cancelled(self) -> bool:
        return self.cancelled_at is not None

    @property
    def own_report(self) -> "Report | None":
        """What is written of it afterwards, published or not."""
        return getattr(self, "report", None)

    @property
    def public_report(self) -> "Report | None":
        """What everybody may read of it afterwards; nothing of a dialogue that did not take place or is not over."""
        report = self.own_report
        is_told = report is not None and report.published_at is not None and report.published_at <= timezone.now()
        return report if is_told and self.is_over() and not self.is_cancelled else None

    @property
    def is_onsite(self) -> bool:
        return self.form != self.Form.ONLINE

    @property
    def is_online(self) -> bool:
        return self.form != self.Form.ONSITE

    @property
    def town(self) -> str:
        """Municipality of the region or place outside, empty where it is only online or not known."""
        return self.municipality.name if self.municipality else self.place

    @property
    def location(self) -> str:
        """Where people go, in one line: venue and town; empty where it is only online or not known."""
        return ", ".join(filter(None, [self.venue, self.town])) if self.is_onsite else ""

    @property
    def address(self) -> str:
        """The same with the street, for finding the way."""
        parts = [self.venue, self.street, f"{self.postal_code} {self.town}".strip()]
        return ", ".join(filter(None, parts)) if self.is_onsite else ""

    @property
    def where(self) -> str:
        """Venue and town in words that are never empty."""
        return wording.where(self.location, is_onsite=self.is_onsite, is_online=self.is_online)

    @property
    def where_exactly(self) -> str:
        """The address in such words."""
        return wording.where(self.address, is_onsite=self.is_onsite, is_online=self.is_online)

    @property
    def when(self) -> str:
        """Day and hours in words, or what is known of them."""
        if self.starts_at is None or self.ends_at is None:
            return self.date_note or "Termin folgt"
        return wording.when(self.starts_at, self.ends_at)

    @property
    def target_group_labels(self) -> list[str]:
        return [str(group.label) for group in TargetGroup if group in self.target_groups]

    @property
    def signup_ends_at(self) -> datetime | None:
        """When sign-up ends: as staff set it, else with the beginning."""
        return min(filter(None, (self.signup_closes_at, self.starts_at)), default=None)

    def has_begun(self, at: datetime | None = None) -> bool:
        """Whether the dialogue has started at the instant `at` (now, if not given)."""
        return self.starts_at is not None and self.starts_at <= (at or timezone.now())

    def is_promoting(self, at: datetime | None = None) -> bool:
        """The same rule as `DialogueQuerySet.promoting`, for one dialogue in hand."""
        at = at or timezone.now()
        ends_at = self.signup_ends_at
        return self.is_published(at) and self.cancelled_at is None and ends_at is not None and ends_at > at


class DialoguePart(models.Model):
    """A row that belongs to one dialogue and has its place in an order."""

    order = models.PositiveSmallIntegerField("Reihenfolge", default=0)

    class Meta:
        abstract = True
        ordering = ["order", "pk"]


class SeatKind(DialoguePart):
    """A kind of seat with a capacity of its own. Seats are counted per dialogue and kind: taken = confirmed + offered."""

    class Way(models.TextChoices):
        ONSITE = "onsite", "Vor Ort"
        ONLINE = "online", "Online"

    dialogue = models.ForeignKey(Dialogue, on_delete=models.CASCADE, related_name="seat_kinds")
    way = models.CharField("Teilnahme", max_length=10, choices=Way, default=Way.ONSITE)
    name = models.CharField("Bezeichnung", max_length=60, default="Platz vor Ort")
    capacity = models.PositiveSmallIntegerField("Plätze")

    class Meta(DialoguePart.Meta):
        verbose_name = "Art von Plätzen"
        verbose_name_plural = "Plätze"
        constraints = [
            models.UniqueConstraint(
                fields=["dialogue", "name"],
                name="seat_kind_has_one_name_per_dialogue",
                violation_error_message="Diese Bezeichnung gibt es bei diesem Dialog schon.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class AgendaItem(DialoguePart):
    dialogue = models.ForeignKey(Dialogue, on_delete=models.CASCADE, related_name="agenda")
    starts_at = models.TimeField("Uhrzeit", null=True, blank=True)
    title = models.CharField("Was", max_length=160)
    detail = models.CharField("Näheres", max_length=400, blank=True)
    person = models.CharField(
        "Wer", max_length=120, blank=True, help_text="Rolle oder Betrieb. Ein Name nur, wenn die Person zugestimmt hat."
    )
    person_agreed = models.BooleanField("Person hat zugestimmt, genannt zu werden", default=False)

    class Meta(DialoguePart.Meta):
        verbose_name = "Programmpunkt"
        verbose_name_plural = "Programm"

    def __str__(self) -> str:
        return self.title


class Host(DialoguePart):
    """Who invites, and who takes part in that: an organisation of the register, or one that is only named."""

    class Role(models.TextChoices):
        HOST = "host", "Veranstalter"
        PARTNER = "partner", "Partner"

    dialogue = models.ForeignKey(Dialogue, on_delete=models.CASCADE, related_name="hosts")
    role = models.CharField("Rolle", max_length=10, choices=Role, default=Role.HOST)
    actor = models.ForeignKey(
        Actor, on_delete=models.PROTECT, null=True, blank=True, related_name="hosted", verbose_name="Akteur"
    )
    name = models.CharField("Name, wenn nicht im Verzeichnis", max_length=160, blank=True)
    is_fictitious = models.BooleanField("Erfunden", default=False)

    class Meta(DialoguePart.Meta):
        verbose_name = "Veranstalter oder Partner"
        verbose_name_plural = "Veranstalter und Partner"
        constraints = [
            models.CheckConstraint(
                condition=Q(actor__isnull=False, name="") | (Q(actor=None) & ~Q(name="")),
                name="host_is_an_actor_or_a_name",
                violation_error_message="Wählen Sie einen Akteur oder schreiben Sie einen Namen, nicht beides.",
            )
        ]

    def __str__(self) -> str:
        return self.name or f"Akteur {self.actor_id}"

    @property
    def shown_name(self) -> str:
        """The name of the organisation, from the register where it is listed there."""
        return self.actor.name if self.actor else self.name


class Question(DialoguePart):
    """What is asked at sign-up beyond the usual. Answers are deleted on their own, before the sign-up itself."""

    class Kind(models.TextChoices):
        TEXT = "text", "Freier Text"
        CHOICE = "choice", "Eine Auswahl"
        SEVERAL = "several", "Mehrere Antworten"
        YES_NO = "yes_no", "Ja oder nein"

    dialogue = models.ForeignKey(Dialogue, on_delete=models.CASCADE, related_name="questions")
    kind = models.CharField("Art der Antwort", max_length=10, choices=Kind, default=Kind.TEXT)
    text = models.CharField("Frage", max_length=200)
    choices = ArrayField(
        models.CharField(max_length=80),
        verbose_name="Antworten zur Wahl",
        default=list,
        blank=True,
        help_text="Mit Komma getrennt. Nur für Fragen mit Auswahl.",
    )
    is_required = models.BooleanField("Muss beantwortet werden", default=False)
    delete_after_days = models.PositiveSmallIntegerField(
        "Antworten löschen nach (Tagen)",
        default=7,
        validators=[MaxValueValidator(LONGEST_RETENTION_DAYS)],
        help_text="Gezählt vom Ende des Dialogs.",
    )

    class Meta(DialoguePart.Meta):
        verbose_name = "Frage bei der Anmeldung"
        verbose_name_plural = "Fragen bei der Anmeldung"

    def __str__(self) -> str:
        return self.text
