"""The register: regional organisations, who speaks for them, and what they do for whom."""

from datetime import date, datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import URLValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from platform_mark.prepared import Instant, following
from platform_mark.publishing.models import Publishable, PublishableQuerySet, State
from platform_mark.search import index
from platform_mark.taxonomy.models import Branch, CompanySize, District, Municipality, TargetGroup, Topic

from . import search, stages
from .snapshot import EMPTY, FIELDS, snapshot
from .stages import Stage

WEB = URLValidator(schemes=["http", "https"])
INVITATION_LASTS = timedelta(days=14)


class ActorQuerySet(models.QuerySet):
    def published(self) -> Self:
        """Organisations that everybody may see: approved ones, and those that were, with the note "ehemals"."""
        return self.filter(state__in=["approved", "former"], approved_at__isnull=False, merged_into=None)

    def running(self) -> Self:
        """Organisations that take part today."""
        return self.filter(state="approved", merged_into=None)

    def of(self, user: Any) -> Self:
        """Organisations in or before the register that this account speaks for, as owner or editor.

        None for a visitor or a disabled account.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(memberships__user=user, merged_into=None, state__in=["waiting", "approved"])

    def without_editor(self) -> Self:
        """Approved organisations with an account at some time, and nobody active who could keep their entries true."""
        return self.running().exclude(memberships=None).exclude(_has_active())

    def without_owner(self) -> Self:
        """Those whose entries somebody keeps true, and where nobody active may invite others or change who belongs to it."""
        return self.running().filter(_has_active()).exclude(_has_active(role="owner"))

    def profile_older_than(self, days: int, at: datetime | None = None) -> Self:
        """Organisations that take part and whose profile nobody has assured for so many days."""
        assured_at = Coalesce("confirmed_at", "approved_at")
        return self.running().alias(assured_at=assured_at).filter(assured_at__lt=stages.oldest(days, at))

    def profile_to_confirm(self, at: datetime | None = None) -> Self:
        """Those whose profile is due in the next 30 days, or was long ago."""
        return self.profile_older_than(stages.PROFILE_HOLDS_DAYS - stages.ASK_BEFORE_DAYS, at)

    def profile_neglected(self, at: datetime | None = None) -> Self:
        """Those whose profile has borne the label for 60 days: a case for staff."""
        return self.profile_older_than(stages.PROFILE_NEGLECTED_DAYS, at)

    def for_search(self) -> Self:
        """With all that `search.actor_document` reads."""
        return self.select_related("municipality__district").prefetch_related("municipalities")


def _has_active(**fields: Any) -> models.Exists:
    return models.Exists(Membership.objects.filter(actor=models.OuterRef("pk"), user__is_active=True, **fields))


class Actor(models.Model):
    """An organisation of the region. Its state is set by `actors.joining` alone."""

    class Kind(models.TextChoices):
        CHAMBER = "chamber", "Kammer"
        AGENCY = "agency", "Wirtschaftsförderung und Agentur"
        UNIVERSITY = "university", "Hochschule und Forschung"
        UNION = "union", "Gewerkschaft"
        EMPLOYMENT = "employment", "Arbeitsverwaltung"
        ASSOCIATION = "association", "Verband und Innung"
        EDUCATION = "education", "Bildung und Qualifizierung"
        NETWORK = "network", "Netzwerk und Projekt"
        OTHER = "other", "Andere"

    class State(models.TextChoices):
        WAITING = "waiting", "Wartet auf Freischaltung"
        APPROVED = "approved", "Freigeschaltet"
        DECLINED = "declined", "Abgelehnt"
        FORMER = "former", "Ehemals"

    name = models.CharField("Name", max_length=160)
    slug = models.SlugField("Adresse", max_length=80, unique=True)
    kind = models.CharField("Art", max_length=12, choices=Kind)
    summary = models.CharField(
        "In einem Satz",
        max_length=300,
        blank=True,
        help_text="Was tut die Organisation für Betriebe der Region? Ein Satz, der allein verständlich ist.",
    )
    description = models.TextField("Mehr dazu", max_length=4000, blank=True)
    website = models.URLField("Internetseite", max_length=500, blank=True, validators=[WEB])
    municipality = models.ForeignKey(
        Municipality,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="actors",
        verbose_name="Sitz in der Region",
    )
    place = models.CharField("Sitz außerhalb der Region", max_length=80, blank=True)
    municipalities = models.ManyToManyField(
        Municipality,
        related_name="serving_actors",
        blank=True,
        verbose_name="Tätig in",
        help_text="Leer heißt: in der ganzen Region.",
    )
    contact_email = models.EmailField(
        "Funktionspostfach",
        blank=True,
        help_text="Eine Adresse ohne Personennamen, zum Beispiel digital@kammer.de. Sie ist öffentlich.",
    )
    contact_phone = models.CharField("Telefon", max_length=40, blank=True)
    second_email = models.EmailField(
        "Zweite Adresse",
        blank=True,
        help_text="Nicht öffentlich. Dorthin schreiben wir, wenn das Funktionspostfach nicht antwortet.",
    )
    founding_reason = models.TextField(
        "Warum im Register?",
        max_length=1000,
        blank=True,
        editable=False,
        help_text="Nicht öffentlich. Daran erkennt die Agentur, wer sich da anmeldet.",
    )
    state = models.CharField("Stand", max_length=10, choices=State, default=State.WAITING, editable=False)
    decline_reason = models.TextField("Begründung", max_length=1000, blank=True, editable=False)
    approved_at = models.DateTimeField("Freigeschaltet am", null=True, blank=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    left_at = models.DateTimeField("Ausgetreten am", null=True, blank=True, editable=False)
    # Set where the organisation chose deletion instead of the note "ehemals".
    erased_from = models.DateField("Wird gelöscht am", null=True, blank=True, editable=False)
    # "Still true" for what it says of itself; empty: since it was let in.
    confirmed_at = models.DateTimeField("Profil zuletzt bestätigt am", null=True, blank=True, editable=False)
    confirmed_by_staff = models.BooleanField("Von der Agentur bestätigt", default=False, editable=False)
    is_trusted = models.BooleanField(
        "Veröffentlicht sofort",
        default=False,
        help_text="Neues und Geändertes erscheint ohne vorherige Prüfung. Sie sehen es danach in der Liste.",
    )
    is_fictitious = models.BooleanField(
        "Erfunden", default=False, help_text="Wird überall als „Beispielakteur“ gekennzeichnet."
    )
    source_url = models.URLField(
        "Quelle (Adresse)",
        max_length=1000,
        blank=True,
        validators=[WEB],
        help_text="Woher die Angaben stammen, wenn sie nicht vom Akteur selbst kommen.",
    )
    # Names the mailed link that confirms entries; raised when all are confirmed, or who gets the mails changes.
    confirm_version = models.PositiveIntegerField(default=1, editable=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="merged_actors"
    )
    created_at = models.DateTimeField("Angelegt am", auto_now_add=True)
    updated_at = models.DateTimeField("Geändert am", auto_now=True)

    objects = ActorQuerySet.as_manager()

    search_shape = search.ACTOR_SHAPE

    class Meta:
        verbose_name = "Akteur"
        verbose_name_plural = "Akteure"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "approved", "declined", "former"]), name="actor_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(approved_at__isnull=False), name="actor_was_approved_at_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(decline_reason=""), name="actor_is_declined_with_a_reason"
            ),
            models.CheckConstraint(condition=~Q(state="former") | Q(left_at__isnull=False), name="actor_left_on_a_day"),
            models.CheckConstraint(
                condition=Q(municipality=None) | Q(place=""),
                name="actor_seat_inside_or_outside",
                violation_error_message="Wählen Sie eine Stadt der Region oder nennen Sie einen Ort außerhalb, nicht beides.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("actors:detail", args=[self.slug])

    def search_document(self) -> index.Document | None:
        """What the public may find of it; a former organisation keeps its page and is no longer found."""
        return search.actor_document(self)

    @property
    def contact_addresses(self) -> list[str]:
        """Where we write to: both contact addresses, without the one that is missing or the same twice."""
        return list(dict.fromkeys(address for address in (self.contact_email, self.second_email) if address))

    def relay_addresses(self) -> list[str]:
        """Where requests of other organisations go: the role mailbox, and its people who want them, too."""
        wanting = self.memberships.filter(gets_requests=True, user__is_active=True).order_by("joined_at")
        people = wanting.values_list("user__email", flat=True) if self.contact_email else []
        return list(dict.fromkeys(address for address in (self.contact_email, *people) if address))

    def profile_stage(self, at: datetime | None = None) -> Stage:
        """How fresh the profile is; meant for an organisation that was let in."""
        approved_at = self.approved_at or self.created_at
        return stages.profile_stage_of(confirmed_at=self.confirmed_at, approved_at=approved_at, at=at)

    @property
    def profile_due_on(self) -> date | None:
        """The day on which the profile is to be assured again."""
        return stages.profile_due_on(self.confirmed_at, self.approved_at)

    @property
    def profile_confirmed_text(self) -> str:
        """ "Zuletzt bestätigt am … von …"; empty while nobody has assured it."""
        return _confirmed_text(self.confirmed_at, self.confirmed_by_staff)


class Membership(models.Model):
    """An account that speaks for an organisation."""

    class Role(models.TextChoices):
        OWNER = "owner", "Verantwortlich"
        EDITOR = "editor", "Redaktion"

    actor = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="memberships", verbose_name="Akteur")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships", verbose_name="Konto"
    )
    role = models.CharField("Rolle", max_length=10, choices=Role, default=Role.EDITOR)
    joined_at = models.DateTimeField("Seit", auto_now_add=True)
    gets_requests = models.BooleanField("Anfragen zur Zusammenarbeit auch an diese Person", default=False)

    class Meta:
        verbose_name = "Mitglied"
        verbose_name_plural = "Mitglieder"
        ordering = ["joined_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["actor", "user"],
                name="one_membership_per_actor_and_account",
                violation_error_message="Dieses Konto gehört schon dazu.",
            ),
            models.CheckConstraint(condition=Q(role__in=["owner", "editor"]), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return self.get_role_display()


class Invitation(models.Model):
    """A colleague asked to join, by mail; the link ends with `expires_at`, its use, or its withdrawal."""

    actor = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="invitations", verbose_name="Akteur")
    email = models.EmailField("E-Mail-Adresse")
    role = models.CharField("Rolle", max_length=10, choices=Membership.Role, default=Membership.Role.EDITOR)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    token_version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField("Eingeladen am", auto_now_add=True)
    expires_at = models.DateTimeField("Gilt bis")
    accepted_at = models.DateTimeField("Angenommen am", null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField("Zurückgezogen am", null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "Einladung"
        verbose_name_plural = "Einladungen"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["actor", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="one_open_invitation_per_actor_and_address",
                violation_error_message="Diese Adresse ist schon eingeladen.",
            ),
            models.CheckConstraint(condition=Q(role__in=["owner", "editor"]), name="invitation_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"Einladung {self.pk}"


class Claim(models.Model):
    """Somebody says that they speak for an organisation that is listed already; staff decide."""

    class State(models.TextChoices):
        OPEN = "open", "Offen"
        GRANTED = "granted", "Bestätigt"
        DECLINED = "declined", "Abgelehnt"

    actor = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="claims", verbose_name="Akteur")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="claims", verbose_name="Konto"
    )
    reason = models.TextField("Begründung", max_length=1000)
    state = models.CharField("Stand", max_length=10, choices=State, default=State.OPEN, editable=False)
    answer = models.TextField("Antwort", max_length=1000, blank=True, editable=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField("Gestellt am", auto_now_add=True)
    decided_at = models.DateTimeField("Entschieden am", null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = "Anspruch"
        verbose_name_plural = "Ansprüche"
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["actor", "user"],
                condition=Q(state="open"),
                name="one_open_claim_per_actor_and_account",
                violation_error_message="Ihre Anfrage liegt uns schon vor.",
            ),
            models.CheckConstraint(condition=Q(state__in=["open", "granted", "declined"]), name="claim_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(answer=""), name="claim_is_declined_with_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"Anspruch {self.pk}"


class ActivityQuerySet(PublishableQuerySet):
    def current(self, at: Instant | None = None) -> Self:
        """Published, not former, of an organisation that takes part; those for actors only are among them."""
        return self.filter(_current(at))

    def public(self, at: Instant | None = None) -> Self:
        """What everybody may see; every list, count, feed, search and download for visitors starts here."""
        return self.current(at).filter(visibility="public")

    def listed(self, *, among_actors: bool, at: Instant | None = None) -> Self:
        """The public entries, and for people of approved actors (`is_among_actors`) also those for actors only."""
        return self.current(at) if among_actors else self.public(at)

    def former(self, at: Instant | None = None) -> Self:
        """ "Frühere Einträge": once public, now ended, unconfirmed for too long, or of an organisation that left."""
        return self.filter(_former(at), visibility="public")

    def readable(self, *, among_actors: bool, at: Instant | None = None) -> Self:
        """The entries whose page such a visitor may open: what stands in lists, and the former ones with their note."""
        current = _current(at) if among_actors else _current(at) & Q(visibility="public")
        return self.filter(current | _former(at) & Q(visibility="public"))

    def editable_by(self, user: Any) -> Self:
        """The entries of the organisations that this account speaks for."""
        return self.filter(actor__in=Actor.objects.of(user), merged_into=None)

    def in_stage(self, stage: Stage, at: Instant | None = None) -> Self:
        """Those of this freshness; the same rule as `Activity.stage`, for rows."""
        if stage == Stage.FORMER:
            return self.filter(_former(at))
        fresh = Q(confirmed_at__gte=stages.oldest(stages.HOLDS_DAYS, at))
        overdue = Q(confirmed_at=None) | Q(confirmed_at__lt=stages.oldest(stages.LABEL_DAYS, at))
        return self.current(at).filter(
            {Stage.FRESH: fresh, Stage.DUE: ~fresh & ~overdue, Stage.OVERDUE: overdue}[stage]
        )

    def to_confirm(self, at: Instant | None = None) -> Self:
        """Published entries of organisations that take part whose assurance is due in the next 30 days, or was long ago."""
        soon = stages.oldest(stages.HOLDS_DAYS - stages.ASK_BEFORE_DAYS, at)
        return (
            self.published(at)
            .filter(_not_ended(at), Q(confirmed_at=None) | Q(confirmed_at__lt=soon), actor__in=Actor.objects.running())
            .order_by(F("confirmed_at").asc(nulls_first=True), "title", "pk")
        )

    def to_check(self) -> Self:
        """What trusted organisations have published and nobody has looked at since."""
        return self.published().filter(checked_at=None, merged_into=None)

    def for_search(self) -> Self:
        """With all that `search.activity_document` reads."""
        return self.select_related("actor").prefetch_related(
            "branches", "topics", "districts__municipalities", "municipalities"
        )


def _confirmed_text(confirmed_at: datetime | None, by_staff: bool) -> str:
    if confirmed_at is None:
        return ""
    who = "der Regionalagentur" if by_staff else "der Organisation"
    return f"Zuletzt bestätigt am {timezone.localdate(confirmed_at):%d.%m.%Y} von {who}"


def _not_ended(at: Instant | None) -> Q:
    return Q(valid_until=None) | Q(valid_until__gte=following(at, timezone.localdate))


def _assured_since(instant: Instant) -> Q:
    return Q(confirmed_at__gte=instant) | Q(confirmed_at=None, published_at__gte=instant)


def _current(at: Instant | None) -> Q:
    return (
        Q(state=State.PUBLISHED, published_at__lte=at or timezone.now(), actor__in=Actor.objects.running())
        & _not_ended(at)
        & _assured_since(stages.oldest(stages.FORMER_DAYS, at))
    )


def _former(at: Instant | None) -> Q:
    was_public = Q(state__in=[State.PUBLISHED, State.ARCHIVED], published_at__lte=at or timezone.now())
    is_current = _not_ended(at) & _assured_since(stages.oldest(stages.FORMER_DAYS, at)) & Q(state=State.PUBLISHED)
    actors = Actor.objects.published()
    return was_public & Q(actor__in=actors) & (~is_current | Q(actor__in=actors.filter(state="former")))


def is_among_actors(user: Any) -> bool:
    """Whether this account speaks for an approved organisation, so that it may see what actors share among themselves."""
    return Actor.objects.of(user).running().exists()


class Activity(Publishable):
    """What an organisation does for whom, as everybody sees it. Edits wait in a Revision; see `actors.review`."""

    class Kind(models.TextChoices):
        ADVICE = "advice", "Beratung"
        TRAINING = "training", "Qualifizierung"
        FUNDING = "funding", "Förderung"
        EVENT = "event", "Veranstaltung"
        NETWORK = "network", "Netzwerk"
        DEMONSTRATION = "demonstration", "Zeigen und Testen"
        INFORMATION = "information", "Information"

    class Phase(models.TextChoices):
        INFORM = "inform", "informieren"
        AWAKEN = "awaken", "sensibilisieren"
        PLAN = "plan", "planen"
        IMPLEMENT = "implement", "umsetzen"
        SUSTAIN = "sustain", "verstetigen"

    class Cost(models.TextChoices):
        FREE = "free", "kostenlos"
        PAID = "paid", "kostet etwas"
        FUNDED = "funded", "gefördert"
        UNKNOWN = "unknown", "nicht genannt"

    class Visibility(models.TextChoices):
        PUBLIC = "public", "öffentlich"
        ACTORS = "actors", "nur für Akteure"

    actor = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="activities", verbose_name="Akteur")
    title = models.CharField(
        "Titel", max_length=120, help_text="Was gibt es? Zum Beispiel „Digital-Check vor Ort, ein halber Tag“."
    )
    slug = models.SlugField("Adresse", max_length=80, unique=True)
    summary = models.CharField("In einem Satz", max_length=300, help_text="Steht in jeder Liste. Allein verständlich.")
    description = models.TextField(
        "Was genau", max_length=6000, blank=True, help_text="Was geschieht, für wen, was kommt dabei heraus?"
    )
    kind = models.CharField("Art", max_length=14, choices=Kind)
    target_groups = ArrayField(
        models.CharField(max_length=10, choices=TargetGroup), verbose_name="Für wen", default=list, blank=True
    )
    branches = models.ManyToManyField(
        Branch,
        related_name="activities",
        blank=True,
        verbose_name="Branchen",
        help_text="Leer heißt: für alle Branchen.",
    )
    sizes = ArrayField(
        models.CharField(max_length=10, choices=CompanySize),
        verbose_name="Betriebsgrößen",
        default=list,
        blank=True,
        help_text="Leer heißt: für alle Größen.",
    )
    phases = ArrayField(models.CharField(max_length=10, choices=Phase), verbose_name="Phase", default=list, blank=True)
    topics = models.ManyToManyField(Topic, related_name="activities", blank=True, verbose_name="Themen")
    municipalities = models.ManyToManyField(
        Municipality, related_name="activities", blank=True, verbose_name="Städte und Gemeinden"
    )
    districts = models.ManyToManyField(District, related_name="activities", blank=True, verbose_name="Kreise")
    area = models.CharField(
        "Anderes Gebiet", max_length=80, blank=True, help_text="Zum Beispiel „Südwestfalen“. Sonst leer lassen."
    )
    cost = models.CharField("Kosten", max_length=10, choices=Cost, default=Cost.UNKNOWN)
    cost_note = models.CharField("Kosten genauer", max_length=160, blank=True)
    language = models.CharField("Sprache", max_length=80, blank=True, default="Deutsch")
    access = models.CharField(
        "So kommt man daran",
        max_length=300,
        blank=True,
        help_text="Zum Beispiel „Anruf genügt, Termin binnen zwei Wochen“.",
    )
    contact_email = models.EmailField(
        "Funktionspostfach", blank=True, help_text="Leer lassen: Es gilt das Postfach des Akteurs."
    )
    contact_phone = models.CharField("Telefon", max_length=40, blank=True)
    contact_person = models.CharField("Ansprechperson", max_length=120, blank=True)
    person_agreed_on = models.DateField(
        "Einwilligung der Person vom",
        null=True,
        blank=True,
        help_text="An diesem Tag hat die Person zugestimmt, hier mit Namen zu stehen.",
    )
    url = models.URLField("Mehr im Internet", max_length=1000, blank=True, validators=[WEB])
    valid_from = models.DateField("Ab", null=True, blank=True)
    valid_until = models.DateField(
        "Bis", null=True, blank=True, help_text="Danach steht der Eintrag unter „Frühere Einträge“."
    )
    visibility = models.CharField("Sichtbar für", max_length=10, choices=Visibility, default=Visibility.PUBLIC)
    external_id = models.CharField(
        "Eigenes Kennzeichen",
        max_length=120,
        blank=True,
        help_text="Freiwillig, aus Ihrem System. Hilft beim Einlesen.",
    )
    source_url = models.URLField("Quelle (Adresse)", max_length=1000, blank=True, validators=[WEB], editable=False)

    # "Still true" is an assurance of its own, apart from the day of the last change. Empty: nobody has assured it yet.
    confirmed_at = models.DateTimeField("Zuletzt bestätigt am", null=True, blank=True, editable=False)
    confirmed_by_staff = models.BooleanField("Von der Agentur bestätigt", default=False, editable=False)
    changed_at = models.DateTimeField("Zuletzt geändert am", null=True, blank=True, editable=False)
    checked_at = models.DateTimeField("Nachgesehen am", null=True, blank=True, editable=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="merged_activities"
    )

    objects = ActivityQuerySet.as_manager()

    search_shape = search.ACTIVITY_SHAPE

    class Meta(Publishable.Meta):
        verbose_name = "Aktivität"
        verbose_name_plural = "Aktivitäten"
        ordering = ["title", "pk"]
        indexes = [
            GinIndex(fields=["target_groups"], name="activity_target_groups"),
            models.Index(fields=["state", "confirmed_at"], name="activity_freshness"),
        ]
        constraints = [
            *Publishable.Meta.constraints,
            models.CheckConstraint(
                condition=Q(contact_person="") | Q(person_agreed_on__isnull=False),
                name="activity_names_a_person_with_consent",
                violation_error_message="Eine Person darf hier nur mit ihrer Einwilligung stehen. Tragen Sie den Tag ein.",
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="activity_ends_after_it_begins",
                violation_error_message="„Bis“ muss nach „Ab“ liegen.",
            ),
            models.CheckConstraint(
                condition=Q(target_groups__contained_by=TargetGroup.values), name="activity_target_groups_are_known"
            ),
            models.CheckConstraint(
                condition=Q(sizes__contained_by=CompanySize.values), name="activity_sizes_are_known"
            ),
            models.CheckConstraint(
                condition=Q(phases__contained_by=["inform", "awaken", "plan", "implement", "sustain"]),
                name="activity_phases_are_known",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.PUBLISHED) | ~Q(kind=""), name="activity_has_a_kind_when_published"
            ),
            models.UniqueConstraint(
                fields=["actor", "external_id"],
                condition=~Q(external_id=""),
                name="activity_has_its_own_external_id",
                violation_error_message="Dieses Kennzeichen trägt schon ein anderer Eintrag von Ihnen.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("actors:activity", args=[self.slug])

    def search_document(self) -> index.Document | None:
        """What everybody may find of it; never what is for actors only."""
        return search.activity_document(self)

    def snapshot(self) -> dict[str, Any]:
        """All content, to be kept as a version."""
        return snapshot(self)

    def show(self) -> None:
        """Make it public on the organisation's word: trusted ones at once, and what comes back after it was taken offline.

        The four-eyes switch is about what staff publish; `actors.review` sees to it.
        """
        if self.state == State.ARCHIVED:
            self.withdraw()
        self._move(State.PUBLISHED, published_at=self.published_at or timezone.now().replace(microsecond=0))

    def stage(self, at: datetime | None = None) -> Stage:
        """How fresh it is, with its organisation at hand; meant for what is public, was, or is about to be."""
        if self.state == State.ARCHIVED or self.actor.state == Actor.State.FORMER:
            return Stage.FORMER
        return stages.stage_of(
            confirmed_at=self.confirmed_at, published_at=self.published_at, valid_until=self.valid_until, at=at
        )

    @property
    def due_on(self) -> date | None:
        """The day on which the next assurance is due."""
        return stages.due_on(self.confirmed_at, self.published_at)

    @property
    def confirmed_text(self) -> str:
        """ "Zuletzt bestätigt am … von …" for the page; empty while nobody has assured it."""
        return _confirmed_text(self.confirmed_at, self.confirmed_by_staff)

    @property
    def shown_email(self) -> str:
        """The mailbox to write to: its own, else that of the organisation (which must be at hand)."""
        return self.contact_email or self.actor.contact_email

    @property
    def target_group_labels(self) -> list[str]:
        """The target groups in words."""
        return [TargetGroup(value).label for value in self.target_groups]

    @property
    def phase_labels(self) -> list[str]:
        """The phases in words."""
        return [self.Phase(value).label for value in self.phases]


class RevisionQuerySet(models.QuerySet):
    def open(self) -> Self:
        """What is being written or waits for staff; at most one for each entry."""
        return self.filter(state__in=["draft", "submitted", "sent_back"])

    def to_review(self) -> Self:
        """What waits for staff, the longest waiting first."""
        return self.filter(state="submitted").order_by("submitted_at", "pk")


class Revision(models.Model):
    """What an actor wants an entry to say: written, handed over, approved in whole or part, or sent back with a reason.

    `data` is a snapshot in the form of `actors.snapshot`. The public entry stays as it is until staff approve.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Entwurf"
        SUBMITTED = "submitted", "In Prüfung"
        SENT_BACK = "sent_back", "Zurückgegeben"
        APPROVED = "approved", "Übernommen"
        WITHDRAWN = "withdrawn", "Zurückgezogen"

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="revisions", verbose_name="Aktivität")
    # What the public entry said when writing began; empty for one that was never public. Only what differs is a change.
    base = models.JSONField(default=dict, blank=True)
    data = models.JSONField()
    taken = ArrayField(models.CharField(max_length=40), verbose_name="Übernommene Felder", default=list, editable=False)
    state = models.CharField("Stand", max_length=10, choices=State, default=State.DRAFT, editable=False)
    change_note = models.CharField(
        "Was ist neu?", max_length=120, blank=True, help_text="Öffentlich. Ein Satz genügt: „Neuer Termin im März“."
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    by_staff = models.BooleanField("Von der Regionalagentur", default=False, editable=False)
    submitted_at = models.DateTimeField("Eingereicht am", null=True, blank=True, editable=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    reason = models.TextField("Begründung", max_length=1000, blank=True, editable=False)
    earlier_reasons = ArrayField(
        models.TextField(), verbose_name="Frühere Begründungen", default=list, editable=False, blank=True
    )
    decided_at = models.DateTimeField("Entschieden am", null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField("Angelegt am", auto_now_add=True)
    updated_at = models.DateTimeField("Geändert am", auto_now=True)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        verbose_name = "Überarbeitung"
        verbose_name_plural = "Überarbeitungen"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["activity"],
                condition=Q(state__in=["draft", "submitted", "sent_back"]),
                name="one_open_revision_per_activity",
                violation_error_message="Es gibt schon eine offene Überarbeitung.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "submitted", "sent_back", "approved", "withdrawn"]),
                name="revision_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent_back") | ~Q(reason=""), name="revision_is_sent_back_with_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state="submitted") | Q(submitted_at__isnull=False), name="revision_was_submitted_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Überarbeitung {self.pk}"

    @property
    def title(self) -> str:
        """What the entry is to be called."""
        return str(self.data.get("title") or self.base.get("title") or "Neuer Eintrag")

    @property
    def changed_fields(self) -> list[str]:
        """The fields that differ from what was public when writing began, in the order of the form."""
        return [name for name in FIELDS if self.data.get(name) != (self.base.get(name) if self.base else EMPTY[name])]


class Confirmation(models.Model):
    """Proof that somebody said "still true": when, and whether for the organisation or the agency."""

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="confirmations")
    by_staff = models.BooleanField("Von der Agentur", default=False)
    by_link = models.BooleanField("Ohne Anmeldung, über den Link", default=False)
    confirmed_at = models.DateTimeField("Bestätigt am", default=timezone.now)

    class Meta:
        verbose_name = "Bestätigung"
        verbose_name_plural = "Bestätigungen"
        ordering = ["-confirmed_at"]

    def __str__(self) -> str:
        return f"{self.confirmed_at:%d.%m.%Y}"


class FreshnessNotice(models.Model):
    """One rung of the ladder, climbed for one entry or profile and one due day; the row is claimed before the mail goes out."""

    class Rung(models.TextChoices):
        SOON = "soon", "30 Tage vorher"
        NEXT_WEEK = "next_week", "7 Tage vorher"
        OVERDUE = "overdue", "14 Tage danach"

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, null=True, related_name="freshness_notices")
    # Set where it is about the profile.
    actor = models.ForeignKey(Actor, on_delete=models.CASCADE, null=True, related_name="freshness_notices")
    due_on = models.DateField("Fällig am")
    rung = models.CharField("Stufe", max_length=10, choices=Rung)
    sent_at = models.DateTimeField("Verschickt am", auto_now_add=True)

    class Meta:
        verbose_name = "Erinnerung"
        verbose_name_plural = "Erinnerungen"
        constraints = [
            models.UniqueConstraint(fields=["activity", "due_on", "rung"], name="each_rung_is_climbed_once"),
            models.UniqueConstraint(fields=["actor", "due_on", "rung"], name="each_rung_of_a_profile_is_climbed_once"),
            models.CheckConstraint(
                condition=Q(activity=None, actor__isnull=False) | Q(activity__isnull=False, actor=None),
                name="notice_is_about_an_entry_or_a_profile",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.due_on:%d.%m.%Y}, {self.get_rung_display()}"


class Proposal(models.Model):
    """Somebody without an account says what is wrong in an entry."""

    class State(models.TextChoices):
        OPEN = "open", "Offen"
        DONE = "done", "Übernommen"
        DECLINED = "declined", "Nicht übernommen"

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="proposals", verbose_name="Aktivität")
    text = models.TextField("Was sollte geändert werden?", max_length=2000)
    email = models.EmailField("E-Mail-Adresse", blank=True, help_text="Freiwillig, für eine Antwort.")
    state = models.CharField("Stand", max_length=10, choices=State, default=State.OPEN, editable=False)
    answer = models.TextField("Antwort", max_length=1000, blank=True, editable=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField("Eingegangen am", auto_now_add=True)
    answered_at = models.DateTimeField("Beantwortet am", null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "Änderungsvorschlag"
        verbose_name_plural = "Änderungsvorschläge"
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "done", "declined"]), name="proposal_state_is_known")
        ]

    def __str__(self) -> str:
        return f"Änderungsvorschlag {self.pk}"


class Cooperation(models.Model):
    """One actor asks another to work together. Relayed: neither side learns an address before answering."""

    sender = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="cooperations_sent", verbose_name="Von")
    receiver = models.ForeignKey(
        Actor, on_delete=models.CASCADE, related_name="cooperations_received", verbose_name="An"
    )
    activity = models.ForeignKey(
        Activity, on_delete=models.SET_NULL, null=True, blank=True, related_name="cooperations", verbose_name="Zu"
    )
    text = models.TextField("Nachricht", max_length=2000)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    answer = models.TextField("Antwort", max_length=2000, blank=True)
    created_at = models.DateTimeField("Geschrieben am", auto_now_add=True)
    answered_at = models.DateTimeField("Beantwortet am", null=True, blank=True)

    class Meta:
        verbose_name = "Kooperationsanfrage"
        verbose_name_plural = "Kooperationsanfragen"
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=~Q(sender=F("receiver")), name="cooperation_is_between_two")]

    def __str__(self) -> str:
        return f"Kooperationsanfrage {self.pk}"
