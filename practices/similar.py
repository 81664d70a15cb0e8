"""Which other examples are like this one, and why: each carries the reasons a reader can check."""

from dataclasses import dataclass

from django.db.models import BooleanField, IntegerField
from django.db.models.expressions import RawSQL

from platform_mark.prepared import NOW, Given, Prepared
from platform_mark.taxonomy.models import Branch, CompanySize, Topic

from .models import Practice, PracticeQuerySet

MOST = 3
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


# The lists that a reason is asked with carry its name.
_REASONS = {
    "same_branch": _SAME_BRANCH,
    "same_topic": _SAME_TOPIC,
    "same_size": _SAME_SIZE,
    "near_size": _SAME_SIZE,
    "same_district": _SAME_DISTRICT,
}
_CLOSENESS = " + ".join(f"{_WEIGHTS[name]} * ({sql})::int" for name, sql in _REASONS.items())


def _similar() -> PracticeQuerySet:
    # Text of this module; all values are parameters.
    reasons = {
        name: RawSQL(sql, [Given(name)], output_field=BooleanField())  # noqa: S611
        for name, sql in _REASONS.items()
    }
    closeness = RawSQL(_CLOSENESS, [Given(name) for name in _REASONS], output_field=IntegerField())  # noqa: S611
    candidates = RawSQL(_CANDIDATES, [Given("same_branch"), Given("same_topic")])  # noqa: S611
    found = Practice.objects.published(NOW).exclude(pk=Given("practice")).for_cards(NOW).filter(pk__in=candidates)
    return found.annotate(**reasons, closeness=closeness).order_by("-closeness", "-published_at", "-pk")[:MOST]


_SIMILAR = Prepared(_similar)


def similar_to(practice: Practice, branches: list[Branch], topics: list[Topic]) -> list[Similar]:
    """The public examples with most reasons in common, the newest first among equals; one query.

    A size alone is no reason to read on, so an example must share a branch or a topic.
    """
    size = practice.company_size
    near = [s.value for s in CompanySize if size and abs(s.gauge - size.gauge) == 1]
    district = practice.municipality.district_id if practice.municipality and not practice.is_anonymous else None
    found = _SIMILAR.rows(
        practice=practice.pk,
        same_branch=[branch.pk for branch in branches],
        same_topic=[topic.pk for topic in topics],
        same_size=[size.value] if size else [],
        near_size=near,
        same_district=[district] if district else [],
    )
    return [Similar(other, [word for name, word in _WORDS.items() if getattr(other, name)]) for other in found]
