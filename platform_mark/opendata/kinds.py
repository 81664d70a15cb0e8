"""What the portal hands out: five kinds of rows, only published ones, and never a person.

A person is nowhere among the columns: no names of contacts, speakers or owners of agreements, no telephone (which may be
that of a person), no quotation. The mailboxes are role mailboxes, which organisations publish themselves.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from html import unescape
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, OuterRef, Prefetch, Q, QuerySet, Subquery, TextChoices
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.html import strip_tags

from actors import reading as register_reading
from actors.models import Activity, ActivityQuerySet, Actor
from actors.stages import Stage
from dialogues import reading as dialogue_reading
from dialogues.formats.models import Format
from dialogues.models import Dialogue, DialogueQuerySet, Host, Outcome
from platform_mark.taxonomy.models import Branch, CompanySize, TargetGroup
from practices import reading as practice_reading
from practices.models import Effect, Practice, PracticeQuerySet

from .columns import (
    ADDRESS,
    DAY,
    FLAG,
    FLAG_OR_UNKNOWN,
    INSTANT,
    KEY,
    LINK,
    MAILBOX,
    NUMBER,
    TERMS,
    TEXT,
    TEXTS,
    TITLE,
    WHOLE,
    Column,
    Type,
    rows,
    several,
    word,
)

_ITEM = re.compile(r"<li\b[^>]*>")
_BREAK = re.compile(r"<(?:br|/?(?:p|ul|ol|h[1-6]|blockquote))\b[^>]*>")


class Origin(TextChoices):
    """Who tells an example."""

    OWN = "own", "eigen"
    EXTERNAL = "external", "extern"


class Assurer(TextChoices):
    """Who said that an entry is still true."""

    ORGANISATION = "organisation", "Organisation"
    AGENCY = "agency", "Regionalagentur"


@dataclass(frozen=True)
class Kind:
    """One kind of rows: what it is called, which rows everybody may have, and what is said of each."""

    word: str
    title: str
    description: str
    columns: Sequence[Column]
    public: Callable[[], Any]
    #: Rows with all that the columns read, in as many queries however many there are.
    filled: Callable[[Any], Iterable[Any]]
    #: Instants of a row after which it may look different, or be there.
    moments: Sequence[str]
    keywords: Sequence[str]
    #: Themes of the European vocabulary of data.
    themes: Sequence[str] = ("ECON",)

    @cached_property
    def widths(self) -> list[int]:
        """The widths of the columns of a table."""
        return [column.width for column in self.columns]

    def latest_change(self) -> datetime | None:
        """When public rows of this kind last changed or came; None where there are none.

        Of what is hidden nothing is told, not even when it was worked on; so nor is when something went.
        """
        now = timezone.now()
        latest = self.public().aggregate(
            **{f"latest_{name}": Max(name, filter=Q(**{f"{name}__lte": now})) for name in self.moments}
        )
        return max(filter(None, latest.values()), default=None)

    def changed_at(self) -> datetime:
        """The same for caches: at the latest this midnight, since some of what rows say follows the calendar."""
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        return max(midnight, self.latest_change() or midnight)


def _column(name: str, heading: str, type_: Type, of: str | Callable[[Any], Any], width: int = 24) -> Column:
    """A column whose value is an attribute, or what a function says of the row."""
    if isinstance(of, str):
        attribute = of
        return Column(name, heading, type_, lambda row: getattr(row, attribute), width)
    return Column(name, heading, type_, of, width)


def _plain(name: str) -> Callable[[Any], str]:
    """Rich text without its marks: a line for each paragraph and each item of a list."""

    def text(row: Any) -> str:
        lines = _BREAK.sub("\n", _ITEM.sub("\n– ", getattr(row, name)))
        return "\n".join(filter(None, (" ".join(line.split()) for line in unescape(strip_tags(lines)).splitlines())))

    return text


def _all(name: str) -> Callable[[Any], list[Any]]:
    return lambda row: list(getattr(row, name).all())


def _address(row: Any) -> str:
    return f"{settings.BASE_URL}{row.get_absolute_url()}"


def _open(name: str) -> Callable[[Any], Any]:
    """What would give away a company that wants no name is not told."""
    return lambda row: None if row.is_anonymous else getattr(row, name)


_HEAD = (
    _column("id", "Kennzeichen", KEY, "pk", 12),
    _column("adresse", "Adresse im Portal", ADDRESS, _address, 44),
)
_PUBLICATION = (
    _column("veroeffentlicht_am", "Veröffentlicht am", INSTANT, "published_at", 18),
    _column("geaendert_am", "Geändert am", INSTANT, "updated_at", 18),
)

# ---------------------------------------------------------------- examples

_EFFECTS = rows(
    _column("was", "Was", TITLE, "label"),
    _column("einheit", "Einheit", TEXT, "unit"),
    _column("vorher", "Vorher", NUMBER, "before"),
    _column("nachher", "Nachher", NUMBER, "after"),
    _column("woher", "Woher die Zahl kommt", word(Effect.Method), "method"),
    _column("wie", "Wie gemessen", TEXT, "note"),
)
_STEPS = rows(
    _column("was", "Was tun", TITLE, "action"),
    _column("naeheres", "Näheres", TEXT, "detail"),
    _column("wer", "Wer", TEXT, "who"),
    _column("dauer", "Wie lange", TEXT, "duration"),
    _column("braucht", "Was man braucht", TEXT, "needs"),
)


def _filled_practices(practices: PracticeQuerySet) -> Iterable[Practice]:
    return map(practice_reading.fill, practice_reading.with_parts(practices))


PRACTICES = Kind(
    word="beispiele",
    title="Gute Beispiele der Digitalisierung",
    description=(
        "Was Betriebe der Märkischen Region gemacht haben, was es gekostet und gebracht hat, und was andere als Erstes "
        "tun können."
    ),
    keywords=("Digitalisierung", "Mittelstand", "gute Beispiele", "Betriebe"),
    themes=("ECON", "TECH"),
    public=Practice.objects.published,
    filled=_filled_practices,
    moments=("updated_at", "published_at"),
    columns=(
        *_HEAD,
        _column("titel", "Titel", TITLE, "title", 44),
        _column("kurztext", "In einem Satz", TEXT, "teaser", 50),
        _column("art", "Art", word(Origin), "kind", 10),
        _column("betrieb", "Betrieb", TEXT, _open("company"), 30),
        _column("ist_ohne_namen", "Ohne Namensnennung", FLAG, "is_anonymous", 12),
        _column("ist_beispielfirma", "Beispielfirma (erfunden)", FLAG, "is_fictitious", 12),
        _column("branchen", "Branchen", TERMS, _all("branches"), 32),
        _column("themen", "Themen", TERMS, _all("topics"), 32),
        _column("groesse", "Größe", word(CompanySize), "size", 12),
        _column("beschaeftigte", "Beschäftigte", WHOLE, "shown_employees", 12),
        _column("ort", "Ort", TEXT, "location", 20),
        _column("jahr", "Jahr", WHOLE, "year", 8),
        _column("zielgruppen", "Für wen", several(TargetGroup), "target_groups", 28),
        _column("technik", "Technik", TEXTS, "technologies", 28),
        _column("kennzahl", "Kennzahl", TEXT, "figure_value", 14),
        _column("kennzahl_misst", "Was die Kennzahl misst", TEXT, "figure_label", 24),
        _column("ausgangslage", "Ausgangslage", TEXT, _plain("starting_point"), 50),
        _column("ziel", "Ziel", TEXT, _plain("goal"), 50),
        _column("vorgehen", "Vorgehen", TEXT, _plain("solution"), 50),
        _column("ergebnis", "Ergebnis", TEXT, _plain("result"), 50),
        _column("was_schiefging", "Was schiefging", TEXT, _plain("failures"), 50),
        _column("gelernt", "Was der Betrieb gelernt hat", TEXT, _plain("lessons"), 50),
        _column("rat", "Rat an andere", TEXT, _plain("advice"), 50),
        _column("beteiligte", "Wer beteiligt war", TEXT, "people_involved", 30),
        _column("sorgen", "Sorgen und was geholfen hat", TEXT, "worries", 40),
        _column("kosten_von", "Kosten ab (Euro)", WHOLE, "investment_from", 12),
        _column("kosten_bis", "Kosten bis (Euro)", WHOLE, "investment_to", 12),
        _column("laufend_von", "Laufend ab (Euro im Jahr)", WHOLE, "running_cost_from", 12),
        _column("laufend_bis", "Laufend bis (Euro im Jahr)", WHOLE, "running_cost_to", 12),
        _column("personentage", "Eigener Aufwand (Personentage)", NUMBER, "person_days", 12),
        _column("dauer_wochen", "Dauer (Wochen)", WHOLE, "duration_weeks", 12),
        _column("monate_bis_nutzen", "Erster Nutzen nach (Monaten)", NUMBER, "months_to_benefit", 12),
        _column("foerderung_genutzt", "Förderung genutzt", FLAG_OR_UNKNOWN, "funding_used", 12),
        _column("foerderprogramm", "Förderprogramm", TEXT, "funding_programme", 24),
        _column("ohne_neue_software", "Geht ohne neue Software", FLAG_OR_UNKNOWN, "without_new_software", 12),
        _column("ohne_it_abteilung", "Geht ohne IT-Abteilung", FLAG_OR_UNKNOWN, "without_it_department", 12),
        _column("wirkungen", "Wirkungen", _EFFECTS, _all("effects"), 50),
        _column("voraussetzungen", "Voraussetzungen", TEXTS, lambda row: [p.text for p in row.prerequisites.all()], 40),
        _column("erste_schritte", "Erste Schritte", _STEPS, _all("steps"), 50),
        _column("quelle", "Quelle", LINK, _open("source_url"), 36),
        _column("stand", "Stand", DAY, "as_of", 12),
        *_PUBLICATION,
    ),
)

# ---------------------------------------------------------------- dialogues

_AGENDA = rows(
    _column("uhrzeit", "Uhrzeit", TEXT, lambda item: f"{item.starts_at:%H:%M}" if item.starts_at else None),
    _column("was", "Was", TITLE, "title"),
    _column("naeheres", "Näheres", TEXT, "detail"),
)
_OUTCOMES = rows(
    _column("art", "Art", word(Outcome.Kind), "kind"),
    _column("text", "Was", TITLE, "text"),
)


def _filled_dialogues(dialogues: DialogueQuerySet) -> Iterable[Dialogue]:
    shown = Prefetch("practices", queryset=Practice.objects.published().only("slug").order_by("pk"))
    return map(dialogue_reading.fill, dialogue_reading.with_page(dialogues).prefetch_related(shown))


def _hosts(role: Host.Role) -> Callable[[Dialogue], list[str]]:
    def names(dialogue: Dialogue) -> list[str]:
        found = dialogue_reading.hosts_of(dialogue, role)
        return [host.shown_name for host in found if not host.actor or host.actor.state in ("approved", "former")]

    return names


def _of_report(name: str) -> Callable[[Dialogue], Any]:
    return lambda dialogue: getattr(dialogue.public_report, name, None)


DIALOGUES = Kind(
    word="dialoge",
    title="Branchendialoge",
    description="Wann und wo Betriebe der Märkischen Region zeigen, was sie gemacht haben, und was dabei herauskam.",
    keywords=("Veranstaltungen", "Digitalisierung", "Branchendialog", "Betriebe"),
    themes=("ECON", "EDUC"),
    public=Dialogue.objects.published,
    filled=_filled_dialogues,
    moments=("updated_at", "published_at", "ends_at", "report__published_at"),
    columns=(
        *_HEAD,
        _column("titel", "Titel", TITLE, "title", 44),
        _column("kurztext", "In einem Satz", TEXT, "teaser", 50),
        _column("beschreibung", "Worum es geht", TEXT, _plain("description"), 50),
        _column("fuer_wen", "Für wen", TEXT, "for_whom", 36),
        _column("zielgruppen", "Zielgruppen", several(TargetGroup), "target_groups", 28),
        _column("branchen", "Branchen", TERMS, _all("branches"), 32),
        _column("reihe", "Reihe", TEXT, lambda row: row.series.name if row.series else None, 24),
        _column("form", "Form", word(Dialogue.Form), "form", 14),
        _column("beginn", "Beginn", INSTANT, "starts_at", 18),
        _column("ende", "Ende", INSTANT, "ends_at", 18),
        _column("urspruenglicher_beginn", "Ursprünglicher Beginn", INSTANT, "moved_from", 18),
        _column("ist_abgesagt", "Abgesagt", FLAG, "is_cancelled", 10),
        _column("grund_der_absage", "Grund der Absage", TEXT, "cancel_reason", 30),
        _column("veranstaltungsort", "Veranstaltungsort", TEXT, "venue", 30),
        _column("strasse", "Straße und Hausnummer", TEXT, "street", 26),
        _column("postleitzahl", "Postleitzahl", TEXT, "postal_code", 12),
        _column("ort", "Ort", TEXT, "town", 20),
        _column("anfahrt", "Anfahrt und Eingang", TEXT, "directions", 36),
        _column("barrierefreiheit", "Barrierefreiheit", TEXT, "accessibility", 36),
        _column("funktionspostfach", "Funktionspostfach", MAILBOX, "contact_email", 30),
        _column("anmeldung_ab", "Anmeldung ab", INSTANT, "signup_opens_at", 18),
        _column("anmeldung_bis", "Anmeldung bis", INSTANT, "signup_ends_at", 18),
        _column("nur_mit_einladung", "Nur mit Einladung", FLAG, "is_by_invitation", 10),
        _column("veranstalter", "Veranstalter", TEXTS, _hosts(Host.Role.HOST), 30),
        _column("partner", "Partner", TEXTS, _hosts(Host.Role.PARTNER), 30),
        _column("programm", "Programm", _AGENDA, _all("agenda"), 50),
        _column("beispiele", "Gezeigte Beispiele", TEXTS, lambda row: [_address(p) for p in row.practices.all()], 40),
        _column(
            "bericht", "Nachbericht", TEXT, lambda row: row.public_report and _plain("summary")(row.public_report), 50
        ),
        _column("teilnehmende", "Teilnehmende", WHOLE, _of_report("participants"), 12),
        _column("betriebe", "Betriebe", WHOLE, _of_report("companies"), 12),
        _column(
            "ergebnisse",
            "Ergebnisse",
            _OUTCOMES,
            lambda row: list(row.outcomes.all()) if row.public_report else [],
            50,
        ),
        _column("ist_beispieldialog", "Beispieldialog (erfunden)", FLAG, "is_fictitious", 12),
        _column("quelle", "Quelle", LINK, "source_url", 36),
        *_PUBLICATION,
    ),
)


# ---------------------------------------------------------------- the register


def _terms(name: str) -> Callable[[Activity], list[Any]]:
    return lambda activity: getattr(register_reading.terms_of(activity), name)


def _assurer(activity: Activity) -> str | None:
    if activity.confirmed_at is None:
        return None
    return Assurer.AGENCY if activity.confirmed_by_staff else Assurer.ORGANISATION


def _filled_activities(activities: ActivityQuerySet) -> Iterable[Activity]:
    return register_reading.with_terms(activities.select_related("actor"))


ACTIVITIES = Kind(
    word="aktivitaeten",
    title="Aktivitäten zur Digitalisierung",
    description="Wer in der Märkischen Region was für welche Betriebe anbietet: Beratung, Qualifizierung, Förderung und mehr.",
    keywords=("Digitalisierung", "Beratung", "Qualifizierung", "Förderung", "Register"),
    themes=("ECON", "EDUC"),
    public=Activity.objects.public,
    filled=_filled_activities,
    moments=("updated_at", "published_at", "confirmed_at", "changed_at", "actor__updated_at"),
    columns=(
        *_HEAD,
        _column("titel", "Titel", TITLE, "title", 44),
        _column("akteur", "Akteur", TITLE, lambda row: row.actor.name, 32),
        _column("akteur_id", "Kennzeichen des Akteurs", KEY, "actor_id", 12),
        _column("akteur_adresse", "Adresse des Akteurs im Portal", ADDRESS, lambda row: _address(row.actor), 40),
        _column("ist_beispielakteur", "Beispielakteur (erfunden)", FLAG, lambda row: row.actor.is_fictitious, 12),
        _column("kurztext", "In einem Satz", TEXT, "summary", 50),
        _column("beschreibung", "Was genau", TEXT, "description", 50),
        _column("art", "Art", word(Activity.Kind), "kind", 18),
        _column("zielgruppen", "Für wen", several(TargetGroup), "target_groups", 28),
        # Empty means for all of them, as the register says it.
        _column("branchen", "Branchen (leer: alle)", TERMS, _terms("branches"), 32),
        _column("groessen", "Betriebsgrößen (leer: alle)", several(CompanySize), "sizes", 24),
        _column("phasen", "Phase", several(Activity.Phase), "phases", 24),
        _column("themen", "Themen", TERMS, _terms("topics"), 32),
        _column("kreise", "Kreise", TERMS, _terms("districts"), 28),
        _column("orte", "Städte und Gemeinden", TERMS, _terms("municipalities"), 28),
        _column("anderes_gebiet", "Anderes Gebiet", TEXT, "area", 24),
        _column("kosten", "Kosten", word(Activity.Cost), "cost", 16),
        _column("kosten_genauer", "Kosten genauer", TEXT, "cost_note", 28),
        _column("sprache", "Sprache", TEXT, "language", 14),
        _column("zugang", "So kommt man daran", TEXT, "access", 36),
        _column("funktionspostfach", "Funktionspostfach", MAILBOX, "shown_email", 30),
        _column("internet", "Mehr im Internet", LINK, "url", 36),
        _column("gilt_ab", "Ab", DAY, "valid_from", 12),
        _column("gilt_bis", "Bis", DAY, "valid_until", 12),
        _column("stand", "Stand", word(Stage), lambda row: row.stage(), 18),
        _column("bestaetigt_am", "Zuletzt bestätigt am", INSTANT, "confirmed_at", 18),
        _column("bestaetigt_von", "Bestätigt von", word(Assurer), _assurer, 18),
        _column("quelle", "Quelle", LINK, "source_url", 36),
        _column("veroeffentlicht_am", "Veröffentlicht am", INSTANT, "published_at", 18),
        _column("geaendert_am", "Geändert am", INSTANT, "changed_at", 18),
    ),
)


def _filled_actors(actors: QuerySet) -> Iterable[Actor]:
    entries = Activity.objects.public().filter(actor=OuterRef("pk")).order_by().values("actor")
    number = Coalesce(Subquery(entries.annotate(number=Count("pk")).values("number")), 0)
    return actors.select_related("municipality").prefetch_related("municipalities").annotate(entries=number)


ACTORS = Kind(
    word="akteure",
    title="Akteure der Digitalisierung",
    description="Kammern, Hochschulen, Gewerkschaften, Verbände und andere Organisationen, die Betrieben der Region helfen.",
    keywords=("Digitalisierung", "Organisationen", "Register", "Wirtschaftsförderung"),
    themes=("ECON", "GOVE"),
    public=Actor.objects.running,
    filled=_filled_actors,
    moments=("updated_at", "approved_at"),
    columns=(
        *_HEAD,
        _column("name", "Name", TITLE, "name", 40),
        _column("art", "Art", word(Actor.Kind), "kind", 28),
        _column("kurztext", "In einem Satz", TEXT, "summary", 50),
        _column("beschreibung", "Mehr dazu", TEXT, "description", 50),
        _column("internet", "Internetseite", LINK, "website", 36),
        _column("sitz", "Sitz", TEXT, lambda row: row.municipality.name if row.municipality else row.place, 24),
        # Empty means in the whole region.
        _column("orte", "Tätig in (leer: ganze Region)", TERMS, _all("municipalities"), 32),
        _column("funktionspostfach", "Funktionspostfach", MAILBOX, "contact_email", 30),
        _column("aktivitaeten", "Aktivitäten", WHOLE, "entries", 12),
        _column("ist_beispielakteur", "Beispielakteur (erfunden)", FLAG, "is_fictitious", 12),
        _column("quelle", "Quelle", LINK, "source_url", 36),
        _column("geaendert_am", "Geändert am", INSTANT, "updated_at", 18),
    ),
)

# ---------------------------------------------------------------- formats

_FORMAT_STEPS = rows(
    _column("was", "Was tun", TITLE, "action"),
    _column("naeheres", "Näheres", TEXT, "detail"),
    _column("minuten", "Minuten", WHOLE, "minutes"),
)


def _filled_formats(formats: QuerySet) -> Iterable[Format]:
    return formats.prefetch_related(
        Prefetch("branches", queryset=Branch.objects.current()),
        "steps",
        Prefetch("offered_by", queryset=Actor.objects.running().only("name")),
    )


FORMATS = Kind(
    word="formate",
    title="Formate zum Mitmachen",
    description="Womit man Auszubildende, Beschäftigte und Führungskräfte für Veränderungen gewinnt, Schritt für Schritt.",
    keywords=("Digitalisierung", "Qualifizierung", "Beteiligung", "Methoden"),
    themes=("EDUC", "ECON"),
    public=Format.objects.published,
    filled=_filled_formats,
    moments=("updated_at", "published_at"),
    columns=(
        *_HEAD,
        _column("titel", "Titel", TITLE, "title", 44),
        _column("kurztext", "In einem Satz", TEXT, "teaser", 50),
        _column("zielgruppen", "Für wen", several(TargetGroup), "target_groups", 28),
        _column("ziel", "Ziel", word(Format.Goal), "goal", 16),
        _column("danach", "Was danach anders ist", TEXT, _plain("goal_text"), 50),
        _column("ort", "Ort", word(Format.Place), "place", 20),
        _column("branchen", "Branchen (leer: alle)", TERMS, _all("branches"), 32),
        _column("dauer_minuten", "Dauer (Minuten)", WHOLE, "duration_minutes", 12),
        _column("dauer_genauer", "Dauer genauer", TEXT, "duration_note", 28),
        _column("gruppe_ab", "Gruppe ab", WHOLE, "group_from", 10),
        _column("gruppe_bis", "Gruppe bis", WHOLE, "group_to", 10),
        _column("vorbereitung_minuten", "Vorbereitung (Minuten)", WHOLE, "preparation_minutes", 12),
        _column("kosten_bis", "Kosten bis (Euro)", WHOLE, "cost_to", 12),
        _column("kosten_genauer", "Kosten genauer", TEXT, "cost_note", 28),
        _column("material", "Material", TEXTS, "material", 32),
        _column("schritte", "Schritte", _FORMAT_STEPS, _all("steps"), 50),
        _column("was_leicht_schiefgeht", "Was leicht schiefgeht", TEXT, _plain("pitfalls"), 50),
        _column("beteiligte", "Wer dabei sein muss", TEXT, "people_involved", 30),
        _column("sorgen", "Welche Sorgen kommen, und was hilft", TEXT, "worries", 40),
        _column("angeboten_von", "Wer das anbietet", TEXTS, lambda row: [a.name for a in row.offered_by.all()], 36),
        *_PUBLICATION,
    ),
)

KINDS: Mapping[str, Kind] = {kind.word: kind for kind in (PRACTICES, DIALOGUES, ACTIVITIES, ACTORS, FORMATS)}
