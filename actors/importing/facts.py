"""Published facts in JSON, in the shape of `real_activities.json`."""

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils.formats import date_format

from platform_mark.json_rows import text, wrong_lists, wrong_texts
from platform_mark.sheets import FileRefused
from platform_mark.taxonomy.lookup import Lookup

from ..models import Activity, Actor
from .rows import Fault, Row

_KNOWN = {
    *("title", "kind", "organiser", "partners", "start", "end", "place"),
    *("branch_wz", "target_groups", "summary", "terms", "source_url"),
}
_LISTS = {"partners", "branch_wz", "target_groups"}
# What the words of a source say about the kind; "Beratung und Zuschuss" is advice, since that stands first.
_KINDS = (
    (r"qualifizierung|schulung|weiterbildung|mentoring", Activity.Kind.TRAINING),
    (r"förder|zuschuss|gutschein(?!.*beratung)", Activity.Kind.FUNDING),
    (r"beratung|coaching", Activity.Kind.ADVICE),
    (r"netzwerk|kooperation|verbund", Activity.Kind.NETWORK),
    (r"demonstration|modell|labor|kompetenzzentrum", Activity.Kind.DEMONSTRATION),
    (r"veranstaltung|tagung|messe", Activity.Kind.EVENT),
)
_ACTOR_KINDS = (
    (r"kammer|\bihk\b|\bhwk\b", Actor.Kind.CHAMBER),
    (r"universität|hochschule|\binstitut\b(?!.*management)|kunststoff-institut", Actor.Kind.UNIVERSITY),
    (r"gewerkschaft|ig metall|ver\.di|\bdgb\b", Actor.Kind.UNION),
    (r"agentur für arbeit|jobcenter", Actor.Kind.EMPLOYMENT),
    (r"wirtschaftsförderung|strukturförderung|agentur", Actor.Kind.AGENCY),
    (r"verband|innung", Actor.Kind.ASSOCIATION),
    (r"netzwerk|konsortium|zentrum|verbund", Actor.Kind.NETWORK),
    (r"management institut|akademie|bildung", Actor.Kind.EDUCATION),
)
_LONGEST_SUMMARY = 300


def read_facts(value: Any) -> list[Row]:
    """The rows of a list of facts in the shape of `real_activities.json`; what is wrong stands in the rows."""
    if not isinstance(value, list):
        raise FileRefused("Erwartet wird eine Liste von Einträgen.")
    lookup = Lookup()
    return [_fact(number, row, lookup) for number, row in enumerate(value, 1)]


def _fact(number: int, fact: Any, lookup: Lookup) -> Row:
    row = Row(number, f"Eintrag {number}")
    if not isinstance(fact, dict):
        row.faults.append(Fault(number, row.name, "Das ist kein Eintrag mit Feldern."))
        return row
    for name in fact:
        if name not in _KNOWN:
            row.fault(str(name), "Dieses Feld gibt es nicht.")
    for error in (*wrong_texts(number, fact, _KNOWN - _LISTS), *wrong_lists(number, fact, _LISTS)):
        row.fault(error.field, error.reason)
    for name in ("title", "organiser", "summary", "source_url"):
        if fact.get(name) in (None, "") or (isinstance(fact.get(name), str) and not fact[name].strip()):
            row.fault(name, "Hier fehlt eine Angabe.")
    if row.faults:
        return row
    texts = {name: " ".join(text(fact, name).split()) for name in _KNOWN - _LISTS}
    lists = {name: fact.get(name) or [] for name in _LISTS}
    row.actor, row.source_url = texts["organiser"], texts["source_url"]
    place = lookup.municipality(texts["place"])
    row.seat = texts["place"]
    begins, ends = _day(row, "start", texts["start"]), _day(row, "end", texts["end"], is_end=True)
    if row.faults:
        return row
    summary, rest = _shortened(texts["summary"])
    told = [
        rest,
        f"Partner laut Quelle: {', '.join(lists['partners'])}." if lists["partners"] else "",
        f"Bedingungen laut Quelle: {texts['terms']}." if len(texts["terms"]) > 160 else "",
        f"Beginn laut Quelle: {_in_words(texts['start'])}." if texts["start"] and not begins else "",
        f"Ende laut Quelle: {_in_words(texts['end'])}." if len(texts["end"]) < 10 and texts["end"] else "",
    ]
    values = {
        "title": texts["title"],
        "summary": summary,
        "description": "\n\n".join(part for part in told if part),
        "kind": _first_fit(_KINDS, texts["kind"], Activity.Kind.INFORMATION),
        "target_groups": lists["target_groups"],
        "branches": _branches(row, lists["branch_wz"], lookup),
        "municipalities": [place] if place else [],
        "area": "" if place else texts["place"],
        "cost_note": texts["terms"] if len(texts["terms"]) <= 160 else "",
        "valid_from": begins,
        "valid_until": ends,
    }
    row.keep(values)
    return row


def _branches(row: Row, codes: Iterable[str], lookup: Lookup) -> list[Any]:
    found = []
    # A letter names a whole section, which is no branch of ours; staff choose one later.
    for code in (code for code in codes if code.isdigit()):
        branch = lookup.branch_of_code(code)
        if branch is None:
            row.fault("branch_wz", f"Die Abteilung „{code}“ gibt es in der WZ 2008 nicht.")
        elif branch not in found:
            found.append(branch)
    return found


def _day(row: Row, name: str, text: str, *, is_end: bool = False) -> date | None:
    """A day; of an end that names a month or a year its last day. A beginning without a day stays open."""
    if not text:
        return None
    try:
        parts = [int(part) for part in text.split("-")]
        if not re.fullmatch(r"\d{4}(-\d{2}){0,2}", text):
            raise ValueError
        if len(parts) == 3:
            return date(*parts)
        month = parts[1] if len(parts) == 2 else 12
        last = date(parts[0], month, monthrange(parts[0], month)[1])
    except ValueError:
        row.fault(name, "Erwartet wird ein Datum wie 2026-09-01, 2026-09 oder 2026.")
        return None
    return last if is_end else None


def _in_words(text: str) -> str:
    if len(text) == 7:
        return date_format(date(int(text[:4]), int(text[5:]), 1), "F Y")
    return text


def _shortened(text: str) -> tuple[str, str]:
    """A sentence or more that fits into a list, and the whole where that was too long."""
    if len(text) <= _LONGEST_SUMMARY:
        return text, ""
    return text[: _LONGEST_SUMMARY - 2].rsplit(" ", 1)[0] + " …", text


def actor_kind(name: str) -> str:
    """What an organisation probably is, by its name."""
    return _first_fit(_ACTOR_KINDS, name, Actor.Kind.OTHER)


def _first_fit(choices: Iterable[tuple[str, Any]], text: str, other: Any) -> str:
    """The choice whose words stand first in the text."""
    found = [(match.start(), kind) for pattern, kind in choices if (match := re.search(pattern, text.casefold()))]
    return str(min(found, key=lambda each: each[0])[1] if found else other)
