"""The moderation desk: queues that open on what waits, decisions by button, nothing without the right."""

import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from actors import importing, review
from actors.models import Activity, Actor, Claim, Proposal, Revision
from platform_mark.mail.models import OutgoingMail
from platform_mark.publishing.models import State, Version
from platform_mark.taxonomy.reference import load_reference
from tests.actors.make import make_activity, make_actor, make_member, make_revision
from tests.cast import Cast, make_cast
from tests.make import DAY, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def desk(cast: Cast) -> Client:
    """The moderator's browser."""
    return cast.client("moderator")


def listing(model: str, **query: str) -> str:
    return reverse(f"admin:actors_{model}_changelist", query=query or None)


def page(name: str, row: Any) -> str:
    return reverse(f"admin:actors_{name}", args=[row.pk])


def test_the_start_page_leads_to_every_queue(desk: Client) -> None:
    make_revision()
    make_actor("Wartende", state="waiting", approved_at=None)
    activity = make_activity(checked_at=None)
    make_activity(confirmed_at=timezone.now() - 200 * DAY)
    Proposal.objects.create(activity=activity, text="Der Link ist tot.")
    Claim.objects.create(actor=activity.actor, user=make_user(), reason="Ich arbeite da.")
    make_member(make_actor("Verwaist"), is_active=False)
    for name, is_active in {"Halb verwaist": False, "Wohlauf": True}.items():
        actor = make_actor(name)
        make_member(actor, role="editor")
        make_member(actor, is_active=is_active)

    html = desk.get("/admin/").content.decode()

    for model, word in [
        *(("actor", ""), ("claim", ""), ("revision", ""), ("proposal", "")),
        *(("activity", "nachsehen"), ("activity", "faellig"), ("actor", "ohne-redaktion")),
        ("actor", "ohne-verantwortung"),
    ]:
        link = listing(model, **({"was": word} if word else {}))
        assert f'href="{link}"' in html, link
        assert desk.get(link).context["cl"].result_count == 1, link


def test_a_list_opens_on_what_waits_with_age_and_carer(desk: Client, cast: Cast) -> None:
    make_revision(submitted_at=timezone.now() - 3 * DAY)
    make_revision(state="approved")
    html = desk.get(listing("revision")).content.decode()
    assert "seit 3 Tagen" in html
    assert desk.get(listing("revision")).context["cl"].result_count == 1
    assert desk.get(listing("revision", was="alle")).context["cl"].result_count == 2


def test_somebody_takes_care_and_others_do_not_take_it_away(desk: Client, cast: Cast) -> None:
    revision = make_revision()
    values = {"action": "take_on", "_selected_action": [revision.pk]}
    desk.post(listing("revision"), values)
    revision.refresh_from_db()
    assert revision.assignee == cast.person("moderator").user

    told = cast.client("superuser").post(listing("revision"), values, follow=True).content.decode()
    revision.refresh_from_db()
    assert revision.assignee == cast.person("moderator").user
    assert "kümmert sich schon jemand" in told


def test_a_change_is_compared_and_taken_in_part(desk: Client) -> None:
    revision = make_revision(make_activity("Sprechtag"), data={"title": "<b>Neu</b>", "cost": "free"})
    html = desk.get(page("revision_change", revision)).content.decode()
    assert "Sprechtag" in html
    assert "&lt;b&gt;Neu&lt;/b&gt;" in html
    assert html.count('name="fields"') == 2

    answer = desk.post(
        page("revision_change", revision), {"approve": "1", "fields": ["cost"], "reason": "Nur die Kosten."}
    )

    assert answer.status_code == 302
    activity = Activity.objects.get()
    assert (activity.title, activity.cost) == ("Sprechtag", "free")


def test_a_refused_decision_keeps_what_was_typed(desk: Client) -> None:
    revision = make_revision(data={"title": "Neu", "cost": "free"})
    answer = desk.post(page("revision_change", revision), {"approve": "1", "fields": ["cost"], "reason": ""})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Bitte begründen Sie" in html
    assert html.count("checked") == 1
    assert desk.post(page("revision_change", revision), {"send_back": "1"}).status_code == 422
    revision.refresh_from_db()
    assert revision.state == "submitted"


def test_sending_back_mails_the_reason(desk: Client) -> None:
    revision = make_revision(author=make_user("autorin@kammer.example"))
    desk.post(page("revision_change", revision), {"send_back": "1", "reason": "Bitte kürzer."})
    revision.refresh_from_db()
    assert revision.state == "sent_back"
    assert OutgoingMail.objects.get().to == "autorin@kammer.example"


def test_an_organisation_is_let_in_or_refused_with_a_reason(desk: Client) -> None:
    good = make_actor("Gute", state="waiting", approved_at=None)
    bad = make_actor("Andere", state="waiting", approved_at=None)
    assert "Freischalten" in desk.get(page("actor_change", good)).content.decode()
    desk.post(page("actor_approve", good))
    assert "Bitte schreiben Sie eine Begründung" in desk.post(page("actor_decline", bad), {}).content.decode()
    desk.post(page("actor_decline", bad), {"reason": "Sitz außerhalb der Region."})
    for row in (good, bad):
        row.refresh_from_db()
    assert (good.state, bad.state, bad.decline_reason) == ("approved", "declined", "Sitz außerhalb der Region.")


def test_where_an_organisation_is_chosen_a_declined_one_is_not_offered(desk: Client) -> None:
    for name, state in (("Hubwerk", "approved"), ("Hubwerk neu", "waiting"), ("Hubwerk alt", "declined")):
        make_actor(name, state=state, decline_reason="Kein Sitz in der Region.")
    query = {"app_label": "actors", "model_name": "activity", "field_name": "actor", "term": "Hubwerk"}
    offered = [row["text"] for row in desk.get(reverse("admin:autocomplete"), query).json()["results"]]
    assert offered == ["Hubwerk", "Hubwerk neu"]
    assert "Hubwerk alt" in desk.get(listing("actor", q="Hubwerk", was="alle")).content.decode()


@pytest.mark.parametrize("state", ["waiting", "declined", "approved"])
def test_only_what_was_let_in_has_a_page_and_an_assurance(desk: Client, state: str) -> None:
    approved_at = timezone.now() if state == "approved" else None
    actor = make_actor("Hubwerk", state=state, approved_at=approved_at, decline_reason="Kein Sitz in der Region.")
    main = desk.get(page("actor_change", actor)).content.decode()
    assert ("Auf der Seite ansehen" in main) == (state == "approved")
    assert ("Seit der Freischaltung" in main) == (state == "approved")


def test_where_nobody_is_responsible_any_more_somebody_who_writes_is_made_it(desk: Client) -> None:
    actor, other = make_actor("Hubwerk"), make_actor("Andere")
    writer = make_member(actor, role="editor", name="Kim Muster", email="kim@hubwerk.example")
    make_member(actor, role="editor", email="ohne-namen@hubwerk.example")
    make_member(actor, role="editor", is_active=False)
    stranger = make_member(other, role="editor").memberships.get()
    assert "Jemanden verantwortlich machen" in desk.get(page("actor_change", actor)).content.decode()
    asked = desk.get(page("actor_owner", actor))
    assert [label for _, label in asked.context["form"].fields["member"].choices][1:] == [
        "Kim Muster, kim@hubwerk.example",
        "ohne-namen@hubwerk.example",
    ]

    for wrong, words in ((stranger.pk, "Diese Auswahl gibt es nicht mehr."), ("", "Diese Angabe fehlt noch.")):
        assert words in desk.post(page("actor_owner", actor), {"member": wrong}).content.decode()
    desk.post(page("actor_owner", actor), {"member": writer.memberships.get().pk})

    assert writer.memberships.get().role == "owner"
    assert other.memberships.get().role == "editor"
    assert actor not in Actor.objects.without_owner()
    assert len(desk.get(page("actor_owner", actor)).context["form"].fields["member"].choices) == 2
    assert "Jemanden verantwortlich machen" not in desk.get(page("actor_change", make_actor())).content.decode()


def test_a_claim_is_granted_with_a_hint_about_the_domain(desk: Client) -> None:
    actor = make_actor("Kammer", contact_email="post@kammer.example")
    claim = Claim.objects.create(actor=actor, user=make_user("neu@kammer.example"), reason="Ich leite die Stelle.")
    assert "Hinweis, kein Beweis" in desk.get(page("claim_change", claim)).content.decode()
    desk.post(page("claim_grant", claim))
    assert list(Actor.objects.of(claim.user)) == [actor]


def test_a_proposal_is_answered_and_no_needs_a_reason(desk: Client) -> None:
    proposal = Proposal.objects.create(
        activity=make_activity("Sprechtag"), text="Toter Link", email="leserin@web.example"
    )
    refused = desk.post(page("proposal_answer", proposal), {"other": "1"}).content.decode()
    assert "Bitte begründen Sie" in refused
    desk.post(page("proposal_answer", proposal), {"done": "1", "text": "Danke, der Link geht wieder."})
    proposal.refresh_from_db()
    assert proposal.state == "done"
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.subject) == ("leserin@web.example", "Ihr Vorschlag zu „Sprechtag“")
    assert "Danke, der Link geht wieder." in mail.text


def form_values(client: Client, address: str) -> dict[str, Any]:
    """What a browser would send back from this form."""
    form = client.get(address).context["adminform"].form
    values: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if value not in (None, "", []):
            values[bound.html_name] = (
                [getattr(each, "pk", each) for each in value] if isinstance(value, list) else value
            )
    return values


def test_staff_enter_an_entry_for_an_organisation(desk: Client) -> None:
    load_reference()
    actor = make_actor("Kammer")
    address = reverse("admin:actors_activity_add")
    values = {
        **form_values(desk, address),
        "actor": actor.pk,
        "title": "Sprechtag",
        "summary": "Eine Stunde.",
        "kind": "advice",
        "_move": "publish",
    }
    desk.post(address, values)
    activity = Activity.objects.public().get()
    assert activity.confirmed_text.endswith("von der Regionalagentur")
    assert [(event.note, event.by_staff) for event in review.history(activity)] == [("Eintrag veröffentlicht", True)]


@pytest.mark.parametrize(
    ("organisation", "fields", "said"),
    [
        ({}, {"valid_until": "01.02.2024"}, "endete am 01.02.2024"),
        ({"state": "waiting", "approved_at": None}, {}, "nimmt zurzeit nicht teil"),
    ],
)
def test_an_entry_that_may_not_appear_stays_a_draft_and_the_reason_is_said(
    desk: Client, organisation: dict[str, Any], fields: dict[str, str], said: str
) -> None:
    load_reference()
    address = reverse("admin:actors_activity_add")
    values = {
        **form_values(desk, address),
        "actor": make_actor("Kammer", **organisation).pk,
        "title": "Sprechtag",
        "summary": "Eine Stunde.",
        "kind": "advice",
        "_move": "publish",
    }
    page = desk.post(address, {**values, **fields}, follow=True)
    assert said in page.content.decode()
    assert Activity.objects.get().state == State.DRAFT


def test_staffs_change_is_kept_as_a_version(desk: Client) -> None:
    activity = make_activity("Sprechtag")
    address = page("activity_change", activity)
    answer = desk.post(address, {**form_values(desk, address), "title": "Sprechtag IT"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    activity.refresh_from_db()
    assert activity.title == "Sprechtag IT"
    assert [event.labels for event in review.history(activity)] == [["Titel"]]
    assert Version.objects.of(activity).count() == 1


def test_bad_input_comes_back_at_its_field(desk: Client) -> None:
    activity = make_activity()
    address = page("activity_change", activity)
    answer = desk.post(
        address, {**form_values(desk, address), "url": "javascript:alert(1)", "contact_person": "Erika Muster"}
    )
    assert answer.status_code == 200
    assert set(answer.context["adminform"].form.errors) == {"url", "person_agreed_on"}


def test_taking_offline_asks_for_a_reason_and_coming_back_is_one_click(desk: Client) -> None:
    activity = make_activity(actor=make_actor(second_email=""))
    assert desk.post(page("activity_offline", activity), {}).status_code == 200
    desk.post(page("activity_offline", activity), {"reason": "Der Link führt zu Werbung."})
    activity.refresh_from_db()
    assert activity.state == State.DRAFT
    assert OutgoingMail.objects.get().kind == "aktivitaet-offline"
    assert "withdraw" not in desk.get(page("activity_change", activity)).content.decode()
    desk.post(page("activity_restore", activity))
    assert Activity.objects.public().exists()


@pytest.mark.parametrize("button", ["restore", "confirm"])
@pytest.mark.parametrize(
    ("hindrance", "told"),
    [
        ("ended", "Das Angebot endete am"),
        ("left", "Diese Organisation nimmt zurzeit nicht teil."),
        ("merged", "wurde mit einem anderen zusammengeführt"),
    ],
)
def test_what_cannot_be_confirmed_does_not_come_back_either(
    desk: Client, hindrance: str, told: str, button: str
) -> None:
    activity = make_activity(state=State.ARCHIVED)
    match hindrance:
        case "ended":
            Activity.objects.filter(pk=activity.pk).update(valid_until=timezone.localdate() - DAY)
        case "left":
            Actor.objects.filter(pk=activity.actor_id).update(state=Actor.State.FORMER, left_at=timezone.now())
        case "merged":
            Activity.objects.filter(pk=activity.pk).update(merged_into=make_activity())
    html = desk.post(page(f"activity_{button}", activity), follow=True).content.decode()
    assert told in html
    activity.refresh_from_db()
    assert activity.state == State.ARCHIVED


def test_overdue_entries_are_confirmed_for_the_agency(desk: Client) -> None:
    activity = make_activity(confirmed_at=timezone.now() - 200 * DAY)
    desk.post(listing("activity"), {"action": "confirm_rows", "_selected_action": [activity.pk]})
    activity.refresh_from_db()
    assert activity.confirmed_by_staff
    assert desk.get(listing("activity")).context["cl"].result_count == 0


def test_doubles_are_merged_at_the_desk(desk: Client) -> None:
    double, kept = make_actor("Doppelt"), make_actor("Bleibt")
    desk.post(page("actor_merge", double), {"into": kept.pk})
    one, two = make_activity("Doppelter Eintrag", actor=kept), make_activity("Bleibender Eintrag", actor=kept)
    desk.post(page("activity_merge", one), {"into": two.pk})
    for row in (double, one):
        row.refresh_from_db()
    assert (double.merged_into, one.merged_into) == (kept, two)
    assert desk.get(page("actor_change", double)).status_code == 200
    assert desk.get(page("activity_change", one)).status_code == 200


def test_an_earlier_version_is_brought_back(desk: Client) -> None:
    activity = make_activity("Erste")
    version = Version.objects.create(target=activity, data=activity.snapshot())
    review.approve(make_revision(activity, data={"title": "Zweite"}), by=make_user(is_staff=True))
    desk.post(page("activity_versions", activity), {"version": version.pk})
    activity.refresh_from_db()
    assert activity.title == "Erste"


def test_an_earlier_version_that_no_longer_fits_stays_away_and_the_field_is_named(desk: Client) -> None:
    activity = make_activity("Heute")
    version = Version.objects.create(target=activity, data={**activity.snapshot(), "title": "x" * 300})
    page_after = desk.post(page("activity_versions", activity), {"version": version.pk}, follow=True)
    assert "„Heute“: Titel: " in page_after.content.decode()
    activity.refresh_from_db()
    assert activity.title == "Heute"


def test_a_table_is_looked_at_and_then_read_once(desk: Client) -> None:
    file = io.BytesIO()
    importing.write_template(file)
    assert desk.get(reverse("admin:actors_activity_template")).getvalue()[:2] == b"PK"
    content = b"Akteur;Titel;In einem Satz;Art\nKammer;Sprechtag;Eine Stunde.;Beratung\n"
    upload = io.BytesIO(content)
    upload.name = "liste.csv"
    answer = desk.post(reverse("admin:actors_activity_import"), {"file": upload})
    html = desk.get(answer["Location"])
    assert "1 neu, 0 geändert, 0 unverändert, 1 neuer Akteur" in html.content.decode()
    assert not Activity.objects.exists()

    for _ in range(2):
        desk.post(answer["Location"], {"fingerprint": html.context["plan"].fingerprint})

    activity = Activity.objects.get()
    assert (activity.title, activity.actor.name, activity.confirmed_at) == ("Sprechtag", "Kammer", None)


def test_a_table_is_looked_at_again_where_something_has_changed_meanwhile(desk: Client) -> None:
    activity = make_activity("Sprechtag", actor=make_actor("Kammer"), summary="Alt.")
    upload = io.BytesIO(b"Akteur;Titel;In einem Satz\nKammer;Sprechtag;Neu.\n")
    upload.name = "liste.csv"
    address = desk.post(reverse("admin:actors_activity_import"), {"file": upload})["Location"]
    seen = desk.get(address).context["plan"].fingerprint
    Activity.objects.update(title="Sprechtag IT")
    again = desk.post(address, {"fingerprint": seen}, follow=True)
    assert "Inzwischen hat sich etwas geändert" in again.content.decode()
    assert Activity.objects.get().summary == "Alt."
    Activity.objects.update(title="Sprechtag")
    desk.post(address, {"fingerprint": seen})
    activity.refresh_from_db()
    assert activity.summary == "Neu."


@pytest.mark.parametrize("model", ["actor", "activity", "claim", "revision", "proposal"])
def test_lists_ask_as_often_for_four_rows_as_for_one(desk: Client, model: str) -> None:
    def add() -> None:
        activity = make_activity()
        make_revision(activity)
        Claim.objects.create(actor=activity.actor, user=make_user(), reason="x")
        Proposal.objects.create(activity=activity, text="x")

    counts = []
    for rows in (1, 3):
        for _ in range(rows):
            add()
        desk.get(listing(model, was="alle"))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert desk.get(listing(model, was="alle")).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_without_the_right_nothing_of_the_register_opens(cast: Cast) -> None:
    revision = make_revision()
    for person in ("editor", "organiser", "protector"):
        client = cast.client(person)
        assert client.get(listing("revision")).status_code == 403, person
        assert client.post(page("revision_change", revision), {"approve": "1", "fields": ["title"]}).status_code == 403
        assert client.post(page("activity_confirm", revision.activity)).status_code == 403
    assert Revision.objects.get().state == "submitted"
