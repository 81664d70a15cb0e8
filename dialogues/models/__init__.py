"""Branchendialoge: what is planned, who has a seat, who waits, and what came of it.

Django finds the models of an app here, those of the formats and of the room included.
"""

from ..formats.models import Format, FormatDocument, FormatStep, Idea, TryReport
from ..room.models import Poll, PollChoice, RoomQuestion
from .afterwards import Agreement, Feedback, Outcome, Report
from .files import DialogueDocument, DialoguePicture, FileVisibility
from .planning import AgendaItem, Dialogue, DialogueQuerySet, Host, Question, SeatKind, Series, reminder_days
from .registration import Answer, Attendee, Notice, Registration, RegistrationEvent

__all__ = [
    "AgendaItem",
    "Agreement",
    "Answer",
    "Attendee",
    "Dialogue",
    "DialogueDocument",
    "DialoguePicture",
    "DialogueQuerySet",
    "Feedback",
    "FileVisibility",
    "Format",
    "FormatDocument",
    "FormatStep",
    "Host",
    "Idea",
    "Notice",
    "Outcome",
    "Poll",
    "PollChoice",
    "Question",
    "Registration",
    "RegistrationEvent",
    "Report",
    "RoomQuestion",
    "SeatKind",
    "Series",
    "TryReport",
    "reminder_days",
]
