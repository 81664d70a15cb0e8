"""Four questions afterwards: once for each booking, for sixty days, and nobody can tell whose answers are whose."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from dialogues import feedback
from dialogues.feedback import FeedbackRefused
from dialogues.links import own_path
from dialogues.mails import PURPOSE
from dialogues.models import Dialogue, Feedback, Registration
from platform_mark.tokens import make_token
from tests.dialogues.make import in_days, make_dialogue, make_registration
from tests.markup import Page

pytestmark = pytest.mark.django_db

ANSWERS = {"was_useful": "5", "was_fitting": "4", "will_act": "2", "comment": "Weniger Folien."}


def address(registration: Registration) -> str:
    token = make_token(PURPOSE, registration.pk, registration.token_version)
    return f"/anmeldung/{token}/rueckmeldung/"


def booked(days: int = -2, **fields: Any) -> Registration:
    return make_registration(make_dialogue(starts_at=in_days(days)), **fields)


def test_the_form_asks_four_questions_and_the_answers_arrive_without_a_name(client: Client) -> None:
    registration = booked()
    page = Page.of(client.get(address(registration)))
    assert [legend.text for legend in page.main.all("legend")] == [
        "Hat Ihnen der Dialog genützt?",
        "Passte er zu Ihrem Betrieb?",
        "Werden Sie etwas davon umsetzen?",
    ]
    assert page.main.all("input", type="radio", checked="") == []
    response = client.post(address(registration), ANSWERS)
    assert (response.status_code, response["Location"]) == (302, address(registration))
    assert "Danke für Ihre Rückmeldung" in Page.of(client.get(address(registration))).main.text
    found = Feedback.objects.get()
    assert (found.was_useful, found.was_fitting, found.will_act) == (5, 4, 2)
    assert (found.comment, found.dialogue) == ("Weniger Folien.", registration.dialogue)


def test_neither_row_leads_to_the_other(client: Client) -> None:
    registration = booked()
    client.post(address(registration), ANSWERS)
    registration.refresh_from_db()
    given_at = timezone.localtime(registration.feedback_given_at)
    # The day and not the minute; and no column of the answers names a booking.
    assert (given_at.hour, given_at.minute, given_at.second, given_at.microsecond) == (0, 0, 0, 0)
    assert {field.name for field in Feedback._meta.get_fields()} == {
        *("id", "dialogue", "was_useful", "was_fitting", "will_act", "comment", "given_on")
    }


def test_each_booking_answers_once(client: Client) -> None:
    registration = booked()
    client.post(address(registration), ANSWERS)
    response = client.post(address(registration), {**ANSWERS, "was_useful": "1"})
    assert "Danke für Ihre Rückmeldung" in response.content.decode()
    assert [row.was_useful for row in Feedback.objects.all()] == [5]
    with pytest.raises(FeedbackRefused, match="schon"):
        feedback.give(registration, was_useful=1, was_fitting=1, will_act=1)


def test_it_is_open_from_the_end_of_the_dialogue_for_sixty_days(client: Client) -> None:
    registration = booked(days=1)
    # Days of 24 hours, whatever the clocks on the wall do meanwhile.
    registration.dialogue.refresh_from_db()
    end = registration.dialogue.ends_at
    assert end
    for moment, words, is_open in (
        (end - timedelta(minutes=1), "noch nicht vorbei", False),
        (end + timedelta(minutes=1), "Vier Fragen", True),
        (end + timedelta(days=59), "Vier Fragen", True),
        (end + timedelta(days=60), "Diese Zeit ist vorbei", False),
    ):
        with time_machine.travel(moment, tick=False):
            page = Page.of(client.get(address(registration)))
            assert words in page.main.text, moment
            assert bool(page.main.all("form")) is is_open, moment
    with time_machine.travel(end + timedelta(days=61), tick=False):
        client.post(address(registration), ANSWERS)
    assert not Feedback.objects.exists()


def test_the_own_page_asks_only_while_answers_are_taken(client: Client) -> None:
    asked, cancelled, ahead = booked(), booked(), booked(days=1)
    Dialogue.objects.filter(pk=cancelled.dialogue_id).update(cancelled_at=timezone.now(), cancel_reason="Sturm")
    for registration, is_asked in ((asked, True), (cancelled, False), (ahead, False)):
        own = Page.of(client.get(own_path(registration)))
        assert (address(registration) in own.links) is is_asked
    client.post(address(asked), ANSWERS)
    assert address(asked) not in Page.of(client.get(own_path(asked))).links


@pytest.mark.parametrize("state", [state for state in Registration.State if state != Registration.State.CONFIRMED])
def test_who_had_no_seat_is_not_asked(client: Client, state: Registration.State) -> None:
    more = {"reject_reason": "Voll"} if state == Registration.State.REJECTED else {}
    registration = booked(state=state, **more)
    assert "Zu dieser Anmeldung fragen wir nicht nach." in client.get(address(registration)).content.decode()
    client.post(address(registration), ANSWERS)
    assert not Feedback.objects.exists()


def test_the_link_still_works_when_the_names_are_deleted(client: Client) -> None:
    registration = booked(days=-40, company="", contact_name="", email="", email_key="", anonymised_at=timezone.now())
    assert client.post(address(registration), ANSWERS).status_code == 302
    assert Feedback.objects.count() == 1


def test_nothing_opens_once_the_booking_is_erased_on_request(client: Client) -> None:
    registration = booked()
    link = address(registration)
    assert client.get(link).status_code == 200
    client.post(own_path(registration), {"action": "erase"})
    assert client.get(link).status_code == 404
    assert client.post(link, ANSWERS).status_code == 404
    assert not Feedback.objects.exists()


def test_looking_changes_nothing(client: Client) -> None:
    registration = booked()
    for method in (client.get, client.head):
        assert method(address(registration)).status_code == 200
    registration.refresh_from_db()
    assert registration.feedback_given_at is None
    assert not Feedback.objects.exists()


def test_a_gap_is_named_at_the_question_and_the_rest_is_kept(client: Client) -> None:
    registration = booked()
    response = client.post(address(registration), {**ANSWERS, "will_act": "", "was_fitting": "9"})
    page = Page.of(response)
    assert response.status_code == 422
    assert page.title.startswith("Fehler:")
    assert "Werden Sie etwas davon umsetzen? Wählen Sie bitte eine Antwort." in page.one("div", id="fehler").text
    assert "Passte er zu Ihrem Betrieb? Wählen Sie bitte eine der fünf Antworten." in page.one("div", id="fehler").text
    assert "Weniger Folien." in page.main.text
    assert [box["value"] for box in page.main.all("input", type="radio", name="was_useful") if "checked" in box] == [
        "5"
    ]
    assert not Feedback.objects.exists()


def test_too_long_an_answer_is_refused_and_kept(client: Client) -> None:
    response = client.post(address(booked()), {**ANSWERS, "comment": "x" * 1001})
    assert response.status_code == 422
    assert "x" * 1001 in response.content.decode()


def test_a_wrong_or_replaced_link_opens_nothing(client: Client) -> None:
    registration = booked()
    old = address(registration)
    Registration.objects.update(token_version=2)
    assert client.get(old).status_code == 404
    assert client.get("/anmeldung/1-1.falsch/rueckmeldung/").status_code == 404


def test_the_page_is_kept_out_of_caches_indexes_and_referers(client: Client) -> None:
    response = client.get(address(booked()))
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
