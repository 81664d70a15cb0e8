"""What is found of an entry and of an organisation: words and facets."""

from typing import TYPE_CHECKING

from platform_mark.publishing.models import State
from platform_mark.search.index import Document, Shape
from platform_mark.taxonomy.models import Municipality

from . import stages

if TYPE_CHECKING:
    from .models import Activity, Actor

ACTIVITY_SHAPE = Shape(
    groups=(("branche",), ("thema",), ("kreis", "ort"), ("art", "kosten"), ("zielgruppe", "groesse"), ("phase",)),
    orders=("bestaetigt",),
)
# The code of an entry that is meant for every value of a facet.
FOR_ALL = "alle"
ACTOR_SHAPE = Shape(groups=(("art",), ("kreis", "ort")))


def activity_document(activity: "Activity") -> Document | None:
    """What everybody may find of an entry while it is current; nothing of what is for actors only."""
    actor = activity.actor
    if activity.state != State.PUBLISHED or activity.published_at is None or activity.visibility != "public":
        return None
    if actor.state != "approved" or actor.merged_into_id:
        return None
    branches, topics = list(activity.branches.all()), list(activity.topics.all())
    return Document(
        title=activity.title,
        lead=activity.summary,
        text=f"{activity.description} {activity.access} {activity.cost_note}",
        keywords=[actor.name, activity.get_kind_display()],
        labels=[
            *(term.name for term in (*branches, *topics)),
            *(district.name for district in activity.districts.all()),
            *(place.name for place in activity.municipalities.all()),
            activity.area,
            *activity.target_group_labels,
            *activity.phase_labels,
        ],
        visible_from=activity.published_at,
        visible_until=stages.former_from(
            confirmed_at=activity.confirmed_at,
            published_at=activity.published_at,
            valid_until=activity.valid_until,
        ),
        facets=activity_facets(activity),
        # The last assured first, what nobody has assured at the end.
        orders={"bestaetigt": -stages.day_number(activity.confirmed_at) if activity.confirmed_at else None},
    )


def activity_facets(activity: "Activity") -> dict[str, list[str]]:
    """By which codes an entry is found. "Leer heißt: für alle" has a code of its own, which a list asks for, too."""
    branches = [str(branch.pk) for branch in activity.branches.all()]
    named = list(activity.municipalities.all())
    districts = {district.pk for district in activity.districts.all()}
    inside = [place for district in activity.districts.all() for place in district.municipalities.all()]
    return {
        "branche": branches or [FOR_ALL],
        "thema": [str(topic.pk) for topic in activity.topics.all()],
        "kreis": sorted({str(pk) for pk in (*districts, *(place.district_id for place in named))}) or [FOR_ALL],
        "ort": sorted({str(place.pk) for place in (*named, *inside)}) or [FOR_ALL],
        "art": [activity.kind],
        "kosten": [activity.cost],
        "zielgruppe": activity.target_groups,
        "groesse": activity.sizes or [FOR_ALL],
        "phase": activity.phases,
    }


def actor_document(actor: "Actor") -> Document | None:
    """What everybody may find of an organisation that takes part."""
    if actor.state != "approved" or actor.approved_at is None or actor.merged_into_id:
        return None
    places = list(actor.municipalities.all()) or list(Municipality.objects.all())
    seat = actor.municipality
    return Document(
        title=actor.name,
        lead=actor.summary,
        text=actor.description,
        keywords=[actor.get_kind_display()],
        labels=[seat.name if seat else actor.place, *(place.name for place in actor.municipalities.all())],
        visible_from=actor.approved_at,
        facets={
            "art": [actor.kind],
            "kreis": sorted({str(place.district_id) for place in places}),
            "ort": [str(place.pk) for place in places],
        },
    )
