"""Valid, visible objects by default, so that a test names only what matters to it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from itertools import count
from typing import Any

from django.utils import timezone
from PIL import Image as Pixels

from dialogues.formats.models import Format
from platform_mark.accounts.models import User
from platform_mark.accounts.roles import load_roles
from platform_mark.media.documents import store_document
from platform_mark.media.images import store_image
from platform_mark.media.models import Document, Image
from platform_mark.pages.legal_texts import load_legal_texts
from platform_mark.pages.self_check import load_check_questions
from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.models import (
    Branch,
    Candidate,
    CompanySize,
    Criterion,
    District,
    Evidence,
    Municipality,
    Score,
    Selection,
    Specialisation,
    TargetGroup,
    Topic,
)
from platform_mark.taxonomy.reference import load_reference
from practices.models import Effect, Practice, PracticePicture, Prerequisite, Step
from tests.dialogues.formats.make import make_format
from tests.dialogues.make import Dialogues, fill_dialogues

_numbers = count(1)

DAY = timedelta(days=1)


def days_ago(days: int) -> datetime:
    """The same time of day by the clock in Germany: rules that count days count its calendar, across summer time, too."""
    return timezone.localtime() - days * DAY


def make_branch(name: str = "", **fields: Any) -> Branch:
    name = name or f"Branche {next(_numbers)}"
    return Branch.objects.create(**{"name": name, "slug": german_slug(name), **fields})


def make_topic(name: str = "", **fields: Any) -> Topic:
    name = name or f"Thema {next(_numbers)}"
    return Topic.objects.create(**{"name": name, "slug": german_slug(name), **fields})


def make_municipality(name: str = "Altena", **fields: Any) -> Municipality:
    district, _ = District.objects.get_or_create(
        key="05962", defaults={"name": "Märkischer Kreis", "slug": "maerkischer-kreis"}
    )
    values = {"ags": f"{next(_numbers):08}", "name": name, "slug": german_slug(name), "district": district}
    return Municipality.objects.create(**values | fields)


def make_practice(
    title: str = "", *, branches: tuple[Branch, ...] = (), topics: tuple[Topic, ...] = (), **fields: Any
) -> Practice:
    """A published own example."""
    title = title or f"Beispiel {next(_numbers)}"
    values = {
        "title": title,
        "slug": german_slug(title),
        "teaser": "Wer rüstet, sieht sofort, welche Einstellung gepasst hat.",
        "company": "Federnwerk & Söhne",
        "state": State.PUBLISHED,
        "published_at": timezone.now(),
    }
    practice = Practice.objects.create(**values | fields)
    practice.branches.set(branches)
    practice.topics.set(topics)
    index.put(practice)
    return practice


def make_external(title: str = "", **fields: Any) -> Practice:
    """A published example that retells what somebody else has published."""
    source = f"https://www.quelle.example/berichte/{next(_numbers)}?seite=1&teil=2"
    return make_practice(title, **{"kind": Practice.Kind.EXTERNAL, "source_url": source} | fields)


def add_parts(practice: Practice, number: int) -> None:
    """Give an example as many effects, steps, prerequisites and pictures."""
    for n in range(number):
        Effect.objects.create(
            practice=practice,
            order=n,
            label=f"Rüstzeit je Auftrag {n}",
            unit="min",
            before=Decimal(52 + n),
            after=Decimal(32 + n),
            method=list(Effect.Method)[n % 3],
            note="je vier Wochen vor und nach der Umstellung",
        )
        Step.objects.create(
            practice=practice,
            order=n,
            action=f"Eine Maschine wählen, die oft umgerüstet wird ({n}).",
            detail="Am besten eine, deren Einrichter mitmachen will.",
            who="Schichtleitung",
            duration="1 Stunde",
            needs="eine Liste der Aufträge",
        )
        Prerequisite.objects.create(practice=practice, order=n, text=f"WLAN in der Halle {n}")
        PracticePicture.objects.create(practice=practice, order=n, image=make_image(), caption=f"Die Karte {n}")


def make_image(**fields: Any) -> Image:
    """A picture stored the way staff store one."""
    number = next(_numbers)
    file = BytesIO()
    Pixels.new("RGB", (600, 300), (11, 86, 80 + number % 100)).save(file, "PNG")
    file.seek(0)
    words = {"alt": f"Einrichterin scannt die Karte {number}.", "credit": "Foto: Federnwerk Lennetal"}
    return store_image(file, **words | fields)


def make_document(title: str = "Vorlage Einrichtekarte") -> Document:
    """A document with its file."""
    return store_document(b"%PDF-1.7\n%%EOF\n", title=title, name="vorlage.pdf")


def make_user(email: str = "", **fields: Any) -> User:
    return User.objects.create_user(email or f"person{next(_numbers)}@portal.test", **fields)


SOURCE = {"source_name": "Statistik der Region", "source_url": "https://statistik.example/metall"}


def make_evidence(branch: Branch, **fields: object) -> Evidence:
    values = {"indicator": "Betriebe", "value": Decimal("1870"), "year": 2025, "is_public": True, **SOURCE}
    return Evidence.objects.create(branch=branch, **values | fields)


def make_specialisation(branch: Branch, **fields: object) -> Specialisation:
    values = {
        "year": 2025,
        "branch_in_region": 60_000,
        "all_in_region": 360_000,
        "branch_in_land": 350_000,
        "all_in_land": 7_000_000,
        "is_public": True,
        **SOURCE,
    }
    return Specialisation.objects.create(branch=branch, **values | fields)


def make_selection(*branches: Branch, chosen: int = 1, **fields: object) -> Selection:
    values = {
        "name": "Auswahl 2026",
        "decided_on": timezone.localdate() - timedelta(days=3),
        "decided_by": "Lenkungskreis",
        "is_public": True,
    }
    selection = Selection.objects.create(**values | fields)
    criteria = [
        Criterion.objects.create(selection=selection, name=name, weight=weight, order=weight)
        for name, weight in (("Bereitschaft", 1), ("Beschäftigte", 3))
    ]
    for number, branch in enumerate(branches):
        candidate = Candidate.objects.create(
            selection=selection,
            branch=branch,
            is_selected=number < chosen,
            reason="" if number < chosen else "Zu wenige Betriebe, die etwas zeigen wollen.",
        )
        for criterion in criteria:
            Score.objects.create(candidate=candidate, criterion=criterion, points=5 - 2 * number)
    return selection


FORMAT_TITLE = "Azubis suchen Zettelwirtschaft"
LONG_WORD = "Kraftfahrzeugzulieferunternehmensnachfolgeberatungsgesellschaft"


@dataclass(frozen=True)
class Site:
    """What `fill_site` made, by what is special about it."""

    rich: Practice
    bare: Practice
    external: Practice
    anonymous: Practice
    fictitious: Practice
    long_words: Practice
    plain: list[Practice]
    hidden: list[Practice]
    metal: Branch
    plastics: Branch
    empty: Branch
    merged: Branch
    format: Format
    format_draft: Format
    dialogues: Dialogues


def make_rich_practice(title: str = "Einrichtekarte am Tablet statt Zettel an der Maschine", **fields: Any) -> Practice:
    """An own example with every field filled in."""
    text = "<p>Rüsten dauerte im Schnitt <strong>52 Minuten</strong>.</p><ul><li>Zettel</li><li>Zuruf</li></ul>"
    values = {
        "figure_value": "−38 %",
        "figure_label": "Rüstzeit",
        "employees": 84,
        "year": 2024,
        "target_groups": list(TargetGroup),
        "technologies": ["Tablets", "Formular-App"],
        "starting_point": text,
        "goal": "<p>Jede Schicht rüstet <em>gleich schnell</em>.</p>",
        "solution": "<p>Erst eine Maschine, dann zwölf.</p>",
        "result": "<p>Die Karte hängt an jeder Maschine.</p>",
        "failures": "<p>Die erste Karte hatte 43 Felder.</p>",
        "lessons": "<p>Weniger Felder sind mehr.</p>",
        "advice": "<p>Fangen Sie mit einer Maschine an.</p>",
        "people_involved": "Betriebsrat, Auszubildende und Schichtleitung",
        "worries": "Wer schaut mir auf die Finger? Die Karte nennt keine Namen.",
        "investment_from": 20_000,
        "investment_to": 25_000,
        "running_cost_from": 600,
        "running_cost_to": 600,
        "person_days": Decimal("34.5"),
        "duration_weeks": 20,
        "months_to_benefit": Decimal("2.5"),
        "funding_used": True,
        "funding_programme": "MID-Digitalisierung",
        "without_new_software": False,
        "without_it_department": True,
        "quote_text": "Ich rüste ohne Suchen.",
        "quote_role": "Einrichterin",
        "as_of": date(2026, 9, 1),
    }
    return make_practice(title, **values | fields)


def fill_site() -> Site:
    """A filled portal: reference data, roles, legal texts, and at least one example of every kind."""
    load_reference()
    load_roles()
    load_legal_texts()
    load_check_questions()
    metal, plastics, *others = Branch.objects.current()[:6]
    now = timezone.now()
    hagen = Municipality.objects.get(name__startswith="Hagen")
    altena = Municipality.objects.get(name="Altena")
    topic = Topic.objects.first()
    plain = [
        make_practice(
            f"Plantafel für {number} Drehmaschinen",
            branches=(metal, others[number % len(others)]),
            size_band=list(CompanySize)[number % 4],
            municipality=hagen,
            published_at=now - number * DAY,
        )
        for number in range(10)
    ]
    rich = make_rich_practice(branches=(metal, plastics), topics=(topic,), municipality=altena)
    add_parts(rich, 3)
    merged = make_branch("Drahtzieherei", merged_into=metal)
    make_evidence(metal, unit="Betriebe", compared_value=Decimal("900"), compared_area="Ruhrgebiet", note="Viele.")
    make_specialisation(metal)
    make_specialisation(plastics, branch_in_region=18_000)
    make_selection(metal, plastics)
    hidden = [
        make_practice("Noch ein Entwurf", state=State.DRAFT, published_at=None, branches=(metal,)),
        make_practice("Wird gerade geprüft", state=State.REVIEW, published_at=None, branches=(metal,)),
        make_practice("Kommt erst morgen", published_at=now + DAY, branches=(metal,)),
        make_practice("War bis gestern", published_at=now - 9 * DAY, expires_at=now - DAY, branches=(metal,)),
        make_practice("Liegt im Archiv", state=State.ARCHIVED, published_at=now - 9 * DAY, branches=(metal,)),
    ]
    return Site(
        rich=rich,
        bare=make_practice("Schichtübergabe auf einer Seite", company="Druckguss Verseaue"),
        external=make_external("Angebote aus alten Aufträgen", branches=(plastics,), size_band=CompanySize.SMALL),
        anonymous=make_practice(
            "Werkzeug warten nach Hubzahl",
            is_anonymous=True,
            company="Stanzerei Geheimhaltung",
            municipality=Municipality.objects.get(name="Hemer"),
            branches=(metal,),
            employees=38,
        ),
        fictitious=make_practice("Stromfresser finden", is_fictitious=True, branches=(plastics,), employees=4),
        long_words=make_rich_practice(
            f"{LONG_WORD} mit {LONG_WORD[:40]}",
            teaser=f"{LONG_WORD} und {LONG_WORD.lower()} in einem Satz.",
            company=LONG_WORD,
            figure_value="1.234.567,89 €",
            figure_label=LONG_WORD[:50],
            branches=(metal,),
            quote_role=LONG_WORD,
            technologies=[LONG_WORD[:60]],
        ),
        plain=plain,
        hidden=hidden,
        metal=metal,
        plastics=plastics,
        empty=Branch.objects.current().get(practices=None, order=17),
        merged=merged,
        format=make_format(FORMAT_TITLE, branches=(metal,), pitfalls="<p>Alle auf einmal.</p>", material=["Stift"]),
        format_draft=make_format("Noch keine Karte", state=State.DRAFT, published_at=None),
        dialogues=fill_dialogues(plastics, rich, altena, LONG_WORD),
    )
