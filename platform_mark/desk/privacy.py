"""One address over everything the portal stores: tell what is there, erase it, and erase it again after a restore.

Each part of the portal says for itself what it knows of an address and how it forgets it; here they are put together. Both
journeys are logged without the person.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from actors import privacy as actors
from dialogues import privacy as dialogues
from dialogues.formats import privacy as formats
from platform_mark import erasures
from platform_mark.accounts import privacy as accounts
from platform_mark.accounts.privacy import StaffAccount
from platform_mark.alerts import privacy as alerts
from platform_mark.demand import privacy as demand
from platform_mark.mail import privacy as mail
from platform_mark.mail.outbox import address_key
from platform_mark.pages import privacy as pages
from practices import privacy as practices

log = logging.getLogger(__name__)

PARTS = {
    "dialogues": dialogues,
    "formats": formats,
    "practices": practices,
    "actors": actors,
    "pages": pages,
    "alerts": alerts,
    "demand": demand,
    "accounts": accounts,
    "mail": mail,
}
# Passwords, queues and what is deleted within the hour hold no address; sessions hold only numbers.
_NOT_SEARCHED = frozenset({"cache", "rate_counter", "django_session"})


class ErasureRefused(ValidationError):
    """This address may not be erased here; the message is for people."""


@dataclass(frozen=True)
class Erasure:
    """What was erased, by part; and the tables that still hold the address, for people to look into."""

    rows: Mapping[str, int]
    remains: list[str]


def export_person(address: str) -> dict[str, Any]:
    """Everything stored under one address, as plain values under German headings; nobody else's data."""
    key = address_key(address)
    found: dict[str, Any] = {}
    for part in PARTS.values():
        found |= part.export_person(key)
    log.info("person exported", extra={"rows": sum(len(rows) for rows in found.values())})
    return {
        "Auskunft vom": timezone.localtime().isoformat(timespec="seconds"),
        "E-Mail-Adresse": address.strip(),
        **found,
    }


def count_rows(address: str) -> dict[str, int]:
    """How much is stored under one address, by heading; nothing is logged."""
    key = address_key(address)
    found: dict[str, Any] = {}
    for part in PARTS.values():
        found |= part.export_person(key)
    return {name: len(rows) for name, rows in found.items()}


def erase_person(address: str) -> Erasure:
    """Erase one address from all tables, history, the outbox and files, and remember it for restores.

    Raises ErasureRefused for accounts of staff. Seats of future dialogues pass on to those who wait.
    """
    erasure = _erase(address_key(address))
    log.info("person erased", extra={"rows": sum(erasure.rows.values()), "remains": len(erasure.remains)})
    return erasure


def replay(since: datetime) -> int:
    """After a restore: erase everybody again who was erased since the backup was made; return how many addresses."""
    known: set[str] = set()
    for part in PARTS.values():
        known |= part.addresses()
    again = erasures.erased_since(since, known)
    for key in again:
        _erase(key)
    log.info("erasures replayed", extra={"addresses": len(again)})
    return len(again)


@transaction.atomic
def _erase(key: str) -> Erasure:
    try:
        # The mails first, since the others make their addresses unknown; and at the end what came of it.
        rows = {"mail": mail.erase_person(key)}
        for name in ("dialogues", "formats", "practices", "actors", "pages", "alerts", "demand", "accounts"):
            rows[name] = PARTS[name].erase_person(key)  # type: ignore[attr-defined]
        rows["mail"] += mail.erase_person(key)
    except StaffAccount as error:
        raise ErasureRefused(
            "Zu dieser Adresse gehört ein Konto der Verwaltung. Nehmen Sie ihm zuerst in der Kontenliste den Haken bei"
            " „Redaktion und Verwaltung“.",
            code="staff",
        ) from error
    rows["history"] = _erase_history(key)
    # In the file before the rows are gone for good: erased twice does no harm, forgotten does.
    erasures.note(key)
    return Erasure(rows, _remains(key))


def _erase_history(key: str) -> int:
    """Take the address out of stored versions of content and out of what the administration logged."""
    # What stands before and after belongs to another address.
    pattern = rf"(?<![\w.+-]){_escaped(key)}(?![\w-]|\.\w)"
    cleaned = 0
    columns = {
        ("publishing_version", "data"): "jsonb",
        ("actors_revision", "data"): "jsonb",
        ("django_admin_log", "object_repr"): "text",
        ("django_admin_log", "change_message"): "text",
        ("outbox_outgoingmail", "error"): "text",
    }
    with connection.cursor() as cursor:
        for (table, column), kind in columns.items():
            cursor.execute(
                f"UPDATE {table} SET {column} = regexp_replace({column}::text, %s, 'geloescht@example.invalid', 'gi')::{kind}"  # noqa: S608 (our own names)
                f" WHERE {column}::text ~* %s",
                [pattern, pattern],
            )
            cleaned += cursor.rowcount
    return cleaned


def _remains(key: str) -> list[str]:
    """Tables in which the address still stands, however that came about."""
    pattern = rf"(?<![\w.+-]){_escaped(key)}(?![\w-]|\.\w)"
    found = []
    with connection.cursor() as cursor:
        for table in sorted(set(connection.introspection.table_names(cursor)) - _NOT_SEARCHED):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT EXISTS (SELECT FROM {name} t WHERE t::text ~* %s)", [pattern])  # noqa: S608
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def _escaped(text: str) -> str:
    """The text for a regular expression of PostgreSQL."""
    return "".join(letter if letter.isalnum() else f"\\{letter}" for letter in text)
