"""What a page of each kind looks like, as JSON Schema: made from the same columns as the pages."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from platform_mark.exports import LICENCE, LICENCE_URL

from .asking import MOST_ON_A_PAGE
from .columns import schema_of
from .kinds import Kind

VERSION = 1
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_address(kind: Kind) -> str:
    """Where the schema of a kind is."""
    return f"{settings.BASE_URL}{reverse('opendata:schema', args=[kind.word])}"


def schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of a page."""
    properties = {
        "schema": {"const": schema_address(kind)},
        "version": {"const": VERSION},
        "art": {"const": kind.word},
        "titel": {"type": "string"},
        "lizenz": {
            "type": "object",
            "properties": {
                "name": {"const": LICENCE},
                "adresse": {"const": LICENCE_URL},
                "namensnennung": {"type": "string"},
            },
            "required": ["name", "adresse", "namensnennung"],
            "additionalProperties": False,
        },
        "herausgeber": {"type": "string"},
        "hinweis": {"type": ["string", "null"], "title": "Was zur Frage zu sagen ist, etwa ein unbekannter Filter"},
        "naechste": {"type": ["string", "null"], "format": "uri", "title": "Adresse der nächsten Seite"},
        "eintraege": {"type": "array", "maxItems": MOST_ON_A_PAGE, "items": schema_of(kind.columns)},
    }
    return {
        "$schema": DIALECT,
        "$id": schema_address(kind),
        "title": kind.title,
        "description": kind.description,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
