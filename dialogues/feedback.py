"""Four questions afterwards: once for each booking, anonymous, and shown only where enough have answered.

What is stored of the booking is the day and nothing that leads to the answers; what is stored of the answers leads to the
dialogue and to nobody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from . import links
from .models import Dialogue, Feedback, Registration

OPEN_FOR = timedelta(days=60)
# Fewer could be told apart by whoever was there.
FEWEST_SHOWN = 5
# The marks that count as a yes.
GOOD = 4
QUESTIONS = ("was_useful", "was_fitting", "will_act")


class Stage(Enum):
    """Where a booking stands with its answers."""

    NOT_YET = "not_yet"
    OPEN = "open"
    GIVEN = "given"
    CLOSED = "closed"
    NOT_ASKED = "not_asked"


class FeedbackRefused(ValidationError):
    """No answer is taken (any more); the message is for people."""


def find_registration(token: str) -> Registration:
    """The booking of a link; raises BadToken as for its own page. Answers are taken for longer than names are kept."""
    return links.find_registration(token, even_nameless=True)


def stage(registration: Registration, at: datetime | None = None) -> Stage:
    """Whether this booking is asked, at the instant `at` (now, if not given)."""
    at, dialogue = at or timezone.now(), registration.dialogue
    if registration.state != Registration.State.CONFIRMED or dialogue.is_cancelled or dialogue.ends_at is None:
        return Stage.NOT_ASKED
    if registration.feedback_given_at:
        return Stage.GIVEN
    if not dialogue.is_over(at):
        return Stage.NOT_YET
    return Stage.OPEN if at < dialogue.ends_at + OPEN_FOR else Stage.CLOSED


@transaction.atomic
def give(
    registration: Registration, *, was_useful: int, was_fitting: int, will_act: int, comment: str = ""
) -> Feedback:
    """Keep four answers, once; raises FeedbackRefused where this booking is not asked (any more)."""
    locked = Registration.objects.select_for_update(of=["self"]).select_related("dialogue").get(pk=registration.pk)
    if (where := stage(locked)) is not Stage.OPEN:
        raise FeedbackRefused(_REFUSALS[where], code=where.value)
    feedback = Feedback(
        dialogue=locked.dialogue,
        was_useful=was_useful,
        was_fitting=was_fitting,
        will_act=will_act,
        comment=comment,
    )
    feedback.full_clean()
    feedback.save()
    # The day only: the minute would tell which answers are whose.
    locked.feedback_given_at = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    locked.save(update_fields=["feedback_given_at"])
    return feedback


_REFUSALS = {
    Stage.GIVEN: "Wir haben Ihre Rückmeldung schon. Danke.",
    Stage.CLOSED: "Rückmeldungen nehmen wir 60 Tage lang an. Diese Zeit ist vorbei.",
    Stage.NOT_YET: "Der Dialog ist noch nicht vorbei. Bitte kommen Sie danach wieder.",
    Stage.NOT_ASKED: "Zu dieser Anmeldung fragen wir nicht nach.",
}


@dataclass(frozen=True)
class Answered:
    """One question, and how many of all who answered said „sehr“ or „eher ja“."""

    question: str
    good: int
    number: int

    @property
    def percent(self) -> int:
        return round(self.good / self.number * 100)


@dataclass(frozen=True)
class Result:
    number: int
    answers: list[Answered]


def result(dialogue: Dialogue) -> Result | None:
    """What those who were there said, in numbers; None while fewer than five have answered. One query."""
    counts = Feedback.objects.filter(dialogue=dialogue).aggregate(
        number=Count("pk"), **{name: Count("pk", filter=Q(**{f"{name}__gte": GOOD})) for name in QUESTIONS}
    )
    if counts["number"] < FEWEST_SHOWN:
        return None
    labels = {name: str(Feedback._meta.get_field(name).verbose_name) for name in QUESTIONS}
    return Result(counts["number"], [Answered(labels[name], counts[name], counts["number"]) for name in QUESTIONS])
