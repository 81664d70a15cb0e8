"""The catalogue keeps the rules of DCAT-AP.de, as far as the shapes beside this file say them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pyshacl import validate
from rdflib import DCAT, DCTERMS, FOAF, RDF, SH, Graph, Literal, Namespace, URIRef

from platform_mark.taxonomy.reference import load_reference
from tests.actors.make import make_activity
from tests.dialogues.formats.make import make_format
from tests.dialogues.make import make_dialogue
from tests.make import make_practice

pytestmark = pytest.mark.django_db

SHAPES = Path(__file__).parent / "dcat_ap_de.ttl"
DCATDE = Namespace("http://dcat-ap.de/def/dcatde/")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
CONTRIBUTOR = "http://dcat-ap.de/def/contributors/agenturMark"


@pytest.fixture(autouse=True)
def filled() -> None:
    load_reference()
    make_practice("Karte")
    make_dialogue("Rüsten")
    make_activity("Check")
    make_format("Runde")


def catalogue(client: Client) -> Graph:
    return Graph().parse(data=client.get("/daten/katalog.ttl").content.decode(), format="turtle")


def results(graph: Graph) -> set[tuple[str, str, str]]:
    """How bad it is, of what kind of thing, and which of its properties."""
    conforms, report, _ = validate(graph, shacl_graph=Graph().parse(SHAPES), inference="none", meta_shacl=False)
    found = set()
    for result in report.subjects(RDF.type, SH.ValidationResult):
        focus = report.value(result, SH.focusNode)
        path = report.value(result, SH.resultPath)
        kind = min((str(each) for each in graph.objects(focus, RDF.type)), default=str(focus))
        severity = str(report.value(result, SH.resultSeverity))
        found.add((local(severity), local(kind), local(path) if isinstance(path, URIRef) else ""))
    assert conforms == (not found)
    return found


def local(address: object) -> str:
    return str(address).rpartition("#")[2].rpartition("/")[2]


def test_the_shapes_are_shapes_themselves(client: Client) -> None:
    validate(catalogue(client), shacl_graph=Graph().parse(SHAPES), meta_shacl=True)


def test_all_that_is_missing_is_the_identifier_that_govdata_gives(client: Client, settings: Any) -> None:
    assert results(catalogue(client)) == {("Warning", "Dataset", "contributorID")}
    settings.OPEN_DATA_CONTRIBUTOR = CONTRIBUTOR
    settings.OPERATOR = {**settings.OPERATOR, "email": "daten@amt.example"}
    graph = catalogue(client)
    assert results(graph) == set()
    assert len(set(graph.subjects(DCATDE.contributorID, URIRef(CONTRIBUTOR)))) == 5


def without(predicate: URIRef, kind: URIRef | None = None) -> Callable[[Graph], None]:
    def change(graph: Graph) -> None:
        subject = graph.value(predicate=RDF.type, object=kind) if kind else None
        assert (subject, predicate, None) in graph
        graph.remove((subject, predicate, None))

    return change


def instead(predicate: URIRef, value: URIRef | Literal) -> Callable[[Graph], None]:
    def change(graph: Graph) -> None:
        subject = next(graph.subjects(predicate))
        graph.set((subject, predicate, value))

    return change


WRONG = {
    "no licence": (without(DCTERMS.license, DCAT.Distribution), ("Violation", "Distribution", "license")),
    "a licence that is on no list": (
        instead(DCTERMS.license, URIRef("https://example.org/mine")),
        ("Violation", "*", "license"),
    ),
    "nobody to be named": (without(DCATDE.licenseAttributionByText), ("Violation", "Distribution", "")),
    "no publisher": (without(DCTERMS.publisher, DCAT.Catalog), ("Violation", "Catalog", "publisher")),
    "a publisher without a name": (without(FOAF.name), ("Violation", "*", "publisher")),
    "no title": (without(DCTERMS.title, DCAT.Dataset), ("Violation", "Dataset", "title")),
    "no theme": (without(DCAT.theme, DCAT.Dataset), ("Warning", "Dataset", "theme")),
    "a theme of its own": (instead(DCAT.theme, URIRef("https://example.org/x")), ("Violation", "Dataset", "theme")),
    "a frequency of its own": (
        instead(DCTERMS.accrualPeriodicity, Literal("oft")),
        ("Violation", "Dataset", "accrualPeriodicity"),
    ),
    "a contact that cannot be reached": (without(VCARD.hasURL), ("Violation", "Dataset", "contactPoint")),
    "no address": (without(DCAT.accessURL, DCAT.Distribution), ("Violation", "Distribution", "accessURL")),
    "no date of that kind": (instead(DCTERMS.modified, Literal("gestern")), ("Violation", "*", "modified")),
    "a data set that no catalogue names": (without(DCAT.dataset), ("Violation", "Dataset", "")),
    "no catalogue": (lambda graph: graph.remove((None, None, DCAT.Catalog)), ("Violation", "Catalog", "")),
}


@pytest.mark.parametrize("what", WRONG)
def test_the_check_sees_what_is_wrong(client: Client, settings: Any, what: str) -> None:
    settings.OPEN_DATA_CONTRIBUTOR = CONTRIBUTOR
    graph = catalogue(client)
    change, (severity, kind, path) = WRONG[what]
    change(graph)
    found = results(graph)
    assert any((severity, kind, path) == (each[0], kind if kind == "*" else each[1], each[2]) for each in found), found
