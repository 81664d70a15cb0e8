"""Founding, claiming, inviting, roles and leaving: what each journey does, and what it refuses."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from actors import joining, merging, tasks
from actors.models import Activity, Actor, Claim, Cooperation, Invitation, Membership, Proposal, Revision
from actors.refusal import Refused
from dialogues.models import Agreement, Host
from platform_mark.accounts.models import User
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from platform_mark.publishing import versions
from platform_mark.search.models import SearchEntry
from platform_mark.tokens import BadToken
from tests.actors.make import make_activity, make_actor, make_member, make_revision
from tests.dialogues.make import make_dialogue
from tests.make import DAY, make_municipality, make_user
from tests.markup import Page

pytestmark = pytest.mark.django_db

OWNER, EDITOR = Membership.Role.OWNER, Membership.Role.EDITOR
FOUNDING = {
    "name": "Heat & Co's Netzwerk",
    "kind": "network",
    "contact_email": "post@netzwerk.example",
    "second_email": "chefin@netzwerk.example",
    "reason": "Ich leite das Netzwerk.",
}


def mails() -> list[tuple[str, str]]:
    return list(OutgoingMail.objects.order_by("pk").values_list("kind", "to"))


def token_of(invitation: Invitation) -> str:
    mail = OutgoingMail.objects.get(token_purpose=joining.PURPOSE, token_row=invitation.pk)
    return full_text(mail).split("/konto/einladung/")[1].split("/")[0]


# ---------------------------------------------------------------- founding


def test_a_founded_organisation_waits_for_staff_and_its_founder_is_responsible() -> None:
    user = make_user()
    actor = joining.found(user, **FOUNDING)
    assert (actor.state, actor.slug, actor.founding_reason) == (
        "waiting",
        "heat-cos-netzwerk",
        "Ich leite das Netzwerk.",
    )
    assert list(Membership.objects.values_list("user", "role")) == [(user.pk, "owner")]
    assert not Actor.objects.published().exists()
    assert not SearchEntry.objects.filter(kind="actors.actor").exists()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"second_email": "POST@netzwerk.example"}, "second_email"),
        ({"second_email": ""}, "second_email"),
        ({"contact_email": ""}, "contact_email"),
        ({"reason": "  "}, "reason"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"name": "x" * 10_000}, "name"),
        ({"kind": "empire"}, "kind"),
    ],
)
def test_founding_is_refused_by_the_field_that_is_wrong(changed: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        joining.found(make_user(), **FOUNDING | changed)
    assert set(refused.value.message_dict) == {field}
    assert not Actor.objects.exists()


def test_staff_approve_once_and_the_people_are_told() -> None:
    user, staff = make_user("chefin@netzwerk.example", name="Ann O'Neill"), make_user(is_staff=True)
    actor = joining.found(user, **FOUNDING)
    actor = joining.approve_actor(actor, by=staff)
    assert (actor.state, actor.approved_by) == ("approved", staff)
    assert SearchEntry.objects.filter(kind="actors.actor", object_id=actor.pk).exists()
    assert mails() == [("akteur-freigeschaltet", "chefin@netzwerk.example")]
    mail = OutgoingMail.objects.get()
    assert mail.subject == "Freigeschaltet: Heat & Co's Netzwerk"
    assert "Guten Tag Ann O'Neill" in mail.text
    assert "/konto/" in mail.text
    with pytest.raises(Refused, match="schon „Freigeschaltet“"):
        joining.approve_actor(actor, by=staff)
    with pytest.raises(Refused):
        joining.decline_actor(actor, reason="Doch nicht.")


def test_staff_decline_with_a_reason_that_the_founder_reads() -> None:
    actor = joining.found(make_user("chefin@netzwerk.example"), **FOUNDING)
    with pytest.raises(Refused, match="begründen"):
        joining.decline_actor(actor, reason=" ")
    joining.decline_actor(actor, reason="Das ist ein Betrieb & kein Akteur.")
    actor.refresh_from_db()
    assert (actor.state, actor.decline_reason) == ("declined", "Das ist ein Betrieb & kein Akteur.")
    assert "Das ist ein Betrieb & kein Akteur." in OutgoingMail.objects.get().text


def test_similar_organisations_are_found_by_word_and_by_domain() -> None:
    chamber = make_actor("Südwestfälische Industriekammer", website="https://www.kammer.example/digital")
    make_actor("Verband der Bäcker")
    make_actor("Kammer im Wartestand", state="waiting", approved_at=None)
    assert joining.similar_actors("Industriekammer Hagen") == [chamber]
    assert joining.similar_actors("Etwas anderes", "http://kammer.example/") == [chamber]
    assert joining.similar_actors("Das GmbH", "") == []


def test_a_shared_place_makes_no_organisations_similar() -> None:
    make_municipality("Hagen")
    make_actor("Kunststoff Hagen")
    make_actor("Hagener Lernfabrik")
    of_the_town = make_actor("Hagen")
    assert joining.similar_actors("Handwerk Hagen") == []
    assert joining.similar_actors("Hagener Handwerk") == []
    assert of_the_town in joining.similar_actors("Hagen"), "a name of nothing but places is compared all the same"


# ---------------------------------------------------------------- claiming


def test_a_claim_is_granted_by_staff_and_makes_an_owner() -> None:
    actor, user = make_actor("Kammer"), make_user("ich@woanders.example")
    wanted = joining.claim(user, actor, reason="Ich leite das Referat.")
    assert not Actor.objects.of(user).exists(), "asking opens nothing"
    with pytest.raises(ValidationError, match="liegt uns schon vor"):
        joining.claim(user, actor, reason="Noch einmal.")
    joining.grant(wanted, by=None)
    assert Actor.objects.of(user).get() == actor
    assert Membership.objects.get().role == "owner"
    assert mails() == [("anspruch-bestaetigt", "ich@woanders.example")]
    with pytest.raises(Refused):
        joining.decline_claim(wanted, reason="Nein.", by=None)
    with pytest.raises(Refused, match="gehören schon"):
        joining.claim(user, actor, reason="Und noch einmal.")


def test_a_claim_is_declined_with_a_reason() -> None:
    wanted = joining.claim(make_user("ich@woanders.example"), make_actor(), reason="Ich leite das.")
    with pytest.raises(Refused, match="begründen"):
        joining.decline_claim(wanted, reason="", by=None)
    joining.decline_claim(wanted, reason="Die Zentrale kennt Sie nicht.", by=None)
    assert Claim.objects.get().answer == "Die Zentrale kennt Sie nicht."
    assert not Membership.objects.exists()
    assert "Die Zentrale kennt Sie nicht." in OutgoingMail.objects.get().text


@pytest.mark.parametrize(
    ("email", "matches"),
    [
        ("ich@kammer.example", True),
        ("ich@post.kammer.example", True),
        ("ich@boese-kammer.example", False),
        ("ich@kammer.example.boese.example", False),
        ("ich@gmx.de", False),
    ],
)
def test_the_same_domain_is_a_hint(email: str, matches: bool) -> None:
    actor = make_actor(website="https://www.kammer.example/", contact_email="kammer@gmx.de")
    wanted = joining.claim(make_user(email), actor, reason="Ich bin es.")
    assert joining.has_matching_domain(wanted) is matches
    assert wanted.state == "open", "never a proof"


def test_only_listed_organisations_are_claimed() -> None:
    for state in ("waiting", "declined", "former"):
        now = timezone.now()
        actor = make_actor(state=state, decline_reason="Nein.", left_at=now)
        with pytest.raises(Refused):
            joining.claim(make_user(), actor, reason="Ich bin es.")
    assert not Claim.objects.exists()


# ---------------------------------------------------------------- inviting


def test_who_is_invited_joins_once_by_the_mailed_link() -> None:
    actor = make_actor("Kammer & Söhne")
    owner, guest = make_member(actor), make_user("gast@kammer.example")
    invitation = joining.invite(actor, email="Gast@Kammer.example", role=EDITOR, by=owner)
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.is_limited) == ("gast@kammer.example", True)
    assert "Kammer & Söhne" in mail.text
    assert "/konto/einladung/" not in mail.text, "the stored text opens nothing"
    found = joining.find_invitation(token_of(invitation))
    joining.accept_invitation(found, user=guest)
    assert Membership.objects.get(user=guest).role == "editor"
    with pytest.raises(BadToken):
        joining.find_invitation(token_of(invitation))
    with pytest.raises(Refused):
        joining.accept_invitation(found, user=guest)


def test_a_link_that_is_passed_on_opens_nothing() -> None:
    actor = make_actor()
    invitation = joining.invite(actor, email="gast@kammer.example", role=OWNER, by=make_member(actor))
    with pytest.raises(Refused, match="gilt für gast@kammer"):
        joining.accept_invitation(invitation, user=make_user("fremd@woanders.example"))
    assert not Membership.objects.filter(user__email="fremd@woanders.example").exists()


@pytest.mark.parametrize("end", ["over", "withdrawn", "replaced", "sender off", "sender gone", "left"])
def test_an_invitation_ends(end: str) -> None:
    actor = make_actor()
    owner, second = make_member(actor), make_member(actor)
    invitation = joining.invite(actor, email="gast@kammer.example", role=EDITOR, by=owner)
    token = token_of(invitation)
    assert joining.find_invitation(token) == invitation
    match end:
        case "over":
            Invitation.objects.update(expires_at=timezone.now())
        case "withdrawn":
            joining.withdraw_invitation(invitation, by=second)
        case "replaced":
            joining.invite(actor, email="gast@kammer.example", role=EDITOR, by=owner)
        case "sender off":
            User.objects.filter(pk=owner.pk).update(is_active=False)
        case "sender gone":
            joining.remove_member(Membership.objects.get(user=owner), by=second)
        case "left":
            joining.leave_register(actor, by=owner, erase=False)
    with pytest.raises(BadToken):
        joining.find_invitation(token)


def test_an_organisation_that_nobody_has_checked_is_not_named_in_a_mail() -> None:
    user = make_user()
    actor = joining.found(user, **FOUNDING | {"name": "Klicken Sie auf boese.example"})
    joining.invite(actor, email="opfer@firma.example", role=EDITOR, by=user)
    mail = OutgoingMail.objects.get()
    assert "boese" not in mail.subject + mail.text


def test_only_owners_invite_and_nobody_invites_a_member() -> None:
    actor = make_actor()
    make_member(actor, make_user("da@kammer.example"))
    editor = make_member(actor, role=EDITOR)
    with pytest.raises(Refused, match="nur Verantwortliche"):
        joining.invite(actor, email="x@kammer.example", role=EDITOR, by=editor)
    with pytest.raises(Refused, match="nur Verantwortliche"):
        joining.invite(actor, email="x@kammer.example", role=EDITOR, by=make_member(make_actor()))
    with pytest.raises(Refused, match="gehört schon dazu"):
        joining.invite(actor, email="da@kammer.example", role=EDITOR, by=User.objects.get(email="da@kammer.example"))


# ---------------------------------------------------------------- roles


def member_of(user: Any) -> Membership:
    return Membership.objects.get(user=user)


def test_the_last_owner_neither_leaves_nor_steps_down() -> None:
    actor = make_actor("Kammer")
    owner, editor = make_member(actor), make_member(actor, role=EDITOR)
    off = make_member(actor, is_active=False)
    for refused in (
        lambda: joining.remove_member(member_of(owner), by=owner),
        lambda: joining.change_role(member_of(owner), role=EDITOR, by=owner),
        lambda: joining.close_account(owner),
    ):
        with pytest.raises(Refused, match="sonst niemand verantwortlich"):
            refused()
    assert member_of(off).role == "owner", "an account that is switched off answers for nothing"
    joining.hand_over(actor, to=member_of(editor), by=owner)
    assert (member_of(owner).role, member_of(editor).role) == ("editor", "owner")
    joining.remove_member(member_of(owner), by=owner)
    assert not Membership.objects.filter(user=owner).exists()


@pytest.mark.parametrize("way", ["change_role", "hand_over", "remove"])
def test_who_no_longer_answers_for_it_has_invited_nobody(way: str) -> None:
    actor = make_actor()
    owner, other = make_member(actor), make_member(actor)
    invitation = joining.invite(actor, email="neu@kammer.example", role=OWNER, by=owner)
    if way == "change_role":
        joining.change_role(member_of(owner), role=EDITOR, by=other)
    elif way == "hand_over":
        joining.hand_over(actor, to=member_of(other), by=owner)
    else:
        joining.remove_member(member_of(owner), by=other)
    with pytest.raises(Refused, match="gilt nicht mehr"):
        joining.accept_invitation(invitation, user=make_user("neu@kammer.example"))


@pytest.mark.parametrize(
    ("model", "column"),
    [
        *((Actor, "state"), (Claim, "state"), (Revision, "state"), (Proposal, "state")),
        *((Membership, "role"), (Invitation, "role")),
    ],
)
def test_no_row_has_a_state_or_role_that_nobody_knows(model: Any, column: str) -> None:
    actor = make_actor()
    owner = make_member(actor)
    joining.claim(make_user(), actor, reason="Ich bin es.")
    joining.invite(actor, email="neu@kammer.example", role=EDITOR, by=owner)
    Proposal.objects.create(activity=make_revision().activity, text="Der Link ist tot.")
    with pytest.raises(IntegrityError, match=f"{column}_is_known"):
        model.objects.update(**{column: "emperor"})


def test_staff_without_the_right_are_members_like_others() -> None:
    actor = make_actor()
    editor = make_member(actor, make_user(is_staff=True), role=EDITOR)
    with pytest.raises(Refused, match="nur Verantwortliche"):
        joining.change_role(member_of(editor), role=OWNER, by=editor)


def test_editors_change_nobody_and_leave_freely() -> None:
    actor = make_actor()
    owner, editor, other = make_member(actor), make_member(actor, role=EDITOR), make_member(actor, role=EDITOR)
    for refused in (
        lambda: joining.change_role(member_of(editor), role=OWNER, by=editor),
        lambda: joining.remove_member(member_of(other), by=editor),
        lambda: joining.remove_member(member_of(owner), by=editor),
        lambda: joining.hand_over(actor, to=member_of(editor), by=editor),
        lambda: joining.leave_register(actor, by=editor, erase=True),
    ):
        with pytest.raises(Refused, match="nur Verantwortliche"):
            refused()
    joining.remove_member(member_of(editor), by=editor)
    assert Membership.objects.filter(actor=actor).count() == 2


def test_responsibility_is_handed_to_active_colleagues_only() -> None:
    actor = make_actor()
    owner = make_member(actor)
    for stranger in (make_member(make_actor()), make_member(actor, is_active=False)):
        with pytest.raises(Refused, match="gehört nicht zu Ihrer"):
            joining.hand_over(actor, to=member_of(stranger), by=owner)
    assert member_of(owner).role == "owner"


@pytest.mark.parametrize("way", ["hand_over", "change_role", "remove"])
def test_nothing_is_given_to_or_taken_from_who_was_taken_out_meanwhile(way: str) -> None:
    actor = make_actor()
    owner, staff = make_member(actor), make_user(is_superuser=True)
    leaving = member_of(make_member(actor, role=EDITOR))
    joining.remove_member(Membership.objects.get(pk=leaving.pk), by=staff)
    with pytest.raises(Refused, match="gehört nicht zu Ihrer"):
        match way:
            case "hand_over":
                joining.hand_over(actor, to=leaving, by=owner)
            case "change_role":
                joining.change_role(leaving, role=OWNER, by=owner)
            case "remove":
                joining.remove_member(leaving, by=owner)
    assert member_of(owner).role == "owner"
    assert Membership.objects.count() == 1


def test_staff_take_out_even_the_last_owner_and_then_somebody_is_missing() -> None:
    actor = make_actor()
    owner, staff = make_member(actor), make_user(is_superuser=True)
    editor = make_member(actor, role=EDITOR, is_active=False)
    joining.remove_member(member_of(owner), by=staff)
    assert Actor.objects.without_editor().get() == actor
    User.objects.filter(pk=editor.pk).update(is_active=True)
    assert not Actor.objects.without_editor().exists()


# ---------------------------------------------------------------- leaving


def made_personal(actor: Actor, owner: Any) -> Activity:
    person = {"contact_person": "Frau Bergmann-Canary", "person_agreed_on": timezone.localdate()}
    activity = make_activity(actor=actor, contact_email="bergmann-canary@kammer.example", **person)
    versions.record(activity, by=owner, comment="Geändert")
    make_revision(activity, author=owner)
    make_revision(activity, author=owner, state=Revision.State.APPROVED)
    other = make_actor()
    Cooperation.objects.create(sender=other, receiver=actor, text="Liebe Frau Bergmann-Canary", written_by=owner)
    joining.claim(make_user(), actor, reason="Frau Bergmann-Canary kennt mich.")
    joining.invite(actor, email="bergmann-canary@kammer.example", role=EDITOR, by=owner)
    return activity


@pytest.mark.parametrize("erase", [False, True])
def test_leaving_hides_the_entries_and_forgets_the_people_at_once(erase: bool) -> None:
    actor = make_actor("Kammer")
    owner = make_member(actor)
    activity = made_personal(actor, owner)
    OutgoingMail.objects.all().delete()
    joining.leave_register(actor, by=owner, erase=erase)
    actor.refresh_from_db()
    assert actor.state == "former"
    assert (actor.erased_from is not None) is erase
    assert not Activity.objects.public().exists()
    assert not SearchEntry.objects.filter(object_id=activity.pk, kind="actors.activity").exists()
    assert not Membership.objects.filter(actor=actor).exists()
    assert (actor.contact_email, actor.second_email, actor.contact_phone) == ("", "", "")
    assert "canary" not in everything(except_for="accounts_user").lower()
    assert mails() == [("akteur-ausgetreten", owner.email)]


def everything(except_for: str) -> str:
    """All rows of all tables as text, to look for what must be gone."""
    from django.db import connection

    rows = []
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            if name != except_for:
                cursor.execute(f'SELECT t::text FROM "{name}" t')
                rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def test_what_chose_deletion_is_deleted_after_thirty_days_and_the_note_stays() -> None:
    gone, stays = make_actor("Geht"), make_actor("Bleibt")
    joining.leave_register(gone, by=make_member(gone), erase=True)
    joining.leave_register(stays, by=make_member(stays), erase=False)
    assert joining.erase_left() == 0
    Actor.objects.filter(pk=gone.pk).update(erased_from=timezone.localdate())
    assert joining.erase_left() == 1
    assert list(Actor.objects.values_list("name", flat=True)) == ["Bleibt"]
    assert joining.erase_left() == 0


def left_for_good(name: str, **fields: Any) -> Actor:
    """An organisation that left thirty days ago and is to be deleted today."""
    return make_actor(
        name, state="former", left_at=timezone.now() - 30 * DAY, erased_from=timezone.localdate(), **fields
    )


def test_a_dialogue_keeps_the_name_of_who_was_deleted(client: Client) -> None:
    actor, dialogue = left_for_good("Kammer & Söhne", is_fictitious=True), make_dialogue()
    Host.objects.create(dialogue=dialogue, actor=actor)
    Host.objects.create(dialogue=dialogue, actor=make_actor("Bleibt"), order=1)
    Agreement.objects.create(dialogue=dialogue, text="Ruft alle an.", actor=actor)
    assert joining.erase_left() == 1
    kept = dialogue.hosts.get(order=0)
    assert (kept.actor, kept.shown_name, kept.is_fictitious) == (None, "Kammer & Söhne", True)
    assert Agreement.objects.get().shown_owner == "Kammer & Söhne"
    page = client.get(dialogue.get_absolute_url())
    assert page.status_code == 200
    assert "Kammer &amp; Söhne" in page.content.decode()


def test_entries_with_all_their_versions_and_doubles_go_along(client: Client) -> None:
    double, actor = make_actor("Doppelte Kammer"), make_actor("Kammer")
    merging.merge_actors(double, into=actor)
    activity = make_activity("Sprechtag", actor=actor, description="Zeile mit Canary")
    versions.record(activity, by=None, comment="Geändert")
    joining.leave_register(actor, by=make_member(actor), erase=True)
    Actor.objects.filter(pk=actor.pk).update(erased_from=timezone.localdate())
    assert joining.erase_left() == 1
    assert not Actor.objects.exists()
    assert "Zeile mit Canary" not in everything(except_for="")
    for path in ("/akteure/kammer/", "/akteure/doppelte-kammer/", "/aktivitaeten/sprechtag/"):
        assert client.get(path).status_code == 410, path


def test_a_double_that_is_deleted_leaves_its_address_to_the_other(client: Client) -> None:
    double, actor = left_for_good("Doppelte Kammer"), make_actor("Kammer")
    merging.merge_actors(double, into=actor)
    assert joining.erase_left() == 1
    assert client.get("/akteure/doppelte-kammer/")["Location"] == "/akteure/kammer/"


def test_what_holds_one_back_holds_up_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    held, stays = left_for_good("Anker"), make_actor("Bleibt")
    left_for_good("Boje")
    invitation = joining.invite(stays, email="alt@kammer.example", role=EDITOR, by=make_member(stays))
    Invitation.objects.update(expires_at=timezone.now() - 31 * DAY)

    def hold(sender: type, actor: Actor, **kwargs: Any) -> None:
        if actor == held:
            raise IntegrityError("Failing row contains (Anker).")

    joining.actor_erased.connect(hold)
    try:
        tasks.forget_who_left(timestamp=0)
    finally:
        joining.actor_erased.disconnect(hold)
    assert set(Actor.objects.all()) == {held, stays}
    assert not Invitation.objects.filter(pk=invitation.pk).exists()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        f"organisation {held.pk} not erased: IntegrityError"
    ]


def test_only_what_was_public_is_known_as_gone(client: Client) -> None:
    actor = make_actor("Geht")
    public, internal = (
        make_activity("Sprechtag", actor=actor),
        make_activity("Intern", actor=actor, visibility="actors"),
    )
    versions.remember_address(internal, "frueher-intern")
    joining.leave_register(actor, by=make_member(actor), erase=True)
    Actor.objects.filter(pk=actor.pk).update(erased_from=timezone.localdate())

    joining.erase_left()

    assert client.get(public.get_absolute_url()).status_code == 410
    unknown = reverse("actors:activity", args=["gibt-es-nicht"])
    former = reverse("actors:activity", args=["frueher-intern"])
    assert [client.get(address).status_code for address in (internal.get_absolute_url(), former, unknown)] == [404] * 3


def test_what_was_never_public_leaves_no_note(client: Client) -> None:
    user = make_user()
    actor = joining.found(user, **FOUNDING)
    joining.leave_register(actor, by=user, erase=False)
    actor.refresh_from_db()
    assert actor.erased_from == timezone.localdate() + timedelta(days=30)
    assert client.get(actor.get_absolute_url()).status_code == 404, "leaving makes nobody public"
    assert "Heat" not in client.get("/akteure/").content.decode()
    with pytest.raises(Refused):
        joining.leave_register(actor, by=user, erase=False)
    Actor.objects.filter(pk=actor.pk).update(erased_from=timezone.localdate())
    assert joining.erase_left() == 1
    assert client.get(actor.get_absolute_url()).status_code == 404, "nor known as gone"


def test_old_invitations_are_forgotten() -> None:
    actor = make_actor()
    owner = make_member(actor)
    for days, email in ((31, "alt@kammer.example"), (29, "neu@kammer.example")):
        invitation = joining.invite(actor, email=email, role=EDITOR, by=owner)
        Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - timedelta(days=days))
    assert joining.forget_old_invitations() == 1
    assert Invitation.objects.get().email == "neu@kammer.example"


def test_a_closed_account_takes_its_person_along_and_leaves_the_entries() -> None:
    actor = make_actor()
    make_member(actor)
    user = make_member(actor, make_user("geht@kammer.example", name="Geht"), role=OWNER)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    activity = make_activity(actor=actor)
    make_revision(activity, author=user)
    declined = joining.found(user, **FOUNDING)
    joining.decline_actor(declined, reason="Nein.")
    OutgoingMail.objects.all().delete()
    joining.close_account(user)
    assert Activity.objects.public().get() == activity
    assert Revision.objects.get().author is None
    assert not Actor.objects.filter(pk=declined.pk).exists()
    assert "geht@kammer.example" not in everything(except_for="")
    shared = make_actor("Verein", state=Actor.State.DECLINED, decline_reason="Nein.")
    colleague, leaving = make_member(shared), make_member(shared, role=EDITOR)
    joining.close_account(leaving)
    assert member_of(colleague).actor == shared, "the reason is there to read for who stays"
    with pytest.raises(Refused):
        joining.close_account(make_user(is_staff=True))


def test_who_has_no_account_makes_one_with_the_invited_address(client: Client) -> None:
    actor = make_actor("Kammer")
    invitation = joining.invite(actor, email="gast+neu@kammer.example", role=EDITOR, by=make_member(actor))
    path = f"/konto/einladung/{token_of(invitation)}/"
    [link] = [link for link in Page.of(client.get(path)).main.all("a") if link.text == "Konto anlegen"]
    form = Page.of(client.get(link["href"])).main
    assert form.one("input", name="email")["value"] == "gast+neu@kammer.example"
    assert form.one("input", name="next")["value"] == path


def test_the_link_answers_over_the_page_and_asks_for_a_button(client: Client) -> None:
    actor = make_actor("Kammer")
    invitation = joining.invite(actor, email="gast@kammer.example", role=EDITOR, by=make_member(actor))
    path = f"/konto/einladung/{token_of(invitation)}/"
    response = client.get(path)
    assert response.status_code == 200
    assert (response["Referrer-Policy"], response["X-Robots-Tag"]) == ("same-origin", "noindex, nofollow")
    assert "no-store" in response["Cache-Control"]
    client.post(path)
    client.force_login(make_user("gast@kammer.example"))
    client.get(path)
    assert Membership.objects.filter(actor=actor).count() == 1, "looking joins nobody"
    assert client.post(path)["Location"] == "/konto/"
    assert Membership.objects.filter(actor=actor).count() == 2
    assert client.get(path).status_code == 404
    assert client.get("/konto/einladung/1-1.unsinn/").status_code == 404
