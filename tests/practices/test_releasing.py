"""What is public is what the company released; staff write the next version beside it."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from platform_mark.media.documents import store_document
from platform_mark.publishing import versions
from platform_mark.publishing.models import Publishable, State, TransitionRefused
from practices import releasing
from practices.models import Effect, Practice, PracticeDocument, PracticePicture, Prerequisite, Step
from practices.snapshot import LATER_FIELDS, OWN_FIELDS, RELEASED_FIELDS, fingerprint, restore, snapshot
from tests.make import make_branch, make_image, make_municipality, make_practice, make_topic, make_user

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\ntrailer <<>>\n%%EOF\n"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def make_whole(**fields: Any) -> Practice:
    """An own example with something in every part."""
    practice = make_practice(
        "Einrichtekarte",
        branches=(make_branch("Metall"),),
        topics=(make_topic("Rüsten"),),
        municipality=make_municipality("Altena"),
        starting_point="<p>52 Minuten rüsten.</p>",
        person_days=Decimal("18.5"),
        funding_used=False,
        technologies=["Tablet"],
        target_groups=["trainees"],
        as_of=timezone.localdate(),
        **fields,
    )
    Effect.objects.create(practice=practice, label="Rüstzeit", unit="min", before=52, after="32.50", method="measured")
    Step.objects.create(practice=practice, action="Eine Maschine wählen.", who="Leitung")
    Prerequisite.objects.create(practice=practice, text="WLAN in der Halle")
    PracticePicture.objects.create(practice=practice, image=make_image(), caption="Die Karte")
    PracticeDocument.objects.create(
        practice=practice, document=store_document(PDF, title="Vorlage", name="vorlage.pdf")
    )
    return practice


def release(practice: Practice) -> None:
    releasing.record_release(
        practice, released_by="Betriebsleitung", released_on=timezone.localdate(), channel="mail", by=None
    )


def make_draft(**fields: Any) -> Practice:
    return make_whole(**{"state": State.DRAFT, "published_at": None, **fields})


def test_an_own_example_is_not_published_without_a_release_and_the_reason_is_told() -> None:
    practice = make_draft()
    with pytest.raises(TransitionRefused, match="Die Freigabe des Betriebs fehlt"):
        releasing.publish(practice, by=None)
    release(practice)
    assert releasing.publish(practice, by=None).is_published()


@pytest.mark.parametrize(
    "fields", [{"kind": "external", "source_url": "https://example.org/a"}, {"is_fictitious": True}]
)
def test_reports_and_invented_firms_have_nobody_to_ask(fields: dict[str, Any]) -> None:
    assert releasing.publish(make_draft(**fields), by=None).is_published()


def change_title(practice: Practice) -> None:
    practice.title += "."
    practice.save()


CHANGES = {
    "title": change_title,
    "text": lambda p: Practice.objects.filter(pk=p.pk).update(starting_point="<p>53 Minuten rüsten.</p>"),
    "figure": lambda p: p.effects.update(after=33),
    "step": lambda p: p.steps.update(who="Schichtleitung"),
    "prerequisite": lambda p: p.prerequisites.all().delete(),
    "picture": lambda p: p.pictures.update(image=make_image()),
    "document": lambda p: p.documents.all().delete(),
    "caption": lambda p: p.pictures.update(caption="Andere Karte"),
    "alt": lambda p: type(p.pictures.get().image).objects.update(alt="Andere Beschreibung"),
    "company": lambda p: Practice.objects.filter(pk=p.pk).update(company="Anderer Betrieb"),
    "unknown": lambda p: Practice.objects.filter(pk=p.pk).update(funding_used=None),
}


@pytest.mark.parametrize("change", CHANGES)
def test_one_change_after_the_release_blocks_publishing(change: str) -> None:
    practice = make_draft()
    release(practice)
    CHANGES[change](practice)
    with pytest.raises(TransitionRefused, match="seit der Freigabe geändert"):
        releasing.publish(practice, by=None)


def test_what_staff_order_by_is_not_the_companys_to_release() -> None:
    practice = make_draft()
    release(practice)
    practice.branches.add(make_branch("Kunststoff"))
    practice.topics.clear()
    practice.as_of = timezone.localdate() - timedelta(days=3)
    practice.slug = "andere-adresse"
    practice.save()
    assert releasing.publish(practice, by=None).is_published()


def test_a_release_lies_not_in_the_future_and_says_who() -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    with pytest.raises(ValidationError, match="Zukunft"):
        releasing.record_release(make_draft(), released_by="Leitung", released_on=tomorrow, channel="mail", by=None)
    with pytest.raises(ValidationError, match="released_by"):
        releasing.record_release(
            make_practice(), released_by="", released_on=timezone.localdate(), channel="mail", by=None
        )


def test_the_released_text_stays_public_until_the_next_one_is_released(client: Any) -> None:
    practice = make_whole()
    copy = releasing.revise(practice)
    copy.starting_point = "<p>Jetzt sind es 30 Minuten.</p>"
    copy.save()
    copy.steps.all().delete()

    def page() -> str:
        return client.get(practice.get_absolute_url()).content.decode()

    assert "52 Minuten" in page()
    assert Practice.objects.published().count() == 1
    with pytest.raises(TransitionRefused):
        releasing.publish(copy, by=None)
    assert "52 Minuten" in page()

    release(copy)
    public = releasing.publish(copy, by=None)

    assert public.pk == practice.pk
    assert "Jetzt sind es 30 Minuten." in page()
    assert "Eine Maschine wählen." not in page()
    assert Practice.objects.count() == 1
    assert public.releases.count() == 1
    assert public.is_released


def test_two_people_revising_the_same_example_meet_in_one_copy() -> None:
    practice = make_whole()
    assert releasing.revise(practice) == releasing.revise(practice)
    with pytest.raises(releasing.RevisionRefused):
        releasing.revise(make_draft_of_its_own())


def make_draft_of_its_own() -> Practice:
    return make_practice("Nur ein Entwurf", state=State.DRAFT)


def test_a_snapshot_puts_back_everything_it_took() -> None:
    practice = make_whole()
    taken = snapshot(practice)
    copy = Practice(slug="kopie")
    restore(copy, taken)
    assert snapshot(Practice.objects.get(pk=copy.pk)) == taken
    assert fingerprint(copy) == fingerprint(practice)


def test_a_version_is_kept_for_each_change_and_says_what_changed() -> None:
    practice, user = make_whole(), make_user()
    first = versions.record(practice, by=user)
    assert first is not None
    assert versions.record(practice, by=user) is None
    practice.starting_point = "<p>50 Minuten.</p><p>Nachts mehr.</p>"
    practice.save()
    practice.steps.update(who="Schichtleitung")
    second = versions.record(practice, by=user)
    assert second is not None

    told = [(d.label, d.old, d.new) for d in versions.differences(Practice, first.data, second.data)]
    assert told == [
        ("Ausgangslage", "52 Minuten rüsten.", "50 Minuten.\nNachts mehr."),
        ("Erste Schritte", "Eine Maschine wählen. · Leitung", "Eine Maschine wählen. · Schichtleitung"),
    ]


def test_an_old_version_comes_back_as_a_new_one() -> None:
    practice = make_whole(is_fictitious=True)
    old = versions.record(practice, by=None)
    assert old is not None
    practice.title = "Verdorben"
    practice.save()
    practice.effects.all().delete()

    restored = releasing.restore_version(practice, old.pk, by=None)

    assert restored == practice
    assert snapshot(restored) == old.data
    assert "zurückgeholt" in versions.Version.objects.of(practice)[0].comment
    assert [version.data["title"] for version in versions.Version.objects.of(practice)] == [
        "Einrichtekarte",
        "Verdorben",
        "Einrichtekarte",
    ]


def test_restoring_under_a_released_text_writes_into_a_working_copy() -> None:
    practice = make_whole()
    old = versions.record(practice, by=None)
    assert old is not None
    Practice.objects.filter(pk=practice.pk).update(title="Öffentlich")
    target = releasing.restore_version(practice, old.pk, by=None)
    practice.refresh_from_db()
    assert (target.revision_of, target.title, practice.title) == (practice, "Einrichtekarte", "Öffentlich")


def test_with_the_four_eyes_switch_nobody_publishes_alone(settings: Any) -> None:
    settings.FOUR_EYES = True
    writer, colleague = make_user(), make_user()
    practice = make_draft(is_fictitious=True)
    for by in (writer, colleague):
        with pytest.raises(TransitionRefused, match="Vier-Augen"):
            releasing.publish(practice, by=by)
    practice.submit(by=writer)
    with pytest.raises(TransitionRefused, match="Vier-Augen"):
        releasing.publish(practice, by=writer)
    assert releasing.publish(practice, by=colleague).is_published()


def test_a_preview_link_shows_a_draft_to_an_outsider_until_it_is_over_or_replaced(client: Any) -> None:
    practice = make_draft()
    Practice.objects.filter(pk=practice.pk).update(as_of=timezone.localdate())
    practice.refresh_from_db()
    assert client.get(practice.get_absolute_url()).status_code == 404
    link = f"/beispiele/vorschau/{versions.open_preview(practice)}/"

    response = client.get(link)
    assert "52 Minuten rüsten." in response.content.decode()
    assert "Vorschau, noch nicht veröffentlicht" in response.content.decode()
    assert "Geprüft" not in response.content.decode(), "nobody has reviewed it yet"
    assert "noindex" in response["X-Robots-Tag"]
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "no-referrer"
    assert not response.cookies

    with time_machine.travel(timezone.now() + timedelta(days=15)):
        assert client.get(link).status_code == 404
    newer = f"/beispiele/vorschau/{versions.open_preview(practice)}/"
    assert client.get(link).status_code == 404
    assert client.get(newer).status_code == 200
    versions.close_preview(practice)
    assert client.get(newer).status_code == 404


def test_a_former_address_leads_to_todays_but_never_to_a_draft(client: Any) -> None:
    practice = make_whole()
    practice.slug = "neue-adresse"
    practice.save()
    versions.remember_address(practice, "einrichtekarte")
    response = client.get("/beispiele/einrichtekarte/")
    assert (response.status_code, response["Location"]) == (301, "/beispiele/neue-adresse/")
    practice.withdraw()
    assert client.get("/beispiele/einrichtekarte/").status_code == 404


def files_of(practice: Practice) -> list[str]:
    fresh = Practice.objects.get(pk=practice.pk)
    return [
        *(picture.image.src for picture in fresh.pictures.all()),
        *(row.document.url for row in fresh.documents.all()),
    ]


@pytest.mark.parametrize("archive", [False, True])
def test_files_of_what_is_no_longer_public_are_out_of_reach(
    client: Any, archive: bool, django_capture_on_commit_callbacks: Any
) -> None:
    practice = make_whole(is_fictitious=True)
    page = client.get(practice.get_absolute_url()).content.decode()
    public = files_of(practice)
    assert all(path in page for path in public)
    assert "Zum Mitnehmen" in page

    with django_capture_on_commit_callbacks(execute=True):
        releasing.take_offline(practice, archive=archive)

    assert [client.get(path).status_code for path in public] == [404, 404]
    assert [client.get(path).status_code for path in files_of(practice)] == [200, 200], "the preview still shows them"


def test_a_picture_that_another_public_example_shows_stays_where_it_is(
    client: Any, django_capture_on_commit_callbacks: Any
) -> None:
    practice, other = make_whole(is_fictitious=True), make_practice("Anderes")
    picture = practice.pictures.get()
    PracticePicture.objects.create(practice=other, image=picture.image)
    with django_capture_on_commit_callbacks(execute=True):
        releasing.take_offline(practice)
    assert client.get(picture.image.src).status_code == 200


def test_going_offline_does_not_undo_the_release(django_capture_on_commit_callbacks: Any) -> None:
    practice = make_draft()
    release(practice)
    releasing.publish(practice, by=None)
    with django_capture_on_commit_callbacks(execute=True):
        releasing.take_offline(practice)
    practice.refresh_from_db()
    assert releasing.publish(Practice.objects.get(pk=practice.pk), by=None).is_published()


def test_every_field_of_the_text_is_part_of_a_version() -> None:
    """A new field must join the snapshot, or be named here with its reason."""
    shared = {field.name for field in Publishable._meta.get_fields()}
    own = {field.name for field in Practice._meta.concrete_fields} - shared
    not_content = {"id", "slug", "size", "revision_of"}  # keys, addresses, and what follows from other fields
    assert own - not_content == {*RELEASED_FIELDS, *OWN_FIELDS}


def test_fields_that_came_later_change_no_release_while_they_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    practice = make_draft()
    today = fingerprint(practice)
    monkeypatch.setattr("practices.snapshot.RELEASED_FIELDS", tuple(set(RELEASED_FIELDS) - set(LATER_FIELDS)))
    monkeypatch.setattr("practices.snapshot.LATER_FIELDS", ())
    assert fingerprint(practice) == today


def test_a_version_from_before_the_video_brings_back_a_text_without_one() -> None:
    practice = make_draft()
    old = {name: value for name, value in snapshot(practice).items() if name not in LATER_FIELDS}
    practice.video_url, practice.video_caption = "https://video.example/a", "Rundgang"
    practice.save()
    before = fingerprint(practice)
    restore(practice, old)
    practice.refresh_from_db()
    assert (practice.video_url, practice.video_caption) == ("", "")
    assert fingerprint(practice) != before
