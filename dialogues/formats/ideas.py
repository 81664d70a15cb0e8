"""From an idea to an answer, and perhaps to a format: sent, checked, tried, told. All changes of state happen here.

An idea may be anonymous. An address that nobody confirmed within two days is deleted, the idea stays; a confirmed one goes
a month after the last answer that ends the journey. It ends with the format that everybody can see, not with its draft.
"""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.html import format_html

from platform_mark.mail.opt_in import KEEP_ADDRESS, lapsed
from platform_mark.mail.outbox import Link, queue
from platform_mark.slugs import free_slug
from platform_mark.tokens import BadToken, read_token

from .models import IDEA_WAYS, Format, Idea

PURPOSE = "dialogues.idea"
PLEASE_CONFIRM = "idee-bestaetigen"
PATH = "/ideen/meine/{token}/"
ENDED = (Idea.State.FORMAT, Idea.State.DROPPED)
# How long a new format lasts until staff have said so themselves: an hour, which every reader knows to be a guess.
GUESSED_MINUTES = 60


class IdeaRefused(ValidationError):
    """What was asked for does not go in this state; the message is for people."""


@transaction.atomic
def send(*, target_group: str, problem: str, suggestion: str, email: str = "") -> Idea:
    """Store an idea; with an address, mail the personal link. The mail holds nothing that was typed."""
    idea = Idea(target_group=target_group, problem=problem, suggestion=suggestion, email=email)
    idea.full_clean()
    idea.save()
    if email:
        queue(PLEASE_CONFIRM, email, context={}, link=_link(idea), is_limited=True)
    return idea


def find_idea(token: str) -> Idea:
    """Return the idea a personal link names; raises BadToken for everything else."""
    subject = read_token(PURPOSE, token)
    idea = Idea.objects.select_related("format").filter(pk=subject.row_id, token_version=subject.version).first()
    if idea is None or not idea.email:
        raise BadToken
    return idea


@transaction.atomic
def confirm(idea: Idea) -> None:
    """Confirm the address; again is harmless."""
    idea = _locked(idea)
    if idea.email and idea.confirmed_at is None:
        idea.confirmed_at = timezone.now()
        idea.save(update_fields=["confirmed_at"])


@transaction.atomic
def answer(idea: Idea, *, state: str, reason: str = "") -> Idea:
    """Move an idea on and tell the sender; raises IdeaRefused from a state that does not lead there, or without a reason."""
    idea = _locked(idea)
    to = Idea.State(state)
    if to == Idea.State.FORMAT:
        raise IdeaRefused("Ein Format entsteht mit „Format daraus machen“.", code="format")
    _move(idea, to, reason=reason.strip())
    return idea


@transaction.atomic
def make_format(idea: Idea) -> Format:
    """Make the draft of a format from an idea, whose state stays until the draft is published; raises IdeaRefused."""
    idea = _locked(idea)
    _check_way(idea, Idea.State.FORMAT)
    if idea.format_id:
        raise IdeaRefused("Aus dieser Idee gibt es schon ein Format.", code="format")
    title = idea.title or f"Idee: {' '.join(idea.suggestion.split())[:100]}"
    made = Format.objects.create(
        title=title[:120],
        slug=free_slug(title, lambda slug: Format.objects.filter(slug=slug).exists()),
        teaser=" ".join(idea.suggestion.split())[:300],
        target_groups=[idea.target_group],
        goal=Format.Goal.TRY,
        duration_minutes=GUESSED_MINUTES,
        goal_text=format_html("<p>{}</p>", idea.problem),
    )
    idea.format = made
    idea.save(update_fields=["format"])
    return made


@transaction.atomic
def end_published() -> int:
    """Let each idea whose format everybody can see by now have become one, and tell the sender; return how many."""
    open_ones = [state for state, ways in IDEA_WAYS.items() if Idea.State.FORMAT in ways]
    found = Idea.objects.filter(state__in=open_ones, format__in=Format.objects.published())
    ready = list(found.select_for_update(of=["self"]).select_related("format"))
    for idea in ready:
        _move(idea, Idea.State.FORMAT)
    return len(ready)


def forget_old() -> tuple[int, int]:
    """Delete addresses that nobody confirmed, and those of ideas that ended a month ago; return how many of each."""
    now = timezone.now()
    with_address = Idea.objects.exclude(email="")
    unconfirmed = lapsed(with_address.filter(confirmed_at=None), purpose=PURPOSE, kind=PLEASE_CONFIRM).update(email="")
    ended = Q(state__in=ENDED, answered_at__lt=now - KEEP_ADDRESS)
    return unconfirmed, with_address.filter(ended).update(email="")


def _check_way(idea: Idea, to: Idea.State) -> None:
    if to not in IDEA_WAYS[Idea.State(idea.state)]:
        raise IdeaRefused(f"„{Idea.State(idea.state).label}“ kann nicht zu „{to.label}“ werden.", code="state")


def _move(idea: Idea, to: Idea.State, *, reason: str = "") -> None:
    _check_way(idea, to)
    if to == Idea.State.DROPPED and not reason:
        raise IdeaRefused("Bitte begründen Sie, warum die Idee nicht weiterverfolgt wird.", code="reason")
    idea.state, idea.reason, idea.answered_at = to, reason, timezone.now()
    idea.save(update_fields=["state", "reason", "answered_at"])
    # Who never confirmed the address gets no word more: it may be anybody's.
    if idea.email and idea.confirmed_at:
        queue(
            "idee-stand",
            idea.email,
            context={
                "state": str(to.label),
                "reason": reason,
                "feasibility": idea.feasibility,
                "made": idea.format if to == Idea.State.FORMAT else None,
                "base": settings.BASE_URL,
            },
            link=_link(idea),
        )


def _link(idea: Idea) -> Link:
    return Link(PATH, PURPOSE, idea.pk, idea.token_version)


def _locked(idea: Idea) -> Idea:
    return Idea.objects.select_for_update().get(pk=idea.pk)
