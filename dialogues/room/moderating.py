"""What staff do with the room: open and close it, sort questions, run polls, and take what came of it into the report."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from platform_mark.publishing import versions

from ..models import Dialogue, Report
from .asking import RoomRefused
from .models import FEWEST_CHOICES, MOST_CHOICES, Poll, PollChoice, RoomQuestion

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

# A question may name somebody; results of polls are numbers and stay.
KEEP_QUESTIONS = timedelta(days=30)
QUESTIONS_TITLE, POLLS_TITLE = "Fragen aus dem Raum", "Umfragen im Raum"


def open_room(dialogue: Dialogue) -> None:
    """Let questions in on the day of the dialogue; raises RoomRefused where that day is over or will not come."""
    if dialogue.is_cancelled or dialogue.starts_at is None or dialogue.is_over():
        raise RoomRefused("Dieser Dialog ist vorbei, abgesagt oder hat noch keinen Termin.")
    Dialogue.objects.filter(pk=dialogue.pk, room_opened_at=None).update(room_opened_at=timezone.now())


@transaction.atomic
def close_room(dialogue: Dialogue) -> None:
    """Let nothing more in; what was asked stays, and a running poll ends."""
    Dialogue.objects.filter(pk=dialogue.pk).update(room_opened_at=None)
    end_poll(dialogue)


def sort(dialogue: Dialogue, question_id: int, state: str) -> bool:
    """Take a question up, note that it was answered, hide it, or put it back; whether there was one to sort."""
    return bool(dialogue.room_questions.filter(pk=question_id).update(state=RoomQuestion.State(state)))


@transaction.atomic
def write_poll(dialogue: Dialogue, text: str, choices: list[str]) -> Poll:
    """Keep a poll to be started later; raises RoomRefused for too few or too many answers, or two that are the same."""
    choices = [" ".join(choice.split()) for choice in choices if choice.strip()]
    if not FEWEST_CHOICES <= len(choices) <= MOST_CHOICES:
        raise RoomRefused({"choices": f"Nennen Sie {FEWEST_CHOICES} bis {MOST_CHOICES} Antworten, eine je Zeile."})
    if len({choice.casefold() for choice in choices}) < len(choices):
        raise RoomRefused({"choices": "Zwei Antworten sind gleich."})
    poll = Poll(dialogue=dialogue, text=" ".join(text.split()))
    rows = [PollChoice(text=choice, order=place) for place, choice in enumerate(choices, 1)]
    try:
        poll.full_clean()
        for row in rows:
            row.clean_fields(exclude=["poll"])
    except ValidationError as error:
        raise RoomRefused({"choices": error.messages}) from error
    poll.save()
    for row in rows:
        row.poll = poll
        row.save()
    return poll


@transaction.atomic
def start_poll(dialogue: Dialogue, poll_id: int) -> None:
    """Let a poll take answers; the one that runs ends.

    Raises RoomRefused for one that has been started before, and while the room is closed.
    """
    # The same row that opening and closing write, so that no poll is left running in a closed room.
    if Dialogue.objects.select_for_update().get(pk=dialogue.pk).room_opened_at is None:
        raise RoomRefused("Schalten Sie zuerst die Fragerunde ein. Sonst kann niemand antworten.")
    end_poll(dialogue)
    if not dialogue.polls.filter(pk=poll_id, started_at=None).update(started_at=timezone.now()):
        raise RoomRefused("Diese Umfrage lief schon. Schreiben Sie für eine zweite Runde eine neue.")


def end_poll(dialogue: Dialogue) -> None:
    """End the running poll; its result is shown from then on."""
    Poll.objects.running().filter(dialogue=dialogue).update(ended_at=timezone.now())


def drop_poll(dialogue: Dialogue, poll_id: int) -> None:
    """Throw away a poll that nobody has seen yet."""
    dialogue.polls.filter(pk=poll_id, started_at=None).delete()


@transaction.atomic
def take_into_report(dialogue: Dialogue, *, by: "User | None" = None) -> None:
    """Write the questions taken up and the results of polls under the summary, for staff to edit. Raises RoomRefused."""
    locked = Dialogue.objects.select_for_update().get(pk=dialogue.pk)
    report, _ = Report.objects.get_or_create(dialogue=dialogue)
    if report.published_at:
        raise RoomRefused("Der Nachbericht ist schon öffentlich. Ziehen Sie ihn zurück, bevor Sie etwas übernehmen.")
    if QUESTIONS_TITLE in report.summary or POLLS_TITLE in report.summary:
        raise RoomRefused(
            "Das steht schon im Nachbericht. Möchten Sie es neu übernehmen, löschen Sie den Abschnitt dort zuerst."
        )
    text = _questions(dialogue) + _polls(dialogue)
    if not text:
        raise RoomRefused("Es ist noch keine Frage aufgenommen und keine Umfrage beendet.")
    report.summary += text
    report.save(update_fields=["summary"])
    # Whoever has the form open with the text of before is told so when saving it.
    locked.save(update_fields=["updated_at"])
    versions.record(dialogue, by=by, comment="Fragen und Umfragen aus dem Raum übernommen")


def forget_questions(at: datetime | None = None) -> int:
    """Delete the questions of dialogues that ended 30 days ago; return how many."""
    at = at or timezone.now()
    return RoomQuestion.objects.filter(dialogue__ends_at__lt=at - KEEP_QUESTIONS).delete()[0]


def _questions(dialogue: Dialogue) -> SafeString:
    rows = [(row.text, _note(row)) for row in RoomQuestion.objects.shown().filter(dialogue=dialogue)]
    if not rows:
        return SafeString()
    items = format_html_join("", "<li>{}{}</li>", rows)
    return format_html("<p><strong>{}</strong></p><ul>{}</ul>", QUESTIONS_TITLE, items)


def _note(question: RoomQuestion) -> str:
    asked = f"{question.presses}-mal mitgefragt"
    notes = [asked] if question.presses else []
    notes += ["im Raum beantwortet"] if question.state == RoomQuestion.State.ANSWERED else []
    return f" ({', '.join(notes)})" if notes else ""


def _polls(dialogue: Dialogue) -> SafeString:
    polls = list(Poll.objects.ended().filter(dialogue=dialogue).order_by("ended_at", "pk").prefetch_related("choices"))
    if not polls:
        return SafeString()
    parts = format_html_join("", "{}", ((_result(poll),) for poll in polls))
    return format_html("<p><strong>{}</strong></p>{}", POLLS_TITLE, parts)


def _result(poll: Poll) -> SafeString:
    answers = "1 Antwort" if poll.answers == 1 else f"{poll.answers} Antworten"
    shares = ((choice.text, choice.presses, percent) for choice, percent in poll.results)
    items = format_html_join("", "<li>{}: {} ({} %)</li>", shares)
    return format_html("<p>{} ({})</p><ul>{}</ul>", poll.text, answers, items)
