"""Which addresses of an account are confirmed, and what happens to accounts whose address never was."""

from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from platform_mark.mail.opt_in import UNCONFIRMED

from .models import User

if TYPE_CHECKING:
    from django.db.models import QuerySet


@transaction.atomic
def vouch_for(user: User) -> None:
    """Count the address of an account as confirmed: whoever gave it out knows whose it is. Any other one goes."""
    addresses = EmailAddress.objects.filter(user=user)
    if list(addresses.values_list("email", "verified", "primary")) == [(user.email, True, True)]:
        return
    addresses.exclude(email=user.email).delete()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


def unconfirm(user: User) -> None:
    """Forget what was confirmed: the administration has changed the address, and its owner confirms the new one."""
    EmailAddress.objects.filter(user=user).delete()


def unconfirmed_accounts() -> "QuerySet[User]":
    """Accounts that somebody made two days ago for an address that nobody has confirmed since; never those of staff."""
    confirmed = EmailAddress.objects.filter(verified=True).values("user")
    old = User.objects.filter(is_staff=False, last_login=None, joined_at__lt=timezone.now() - UNCONFIRMED)
    return old.exclude(pk__in=confirmed).filter(emailaddress__isnull=False)


def forget_unconfirmed() -> int:
    """Delete those; return how many."""
    found = User.objects.filter(pk__in=unconfirmed_accounts().values("pk"))
    count = found.count()
    found.delete()
    return count
