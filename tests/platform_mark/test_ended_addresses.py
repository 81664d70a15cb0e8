"""Whoever kept the address of a picture or a document keeps it no longer than the page that showed it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dialogues import planning
from dialogues.formats import shelving
from dialogues.formats.models import FormatDocument
from dialogues.models import Dialogue, DialogueDocument, DialoguePicture
from platform_mark.media.models import Document, Image
from platform_mark.publishing.tasks import end_unseen_addresses
from practices import releasing
from practices.models import Practice, PracticeDocument, PracticePicture
from tests.dialogues.formats.make import make_format
from tests.dialogues.make import in_days, make_dialogue
from tests.make import make_document, make_external, make_image

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def through(django_capture_on_commit_callbacks: Any) -> Callable[[Callable[[], Any]], None]:
    """Do something to its end, with all that follows its commit."""

    def do(step: Callable[[], Any]) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            step()

    return do


def make_shown_practice() -> tuple[Practice, list[str]]:
    """A public example with a picture and a document, and their addresses."""
    practice = make_external(company="Quelle")
    picture = PracticePicture.objects.create(practice=practice, image=make_image())
    paper = PracticeDocument.objects.create(practice=practice, document=make_document())
    return practice, [picture.image.src, paper.document.url]


def make_shown_dialogue() -> tuple[Dialogue, list[str]]:
    """A past dialogue with a picture and a document, and their addresses."""
    dialogue = make_dialogue(starts_at=in_days(-7))
    picture = DialoguePicture.objects.create(dialogue=dialogue, image=make_image())
    paper = DialogueDocument.objects.create(dialogue=dialogue, document=make_document())
    return dialogue, [picture.image.src, paper.document.url]


def answers(client: Client, addresses: list[str]) -> list[int]:
    return [client.get(address).status_code for address in addresses]


def end_by_time() -> None:
    end_unseen_addresses(0)


@pytest.mark.parametrize("archive", [False, True])
def test_a_dialogue_that_goes_offline_takes_its_files_along(client: Client, through: Any, archive: bool) -> None:
    dialogue, files = make_shown_dialogue()
    assert answers(client, files) == [200, 200]

    through(lambda: planning.take_offline(dialogue, archive=archive))

    assert answers(client, files) == [404, 404]
    now = [dialogue.pictures.get().image.src, dialogue.documents.get().document.url]
    assert answers(client, now) == [200, 200], "staff still see them"


def test_what_a_published_revision_drops_ends_and_what_it_keeps_stays(client: Client, through: Any) -> None:
    practice, files = make_shown_practice()
    kept = PracticePicture.objects.create(practice=practice, image=make_image()).image.src
    copy = releasing.revise(practice)
    copy.pictures.order_by("pk")[0].delete()
    copy.documents.all().delete()

    through(lambda: releasing.publish(copy, by=None))

    assert answers(client, files) == [404, 404]
    assert kept in client.get(practice.get_absolute_url()).content.decode()
    assert client.get(kept).status_code == 200


def test_the_files_of_what_is_deleted_end(client: Client, through: Any) -> None:
    practice, files = make_shown_practice()
    dialogue, more = make_shown_dialogue()
    format_ = make_format()
    paper = FormatDocument.objects.create(format=format_, document=make_document()).document.url
    assert answers(client, [*files, *more, paper]) == [200] * 5

    for row in (practice, format_):
        through(row.delete)
    through(lambda: planning.delete(dialogue))

    assert answers(client, [*files, *more, paper]) == [404] * 5
    assert (Image.objects.count(), Document.objects.count()) == (2, 3), "staff may use them again"


def test_what_something_else_shows_stays_where_it_is(client: Client, through: Any) -> None:
    practice, files = make_shown_practice()
    dialogue, _ = make_shown_dialogue()
    DialoguePicture.objects.create(dialogue=dialogue, image=practice.pictures.get().image)
    format_ = make_format()
    FormatDocument.objects.create(format=format_, document=practice.documents.get().document)

    through(lambda: releasing.take_offline(practice))
    assert answers(client, files) == [200, 200]

    through(lambda: shelving.take_offline(format_))
    assert answers(client, files) == [200, 404]

    through(lambda: planning.take_offline(dialogue))
    assert answers(client, files) == [404, 404]


def test_a_picture_whose_rights_have_ended_ends_once(client: Client, through: Any) -> None:
    practice, files = make_shown_practice()
    image = practice.pictures.get().image
    today = timezone.localdate()
    Image.objects.filter(pk=image.pk).update(rights_until=today)
    through(end_by_time)
    assert answers(client, files) == [200, 200], "the last day counts"

    Image.objects.filter(pk=image.pk).update(rights_until=today - timedelta(days=1))
    through(end_by_time)
    assert answers(client, files) == [404, 200]

    image.refresh_from_db()
    through(end_by_time)
    assert client.get(image.src).status_code == 200, "staff have the new address until something is changed"


def test_a_file_that_is_for_the_people_who_took_part_from_now_on_ends_for_everybody_else(
    client: Client, through: Any
) -> None:
    dialogue, files = make_shown_dialogue()
    dialogue.documents.update(visibility="participants")
    through(end_by_time)
    assert answers(client, files) == [200, 404]
    through(end_by_time)
    assert client.get(dialogue.documents.get().document.url).status_code == 200, (
        "they have the new address on their page"
    )


def test_the_files_of_an_expired_example_end_once_and_again_after_it_was_shown_again(
    client: Client, through: Any
) -> None:
    practice, files = make_shown_practice()
    an_hour_ago = timezone.now() - timedelta(hours=1)
    expired = {"published_at": an_hour_ago - timedelta(days=1), "expires_at": an_hour_ago}
    Practice.objects.filter(pk=practice.pk).update(**expired)
    through(end_by_time)
    assert answers(client, files) == [404, 404]
    hidden = [practice.pictures.get().image.src, practice.documents.get().document.url]
    through(end_by_time)
    assert answers(client, hidden) == [200, 200]

    Practice.objects.filter(pk=practice.pk).update(expires_at=None)
    through(end_by_time)
    Practice.objects.filter(pk=practice.pk).update(**expired)
    through(end_by_time)
    assert answers(client, hidden) == [404, 404]


def test_the_files_of_a_company_that_wants_no_name_any_more_end(client: Client, through: Any) -> None:
    practice, files = make_shown_practice()
    Practice.objects.filter(pk=practice.pk).update(kind="own", is_anonymous=True)
    through(end_by_time)
    assert answers(client, files) == [404, 404]


def test_a_document_that_no_page_ever_had_stays_for_those_who_were_given_its_address(
    client: Client, through: Any
) -> None:
    paper = make_document()
    through(end_by_time)
    assert client.get(paper.url).status_code == 200
