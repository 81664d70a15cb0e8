"""Which other offers are like this one, and what they share with it."""

from dataclasses import dataclass

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Value, When

from .models import Activity, ActivityQuerySet
from .reading import Terms, for_rows


@dataclass(frozen=True)
class Similar:
    activity: Activity
    reasons: list[str]


def similar_to(activity: Activity, terms: Terms, visible: ActivityQuerySet, *, most: int) -> list[Similar]:
    """The offers of others among `visible` with most in common; one query.

    The same kind alone is no reason to read on, so an offer must share a branch or a topic.
    """
    links = {"activity": OuterRef("pk")}
    branches, topics = [term.pk for term in terms.branches], [term.pk for term in terms.topics]
    asked = {
        "same_branch": Exists(Activity.branches.through.objects.filter(branch__in=branches, **links)),
        "same_topic": Exists(Activity.topics.through.objects.filter(topic__in=topics, **links)),
        "same_kind": Q(kind=activity.kind),
        "same_group": Q(target_groups__overlap=activity.target_groups) if activity.target_groups else Q(pk=None),
    }
    weights = {"same_branch": 3, "same_topic": 3, "same_kind": 2, "same_group": 1}
    scores = {
        name: Case(When(condition, then=Value(weights[name])), default=Value(0), output_field=IntegerField())
        for name, condition in asked.items()
    }
    found = (
        for_rows(visible)
        .exclude(pk=activity.pk)
        .annotate(**scores)
        .filter(Q(same_branch__gt=0) | Q(same_topic__gt=0))
        .annotate(closeness=sum((F(name) for name in scores), start=Value(0)))
        .order_by("-closeness", F("confirmed_at").desc(nulls_last=True), "-pk")
    )
    words = {
        "same_branch": "gleiche Branche",
        "same_topic": "gleiches Thema",
        "same_kind": "gleiche Art",
        "same_group": "gleiche Zielgruppe",
    }
    return [Similar(other, [word for name, word in words.items() if getattr(other, name)]) for other in found[:most]]
