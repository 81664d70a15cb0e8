"""What is found of a dialogue: its words, its facets, and when it is."""

from datetime import datetime
from typing import TYPE_CHECKING

from platform_mark.publishing.models import State
from platform_mark.search.index import Document, Shape, text_of

if TYPE_CHECKING:
    from .models import Dialogue

# "beginn" puts the next one first; "ende" is the end with its sign turned, so that the latest comes first.
SHAPE = Shape(groups=(("branche",), ("ort",), ("form", "zielgruppe")), orders=("beginn", "ende"))


def minute(at: datetime) -> int:
    """An instant as a number that the index can hold and compare: minutes since 1970."""
    return int(at.timestamp() // 60)


def document(dialogue: "Dialogue") -> Document | None:
    """What the public may find of a dialogue: before it all that invites, after it also what came of it."""
    if dialogue.state != State.PUBLISHED or dialogue.published_at is None:
        return None
    if dialogue.starts_at is None or dialogue.ends_at is None:
        return None
    branches, municipality = list(dialogue.branches.all()), dialogue.municipality
    return Document(
        title=dialogue.title,
        lead=dialogue.teaser,
        text=_text(dialogue),
        keywords=[dialogue.venue, *(host.shown_name for host in dialogue.hosts.all())],
        labels=[
            *(branch.name for branch in branches),
            dialogue.town,
            *([municipality.district.name] if municipality else []),
            str(dialogue.get_form_display()),
            *dialogue.target_group_labels,
        ],
        visible_from=dialogue.published_at,
        visible_until=dialogue.expires_at,
        facets={
            "branche": [str(branch.pk) for branch in branches],
            "ort": [str(municipality.pk)] if municipality else [],
            "form": [dialogue.form],
            "zielgruppe": dialogue.target_groups,
        },
        orders={"beginn": minute(dialogue.starts_at), "ende": -minute(dialogue.ends_at)},
    )


def _text(dialogue: "Dialogue") -> str:
    parts = [text_of(dialogue.description), dialogue.for_whom]
    parts += [f"{item.title} {item.detail}" for item in dialogue.agenda.all()]
    if report := dialogue.public_report:
        parts += [text_of(report.summary), *(outcome.text for outcome in dialogue.outcomes.all())]
        parts += [agreement.text for agreement in dialogue.agreements.all()]
    parts += [row.document.title for row in dialogue.documents.all() if row.visibility == "public"]
    return " ".join(filter(None, parts))
