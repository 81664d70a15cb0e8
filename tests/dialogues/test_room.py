"""Questions and polls in the room: what people see and press on their telephones, and what staff do with it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from time_machine import travel

from dialogues import retention
from dialogues.models import Dialogue, Poll, PollChoice, Report, RoomQuestion
from dialogues.planning import copy_dialogue
from dialogues.room import asking, moderating
from tests.cast import Cast, make_cast
from tests.dialogues.make import in_days, make_dialogue, make_room
from tests.markup import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(settings: Any, tmp_path: Path) -> Cast:
    settings.MEDIA_ROOT = tmp_path
    return make_cast()


@pytest.fixture
def room() -> Dialogue:
    """A dialogue that runs now, its room open and still empty."""
    return make_dialogue("Rüsten ohne Suchen", starts_at=timezone.now(), room_opened_at=timezone.now())


def path(dialogue: Dialogue) -> str:
    return f"/dialoge/{dialogue.slug}/fragen/"


def look(client: Client, dialogue: Dialogue) -> Page:
    response = client.get(path(dialogue))
    assert response.status_code == 200
    return Page.of(response)


def ask(client: Client, dialogue: Dialogue, text: str, **more: str) -> HttpResponse:
    """Type a question as a person does: the form has been open for a while."""
    with travel(timezone.now() - timedelta(seconds=20), tick=False):
        opened = look(client, dialogue).all("input", name="opened")
    values = {"text": text, "opened": opened[0]["value"] if opened else "", "website": ""}
    return client.post(path(dialogue), values | more)


def number_of(page: Page) -> str:
    return page.all("input", name="seite")[0]["value"]


def texts(page: Page) -> list[str]:
    return [item.one("strong").text for item in page.main.one("section", aria_labelledby="fragen").all("li")]


# ---------------------------------------------------------------- when it is open


def test_the_room_is_open_only_while_switched_on_and_on_the_day_of_the_dialogue(client: Client) -> None:
    dialogue = make_dialogue("Rüsten", starts_at=in_days(3))
    assert "Die Fragerunde ist nicht geöffnet" in look(client, dialogue).one("h1").text
    moderating.open_room(dialogue)
    page = look(client, dialogue)
    assert "Sie öffnet am Tag des Dialogs" in page.main.text
    assert page.main.all("form") == []
    assert client.post(path(dialogue), {"text": "Geht das schon?"}).status_code == 422
    with travel(in_days(3, hour=8), tick=False):
        assert "Was möchten Sie fragen?" in look(client, dialogue).one("h1").text
    with travel(in_days(4, hour=8), tick=False):
        assert "Der Dialog ist vorbei." in look(client, dialogue).main.text
    assert RoomQuestion.objects.count() == 0


def test_what_was_typed_when_the_room_closed_stays_to_be_copied(client: Client, room: Dialogue) -> None:
    with travel(timezone.now() - timedelta(seconds=20), tick=False):
        opened = look(client, room).one("input", name="opened")["value"]
    moderating.close_room(room)
    response = client.post(path(room), {"text": "Was kostet der Scanner?", "opened": opened})
    assert response.status_code == 409
    page = Page.of(response)
    assert page.one("textarea").text == "Was kostet der Scanner?"
    assert "nicht geöffnet" in page.one("div", id="fehler").text
    assert RoomQuestion.objects.count() == 0


def test_a_cancelled_or_hidden_dialogue_has_no_room(client: Client, room: Dialogue) -> None:
    Dialogue.objects.update(cancelled_at=timezone.now(), cancel_reason="Krank")
    assert look(client, room).main.all("form") == []
    Dialogue.objects.update(cancelled_at=None, cancel_reason="", state="draft")
    assert client.get(path(room)).status_code == 404


def test_the_page_of_the_dialogue_leads_to_the_open_room_and_sets_no_cookie(client: Client, room: Dialogue) -> None:
    response = client.get(room.get_absolute_url())
    assert path(room) in [link["href"] for link in Page.of(response).main.all("a")]
    assert response.cookies == {}
    moderating.close_room(room)
    assert path(room).encode() not in client.get(room.get_absolute_url()).content


def test_the_code_on_paper_leads_to_a_page_that_sets_no_cookie_while_closed(client: Client) -> None:
    assert client.get(path(make_dialogue("Rüsten"))).cookies == {}


# ---------------------------------------------------------------- asking


def test_a_question_is_seen_by_others_only_once_staff_take_it_up(client: Client, room: Dialogue) -> None:
    response = ask(client, room, "  Was kostet\nder Scanner?  ")
    assert response.status_code == 302
    assert "Danke, Ihre Frage ist angekommen." in client.get(response["Location"]).content.decode()
    question = RoomQuestion.objects.get()
    assert (question.text, question.state) == ("Was kostet der Scanner?", "fresh")
    assert "Scanner" not in look(client, room).main.text
    for state, seen in {"shown": True, "answered": True, "hidden": False, "fresh": False}.items():
        moderating.sort(room, question.pk, state)
        assert ("Scanner" in look(client, room).main.text) is seen, state


def test_asking_twice_makes_one_row(client: Client, room: Dialogue) -> None:
    for text in ("Was kostet das?", "Was kostet das?", "was kostet DAS?"):
        assert ask(client, room, text).status_code == 302
    assert RoomQuestion.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "Schreiben Sie bitte Ihre Frage."), ("x" * 301, "Höchstens 300 Zeichen, Ihre Frage hat 301.")],
)
def test_what_cannot_be_taken_comes_back_with_the_reason(client: Client, room: Dialogue, text: str, said: str) -> None:
    response = ask(client, room, text)
    assert response.status_code == 422
    page = Page.of(response)
    assert said in page.one("div", id="fehler").text
    assert page.one("textarea").text == text


def test_a_suspicious_post_is_asked_for_once_more_and_loses_nothing(client: Client, room: Dialogue) -> None:
    response = ask(client, room, "Bin ich ein Mensch?", website="https://robot.example")
    page = Page.of(response)
    assert response.status_code == 422
    assert "Ein zweiter Druck auf den Knopf genügt." in page.main.text
    assert page.one("textarea").text == "Bin ich ein Mensch?"
    assert RoomQuestion.objects.count() == 0


def test_too_many_questions_from_one_place_lose_nothing_that_was_typed(
    client: Client, room: Dialogue, settings: Any
) -> None:
    settings.POST_LIMIT_FACTOR = 1
    for number in range(60):
        client.post(path(room), {"text": f"Frage {number}"})
    response = client.post(path(room), {"text": "Die eine zu viel"})
    assert response.status_code == 429
    page = Page.of(response)
    assert page.one("textarea").text == "Die eine zu viel"
    assert "Warten Sie bitte zehn Minuten." in page.main.text


# ---------------------------------------------------------------- pressing


def test_me_too_counts_once_for_each_look_at_the_page_and_sorts_the_list(client: Client, room: Dialogue) -> None:
    first, second = (
        RoomQuestion.objects.create(dialogue=room, text=text, state="shown") for text in ("Wie lange?", "Wie viel?")
    )
    assert texts(look(client, room)) == ["Wie lange?", "Wie viel?"]
    number = number_of(look(client, room))
    for _ in range(3):
        assert client.post(path(room), {"auch": second.pk, "seite": number}).status_code == 302
    page = look(client, room)
    assert texts(page) == ["Wie viel?", "Wie lange?"]
    assert "1-mal mitgefragt" in page.main.text
    assert "nicht jeder Mensch" in page.main.text
    client.post(path(room), {"auch": first.pk, "seite": number})
    client.post(path(room), {"auch": second.pk, "seite": number_of(page)})
    assert list(RoomQuestion.objects.order_by("pk").values_list("presses", flat=True)) == [1, 2]


@pytest.mark.parametrize("state", ["fresh", "answered", "hidden"])
def test_only_what_stands_open_is_pressed(client: Client, room: Dialogue, state: str) -> None:
    question = RoomQuestion.objects.create(dialogue=room, text="Wie lange?", state=state)
    response = client.post(path(room), {"auch": question.pk, "seite": "x" * 22})
    assert response.status_code == 409
    assert "Diese Frage ist nicht mehr offen." in response.content.decode()
    question.refresh_from_db()
    assert question.presses == 0


def test_a_press_for_another_dialogue_or_without_a_page_counts_nothing(client: Client, room: Dialogue) -> None:
    other = make_dialogue("Anderer", starts_at=timezone.now(), room_opened_at=timezone.now())
    question = RoomQuestion.objects.create(dialogue=other, text="Wie lange?", state="shown")
    assert client.post(path(room), {"auch": question.pk, "seite": "x" * 22}).status_code == 409
    assert client.post(path(other), {"auch": question.pk, "seite": "<b>"}).status_code == 409
    assert client.post(path(other), {"auch": "1; DROP"}).status_code == 404
    assert client.post(path(other), {}).status_code == 404
    question.refresh_from_db()
    assert question.presses == 0


def test_a_poll_takes_one_answer_for_each_look_and_shows_its_result_when_it_has_ended(
    client: Client, room: Dialogue
) -> None:
    poll = moderating.write_poll(room, "Was bremst Sie?", ["Zeit", "Geld", "Leute"])
    assert "Was bremst Sie?" not in look(client, room).main.text
    moderating.start_poll(room, poll.pk)
    page = look(client, room)
    buttons = {button.text: button["value"] for button in page.main.all("button", name="wahl")}
    assert list(buttons) == ["Zeit", "Geld", "Leute"]
    for choice in ("Zeit", "Geld"):
        client.post(path(room), {"wahl": buttons[choice], "seite": number_of(page)})
    client.post(path(room), {"wahl": buttons["Zeit"], "seite": number_of(look(client, room))})
    assert "%" not in look(client, room).main.text
    moderating.end_poll(room)
    shown = look(client, room).main.text
    assert "Ergebnis: Was bremst Sie?" in shown
    assert "Zeit: 2 (100 %)" in shown
    assert "2 Antworten" in shown
    late = client.post(path(room), {"wahl": buttons["Leute"], "seite": asking.page_number()})
    assert late.status_code == 409
    assert "Diese Umfrage ist beendet." in late.content.decode()


def test_nothing_in_the_database_says_who_asked_or_pressed() -> None:
    for model in (RoomQuestion, Poll, PollChoice):
        names = {field.name for field in model._meta.concrete_fields}
        assert names <= {"id", "dialogue", "text", "state", "presses", "started_at", "ended_at", "poll", "order"}


def test_the_page_asks_few_questions_of_the_database_however_much_is_asked(client: Client) -> None:
    room = make_room()
    with CaptureQueriesContext(connection) as few:
        look(client, room)
    for number in range(20):
        RoomQuestion.objects.create(dialogue=room, text=f"Frage {number}", state="shown")
        moderating.start_poll(room, moderating.write_poll(room, f"Umfrage {number}", ["A", "B"]).pk)
    with CaptureQueriesContext(connection) as many:
        look(client, room)
    assert len(many) == len(few) <= 6


# ---------------------------------------------------------------- staff


def desk(dialogue: Dialogue) -> str:
    return f"/admin/dialogues/dialogue/{dialogue.pk}/fragen/"


def test_staff_open_sort_and_close_by_buttons(cast: Cast, room: Dialogue) -> None:
    organiser = cast.client("organiser")
    moderating.close_room(room)
    organiser.post(desk(room), {"oeffnen": "1"})
    room.refresh_from_db()
    assert asking.is_open(room)
    question = RoomQuestion.objects.create(dialogue=room, text="Heat & Co's <b>Frage</b>?")
    page = Page.of(organiser.get(desk(room)))
    assert "Heat & Co's <b>Frage</b>?" in page.main.text
    assert "https://" in page.main.one("code").text or "http://" in page.main.one("code").text
    for state in ("shown", "answered", "hidden"):
        assert organiser.post(desk(room), {"frage": question.pk, "stand": state}).status_code == 302
        question.refresh_from_db()
        assert question.state == state
    assert organiser.post(desk(room), {"frage": question.pk, "stand": "gelöscht"}).status_code == 404
    organiser.post(desk(room), {"schliessen": "1"})
    room.refresh_from_db()
    assert not asking.is_open(room)


def test_a_poll_is_written_started_and_ended_and_never_two_run(cast: Cast, room: Dialogue) -> None:
    organiser = cast.client("organiser")
    too_few = organiser.post(desk(room), {"text": "Was bremst Sie?", "choices": "Zeit"})
    assert "Nennen Sie 2 bis 6 Antworten, eine je Zeile." in too_few.content.decode()
    assert Page.of(too_few).one("textarea").text == "Zeit"
    for text in ("Was bremst Sie?", "Womit fangen Sie an?"):
        organiser.post(desk(room), {"text": text, "choices": "Zeit\n\n Geld \n"})
    first, second = Poll.objects.order_by("pk")
    assert [choice.text for choice in first.choices.all()] == ["Zeit", "Geld"]
    organiser.post(desk(room), {"starten": first.pk})
    organiser.post(desk(room), {"starten": second.pk})
    assert [poll.text for poll in Poll.objects.running()] == ["Womit fangen Sie an?"]
    again = organiser.post(desk(room), {"starten": first.pk}, follow=True)
    assert "Diese Umfrage lief schon." in again.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        Poll.objects.update(ended_at=None)
    organiser.post(desk(room), {"beenden": "1"})
    assert not Poll.objects.running().exists()


@pytest.mark.parametrize("choices", [["A"], list("ABCDEFG"), ["A", "a "], ["A", "x" * 81]])
def test_a_poll_with_odd_answers_is_refused(room: Dialogue, choices: list[str]) -> None:
    with pytest.raises(ValidationError):
        moderating.write_poll(room, "Was bremst Sie?", choices)
    assert not Poll.objects.exists()


def test_the_large_page_shows_what_is_open_and_moves_only_where_that_was_asked_for(cast: Cast) -> None:
    room = make_room()
    organiser = cast.client("organiser")
    response = organiser.get(f"{desk(room)}leinwand/")
    text = Page.of(response).one("main").text
    assert "Womit fangen Sie an?" in text
    assert "Was kostet das? (aufgenommen)" in text
    assert [word in text for word in ("(neu)", "(ausgeblendet)", "(beantwortet)")] == [False, False, False]
    assert "Refresh" not in response.headers
    assert organiser.get(f"{desk(room)}leinwand/?laufend").headers["Refresh"] == "15"


def test_the_sheet_carries_the_code_and_the_address(cast: Cast, room: Dialogue) -> None:
    page = Page.of(cast.client("organiser").get(f"{desk(room)}blatt/"))
    assert path(room) in page.one("p", class_="desk-code").text
    assert page.one("svg", class_="qr")["aria-label"] == "QR-Code zur Fragerunde"


def test_one_step_takes_what_was_asked_into_the_report_once(cast: Cast) -> None:
    room = make_room()
    Report.objects.create(dialogue=room, summary="<p>Ein guter Abend.</p>")
    RoomQuestion.objects.create(dialogue=room, text="<script>x</script> & mehr?", state="shown")
    organiser = cast.client("organiser")
    organiser.post(desk(room), {"uebernehmen": "1"})
    summary = Report.objects.get().summary
    assert summary.startswith("<p>Ein guter Abend.</p><p><strong>Fragen aus dem Raum</strong></p>")
    assert "<li>Was kostet das? (aufgenommen) (2-mal mitgefragt)</li>" in summary
    assert "<li>Was kostet das? (beantwortet) (2-mal mitgefragt, im Raum beantwortet)</li>" in summary
    assert "&lt;script&gt;x&lt;/script&gt; &amp; mehr?" in summary
    assert "<p>Was bremst Sie? (4 Antworten)</p><ul><li>Zeit: 3 (75 %)</li><li>Geld: 1 (25 %)</li></ul>" in summary
    assert [word in summary for word in ("(neu)", "(ausgeblendet)", "Womit fangen")] == [False, False, False]
    again = organiser.post(desk(room), {"uebernehmen": "1"}, follow=True)
    assert "Das steht schon im Nachbericht." in again.content.decode()
    assert Report.objects.get().summary == summary


def test_whoever_has_the_form_open_meanwhile_is_told_that_the_report_has_changed(cast: Cast, room: Dialogue) -> None:
    before = Dialogue.objects.get(pk=room.pk).updated_at
    RoomQuestion.objects.create(dialogue=room, text="Was kostet das?", state="shown")
    cast.client("organiser").post(desk(room), {"uebernehmen": "1"})
    # The form compares this stamp, and refuses to save over what came since.
    assert Dialogue.objects.get(pk=room.pk).updated_at > before
    assert "Was kostet das?" in Report.objects.get().summary


def test_no_poll_runs_in_a_closed_room(cast: Cast, room: Dialogue) -> None:
    organiser = cast.client("organiser")
    poll = moderating.write_poll(room, "Was bremst Sie?", ["Zeit", "Geld"])
    moderating.close_room(room)
    answer = organiser.post(desk(room), {"starten": poll.pk}, follow=True)
    assert "Schalten Sie zuerst die Fragerunde ein." in answer.content.decode()
    assert not Poll.objects.running().exists()
    organiser.post(desk(room), {"oeffnen": "1"})
    organiser.post(desk(room), {"starten": poll.pk})
    organiser.post(desk(room), {"schliessen": "1"})
    assert not Poll.objects.running().exists()


def test_what_staff_hide_makes_room_for_other_questions(room: Dialogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_QUESTIONS", 2)
    for text in ("Unsinn", "Noch mehr Unsinn"):
        asking.ask(room, text)
    with pytest.raises(asking.RoomRefused, match="schon sehr viele Fragen"):
        asking.ask(room, "Was kostet das?")
    RoomQuestion.objects.update(state=RoomQuestion.State.HIDDEN)
    asking.ask(room, "Was kostet das?")
    assert RoomQuestion.objects.filter(text="Was kostet das?").exists()


def test_a_public_report_is_not_changed_by_the_step() -> None:
    room = make_room()
    Report.objects.create(dialogue=room, summary="<p>Da.</p>", published_at=timezone.now())
    with pytest.raises(asking.RoomRefused, match="schon öffentlich"):
        moderating.take_into_report(room)
    assert Report.objects.get().summary == "<p>Da.</p>"


def test_an_empty_room_makes_no_report(room: Dialogue) -> None:
    with pytest.raises(asking.RoomRefused):
        moderating.take_into_report(room)
    assert not Report.objects.exists()


# ---------------------------------------------------------------- what stays


def test_questions_go_thirty_days_after_the_dialogue_and_results_stay() -> None:
    room = make_room()
    end = room.ends_at
    assert end
    assert retention.forget_old(end + timedelta(days=29))["room_questions"] == 0
    assert RoomQuestion.objects.count() == 4
    assert retention.forget_old(end + timedelta(days=31))["room_questions"] == 4
    assert Poll.objects.count() == 2


def test_a_copy_has_no_open_room_and_no_questions() -> None:
    copy = copy_dialogue(make_room(), starts_at=in_days(20))
    assert copy.room_opened_at is None
    assert not copy.room_questions.exists()
    assert not copy.polls.exists()
