"""Two sign-ups of one company for one dialogue become one."""

from collections import Counter
from typing import TYPE_CHECKING

from django.db import transaction

from .locking import lock
from .mails import Kind, tell
from .models import Attendee, Registration, RegistrationEvent
from .registration import cancel
from .transitions import Refused

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

REASON = "Ihre Anmeldung ist mit einer anderen Ihres Betriebs zusammengelegt."
State = Registration.State


@transaction.atomic
def merge(double: Registration, *, into: Registration, by: "User | None") -> Registration:
    """Take the people of `double` over into another booking, with their seats or places in line; raises Refused.

    Who stands in both by name is the same person: the second seat goes to the line. Both must have the same state, unless
    `double` names nobody new, since a seat cannot be merged with a wish for one.
    """
    dialogue = lock(double.dialogue_id)
    rows = {row.pk: row for row in Registration.objects.select_for_update().filter(pk__in=[double.pk, into.pk])}
    if len(rows) < 2 or into.dialogue_id != double.dialogue_id:
        raise Refused("Wählen Sie eine andere Anmeldung desselben Dialogs.", code="other")
    double, into = rows[double.pk], rows[into.pk]
    for row in (double, into):
        row.dialogue = dialogue
        is_in = row.state in {State.CONFIRMED, State.WAITING} and not row.part_of_id
        if not is_in or row.parts.living().exists():
            raise Refused(
                f"„{row}“ kann nicht zusammengelegt werden: Beide Anmeldungen müssen als Ganzes bestätigt sein oder warten.",
                code="state",
            )
    known = Counter((attendee.name.casefold(), attendee.seat_kind_id) for attendee in into.attendees.all())
    fresh = []
    for attendee in double.attendees.order_by("pk"):
        key = attendee.name.casefold(), attendee.seat_kind_id
        if attendee.name and known[key] > 0:
            known[key] -= 1
        else:
            fresh.append(attendee.pk)
    if fresh and double.state != into.state:
        raise Refused(
            "Eine der beiden Anmeldungen wartet noch. Legen Sie sie zusammen, wenn beide gleich stehen.", code="state"
        )
    Attendee.objects.filter(pk__in=fresh).update(registration=into)
    RegistrationEvent.objects.create(
        registration=into,
        action="merged",
        from_state=into.state,
        to_state=into.state,
        people=into.attendees.count(),
        note=f"Zusammengelegt mit Anmeldung {double.pk}",
        by=by,
    )
    # Frees the seats of those who stood in both, and tells the other address.
    cancel(double, by=by, reason=REASON)
    if fresh:
        tell(Kind.PARTY_CHANGED, into)
    return into
