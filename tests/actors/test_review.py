"""From a draft to the public entry, its changes, and what people are told."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from actors import review
from actors.models import Activity, Actor, Revision
from actors.refusal import Refused
from actors.snapshot import FIELDS, snapshot
from platform_mark.mail.models import OutgoingMail
from platform_mark.publishing.models import State, Version
from platform_mark.search.models import SearchEntry
from tests.actors.make import make_activity, make_actor, make_member, make_revision
from tests.make import make_branch, make_municipality, make_topic, make_user

pytestmark = pytest.mark.django_db

COMPLETE: dict[str, Any] = {
    "title": "Digital-Check & Fahrplan für d'Alltag",
    "summary": "Ein halber Tag im Betrieb.",
    "kind": "advice",
    "target_groups": ["managers", "employees"],
}


def staff(**fields: Any) -> Any:
    return make_user(is_staff=True, **fields)


def mails() -> list[tuple[str, str, str]]:
    return list(OutgoingMail.objects.order_by("pk").values_list("kind", "to", "subject"))


def is_found(activity: Activity) -> bool:
    return SearchEntry.objects.filter(kind="actors.activity", object_id=activity.pk).exists()


def test_a_draft_is_handed_over_sent_back_corrected_and_public() -> None:
    actor = make_actor()
    author, moderator = make_member(actor, email="autorin@kammer.example"), staff()
    activity = review.draft(actor, by=author)
    branch, town = make_branch(), make_municipality()

    revision = review.write(activity, data={**COMPLETE, "branches": [branch], "municipalities": [town]}, by=author)
    review.submit(revision, by=author)
    assert not Activity.objects.public().exists()
    review.send_back(revision, reason="Bitte nennen Sie die Kosten & wer's bezahlt.", by=moderator)
    revision.refresh_from_db()
    assert (revision.state, revision.reason) == ("sent_back", "Bitte nennen Sie die Kosten & wer's bezahlt.")

    revision = review.write(activity, data={"cost": "free"}, by=author)
    review.submit(revision, by=author)
    review.approve(revision, by=moderator)

    activity = Activity.objects.public().get()
    assert (activity.title, activity.cost, activity.slug) == (
        COMPLETE["title"],
        "free",
        "digital-check-fahrplan-fuer-dalltag",
    )
    assert list(activity.branches.all()) == [branch]
    assert list(activity.municipalities.all()) == [town]
    assert timezone.localdate(activity.confirmed_at) == timezone.localdate()
    assert activity.confirmed_text.endswith("von der Organisation")
    assert is_found(activity)
    assert mails() == [
        ("aktivitaet-zurueckgegeben", "autorin@kammer.example", f"Bitte noch einmal ansehen: {COMPLETE['title']}"),
        ("aktivitaet-veroeffentlicht", "autorin@kammer.example", f"Veröffentlicht: {COMPLETE['title']}"),
    ]
    assert "Bitte nennen Sie die Kosten & wer's bezahlt." in OutgoingMail.objects.earliest("pk").text
    assert activity.get_absolute_url() in OutgoingMail.objects.latest("pk").text


def test_a_change_leaves_the_public_entry_alone_until_it_is_approved() -> None:
    activity = make_activity("Sprechtag IT-Sicherheit")
    author = make_member(activity.actor)
    before = snapshot(activity)

    revision = review.write(activity, data={"title": "Sprechtag Cloud", "cost": "paid"}, by=author)
    review.submit(revision, by=author)

    activity.refresh_from_db()
    assert snapshot(activity) == before
    review.approve(revision, by=staff())
    activity.refresh_from_db()
    assert (activity.title, activity.cost) == ("Sprechtag Cloud", "paid")
    assert activity.slug == "sprechtag-it-sicherheit"


def test_staff_take_some_fields_and_say_why_not_the_others() -> None:
    activity = make_activity("Sprechtag")
    author = make_member(activity.actor, email="a@kammer.example")
    revision = make_revision(activity, data={"title": "BESTER SPRECHTAG", "cost": "free"}, author=author)

    with pytest.raises(Refused, match="begründen"):
        review.approve(revision, fields=["cost"], by=staff())
    review.approve(revision, fields=["cost"], reason="Bitte ohne Werbung.", by=staff())

    activity.refresh_from_db()
    revision.refresh_from_db()
    assert (activity.title, activity.cost) == ("Sprechtag", "free")
    assert (revision.taken, revision.reason) == (["cost"], "Bitte ohne Werbung.")
    assert mails() == [("aktivitaet-uebernommen", "a@kammer.example", "Zum Teil übernommen: BESTER SPRECHTAG")]
    assert "Nicht übernommen haben wir: Titel." in OutgoingMail.objects.get().text


def test_what_staff_changed_meanwhile_stays_where_the_revision_does_not_speak_of_it() -> None:
    activity = make_activity("Sprechtag")
    revision = make_revision(activity, data={"cost": "free"})
    Activity.objects.filter(pk=activity.pk).update(title="Sprechtag IT", cost="paid")
    revision.refresh_from_db()

    assert [(change.name, change.is_stale) for change in review.changes(revision)] == [("cost", True)]
    review.approve(revision, by=staff())

    activity.refresh_from_db()
    assert (activity.title, activity.cost) == ("Sprechtag IT", "free")


def test_the_comparison_speaks_in_words() -> None:
    branch = make_branch("Metall und Draht")
    revision = make_revision(
        data={
            "branches": [branch.slug],
            "kind": "training",
            "target_groups": ["trainees", "managers"],
            "valid_until": "2027-03-31",
        }
    )

    found = {change.label: (change.old, change.new) for change in review.changes(revision)}
    assert found == {
        "Art": ("Beratung", "Qualifizierung"),
        "Für wen": ("Führungskräfte", "Auszubildende\nFührungskräfte"),
        "Branchen": ("", "Metall und Draht"),
        "Bis": ("", "31.03.2027"),
    }


def test_sending_back_needs_a_reason_and_every_reason_is_kept() -> None:
    revision = make_revision()
    with pytest.raises(Refused, match="was fehlt"):
        review.send_back(revision, reason="  ", by=staff())
    review.send_back(revision, reason="Erstens.", by=staff())
    review.submit(revision, by=None)
    review.send_back(revision, reason="Zweitens.", by=staff())
    revision.refresh_from_db()
    assert (revision.reason, revision.earlier_reasons) == ("Zweitens.", ["Erstens.", "Zweitens."])


def test_without_an_author_the_mails_go_to_both_contacts() -> None:
    activity = make_activity(actor=make_actor("Kammer", contact_email="post@k.example", second_email="chef@k.example"))
    review.send_back(make_revision(activity), reason="Bitte kürzer.", by=staff())
    assert [to for _, to, _ in mails()] == ["post@k.example", "chef@k.example"]


def test_while_staff_read_nothing_is_written_unless_it_is_taken_back() -> None:
    revision = make_revision()
    activity = revision.activity
    with pytest.raises(Refused, match="gerade geprüft"):
        review.write(activity, data={"cost": "free"}, by=None)
    review.withdraw(revision)
    assert review.write(activity, data={"cost": "free"}, by=None).pk == revision.pk
    with pytest.raises(Refused, match="Entwurf"):
        review.approve(revision, by=staff())


def test_an_entry_has_one_open_revision() -> None:
    activity = make_activity()
    first = review.write(activity, data={"cost": "free"}, by=None)
    second = review.write(activity, data={"area": "Südwestfalen"}, by=None)
    assert first.pk == second.pk
    assert second.changed_fields == ["area", "cost"]


def test_discarding_drops_the_change_and_a_draft_that_was_never_public() -> None:
    public = make_activity()
    review.discard(review.write(public, data={"cost": "free"}, by=None))
    assert public.revisions.get().state == "withdrawn"
    fresh = review.draft(public.actor, by=None)
    review.discard(review.write(fresh, data={"title": "Doch nicht"}, by=None))
    assert list(Activity.objects.all()) == [public]


def test_what_trusted_actors_hand_over_is_public_at_once_and_checked_afterwards() -> None:
    actor = make_actor(is_trusted=True)
    author = make_member(actor)
    activity = review.draft(actor, by=author)
    review.submit(review.write(activity, data=COMPLETE, by=author), by=author)

    assert Activity.objects.public().get() == activity
    assert list(Activity.objects.to_check()) == [activity]
    review.check(activity)
    assert list(Activity.objects.to_check()) == []


@pytest.mark.parametrize("state", [Actor.State.WAITING, Actor.State.FORMER])
def test_an_actor_that_does_not_take_part_hands_nothing_over(state: str) -> None:
    actor = make_actor(state=state, left_at=timezone.now())
    revision = review.write(review.draft(actor, by=None), data=COMPLETE, by=None)
    with pytest.raises(Refused, match="noch nicht freigeschaltet"):
        review.submit(revision, by=None)


def test_what_is_incomplete_is_kept_and_not_handed_over() -> None:
    revision = review.write(review.draft(make_actor(), by=None), data={"title": "Nur ein Titel"}, by=None)
    with pytest.raises(ValidationError) as refused:
        review.submit(revision, by=None)
    assert set(refused.value.message_dict) == {"summary", "kind"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 10_000),
        ("url", "javascript:alert(1)"),
        ("kind", "gift"),
        ("target_groups", ["everybody"]),
        ("sizes", ["giant"]),
        ("branches", ["gibt-es-nicht"]),
        ("municipalities", ["99999999"]),
        ("contact_email", "kein Postfach"),
        ("valid_from", "gestern"),
        ("title", "Null\x00byte"),
        ("visibility", "all"),
    ],
)
def test_bad_values_are_refused_at_their_field(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        review.write(make_activity(), data={field: value}, by=None)
    assert set(refused.value.message_dict) == {field}


@pytest.mark.parametrize("field", ["state", "actor", "slug", "published_at", "confirmed_at", "merged_into", "pk"])
def test_no_other_column_can_be_written(field: str) -> None:
    assert field not in FIELDS
    with pytest.raises(ValueError, match=field):
        review.write(make_activity(), data={field: "x"}, by=None)


def test_a_person_needs_consent() -> None:
    revision = review.write(make_activity(), data={"contact_person": "Erika Muster"}, by=None)
    with pytest.raises(ValidationError, match="Einwilligung"):
        review.submit(revision, by=None)


def test_taking_offline_never_waits_and_is_undone_by_one_click() -> None:
    activity = make_activity()
    member = make_member(activity.actor)
    make_revision(activity)
    review.take_offline(activity, by=member)
    assert not Activity.objects.public().exists()
    assert not Activity.objects.former().exists()
    assert not is_found(activity)

    review.restore(activity, by=member)
    assert Activity.objects.public().get() == activity
    assert is_found(activity)
    assert mails() == []


def test_staff_who_take_something_offline_say_why() -> None:
    activity = make_activity(actor=make_actor(contact_email="post@k.example", second_email=""))
    with pytest.raises(Refused, match="begründen"):
        review.take_offline(activity, by=staff())
    review.take_offline(activity, by=staff(), reason="Der Link führt zu einer Werbeseite.")
    assert [to for _, to, _ in mails()] == ["post@k.example"]
    assert "Werbeseite" in OutgoingMail.objects.get().text


def test_what_its_organisation_ends_stands_among_the_former_ones() -> None:
    activity = make_activity()
    review.retire(activity)
    assert list(Activity.objects.former()) == [activity]
    assert not is_found(activity)
    review.restore(activity, by=None)
    assert list(Activity.objects.public()) == [activity]


def test_what_was_never_approved_is_not_restored() -> None:
    with pytest.raises(Refused, match="noch nicht veröffentlicht"):
        review.restore(review.draft(make_actor(), by=None), by=None)


def test_four_eyes_hold_for_staff_who_write_themselves(settings: Any) -> None:
    settings.FOUR_EYES = True
    one, other = staff(), staff()
    revision = make_revision(author=one)
    with pytest.raises(Refused, match="Vier-Augen"):
        review.approve(revision, by=one)
    review.approve(revision, by=other)
    assert revision.activity.revisions.get().state == "approved"


def test_the_public_history_names_fields_and_never_values_or_private_ones() -> None:
    activity = make_activity("Sprechtag")
    secret = {"external_id": "intern-7", "contact_person": "Erika Muster", "person_agreed_on": "2026-01-01"}
    review.approve(make_revision(activity, data=secret), by=staff())
    review.approve(make_revision(activity, data={**secret, "cost": "free"}, change_note="Jetzt umsonst"), by=staff())

    events = review.history(activity)

    assert [(event.note, event.labels, event.by_staff) for event in events] == [("Jetzt umsonst", ["Kosten"], False)]


def test_staffs_own_change_is_a_version_and_a_line_of_the_history() -> None:
    activity = make_activity("Sprechtag")
    before = snapshot(activity)
    Activity.objects.filter(pk=activity.pk).update(title="Sprechtag IT")
    review.record_staff_change(activity, before=before, by=staff())
    assert [(event.labels, event.by_staff) for event in review.history(activity)] == [(["Titel"], True)]
    assert Version.objects.of(activity).get().data["title"] == "Sprechtag IT"


def test_an_earlier_version_comes_back() -> None:
    activity = make_activity("Erste Fassung", topics=(make_topic(),))
    before = snapshot(activity)
    review.approve(make_revision(activity, data={"title": "Zweite Fassung", "topics": []}), by=staff())
    first = Version.objects.create(target=activity, data=before)
    review.restore_version(activity, first.pk, by=staff())
    activity.refresh_from_db()
    assert snapshot(activity) == before


def test_a_person_is_forgotten_everywhere() -> None:
    activity = make_activity()
    named = {"contact_person": "Erika Muster", "person_agreed_on": "2026-01-01"}
    review.approve(make_revision(activity, data=named), by=staff())
    review.forget_person(activity)
    kept = [*Revision.objects.values_list("base", "data"), *Version.objects.values_list("data")]
    activity.refresh_from_db()
    assert activity.contact_person == ""
    assert "Erika" not in str(kept)


def test_merged_terms_are_followed() -> None:
    old = make_topic("Alt")
    revision = make_revision(data={"topics": [old.slug]})
    new = make_topic("Neu")
    old.merged_into = new
    old.save()
    review.approve(revision, by=staff())
    assert list(revision.activity.topics.all()) == [new]


def test_drafts_of_others_are_never_public() -> None:
    activity = review.draft(make_actor(), by=None)
    review.write(activity, data=COMPLETE, by=None)
    assert activity.state == State.DRAFT
    for found in (Activity.objects.public(), Activity.objects.former(), Activity.objects.current()):
        assert not found.exists()
