"""Invented objects for the living guide to the look. None of them is ever stored."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.paginator import Paginator

from platform_mark.search.asking import Chip
from platform_mark.search.facets import Facet, Option
from platform_mark.taxonomy.models import Branch, CompanySize, Municipality, Topic
from practices.models import Effect, Practice, Step

from .overview import BranchRow


class SampleForm(forms.Form):
    """One field of each kind, filled in wrongly."""

    company = forms.CharField(label="Firma")
    email = forms.EmailField(
        label="E-Mail-Adresse",
        help_text="Dorthin schicken wir den Link zur Bestätigung.",
        error_messages={"invalid": "In der Adresse fehlt das @-Zeichen. Beispiel: name@firma.de"},
    )
    persons = forms.IntegerField(
        label="Anzahl Personen",
        max_value=4,
        help_text="Höchstens 4 je Betrieb.",
        error_messages={"max_value": "Es sind höchstens 4 Personen möglich. Für mehr rufen Sie uns bitte an."},
    )
    branch = forms.ChoiceField(
        label="Branche",
        choices=[("", "Bitte wählen"), ("metall", "Metall und Draht")],
        error_messages={"required": "Wählen Sie Ihre Branche aus."},
    )
    size = forms.ChoiceField(
        label="Größe Ihres Betriebs",
        choices=[(size.slug, f"{size.headcount} Beschäftigte") for size in CompanySize],
        widget=forms.RadioSelect,
        required=False,
    )
    note = forms.CharField(
        label="Was brauchen Sie, damit Sie gut dabei sein können?",
        help_text="Zum Beispiel: Rollstuhl, Gebärdensprache, vegan.",
        widget=forms.Textarea,
        required=False,
    )
    consent = forms.BooleanField(
        label="Sie dürfen meine Angaben für diesen Dialog speichern.",
        error_messages={"required": "Ohne Ihre Zustimmung dürfen wir die Anmeldung nicht speichern."},
    )


def context() -> dict[str, Any]:
    """Everything that the page of components shows."""
    metal = Branch(name="Metall und Draht", slug="metall-und-draht", synonyms=["Metallbau", "Schlosserei"])
    plastics = Branch(name="Kunststoff und Gummi", slug="kunststoff-und-gummi")
    form = SampleForm({"company": "Muster Drehteile", "email": "info.muster-drehteile.de", "persons": "6"})
    paginator = Paginator(range(120), 12)
    return {
        "own": _practice(
            "Einrichtekarte am Tablet statt Zettel an der Maschine",
            CompanySize.MEDIUM,
            teaser="Wer rüstet, sieht sofort, welche Einstellung beim letzten Mal funktioniert hat.",
            company="Federnwerk Lennetal",
            is_fictitious=True,
            municipality=Municipality(name="Altena"),
            figure_value="−38\N{NO-BREAK SPACE}%",
            figure_label="Rüstzeit",
            employees=84,
            investment_from=20_000,
            investment_to=25_000,
            duration_weeks=20,
            technologies=["Tablets", "Formular-App"],
        ),
        "without_figure": _practice(
            "Stundenzettel sprechen statt schreiben",
            CompanySize.MICRO,
            teaser="Die Monteure diktieren am Wagen. Die Rechnung geht am selben Abend raus.",
            company="Elektro Ennepebogen",
            is_fictitious=True,
            municipality=Municipality(name="Gevelsberg"),
            employees=6,
        ),
        "external": _practice(
            "Roboter schleift Heckflügel aus Carbon",
            None,
            kind=Practice.Kind.EXTERNAL,
            teaser="Ein Zulieferer lässt einen Roboter schleifen, der jede Fläche vorher abtastet.",
            company="Muster Leichtbau",
            is_fictitious=True,
            place="Außerhalb",
            source_url="https://www.zeitschrift.example/bericht",
        ),
        "branches": [metal],
        "topics": [Topic(name="Rüsten und Fertigung")],
        "rows": [
            BranchRow(metal, {CompanySize.MICRO: 2, CompanySize.SMALL: 4, CompanySize.LARGE: 3}, 9),
            BranchRow(plastics, {CompanySize.SMALL: 1}, 1),
        ],
        "sizes": list(CompanySize),
        "facet": Facet(
            "groesse",
            "Größe",
            "alle Größen",
            [
                Option(size.slug, str(size.label), count, size is CompanySize.SMALL, size.headcount, size.gauge)
                for size, count in zip(CompanySize, (2, 4, 5, 0), strict=True)
            ],
        ),
        "chips": [Chip("Metall und Draht", "groesse=klein"), Chip("klein", "branche=metall-und-draht")],
        "page": paginator.page(3),
        "page_numbers": list(paginator.get_elided_page_range(3, on_each_side=1, on_ends=1)),
        "effects": [
            _effect("Rüstzeit je Auftrag", "min", "52", "32", Effect.Method.MEASURED, "je vier Wochen"),
            _effect("Rückfragen nachts je Woche", "", "9", "3", Effect.Method.ESTIMATED),
            _effect("Geschulte Beschäftigte", "", None, "140", Effect.Method.STATEMENT),
        ],
        "steps": [
            Step(
                action="Eine Maschine wählen.",
                detail="Nehmen Sie die, an der am häufigsten gesucht wird.",
                who="Fertigungsleitung",
                duration="1 Stunde",
                needs="nichts",
            ),
            Step(action="Zettel fotografieren.", detail="Eine Woche lang, in allen Schichten.", duration="1 Woche"),
        ],
        "form": form,
    }


def _practice(title: str, size: CompanySize | None, **fields: Any) -> Practice:
    practice = Practice(title=title, slug="muster", **fields)
    # The database computes it, and this one never gets there.
    practice.size = size.value if size else ""
    return practice


def _effect(label: str, unit: str, before: str | None, after: str, method: Effect.Method, note: str = "") -> Effect:
    values = {"before": Decimal(before) if before else None, "after": Decimal(after)}
    return Effect(label=label, unit=unit, method=method, note=note, **values)
