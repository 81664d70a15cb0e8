"""Everything the register holds about one person, for themselves."""

from typing import TYPE_CHECKING, Any

from platform_mark.accounts.models import IdleAccount
from platform_mark.mail.outbox import address_key

from .models import Claim, Cooperation, Invitation, Membership, Revision

if TYPE_CHECKING:
    from platform_mark.accounts.models import User


def collect(user: "User") -> dict[str, Any]:
    """The account, its organisations and what was written with it, as plain values under German names."""
    members = Membership.objects.filter(user=user).select_related("actor")
    claims = Claim.objects.filter(user=user).select_related("actor")
    invited = Invitation.objects.filter(email=address_key(user.email)).select_related("actor")
    sent = Invitation.objects.filter(invited_by=user).select_related("actor")
    written = Revision.objects.filter(author=user).select_related("activity")
    asked = Cooperation.objects.filter(written_by=user).select_related("receiver")
    return {
        "konto": {
            "e_mail": user.email,
            "name": user.name,
            "angelegt": _at(user.joined_at),
            "zuletzt_angemeldet": _at(user.last_login),
            "behalten": _at(user.kept_at),
            "ungenutzt": _idle(user),
        },
        "organisationen": [
            {
                "name": one.actor.name,
                "rolle": one.get_role_display(),
                "seit": _at(one.joined_at),
                "anfragen_auch_an_mich": one.gets_requests,
            }
            for one in members
        ],
        "anfragen": [
            {
                "organisation": one.actor.name,
                "begruendung": one.reason,
                "stand": one.get_state_display(),
                "antwort": one.answer,
                "gestellt": _at(one.created_at),
            }
            for one in claims
        ],
        "einladungen_erhalten": [{"organisation": one.actor.name, "am": _at(one.created_at)} for one in invited],
        "einladungen_verschickt": [
            {"organisation": one.actor.name, "an": one.email, "am": _at(one.created_at)} for one in sent
        ],
        "geschrieben": [
            {
                "aktivitaet": one.activity.title,
                "stand": one.get_state_display(),
                "geaendert": _at(one.updated_at),
                "begruendung": one.reason,
                "inhalt": one.data,
            }
            for one in written
        ],
        "kooperationsanfragen": [
            {"an": one.receiver.name, "nachricht": one.text, "am": _at(one.created_at)} for one in asked
        ],
    }


def _idle(user: "User") -> dict[str, Any] | None:
    """That the account was asked whether anybody needs it, where it was."""
    row = IdleAccount.objects.filter(user=user).first()
    return {"endet_am": _at(row.ends_on), "beendet": _at(row.ended_at)} if row else None


def _at(instant: Any) -> str | None:
    return instant.isoformat() if instant else None
