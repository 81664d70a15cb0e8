"""The page of an example is read in one statement and says the same as the relations do."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practices.models import Effect, Practice, PracticePicture, Prerequisite, Step
from practices.reading import fill, with_parts
from tests.make import make_branch, make_image, make_practice, make_topic

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def plain(practice: Practice) -> dict[str, Any]:
    """Everything the page asks for, as values."""
    return {
        "branches": [(b.pk, b.name, b.get_absolute_url()) for b in practice.branches.all()],
        "topics": [(t.pk, t.name) for t in practice.topics.all()],
        "effects": [
            (e.label, e.before_text, e.after_text, e.before_share, e.after_share, e.get_method_display(), e.note)
            for e in practice.effects.all()
        ],
        "steps": [(s.action, s.detail, s.who, s.duration, s.needs) for s in practice.steps.all()],
        "prerequisites": [p.text for p in practice.prerequisites.all()],
        "pictures": [
            (p.caption, p.image.src, p.image.srcset, p.image.width, p.image.height, p.image.alt, p.image.credit)
            for p in practice.pictures.all()
        ],
        "documents": [(d.document.title, d.document.url) for d in practice.documents.all()],
    }


def test_one_statement_brings_what_nine_brought(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    merged = make_branch("Alt", merged_into=make_branch("Neu"))
    practice = make_practice(
        "Ganz", branches=(make_branch("Metall", order=2), make_branch("Bau", order=1), merged), topics=(make_topic(),)
    )
    for number in (3, 1, 2):
        Effect.objects.create(
            practice=practice,
            order=number,
            label=f"W{number}",
            unit="%",
            before="4.10",
            after=number,
            method="measured",
        )
        Step.objects.create(practice=practice, order=number, action=f"Schritt „{number}“ & mehr")
        Prerequisite.objects.create(practice=practice, order=number, text=f"V{number}")
    Effect.objects.create(practice=practice, order=9, label="Ohne Vorher", after="1250.5", method="statement")
    PracticePicture.objects.create(practice=practice, image=make_image(), caption="Zu sehen")
    over = timezone.localdate() - timedelta(days=1)
    PracticePicture.objects.create(practice=practice, image=make_image(rights_until=over), caption="Abgelaufen")
    expected = plain(Practice.objects.with_everything().get())

    with CaptureQueriesContext(
        connection,
    ) as captured:
        found = plain(fill(with_parts(Practice.objects.published()).get()))

    assert found == expected
    assert len(captured) == 1
    assert [effect[0] for effect in found["effects"]] == ["W1", "W2", "W3", "Ohne Vorher"]
    assert [picture[0] for picture in found["pictures"]] == ["Zu sehen"]
    assert [branch[1] for branch in found["branches"]] == ["Bau", "Metall"]


def test_an_example_without_parts_has_none() -> None:
    make_practice()
    found = plain(fill(with_parts(Practice.objects.published()).get()))
    assert set(map(len, found.values())) == {0}
