"""Which other examples are like this one, and why: each carries the reasons a reader can check."""

from dataclasses import dataclass

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Value, When

from platform_mark.taxonomy.models import Branch, CompanySize, Topic

from .models import Practice


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
    links = {"pk": OuterRef("pk")}
    asked = {
        "same_branch": Exists(Practice.objects.filter(branches__in=branches, **links)),
        "same_topic": Exists(Practice.objects.filter(topics__in=topics, **links)),
        "same_size": Q(size=size.value) if size else Q(pk=None),
        "near_size": Q(size__in=near),
        "same_district": Q(municipality__district=district, is_anonymous=False) if district else Q(pk=None),
    }
    # A shared branch says most, then the topic; size and place decide between those.
    weights = {"same_branch": 4, "same_topic": 3, "same_size": 2, "near_size": 1, "same_district": 1}
    scores = {
        name: Case(When(condition, then=Value(weights[name])), default=Value(0), output_field=IntegerField())
        for name, condition in asked.items()
    }
    found = (
        Practice.objects.published()
        .exclude(pk=practice.pk)
        .for_cards()
        .annotate(**scores)
        .filter(Q(same_branch__gt=0) | Q(same_topic__gt=0))
        .annotate(closeness=sum((F(name) for name in scores), start=Value(0)))
        .order_by("-closeness", "-published_at", "-pk")
    )
    words = {
        "same_branch": "gleiche Branche",
        "same_topic": "gleiches Thema",
        "same_size": "gleich groß",
        "near_size": "ähnlich groß",
        "same_district": "gleicher Kreis",
    }
    return [Similar(other, [word for name, word in words.items() if getattr(other, name)]) for other in found[:most]]
