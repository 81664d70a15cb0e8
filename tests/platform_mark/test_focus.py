"""Why a branch is a focus: figures with sources, the location quotient, and the record of the selection."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from platform_mark.taxonomy.merging import merge
from platform_mark.taxonomy.models import Candidate, Evidence, Score
from tests.cast import make_cast
from tests.make import SOURCE, make_branch, make_evidence, make_selection, make_specialisation
from tests.markup import Page

pytestmark = pytest.mark.django_db


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return Page.of(response).main.text


def test_the_page_of_a_branch_says_why_with_value_area_year_comparison_and_source(client: Client) -> None:
    branch = make_branch("Metall")
    make_evidence(
        branch, value=Decimal("31"), unit="%", compared_value=Decimal("26"), compared_area="NRW", note="Viele."
    )
    page = Page.of(client.get(branch.get_absolute_url()))
    assert "31 % (Märkische Region, 2025), zum Vergleich NRW: 26 %" in page.main.text
    assert SOURCE["source_url"] in {link["href"] for link in page.main.all("a")}


def test_a_figure_without_its_source_is_never_public() -> None:
    branch = make_branch("Metall")
    for missing in ({"source_name": ""}, {"source_url": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_evidence(branch, **missing)
        with pytest.raises(IntegrityError), transaction.atomic():
            make_specialisation(branch, **missing)
    assert make_evidence(branch, source_name="", source_url="", is_public=False).pk


def test_what_is_not_public_is_not_shown_and_what_is_invented_says_so(client: Client) -> None:
    branch = make_branch("Metall")
    make_evidence(branch, indicator="Geheime Zahl", is_public=False)
    make_evidence(branch, indicator="Probezahl", source_name="", source_url="", is_example=True)
    text = text_of(client, branch.get_absolute_url())
    assert "Geheime Zahl" not in text
    assert "Probezahl" in text and "Beispielzahl" in text


def test_share_and_quotient_follow_from_the_four_counts_and_the_formula_is_shown(client: Client) -> None:
    branch, other = make_branch("Metall"), make_branch("Pflege")
    mine = make_specialisation(branch)
    make_specialisation(other, branch_in_region=18_000)
    assert (mine.share_in_region, mine.share_in_land, mine.quotient) == (
        Decimal("16.7"),
        Decimal("5.0"),
        Decimal("3.3"),
    )
    text = text_of(client, branch.get_absolute_url())
    assert "3,3-mal so hoch wie im Land" in text
    assert "Lokalisationsquotient = (Beschäftigte der Branche in der Region" in text
    assert "60.000 von 360.000" in text and "18.000 von 360.000" in text


def test_a_branch_without_figures_has_no_such_section(client: Client) -> None:
    branch = make_branch("Metall")
    make_specialisation(make_branch("Pflege"))
    assert "Warum diese Branche?" not in text_of(client, branch.get_absolute_url())


def test_the_selection_shows_criteria_weights_points_and_who_decided(client: Client) -> None:
    metal, trade = make_branch("Metall"), make_branch("Handel")
    make_selection(trade, metal)
    text = text_of(client, reverse("branches:selection"))
    assert "Lenkungskreis" in text
    assert "20 von 20" in text and "12 von 20" in text
    assert "Geprüft, nicht ausgewählt, weil: Zu wenige Betriebe" in text
    assert "Geprüft, nicht ausgewählt" in text_of(client, metal.get_absolute_url())
    assert "Ausgewählt am" in text_of(client, trade.get_absolute_url())


def test_an_undecided_or_hidden_selection_is_not_there(client: Client) -> None:
    branch = make_branch("Metall")
    make_selection(branch, is_public=False)
    make_selection(branch, decided_on=timezone.localdate() + timedelta(days=1))
    make_branch("Handel", focus_candidate=True)
    text = text_of(client, reverse("branches:selection"))
    assert "Die Schwerpunkte sind noch offen" in text and "Lenkungskreis" not in text
    assert "Handel" in text
    assert "Ausgewählt" not in text_of(client, branch.get_absolute_url())
    with pytest.raises(IntegrityError), transaction.atomic():
        make_selection(branch, decided_by="")


def test_who_is_not_selected_is_told_why() -> None:
    selection = make_selection(make_branch("Metall"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Candidate.objects.create(selection=selection, branch=make_branch("Handel"))


def test_staff_give_points_on_one_page_and_wrong_ones_come_back() -> None:
    client = make_cast().client("editor")
    selection = make_selection(make_branch("Metall"), make_branch("Handel"))
    path = reverse("admin:taxonomy_selection_scores", args=[selection.pk])
    fields = {field["name"]: field["value"] for field in Page.of(client.get(path)).main.all("input", type="number")}
    assert len(fields) == 4
    first, second, *_ = fields

    response = client.post(path, fields | {first: "6"})
    assert response.status_code == 200 and "0 bis 5" in response.content.decode()
    assert Score.objects.filter(points=6).count() == 0

    assert client.post(path, fields | {first: "2", second: ""}).status_code == 302
    assert Score.objects.filter(points=2).count() == 1 and Score.objects.count() == 3


def test_staff_add_a_figure_in_the_page_of_the_branch_and_see_the_rule_beside_it() -> None:
    client = make_cast().client("editor")
    branch = make_branch("Metall")
    path = reverse("admin:taxonomy_branch_change", args=[branch.pk])
    form = {
        field["name"]: field["value"]
        for field in Page.of(client.get(path)).main.all("input", "textarea")
        if field["name"] and field["type"] not in ("submit", "checkbox")
    }
    form |= {
        "name": "Metall",
        "evidence-TOTAL_FORMS": "1",
        "evidence-0-order": "0",
        "evidence-0-indicator": "Betriebe",
        "evidence-0-value": "1870",
        "evidence-0-area": "Märkische Region",
        "evidence-0-year": "2025",
        "evidence-0-is_public": "on",
    }
    refused = client.post(path, form)
    assert "Ohne Quelle und Adresse wird keine Zahl gezeigt." in refused.content.decode()
    assert client.post(path, form | {f"evidence-0-{name}": value for name, value in SOURCE.items()}).status_code == 302
    assert Evidence.objects.public().get().indicator == "Betriebe"


def test_merging_branches_takes_their_figures_along() -> None:
    old, new = make_branch("Draht"), make_branch("Metall")
    make_evidence(old)
    make_specialisation(old)
    make_specialisation(new)
    merge(old, into=new)
    assert new.evidence.count() == 1
    assert new.specialisations.count() == 1
