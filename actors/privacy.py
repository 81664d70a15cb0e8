"""What the register tells of one address beyond its account, and how that goes. The account itself is `accounts`' business."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet

from platform_mark.accounts.models import User
from platform_mark.accounts.privacy import StaffAccount
from platform_mark.mail.privacy import keys_of, rows_of
from platform_mark.persons import described
from platform_mark.publishing.models import Version

from . import joining, review, writing
from .models import Activity, Actor, Claim, Cooperation, Invitation, Membership, Proposal, Revision


def export_person(key: str) -> dict[str, Any]:
    """What stands under this address, and what was done with its account."""
    user = rows_of(User, key).first()
    found: dict[str, QuerySet] = {
        "Einladungen": rows_of(Invitation, key),
        "Änderungsvorschläge": rows_of(Proposal, key),
        "Als Postfach einer Aktivität": rows_of(Activity, key, "contact_email"),
        "Als Postfach eines Akteurs": rows_of(Actor, key, "contact_email") | rows_of(Actor, key, "second_email"),
    }
    if user:
        found |= {
            "Mitgliedschaften": Membership.objects.filter(user=user),
            "Ansprüche": Claim.objects.filter(user=user),
            "Überarbeitungen": Revision.objects.filter(author=user),
            "Kooperationsanfragen": Cooperation.objects.filter(written_by=user),
        }
    described_rows = {name: described(rows) for name, rows in found.items()}
    described_rows["In früheren oder eingereichten Fassungen"] = _mentions(key, written_by=user)
    return {name: rows for name, rows in described_rows.items() if rows}


def erase_person(key: str) -> int:
    """Delete invitations to this address and take it out of entries; return how many rows."""
    invited = rows_of(Invitation, key).delete()[0]
    changed = rows_of(Proposal, key).update(email="")
    # A named person may stand there only with their consent, which ends with the address.
    for activity in _entries(key):
        review.forget_person(activity)
    changed += rows_of(Activity, key, "contact_email").update(contact_email="")
    changed += rows_of(Actor, key, "contact_email").update(contact_email="")
    changed += rows_of(Actor, key, "second_email").update(second_email="")
    return invited + changed


def erase_account(key: str, pk: int) -> int:
    """Delete an account that its person had closed, if there is one of this number; raises StaffAccount."""
    users = list(rows_of(User, key).filter(pk=pk))
    for user in users:
        if user.is_staff:
            raise StaffAccount
        joining.erase_account(user)
    return len(users)


def withdraw_person(key: str, pk: int) -> int:
    """Take the named person out of one entry; return how many. Entries belong to no address."""
    activities = list(Activity.objects.filter(pk=pk))
    for activity in activities:
        review.withdraw_person(activity)
    return len(activities)


def leave(key: str, pk: int) -> int:
    """Take one organisation out of the register that had left it, if it is in there; return how many."""
    return joining.leave_again(pk, erase=False)


def leave_to_be_erased(key: str, pk: int) -> int:
    """The same for one that had asked to be deleted; its thirty days begin anew."""
    return joining.leave_again(pk, erase=True)


def addresses() -> set[str]:
    """All addresses that are known here, as keys."""
    return (
        keys_of(Invitation)
        | keys_of(Proposal)
        | keys_of(Activity, "contact_email")
        | keys_of(Actor, "contact_email")
        | keys_of(Actor, "second_email")
        # What an entry gave once: a restore has to know it to take it out again.
        | keys_of(Revision, "data__contact_email")
        | keys_of(Revision, "base__contact_email")
        | keys_of(Version, "data__contact_email")
    )


def _mentions(key: str, *, written_by: User | None) -> list[dict[str, Any]]:
    """Where others gave this address: in which entry and where. What else they wrote there is theirs."""
    revisions = rows_of(Revision, key, "data__contact_email") | rows_of(Revision, key, "base__contact_email")
    others = revisions.exclude(author=written_by) if written_by else revisions
    versions = _versions(key)
    titles = dict(Activity.objects.filter(pk__in=versions.values("object_id")).values_list("pk", "title"))
    what = {"E-Mail-Adresse als": writing.label("contact_email")}
    return [
        {"Eintrag": row.activity.title, "Wo": str(row), **what, "Geändert am": row.updated_at.isoformat()}
        for row in others.select_related("activity").order_by("pk")
    ] + [
        {"Eintrag": titles.get(row.object_id, ""), "Wo": "Fassung", **what, "Angelegt am": row.created_at.isoformat()}
        for row in versions.order_by("pk")
    ]


def _versions(key: str) -> QuerySet[Version]:
    content_type = ContentType.objects.get_for_model(Activity)
    return rows_of(Version, key, "data__contact_email").filter(content_type=content_type)


def _entries(key: str) -> QuerySet[Activity]:
    """Entries that give this address or once did, in a version or in what was handed in: whose name it was is not kept."""
    return Activity.objects.filter(
        Q(pk__in=rows_of(Activity, key, "contact_email").values("pk"))
        | Q(pk__in=_versions(key).values("object_id"))
        | Q(pk__in=rows_of(Revision, key, "data__contact_email").values("activity"))
        | Q(pk__in=rows_of(Revision, key, "base__contact_email").values("activity"))
    ).order_by("pk")
