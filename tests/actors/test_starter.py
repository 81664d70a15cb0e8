"""The register of the quick start: every state, gaps and an overlap, removable, with a demo account."""

from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from actors.models import Activity, Actor, Proposal, Revision
from actors.stages import Stage
from platform_mark.accounts.models import User
from platform_mark.starter import actors
from platform_mark.taxonomy.models import Branch, TargetGroup
from platform_mark.taxonomy.reference import load_reference
from tests.actors.make import make_activity, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick_start(settings: LazySettings, tmp_path: Path) -> None:
    settings.QUICK_START = True
    settings.MEDIA_ROOT = tmp_path / "media"
    load_reference()


def starter_content(action: str) -> None:
    call_command("starter_content", action, stdout=StringIO())


def test_offers_cover_every_kind_branch_group_and_stage() -> None:
    actors.load()
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
    actors.load()
    metal = Activity.objects.public().filter(branches__slug="metall-und-draht")
    alike = metal.filter(kind="advice", topics__slug="it-sicherheit-und-nachweise")
    assert alike.values("actor").distinct().count() == 3
    assert not metal.filter(kind="event").exists()


def test_real_facts_stay_unconfirmed_and_name_their_source() -> None:
    actors.load()
    facts = Activity.objects.exclude(source_url="")
    assert facts.count() == 13
    assert not facts.exclude(confirmed_at=None).exists()
    assert not Actor.objects.filter(activities__in=facts, is_fictitious=True).exists()


def test_every_queue_has_something() -> None:
    actors.load()
    assert Revision.objects.to_review().count() == 1
    assert Revision.objects.filter(state="sent_back").count() == 1
    assert Actor.objects.filter(state="waiting").count() == 1
    assert Proposal.objects.filter(state="open").count() == 1


def test_loading_twice_is_loading_once_and_removing_leaves_what_others_made() -> None:
    mine = make_activity("Eigener Eintrag")
    starter_content("load")
    counts = (Activity.objects.count(), Actor.objects.count(), Revision.objects.count())
    starter_content("load")
    assert (Activity.objects.count(), Actor.objects.count(), Revision.objects.count()) == counts

    starter_content("remove")

    assert list(Activity.objects.all()) == [mine]
    assert list(Actor.objects.all()) == [mine.actor]


def test_an_organisation_that_somebody_speaks_for_stays() -> None:
    starter_content("load")
    claimed = Actor.objects.get(name="HAGEN.AGENTUR")
    make_member(claimed)
    starter_content("remove")
    assert list(Actor.objects.all()) == [claimed]


def test_the_demo_account_logs_in_and_goes_with_the_content() -> None:
    assert not actors.wants_demo_account()
    starter_content("load")
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
