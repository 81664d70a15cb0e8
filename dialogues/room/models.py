"""What is asked in the room while a dialogue runs. Nothing here leads to whoever asked, pressed or answered."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from ..models.planning import Dialogue, DialoguePart

LONGEST = 300
FEWEST_CHOICES, MOST_CHOICES = 2, 6


class RoomQuestionQuerySet(models.QuerySet):
    def shown(self) -> Self:
        """Those that staff took up, for everybody in the room: open ones first, the most pressed of them on top."""
        is_answered = models.Case(models.When(state="answered", then=1), default=0)
        return self.filter(state__in=["shown", "answered"]).order_by(is_answered, "-presses", "pk")


class RoomQuestion(models.Model):
    """A question from the room. Staff read it first: only what they take up is shown."""

    class State(models.TextChoices):
        FRESH = "fresh", "neu"
        SHOWN = "shown", "aufgenommen"
        ANSWERED = "answered", "beantwortet"
        HIDDEN = "hidden", "ausgeblendet"

    dialogue = models.ForeignKey(Dialogue, on_delete=models.CASCADE, related_name="room_questions")
    text = models.CharField("Frage", max_length=LONGEST)
    state = models.CharField("Stand", max_length=10, choices=State, default=State.FRESH)
    presses = models.PositiveIntegerField("Wie oft „Das frage ich auch“", default=0)

    objects = RoomQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = "Frage aus dem Raum"
        verbose_name_plural = "Fragen aus dem Raum"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["fresh", "shown", "answered", "hidden"]), name="room_question_state_is_known"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="room_question_asks_something"),
            # Who presses twice, or asks what somebody asked already, makes no second row.
            models.UniqueConstraint("dialogue", Lower("text"), name="each_room_question_stands_once"),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class PollQuerySet(models.QuerySet):
    def running(self) -> Self:
        """Those that take answers now; a dialogue has one at most."""
        return self.filter(started_at__isnull=False, ended_at=None)

    def ended(self) -> Self:
        """Those whose result everybody may see, the latest first."""
        return self.filter(ended_at__isnull=False).order_by("-ended_at", "-pk")


class Poll(models.Model):
    """A question of staff with answers to choose from: written before, started and ended in the room."""

    dialogue = models.ForeignKey(Dialogue, on_delete=models.CASCADE, related_name="polls")
    text = models.CharField("Frage", max_length=200)
    started_at = models.DateTimeField("Gestartet am", null=True, blank=True)
    ended_at = models.DateTimeField("Beendet am", null=True, blank=True)

    objects = PollQuerySet.as_manager()

    class Meta:
        verbose_name = "Umfrage im Raum"
        verbose_name_plural = "Umfragen im Raum"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="poll_asks_something"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(started_at__isnull=False), name="poll_ends_after_it_started"
            ),
            models.UniqueConstraint(
                fields=["dialogue"],
                condition=Q(started_at__isnull=False, ended_at=None),
                name="one_poll_runs_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def is_running(self) -> bool:
        return self.started_at is not None and self.ended_at is None

    @property
    def answers(self) -> int:
        """All answers given, over the choices in hand."""
        return sum(choice.presses for choice in self.choices.all())

    @property
    def results(self) -> list[tuple["PollChoice", int]]:
        """Each choice with its share of the answers in percent."""
        number = self.answers
        return [(choice, round(100 * choice.presses / number) if number else 0) for choice in self.choices.all()]


class PollChoice(DialoguePart):
    """One answer to choose, with how often it was chosen."""

    poll = models.ForeignKey(Poll, on_delete=models.CASCADE, related_name="choices")
    text = models.CharField("Antwort", max_length=80)
    presses = models.PositiveIntegerField("Wie oft gewählt", default=0)

    class Meta(DialoguePart.Meta):
        verbose_name = "Antwort einer Umfrage"
        verbose_name_plural = "Antworten einer Umfrage"
        constraints = [
            models.UniqueConstraint(fields=["poll", "order"], name="each_poll_choice_has_its_place"),
            models.CheckConstraint(
                condition=Q(order__gte=1, order__lte=MOST_CHOICES), name="poll_has_a_handful_of_choices"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="poll_choice_says_something"),
        ]

    def __str__(self) -> str:
        return self.text
