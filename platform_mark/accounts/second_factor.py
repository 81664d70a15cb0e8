"""Whether somebody has a second factor, whether this session has shown it, and taking it away."""

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from .models import User


def is_set_up(user: User) -> bool:
    """Whether the account has an app; recovery codes alone are no second factor."""
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists()


def is_proven(request: HttpRequest) -> bool:
    """Whether this session has shown a factor that the account still has.

    A session that was opened by the password alone does not gain from what another session sets up, and none
    outlives the factor it has shown.
    """
    valid = set(Authenticator.objects.filter(user_id=request.user.pk).values_list("pk", flat=True))
    records = get_authentication_records(request, request.user)
    return any(record["method"] == "mfa" and record.get("id") in valid for record in records)


def reset(user: User) -> bool:
    """Take the second factor away, recovery codes included; return whether there was one."""
    deleted, _ = Authenticator.objects.filter(user_id=user.pk).delete()
    return bool(deleted)
