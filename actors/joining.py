"""Who speaks for an organisation: founding, claiming, inviting, roles, handing over, leaving.

Organisations, memberships, invitations and claims change here alone. Each function locks the organisation first, so that
two owners who leave at once cannot leave it without one.
"""

import logging
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.dispatch import Signal
from django.urls import reverse
from django.utils import timezone

from platform_mark import erasures
from platform_mark.mail.outbox import Link, address_key, queue
from platform_mark.publishing import versions
from platform_mark.publishing.models import Version
from platform_mark.search import index
from platform_mark.slugs import free_slug
from platform_mark.taxonomy.models import District, Municipality
from platform_mark.tokens import BadToken, read_token
from platform_mark.web_addresses import domain

from . import freshness, review
from .models import INVITATION_LASTS, Activity, Actor, Claim, Cooperation, Invitation, Membership, Revision
from .refusal import Refused

if TYPE_CHECKING:
    from django.forms import ModelForm

    from platform_mark.accounts.models import User

logger = logging.getLogger(__name__)

# Sent with the organisation as `actor` before it is deleted, in the same transaction, for whoever goes on naming it.
actor_erased = Signal()

PURPOSE = "actors.invitation"
PATH = "/konto/einladung/{token}/"
ERASED_AFTER = timedelta(days=30)
KEEP_INVITATIONS = timedelta(days=30)
# What an entry says about people; gone the moment an organisation leaves.
PERSONAL = ("contact_email", "contact_phone", "contact_person", "person_agreed_on")
# Mail providers of everybody: the same domain there says nothing.
SHARED_DOMAINS = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "t-online.de",
        "outlook.com",
        "outlook.de",
        "hotmail.com",
        "hotmail.de",
        "yahoo.de",
        "yahoo.com",
        "freenet.de",
        "icloud.com",
        "posteo.de",
        "mailbox.org",
    ]
)


# ---------------------------------------------------------------- founding


@transaction.atomic
def found(
    user: "User",
    *,
    name: str,
    kind: str,
    contact_email: str,
    second_email: str,
    reason: str,
    website: str = "",
    municipality: Municipality | None = None,
    place: str = "",
) -> Actor:
    """Put an organisation on the list of those that wait for staff; whoever founds it is its owner.

    Raises ValidationError by field. Two different addresses are needed, so that a mail still finds somebody when one
    mailbox has gone quiet.
    """
    actor = Actor(
        name=name,
        slug=free_slug(name, lambda slug: Actor.objects.filter(slug=slug).exists()),
        kind=kind,
        contact_email=contact_email,
        second_email=second_email,
        founding_reason=reason.strip(),
        website=website,
        municipality=municipality,
        place=place,
    )
    _require_two_addresses(contact_email, second_email)
    if not actor.founding_reason:
        raise Refused({"reason": "Bitte sagen Sie kurz, für wen Sie sprechen und was Sie eintragen möchten."})
    actor.full_clean()
    actor.save()
    Membership.objects.create(actor=actor, user=user, role=Membership.Role.OWNER)
    return actor


def similar_actors(name: str, website: str = "") -> list[Actor]:
    """Listed organisations with the same words or the same domain: perhaps the one to claim instead of founding it.

    Places of the region say nothing: half of the register carries one in its name.
    """
    words = [word for word in name.split() if len(word) > 3]
    places = _places()
    alike = Q()
    for word in [word for word in words if word.strip(",.;()").casefold() not in places] or words:
        alike |= Q(name__icontains=word)
    if site := domain(website):
        alike |= Q(website__icontains=site)
    return list(Actor.objects.running().filter(alike)[:5]) if alike else []


@transaction.atomic
def approve_actor(actor: Actor, *, by: "User | None") -> Actor:
    """Let a waiting organisation into the register and tell its people; raises Refused from any other state."""
    actor = _waiting(actor)
    actor.state, actor.approved_at, actor.approved_by = Actor.State.APPROVED, timezone.now(), by
    actor.save(update_fields=["state", "approved_at", "approved_by", "updated_at"])
    index.put(actor)
    _tell_members(actor, "akteur-freigeschaltet")
    return actor


@transaction.atomic
def decline_actor(actor: Actor, *, reason: str) -> Actor:
    """Say no to a waiting organisation, with the reason its people will read; raises Refused without one."""
    actor = _waiting(actor)
    actor.state, actor.decline_reason = Actor.State.DECLINED, _reason(reason)
    actor.save(update_fields=["state", "decline_reason", "updated_at"])
    _tell_members(actor, "akteur-abgelehnt", reason=actor.decline_reason)
    return actor


# ---------------------------------------------------------------- claiming what is listed already


@transaction.atomic
def claim(user: "User", actor: Actor, *, reason: str) -> Claim:
    """Ask to speak for a listed organisation; staff decide. Raises Refused."""
    actor = _locked(actor)
    if actor.state != Actor.State.APPROVED or actor.merged_into_id:
        raise Refused("Diese Organisation steht nicht im Register.", code="state")
    if Membership.objects.filter(actor=actor, user=user).exists():
        raise Refused("Sie gehören schon zu dieser Organisation.", code="member")
    wanted = Claim(actor=actor, user=user, reason=reason.strip())
    wanted.full_clean()
    wanted.save()
    return wanted


def has_matching_domain(wanted: Claim) -> bool:
    """Whether the address of who asks ends like the organisation's website or mailbox. A hint for staff, never a proof."""
    asking = wanted.user.email.rpartition("@")[2].lower()
    known = {domain(wanted.actor.website), wanted.actor.contact_email.rpartition("@")[2].lower()} - {""}
    return asking not in SHARED_DOMAINS and any(asking == one or asking.endswith(f".{one}") for one in known)


@transaction.atomic
def grant(wanted: Claim, *, by: "User | None") -> Membership:
    """Let the person speak for the organisation as an owner, and tell them; raises Refused when it is answered already."""
    wanted = _open_claim(wanted)
    member, _ = Membership.objects.get_or_create(
        actor=wanted.actor, user=wanted.user, defaults={"role": Membership.Role.OWNER}
    )
    _answer(wanted, Claim.State.GRANTED, "", by)
    return member


@transaction.atomic
def decline_claim(wanted: Claim, *, reason: str, by: "User | None") -> None:
    """Say no, with the reason the person will read; raises Refused without one."""
    wanted = _open_claim(wanted)
    _answer(wanted, Claim.State.DECLINED, _reason(reason), by)


# ---------------------------------------------------------------- inviting


@transaction.atomic
def invite(actor: Actor, *, email: str, role: str, by: "User") -> Invitation:
    """Invite somebody by mail; an open invitation to the same address is replaced. Raises Refused."""
    actor = _locked(actor)
    _require_owner(actor, by)
    email = address_key(email)
    members = Membership.objects.filter(actor=actor).values_list("user__email", flat=True)
    if email in map(address_key, members):
        raise Refused({"email": "Diese Person gehört schon dazu."}, code="member")
    now = timezone.now()
    Invitation.objects.filter(actor=actor, email=email, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now)
    invitation = Invitation(actor=actor, email=email, role=role, invited_by=by, expires_at=now + INVITATION_LASTS)
    invitation.full_clean()
    invitation.save()
    # Nobody has asked for this mail: it names the organisation that staff have seen, and nothing that was typed here.
    queue(
        "einladung",
        email,
        context={
            "actor": actor.name if actor.state == Actor.State.APPROVED else "",
            "expires_at": invitation.expires_at,
        },
        link=Link(PATH, PURPOSE, invitation.pk, invitation.token_version),
        is_limited=True,
    )
    return invitation


def find_invitation(token: str) -> Invitation:
    """Return the invitation a link names; raises BadToken when it is used, over, withdrawn, or its sender is no longer in."""
    subject = read_token(PURPOSE, token)
    found = (
        Invitation.objects.select_related("actor", "invited_by")
        .filter(pk=subject.row_id, token_version=subject.version, accepted_at=None, withdrawn_at=None)
        .filter(expires_at__gt=timezone.now(), invited_by__is_active=True)
        .filter(actor__state__in=[Actor.State.WAITING, Actor.State.APPROVED])
        .first()
    )
    if found is None:
        raise BadToken
    return found


@transaction.atomic
def accept_invitation(invitation: Invitation, *, user: "User") -> Membership:
    """Join; the link works once. Raises Refused for another address than the invited one: links get passed on."""
    _locked(invitation.actor)
    invitation = Invitation.objects.select_related("actor").select_for_update(of=("self",)).get(pk=invitation.pk)
    if invitation.accepted_at or invitation.withdrawn_at or invitation.expires_at <= timezone.now():
        raise Refused("Diese Einladung gilt nicht mehr. Bitten Sie um eine neue.", code="over")
    if address_key(user.email) != invitation.email:
        raise Refused(
            f"Die Einladung gilt für {invitation.email}. Melden Sie sich mit dieser Adresse an.", code="address"
        )
    member, _ = Membership.objects.get_or_create(actor=invitation.actor, user=user, defaults={"role": invitation.role})
    invitation.accepted_at, invitation.token_version = timezone.now(), invitation.token_version + 1
    invitation.save(update_fields=["accepted_at", "token_version"])
    return member


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, by: "User") -> None:
    """Let the link end before its time; harmless when it has ended already."""
    _require_owner(_locked(invitation.actor), by)
    Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).update(withdrawn_at=timezone.now())


# ---------------------------------------------------------------- roles


@transaction.atomic
def change_role(member: Membership, *, role: str, by: "User") -> None:
    """Make somebody an owner or an editor; raises Refused where nobody would be left to answer for the entries."""
    actor = _locked(member.actor)
    _require_owner(actor, by)
    member = _present(member, actor)
    if role not in Membership.Role.values:
        raise Refused({"role": "Diese Rolle gibt es nicht."}, code="role")
    if role != Membership.Role.OWNER:
        _require_another_owner(actor, member)
        _end_invitations(actor, member.user_id)
    member.role = role
    member.save(update_fields=["role"])


@transaction.atomic
def hand_over(actor: Actor, *, to: Membership, by: "User") -> None:
    """Give the responsibility to a colleague and stay as an editor; raises Refused for somebody else's colleague."""
    actor = _locked(actor)
    _require_owner(actor, by)
    to = _present(to, actor, user__is_active=True)
    Membership.objects.filter(pk=to.pk).update(role=Membership.Role.OWNER)
    given_up = Membership.objects.filter(actor=actor, user=by).exclude(pk=to.pk)
    if given_up.update(role=Membership.Role.EDITOR):
        _end_invitations(actor, by.pk)


@transaction.atomic
def remove_member(member: Membership, *, by: "User") -> None:
    """Take somebody out, or leave oneself; raises Refused for the last owner. Staff may remove the last owner, too."""
    actor = _locked(member.actor)
    is_own = member.user_id == by.pk
    if not is_own:
        _require_owner(actor, by)
    member = _present(member, actor)
    if is_own or not by.has_perm("actors.change_actor"):
        _require_another_owner(actor, member)
    _end_invitations(actor, member.user_id)
    Membership.objects.filter(pk=member.pk).delete()


@transaction.atomic
def describe(actor: Actor, *, form: "ModelForm") -> None:
    """Save what an organisation says of itself by a valid form; a mailed link ends where the addresses have changed.

    Who saves it has had the whole profile before the eyes, so it counts as confirmed today. Writes only what was typed:
    staff may approve in the same second. Raises Refused once it has left the register.
    """
    locked = _locked(actor)
    if locked.state == Actor.State.FORMER:
        raise Refused("Diese Organisation hat das Register verlassen.", code="state")
    before = set(locked.contact_addresses)
    columns = {field.name for field in Actor._meta.concrete_fields}
    actor.save(update_fields=[*columns.intersection(form.changed_data), "updated_at"])
    form._save_m2m()
    if locked.state == Actor.State.APPROVED:
        freshness.confirm_profile(actor)
    actor.refresh_from_db()
    if set(actor.contact_addresses) != before:
        freshness.end_links(actor)
    index.put(actor)


# ---------------------------------------------------------------- leaving


@transaction.atomic
def leave_register(actor: Actor, *, by: "User", erase: bool) -> None:
    """Take an organisation out of the register: with a note "ehemals", or deleted after 30 days.

    Its entries leave the lists at once. In both cases everything about its people is gone at once, too; only the mail
    that tells them so still goes to them. A restored backup does not bring them back.
    """
    actor = _locked(actor)
    _require_owner(actor, by)
    if actor.state not in (Actor.State.APPROVED, Actor.State.WAITING):
        raise Refused("Diese Organisation hat das Register schon verlassen.", code="state")
    # What was never public needs no note.
    erase = erase or actor.state == Actor.State.WAITING
    erased_from = timezone.localdate() + ERASED_AFTER if erase else None
    was_public = actor.state == Actor.State.APPROVED
    _tell_members(actor, "akteur-ausgetreten", erased_from=erased_from, was_public=was_public)
    _leave(actor, erased_from)
    erasures.note("", "actor-erased" if erase else "actor-left", actor.pk)


@transaction.atomic
def leave_again(pk: int, *, erase: bool) -> int:
    """The same, without asking or telling anybody, for an organisation that left already; return how many."""
    there = Actor.objects.select_for_update().filter(pk=pk, state__in=[Actor.State.APPROVED, Actor.State.WAITING])
    for actor in there:
        _leave(actor, timezone.localdate() + ERASED_AFTER if erase else None)
    return len(there)


def _leave(actor: Actor, erased_from: date | None) -> None:
    now = timezone.now()
    actor.state, actor.left_at, actor.erased_from = Actor.State.FORMER, now, erased_from
    actor.contact_email = actor.contact_phone = actor.second_email = actor.founding_reason = ""
    actor.save()
    _forget_people(actor)


def erase_left() -> int:
    """Delete organisations that chose deletion 30 days ago; return how many. Addresses that were public are known as gone.

    Each for itself: what holds one back is logged, and holds up no other.
    """
    due = Actor.objects.filter(state=Actor.State.FORMER, erased_from__lte=timezone.localdate())
    erased = 0
    for pk in list(due.values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                # A double may have gone already, with the one it was merged into.
                if actor := due.select_for_update(of=("self",)).filter(pk=pk).first():
                    _erase(actor)
                    erased += 1
        except IntegrityError as error:
            # Not its words: they quote rows.
            logger.error("organisation %d not erased: %s", pk, type(error).__name__)
    return erased


def forget_old_invitations() -> int:
    """Delete addresses of people who were invited, a month after the link ended; return how many."""
    end = timezone.now() - KEEP_INVITATIONS
    over = Q(expires_at__lt=end) | Q(accepted_at__lt=end) | Q(withdrawn_at__lt=end)
    return Invitation.objects.filter(over).delete()[0]


@transaction.atomic
def close_account(user: "User") -> None:
    """Delete an account with everything that belongs to the person; entries stay with the organisation.

    Raises Refused for the last owner of an organisation, which must be handed over or leave first, and for staff. A
    restored backup does not bring the account back.
    """
    if user.is_staff:
        raise Refused("Konten der Redaktion schaltet die Verwaltung ab.", code="staff")
    mine = Actor.objects.filter(memberships__user=user).exclude(state=Actor.State.DECLINED)
    for actor in mine.order_by("pk").select_for_update(of=("self",)):
        _require_another_owner(actor, Membership.objects.get(actor=actor, user=user))
    key, pk = address_key(user.email), user.pk
    erase_account(user)
    erasures.note(key, "account", pk)


@transaction.atomic
def erase_account(user: "User") -> None:
    """The same without asking who is left to answer for the entries; for an account that was closed already."""
    declined = Actor.objects.filter(memberships__user=user, state=Actor.State.DECLINED)
    declined.exclude(memberships__in=Membership.objects.exclude(user=user)).delete()
    Invitation.objects.filter(invited_by=user).delete()
    user.delete()


# ---------------------------------------------------------------- the rules they share


def _locked(actor: Actor) -> Actor:
    return Actor.objects.select_for_update().get(pk=actor.pk)


def _present(member: Membership, actor: Actor, **also: Any) -> Membership:
    # Read again under the lock: a colleague may have taken the person out in this very moment.
    found = Membership.objects.filter(pk=member.pk, actor=actor, **also).first()
    if found is None:
        raise Refused("Diese Person gehört nicht zu Ihrer Organisation.", code="member")
    return found


def _waiting(actor: Actor) -> Actor:
    actor = _locked(actor)
    if actor.state != Actor.State.WAITING:
        raise Refused(f"„{actor.name}“ ist schon „{actor.get_state_display()}“.", code="state")
    return actor


def _open_claim(wanted: Claim) -> Claim:
    _locked(wanted.actor)
    wanted = Claim.objects.select_related("actor", "user").get(pk=wanted.pk)
    if wanted.state != Claim.State.OPEN:
        raise Refused(f"Diese Anfrage ist schon „{wanted.get_state_display()}“.", code="state")
    return wanted


def _answer(wanted: Claim, state: Claim.State, answer: str, by: "User | None") -> None:
    wanted.state, wanted.answer, wanted.decided_by, wanted.decided_at = state, answer, by, timezone.now()
    wanted.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    kind = "anspruch-bestaetigt" if state == Claim.State.GRANTED else "anspruch-abgelehnt"
    queue(kind, wanted.user.email, context={"actor": wanted.actor.name, "reason": answer, "konto": _konto()})


def _end_invitations(actor: Actor, user_pk: int) -> None:
    """Let no link work on that somebody sent who may no longer invite."""
    sent = Invitation.objects.filter(actor=actor, invited_by_id=user_pk, accepted_at=None, withdrawn_at=None)
    sent.update(withdrawn_at=timezone.now())


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Refused({"reason": "Bitte begründen Sie die Absage. Der Grund steht in der E-Mail."}, code="reason")
    return reason.strip()


def _require_two_addresses(first: str, second: str) -> None:
    if first and second and address_key(first) == address_key(second):
        raise Refused(
            {"second_email": "Bitte nennen Sie eine andere Adresse als das Funktionspostfach."}, code="addresses"
        )
    missing = [name for name, value in (("contact_email", first), ("second_email", second)) if not value]
    if missing:
        raise Refused(dict.fromkeys(missing, "Bitte nennen Sie beide Adressen."), code="addresses")


def _require_owner(actor: Actor, by: "User") -> None:
    if (
        not by.has_perm("actors.change_actor")
        and not Membership.objects.filter(actor=actor, user=by, role=Membership.Role.OWNER).exists()
    ):
        raise Refused("Das können nur Verantwortliche der Organisation.", code="owner")


def _require_another_owner(actor: Actor, member: Membership) -> None:
    if member.role != Membership.Role.OWNER or actor.state not in (Actor.State.WAITING, Actor.State.APPROVED):
        return
    others = Membership.objects.filter(actor=actor, role=Membership.Role.OWNER, user__is_active=True)
    if not others.exclude(pk=member.pk).exists():
        raise Refused(
            f"Für „{actor.name}“ ist sonst niemand verantwortlich. Übergeben Sie zuerst an eine Kollegin oder einen "
            "Kollegen, oder nehmen Sie die Organisation aus dem Register.",
            code="last_owner",
        )


def _tell_members(actor: Actor, kind: str, **context: Any) -> None:
    members = Membership.objects.filter(actor=actor, user__is_active=True).select_related("user")
    for member in members:
        queue(
            kind,
            member.user.email,
            context={"actor": actor.name, "name": member.user.name, "konto": _konto(), **context},
        )


def _forget_people(actor: Actor) -> None:
    actor.memberships.all().delete()
    actor.invitations.all().delete()
    actor.claims.all().delete()
    Cooperation.objects.filter(Q(sender=actor) | Q(receiver=actor)).delete()
    Revision.objects.filter(activity__actor=actor, state__in=["draft", "submitted", "sent_back"]).delete()
    Revision.objects.filter(activity__actor=actor).update(author=None)
    for activity in actor.activities.order_by("pk"):
        review.forget_person(activity, fields=PERSONAL)
    index.put(actor)


def _erase(actor: Actor) -> None:
    for double in actor.merged_actors.all():
        _erase(double)
    actor_erased.send(Actor, actor=actor)
    # The address of a double leads to the one that stays, or is gone with it.
    if actor.approved_at is not None and actor.merged_into_id is None:
        versions.bury(actor)
    for activity in actor.activities.all():
        if activity.published_at is not None:
            if activity.visibility == Activity.Visibility.PUBLIC:
                versions.bury(activity)
            else:
                # That there ever was one is nobody's business but the actors'.
                versions.forget_addresses(activity, lambda slug: True)
        Version.objects.of(activity).delete()
    actor.delete()


def _konto() -> str:
    return f"{settings.BASE_URL}{reverse('account:home')}"


def _places() -> set[str]:
    """The words of all places of the region, as in "Hagen", "Hagener" and "Ennepe-Ruhr-Kreis"."""
    names = [*Municipality.objects.values_list("name", flat=True), *District.objects.values_list("name", flat=True)]
    words = {word.strip("()").casefold() for name in names for word in name.split()}
    return words | {f"{word}er" for word in words}
