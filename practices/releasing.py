"""Change what is public without the public noticing before it is released: working copies, releases, publication.

The public example stays as the company released it. Staff write in a working copy; when that is released and published,
its content takes the place of the old one under the same address.
"""

from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from platform_mark.publishing import versions
from platform_mark.publishing.models import State

from . import snapshot
from .models import Practice, Release

if TYPE_CHECKING:
    from platform_mark.accounts.models import User


# Working copies have addresses of their own, which are never public.
REVISION_SLUG = "ueberarbeitung-"


class RevisionRefused(ValidationError):
    """There is nothing to revise, or somebody is at it already; the message is for people."""


@transaction.atomic
def record_release(
    practice: Practice, *, released_by: str, released_on: date, channel: str, by: "User | None"
) -> Release:
    """Note that the company has released the present version; raises ValidationError for a day that lies ahead."""
    _locked(practice)
    release = Release(
        practice=practice,
        fingerprint=snapshot.fingerprint(practice),
        released_by=released_by,
        released_on=released_on,
        channel=channel,
        recorded_by=by,
    )
    if released_on > timezone.localdate():
        raise ValidationError({"released_on": "Dieser Tag liegt in der Zukunft."})
    release.full_clean(exclude=["recorded_by"])
    release.save()
    return release


@transaction.atomic
def revise(practice: Practice) -> Practice:
    """Return the working copy of a public example, made now or by a colleague before; raises RevisionRefused."""
    practice = _locked(practice)
    if practice.state != State.PUBLISHED:
        raise RevisionRefused(
            "Überarbeitet wird nur, was veröffentlicht ist. Alles andere ändern Sie direkt.", code="state"
        )
    copy = Practice.objects.filter(revision_of=practice).first()
    if copy is None:
        copy = Practice(revision_of=practice, slug=f"{REVISION_SLUG}{practice.pk}")
        snapshot.restore(copy, snapshot.snapshot(practice))
    return copy


@transaction.atomic
def publish(practice: Practice, *, by: "User | None") -> Practice:
    """Publish an example, or put a working copy in the place of what it revises; return what is public now.

    Raises TransitionRefused without the release that an own example needs, or against the four-eyes switch.
    """
    practice = _locked(practice)
    original = practice.revision_of
    if original is None:
        versions.record(practice, by=by, comment="Veröffentlicht")
        practice.publish(by=by)
        return practice
    original = _locked(original)
    # The copy must be fit to be public itself: the same checks, the same release.
    practice.publish(by=by)
    data = snapshot.snapshot(practice)
    practice.releases.update(practice=original)
    Practice.objects.filter(pk=practice.pk).delete()
    snapshot.restore(original, data)
    versions.record(original, by=by, comment="Überarbeitung veröffentlicht")
    return original


@transaction.atomic
def take_offline(practice: Practice, *, archive: bool = False) -> Practice:
    """Withdraw or archive an example; raises TransitionRefused."""
    practice = _locked(practice)
    if archive:
        practice.archive()
    else:
        practice.withdraw()
    return practice


@transaction.atomic
def restore_version(practice: Practice, version_id: int, *, by: "User | None") -> Practice:
    """Bring an old version back as a new one; what is public and released gets a working copy instead."""
    practice = _locked(practice)
    version = versions.Version.objects.of(practice).get(pk=version_id)
    target = revise(practice) if practice.state == State.PUBLISHED and practice.needs_release else practice
    versions.record(target, by=by)
    snapshot.restore(target, version.data)
    versions.record(
        target, by=by, comment=f"Fassung vom {timezone.localtime(version.created_at):%d.%m.%Y} zurückgeholt"
    )
    return target


def _locked(practice: Practice) -> Practice:
    return Practice.objects.select_for_update(of=("self",)).get(pk=practice.pk)
