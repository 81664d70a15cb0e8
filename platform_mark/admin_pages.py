"""What the admins of all subjects share beside Django's own pages: pages of ours in their frame, and lists nobody edits."""

import json
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import path, reverse


class ReadForm(forms.ModelForm):
    """For what is read, not edited: the labels may be the questions that people were asked, so no colon follows them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class SavedUnderLock(admin.ModelAdmin):
    """For rows that journeys write, too: a form writes all columns, so what it is saved over must be today's row."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row; while it is written, it is locked from reading to saving, so that nothing is set back unseen."""
        row = super().get_object(request, object_id, from_field)
        # Django opens the transaction of its own pages before it reads; pages of ours leave the lock to their journey.
        if row is None or request.method != "POST" or not connection.in_atomic_block:
            return row
        try:
            row.refresh_from_db(from_queryset=self.model._base_manager.select_for_update())
        except ObjectDoesNotExist:
            return None
        return row


class OwnPages(admin.ModelAdmin):
    """An admin with pages of its own. Each is behind the login; which right it needs, it asks for itself."""

    def own_path(self, route: str, view: Callable[..., Any], name: str) -> Any:
        """A page of this admin, guarded as all of them are."""
        own = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return path(route, self.admin_site.admin_view(view), name=own)

    def page(self, request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> TemplateResponse:
        """Answer with one of our templates, in the frame of the administration."""
        request.current_app = self.admin_site.name
        whole = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, **context}
        return TemplateResponse(request, template, whole, status=status)

    def allow(self, request: HttpRequest, *rights: str) -> None:
        """Let pass who has all of these rights of this app; raises PermissionDenied."""
        for right in rights:
            if not request.user.has_perm(f"{self.opts.app_label}.{right}"):
                raise PermissionDenied

    def row(self, request: HttpRequest, object_id: str) -> Any:
        """The object of a page, or 404; for pages that have asked for a right already."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        return row

    def viewable_row(self, request: HttpRequest, object_id: str) -> Any:
        """The same, for those who may see it; raises PermissionDenied."""
        row = self.row(request, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    def changeable_row(self, request: HttpRequest, object_id: str) -> Any:
        """The same, for those who may change it; raises PermissionDenied."""
        row = self.row(request, object_id)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        return row

    def change_url(self, row: Any) -> str:
        """The page of one object."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def list_url(self) -> str:
        """The page of the list."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


class ReadOnlyAdmin(admin.ModelAdmin):
    """For what is shown only: it is made, changed and ended elsewhere."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LoggedByNumber(admin.ModelAdmin):
    """For rows that name a person: the log names them by their number, since what stands there outlives their erasure."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        """Log that it was made."""
        return _log_by_number(request, obj, ADDITION, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        """Log that it was changed."""
        return _log_by_number(request, obj, CHANGE, message)


def _log_by_number(request: HttpRequest, obj: Any, flag: int, message: Any) -> LogEntry:
    return LogEntry.objects.create(
        user_id=request.user.pk,
        content_type=ContentType.objects.get_for_model(obj),
        object_id=str(obj.pk),
        object_repr=f"{obj._meta.verbose_name} {obj.pk}",
        action_flag=flag,
        # Forms say in a list what was changed, which the log reads as JSON; steps say it in words.
        change_message=json.dumps(message) if isinstance(message, list) else message,
    )
