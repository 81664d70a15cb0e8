"""Doubles become one, and nothing is lost on the way."""

import pytest
from django.test import Client
from django.utils import timezone

from actors import freshness, review
from actors.merging import merge_activities, merge_actors
from actors.models import Activity, Actor, Claim, Cooperation, Invitation, Membership
from actors.refusal import Refused
from platform_mark.publishing import versions
from platform_mark.publishing.models import Version
from platform_mark.search.models import SearchEntry
from tests.actors.make import make_activity, make_actor, make_member, make_revision
from tests.make import make_user

pytestmark = pytest.mark.django_db


def test_entries_people_and_address_of_a_double_go_to_the_other() -> None:
    double, kept = make_actor("Kammer Hagen"), make_actor("Kammer zu Hagen")
    activity = make_activity("Sprechtag", actor=double)
    member = make_member(double)

    merge_actors(double, into=kept)

    activity.refresh_from_db()
    assert activity.actor == kept
    assert list(Actor.objects.of(member)) == [kept]
    assert list(Actor.objects.published()) == [kept]
    assert versions.former_target(Actor, "kammer-hagen") == kept
    assert not SearchEntry.objects.filter(kind="actors.actor", object_id=double.pk).exists()


@pytest.mark.parametrize(("double", "kept"), [("waiting", "approved"), ("approved", "waiting")])
def test_nobody_comes_to_speak_for_an_organisation_by_founding_it_again(double: str, kept: str) -> None:
    founded, listed = make_actor("Kammer", state=double), make_actor("Kammer Hagen", state=kept)
    make_member(founded)

    with pytest.raises(Refused, match="wartet noch"):
        merge_actors(founded, into=listed)

    assert listed.memberships.count() == 0


@pytest.mark.parametrize("state", ["former", "declined"])
def test_entries_and_people_go_to_nobody_who_is_not_in_the_register(state: str) -> None:
    double, gone = make_actor("Kammer"), make_actor(state=state, left_at=timezone.now(), decline_reason="Nein.")
    member = make_member(double)
    with pytest.raises(Refused, match="nimmt nicht am Register teil"):
        merge_actors(double, into=gone)
    assert list(Actor.objects.of(member)) == [double]


def test_what_both_have_is_there_once_and_the_stronger_role_stays() -> None:
    double, kept = make_actor(), make_actor()
    person = make_user()
    make_member(double, person, role=Membership.Role.OWNER)
    make_member(kept, person, role=Membership.Role.EDITOR)
    for actor in (double, kept):
        Claim.objects.create(actor=actor, user=person, reason="Ich arbeite da.")
        Invitation.objects.create(actor=actor, email="neu@k.example", expires_at=timezone.now())
        make_activity(actor=actor, external_id="A-1")
    Cooperation.objects.create(sender=double, receiver=kept, text="Machen wir etwas zusammen?")

    merge_actors(double, into=kept)

    assert kept.memberships.get().role == Membership.Role.OWNER
    assert (kept.claims.count(), Cooperation.objects.count()) == (1, 0)
    assert kept.invitations.filter(withdrawn_at=None).count() == 1
    assert sorted(kept.activities.values_list("external_id", flat=True)) == ["", "A-1"]


def test_missing_contacts_are_taken_over_and_old_links_end() -> None:
    double = make_actor(contact_email="alt@k.example", second_email="zwei@k.example")
    kept = make_actor(contact_email="", second_email="")
    before = (double.confirm_version, kept.confirm_version)
    merge_actors(double, into=kept)
    for row in (double, kept):
        row.refresh_from_db()
    assert kept.contact_addresses == ["alt@k.example", "zwei@k.example"]
    assert double.contact_addresses == []
    assert (double.confirm_version, kept.confirm_version) > before


def test_a_double_entry_gives_its_history_and_its_address() -> None:
    double, kept = make_activity("Sprechtag Cloud"), make_activity("Sprechtag IT")
    review.approve(make_revision(double, data={"cost": "free"}), by=make_user(is_staff=True))
    freshness.confirm(double)

    merge_activities(double, into=kept)

    assert list(Activity.objects.public()) == [kept]
    assert versions.former_target(Activity, "sprechtag-cloud") == kept
    assert [event.labels for event in review.history(kept)] == [["Kosten"]]
    assert Version.objects.of(kept).count() == 1
    assert kept.confirmations.count() == 3
    with pytest.raises(Refused, match="zusammengeführt"):
        review.restore(double, by=None)


def test_an_address_that_led_to_the_double_leads_on() -> None:
    first, second, third = make_actor("Erste"), make_actor("Zweite"), make_actor("Dritte")
    merge_actors(first, into=second)
    merge_actors(second, into=third)
    assert versions.former_target(Actor, "erste") == third
    first.refresh_from_db()
    assert first.merged_into == third


def test_what_makes_no_sense_is_refused() -> None:
    one, other = make_actor(), make_actor()
    with pytest.raises(Refused, match="sich selbst"):
        merge_actors(one, into=one)
    merge_actors(one, into=other)
    with pytest.raises(Refused, match="schon zusammengeführt"):
        merge_actors(one, into=make_actor())
    with pytest.raises(Refused, match="offene Überarbeitung"):
        merge_activities(make_revision().activity, into=make_activity())


@pytest.mark.parametrize(("double", "kept"), [("actors", "public"), ("public", "actors")])
def test_what_actors_only_may_read_is_not_merged_with_what_everybody_reads(
    client: Client, double: str, kept: str
) -> None:
    one, other = make_activity("Sprechtag intern", visibility=double), make_activity("Sprechtag", visibility=kept)

    with pytest.raises(Refused, match="dasselbe"):
        merge_activities(one, into=other)

    secret, public = (one, other) if double == "actors" else (other, one)
    assert client.get(secret.get_absolute_url()).status_code == 404
    assert client.get(public.get_absolute_url()).status_code == 200
    one.visibility = kept
    one.save()
    merge_activities(one, into=other)
