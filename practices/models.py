"""Good examples: what a company did, what it cost, what came of it, and what others can do first."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Prefetch, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, TruncDate
from django.urls import reverse
from django.utils import timezone

from actors.models import Actor
from platform_mark.media.models import Document, Image
from platform_mark.prepared import Instant
from platform_mark.publishing import versions
from platform_mark.publishing.fields import RichTextField
from platform_mark.publishing.models import Publishable, PublishableQuerySet, State, TransitionRefused
from platform_mark.taxonomy.models import Branch, CompanySize, Municipality, TargetGroup, Topic
from platform_mark.web_addresses import domain

from . import anonymity, search, snapshot, wording

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

# Rich answers tell "unknown" from "no": a missing fact is shown as missing, never guessed.
YES_NO_UNKNOWN = [(None, "unbekannt"), (True, "ja"), (False, "nein")]


# Instead of a name, where the company wants none.
NO_NAME = "Betrieb ohne Namensnennung"
SOURCE_NAMES_IT = "Ein extern veröffentlichtes Beispiel hat eine Quelle, die den Betrieb nennt. Ohne Namen zeigen Sie nur eigene Beispiele."
# Fewer firms of one branch, size and district than this, and the district would give a name away.
FIRMS_TO_HIDE_AMONG = 3

# Checked longer ago than this, and prices and technology may be others by now: readers are told, staff are asked to look.
TOO_OLD = timedelta(days=730)

# Drafts of own examples that no version of has been released yet.
RELEASE_MISSING = Q(state__in=["draft", "review"], kind="own", is_fictitious=False, releases=None)


class PracticeQuerySet(PublishableQuerySet):
    def newest_first(self) -> Self:
        """The order of every list: own examples and reports alike, by the day they appeared."""
        return self.order_by("-published_at", "-pk")

    def for_cards(self, at: Instant | None = None) -> Self:
        """With what a card shows, and without the long texts it does not."""
        return self.select_related("municipality__district").only(*CARD_FIELDS).with_fitting_firms(at)

    def with_fitting_firms(self, at: Instant | None = None) -> Self:
        """For a company that wants no name: how many firms, itself among them, fit its branch, size and district."""
        shares_branch = Branch.objects.filter(practices=OuterRef("pk")).filter(practices=OuterRef(OuterRef("pk")))
        fitting = (
            Practice.objects.published(at)
            .filter(size=OuterRef("size"), municipality__district=OuterRef("municipality__district"))
            .filter(Exists(shares_branch))
            .order_by()
            .annotate(every=Value(1))
            .values("every")
            .annotate(firms=Count("company", distinct=True))
            .values("firms")
        )
        # Asked for the few that are anonymous only.
        firms = Case(When(is_anonymous=True, then=Coalesce(Subquery(fitting), 0)), default=0)
        return self.annotate(fitting_firms=firms)

    def with_open_files(self) -> Self:
        """A company without a name shows neither its pictures nor its papers."""
        return super().with_open_files().filter(is_anonymous=False)

    def with_release(self) -> Self:
        """With `released_on`, the day of the company's release; empty for drafts, whose text may have changed since."""
        latest = Release.objects.filter(practice=OuterRef("pk"), practice__state=State.PUBLISHED)
        return self.annotate(released_on=Subquery(latest.order_by("-pk").values("released_on")[:1]))

    def for_search(self) -> Self:
        """With all that `search.document` reads."""
        return self.select_related("municipality__district").prefetch_related(
            "branches", "topics", "effects", "steps", "prerequisites", "documents__document"
        )

    def with_everything(self) -> Self:
        """With all that the page of one example shows."""
        return self.select_related("municipality__district").prefetch_related(
            Prefetch("branches", queryset=Branch.objects.current()),
            Prefetch("topics", queryset=Topic.objects.current()),
            Prefetch("accompanied_by", queryset=Actor.objects.running()),
            "effects",
            "steps",
            "prerequisites",
            Prefetch("pictures", queryset=PracticePicture.objects.shown().select_related("image")),
            Prefetch("documents", queryset=PracticeDocument.objects.select_related("document")),
        )


def latest_year() -> int:
    """The next year: nothing in everyday use is newer than what is about to begin."""
    return timezone.localdate().year + 1


class Practice(Publishable):
    class Kind(models.TextChoices):
        OWN = "own", "Eigenes Beispiel"
        EXTERNAL = "external", "Extern veröffentlichtes Beispiel"

    kind = models.CharField(
        "Art",
        max_length=10,
        choices=Kind,
        default=Kind.OWN,
        help_text="Eigen: mit dem Betrieb aufgeschrieben. Extern: in eigenen Worten nach einer öffentlichen Quelle.",
    )
    title = models.CharField(
        "Titel",
        max_length=120,
        help_text="Was hat der Betrieb gemacht? Zum Beispiel „Einrichtekarte am Tablet statt Zettel an der Maschine“.",
    )
    slug = models.SlugField(
        "Adresse",
        max_length=80,
        unique=True,
        help_text="Teil der öffentlichen Adresse. Nach der Veröffentlichung bitte nicht ändern.",
    )
    teaser = models.CharField(
        "In einem Satz",
        max_length=300,
        help_text="Ein oder zwei Sätze, die allein verständlich sind. Sie stehen in jeder Liste.",
    )
    figure_value = models.CharField(
        "Kennzahl",
        max_length=20,
        blank=True,
        help_text="Die stärkste Zahl, zum Beispiel „−38 %“. Lieber keine als eine geratene.",
    )
    figure_label = models.CharField(
        "Was die Kennzahl misst", max_length=60, blank=True, help_text="Zum Beispiel „Rüstzeit“."
    )

    company = models.CharField(
        "Betrieb", max_length=120, help_text="So, wie der Betrieb sich nennt: „Federnwerk Lennetal“. Ohne Rechtsform."
    )
    is_fictitious = models.BooleanField(
        "Erfunden", default=False, help_text="Wird überall als „Beispielfirma“ gekennzeichnet."
    )
    is_anonymous = models.BooleanField(
        "Ohne Namen zeigen", default=False, help_text="Dann erscheinen nur Branche, Größe und Kreis."
    )
    branches = models.ManyToManyField(Branch, related_name="practices", blank=True, verbose_name="Branchen")
    topics = models.ManyToManyField(Topic, related_name="practices", blank=True, verbose_name="Themen")
    accompanied_by = models.ManyToManyField(
        Actor,
        related_name="practices",
        blank=True,
        verbose_name="Begleitet von",
        help_text="Wer aus dem Register den Betrieb beraten oder begleitet hat.",
    )
    employees = models.PositiveIntegerField(
        "Beschäftigte",
        null=True,
        blank=True,
        help_text="Alle Köpfe, auch Auszubildende und Teilzeit. Leer lassen, wenn unbekannt.",
    )
    size_band = models.CharField(
        "Größe, wenn die Zahl fehlt",
        max_length=10,
        choices=CompanySize,
        blank=True,
        help_text="Nur, wenn Sie die Zahl nicht kennen, aber wissen, dass es zum Beispiel „unter 50“ sind.",
    )
    size = models.GeneratedField(
        expression=Case(
            When(employees__gte=250, then=Value("large")),
            When(employees__gte=50, then=Value("medium")),
            When(employees__gte=10, then=Value("small")),
            When(employees__gte=0, then=Value("micro")),
            default=F("size_band"),
        ),
        output_field=models.CharField("Größe", max_length=10, choices=CompanySize),
        db_persist=True,
    )
    municipality = models.ForeignKey(
        Municipality,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="practices",
        verbose_name="Stadt oder Gemeinde",
        help_text="Wo der Betrieb sitzt, zum Beispiel „Altena“.",
    )
    place = models.CharField(
        "Ort außerhalb der Region", max_length=80, blank=True, help_text="Nur, wenn der Ort oben nicht zur Wahl steht."
    )
    year = models.PositiveSmallIntegerField(
        "Jahr",
        null=True,
        blank=True,
        validators=[MinValueValidator(1990), MaxValueValidator(latest_year)],
        help_text="In dem es im Alltag ankam, zum Beispiel 2024.",
    )
    target_groups = ArrayField(
        models.CharField(max_length=10, choices=TargetGroup), verbose_name="Für wen", default=list, blank=True
    )
    technologies = ArrayField(
        models.CharField(max_length=60),
        verbose_name="Technik",
        default=list,
        blank=True,
        help_text="Mit Komma getrennt: „Tablets, Formular-App“.",
    )

    starting_point = RichTextField(
        "Ausgangslage",
        blank=True,
        help_text="Was war im Alltag mühsam? Mit einer Zahl: „Rüsten dauerte im Schnitt 52 Minuten.“",
    )
    goal = RichTextField("Ziel", blank=True, help_text="Woran wollte der Betrieb merken, dass es besser ist?")
    solution = RichTextField("Vorgehen", blank=True, help_text="Was wurde in welcher Reihenfolge getan, und von wem?")
    result = RichTextField(
        "Ergebnis", blank=True, help_text="Was ist heute anders? Gemessenes gehört unten zu den Wirkungen."
    )
    failures = RichTextField(
        "Was schiefging",
        blank=True,
        help_text="Jedes Beispiel sagt, was nicht geklappt hat. „Die erste Karte hatte 43 Felder.“",
    )
    lessons = RichTextField(
        "Was der Betrieb gelernt hat",
        blank=True,
        help_text="Was er beim nächsten Mal anders macht: „Erst das WLAN prüfen, dann die Tablets kaufen.“",
    )
    advice = RichTextField(
        "Rat an andere", blank=True, help_text="Was würde der Betrieb einem anderen als Erstes sagen?"
    )
    people_involved = models.TextField(
        "Wer beteiligt war",
        blank=True,
        max_length=1000,
        help_text="Zum Beispiel Betriebsrat, Auszubildende, Schichtleitung.",
    )
    worries = models.TextField(
        "Sorgen und was geholfen hat",
        blank=True,
        max_length=1000,
        help_text="Was Beschäftigte befürchtet haben: „Werde ich überwacht?“ Und was die Antwort war.",
    )

    investment_from = models.PositiveIntegerField(
        "Kosten ab (Euro)",
        null=True,
        blank=True,
        help_text="Einmalig. Bei einer genauen Zahl beide Felder gleich füllen.",
    )
    investment_to = models.PositiveIntegerField(
        "Kosten bis (Euro)", null=True, blank=True, help_text="Ohne Punkt: 25000. Nichts gekostet? Beide Felder 0."
    )
    running_cost_from = models.PositiveIntegerField(
        "Laufend ab (Euro im Jahr)", null=True, blank=True, help_text="Lizenzen, Wartung, Strom: 1200."
    )
    running_cost_to = models.PositiveIntegerField(
        "Laufend bis (Euro im Jahr)", null=True, blank=True, help_text="Bei einer genauen Zahl wie „ab“."
    )
    person_days = models.DecimalField(
        "Eigener Aufwand (Personentage)",
        max_digits=6,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Arbeitstage aller eigenen Leute zusammen: zwei Personen, drei Tage sind 6.",
    )
    duration_weeks = models.PositiveSmallIntegerField(
        "Dauer (Wochen)", null=True, blank=True, help_text="Von der Entscheidung bis zum Alltag. Fünf Monate sind 22."
    )
    months_to_benefit = models.DecimalField(
        "Erster Nutzen nach (Monaten)",
        max_digits=5,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Ab wann es spürbar half: 2 oder 2,5.",
    )
    funding_used = models.BooleanField(
        "Förderung genutzt",
        null=True,
        blank=True,
        choices=YES_NO_UNKNOWN,
        help_text="„Nein“ nur, wenn Sie es wissen.",
    )
    funding_programme = models.CharField(
        "Förderprogramm", max_length=120, blank=True, help_text="Wie es heißt: „MID-Digitalisierung“."
    )
    without_new_software = models.BooleanField(
        "Geht ohne neue Software",
        null=True,
        blank=True,
        choices=YES_NO_UNKNOWN,
        help_text="Ja, wenn vorhandene Programme genügen, zum Beispiel eine Tabelle.",
    )
    without_it_department = models.BooleanField(
        "Geht ohne IT-Abteilung",
        null=True,
        blank=True,
        choices=YES_NO_UNKNOWN,
        help_text="Ja, wenn ein Betrieb ohne eigene IT-Leute es nachmachen kann.",
    )

    quote_text = models.TextField(
        "Zitat", blank=True, max_length=500, help_text="Wörtlich, ohne Anführungszeichen: „Ich rüste ohne Suchen.“"
    )
    quote_role = models.CharField(
        "Wer das sagt", max_length=80, blank=True, help_text="Die Rolle, nie der Name: „Einrichterin“."
    )
    video_url = models.URLField(
        "Video (Adresse)",
        max_length=1000,
        blank=True,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="Nur ein Link: Das Portal lädt nichts von dort. Zum Beispiel „https://video.example/rundgang“.",
    )
    video_caption = models.CharField(
        "Was das Video zeigt",
        max_length=200,
        blank=True,
        help_text="Mit der Dauer, und ob es Untertitel hat: „Umrüsten einer Wickelmaschine, 4 Minuten, mit Untertiteln“.",
    )
    source_url = models.URLField(
        "Quelle (Adresse)",
        max_length=1000,
        blank=True,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="Pflicht bei extern veröffentlichten Beispielen.",
    )
    as_of = models.DateField("Stand", null=True, blank=True, help_text="An diesem Tag waren alle Angaben geprüft.")

    revision_of = models.OneToOneField(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        related_name="revision",
        verbose_name="Überarbeitung von",
    )

    objects = PracticeQuerySet.as_manager()

    search_shape = search.SHAPE

    class Meta(Publishable.Meta):
        verbose_name = "Gutes Beispiel"
        verbose_name_plural = "Gute Beispiele"
        ordering = ["-published_at", "-pk"]
        indexes = [
            models.Index(fields=["-published_at", "-id"], name="practice_newest"),
            GinIndex(fields=["target_groups"], name="practice_target_groups"),
        ]
        constraints = [
            *Publishable.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind="own") | ~Q(source_url=""),
                name="external_practice_names_its_source",
                violation_error_message="Ein extern veröffentlichtes Beispiel braucht die Adresse seiner Quelle.",
            ),
            models.CheckConstraint(
                condition=Q(video_url="", video_caption="") | (~Q(video_url="") & ~Q(video_caption="")),
                name="practice_video_says_what_it_shows",
                violation_error_message="Zu einem Video gehören beide Angaben: die Adresse und was es zeigt.",
            ),
            models.UniqueConstraint(
                fields=["source_url", "title"],
                condition=~Q(source_url="") & Q(revision_of=None),
                name="practice_is_imported_once",
                violation_error_message="Dieses Beispiel gibt es schon: gleiche Quelle, gleicher Titel.",
            ),
            models.CheckConstraint(
                condition=Q(employees=None) | Q(size_band=""),
                name="practice_size_by_count_or_band",
                violation_error_message="Geben Sie die Zahl der Beschäftigten an oder die Größe, nicht beides.",
            ),
            models.CheckConstraint(
                condition=Q(municipality=None) | Q(place=""),
                name="practice_place_inside_or_outside",
                violation_error_message="Wählen Sie eine Stadt der Region oder nennen Sie einen Ort außerhalb, nicht beides.",
            ),
            models.CheckConstraint(
                # A comparison with an empty field would be neither true nor false, which a check lets pass.
                condition=Q(investment_from=None, investment_to=None)
                | Q(
                    investment_from__isnull=False, investment_to__isnull=False, investment_to__gte=F("investment_from")
                ),
                name="practice_investment_is_a_range",
                violation_error_message="„Kosten bis“ muss mindestens so hoch sein wie „Kosten ab“. Füllen Sie beide Felder.",
            ),
            models.CheckConstraint(
                condition=Q(running_cost_from=None, running_cost_to=None)
                | Q(
                    running_cost_from__isnull=False,
                    running_cost_to__isnull=False,
                    running_cost_to__gte=F("running_cost_from"),
                ),
                name="practice_running_cost_is_a_range",
                violation_error_message="„Laufend bis“ muss mindestens so hoch sein wie „Laufend ab“. Füllen Sie beide Felder.",
            ),
            models.CheckConstraint(
                condition=Q(target_groups__contained_by=TargetGroup.values),
                name="practice_target_groups_are_known",
                violation_error_message="Diese Zielgruppe gibt es nicht.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("practices:detail", args=[self.slug])

    def clean(self) -> None:
        """Refuse to hide whom the linked source names."""
        super().clean()
        if self.is_anonymous and self.is_external:
            raise ValidationError({"is_anonymous": SOURCE_NAMES_IT})

    def publish(self, *, by: "User | None" = None) -> None:
        """Publish as every content, but an own example only with a release of exactly this version.

        A company that wants no name must not be named where everybody sees it first, not even by a former address.
        """
        shown_as = self.revision_of or self
        if self.is_anonymous and self.is_external:
            raise TransitionRefused(SOURCE_NAMES_IT, code="source")
        if self.is_anonymous and (places := anonymity.places_that_name(self, shown_as.slug)):
            raise TransitionRefused(
                f"Der Betrieb will keinen Namen, wird aber genannt: {', '.join(places)}. Ändern Sie das zuerst. Die "
                "Adresse ändern Sie im Entwurf; was schon öffentlich ist, ziehen Sie dafür zurück.",
                code="named",
            )
        if self.needs_release and not self.is_released:
            raise TransitionRefused(self.missing_release, code="release")
        super().publish(by=by)
        if self.is_anonymous:
            versions.forget_addresses(shown_as, lambda slug: bool(anonymity.naming(self.company, slug)))

    def search_document(self) -> search.Document | None:
        """What the public may find of it (platform_mark.search.index)."""
        return search.document(self)

    def snapshot(self) -> dict[str, Any]:
        """All content as plain values (platform_mark.publishing.versions)."""
        return snapshot.snapshot(self)

    @property
    def needs_release(self) -> bool:
        """Reports of others and invented firms have nobody to ask."""
        return self.kind == self.Kind.OWN and not self.is_fictitious

    @property
    def is_released(self) -> bool:
        """Whether the company has released exactly the present text, figures and pictures."""
        return self.releases.filter(fingerprint=snapshot.fingerprint(self)).exists()

    @property
    def missing_release(self) -> str:
        """Why it may not be published, in words for staff."""
        if self.releases.exists():
            return "Der Text wurde seit der Freigabe geändert. Der Betrieb muss diese Fassung freigeben."
        return "Die Freigabe des Betriebs fehlt. Tragen Sie ein, wer diese Fassung wann freigegeben hat."

    @property
    def is_dated(self) -> bool:
        """Whether nobody has checked what it says for two years."""
        return self.as_of is not None and self.as_of < timezone.localdate() - TOO_OLD

    @property
    def is_external(self) -> bool:
        return self.kind == self.Kind.EXTERNAL

    @property
    def shown_company(self) -> str:
        """The company's name, or a description where the company wants no name."""
        return NO_NAME if self.is_anonymous else self.company

    @property
    def company_size(self) -> CompanySize | None:
        """The size class, None when neither count nor band is known."""
        return CompanySize(self.size) if self.size else None

    @property
    def location(self) -> str:
        """Municipality of the region, place outside, or an empty text.

        Where no name is wanted only the district, and not even that while it would point at one of fewer than three
        firms. What was not read with `with_fitting_firms` tells nothing.
        """
        if self.is_anonymous:
            is_one_of_several = getattr(self, "fitting_firms", 0) >= FIRMS_TO_HIDE_AMONG
            return self.municipality.district.name if self.municipality and is_one_of_several else ""
        return self.municipality.name if self.municipality else self.place

    @property
    def shown_employees(self) -> int | None:
        """The head count; none where it could give away a company that wants no name."""
        return None if self.is_anonymous else self.employees

    @property
    def source_name(self) -> str:
        """The host of the source, as people know it."""
        return domain(self.source_url)

    @property
    def video_host(self) -> str:
        """Where the video lies, as people know it."""
        return domain(self.video_url)

    @property
    def cost_text(self) -> str:
        """One-off cost in words, empty when unknown."""
        return wording.euros(self.investment_from, self.investment_to)

    @property
    def running_cost_text(self) -> str:
        """Cost a year in words, empty when unknown."""
        return wording.euros(self.running_cost_from, self.running_cost_to)

    @property
    def duration_text(self) -> str:
        """Duration in words, empty when unknown."""
        return wording.weeks(self.duration_weeks)

    @property
    def effort_text(self) -> str:
        """The company's own effort in words, empty when unknown."""
        return wording.person_days(self.person_days)

    @property
    def benefit_text(self) -> str:
        """When the first benefit came, in words, empty when unknown."""
        return wording.after_months(self.months_to_benefit)

    @property
    def target_group_labels(self) -> list[str]:
        return [str(group.label) for group in TargetGroup if group in self.target_groups]


# Exactly what templates/components/practice_card.html reads.
CARD_FIELDS = (
    *("kind", "title", "slug", "teaser", "figure_value", "figure_label", "company", "is_fictitious", "is_anonymous"),
    *("employees", "size", "municipality__name", "municipality__district__name", "place"),
    *(
        "investment_from",
        "investment_to",
        "duration_weeks",
        "source_url",
        "year",
        "published_at",
        "state",
        "expires_at",
    ),
)


class PracticePart(models.Model):
    """A row that belongs to one example and has its place in an order."""

    order = models.PositiveSmallIntegerField("Reihenfolge", default=0)

    class Meta:
        abstract = True
        ordering = ["order", "pk"]


class Effect(PracticePart):
    """One measured, estimated or reported change: before (the baseline) and after."""

    class Method(models.TextChoices):
        MEASURED = "measured", "gemessen"
        ESTIMATED = "estimated", "geschätzt"
        STATEMENT = "statement", "Aussage des Betriebs"

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="effects")
    label = models.CharField("Was", max_length=80, help_text="Zum Beispiel „Rüstzeit je Auftrag“.")
    unit = models.CharField("Einheit", max_length=30, blank=True, help_text="Zum Beispiel „min“ oder „%“.")
    before = models.DecimalField("Vorher", max_digits=12, decimal_places=2, null=True, blank=True)
    after = models.DecimalField("Nachher", max_digits=12, decimal_places=2)
    method = models.CharField("Woher die Zahl kommt", max_length=10, choices=Method)
    note = models.CharField(
        "Wie gemessen",
        max_length=160,
        blank=True,
        help_text="Zum Beispiel „je vier Wochen vor und nach der Umstellung“.",
    )

    class Meta(PracticePart.Meta):
        verbose_name = "Wirkung"
        verbose_name_plural = "Wirkungen"

    def __str__(self) -> str:
        return self.label

    @property
    def before_text(self) -> str:
        return wording.quantity(self.before, self.unit)

    @property
    def after_text(self) -> str:
        return wording.quantity(self.after, self.unit)

    @property
    def before_share(self) -> int:
        """Length of the bar „vorher“ in percent of the longer of the two."""
        return wording.share(self.before, self.after)

    @property
    def after_share(self) -> int:
        """Length of the bar „nachher“ in percent of the longer of the two."""
        return wording.share(self.after, self.before)


class Step(PracticePart):
    """One first step for a reader who wants to do the same."""

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="steps")
    action = models.CharField("Was tun", max_length=120, help_text="Als Aufforderung: „Eine Maschine wählen.“")
    detail = models.CharField(
        "Näheres", max_length=400, blank=True, help_text="„Am besten eine, deren Einrichter mitmachen will.“"
    )
    who = models.CharField("Wer", max_length=80, blank=True, help_text="Die Aufgabe: „Schichtleitung“.")
    duration = models.CharField("Wie lange", max_length=60, blank=True, help_text="„1 Stunde“ oder „4 Wochen“.")
    needs = models.CharField("Was man braucht", max_length=120, blank=True, help_text="„ein Handy je Schicht“")

    class Meta(PracticePart.Meta):
        verbose_name = "Erster Schritt"
        verbose_name_plural = "Erste Schritte"

    def __str__(self) -> str:
        return self.action


class Prerequisite(PracticePart):
    """Something that must be there before a reader can do the same."""

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="prerequisites")
    text = models.CharField(
        "Voraussetzung",
        max_length=160,
        help_text="So, dass man es für den eigenen Betrieb abhaken kann: „WLAN in der Halle“.",
    )

    class Meta(PracticePart.Meta):
        verbose_name = "Voraussetzung"
        verbose_name_plural = "Voraussetzungen"

    def __str__(self) -> str:
        return self.text


class PracticePictureQuerySet(models.QuerySet):
    def shown(self, on: date | TruncDate | None = None) -> Self:
        """Pictures whose rights have not ended on the day `on` (today, if not given)."""
        return self.filter(image__in=Image.objects.shown(on))


class PracticePicture(PracticePart):
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="pictures")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="practice_pictures", verbose_name="Bild")
    caption = models.CharField("Bildunterschrift", max_length=200, blank=True)

    objects = PracticePictureQuerySet.as_manager()

    class Meta(PracticePart.Meta):
        verbose_name = "Bild im Beispiel"
        verbose_name_plural = "Bilder im Beispiel"

    def __str__(self) -> str:
        return self.caption


class PracticeDocument(PracticePart):
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="documents")
    document = models.ForeignKey(
        Document, on_delete=models.PROTECT, related_name="practice_documents", verbose_name="Dokument"
    )

    class Meta(PracticePart.Meta):
        verbose_name = "Dokument zum Beispiel"
        verbose_name_plural = "Dokumente zum Beispiel"

    def __str__(self) -> str:
        return f"Dokument {self.order}"


class Release(models.Model):
    """The company's yes to exactly one version of the text. A changed text needs a new one; none is ever edited."""

    class Channel(models.TextChoices):
        MAIL = "mail", "E-Mail"
        PHONE = "phone", "Telefon"
        LETTER = "letter", "Brief"
        VISIT = "visit", "Gespräch vor Ort"

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="releases", verbose_name="Beispiel")
    fingerprint = models.CharField("Fingerabdruck", max_length=64, editable=False)
    released_by = models.CharField(
        "Wer", max_length=120, help_text="Name und Aufgabe im Betrieb. Steht nur in der Verwaltung."
    )
    released_on = models.DateField("Wann")
    channel = models.CharField("Auf welchem Weg", max_length=10, choices=Channel)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    recorded_at = models.DateTimeField("Eingetragen am", auto_now_add=True)

    class Meta:
        verbose_name = "Freigabe"
        verbose_name_plural = "Freigaben"
        ordering = ["-released_on", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}, {self.released_on:%d.%m.%Y}"


class SuggestionQuerySet(models.QuerySet):
    def to_answer(self) -> Self:
        """Confirmed, and staff have not said yes or no."""
        return self.filter(state=Suggestion.State.RECEIVED)


class Suggestion(models.Model):
    """Somebody names an example worth telling; staff turn it into a draft or say why not.

    `state` is set by `practices.suggesting` alone. The address goes with `suggesting.forget_old`, and later the whole row.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Adresse nicht bestätigt"
        RECEIVED = "received", "Eingegangen"
        ACCEPTED = "accepted", "Wird aufgeschrieben"
        DECLINED = "declined", "Nicht aufgenommen"

    company = models.CharField("Betrieb", max_length=120)
    place = models.CharField("Ort", max_length=80)
    what = models.TextField("Was wurde gemacht?", max_length=2000)
    benefit = models.TextField("Was ist dadurch besser geworden?", max_length=2000)
    email = models.EmailField("E-Mail-Adresse", blank=True)
    state = models.CharField("Stand", max_length=10, choices=State, default=State.PENDING, editable=False)
    reason = models.TextField("Begründung", max_length=1000, blank=True, editable=False)
    practice = models.OneToOneField(
        Practice, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="suggestion"
    )
    token_version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField("Abgeschickt am", auto_now_add=True)
    confirmed_at = models.DateTimeField("Bestätigt am", null=True, blank=True, editable=False)
    answered_at = models.DateTimeField("Beantwortet am", null=True, blank=True, editable=False)

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        verbose_name = "Vorschlag"
        verbose_name_plural = "Vorschläge"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["pending", "received", "accepted", "declined"]), name="suggestion_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state="pending") | Q(confirmed_at__isnull=False), name="suggestion_is_confirmed_before_use"
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(reason=""), name="suggestion_is_declined_with_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company}, {self.place}"
