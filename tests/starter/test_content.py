"""The starter content as it stands when it was loaded, and how all and only it goes: one load, undone test by test."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone

from actors.models import Activity, Actor, Proposal, Revision
from actors.stages import Stage
from dialogues.attendance import attendance
from dialogues.desk.statistics import HIDDEN, UNKNOWN, statistics
from dialogues.models import Agreement, Dialogue, Host, Outcome, Registration, Series
from dialogues.seats import Word, seat_states
from platform_mark.accounts.models import User
from platform_mark.mail.models import OutgoingMail
from platform_mark.media.models import Document, Image
from platform_mark.search import index
from platform_mark.starter import actors
from platform_mark.taxonomy.models import Branch, CompanySize, TargetGroup
from platform_mark.taxonomy.reference import load_reference
from practices.models import Practice, PracticePicture
from tests.actors.make import make_activity, make_member
from tests.databases import as_one_test
from tests.dialogues.make import make_dialogue, make_registration
from tests.make import make_practice

pytestmark = pytest.mark.database


def starter_content(*arguments: str) -> str:
    out = StringIO()
    call_command("starter_content", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal in which only the starter content is; what the command said."""
    quick_start = override_settings(QUICK_START=True, MEDIA_ROOT=tmp_path_factory.mktemp("media"))
    with django_db_blocker.unblock(), quick_start, as_one_test():
        load_reference()
        yield starter_content("load")


@pytest.fixture(autouse=True)
def said(loaded: str) -> Iterator[str]:
    with as_one_test():
        yield loaded


# ---------------------------------------------------------------- examples


def test_it_shows_every_size_many_branches_and_every_field() -> None:
    own = Practice.objects.published().filter(kind="own")

    assert own.count() >= 10
    assert all(own.values_list("is_fictitious", flat=True))
    assert set(own.values_list("size", flat=True)) == set(CompanySize.values)
    assert own.exclude(branches=None).values("branches").distinct().count() >= 6
    for part in ("effects", "steps", "prerequisites", "pictures"):
        assert own.exclude(**{part: None}).exists()
    for name in ("failures", "lessons", "advice", "goal", "worries", "quote_text", "funding_programme"):
        assert own.exclude(**{name: ""}).exists(), name
    assert Practice.objects.published().filter(kind="external").count() == 27


def test_invented_firms_stand_before_reports_in_the_list_and_no_date_lies_ahead() -> None:
    newest = list(Practice.objects.published().newest_first())
    assert [practice.kind for practice in newest] == sorted((p.kind for p in newest), reverse=True)
    assert all(practice.as_of and practice.as_of <= timezone.localdate() for practice in newest)


# ---------------------------------------------------------------- dialogues


def test_there_is_a_dialogue_in_every_state() -> None:
    dialogues = list(Dialogue.objects.published())
    words = {state.word for state in seat_states(dialogues).values()}
    assert len(dialogues) >= 8
    assert {Word.FREE, Word.FEW, Word.WAITING, Word.NOT_YET, Word.CLOSED, Word.CANCELLED, Word.OVER} <= words
    assert {dialogue.form for dialogue in dialogues} == set(Dialogue.Form.values)
    assert Registration.objects.filter(state=Registration.State.OFFERED, offered_until__gt=timezone.now()).count() == 1
    assert Dialogue.objects.published().documented().count() == 2
    assert Series.objects.get().dialogues.count() == 3
    assert Outcome.objects.values("kind").distinct().count() == len(Outcome.Kind)
    assert set(Agreement.objects.values_list("state", flat=True)) == set(Agreement.State.values)
    assert all(dialogue.is_fictitious for dialogue in dialogues)
    assert all(bool(dialogue.online_link) == dialogue.is_online for dialogue in dialogues)
    assert all(Host.objects.values_list("is_fictitious", flat=True))


def test_who_signed_up_is_invented_and_no_mail_goes_out() -> None:
    addresses = list(Registration.objects.values_list("email", flat=True))
    assert len(addresses) >= 60
    assert all(address.endswith(".example") for address in addresses)
    assert not OutgoingMail.objects.filter(kind__startswith="dialog").exists()


def test_the_reports_tell_the_numbers_that_the_statistics_count() -> None:
    for dialogue in Dialogue.objects.documented():
        came = attendance(dialogue)
        assert (dialogue.report.participants, dialogue.report.companies) == (came.people, came.companies)
    found = statistics(timezone.localdate() - timedelta(days=90), timezone.localdate() + timedelta(days=90))
    for table in found.tables[1:3]:
        assert sum(row.cells[0] not in {0, HIDDEN} for row in table.rows if row.name != UNKNOWN) >= 3, table.title


def test_the_index_knows_everything_as_it_is() -> None:
    assert index.differences() == 0


# ---------------------------------------------------------------- the register


def test_offers_cover_every_kind_branch_group_and_stage() -> None:
    own = Activity.objects.public().filter(actor__is_fictitious=True)

    assert own.count() >= 30
    assert own.values("actor").distinct().count() >= 8
    assert set(own.values_list("kind", flat=True)) == set(Activity.Kind.values)
    assert set(own.values_list("branches__slug", flat=True)) >= set(Branch.objects.values_list("slug", flat=True))
    assert {group for groups in own.values_list("target_groups", flat=True) for group in groups} == set(
        TargetGroup.values
    )
    assert {entry.stage() for entry in own} == {Stage.FRESH, Stage.DUE, Stage.OVERDUE}
    assert Activity.objects.former().filter(actor__is_fictitious=True).count() == 3
    assert Activity.objects.current().filter(visibility="actors").count() == 2


def test_there_is_an_overlap_of_three_and_there_are_gaps() -> None:
    metal = Activity.objects.public().filter(branches__slug="metall-und-draht")
    alike = metal.filter(kind="advice", topics__slug="it-sicherheit-und-nachweise")
    assert alike.values("actor").distinct().count() == 3
    assert not metal.filter(kind="event").exists()


def test_real_facts_stay_unconfirmed_and_name_their_source() -> None:
    facts = Activity.objects.exclude(source_url="")
    assert facts.count() == 13
    assert not facts.exclude(confirmed_at=None).exists()
    assert not Actor.objects.filter(activities__in=facts, is_fictitious=True).exists()


def test_every_queue_has_something() -> None:
    assert Revision.objects.to_review().count() == 1
    assert Revision.objects.filter(state="sent_back").count() == 1
    assert Actor.objects.filter(state="waiting").count() == 1
    assert Proposal.objects.filter(state="open").count() == 1


def test_the_demo_account_logs_in_and_goes_with_the_content() -> None:
    assert actors.wants_demo_account()
    user = actors.make_demo_account("Hubzähler am Kettenzug")
    assert not actors.wants_demo_account()
    assert Activity.objects.editable_by(user).count() >= 5
    assert user.check_password("Hubzähler am Kettenzug")
    [neighbour] = User.objects.exclude(pk=user.pk)
    assert Activity.objects.editable_by(neighbour).exists(), "somebody with an account to ask for cooperation"
    assert not neighbour.has_usable_password()
    starter_content("remove")
    assert not User.objects.exists()
    assert not actors.wants_demo_account()


# ---------------------------------------------------------------- again, and away


def counts() -> list[int]:
    return [model.objects.count() for model in (Practice, Dialogue, Activity, Actor, Revision, Image, Document)]


def test_loading_twice_is_loading_once(said: str) -> None:
    first = counts()
    assert said == f"Startinhalte geladen: {first[0]} Beispiele.\n"
    assert starter_content("load") == "Startinhalte geladen: 0 Beispiele.\n"
    assert counts() == first


def test_removing_takes_all_and_only_what_was_loaded() -> None:
    practice = make_practice("Eigenes der Redaktion")
    dialogue = make_dialogue("Eigener der Redaktion")
    booking = make_registration(dialogue)
    activity = make_activity("Eigener Eintrag")
    # What was changed or used meanwhile is no less starter content.
    Practice.objects.filter(is_fictitious=True).update(title="Von der Redaktion geändert")
    make_registration(Dialogue.objects.get(title="Rüsten ohne Suchen"))

    starter_content("remove")

    assert list(Practice.objects.all()) == [practice]
    assert list(Dialogue.objects.all()) == [dialogue]
    assert list(Registration.objects.all()) == [booking]
    assert list(Activity.objects.all()) == [activity]
    assert list(Actor.objects.all()) == [activity.actor]
    for model in (Series, Document, Image, Revision, Proposal):
        assert not model.objects.exists(), model


def test_an_explicit_load_after_removal_brings_everything_back() -> None:
    first = counts()
    starter_content("remove")
    starter_content("load")
    assert counts() == first


def test_a_starter_picture_that_staff_use_elsewhere_stays() -> None:
    picture = PracticePicture.objects.first()
    assert picture is not None
    mine = make_practice("Eigenes der Redaktion")
    PracticePicture.objects.create(practice=mine, image=picture.image)

    starter_content("remove")

    assert list(Image.objects.all()) == [picture.image]


def test_an_organisation_that_somebody_speaks_for_stays() -> None:
    claimed = Actor.objects.get(name="HAGEN.AGENTUR")
    make_member(claimed)
    starter_content("remove")
    assert list(Actor.objects.all()) == [claimed]


def test_a_start_does_not_load_again_what_was_removed() -> None:
    starter_content("remove")
    assert "nichts geladen" in starter_content("load", "--if-empty")
    assert not Practice.objects.exists()
