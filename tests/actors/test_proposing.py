""" "Änderung vorschlagen": without an account, to staff and to the organisation, with the traps of every open form."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from time_machine import travel

from actors import proposing
from actors.models import Activity, Proposal
from actors.tasks import forget_old_proposals
from platform_mark.limits import OpenForm
from platform_mark.mail.models import OutgoingMail
from tests.actors.make import make_activity, make_actor, make_member
from tests.conftest import PortalClient
from tests.markup import Page

pytestmark = pytest.mark.django_db


def send(client: Client, entry: Activity, **fields: str) -> object:
    """Fill in the form and send it as slowly as people do."""
    with travel(timezone.now() - timedelta(minutes=1), tick=False):
        opened = OpenForm().fields["opened"].initial
    values = {"text": "Die Nummer ist neu.", "email": "", "website": "", "opened": opened}
    return client.post(f"{entry.get_absolute_url()}aenderung/", values | fields)


def test_a_proposal_is_kept_and_its_organisation_hears_of_it(client: Client) -> None:
    actor = make_actor(contact_email="digital@heat.example", name="Heat & Co's Verband")
    make_member(actor)
    activity = make_activity("Beratung & mehr", actor=actor)

    response = send(client, activity, text="Die Nummer ist neu & kürzer.", email="jemand@firma.example")

    assert response.status_code == 302  # type: ignore[attr-defined]
    assert "Danke" in Page.of(client.get(response["Location"])).one("h1").text  # type: ignore[index]
    proposal = Proposal.objects.get()
    assert (proposal.activity, proposal.text, proposal.email) == (
        activity,
        "Die Nummer ist neu & kürzer.",
        "jemand@firma.example",
    )
    assert proposal.state == Proposal.State.OPEN
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.subject) == ("digital@heat.example", "Änderung vorgeschlagen: Beratung & mehr")
    assert "Heat & Co's Verband" in mail.text
    # Anybody may write there, so what they wrote is not mailed on.
    assert "kürzer" not in mail.text and "jemand@" not in mail.text


def test_a_title_with_quotes_stands_in_the_page_with_single_ones(client: Client) -> None:
    activity = make_activity("Halbtag „Rüsten ohne Suchen“")

    page = Page.of(client.get(f"{activity.get_absolute_url()}aenderung/"))

    assert "mehr an „Halbtag ‚Rüsten ohne Suchen‘“?" in page.main.text


def test_what_is_voluntary_is_called_so_once(client: Client) -> None:
    form = Page.of(client.get(f"{make_activity().get_absolute_url()}aenderung/")).main.one("form").text
    assert form.lower().count("freiwillig") == 1


def test_a_question_before_its_error_gets_no_colon(client: Client) -> None:
    page = Page.of(send(client, make_activity(), text=""))

    [link] = page.one("div", id="fehler").all("a")
    assert link.text.startswith("Was sollte geändert werden? ")


def test_an_organisation_without_an_account_is_left_to_staff(client: Client) -> None:
    send(client, make_activity())

    assert Proposal.objects.count() == 1 and not OutgoingMail.objects.exists()


def test_many_proposals_do_not_flood_a_mailbox(client: Client) -> None:
    actor = make_actor()
    make_member(actor)
    activity = make_activity(actor=actor)

    for _ in range(5):
        send(client, activity)

    assert Proposal.objects.count() == 5 and OutgoingMail.objects.count() == 3


def test_bad_input_is_explained_at_its_field_and_kept(client: Client) -> None:
    activity = make_activity()

    page = Page.of(send(client, activity, text="", email="ohne-at"))
    assert page.one("title").text.startswith("Fehler: ")
    assert "Schreiben Sie, was nicht mehr stimmt." in page.main.text
    assert page.one("input", name="email")["value"] == "ohne-at"
    response = send(client, activity, text="x" * 2001)
    assert response.status_code == 422  # type: ignore[attr-defined]
    assert send(client, activity, text="a\x00b").status_code == 422  # type: ignore[attr-defined]
    assert not Proposal.objects.exists()


def test_the_traps_ask_for_a_second_press_and_keep_the_text(client: Client) -> None:
    activity = make_activity()

    for trap in ({"website": "https://spam.example"}, {"opened": OpenForm().fields["opened"].initial}, {"opened": ""}):
        response = send(client, activity, **trap)
        assert response.status_code == 422  # type: ignore[attr-defined]
        assert "Die Nummer ist neu." in Page.of(response).one("textarea").text
    assert not Proposal.objects.exists()


def test_one_client_may_send_ten_in_an_hour(client: Client) -> None:
    activity = make_activity()

    statuses = [send(client, activity).status_code for _ in range(11)]  # type: ignore[attr-defined]

    assert statuses == [302] * 10 + [429]


def test_mass_assignment_changes_nothing_else(client: Client) -> None:
    activity, other = make_activity(), make_activity()

    send(client, activity, state="done", answer="Ja", activity=str(other.pk), answered_at="2026-01-01")

    proposal = Proposal.objects.get()
    assert (proposal.activity, proposal.state, proposal.answer, proposal.answered_at) == (activity, "open", "", None)


def test_reading_and_forged_posts_keep_nothing() -> None:
    activity = make_activity()
    strict = PortalClient(enforce_csrf_checks=True, raise_request_exception=False)

    assert strict.get(f"{activity.get_absolute_url()}aenderung/").status_code == 200
    assert strict.post(f"{activity.get_absolute_url()}aenderung/", {"text": "x"}).status_code == 403
    assert not Proposal.objects.exists()


def test_only_what_may_be_read_can_be_proposed_for(client: Client) -> None:
    hidden = make_activity(visibility="actors")
    former = make_activity(valid_until=timezone.localdate() - timedelta(days=1))

    assert send(client, hidden).status_code == 404  # type: ignore[attr-defined]
    assert send(client, former).status_code == 302  # type: ignore[attr-defined]


def test_the_address_is_deleted_a_month_after_the_answer() -> None:
    now = timezone.now()
    made = [
        Proposal.objects.create(activity=make_activity(), text="Neu", email="jemand@firma.example", answered_at=at)
        for at in (None, now - timedelta(days=29), now - timedelta(days=31))
    ]

    assert proposing.forget_old() == 1
    assert [bool(Proposal.objects.get(pk=each.pk).email) for each in made] == [True, True, False]


def test_what_somebody_proposed_is_deleted_90_days_after_the_answer_and_stays_until_there_is_one() -> None:
    now = timezone.now()
    made = [
        Proposal.objects.create(activity=make_activity(), text="Frau Vogel ist nicht mehr da.", answered_at=at)
        for at in (None, now - timedelta(days=89), now - timedelta(days=91))
    ]
    Proposal.objects.update(created_at=now - timedelta(days=400))
    forget_old_proposals(timestamp=0)
    assert list(Proposal.objects.order_by("pk")) == made[:2]
