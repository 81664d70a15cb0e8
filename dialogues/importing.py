"""Dialogues from a JSON file of published reports: checked row by row, stored all or not at all, always as drafts.

What a row leaves open (null or missing) stays unknown. A day without an hour, a month or a year is no date that a calendar
could hold: it is kept in words in the note on the date, and staff fill in what they find out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from actors.models import Actor
from platform_mark.json_rows import (
    ImportRefused,
    JsonRow,
    RowError,
    broken_rules,
    text,
    unknown_fields,
    wrong_lists,
    wrong_numbers,
    wrong_texts,
)
from platform_mark.publishing.paragraphs import from_plain
from platform_mark.search import index
from platform_mark.slugs import free_slug, german_slug
from platform_mark.taxonomy.lookup import Lookup
from platform_mark.taxonomy.models import Branch, TargetGroup

from .models import Dialogue, Host, Report

# Field of the file -> field of the model, where the value goes over as it is.
_PLAIN = {"title": "title", "summary": "teaser", "venue": "venue", "source_url": "source_url"}
_TEXTS = (*_PLAIN, "kind", "date", "date_note", "place")
_LISTS = ("organiser", "branch_wz", "target_groups")
_KNOWN = {*_TEXTS, *_LISTS, "participants"}
_FILE_FIELD = {model: file for file, model in _PLAIN.items()} | {"description": "kind"}

_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
# „17:00 bis 19:00 Uhr“: the only note that says when a day begins and ends.
_HOURS = re.compile(r"(\d{1,2}:\d{2}) bis (\d{1,2}:\d{2}) Uhr", re.ASCII)
_NO_HOUR = "Uhrzeit nicht genannt"


@dataclass
class ImportResult:
    """How many dialogues were new, and how many were there already and stay as staff left them."""

    made: int = 0
    present: int = 0


@transaction.atomic
def import_dialogues(rows: Iterable[JsonRow], *, dry_run: bool = False) -> ImportResult:
    """Store dialogues as drafts; the same source address and title is the same dialogue.

    Raises ImportRefused with every wrong field of every row, and then nothing is stored. `dry_run` checks all the same,
    against the database, and takes everything back.
    """
    lookup = Lookup()
    errors: list[RowError] = []
    result = ImportResult()
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(rows, 1):
        found = _read(number, row, lookup)
        if isinstance(found, list):
            errors += found
            continue
        key = (found.dialogue.source_url, found.dialogue.title)
        if key in seen:
            errors.append(RowError(number, "title", "Gleiche Quelle und gleicher Titel stehen schon weiter oben."))
        elif not errors:
            _store(found, result)
        seen.add(key)
    if errors:
        raise ImportRefused(errors)
    if dry_run:
        transaction.set_rollback(True)
    return result


@dataclass(frozen=True)
class _Row:
    dialogue: Dialogue
    branches: list[Branch]
    organisers: list[str]
    participants: int | None


def _read(number: int, row: JsonRow, lookup: Lookup) -> _Row | list[RowError]:
    errors = [*unknown_fields(number, row, _KNOWN), *_type_errors(number, row)]
    if errors:
        return errors

    place = text(row, "place")
    municipality = lookup.municipality(place)
    dialogue = Dialogue(
        **{model: text(row, file) for file, model in _PLAIN.items()},
        description=from_plain(f"Art der Veranstaltung: {text(row, 'kind')}") if text(row, "kind") else "",
        target_groups=list(row.get("target_groups") or []),
        municipality=municipality,
        place="" if municipality else place,
    )
    dialogue.slug = german_slug(dialogue.title)
    errors += _read_date(number, row, dialogue)
    branches = []
    for code in row.get("branch_wz") or []:
        # A letter names a whole section, which is no branch of ours; staff choose one later.
        if not code.isdigit():
            continue
        if branch := lookup.branch_of_code(code):
            branches.append(branch)
        else:
            errors.append(RowError(number, "branch_wz", f"Die Abteilung „{code}“ gibt es in der WZ 2008 nicht."))
    if unknown := [group for group in dialogue.target_groups if group not in TargetGroup.values]:
        errors.append(RowError(number, "target_groups", f"Diese Zielgruppe gibt es nicht: {', '.join(unknown)}."))
    organisers = [name.strip() for name in row.get("organiser") or [] if name.strip()]
    if too_long := [name for name in organisers if len(name) > Host._meta.get_field("name").max_length]:  # type: ignore[operator]
        errors.append(RowError(number, "organiser", f"Der Name ist zu lang: {too_long[0][:40]} …"))
    if not dialogue.source_url:
        errors.append(RowError(number, "source_url", "Ohne Quelle wissen wir nicht, woher die Angaben stammen."))
    # Not whether the address is free: a free one is made at storing. Both are asked, so that all faults are named at once.
    for check in (dialogue.clean_fields, dialogue.validate_constraints):
        try:
            check(exclude={"slug", "target_groups"})
        except ValidationError as error:
            errors += broken_rules(number, error, _FILE_FIELD)
    return errors or _Row(dialogue, list(dict.fromkeys(branches)), organisers, row.get("participants"))


def _read_date(number: int, row: JsonRow, dialogue: Dialogue) -> list[RowError]:
    """Put day and hours where both are known; else say in words what is known, and nothing more."""
    word, note = text(row, "date"), text(row, "date_note")
    found = _DAY.fullmatch(word)
    if word and not found:
        return [RowError(number, "date", "Erwartet wird JJJJ-MM-TT, JJJJ-MM oder JJJJ.")]
    try:
        day = date(int(found[1]), int(found[2] or 1), int(found[3] or 1)) if found else None
    except ValueError:
        return [RowError(number, "date", f"Diesen Tag gibt es nicht: {word}.")]
    hours = _HOURS.fullmatch(note)
    if found and found[3] and hours and day:
        return _set_hours(number, dialogue, day, hours[1], hours[2])
    known = ""
    if found and day:
        known = f"{day:%d.%m.%Y}, {_NO_HOUR}" if found[3] else f"{day:%m.%Y}" if found[2] else f"{day:%Y}"
    dialogue.date_note = "; ".join(filter(None, [known, note]))
    if len(dialogue.date_note) > 160:
        return [RowError(number, "date_note", "Der Hinweis ist zu lang: höchstens 160 Zeichen zusammen mit dem Datum.")]
    return []


def _set_hours(number: int, dialogue: Dialogue, day: date, first: str, last: str) -> list[RowError]:
    try:
        start, end = (time.fromisoformat(clock.zfill(5)) for clock in (first, last))
    except ValueError:
        return [RowError(number, "date_note", f"Diese Uhrzeit gibt es nicht: {first} bis {last}.")]
    dialogue.starts_at = timezone.make_aware(datetime.combine(day, start))
    dialogue.ends_at = timezone.make_aware(datetime.combine(day, end))
    return []


def _type_errors(number: int, row: JsonRow) -> list[RowError]:
    errors = [*wrong_texts(number, row, _TEXTS), *wrong_lists(number, row, _LISTS)]
    people = row.get("participants")
    if wrong := wrong_numbers(number, row, ["participants"]):
        errors += wrong
    elif people is not None and not 0 <= people <= 1_000_000:
        errors.append(RowError(number, "participants", "Diese Zahl kann nicht stimmen."))
    return errors


def _store(row: _Row, result: ImportResult) -> None:
    dialogue = row.dialogue
    if Dialogue.objects.filter(source_url=dialogue.source_url, title=dialogue.title).exists():
        result.present += 1
        return
    dialogue.slug = free_slug(dialogue.title, lambda slug: Dialogue.objects.filter(slug=slug).exists())
    dialogue.save()
    dialogue.branches.set(row.branches)
    actors = {actor.name: actor for actor in Actor.objects.published().filter(name__in=row.organisers)}
    Host.objects.bulk_create(
        Host(dialogue=dialogue, order=number, actor=actors.get(name), name="" if name in actors else name)
        for number, name in enumerate(row.organisers)
    )
    if row.participants is not None:
        # Not published: it is part of the draft, for staff to write on.
        Report.objects.create(dialogue=dialogue, participants=row.participants)
    index.put(dialogue)
    result.made += 1
