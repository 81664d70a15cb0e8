"""What of a sign-up is deleted when. Numbers stay: who came is forgotten, how many came is not.

Counted from the end of the dialogue: wishes and consents to be listed after days, answers after the days of their
question, names and addresses after the days of the dialogue, questions from the room after 30 days. Who agreed to later
news is known by address for a year.
docs/datenschutz.md is the table of these periods.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.utils import timezone

from platform_mark.mail import opt_in
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.privacy import erase_mails

from .mails import PURPOSE, Kind
from .models import Answer, Attendee, Registration
from .room.moderating import forget_questions

KEEP_NEEDS = timedelta(days=2)
KEEP_LISTED = timedelta(days=7)
KEEP_FOR_NEWS = timedelta(days=365)


def _days(field: str) -> ExpressionWrapper:
    return ExpressionWrapper(F(field) * Value(timedelta(days=1), DurationField()), output_field=DurationField())


def lapsed(at: datetime | None = None) -> QuerySet[Registration]:
    """Sign-ups that nobody confirmed in time, by the rule of all links that confirm an address."""
    return opt_in.lapsed(Registration.objects.unconfirmed(), purpose=PURPOSE, kind=Kind.PLEASE_CONFIRM.value, at=at)


def is_lapsed(registration: Registration, at: datetime | None = None) -> bool:
    """The same rule as `lapsed`, for one sign-up; asks the database only where it could be so."""
    at = at or timezone.now()
    if registration.state != Registration.State.PENDING or registration.confirmed_at:
        return False
    if registration.created_at > at - opt_in.UNCONFIRMED:
        return False
    return lapsed(at).filter(pk=registration.pk).exists()


def forget_old(at: datetime | None = None) -> dict[str, int]:
    """Delete what is no longer needed and return how many rows of each kind; safe to run twice, or twice at once."""
    at = at or timezone.now()
    by_end = "dialogue__ends_at__lt"
    needs = Registration.objects.filter(**{by_end: at - KEEP_NEEDS}).filter(
        ~Q(needs="") | Q(needs_agreed_at__isnull=False)
    )
    listed = Registration.objects.filter(**{by_end: at - KEEP_LISTED}, list_agreed_at__isnull=False)
    answers = Answer.objects.annotate(
        due=F("registration__dialogue__ends_at") + _days("question__delete_after_days")
    ).filter(due__lt=at)
    return {
        "needs": needs.update(needs="", needs_agreed_at=None),
        "listed": listed.update(list_agreed_at=None),
        "answers": answers.delete()[0],
        "people": _forget_people(at),
        "room_questions": forget_questions(at),
    }


def _forget_people(at: datetime) -> int:
    due = (
        Registration.objects.filter(anonymised_at=None)
        .annotate(due=F("dialogue__ends_at") + _days("dialogue__retention_days"))
        .filter(due__lt=at)
    )
    with_news = Q(news_agreed_at__isnull=False, dialogue__ends_at__gte=at - KEEP_FOR_NEWS)
    forgotten = 0
    for registration in due.exclude(with_news):
        forget_person(registration)
        forgotten += 1
    # Of these the address stays, and the proof of the consent, until the year is over or the person ends it.
    kept = due.filter(with_news)
    Attendee.objects.filter(registration__in=kept.values("pk")).exclude(name="").update(name="")
    kept.exclude(company="", contact_name="").update(company="", contact_name="")
    return forgotten


@transaction.atomic
def forget_person(registration: Registration) -> None:
    """Delete everything personal of one booking: names, address, wishes, answers, and its mails with their texts.

    All or nothing: the nightly run comes back only to bookings that are not forgotten yet.
    Size, branch, kinds of seats, presence and the history of states stay; they name nobody.
    """
    now = timezone.now()
    rows = Registration.objects.filter(Q(pk=registration.pk) | Q(part_of=registration.pk))
    Attendee.objects.filter(registration__in=rows).exclude(name="").update(name="")
    Answer.objects.filter(registration__in=rows).delete()
    emptied = {
        **dict.fromkeys(("company", "contact_name", "email", "email_key", "needs"), ""),
        **dict.fromkeys(("needs_agreed_at", "news_agreed_at", "list_agreed_at"), None),
    }
    rows.update(anonymised_at=now, **emptied)
    # The constraint wants a reason; what staff wrote to the person goes.
    rows.exclude(reject_reason="").update(reject_reason="gelöscht")
    registration.anonymised_at = now
    for name, value in emptied.items():
        setattr(registration, name, value)
    mails = OutgoingMail.objects.filter(token_purpose=PURPOSE, token_row=registration.pk)
    erase_mails(mails)
