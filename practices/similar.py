"""Which other examples are like this one, and why."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from platform_mark.closeness import Reason, with_closeness, words_of
from platform_mark.prepared import NOW, Given, GivenKeys, Prepared
from platform_mark.taxonomy.models import Branch, CompanySize, Topic

from .models import Practice, PracticeQuerySet

MOST = 3
# Only so many of the newest that share a branch, and of those that share a topic, are compared: a reader of a large portal
# wants a near one, not the nearest of ten thousand.
MOST_COMPARED = 200

_MINE = {"practice": OuterRef("pk")}
_SHARES_BRANCH = Exists(Practice.branches.through.objects.filter(branch__in=GivenKeys("branches"), **_MINE))
_SHARES_TOPIC = Exists(Practice.topics.through.objects.filter(topic__in=GivenKeys("topics"), **_MINE))
# A shared branch says most, then the topic; size and place decide between those.
_REASONS = (
    Reason("same_branch", "gleiche Branche", 4, _SHARES_BRANCH),
    Reason("same_topic", "gleiches Thema", 3, _SHARES_TOPIC),
    Reason("same_size", "gleich groß", 2, Q(size=Given("size"))),
    Reason("near_size", "ähnlich groß", 1, Q(size=Given("smaller")) | Q(size=Given("larger"))),
    # The district could tell whose company it is.
    Reason("same_district", "gleicher Kreis", 1, Q(is_anonymous=False, municipality__district=Given("district"))),
)


@dataclass(frozen=True)
class Similar:
    practice: Practice
    reasons: list[str]


def _newest(shares: Exists) -> QuerySet:
    return Practice.objects.published(NOW).filter(shares).newest_first()[:MOST_COMPARED].values("pk")


def _similar() -> PracticeQuerySet:
    compared = _newest(_SHARES_BRANCH).union(_newest(_SHARES_TOPIC))
    others = Practice.objects.published(NOW).exclude(pk=Given("practice")).filter(pk__in=compared).for_cards(NOW)
    return with_closeness(others, _REASONS).order_by("-closeness", "-published_at", "-pk")[:MOST]


_SIMILAR = Prepared(_similar)


def similar_to(practice: Practice, branches: list[Branch], topics: list[Topic]) -> list[Similar]:
    """The public examples with most reasons in common, the newest first among equals; one query.

    A size alone is no reason to read on, so an example must share a branch or a topic.
    """
    size = practice.company_size
    near = {other.gauge: other.value for other in CompanySize}
    found = _SIMILAR.rows(
        practice=practice.pk,
        branches=[branch.pk for branch in branches],
        topics=[topic.pk for topic in topics],
        size=size.value if size else None,
        smaller=near.get(size.gauge - 1) if size else None,
        larger=near.get(size.gauge + 1) if size else None,
        district=practice.municipality.district_id if practice.municipality and not practice.is_anonymous else None,
    )
    return [Similar(other, words_of(other, _REASONS)) for other in found]
