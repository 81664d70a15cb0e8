"""Open data: complete, typed, the same for everybody, and nothing that is not public or about a person."""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
import rdflib
import time_machine
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse
from django.utils import timezone
from jsonschema import Draft202012Validator, FormatChecker
from openpyxl import load_workbook
from rdflib.compare import isomorphic
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF

from actors.models import Actor
from dialogues.models import AgendaItem, Agreement, Host, Outcome
from platform_mark.opendata import urls as opendata_urls
from platform_mark.publishing.models import State
from platform_mark.taxonomy.models import Municipality
from platform_mark.taxonomy.reference import load_reference
from practices.models import Release
from tests.actors.make import fill_register, make_activity, make_actor, make_member
from tests.dialogues.formats.make import make_format
from tests.dialogues.make import in_days, make_dialogue, make_registration, make_report
from tests.make import (
    DAY,
    add_parts,
    fill_site,
    make_branch,
    make_municipality,
    make_practice,
    make_rich_practice,
    make_user,
)
from tests.markup import Page

pytestmark = pytest.mark.django_db

V1 = "/daten/v1"
KINDS = ["beispiele", "dialoge", "aktivitaeten", "akteure", "formate"]
SHAPES = ["organization", "service", "location", "contact"]
JSON = [
    *(f"{V1}/{kind}.json" for kind in KINDS),
    *(f"{V1}/schema/{kind}.json" for kind in KINDS),
    *(f"{V1}/hsds/{shape}.json" for shape in SHAPES),
    "/daten/katalog.jsonld",
    "/daten/openapi.json",
]
TABLES = [f"{V1}/{kind}.{form}" for kind in KINDS for form in ("csv", "xlsx")]
EVERYTHING = [*JSON, *TABLES, "/daten/", "/daten/katalog.ttl", "/daten/einbinden/dialoge.html"]


def data(client: Client, address: str) -> dict[str, Any]:
    response = client.get(address)
    assert response.status_code == 200, address
    return json.loads(response.content)


def titles(client: Client, address: str) -> list[str]:
    return [row.get("titel") or row["name"] for row in data(client, address)["eintraege"]]


def walk(client: Client, address: str) -> Iterator[dict[str, Any]]:
    """Every page, as a program follows them."""
    following: str | None = address
    while following:
        page = data(client, following)
        yield page
        following = page.get("naechste") or page.get("next")
        assert not following or following.startswith(settings.BASE_URL)
        following = following and following.removeprefix(settings.BASE_URL)


def text_of(response: HttpResponse) -> str:
    """Everything that an answer says, cells of a workbook included."""
    content = response.getvalue() if response.streaming else response.content
    if "spreadsheetml" not in response["Content-Type"]:
        return content.decode()
    sheet = load_workbook(BytesIO(content)).active
    return "\n".join(str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None)


# ---------------------------------------------------------------- what is in it


def test_each_kind_hands_out_what_is_published(client: Client) -> None:
    metal = make_branch("Metall")
    make_rich_practice("Einrichtekarte", branches=(metal,), municipality=make_municipality("Altena"))
    make_dialogue("Rüsten ohne Suchen", branches=[metal])
    make_activity("Digital-Check", actor=make_actor("Kammer Mitte"))
    make_format("Azubis suchen")

    for kind, title in zip(
        KINDS, ["Einrichtekarte", "Rüsten ohne Suchen", "Digital-Check", "Kammer Mitte", "Azubis suchen"], strict=True
    ):
        assert titles(client, f"{V1}/{kind}.json") == [title]
        for form in ("csv", "xlsx"):
            assert title in text_of(client.get(f"{V1}/{kind}.{form}")), (kind, form)


def test_nothing_unpublished_is_in_any_answer(client: Client) -> None:
    now = timezone.now()
    secret = {"title": "Geheimsache", "teaser": "Geheimsache", "state": State.DRAFT, "published_at": None}
    make_practice(**secret)
    make_practice("Geheimsache morgen", published_at=now + DAY)
    make_practice("Geheimsache gestern", published_at=now - 9 * DAY, expires_at=now - DAY)
    make_practice("Geheimsache Archiv", state=State.ARCHIVED)
    draft = make_dialogue("Geheimsache Dialog", state=State.DRAFT, published_at=None)
    make_format("Geheimsache Format", state=State.DRAFT, published_at=None)
    make_activity("Geheimsache unter Akteuren", visibility="actors")
    make_activity("Geheimsache Entwurf", state=State.DRAFT, published_at=None)
    waiting = make_actor("Geheimsache wartet", state=Actor.State.WAITING, approved_at=None)
    make_activity("Geheimsache eines Wartenden", actor=waiting)
    # Public rows that have to do with secret ones.
    shown = make_dialogue(
        "Öffentlich",
        online_link="https://geheimsache.example/raum",
        practices=[make_practice(**secret | {"slug": "geheimsache-2"})],
    )
    Host.objects.create(dialogue=shown, actor=waiting)
    Outcome.objects.create(dialogue=shown, kind="need", text="Geheimsache vor dem Bericht")
    make_report(shown, summary="<p>Geheimsache Bericht</p>")
    make_format("Karte").offered_by.add(waiting)

    assert draft.pk
    for address in EVERYTHING:
        response = client.get(address)
        assert response.status_code == 200, address
        assert "geheimsache" not in text_of(response).lower(), address


def test_no_person_is_in_any_answer(client: Client) -> None:
    person, phone = "Petra Muster", "0170 1234567"
    register = fill_register()
    register.rich.contact_person, register.rich.contact_phone = person, phone
    register.rich.save()
    register.actor.contact_phone, register.actor.second_email = phone, "petra.muster@kammer.example"
    register.actor.save()
    make_member(register.actor, make_user("petra.muster@konto.example", name=person))
    practice = make_rich_practice(quote_text=f"{person} sagt", quote_role=person)
    Release.objects.create(practice=practice, fingerprint="x", released_by=person, released_on=date(2026, 1, 1))
    dialogue = make_dialogue("Vorbei", starts_at=in_days(-9), contact_phone=phone)
    AgendaItem.objects.create(dialogue=dialogue, title="Rundgang", person=person, person_agreed=True)
    Agreement.objects.create(dialogue=dialogue, text="Ein Muster", owner=person)
    make_registration(dialogue, contact_name=person, email="petra.muster@firma.example")
    make_report(dialogue)

    for address in EVERYTHING:
        told = text_of(client.get(address)).lower()
        assert "petra" not in told and phone not in told and "leitung@" not in told, address
    assert register.actor.contact_email in text_of(client.get(f"{V1}/akteure.json"))
    assert "Rundgang" in text_of(client.get(f"{V1}/dialoge.json"))


def test_a_company_that_wants_no_name_gets_none(client: Client) -> None:
    make_practice(
        "Werkzeug warten",
        company="Stanzerei Geheim",
        is_anonymous=True,
        employees=38,
        municipality=make_municipality("Hemer"),
    )

    for form in ("json", "csv", "xlsx"):
        told = text_of(client.get(f"{V1}/beispiele.{form}"))
        assert "Werkzeug warten" in told
        assert "Geheim" not in told and "Hemer" not in told and "Märkischer" not in told, form
    row = data(client, f"{V1}/beispiele.json")["eintraege"][0]
    assert (row["betrieb"], row["beschaeftigte"], row["ort"], row["ist_ohne_namen"]) == (None, None, None, True)
    assert titles(client, f"{V1}/beispiele.json?ort=hemer") == []


def test_values_have_types_and_times_have_their_zone(client: Client) -> None:
    practice = make_rich_practice(as_of=date(2026, 9, 1))
    add_parts(practice, 1)
    start = timezone.make_aware(datetime(2027, 1, 12, 16, 0))  # noqa: DTZ001
    make_dialogue("Januar", starts_at=start, moved_from=start - DAY)

    row = data(client, f"{V1}/beispiele.json")["eintraege"][0]
    assert (row["kosten_von"], row["personentage"], row["foerderung_genutzt"]) == (20_000, 34.5, True)
    assert (row["stand"], row["groesse"], row["zielgruppen"]) == (
        "2026-09-01",
        "mittel",
        ["auszubildende", "beschaeftigte", "fuehrungskraefte"],
    )
    assert row["ausgangslage"] == "Rüsten dauerte im Schnitt 52 Minuten.\n– Zettel\n– Zuruf"
    assert row["wirkungen"][0]["vorher"] == 52 and row["erste_schritte"][0]["wer"] == "Schichtleitung"
    dialogue = data(client, f"{V1}/dialoge.json")["eintraege"][0]
    assert dialogue["beginn"] == "2027-01-12T15:00:00Z"
    assert dialogue["urspruenglicher_beginn"] == "2027-01-11T15:00:00Z"
    sheet = load_workbook(BytesIO(client.get(f"{V1}/dialoge.xlsx").getvalue())).active
    cells = dict(zip(*sheet.iter_rows(values_only=True), strict=True))
    assert cells["Beginn"] == datetime(2027, 1, 12, 16, 0)  # noqa: DTZ001
    assert cells["Abgesagt"] == "nein"


# ---------------------------------------------------------------- schema


CHECKER = FormatChecker(formats=())
CHECKER.checks("date", raises=ValueError)(lambda value: value is None or bool(date.fromisoformat(value)))
for name, looks_right in {
    "date-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").fullmatch,
    "uri": lambda value: urlsplit(value).scheme in ("http", "https") and urlsplit(value).netloc,
    "email": re.compile(r"\S+@\S+\.\S+").fullmatch,
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch,
}.items():
    CHECKER.checks(name)(lambda value, fits=looks_right: value is None or bool(fits(value)))


def faults(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """Where a value breaks a schema, which is one itself."""
    Draft202012Validator.check_schema(schema)
    return [error.message for error in Draft202012Validator(schema, format_checker=CHECKER).iter_errors(value)]


def test_every_answer_keeps_its_schema(client: Client) -> None:
    fill_site()
    fill_register()
    make_format("Mit allem", goal_text="<p>Mut.</p>", cost_to=20)

    for kind in KINDS:
        schema = data(client, f"{V1}/schema/{kind}.json")
        page = data(client, f"{V1}/{kind}.json")
        assert schema["$id"] == page["schema"] == f"{settings.BASE_URL}{V1}/schema/{kind}.json"
        assert page["eintraege"], kind
        assert faults(page, schema) == [], kind
        assert faults(data(client, f"{V1}/{kind}.json?branche=gibt-es-nicht"), schema) == []
        # The check itself sees what is wrong.
        page["eintraege"][0] |= {"id": "7", "fremd": 1, "adresse": "nirgends"}
        assert len(faults(page, schema)) == 3
        del page["version"]
        assert len(faults(page, schema)) == 4


# ---------------------------------------------------------------- OpenAPI


def test_real_answers_keep_what_the_openapi_document_promises(client: Client) -> None:
    fill_site()
    fill_register()
    document = data(client, "/daten/openapi.json")
    assert document["openapi"] == "3.1.0" and document["servers"] == [{"url": settings.BASE_URL}]

    def promised(path: str, status: int) -> dict[str, Any]:
        """The schema of the answer, with what it refers to."""
        (media,) = document["paths"][path]["get"]["responses"][str(status)]["content"].values()
        return {**media["schema"], "components": document["components"]}

    paths = [*(f"{V1}/{kind}.json" for kind in KINDS), *(f"{V1}/hsds/{shape}.json" for shape in SHAPES)]
    for path in paths:
        page = data(client, path)
        assert page.get("eintraege") or page.get("contents"), path
        assert faults(page, promised(path, 200)) == [], path
        assert faults(page | {"fremd": 1}, promised(path, 200)), path
        refused = client.get(f"{path}?anzahl=viele")
        assert faults(refused.json(), promised(path, 400)) == [], path
    for path, operations in document["paths"].items():
        response = client.get(path)
        answers = operations["get"]["responses"]
        (media_type,) = answers["200"]["content"]
        assert response["Content-Type"].partition(";")[0] == media_type, path
        assert set(answers["200"].get("headers", {})) <= set(response.headers), path
        if "304" in answers:
            assert client.get(path, headers={"If-None-Match": response["ETag"]}).status_code == 304, path


def test_the_openapi_document_names_every_address_and_only_filters_that_work(client: Client) -> None:
    fill_site()
    paths = data(client, "/daten/openapi.json")["paths"]
    # As many as the addresses make, the page for people aside.
    fixed = [route for route in opendata_urls.urlpatterns if "<" not in str(route.pattern) and route.name != "index"]
    assert set(paths) == {address for address in EVERYTHING if address != "/daten/"}
    assert {reverse(f"opendata:{route.name}") for route in fixed} <= set(paths)
    names = {route.name for route in opendata_urls.urlpatterns} - {"index"}
    assert {resolve(path).url_name for path in paths} == names
    operations = [operation["get"] for operation in paths.values()]
    assert len({operation["operationId"] for operation in operations}) == len(paths)
    for kind in KINDS:
        parameters = paths[f"{V1}/{kind}.json"]["get"]["parameters"]
        asked = [parameter["name"] for parameter in parameters]
        assert asked[-2:] == ["anzahl", "nach"] and len(asked) > 4
        for name in asked[:-2]:
            # A filter that were not known would be called by its name.
            notice = data(client, f"{V1}/{kind}.json?{name}=gibt-es-nicht")["hinweis"]
            assert notice == "Diesen Filter kennen wir nicht: „gibt-es-nicht“.", (kind, name)


def test_the_page_for_people_shows_calls_that_work(client: Client) -> None:
    make_practice("Karte")
    page = Page.of(client.get("/daten/"))
    assert "/daten/openapi.json" in page.links
    calls = re.findall(rf"curl [^']*'{re.escape(settings.BASE_URL)}([^']+)'", page.main.one("pre").text)
    calls += re.findall(rf"' '{re.escape(settings.BASE_URL)}([^']+)'", page.main.one("pre").text)
    assert len(calls) == 5
    for address in calls:
        assert client.get(address).status_code == 200, address


# ---------------------------------------------------------------- pages and filters


@pytest.mark.parametrize("kind", KINDS)
def test_following_the_pages_shows_every_row_once(client: Client, kind: str) -> None:
    for number in range(7):
        make_practice(f"Nr. {number}", published_at=timezone.now() - number * DAY)
        make_dialogue(f"Nr. {number}", starts_at=in_days(20 - number))
        make_activity(f"Nr. {number}", actor=make_actor(f"Nr. {number}"))
        make_format(f"Nr. {number}")

    pages = list(walk(client, f"{V1}/{kind}.json?anzahl=3"))
    seen = [row["id"] for page in pages for row in page["eintraege"]]
    assert [len(page["eintraege"]) for page in pages] == [3, 3, 1]
    assert seen == sorted(set(seen)) and len(seen) == 7


def test_a_row_that_comes_or_goes_between_two_pages_moves_no_other(client: Client) -> None:
    made = [make_practice(f"Nr. {number}") for number in range(6)]
    walked = walk(client, f"{V1}/beispiele.json?anzahl=2")
    seen = [row["titel"] for row in next(walked)["eintraege"]]
    made[0].archive()
    make_practice("Nachzügler")
    seen += [row["titel"] for page in walked for row in page["eintraege"]]
    assert seen == [*(f"Nr. {number}" for number in range(6)), "Nachzügler"]


def test_a_page_holds_a_hundred_rows_at_most(client: Client) -> None:
    for number in range(101):
        make_practice(f"Nr. {number}")
    assert [len(page["eintraege"]) for page in walk(client, f"{V1}/beispiele.json")] == [100, 1]
    assert len(list(csv.reader(StringIO(text_of(client.get(f"{V1}/beispiele.csv")))))) == 102


def test_filters_find_what_the_lists_find(client: Client) -> None:
    load_reference()
    metal, trade = make_branch("Metallbau"), make_branch("Großhandel")
    make_branch("Drahtwerke", merged_into=metal)
    altena = Municipality.objects.get(name="Altena")
    make_practice("Klein", branches=(metal,), employees=12, year=2024, municipality=altena)
    make_practice("Groß", branches=(trade,), employees=500, year=2020)
    make_dialogue("Bald", branches=[metal], starts_at=in_days(3))
    make_dialogue("Vorbei", branches=[metal], starts_at=in_days(-30))
    make_dialogue("Online", seats=0, online_seats=9, form="online", starts_at=in_days(200))
    chamber, union = make_actor("Kammer A"), make_actor("Bund B", kind=Actor.Kind.UNION)
    make_activity("Für alle", actor=chamber, cost="free")
    make_activity("Für Metall", actor=union, branches=(metal,), confirmed_at=timezone.now() - timedelta(days=200))
    make_format("Kurz", duration_minutes=30, target_groups=["trainees"])
    make_format("Lang", duration_minutes=900, target_groups=["managers"])

    expected = {
        "beispiele.json?branche=metallbau": ["Klein"],
        "beispiele.json?branche=drahtwerke": ["Klein"],
        "beispiele.json?branche=metallbau&branche=grosshandel": ["Klein", "Groß"],
        "beispiele.json?groesse=gross": ["Groß"],
        "beispiele.json?jahr=2024&ort=altena": ["Klein"],
        "beispiele.json?branche=metallbau&groesse=gross": [],
        "beispiele.json?branche=": ["Klein", "Groß"],
        "dialoge.json?branche=metallbau": ["Bald", "Vorbei"],
        "dialoge.json?zeitraum=kommende": ["Bald", "Online"],
        "dialoge.json?zeitraum=vier-wochen": ["Bald"],
        "dialoge.json?zeitraum=vergangen&branche=metallbau": ["Vorbei"],
        "dialoge.json?form=online": ["Online"],
        "aktivitaeten.json?branche=metallbau": ["Für alle", "Für Metall"],
        "aktivitaeten.json?kosten=kostenlos": ["Für alle"],
        "aktivitaeten.json?stand=nicht-bestaetigt": ["Für Metall"],
        "akteure.json?art=gewerkschaft": ["Bund B"],
        "formate.json?zielgruppe=auszubildende": ["Kurz"],
    }
    assert {address: titles(client, f"{V1}/{address}") for address in expected} == expected


def test_a_filter_nobody_knows_finds_nothing_and_says_so(client: Client) -> None:
    make_practice("Karte")
    make_dialogue("Dialog")
    for query in (
        "branche=gibt-es-nicht",
        "farbe=rot",
        "q=Karte",
        "jahr=vorgestern",
        "utm_source=x",
        "branche=%F0%9F%94%A7",
    ):
        page = data(client, f"{V1}/beispiele.json?{query}")
        assert page["eintraege"] == [] and "kennen wir nicht" in page["hinweis"], query
    assert data(client, f"{V1}/dialoge.json?zeitraum=morgen")["hinweis"] == "Diesen Filter kennen wir nicht: „morgen“."
    several = data(client, f"{V1}/beispiele.json?branche=holz&branche=stein")["hinweis"]
    assert several == "Diese Filter kennen wir nicht: „holz“, „stein“."
    assert data(client, f"{V1}/beispiele.json")["hinweis"] is None


@pytest.mark.parametrize(
    "query",
    ["nach=x", "nach=-1", "nach=1.5", "nach=%C2%B2", "nach=" + "9" * 40, "anzahl=0", "anzahl=101", "anzahl=viele"],
)
def test_a_place_or_number_that_is_none_is_refused_in_german(client: Client, query: str) -> None:
    for address in (f"{V1}/beispiele.json", f"{V1}/hsds/service.json", f"{V1}/dialoge.csv"):
        response = client.get(f"{address}?{query}")
        assert response.status_code == 400, address
        assert "kennen wir nicht" in text_of(response) or "Zahl von 1 bis 100" in text_of(response)
        if address.endswith(".json"):
            assert list(json.loads(response.content)) == ["fehler"]
            assert response["Access-Control-Allow-Origin"] == "*"


def test_what_there_is_not_is_said_in_json(client: Client) -> None:
    for address in (f"{V1}/personen.json", f"{V1}/schema/personen.json", f"{V1}/hsds/person.json"):
        response = client.get(address)
        assert response.status_code == 404 and json.loads(response.content)["fehler"], address
    assert client.get(f"{V1}/personen.csv").status_code == 404
    assert data(client, f"{V1}/beispiele.json?nach={10**17}")["eintraege"] == []


# ---------------------------------------------------------------- headers


def test_who_has_the_present_answer_is_not_sent_it_again(client: Client) -> None:
    practice = make_practice("Karte")
    make_activity("Check")
    for address in [*JSON, "/daten/katalog.ttl", "/daten/einbinden/dialoge.html"]:
        first = client.get(address)
        assert first["Cache-Control"] == "public, max-age=300", address
        again = client.get(address, headers={"if-none-match": first["ETag"]})
        assert again.status_code == 304 and not again.content, address
        assert again["ETag"] == first["ETag"]
        assert client.get(address, headers={"if-none-match": '"anders"'}).status_code == 200
        head = client.head(address)
        assert head.status_code == 200 and head["ETag"] == first["ETag"] and not head.content

    first = client.get(f"{V1}/beispiele.json")
    practice.title = "Tafel"
    practice.save()
    changed = client.get(f"{V1}/beispiele.json", headers={"if-none-match": first["ETag"]})
    assert changed.status_code == 200 and "Tafel" in changed.content.decode()
    practice.archive()
    gone = client.get(f"{V1}/beispiele.json", headers={"if-none-match": changed["ETag"]})
    assert gone.status_code == 200 and json.loads(gone.content)["eintraege"] == []
    practice.delete()
    since = client.get(f"{V1}/beispiele.json", headers={"if-modified-since": changed["Last-Modified"]})
    assert since.status_code == 200, "that something went moves no time"


def test_what_is_hidden_does_not_show_in_the_time_of_the_last_change(client: Client) -> None:
    noon = timezone.now().replace(hour=11, minute=0, second=0, microsecond=0)
    with time_machine.travel(noon, tick=False) as clock:
        rows = [make_practice("Karte"), make_activity("Check"), make_dialogue(), make_format("Tafel"), make_actor()]
        addresses = [*(f"{V1}/{kind}.json" for kind in KINDS), "/daten/katalog.jsonld"]
        before = {address: client.get(address)["Last-Modified"] for address in addresses}
        clock.shift(timedelta(minutes=5))
        make_practice("Entwurf", state=State.DRAFT)
        make_activity("Unter Akteuren", actor=rows[1].actor, visibility="actors")
        make_dialogue(state=State.DRAFT)
        make_format("Entwurf", state=State.DRAFT)
        make_actor("Neu", state="waiting")
        assert {address: client.get(address)["Last-Modified"] for address in addresses} == before
        clock.shift(timedelta(minutes=5))
        for row in rows:
            row.save()
        for address, time in before.items():
            assert client.get(address)["Last-Modified"] != time, address


def test_browsers_elsewhere_may_read_the_json_and_nothing_else(client: Client) -> None:
    make_practice("Karte")
    for address in JSON:
        response = client.get(address, headers={"origin": "https://partner.example"})
        assert response["Access-Control-Allow-Origin"] == "*", address
        assert "Access-Control-Allow-Credentials" not in response
    others = ["/", "/daten/", *TABLES, "/daten/katalog.ttl", "/daten/einbinden/dialoge.html", "/beispiele/"]
    for address in [*others, "/aktivitaeten/liste.json"]:
        response = client.get(address, headers={"origin": "https://partner.example"})
        assert response.status_code == 200 and "Access-Control-Allow-Origin" not in response, address


def test_who_asks_makes_no_difference(client: Client) -> None:
    register = fill_register()
    somebody = make_member(register.actor)
    before = {address: text_of(client.get(address)) for address in EVERYTHING}
    client.force_login(somebody)
    for address in EVERYTHING:
        response = client.get(address)
        assert text_of(response) == before[address], address
        assert not response.cookies and "cookie" not in response.headers.get("Vary", "").lower(), address
    assert register.shared.title not in "".join(before.values())


def test_only_reading_is_answered(client: Client) -> None:
    for address in EVERYTHING:
        assert client.post(address).status_code == 405, address


# ---------------------------------------------------------------- tables


def test_no_cell_computes_and_excel_reads_the_file_rightly(client: Client) -> None:
    make_practice("=cmd|' /C calc'!A0", slug="a", teaser="+49 anrufen", company="@firma", technologies=["-1+2", "Öl"])

    response = client.get(f"{V1}/beispiele.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.search(r'attachment; filename="beispiele-\d{4}-\d\d-\d\d\.csv"', response["Content-Disposition"])
    told = text_of(response)
    assert told.startswith("\ufeff") and "Öl" in told
    row = next(csv.DictReader(StringIO(told[1:]), delimiter=";"))
    assert (
        row["Titel"] == "'=cmd|' /C calc'!A0" and row["In einem Satz"].startswith("'+") and row["Betrieb"] == "'@firma"
    )
    book = load_workbook(BytesIO(client.get(f"{V1}/beispiele.xlsx").getvalue()))
    for cells in book.active.iter_rows():
        assert all(cell.data_type != "f" for cell in cells)


def test_a_text_too_long_for_a_cell_is_cut(client: Client) -> None:
    make_practice("Lang", solution=f"<p>{'Wort ' * 9_000}</p>")
    for form in ("csv", "xlsx"):
        assert "Wort …" in text_of(client.get(f"{V1}/beispiele.{form}"))


def test_a_table_names_its_licence_and_the_next_file(client: Client) -> None:
    for number in range(3):
        make_practice(f"Nr. {number}")
    first = client.get(f"{V1}/beispiele.csv?anzahl=2")
    found = re.search(r'<([^>]+)>; rel="next"', first["Link"])
    assert found and "/lizenz/" in first["Link"]
    rest = client.get(found[1].removeprefix(settings.BASE_URL))
    assert "Nr. 2" in text_of(rest) and "Nr. 1" not in text_of(rest) and "next" not in rest["Link"]


# ---------------------------------------------------------------- register and catalogue for other programs


def test_the_register_in_the_form_of_hsds_holds_together(client: Client) -> None:
    load_reference()
    register = fill_register()
    make_actor("Ohne Postfach", contact_email="", place="Dortmund")

    contents = {
        shape: [row for page in walk(client, f"{V1}/hsds/{shape}.json?anzahl=2") for row in page["contents"]]
        for shape in SHAPES
    }
    ids = {row["id"] for row in contents["organization"]}
    assert len(ids) == len(contents["organization"]) == Actor.objects.running().count()
    assert {row["organization_id"] for shape in SHAPES[1:] for row in contents[shape]} <= ids
    service = next(row for row in contents["service"] if row["name"] == register.rich.title)
    assert service["status"] == "active" and service["fees_description"] and len(service["service_areas"]) == 2
    assert service["email"] == register.actor.contact_email
    assert "person" not in json.dumps(contents["contact"])
    assert {row["addresses"][0]["city"] for row in contents["location"]} >= {"Dortmund"}
    assert "" not in {row["email"] for row in contents["contact"]}
    for rows in contents.values():
        for row in rows:
            assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", row["id"])
            assert None not in row.values() and "" not in row.values()


# The reader of JSON-LD warns of its own past.
DEPRECATED = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")


def catalogues(client: Client) -> tuple[rdflib.Graph, rdflib.Graph]:
    turtle, jsonld = client.get("/daten/katalog.ttl"), client.get("/daten/katalog.jsonld")
    assert turtle["Content-Type"] == "text/turtle; charset=utf-8"
    assert jsonld["Content-Type"] == "application/ld+json"
    return (
        rdflib.Graph().parse(data=turtle.content.decode(), format="turtle"),
        rdflib.Graph().parse(data=jsonld.content.decode(), format="json-ld"),
    )


@DEPRECATED
def test_both_forms_of_the_catalogue_say_the_same(client: Client, settings: Any) -> None:
    load_reference()
    make_practice("Karte")
    settings.OPERATOR = {**settings.OPERATOR, "name": 'Amt "für\\ Öl"\n& Söhne\t\x7f', "email": "daten@amt.example"}
    turtle, jsonld = catalogues(client)
    assert len(turtle) > 100 and isomorphic(turtle, jsonld)
    publisher = turtle.value(predicate=RDF.type, object=FOAF.Organization)
    assert str(turtle.value(publisher, FOAF.name)) == settings.OPERATOR["name"]


@DEPRECATED
def test_the_catalogue_has_what_dcat_ap_de_demands(client: Client) -> None:
    load_reference()
    make_practice("Karte")
    make_activity("Check")
    graph, _ = catalogues(client)
    dcatde = rdflib.Namespace("http://dcat-ap.de/def/dcatde/")

    catalogue = graph.value(predicate=RDF.type, object=DCAT.Catalog)
    for needed in (DCTERMS.title, DCTERMS.description, DCTERMS.publisher, DCTERMS.license, DCTERMS.modified):
        assert graph.value(catalogue, needed), needed
    datasets = set(graph.objects(catalogue, DCAT.dataset))
    assert datasets == set(graph.subjects(RDF.type, DCAT.Dataset)) and len(datasets) == len(KINDS)
    shown = {element["id"] for element in Page.of(client.get("/daten/")).root.walk() if "id" in element}
    for dataset in datasets:
        for needed in (
            *(DCTERMS.title, DCTERMS.description, DCTERMS.publisher, DCAT.contactPoint, DCAT.theme, DCAT.keyword),
            *(DCTERMS.accrualPeriodicity, dcatde.politicalGeocodingURI, DCAT.distribution),
        ):
            assert graph.value(dataset, needed), (dataset, needed)
        assert len(set(graph.objects(dataset, dcatde.politicalGeocodingURI))) == 3
    distributions = set(graph.subjects(RDF.type, DCAT.Distribution))
    assert distributions == set(graph.objects(None, DCAT.distribution)) and len(distributions) == 17
    for distribution in distributions:
        address = str(graph.value(distribution, DCAT.accessURL)).removeprefix(settings.BASE_URL)
        assert client.get(address).status_code == 200, address
        for needed in (DCTERMS.license, DCTERMS.format, dcatde.licenseAttributionByText):
            assert graph.value(distribution, needed), (distribution, needed)
        assert str(distribution).partition("#")[2] in shown
    # Every thing that is named here is also described here.
    named = {thing for thing in graph.objects() if isinstance(thing, rdflib.URIRef)}
    ours = {thing for thing in named if str(thing).startswith(f"{settings.BASE_URL}/daten/#")}
    assert ours <= set(graph.subjects())


# ---------------------------------------------------------------- for people and partners


def test_the_page_says_what_there_is_and_leads_there(client: Client) -> None:
    make_practice("Karte")
    page = Page.of(client.get("/daten/"))
    assert "Datenlizenz Deutschland – Namensnennung – Version 2.0" in page.main.text
    assert "1 Eintrag" in page.main.text
    assert {f"{V1}/{kind}.{form}" for kind in KINDS for form in ("json", "csv", "xlsx")} <= set(page.links)
    assert "/lizenz/" in page.links and "/daten/katalog.ttl" in page.links
    for link in {link for link in page.links if link.startswith("/daten/")}:
        assert client.get(link).status_code == 200, link
    assert "/daten/" in Page.of(client.get("/")).links
    assert f"{settings.BASE_URL}/daten/" in client.get("/sitemap.xml").content.decode()


def test_what_partners_include_is_plain_html_with_absolute_links(client: Client) -> None:
    metal = make_branch("Metall")
    make_dialogue("Rüsten <ohne> Suchen", slug="a", branches=[metal], starts_at=in_days(9))
    make_dialogue(
        "Fällt aus", branches=[metal], cancelled_at=timezone.now(), cancel_reason="Krank.", starts_at=in_days(3)
    )
    make_dialogue("Andere Branche")
    make_dialogue("Vorbei", branches=[metal], starts_at=in_days(-9))

    response = client.get("/daten/einbinden/dialoge.html?branche=metall")
    told = response.content.decode()
    assert response["Content-Type"] == "text/html; charset=utf-8" and len(told) < 3_000
    assert not response.cookies and response["X-Robots-Tag"].startswith("noindex")
    names = {element.tag for element in Page.of(response).root.walk()}
    assert names - {Page.of(response).root.tag} <= {"div", "ul", "li", "a", "strong", "br", "time", "p"}
    assert not re.search(r"style|class=|<script|<iframe|<img|src=", told)
    links = Page.of(response).links
    assert links and all(link.startswith(f"{settings.BASE_URL}/") for link in links)
    assert links[-1] == f"{settings.BASE_URL}/dialoge/?branche=metall"
    assert told.index("Fällt aus") < told.index("Rüsten &lt;ohne&gt; Suchen")
    assert "(abgesagt)" in told and "Andere Branche" not in told and "Vorbei" not in told


def test_the_included_list_bears_any_question(client: Client) -> None:
    for number in range(9):
        make_dialogue(f"Nr. {number}", starts_at=in_days(number + 1))
    address = "/daten/einbinden/dialoge.html"
    for query, number in {"": 5, "anzahl=2": 2, "anzahl=99": 9, "anzahl=x": 5, "anzahl=0": 1, "branche=xyz": 0}.items():
        response = client.get(f"{address}?{query}")
        assert response.status_code == 200, query
        assert response.content.decode().count("<li>") == number, query
    assert "kennen wir nicht" in client.get(f"{address}?branche=xyz").content.decode()
    assert "kein Branchendialog" in client.get(f"{address}?form=online").content.decode()


def test_a_partner_takes_the_register_as_a_workbook_and_shows_the_dialogues(client: Client) -> None:
    register = fill_register()
    make_dialogue(
        "Rüsten ohne Suchen", branches=[register.rich.branches.all()[0]] if register.rich.branches.exists() else []
    )

    # From any page by the foot to the data, and from there to the file.
    start = Page.of(client.get("/aktivitaeten/"))
    assert "/daten/" in start.links
    page = Page.of(client.get("/daten/"))
    workbook = next(link for link in page.links if link.endswith("aktivitaeten.xlsx"))
    sheet = load_workbook(BytesIO(client.get(workbook).getvalue())).active
    heads, *rows = sheet.iter_rows(values_only=True)
    listed = {row[heads.index("Titel")] for row in rows}
    assert register.rich.title in listed and register.shared.title not in listed
    assert sheet.freeze_panes == "A2"
    row = next(row for row in rows if row[heads.index("Titel")] == register.rich.title)
    assert isinstance(row[heads.index("Bis")], datetime)
    # Their own page takes the piece in on their server; whoever follows a link of it arrives here.
    piece = next(link for link in page.links if link.startswith("/daten/einbinden/"))
    shown = Page.of(client.get(piece))
    target = next(link for link in shown.links if "ruesten" in link)
    assert client.get(target.removeprefix(settings.BASE_URL)).status_code == 200


# ---------------------------------------------------------------- cost


def test_more_rows_ask_no_more_queries(client: Client) -> None:
    load_reference()

    def grow(number: int) -> None:
        for _ in range(number):
            branch = make_branch()
            practice = make_rich_practice(f"P{branch.pk}", branches=(branch,))
            add_parts(practice, 2)
            dialogue = make_dialogue(f"D{branch.pk}", branches=[branch], practices=[practice])
            actor = make_actor(f"A{branch.pk}", municipalities=tuple(Municipality.objects.all()[:2]))
            Host.objects.create(dialogue=dialogue, actor=actor)
            make_activity(f"T{branch.pk}", actor=actor, branches=(branch,))
            make_format(f"F{branch.pk}", branches=(branch,)).offered_by.add(actor)

    def count(address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(address).status_code == 200, address
        return len(captured)

    addresses = [*EVERYTHING, f"{V1}/beispiele.json?groesse=mittel", f"{V1}/aktivitaeten.json?kreis=hagen"]
    grow(1)
    few = {address: count(address) for address in addresses}
    grow(4)
    assert {address: count(address) for address in addresses} == few
    assert max(few.values()) <= 12, few
