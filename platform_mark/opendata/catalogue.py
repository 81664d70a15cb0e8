"""The catalogue of what is here, as portals of open data read it: DCAT-AP.de 3.0."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from platform_mark.contact import operator
from platform_mark.exports import LICENCE, XLSX_TYPE
from platform_mark.taxonomy.models import District

from .columns import instant
from .kinds import KINDS, Kind
from .rdf import Iri, Text, Thing, Value
from .schema import schema_address

PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dcatde": "http://dcat-ap.de/def/dcatde/",
    "dcatap": "http://data.europa.eu/r5r/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
TITLE = "Digitalisierung in der Märkischen Region: offene Daten"
_EU = "http://publications.europa.eu/resource/authority"
_LICENCE = Iri("http://dcat-ap.de/def/licenses/dl-by-de/2.0")
_GERMANY = Iri(f"{_EU}/country/DEU")
_GERMAN = Iri(f"{_EU}/language/DEU")
_MEDIA = "https://www.iana.org/assignments/media-types"
# Form -> its name in the European vocabulary of file types, its media type, and how people call it.
_FORMS = {
    "json": ("JSON", "application/json", "JSON"),
    "csv": ("CSV", "text/csv", "CSV"),
    "xlsx": ("XLSX", XLSX_TYPE, "Excel (XLSX)"),
}
# Kind -> the object of HSDS that says the same.
_HSDS = {"akteure": "organization", "aktivitaeten": "service"}


def attribution() -> str:
    """What whoever uses the data writes beside it."""
    return f"Digitalisierung in der Märkischen Region, {operator()['name']}, {LICENCE}"


def catalogue() -> list[Thing]:
    """The catalogue, who publishes it, its data sets and the forms of each."""
    changes = {kind.word: kind.latest_change() for kind in KINDS.values()}
    latest = max(filter(None, changes.values()), default=None)
    values: list[tuple[str, Value]] = [
        ("dct:title", _german(TITLE)),
        (
            "dct:description",
            _german(
                "Gute Beispiele, Branchendialoge und das Register der Akteure in Hagen, im Ennepe-Ruhr-Kreis und im "
                "Märkischen Kreis."
            ),
        ),
        ("dct:publisher", Iri(_here("herausgeber"))),
        ("dct:language", _GERMAN),
        ("dct:license", _LICENCE),
        ("dct:spatial", _GERMANY),
        ("dcat:themeTaxonomy", Iri(f"{_EU}/data-theme")),
        ("foaf:homepage", Iri(f"{settings.BASE_URL}{reverse('opendata:index')}")),
        *_changed(latest),
        *(("dcat:dataset", Iri(_here(word))) for word in KINDS),
    ]
    things = [Thing(_here("katalog"), ["dcat:Catalog"], values), _publisher(), _contact()]
    places = [
        ("dcatde:politicalGeocodingURI", Iri(f"http://dcat-ap.de/def/politicalGeocoding/districtKey/{key}"))
        for key in District.objects.values_list("key", flat=True)
    ]
    things += [
        Thing(schema_address(kind), ["dct:Standard"], _named(f"JSON Schema: {kind.title}")) for kind in KINDS.values()
    ]
    for kind in KINDS.values():
        things += [_dataset(kind, changes[kind.word], places), *_distributions(kind, changes[kind.word])]
    return things


def _publisher() -> Thing:
    values: list[tuple[str, Value]] = [
        ("foaf:name", _german(operator()["name"])),
        ("foaf:homepage", Iri(f"{settings.BASE_URL}/")),
    ]
    return Thing(_here("herausgeber"), ["foaf:Agent", "foaf:Organization"], values)


def _contact() -> Thing:
    values: list[tuple[str, Value]] = [("vcard:fn", _german(operator()["name"]))]
    if email := operator()["email"]:
        values.append(("vcard:hasEmail", Iri(f"mailto:{email}")))
    values.append(("vcard:hasURL", Iri(f"{settings.BASE_URL}{reverse('legal-impressum')}")))
    return Thing(_here("kontakt"), ["vcard:Kind", "vcard:Organization"], values)


def _dataset(kind: Kind, changed: datetime | None, places: list[tuple[str, Iri]]) -> Thing:
    values: list[tuple[str, Value]] = [
        ("dct:title", _german(kind.title)),
        ("dct:description", _german(kind.description)),
        ("dct:identifier", Text(_here(kind.word))),
        ("dct:publisher", Iri(_here("herausgeber"))),
        ("dcat:contactPoint", Iri(_here("kontakt"))),
        ("dcat:landingPage", Iri(f"{settings.BASE_URL}{reverse('opendata:index')}")),
        ("dct:language", _GERMAN),
        ("dct:spatial", _GERMANY),
        *(("dcatde:contributorID", Iri(given)) for given in [settings.OPEN_DATA_CONTRIBUTOR] if given),
        ("dct:accessRights", Iri(f"{_EU}/access-right/PUBLIC")),
        ("dct:accrualPeriodicity", Iri(f"{_EU}/frequency/UPDATE_CONT")),
        *_changed(changed),
        *(("dcat:keyword", _german(keyword)) for keyword in kind.keywords),
        *(("dcat:theme", Iri(f"{_EU}/data-theme/{theme}")) for theme in kind.themes),
        (
            "dcatde:politicalGeocodingLevelURI",
            Iri("http://dcat-ap.de/def/politicalGeocoding/Level/administrativeDistrict"),
        ),
        *places,
        *(("dcat:distribution", Iri(_here(f"{kind.word}-{form}"))) for form in _forms(kind)),
    ]
    return Thing(_here(kind.word), ["dcat:Dataset"], values)


def _distributions(kind: Kind, changed: datetime | None) -> list[Thing]:
    made = []
    for form, (name, address) in _forms(kind).items():
        file_type, media_type, _ = _FORMS["json" if form == "hsds" else form]
        values: list[tuple[str, Value]] = [
            ("dct:title", _german(f"{kind.title} als {name}")),
            ("dct:description", _german(f"{kind.description} Als {name}, aus dem Portal frisch erzeugt.")),
            ("dcat:accessURL", Iri(address)),
            ("dcat:downloadURL", Iri(address)),
            ("dct:format", Iri(f"{_EU}/file-type/{file_type}")),
            ("dcat:mediaType", Iri(f"{_MEDIA}/{media_type}")),
            ("dct:license", _LICENCE),
            ("dcatde:licenseAttributionByText", _german(attribution())),
            ("dcatap:availability", Iri(f"{_EU}/planned-availability/STABLE")),
            *_changed(changed),
        ]
        if form == "json":
            values.append(("dct:conformsTo", Iri(schema_address(kind))))
        made.append(Thing(_here(f"{kind.word}-{form}"), ["dcat:Distribution"], values))
    return made


def _forms(kind: Kind) -> dict[str, tuple[str, str]]:
    """The forms of a kind: what each is called, and where it is."""
    found = {
        form: (name, f"{settings.BASE_URL}{reverse(f'opendata:{form}', args=[kind.word])}")
        for form, (_, _, name) in _FORMS.items()
    }
    if kind.word in _HSDS:
        found["hsds"] = (
            "JSON nach HSDS",
            f"{settings.BASE_URL}{reverse('opendata:hsds', args=[_HSDS[kind.word]])}",
        )
    return found


def _changed(at: datetime | None) -> list[tuple[str, Value]]:
    said = instant(at)
    return [("dct:modified", Text(said, type="xsd:dateTime"))] if said else []


def _named(title: str) -> list[tuple[str, Value]]:
    return [("dct:title", _german(title))]


def _german(text: str) -> Text:
    return Text(text, language="de")


def _here(name: str) -> str:
    return f"{settings.BASE_URL}{reverse('opendata:index')}#{name}"
