"""Examples that may be the same one, told apart only by a typing error or another wording of the title."""

from difflib import SequenceMatcher

from platform_mark.slugs import german_slug

from .models import Practice

ALIKE = 0.82
MOST = 3


def look_alikes(practice: Practice) -> list[Practice]:
    """Other examples with nearly the same title, or nearly the same company and a similar title; working copies aside."""
    title, company = german_slug(practice.title), german_slug(practice.company)
    # The staff's own number of examples: a few thousand short strings compare in milliseconds.
    rows = Practice.objects.filter(revision_of=None).exclude(pk__in=[practice.pk, practice.revision_of_id])
    scores: dict[int, float] = {}
    for pk, other_title, other_company in rows.values_list("pk", "title", "company"):
        by_title = SequenceMatcher(None, title, german_slug(other_title)).quick_ratio()
        if by_title < ALIKE / 2:
            continue
        by_title = SequenceMatcher(None, title, german_slug(other_title)).ratio()
        by_company = SequenceMatcher(None, company, german_slug(other_company)).ratio()
        if by_title >= ALIKE or (by_company >= ALIKE and by_title >= ALIKE * 0.75):
            scores[pk] = by_title + by_company
    best = sorted(scores, key=lambda pk: -scores[pk])[:MOST]
    return sorted(Practice.objects.filter(pk__in=best), key=lambda other: best.index(other.pk))
