"""What is stored about one person, as plain values: for the export that each part of the portal contributes to."""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

# Keys of ours, which open something or mean nothing to anybody.
SECRETS = frozenset({"password", "token_version", "message_id", "leased_until"})


def described(rows: QuerySet, *, leave_out: Collection[str] = ()) -> list[dict[str, Any]]:
    """Each row with all its columns under their German names. Nobody else's data: links to accounts are left out."""
    fields = [
        field
        for field in rows.model._meta.concrete_fields
        if not field.primary_key
        and field.name not in SECRETS
        and field.name not in leave_out
        and not (field.is_relation and field.related_model._meta.label == settings.AUTH_USER_MODEL)
    ]
    relations = [field.name for field in fields if field.is_relation]
    return [
        {str(field.verbose_name): _plain(getattr(row, field.name)) for field in fields}
        for row in rows.select_related(*relations)
    ]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
