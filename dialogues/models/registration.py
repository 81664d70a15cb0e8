"""Who comes: a booking, its people, what they answered, what happened to it, and what they were told once.

What is planned is named here by strings, since a dialogue asks for those who wait for it.
"""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from platform_mark.taxonomy.models import Branch, CompanySize, TargetGroup


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
        "Dialogue", on_delete=models.PROTECT, related_name="registrations", verbose_name="Branchendialog"
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
    seat_kind = models.ForeignKey("SeatKind", on_delete=models.PROTECT, related_name="attendees", verbose_name="Platz")
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
    question = models.ForeignKey("Question", on_delete=models.CASCADE, related_name="answers", verbose_name="Frage")
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
