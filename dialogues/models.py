"""Branchendialoge: what is planned, who has a seat, who waits, and what came of it."""

from datetime import date, datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone

from actors.models import Actor
from platform_mark.media.models import Document, Image
from platform_mark.prepared import Instant
from platform_mark.publishing.fields import RichTextField
from platform_mark.publishing.models import Publishable, PublishableQuerySet
from platform_mark.taxonomy.models import Branch, CompanySize, Municipality, TargetGroup
from practices.models import Practice

from . import search, snapshot, wording

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


# ---------------------------------------------------------------- who comes


class RegistrationQuerySet(models.QuerySet):
    def living(self) -> Self:
        """Sign-ups that still lead to something: neither over by themselves nor ended by anybody."""
        return self.filter(state__in=Registration.LIVING)

    def in_line(self) -> Self:
        """Those waiting, in the order in which they are served."""
        return self.filter(state="waiting").order_by("waiting_number")

    def unconfirmed(self) -> Self:
        """Sign-ups whose person has not pressed the button yet: they hold nothing."""
        return self.filter(state="pending", confirmed_at=None)

    def to_decide(self) -> Self:
        """Confirmed sign-ups for a moderated dialogue that staff have not answered, the oldest first."""
        return self.filter(Registration.TO_DECIDE).order_by("confirmed_at", "pk")

    def bookings(self) -> Self:
        """Whole bookings: without the rows that only hold those of a group who still wait."""
        return self.filter(part_of=None)


class Registration(models.Model):
    """One booking of one company: one state, and the people it is for. It changes as `dialogues.transitions` says."""

    class State(models.TextChoices):
        # Not confirmed by the person; or confirmed, and staff have not decided (see `is_to_decide`).
        PENDING = "pending", "Noch offen"
        CONFIRMED = "confirmed", "Bestätigt"
        WAITING = "waiting", "Warteliste"
        OFFERED = "offered", "Platz angeboten"
        CANCELLED = "cancelled", "Storniert"
        DECLINED = "declined", "Angebot abgelehnt"
        EXPIRED = "expired", "Verfallen"
        REJECTED = "rejected", "Nicht angenommen"

    class Group(models.TextChoices):
        ALL = "all", "alle oder keiner"
        SINGLY = "singly", "auch einzeln"

    # What holds seats for its people.
    SEATED = (State.CONFIRMED, State.OFFERED)
    # What the querysets above say, for a booking at hand and for counts.
    LIVING = (State.PENDING, State.CONFIRMED, State.WAITING, State.OFFERED)
    TO_DECIDE = Q(state=State.PENDING, confirmed_at__isnull=False)

    dialogue = models.ForeignKey(
        Dialogue, on_delete=models.PROTECT, related_name="registrations", verbose_name="Branchendialog"
    )
    # Those of a booking who still wait after others of it got seats. Such a row has no address of its own: link and mails
    # are those of the booking, and its people move there when they are seated.
    part_of = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, editable=False, related_name="parts"
    )
    state = models.CharField("Stand", max_length=10, choices=State, default=State.PENDING, editable=False)
    company = models.CharField("Betrieb", max_length=120, blank=True)
    contact_name = models.CharField("Ansprechperson", max_length=120, blank=True)
    email = models.EmailField("E-Mail-Adresse", blank=True)
    # Trimmed, NFKC, lower case, IDNA domain (platform_mark.mail.outbox.address_key).
    email_key = models.CharField(max_length=254, blank=True, editable=False)
    size = models.CharField("Betriebsgröße", max_length=10, choices=CompanySize, blank=True)
    branch = models.ForeignKey(
        Branch, on_delete=models.PROTECT, null=True, blank=True, related_name="registrations", verbose_name="Branche"
    )
    group = models.CharField("Wenn nicht für alle Platz ist", max_length=10, choices=Group, default=Group.ALL)
    needs = models.TextField("Was wir beachten sollen", max_length=500, blank=True)
    needs_agreed_at = models.DateTimeField("Einwilligung dazu", null=True, blank=True, editable=False)
    news_agreed_at = models.DateTimeField("Einwilligung in spätere Nachrichten", null=True, blank=True, editable=False)
    list_agreed_at = models.DateTimeField(
        "Einwilligung, anderen Teilnehmenden genannt zu werden", null=True, blank=True, editable=False
    )
    # The edition of the notice and of the consents that was shown, see dialogues/notices.py.
    notice_version = models.CharField("Fassung der Hinweise", max_length=20, editable=False)

    waiting_number = models.PositiveIntegerField("Nummer der Warteliste", null=True, blank=True, editable=False)
    seated_early_because = models.CharField("Vorgezogen, weil", max_length=200, blank=True, editable=False)
    offered_until = models.DateTimeField("Angebot gilt bis", null=True, blank=True, editable=False)
    reject_reason = models.CharField("Grund der Absage", max_length=500, blank=True, editable=False)

    token_version = models.PositiveIntegerField(default=1, editable=False)
    reminders_ended_at = models.DateTimeField("Erinnerungen beendet am", null=True, blank=True, editable=False)
    feedback_given_at = models.DateTimeField("Rückmeldung gegeben am", null=True, blank=True, editable=False)
    created_at = models.DateTimeField("Angemeldet am", default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField("Adresse bestätigt am", null=True, blank=True, editable=False)
    ended_at = models.DateTimeField("Beendet am", null=True, blank=True, editable=False)
    anonymised_at = models.DateTimeField("Namen gelöscht am", null=True, blank=True, editable=False)

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = "Anmeldung"
        verbose_name_plural = "Anmeldungen"
        ordering = ["-created_at", "-pk"]
        permissions = [
            ("export_registration", "Darf Teilnehmerlisten ausgeben"),
            ("check_in_registration", "Darf Teilnehmende abhaken"),
        ]
        indexes = [
            models.Index(fields=["dialogue", "waiting_number"], condition=Q(state="waiting"), name="waiting_line"),
            models.Index(fields=["dialogue", "state"], name="registration_by_state"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        *("pending", "confirmed", "waiting", "offered"),
                        *("cancelled", "declined", "expired", "rejected"),
                    ]
                ),
                name="registration_state_is_known",
            ),
            models.UniqueConstraint(
                fields=["dialogue", "email_key"],
                # Without an address: signed up by telephone, or deleted since.
                condition=Q(state__in=["pending", "confirmed", "waiting", "offered"], part_of=None) & ~Q(email_key=""),
                name="one_living_registration_per_address",
            ),
            models.UniqueConstraint(fields=["dialogue", "waiting_number"], name="each_waiting_number_is_given_once"),
            models.CheckConstraint(
                condition=~Q(state="waiting") | Q(waiting_number__isnull=False),
                name="who_waits_has_a_number",
            ),
            models.CheckConstraint(
                condition=~Q(state="offered") | Q(offered_until__isnull=False), name="an_offer_has_a_deadline"
            ),
            models.CheckConstraint(
                condition=~Q(state="rejected") | ~Q(reject_reason=""), name="registration_is_rejected_with_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(needs="") | Q(needs_agreed_at__isnull=False),
                name="needs_are_stored_with_consent",
                violation_error_message="Ohne Ihre Einwilligung dürfen wir das nicht speichern.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "expired", "cancelled"]) | Q(confirmed_at__isnull=False),
                name="registration_counts_after_confirmation_only",
            ),
        ]

    def __str__(self) -> str:
        return self.company or f"Anmeldung {self.pk}"

    @property
    def is_to_decide(self) -> bool:
        """Whether staff have to accept or reject it: the person has confirmed, the dialogue is moderated."""
        return self.state == self.State.PENDING and self.confirmed_at is not None


class Attendee(models.Model):
    """One person of a booking, by name or "N.N.", with the kind of seat. Rows outlive their names: counts stay."""

    class Presence(models.TextChoices):
        UNKNOWN = "unknown", "nicht erfasst"
        ATTENDED = "attended", "war da"
        ABSENT = "absent", "kam nicht"

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="attendees")
    seat_kind = models.ForeignKey(SeatKind, on_delete=models.PROTECT, related_name="attendees", verbose_name="Platz")
    name = models.CharField("Name", max_length=120, blank=True, help_text="Leer lassen für „N.N.“")
    role = models.CharField("Zielgruppe", max_length=10, choices=TargetGroup, blank=True)
    presence = models.CharField("Anwesenheit", max_length=10, choices=Presence, default=Presence.UNKNOWN)
    checked_in_at = models.DateTimeField("Abgehakt am", null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "Teilnehmende Person"
        verbose_name_plural = "Teilnehmende Personen"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(presence__in=["unknown", "attended", "absent"]), name="attendee_presence_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.name or "N.N."


class Answer(models.Model):
    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers", verbose_name="Frage")
    # One text for each chosen answer; exactly one for free text and yes or no.
    texts = ArrayField(models.CharField(max_length=500), verbose_name="Antwort")

    class Meta:
        verbose_name = "Antwort"
        verbose_name_plural = "Antworten"
        constraints = [models.UniqueConstraint(fields=["registration", "question"], name="one_answer_per_question")]

    def __str__(self) -> str:
        return f"Antwort {self.pk}"


class RegistrationEvent(models.Model):
    """What happened to a booking, when and through whom; written in the transaction of the change, never edited."""

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField("Wann", default=timezone.now)
    action = models.CharField("Was", max_length=20)
    from_state = models.CharField("Von", max_length=10, choices=Registration.State, blank=True)
    to_state = models.CharField("Zu", max_length=10, choices=Registration.State)
    people = models.PositiveSmallIntegerField("Personen")
    # Never a name, an address or what somebody typed: this row stays as proof when those go.
    note = models.CharField("Hinweis", max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="Wer"
    )

    class Meta:
        verbose_name = "Schritt einer Anmeldung"
        verbose_name_plural = "Schritte einer Anmeldung"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.action


class Notice(models.Model):
    """A mail that one booking gets once: the row claims it before the mail is written."""

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="notices")
    # For example "documents", or "reminder-7-202612031600": who was reminded of one time is reminded of another, too.
    kind = models.CharField("Art", max_length=40)
    claimed_at = models.DateTimeField("Wann", default=timezone.now)

    class Meta:
        verbose_name = "Einmalige Nachricht"
        verbose_name_plural = "Einmalige Nachrichten"
        constraints = [models.UniqueConstraint(fields=["registration", "kind"], name="each_notice_goes_out_once")]

    def __str__(self) -> str:
        return self.kind


# ---------------------------------------------------------------- what came of it


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


# Django finds the models of an app through this module.
from .formats.models import Format, FormatDocument, FormatStep, Idea, TryReport  # noqa: E402, F401
from .room.models import Poll, PollChoice, RoomQuestion  # noqa: E402, F401
