"""From a suggestion to a draft: sent, confirmed by mail, answered by staff. All changes of state happen here.

An unconfirmed suggestion is worth nothing and is deleted two days after its mail went out. The address is kept until
the suggestion has been answered for a month, what was suggested for a year: until then its link tells what came of it.
"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from platform_mark.mail.opt_in import KEEP_ADDRESS, lapsed
from platform_mark.publishing.paragraphs import from_plain
from platform_mark.slugs import free_slug
from platform_mark.taxonomy.models import Municipality
from platform_mark.tokens import BadToken, read_token

from .mails import PURPOSE, tell
from .models import Practice, Suggestion

KEEP_ANSWERED = timedelta(days=365)
WORDS_OF_ADDRESS = 8


class SuggestionRefused(ValidationError):
    """What was asked for does not go in this state; the message is for people."""


@transaction.atomic
def suggest(*, company: str, place: str, what: str, benefit: str, email: str) -> Suggestion:
    """Store a suggestion and mail its personal link.

    The mail holds nothing the sender typed: nobody has confirmed that the address is theirs. Over the mail limits of
    an address the suggestion is stored all the same, and the page looks the same.
    """
    suggestion = Suggestion(company=company, place=place, what=what, benefit=benefit, email=email)
    suggestion.full_clean()
    suggestion.save()
    tell("vorschlag-bestaetigen", suggestion)
    return suggestion


def find_suggestion(token: str) -> Suggestion:
    """Return the suggestion a personal link names; raises BadToken for everything else, expired ones included."""
    subject = read_token(PURPOSE, token)
    suggestion = (
        Suggestion.objects.select_related("practice").filter(pk=subject.row_id, token_version=subject.version).first()
    )
    if suggestion is None or _lapsed().filter(pk=suggestion.pk).exists():
        raise BadToken
    return suggestion


@transaction.atomic
def confirm(suggestion: Suggestion) -> None:
    """Confirm the address; once is enough, and again is harmless."""
    suggestion = _locked(suggestion)
    if suggestion.state == Suggestion.State.PENDING:
        suggestion.state, suggestion.confirmed_at = Suggestion.State.RECEIVED, timezone.now()
        suggestion.save(update_fields=["state", "confirmed_at"])


@transaction.atomic
def accept(suggestion: Suggestion) -> Practice:
    """Turn a confirmed suggestion into a draft with what is known, and tell the sender; raises SuggestionRefused."""
    suggestion = _answerable(suggestion)
    place = suggestion.place.strip()
    municipality = Municipality.objects.filter(name__iexact=place).first()
    practice = Practice.objects.create(
        title=f"Vorschlag: {suggestion.company}"[:120],
        # Not of the company's name: it may turn out to want none.
        slug=free_slug(_beginning(suggestion.what), lambda slug: Practice.objects.filter(slug=slug).exists()),
        teaser="Noch zu schreiben.",
        company=suggestion.company,
        municipality=municipality,
        place="" if municipality else place,
        solution=from_plain(suggestion.what),
        result=from_plain(suggestion.benefit),
    )
    suggestion.practice = practice
    _answer(suggestion, Suggestion.State.ACCEPTED, "vorschlag-angenommen")
    return practice


@transaction.atomic
def decline(suggestion: Suggestion, *, reason: str) -> None:
    """Say no, with the reason the sender will read; raises SuggestionRefused without one."""
    suggestion = _answerable(suggestion)
    if not reason.strip():
        raise SuggestionRefused("Bitte begründen Sie die Absage. Der Grund steht in der E-Mail.", code="reason")
    suggestion.reason = reason.strip()
    _answer(suggestion, Suggestion.State.DECLINED, "vorschlag-abgelehnt")


def forget_old() -> tuple[int, int]:
    """Delete suggestions and addresses that are no longer needed; return how many of each."""
    now = timezone.now()
    unconfirmed, _ = _lapsed().delete()
    answered, _ = Suggestion.objects.filter(answered_at__lt=now - KEEP_ANSWERED).delete()
    with_address = Suggestion.objects.filter(answered_at__lt=now - KEEP_ADDRESS).exclude(email="")
    return unconfirmed + answered, with_address.update(email="")


def _lapsed() -> QuerySet[Suggestion]:
    pending = Suggestion.objects.filter(state=Suggestion.State.PENDING)
    return lapsed(pending, purpose=PURPOSE, kind="vorschlag-bestaetigen")


def _locked(suggestion: Suggestion) -> Suggestion:
    return Suggestion.objects.select_for_update().get(pk=suggestion.pk)


def _answerable(suggestion: Suggestion) -> Suggestion:
    suggestion = _locked(suggestion)
    if suggestion.state != Suggestion.State.RECEIVED:
        raise SuggestionRefused(f"Dieser Vorschlag ist „{suggestion.get_state_display()}“.", code="state")
    return suggestion


def _answer(suggestion: Suggestion, state: Suggestion.State, mail: str) -> None:
    suggestion.state, suggestion.answered_at = state, timezone.now()
    suggestion.save(update_fields=["state", "reason", "practice", "answered_at"])
    tell(mail, suggestion)


def _beginning(text: str) -> str:
    return " ".join(text.split()[:WORDS_OF_ADDRESS])
