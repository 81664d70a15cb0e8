"""Examples from a JSON file: checked row by row, stored all or not at all.

The shape is that of `platform_mark/starter/practices_external.json`: facts of a published report, retold in own words.
What a row leaves open (null or missing) stays unknown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import localdate

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
from platform_mark.publishing.models import State
from platform_mark.publishing.paragraphs import from_plain
from platform_mark.search import index
from platform_mark.slugs import free_slug, german_slug
from platform_mark.taxonomy.lookup import Lookup
from platform_mark.taxonomy.models import Branch, Topic

from .models import Practice

# Field of the file -> field of the model, where the value goes over as it is.
_PLAIN = {"title": "title", "company": "company", "summary": "teaser", "year": "year", "source_url": "source_url"}
_LONG = {"challenge": "starting_point", "approach": "solution", "result": "result"}
_LISTS = {"technologies": "technologies", "target_groups": "target_groups"}
_NUMBERS = ("year", "employees")
_TEXTS = (*(name for name in _PLAIN if name not in _NUMBERS), *_LONG, "place", "branch_wz", "size_class")
_KNOWN = {*_TEXTS, *_NUMBERS, *_LISTS}
_FILE_FIELD = {model: file for file, model in [*_PLAIN.items(), *_LONG.items(), *_LISTS.items()]} | {
    "size_band": "size_class"
}


@dataclass
class ImportResult:
    """How many examples were new, changed, left as they were although the file says otherwise, or equal already."""

    made: int = 0
    changed: int = 0
    kept: int = 0
    unchanged: int = 0


@transaction.atomic
def import_practices(
    rows: Iterable[JsonRow], *, publish: bool = False, update: bool = False, dry_run: bool = False
) -> ImportResult:
    """Store external examples; the same source address and title is the same example, whatever else changed.

    An example that is there already stays as staff left it unless `update` is given. Raises ImportRefused with every
    wrong field of every row, and then nothing is stored. `dry_run` checks all the same, against the database, and takes
    everything back.
    """
    lookup = Lookup()
    errors: list[RowError] = []
    result = ImportResult()
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(rows, 1):
        practice, terms, wrong = _read(number, row, lookup)
        key = (practice.source_url, practice.title)
        if not wrong and key in seen:
            wrong = [RowError(number, "title", "Gleiche Quelle und gleicher Titel stehen schon weiter oben.")]
        seen.add(key)
        if wrong:
            errors += wrong
            continue
        _store(practice, terms, result, update=update)
        if publish and (stored := _stored(practice)) and stored.state in (State.DRAFT, State.REVIEW):
            stored.publish()
    if errors:
        raise ImportRefused(errors)
    if dry_run:
        transaction.set_rollback(True)
    return result


@dataclass(frozen=True)
class _Terms:
    branches: list[Branch]
    topics: list[Topic]


def _read(number: int, row: JsonRow, lookup: Lookup) -> tuple[Practice, _Terms, list[RowError]]:
    errors = [
        *unknown_fields(number, row, _KNOWN),
        *wrong_texts(number, row, _TEXTS),
        *wrong_numbers(number, row, _NUMBERS),
        *wrong_lists(number, row, _LISTS),
    ]
    if errors:
        return Practice(), _Terms([], []), errors

    values: dict[str, Any] = {model: text(row, file) for file, model in _PLAIN.items()}
    values["year"] = row.get("year")
    values |= {model: from_plain(text(row, file)) for file, model in _LONG.items()}
    values |= {model: list(row.get(file) or []) for file, model in _LISTS.items()}
    values["employees"] = row.get("employees")
    if values["employees"] is None:
        values["size_band"] = row.get("size_class") or ""
    place = text(row, "place")
    values["municipality"] = lookup.municipality(place)
    values["place"] = "" if values["municipality"] else place

    branches = []
    # A letter names a whole section, which is no branch of ours; staff choose one later.
    if (code := text(row, "branch_wz")) and code.isdigit():
        if branch := lookup.branch_of_code(code):
            branches = [branch]
        else:
            errors.append(RowError(number, "branch_wz", f"Die Abteilung „{code}“ gibt es in der WZ 2008 nicht."))

    practice = Practice(kind=Practice.Kind.EXTERNAL, **values)
    practice.slug = german_slug(practice.title)
    try:
        practice.clean_fields()
        # Not against rows already stored: those are found by source and title, and updated.
        practice.validate_constraints(exclude={"title", "source_url"})
    except ValidationError as error:
        errors += broken_rules(number, error, _FILE_FIELD)
    found = (lookup.topic(word) for word in values["technologies"])
    topics = list(dict.fromkeys(topic for topic in found if topic))
    return practice, _Terms(branches, topics), errors


def _stored(practice: Practice) -> Practice | None:
    return Practice.objects.filter(source_url=practice.source_url, title=practice.title).first()


def _store(practice: Practice, terms: _Terms, result: ImportResult, *, update: bool) -> None:
    stored = _stored(practice)
    if stored is None:
        practice.slug = free_slug(practice.title, lambda slug: Practice.objects.filter(slug=slug).exists())
        practice.as_of = localdate()
        practice.save()
        practice.branches.set(terms.branches)
        practice.topics.set(terms.topics)
        result.made += 1
        return
    # Only what a file can say; slug, dates and all that staff added in other fields stay in any case.
    fields = [*_FILE_FIELD, "employees", "municipality", "place"]
    differing = [name for name in fields if getattr(stored, name) != getattr(practice, name)]
    if not differing:
        result.unchanged += 1
    elif update:
        for name in differing:
            setattr(stored, name, getattr(practice, name))
        stored.save()
        index.put(stored)
        result.changed += 1
    else:
        result.kept += 1
