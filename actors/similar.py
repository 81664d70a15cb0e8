"""Which other offers are like this one, and what they share with it."""

from dataclasses import dataclass
from functools import partial

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Value, When

from platform_mark.prepared import NOW, Given, GivenKeys, Prepared

from .models import Activity, ActivityQuerySet
from .reading import Terms, for_rows


@dataclass(frozen=True)
class Similar:
    activity: Activity
    reasons: list[str]


MOST = 4
# A shared branch or topic says more than the kind of offer, and that more than for whom it is.
_WEIGHTS = {"same_branch": 3, "same_topic": 3, "same_kind": 2, "same_group": 1}
_WORDS = {
    "same_branch": "gleiche Branche",
    "same_topic": "gleiches Thema",
    "same_kind": "gleiche Art",
    "same_group": "gleiche Zielgruppe",
}


def _similar(among_actors: bool) -> ActivityQuerySet:
    links = {"activity": OuterRef("pk")}
    asked = {
        "same_branch": Exists(Activity.branches.through.objects.filter(branch__in=GivenKeys("branches"), **links)),
        "same_topic": Exists(Activity.topics.through.objects.filter(topic__in=GivenKeys("topics"), **links)),
        "same_kind": Q(kind=Given("kind")),
        "same_group": Q(target_groups__overlap=Given("groups")),
    }
    scores = {
        name: Case(When(condition, then=Value(_WEIGHTS[name])), default=Value(0), output_field=IntegerField())
        for name, condition in asked.items()
    }
    return (
        for_rows(Activity.objects.listed(among_actors=among_actors, at=NOW))
        .exclude(pk=Given("activity"))
        .annotate(**scores)
        .filter(Q(same_branch__gt=0) | Q(same_topic__gt=0))
        .annotate(closeness=sum((F(name) for name in scores), start=Value(0)))
        .order_by("-closeness", F("confirmed_at").desc(nulls_last=True), "-pk")[:MOST]
    )


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
    return [Similar(other, [word for name, word in _WORDS.items() if getattr(other, name)]) for other in found]
