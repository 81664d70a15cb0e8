"""Take a format out of sight, and bring an old version of one back."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from platform_mark.publishing import versions

from . import snapshot
from .models import Format

if TYPE_CHECKING:
    from platform_mark.accounts.models import User


@transaction.atomic
def take_offline(format_: Format, *, archive: bool = False) -> Format:
    """Withdraw or archive a format; raises TransitionRefused."""
    format_ = _locked(format_)
    if archive:
        format_.archive()
    else:
        format_.withdraw()
    return format_


@transaction.atomic
def restore_version(format_: Format, version_id: int, *, by: "User | None") -> Format:
    """Bring an old version back as a new one."""
    format_ = _locked(format_)
    version = versions.Version.objects.of(format_).get(pk=version_id)
    # What it says today can be brought back, too.
    versions.record(format_, by=by)
    snapshot.restore(format_, version.data)
    versions.record(
        format_, by=by, comment=f"Fassung vom {timezone.localtime(version.created_at):%d.%m.%Y} zurückgeholt"
    )
    return format_


def _locked(format_: Format) -> Format:
    return Format.objects.select_for_update().get(pk=format_.pk)
