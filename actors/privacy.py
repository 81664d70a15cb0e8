"""What the register tells of one address beyond its account, and how that goes. The account itself is `accounts`' business."""

from typing import Any

from django.db.models import QuerySet

from platform_mark.accounts.models import User
from platform_mark.mail.outbox import address_key
from platform_mark.persons import described

from .models import Activity, Actor, Claim, Cooperation, Invitation, Membership, Proposal, Revision


def export_person(key: str) -> dict[str, Any]:
    """What stands under this address, and what was done with its account."""
    user = User.objects.filter(pk__in=[pk for pk, email in _emails(User) if address_key(email) == key]).first()
    found: dict[str, QuerySet] = {
        "Einladungen": _of(Invitation, key),
        "Änderungsvorschläge": _of(Proposal, key),
        "Als Postfach einer Aktivität": _of(Activity, key, "contact_email"),
        "Als Postfach eines Akteurs": _of(Actor, key, "contact_email") | _of(Actor, key, "second_email"),
    }
    if user:
        found |= {
            "Mitgliedschaften": Membership.objects.filter(user=user),
            "Ansprüche": Claim.objects.filter(user=user),
            "Überarbeitungen": Revision.objects.filter(author=user),
            "Kooperationsanfragen": Cooperation.objects.filter(written_by=user),
        }
    described_rows = {name: described(rows) for name, rows in found.items()}
    return {name: rows for name, rows in described_rows.items() if rows}


def erase_person(key: str) -> int:
    """Delete invitations to this address and take it out of entries; return how many rows. Run before the account goes."""
    invited = _of(Invitation, key).delete()[0]
    changed = _of(Proposal, key).update(email="")
    # A named person may stand there only with their consent, which ends with the address.
    changed += _of(Activity, key, "contact_email").update(contact_email="", contact_person="", person_agreed_on=None)
    changed += _of(Actor, key, "contact_email").update(contact_email="")
    changed += _of(Actor, key, "second_email").update(second_email="")
    return invited + changed


def addresses() -> set[str]:
    """All addresses that are known here, as keys."""
    fields = ((Invitation, "email"), (Proposal, "email"), (Activity, "contact_email"))
    more = ((Actor, "contact_email"), (Actor, "second_email"))
    return {address_key(email) for model, field in (*fields, *more) for _, email in _emails(model, field)}


def _of(model: Any, key: str, field: str = "email") -> QuerySet:
    return model.objects.filter(pk__in=[pk for pk, email in _emails(model, field) if address_key(email) == key])


def _emails(model: Any, field: str = "email") -> QuerySet:
    return model.objects.exclude(**{field: ""}).order_by().values_list("pk", field)
