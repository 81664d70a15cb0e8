"""Staff save a form in the very second in which a journey writes the same row: neither undoes the other."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from actors import freshness
from actors.models import Activity
from dialogues import planning, registration
from dialogues.models import Registration
from platform_mark.media.images import change_address
from platform_mark.publishing.models import State
from practices import releasing
from tests.actors.make import make_activity
from tests.cast import Cast, make_cast
from tests.dialogues.make import make_dialogue
from tests.dialogues.test_admin import filled_form, own
from tests.dialogues.test_registration import sign_up
from tests.make import make_external, make_image
from tests.races import comes_meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(settings: Any, tmp_path: Path) -> Cast:
    settings.MEDIA_ROOT = tmp_path
    return make_cast()


def test_who_is_confirmed_meanwhile_keeps_the_place_in_line_and_the_next_gets_the_next(cast: Cast) -> None:
    dialogue = make_dialogue(seats=1)
    first, second, third, fourth = (sign_up(dialogue, f"p{n}") for n in range(4))
    registration.confirm(first)
    registration.confirm(second)
    client = cast.client("superuser")
    values = filled_form(client, own("change", dialogue))

    with comes_meanwhile(lambda: client.post(own("change", dialogue), values | {"teaser": "Neu geschrieben."})):
        registration.confirm(third, by=cast.person("organiser").user)
    registration.confirm(fourth)

    line = Registration.objects.filter(dialogue=dialogue).in_line()
    assert [(row.pk, row.waiting_number) for row in line] == [(second.pk, 1), (third.pk, 2), (fourth.pk, 3)]
    dialogue.refresh_from_db()
    assert dialogue.teaser == "Neu geschrieben."


def test_an_invitation_that_is_ended_meanwhile_stays_ended(cast: Cast) -> None:
    dialogue = make_dialogue(is_by_invitation=True)
    client = cast.client("superuser")
    values = filled_form(client, own("change", dialogue))
    link = planning.invitation_link(dialogue)

    with comes_meanwhile(lambda: client.post(own("change", dialogue), values)):
        planning.renew_invitation(dialogue)

    dialogue.refresh_from_db()
    assert planning.invitation_link(dialogue) != link


def test_an_example_that_a_colleague_withdraws_meanwhile_stays_withdrawn(cast: Cast) -> None:
    practice = make_external("Karte statt Zettel", company="Quelle")
    client = cast.client("editor")
    address = reverse("admin:practices_practice_change", args=[practice.pk])
    values = filled_form(client, address)

    with comes_meanwhile(lambda: client.post(address, values | {"teaser": "Neu geschrieben."})):
        releasing.take_offline(practice)

    practice.refresh_from_db()
    assert practice.state == State.DRAFT
    assert cast.client("visitor").get(practice.get_absolute_url()).status_code == 404


def test_an_entry_that_is_confirmed_meanwhile_stays_confirmed(cast: Cast) -> None:
    activity = make_activity()
    Activity.objects.filter(pk=activity.pk).update(confirmed_at=timezone.now() - timedelta(days=300))
    client = cast.client("superuser")
    address = reverse("admin:actors_activity_change", args=[activity.pk])
    values = filled_form(client, address)

    with comes_meanwhile(lambda: client.post(address, values)):
        freshness.confirm(activity, by_staff=True)

    activity.refresh_from_db()
    assert activity.confirmed_at
    assert activity.confirmed_at.date() == timezone.now().date()


def test_a_picture_whose_address_ends_meanwhile_keeps_its_files(cast: Cast) -> None:
    image = make_image()
    client = cast.client("editor")
    address = reverse("admin:media_image_change", args=[image.pk])
    values = filled_form(client, address)

    with comes_meanwhile(lambda: client.post(address, values | {"credit": "Foto: Werk"})):
        change_address(image)

    image.refresh_from_db()
    assert image.credit == "Foto: Werk"
    assert cast.client("visitor").get(image.src).status_code == 200
