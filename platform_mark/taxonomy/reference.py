"""The reference data the portal ships: 20 branches with their codes, topics, what presses companies, and
the region's municipalities.

Loading makes what is missing and changes nothing that is there, so what staff rename, reorder or merge stays.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from platform_mark.slugs import german_slug

from .models import Branch, BranchCode, District, Municipality, Pressure, Topic

FOLDER = Path(__file__).parent / "reference"
# The edition of the classification that branches.csv was made from (Statistisches Bundesamt).
CODE_EDITION = "WZ 2008"


@transaction.atomic
def load_reference() -> dict[str, int]:
    """Make the missing rows; return how many were made, by German plural name."""
    return {
        "Branchen": _load_branches(),
        "Themen": _load_topics(),
        "Antworten auf „Was drückt?“": _load_pressures(),
        "Städte und Gemeinden": _load_municipalities(),
    }


def _load_branches() -> int:
    made = 0
    for row in _rows("branches.csv"):
        if _is_there(Branch, row):
            continue
        branch = Branch.objects.create(
            reference_key=row["slug"],
            name=row["name"],
            slug=row["slug"],
            order=int(row["order"]),
            synonyms=_words(row["craft_aliases"]),
            focus_candidate=row["focus_candidate"] == "1",
        )
        BranchCode.objects.bulk_create(
            (BranchCode(branch=branch, edition=CODE_EDITION, code=code) for code in row["wz2008_divisions"].split()),
            # A division that staff moved to another branch stays there.
            ignore_conflicts=True,
        )
        made += 1
    return made


def _load_topics() -> int:
    made = 0
    for row in _rows("topics.csv"):
        if _is_there(Topic, row):
            continue
        Topic.objects.create(
            reference_key=row["slug"],
            name=row["name"],
            slug=row["slug"],
            order=int(row["order"]),
            synonyms=_words(row["synonyms"]),
        )
        made += 1
    return made


def _load_pressures() -> int:
    made = 0
    # Staff may have merged a topic into another one since.
    topics = {topic.reference_key: topic.merged_into or topic for topic in Topic.objects.select_related("merged_into")}
    for row in _rows("pressures.csv"):
        if _is_there(Pressure, row):
            continue
        pressure = Pressure.objects.create(
            reference_key=row["slug"],
            name=row["name"],
            slug=row["slug"],
            order=int(row["order"]),
            target_groups=row["target_groups"].split(),
            hint="\n".join(part.strip() for part in row["hint"].split("|")),
        )
        pressure.topics.set(topics[key] for key in row["topics"].split())
        made += 1
    return made


def _load_municipalities() -> int:
    made = 0
    for row in _rows("municipalities.csv"):
        district, _ = District.objects.get_or_create(
            key=row["district_key"], defaults={"name": row["district"], "slug": german_slug(row["district"])}
        )
        _, is_new = Municipality.objects.get_or_create(
            ags=row["ags"],
            defaults={"name": row["name"], "slug": german_slug(row["name"].partition(" (")[0]), "district": district},
        )
        made += is_new
    return made


def _is_there(model: type[Branch] | type[Topic] | type[Pressure], row: Mapping[str, str]) -> bool:
    """Whether it was loaded before, or staff made one of the same name themselves: then theirs stays."""
    same = Q(reference_key=row["slug"]) | Q(name=row["name"]) | Q(slug=row["slug"])
    return model.objects.filter(same).exists()


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
