"""Keep what an object said, tell what changed between two versions, and find where an old address leads.

A version is the snapshot that the object gives of itself: fields and parts together, since an example whose steps are
in another table is still one text. `docs/decisions/` says why this is not left to a history package.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone
from django.utils.html import strip_tags

from platform_mark.tokens import BadToken, make_token, read_token

from .models import FormerAddress, Publishable, Version

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

PREVIEW_LASTS = timedelta(days=14)
RowT = TypeVar("RowT", bound=Publishable)


class Versioned(Protocol):
    """What an object must offer to have versions."""

    pk: Any

    def snapshot(self) -> dict[str, Any]:
        """All content as plain JSON values: a text, number, list or list of flat objects for each field."""


@dataclass(frozen=True)
class Difference:
    """One field that differs, as text that staff can read."""

    label: str
    old: str
    new: str


def record(row: Versioned, *, by: "User | None", comment: str = "") -> Version | None:
    """Keep the present content as a version, unless it is the same as the newest; then return None."""
    data = row.snapshot()
    newest = Version.objects.of(row).first()  # type: ignore[arg-type]
    if newest and newest.data == data:
        return None
    return Version.objects.create(target=row, data=data, created_by=by, comment=comment)


def differences(model: type[models.Model], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """What changed from one snapshot of `model` to another, field by field, in the order of the newer one."""
    names = [*new, *(name for name in old if name not in new)]
    changed = [name for name in names if old.get(name) != new.get(name)]
    return [Difference(_label(model, name), _text(old.get(name)), _text(new.get(name))) for name in changed]


def remember_address(row: models.Model, slug: str) -> None:
    """Let a former slug lead to `row` from now on, and free the slug that `row` has today."""
    content_type = ContentType.objects.get_for_model(row)
    FormerAddress.objects.filter(content_type=content_type, slug=row.slug).delete()
    FormerAddress.objects.update_or_create(content_type=content_type, slug=slug, defaults={"object_id": row.pk})


def forget_addresses(row: models.Model, is_telling: Callable[[str], bool]) -> None:
    """Let the former slugs of `row` that say too much lead nowhere."""
    content_type = ContentType.objects.get_for_model(row)
    former = FormerAddress.objects.filter(content_type=content_type, object_id=row.pk)
    former.filter(slug__in=[each.slug for each in former if is_telling(each.slug)]).delete()


def former_target(model: type[models.Model], slug: str) -> models.Model | None:
    """Return what once had this slug; the caller checks whether it may be seen."""
    content_type = ContentType.objects.get_for_model(model)
    former = FormerAddress.objects.filter(content_type=content_type, slug=slug).first()
    return former.target if former else None


def bury(row: models.Model) -> None:
    """Remember the address of something public that is about to be deleted, so that it is known to be gone."""
    content_type = ContentType.objects.get_for_model(row)
    slug: str = row.slug
    FormerAddress.objects.update_or_create(content_type=content_type, slug=slug, defaults={"object_id": row.pk})


def is_known(model: type[models.Model], slug: str) -> bool:
    """Whether something that is deleted by now once had this address, so that it is gone and not just unknown."""
    content_type = ContentType.objects.get_for_model(model)
    former = FormerAddress.objects.filter(content_type=content_type, slug=slug).first()
    return former is not None and former.target is None


def open_preview(row: Publishable) -> str:
    """Give out a new preview link for two weeks, end the one before, and return the token."""
    row.preview_version += 1
    row.preview_until = timezone.now() + PREVIEW_LASTS
    row.save(update_fields=["preview_version", "preview_until"])
    return make_token(_preview_purpose(type(row)), row.pk, row.preview_version)


def close_preview(row: Publishable) -> None:
    """End the preview link at once."""
    row.preview_until = None
    row.save(update_fields=["preview_until"])


def previewed(queryset: models.QuerySet[RowT], token: str) -> RowT:
    """Return what a preview link shows; raises BadToken when it is wrong, replaced or over."""
    subject = read_token(_preview_purpose(queryset.model), token)
    row = queryset.filter(pk=subject.row_id, preview_version=subject.version, preview_until__gt=timezone.now()).first()
    if row is None:
        raise BadToken
    return row


def _preview_purpose(model: type[models.Model]) -> str:
    return f"preview.{model._meta.label_lower}"


def _label(model: type[models.Model], name: str) -> str:
    field = model._meta.get_field(name)
    if isinstance(field, models.ForeignObjectRel):
        return str(field.related_model._meta.verbose_name_plural)
    return str(field.verbose_name)


def _text(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, Mapping):
        return " · ".join(part for part in map(_text, value.values()) if part)
    if isinstance(value, list):
        return "\n".join(map(_text, value))
    # Paragraphs and list items on lines of their own, so that a comparison reads like the text.
    text = str(value).replace("</p>", "</p>\n").replace("</li>", "</li>\n")
    return strip_tags(text).strip()
