"""What programs can ask for, as OpenAPI 3.1: made from the kinds, columns, filters and addresses that answer them."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse

from platform_mark.contact import operator
from platform_mark.exports import LICENCE, LICENCE_URL

from . import hsds
from .answers import FAULT, JSON, MAX_AGE, TABLES
from .asking import AFTER, FILTERS, MOST_EMBEDDED, MOST_IN_A_TABLE, MOST_ON_A_PAGE, NUMBER, PAGE_SIZE
from .kinds import DIALOGUES, KINDS, Kind
from .schema import DIALECT, VERSION, schema

_AGAIN = {
    "ETag": {"description": "Kennzeichen dieser Antwort, für If-None-Match.", "schema": {"type": "string"}},
    "Last-Modified": {
        "description": "Letzte Änderung an dem, was da ist. Ob sich etwas geändert hat, sagt der ETag.",
        "schema": {"type": "string"},
    },
}
_LINK = {"Link": {"description": "Die Lizenz und, wo es mehr gibt, die nächste Datei.", "schema": {"type": "string"}}}
Part = Mapping[str, Any]


def description() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "Digitalisierung in der Märkischen Region: offene Daten",
            "version": f"{VERSION}.0",
            "description": (
                "Nur lesen, ohne Schlüssel. Adressen unter v1 bleiben; es können Felder dazukommen. "
                f"Fragen Sie bitte höchstens alle {MAX_AGE // 60} Minuten, am besten mit If-None-Match."
            ),
            "license": {"name": LICENCE, "url": LICENCE_URL},
            "contact": {"name": operator()["name"], "url": f"{settings.BASE_URL}{reverse('opendata:index')}"},
        },
        "servers": [{"url": settings.BASE_URL}],
        "tags": [{"name": kind.word, "description": kind.description} for kind in KINDS.values()],
        "paths": _paths(),
        "components": {
            "schemas": {
                **{kind.word: _embedded(schema(kind)) for kind in KINDS.values()},
                "hsds": hsds.ENVELOPE,
                "fehler": FAULT,
            }
        },
    }


def _paths() -> dict[str, Any]:
    paths = {}
    for kind in KINDS.values():
        paths[_path("json", kind.word)] = _get(
            f"{kind.word}-json",
            f"{kind.title} als JSON",
            kind,
            _asked(kind, PAGE_SIZE, MOST_ON_A_PAGE),
            {"200": _answer(JSON, _ref(kind.word), _AGAIN), "304": _UNCHANGED, "400": _answer(JSON, _ref("fehler"))},
        )
        for form, media_type in TABLES.items():
            paths[_path(form, kind.word)] = _get(
                f"{kind.word}-{form}",
                f"{kind.title} als {form.upper()}, höchstens {MOST_IN_A_TABLE} Zeilen je Datei",
                kind,
                _asked(kind, MOST_IN_A_TABLE, MOST_ON_A_PAGE),
                {
                    "200": _answer(media_type.partition(";")[0], headers=_LINK),
                    "400": _answer("text/plain", {"type": "string"}),
                },
            )
        paths[_path("schema", kind.word)] = _get(
            f"{kind.word}-schema", f"JSON Schema: {kind.title}", kind, [], {"200": _answer(JSON, {"type": "object"})}
        )
    for word, shape in hsds.SHAPES.items():
        paths[_path("hsds", word)] = _get(
            f"hsds-{word}",
            f"Register nach HSDS {hsds.VERSION}: {word}",
            shape.kind,
            _asked(shape.kind, PAGE_SIZE, MOST_ON_A_PAGE),
            {"200": _answer(JSON, _ref("hsds"), _AGAIN), "304": _UNCHANGED, "400": _answer(JSON, _ref("fehler"))},
        )
    for name, title, media_type in (
        ("openapi", "Dieses Dokument", JSON),
        ("catalogue-json", "Katalog nach DCAT-AP.de als JSON-LD", "application/ld+json"),
        ("catalogue-turtle", "Katalog nach DCAT-AP.de als Turtle", "text/turtle"),
    ):
        answers = {"200": _answer(media_type, headers=_AGAIN), "304": _UNCHANGED}
        paths[_path(name)] = _get(name, title, None, [], answers)
    paths[_path("embedded")] = _get(
        "embedded",
        "Die nächsten Branchendialoge als Stück HTML für Ihre Seite",
        DIALOGUES,
        [
            *_filters(DIALOGUES),
            _parameter(
                NUMBER,
                f"Wie viele, höchstens {MOST_EMBEDDED}",
                {"type": "integer", "minimum": 1, "maximum": MOST_EMBEDDED},
            ),
        ],
        {"200": _answer("text/html", {"type": "string"}, _AGAIN), "304": _UNCHANGED},
    )
    return paths


_UNCHANGED = {"description": "Es hat sich nichts geändert."}


def _get(name: str, title: str, kind: Kind | None, parameters: list[Part], responses: Part) -> dict[str, Any]:
    found: dict[str, Any] = {"operationId": name, "summary": title, "responses": responses}
    if parameters:
        found["parameters"] = parameters
    if kind:
        found["tags"] = [kind.word]
    return {"get": found}


def _asked(kind: Kind, size: int, most: int) -> list[Part]:
    number = {"type": "integer", "minimum": 1, "maximum": most}
    return [
        *_filters(kind),
        _parameter(NUMBER, f"Wie viele Einträge; ohne Angabe {size}", number),
        _parameter(
            AFTER, "Wo es weitergeht: aus der Adresse der nächsten Seite", {"type": "string", "pattern": "^[0-9]+$"}
        ),
    ]


def _filters(kind: Kind) -> list[Part]:
    return [
        # Several values of one filter are joined by „oder“.
        {**_parameter(name, label, {"type": "array", "items": {"type": "string"}}), "style": "form", "explode": True}
        for name, label in FILTERS[kind.word].items()
    ]


def _parameter(name: str, label: str, of: Part) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": label, "schema": of}


def _answer(media_type: str, of: Part | None = None, headers: Part | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"description": "Die Antwort.", "content": {media_type: {"schema": of} if of else {}}}
    if headers:
        found["headers"] = headers
    return found


def _ref(name: str) -> Part:
    return {"$ref": f"#/components/schemas/{name}"}


def _embedded(found: Part) -> Part:
    """A schema as a part of this document, which has the same dialect and its own address."""
    return {name: value for name, value in found.items() if name not in ("$schema", "$id")}


def _path(name: str, *args: str) -> str:
    return reverse(f"opendata:{name}", args=args)
