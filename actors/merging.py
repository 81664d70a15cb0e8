"""Two entries for one thing become one: everything that pointed at the double points at the other, and so do its addresses."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from platform_mark.publishing import versions
from platform_mark.publishing.models import FormerAddress, State, Version
from platform_mark.search import index
from platform_mark.taxonomy.merging import foreign_keys_to, repoint

from .models import Activity, Actor, Claim, Cooperation, Invitation, Membership, Revision
from .refusal import Refused

Merged = TypeVar("Merged", Actor, Activity)


@transaction.atomic
def merge_actors(double: Actor, *, into: Actor) -> Actor:
    """Give entries, people and history of `double` to `into`, and let its address lead there; raises Refused."""
    double, into = _both(double, into)
    for actor in (double, into):
        # Nobody has seen yet whether its people may speak for it.
        if actor.state == Actor.State.WAITING:
            raise Refused(
                f"„{actor}“ wartet noch. Schalten Sie sie zuerst frei, oder lehnen Sie sie ab.", code="waiting"
            )
    if into.state != Actor.State.APPROVED:
        raise Refused(
            f"„{into}“ nimmt nicht am Register teil. Wählen Sie eine Organisation, die dabei ist.", code="state"
        )
    _settle_conflicts(double, into)
    _take_over(double, into)
    if not into.contact_email:
        into.contact_email = double.contact_email
    if not into.second_email:
        into.second_email = double.second_email
    # Whoever got the mails of either may have changed.
    into.confirm_version = max(into.confirm_version, double.confirm_version) + 1
    into.save()
    double.contact_email = double.second_email = double.contact_phone = ""
    double.confirm_version = F("confirm_version") + 1
    double.merged_into = into
    double.save()
    double.refresh_from_db()
    index.put(double, into, *into.activities.for_search())
    return into


@transaction.atomic
def merge_activities(double: Activity, *, into: Activity) -> Activity:
    """Keep `into` with the history of both, and let the address of `double` lead there; raises Refused."""
    double, into = _both(double, into)
    if Revision.objects.open().filter(activity=double).exists():
        raise Refused(
            f"Für „{double}“ gibt es noch eine offene Überarbeitung. Entscheiden Sie zuerst darüber.", code="open"
        )
    if double.visibility != into.visibility:
        # Its history and its address would be told to those who may not read it, or be lost to those who may.
        raise Refused(
            f"„{double}“ ist {double.get_visibility_display()} sichtbar, „{into}“ {into.get_visibility_display()}. "
            "Stellen Sie zuerst bei beiden dasselbe ein, wenn die Akteure damit einverstanden sind.",
            code="visibility",
        )
    if into.changed_at is None:
        raise Refused(f"„{into}“ war noch nie veröffentlicht. Führen Sie umgekehrt zusammen.", code="draft")
    if double.state != State.DRAFT:
        double.withdraw()
    _take_over(double, into)
    double.merged_into, double.external_id = into, ""
    double.save(update_fields=["merged_into", "external_id", "updated_at"])
    index.put(double, into)
    return into


def _both(double: Merged, into: Merged) -> tuple[Merged, Merged]:
    """Both rows, locked in the order of their keys, so that two people who merge at once wait instead of blocking."""
    model = type(into)
    if double.pk == into.pk:
        raise Refused("Ein Eintrag kann nicht mit sich selbst zusammengeführt werden.", code="self")
    rows = model._default_manager.select_for_update(of=("self",)).filter(pk__in=[double.pk, into.pk]).order_by("pk")
    found = {row.pk: row for row in rows}
    old, new = found[double.pk], found[into.pk]
    for row in (old, new):
        if row.merged_into_id:
            raise Refused(f"„{row}“ wurde schon zusammengeführt.", code="merged")
    return old, new


def _take_over(old: models.Model, new: models.Model) -> None:
    """Point columns of every app, versions and former addresses at `new`; its own lists of terms stay as they are."""
    own = {getattr(type(old), field.name).through for field in type(old)._meta.many_to_many}
    for foreign_key in foreign_keys_to(type(old)):
        if foreign_key.model not in own:
            repoint(foreign_key, old, new)
    content_type = ContentType.objects.get_for_model(old)
    Version.objects.filter(content_type=content_type, object_id=old.pk).update(object_id=new.pk)
    FormerAddress.objects.filter(content_type=content_type, object_id=old.pk).update(object_id=new.pk)
    versions.remember_address(new, old.slug)


def _settle_conflicts(double: Actor, into: Actor) -> None:
    """Solve what a rule of the tables would refuse when both become one."""
    Cooperation.objects.filter(Q(sender=double, receiver=into) | Q(sender=into, receiver=double)).delete()
    owners = double.memberships.filter(role=Membership.Role.OWNER).values("user")
    into.memberships.filter(user__in=owners).update(role=Membership.Role.OWNER)
    open_claims = Claim.objects.filter(state=Claim.State.OPEN)
    _drop(open_claims.filter(actor=double), "user", open_claims.filter(actor=into), lambda rows: rows.delete())
    waiting = Invitation.objects.filter(accepted_at=None, withdrawn_at=None)
    _drop(
        waiting.filter(actor=double),
        "email",
        waiting.filter(actor=into),
        lambda rows: rows.update(withdrawn_at=timezone.now()),
    )
    # Asked of a profile that is no more.
    double.freshness_notices.all().delete()
    keyed = Activity.objects.exclude(external_id="")
    _drop(keyed.filter(actor=double), "external_id", keyed.filter(actor=into), lambda rows: rows.update(external_id=""))


def _drop(
    rows: "models.QuerySet[Any]",
    column: str,
    others: "models.QuerySet[Any]",
    settle: "Callable[[models.QuerySet[Any]], Any]",
) -> None:
    settle(rows.filter(**{f"{column}__in": list(others.values_list(column, flat=True))}))
