"""Which other examples are like this one, and why: each carries the reasons a reader can check."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, IntegerField
from django.db.models.expressions import RawSQL

from platform_mark.taxonomy.models import Branch, CompanySize, Topic

from .models import Practice

# Only so many of the newest that share a branch, and of those that share a topic, are compared: a reader of a large portal
# wants a near one, not the nearest of ten thousand.
MOST_COMPARED = 200

# Plain text, since it never changes: built anew by the ORM for each page, it would cost more than the page.
_SHARES = """EXISTS (
    SELECT FROM practices_practice_{terms} AS link WHERE link.practice_id = {practice}.id AND link.{term}_id = ANY(%s)
)"""
_SAME_BRANCH, _SAME_TOPIC = (
    _SHARES.format(practice="practices_practice", terms=terms, term=term)
    for terms, term in (("branches", "branch"), ("topics", "topic"))
)
_SAME_SIZE = "practices_practice.size = ANY(%s)"
_SAME_DISTRICT = """(NOT practices_practice.is_anonymous AND EXISTS (
    SELECT FROM taxonomy_municipality AS town
    WHERE town.id = practices_practice.municipality_id AND town.district_id = ANY(%s)
))"""
_NEWEST_THAT_SHARE = """(
    SELECT other.id FROM practices_practice AS other WHERE other.state = 'published' AND {shares}
    ORDER BY other.published_at DESC, other.id DESC LIMIT {most}
)"""
_CANDIDATES = " UNION ".join(
    _NEWEST_THAT_SHARE.format(shares=_SHARES.format(practice="other", terms=terms, term=term), most=MOST_COMPARED)
    for terms, term in (("branches", "branch"), ("topics", "topic"))
)
# A shared branch says most, then the topic; size and place decide between those.
_WEIGHTS = {"same_branch": 4, "same_topic": 3, "same_size": 2, "near_size": 1, "same_district": 1}
_WORDS = {
    "same_branch": "gleiche Branche",
    "same_topic": "gleiches Thema",
    "same_size": "gleich groß",
    "near_size": "ähnlich groß",
    "same_district": "gleicher Kreis",
}


@dataclass(frozen=True)
class Similar:
    practice: Practice
    reasons: list[str]


def similar_to(practice: Practice, branches: list[Branch], topics: list[Topic], *, most: int) -> list[Similar]:
    """The public examples with most reasons in common, the newest first among equals; one query.

    A size alone is no reason to read on, so an example must share a branch or a topic.
    """
    size = practice.company_size
    near = [s.value for s in CompanySize if size and abs(s.gauge - size.gauge) == 1]
    district = practice.municipality.district_id if practice.municipality and not practice.is_anonymous else None
    same_branches, same_topics = [branch.pk for branch in branches], [topic.pk for topic in topics]
    asked: Mapping[str, tuple[str, list[Any]]] = {
        "same_branch": (_SAME_BRANCH, same_branches),
        "same_topic": (_SAME_TOPIC, same_topics),
        "same_size": (_SAME_SIZE, [size.value] if size else []),
        "near_size": (_SAME_SIZE, near),
        "same_district": (_SAME_DISTRICT, [district] if district else []),
    }
    # All values are parameters.
    reasons = {
        name: RawSQL(sql, [values], output_field=BooleanField())  # noqa: S611
        for name, (sql, values) in asked.items()
    }
    closeness = " + ".join(f"{_WEIGHTS[name]} * ({sql})::int" for name, (sql, _) in asked.items())
    found = (
        Practice.objects.published()
        .exclude(pk=practice.pk)
        .for_cards()
        .filter(pk__in=RawSQL(_CANDIDATES, [same_branches, same_topics]))  # noqa: S611
        .annotate(
            **reasons,
            closeness=RawSQL(closeness, [values for _, values in asked.values()], output_field=IntegerField()),  # noqa: S611
        )
        .order_by("-closeness", "-published_at", "-pk")
    )
    return [Similar(other, [word for name, word in _WORDS.items() if getattr(other, name)]) for other in found[:most]]
