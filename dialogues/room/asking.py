"""Asking, pressing "me too" and answering a poll in the room: without account, name or cookie.

What is counted are presses, not heads, and the pages say so. Whoever looks at the page gets a random number with it; each
number counts once for each question, so that a double click, Back and a second post of the same page change nothing. It is
kept as a keyed hash for two days at most (platform_mark.limits) and leads to nobody. Who loads the page anew may press
again: telling people apart would take a cookie or an address, and a show of hands is not worth either.
"""

import re
import secrets
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from platform_mark.limits import is_within

from ..models import Dialogue
from .models import LONGEST, Poll, PollChoice, RoomQuestion

# Enough for a full hall; more nobody could read. What staff hide makes room again.
MOST_QUESTIONS = 300
# So many in ten minutes for one dialogue, from wherever they come: more is a robot.
QUESTIONS_IN_TEN_MINUTES = 120
_DAY = timedelta(days=1)
_NUMBER = re.compile(r"[\w-]{16,32}", re.ASCII)


class RoomRefused(ValidationError):
    """Nothing was taken; the message is for people."""


CLOSED = "Die Fragerunde ist gerade nicht geöffnet."


def is_open(dialogue: Dialogue, at: datetime | None = None) -> bool:
    """Whether the room takes questions: staff have switched it on, and it is the day of the dialogue."""
    at = at or timezone.now()
    if not dialogue.room_opened_at or dialogue.is_cancelled or not dialogue.is_published(at):
        return False
    if dialogue.starts_at is None or dialogue.ends_at is None:
        return False
    first, last = timezone.localdate(dialogue.starts_at), timezone.localdate(dialogue.ends_at)
    return first <= timezone.localdate(at) <= last


def page_number() -> str:
    """The random number of one look at the page."""
    return secrets.token_urlsafe(16)


def ask(dialogue: Dialogue, text: str) -> None:
    """Take a question for staff to read; what somebody asked already changes nothing. Raises RoomRefused."""
    _require_open(dialogue)
    text = " ".join(text.split())
    if not text:
        raise RoomRefused("Schreiben Sie bitte Ihre Frage.")
    if len(text) > LONGEST:
        raise RoomRefused(f"Höchstens {LONGEST} Zeichen, Ihre Frage hat {len(text)}.")
    there = dialogue.room_questions.exclude(state=RoomQuestion.State.HIDDEN).count()
    is_calm = is_within(
        "room-question-of", str(dialogue.pk), most=QUESTIONS_IN_TEN_MINUTES, period=timedelta(minutes=10)
    )
    if there >= MOST_QUESTIONS or not is_calm:
        raise RoomRefused("Es liegen schon sehr viele Fragen vor. Bitte stellen Sie Ihre im Raum.")
    RoomQuestion.objects.bulk_create([RoomQuestion(dialogue=dialogue, text=text)], ignore_conflicts=True)


@transaction.atomic
def press(dialogue: Dialogue, question_id: int, *, number: str) -> None:
    """Count one "me too" for a question that everybody sees, once for this look at the page. Raises RoomRefused."""
    _require_open(dialogue)
    open_ones = RoomQuestion.objects.filter(dialogue=dialogue, state=RoomQuestion.State.SHOWN, pk=question_id)
    if not open_ones.exists():
        raise RoomRefused("Diese Frage ist nicht mehr offen.")
    if _is_first("room-press", number, question_id):
        open_ones.update(presses=F("presses") + 1)


@transaction.atomic
def answer(dialogue: Dialogue, choice_id: int, *, number: str) -> None:
    """Count one answer to the running poll, once for this look at the page. Raises RoomRefused."""
    _require_open(dialogue)
    # Locked, so that what is ended counts nothing any more.
    poll = Poll.objects.select_for_update(of=["self"]).running().filter(dialogue=dialogue, choices=choice_id).first()
    if poll is None:
        raise RoomRefused("Diese Umfrage ist beendet.")
    if _is_first("room-answer", number, poll.pk):
        PollChoice.objects.filter(pk=choice_id).update(presses=F("presses") + 1)


def _is_first(what: str, number: str, row_id: int) -> bool:
    if not _NUMBER.fullmatch(number):
        raise RoomRefused("Das hat nicht geklappt. Bitte laden Sie die Seite neu und drücken Sie noch einmal.")
    return is_within(what, f"{number}:{row_id}", most=1, period=_DAY)


def _require_open(dialogue: Dialogue) -> None:
    if not is_open(dialogue):
        raise RoomRefused(CLOSED, code="closed")
