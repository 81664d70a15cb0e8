"""Which other offers are like this one, and what they share with it."""

from dataclasses import dataclass
from functools import partial

from django.db.models import Exists, F, OuterRef, Q

from platform_mark.closeness import Reason, with_closeness, words_of
from platform_mark.prepared import NOW, Given, GivenKeys, Prepared

from .models import Activity, ActivityQuerySet
from .reading import Terms, for_rows

MOST = 4

_MINE = {"activity": OuterRef("pk")}
_SHARES_BRANCH = Exists(Activity.branches.through.objects.filter(branch__in=GivenKeys("branches"), **_MINE))
_SHARES_TOPIC = Exists(Activity.topics.through.objects.filter(topic__in=GivenKeys("topics"), **_MINE))
# A shared branch or topic says more than the kind of offer, and that more than for whom it is.
_REASONS = (
    Reason("same_branch", "gleiche Branche", 3, _SHARES_BRANCH),
    Reason("same_topic", "gleiches Thema", 3, _SHARES_TOPIC),
    Reason("same_kind", "gleiche Art", 2, Q(kind=Given("kind"))),
    Reason("same_group", "gleiche Zielgruppe", 1, Q(target_groups__overlap=Given("groups"))),
)


@dataclass(frozen=True)
class Similar:
    activity: Activity
    reasons: list[str]


def _similar(among_actors: bool) -> ActivityQuerySet:
    others = Activity.objects.listed(among_actors=among_actors, at=NOW).exclude(pk=Given("activity"))
    near = with_closeness(for_rows(others.filter(_SHARES_BRANCH | _SHARES_TOPIC)), _REASONS)
    return near.order_by("-closeness", F("confirmed_at").desc(nulls_last=True), "-pk")[:MOST]


_SIMILAR = {among_actors: Prepared(partial(_similar, among_actors)) for among_actors in (False, True)}


def similar_to(activity: Activity, terms: Terms, *, among_actors: bool) -> list[Similar]:
    """The offers of others that such a visitor sees with most in common; one query.

    The same kind alone is no reason to read on, so an offer must share a branch or a topic.
    """
    found = _SIMILAR[among_actors].rows(
        activity=activity.pk,
        branches=[term.pk for term in terms.branches],
        topics=[term.pk for term in terms.topics],
        kind=activity.kind,
        groups=activity.target_groups,
    )
    return [Similar(other, words_of(other, _REASONS)) for other in found]
