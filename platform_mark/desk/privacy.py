"""One address over everything the portal stores: tell what is there, erase it, and erase it again after a restore.

Each part of the portal says for itself what it knows of an address and how it forgets it; here they are put together. Both
journeys are logged without the person.
"""

import contextlib
import json
import logging
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

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


class Part(Protocol):
    """What a part of the portal offers in its module `privacy`."""

    def export_person(self, key: str) -> dict[str, Any]: ...
    def erase_person(self, key: str) -> int: ...
    def addresses(self) -> set[str]: ...


# In the order of erasing: an account of staff is refused before anything is gone, and the mails go before the others make
# their addresses unknown.
PARTS: Mapping[str, Part] = {
    "accounts": accounts,
    "mail": mail,
    "dialogues": dialogues,
    "formats": formats,
    "practices": practices,
    "actors": actors,
    "pages": pages,
    "alerts": alerts,
    "demand": demand,
}
# What can be erased or withdrawn alone, by the word under which its journey notes it.
_ALONE: Mapping[str, Callable[[str, int], int]] = {
    "booking": dialogues.erase_booking,
    "news": dialogues.end_news,
    "account": actors.erase_account,
    "person": actors.withdraw_person,
    "actor-left": actors.leave,
    "actor-erased": actors.leave_to_be_erased,
    "alert": alerts.end_alert,
    "alerts": alerts.end_all,
    "wish": demand.end_wish,
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


@dataclass(frozen=True)
class Replayed:
    """Of how many addresses, or things without one, something was erased again, and how many erasures were refused."""

    addresses: int
    refused: int


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


@transaction.atomic
def erase_person(address: str) -> Erasure:
    """Erase one address from all tables, history, the outbox and files, and remember it for restores.

    Raises ErasureRefused for accounts of staff. Seats of future dialogues pass on to those who wait.
    """
    key = address_key(address)
    erasure = _erase(key)
    erasures.note(key)
    log.info("person erased", extra={"rows": sum(erasure.rows.values()), "remains": len(erasure.remains)})
    return erasure


def replay(since: datetime) -> Replayed:
    """After a restore: erase again just what was erased since the backup was made. What is refused keeps nobody else."""
    # Bookings that staff took on the phone may have no address, and entries belong to none.
    known = {""}
    for part in PARTS.values():
        known |= part.addresses()
    again: set[str | tuple[str, int | None]] = set()
    refused = 0
    for key, what, row in erasures.erased_since(since, known):
        try:
            if row is None:
                _erase(key)
            elif not _ALONE[what](key, row):
                continue
            again.add(key or (what, row))
        except (ErasureRefused, StaffAccount):
            refused += 1
    log.log(
        logging.WARNING if refused else logging.INFO,
        "erasures replayed",
        extra={"addresses": len(again), "refused": refused},
    )
    return Replayed(len(again), refused)


@transaction.atomic
def _erase(key: str) -> Erasure:
    try:
        rows = {name: part.erase_person(key) for name, part in PARTS.items()}
        # And what the others have written to this address meanwhile.
        rows["mail"] += mail.erase_person(key)
    except StaffAccount as error:
        raise ErasureRefused(
            "Zu dieser Adresse gehört ein Konto der Verwaltung. Nehmen Sie ihm zuerst in der Kontenliste den Haken bei"
            " „Redaktion und Verwaltung“.",
            code="staff",
        ) from error
    rows["history"] = _erase_history(key)
    return Erasure(rows, _remains(key))


def _erase_history(key: str) -> int:
    """Take the address out of stored versions of content and out of what the administration logged."""
    pattern = _pattern(key)
    cleaned = 0
    columns = {
        ("publishing_version", "data"): "jsonb",
        ("actors_revision", "data"): "jsonb",
        ("actors_revision", "base"): "jsonb",
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
    pattern = _pattern(key)
    found = []
    with connection.cursor() as cursor:
        for table in sorted(set(connection.introspection.table_names(cursor)) - _NOT_SEARCHED):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT EXISTS (SELECT FROM {name} t WHERE t::text ~* %s)", [pattern])  # noqa: S608
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def _pattern(key: str) -> str:
    """The address as a regular expression of PostgreSQL; what stands before and after belongs to another address.

    In all spellings of its domain, as people type it and as JSON keeps it. There a line break before the address is two
    characters, the second of which is a letter.
    """
    local, _, domain = key.rpartition("@")
    typed = f"{local}@{domain}"
    with contextlib.suppress(UnicodeError):
        typed = f"{local}@{domain.encode().decode('idna')}"
    spellings = {key, typed, unicodedata.normalize("NFD", typed), json.dumps(typed).strip('"')}
    any_of = "|".join(sorted(map(_escaped, spellings)))
    return rf"(?:(?<![\w.+-])|(?<=\\[nrt]))(?:{any_of})(?![\w-]|\.\w)"


def _escaped(text: str) -> str:
    # In a key „ß“ has become „ss“.
    return "".join(letter if letter.isalnum() else f"\\{letter}" for letter in text).replace("ss", "(?:ss|ß)")
