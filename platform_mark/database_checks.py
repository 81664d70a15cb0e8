"""Asks a database whether the portal can work on it: new enough, and with a locale that knows German letters."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

OLDEST_SERVER = 15
LOCALE_HINT = (
    "Bitte die Datenbank neu anlegen: CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'"
    " LC_CTYPE 'C.UTF-8'"
)


@register(Tags.database)
def check_databases(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """For `check --database default`, and before every migration."""
    found: list[CheckMessage] = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:

            def ask(sql: str) -> Any:
                cursor.execute(sql)
                return cursor.fetchone()[0]

            found += faults(ask)
    return found


def faults(ask: Callable[[str], Any]) -> list[CheckMessage]:
    """What is wrong with the server that `ask` asks; it gets one SQL statement and returns one value."""
    version = int(ask("SHOW server_version_num")) // 10_000
    if version < OLDEST_SERVER:
        return [
            Error(
                f"Der Datenbankserver ist PostgreSQL {version}; das Portal braucht {OLDEST_SERVER} oder neuer.",
                hint="Bitte den Server erneuern oder DATABASE_URL auf einen neueren richten.",
                id="platform_mark.E011",
            )
        ]
    if ask("SHOW server_encoding") != "UTF8" or ask("SELECT lower('Ä')") != "ä":
        return [
            Error(
                "Die Datenbank kennt keine deutschen Buchstaben (lower('Ä') ist nicht „ä“).",
                hint=LOCALE_HINT,
                id="platform_mark.E012",
            )
        ]
    # Three trigrams of „öl“; without German letters only the two of „l“.
    installed = ask("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'")
    if installed and ask("SELECT array_length(show_trgm('Öl'), 1)") != 3:
        return [
            Error(
                "Die Datenbank findet Wörter mit Umlauten nicht (show_trgm('Öl') übergeht das Ö).",
                hint=LOCALE_HINT,
                id="platform_mark.E013",
            )
        ]
    return []
