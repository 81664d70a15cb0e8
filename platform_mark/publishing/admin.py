"""The one base of every admin for content with a state."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from platform_mark.admin_pages import OwnPages, SavedUnderLock
from platform_mark.local_time import LocalSplitDateTimeField
from platform_mark.search import index

from . import versions
from .models import TRANSITIONS, Publishable, State

if TYPE_CHECKING:
    from platform_mark.accounts.models import User

# The method that leads to each state, what its button says, and what the history says afterwards.
MOVES = {
    State.REVIEW: ("submit", "Zur Prüfung geben", "Zur Prüfung gegeben."),
    State.PUBLISHED: ("publish", "Veröffentlichen", "Veröffentlicht."),
    State.DRAFT: ("withdraw", "Zurückziehen", "Zurückgezogen."),
    State.ARCHIVED: ("archive", "Archivieren", "Archiviert."),
}
DONE = {method: done for method, _, done in MOVES.values()}


EXPIRES_SOON = timedelta(days=30)


class VisibleFilter(admin.SimpleListFilter):
    """What the public sees now, what it will see, and what it no longer sees."""

    title = "Sichtbarkeit"
    parameter_name = "sichtbar"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("jetzt", "Jetzt öffentlich"),
            ("geplant", "Eingeplant"),
            ("bald-abgelaufen", "Läuft bald ab"),
            ("abgelaufen", "Abgelaufen"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Narrow the list by what was chosen."""
        now = timezone.now()
        chosen = {
            "jetzt": Q(published_at__lte=now) & (Q(expires_at=None) | Q(expires_at__gt=now)),
            "geplant": Q(published_at__gt=now),
            "bald-abgelaufen": Q(expires_at__gt=now, expires_at__lte=now + EXPIRES_SOON),
            "abgelaufen": Q(expires_at__lte=now),
        }.get(self.value() or "")
        return queryset.filter(chosen, state=State.PUBLISHED) if chosen else queryset


class PublishableAdmin(SavedUnderLock, OwnPages):
    """State is shown, never edited: buttons and actions call the methods of the model."""

    change_form_template = "admin/publishing/change_form.html"
    actions = ["submit_rows", "publish_rows", "withdraw_rows", "archive_rows"]
    readonly_fields = ["shown_state", "created_at", "updated_at"]
    save_on_top = False
    formfield_overrides = {
        models.URLField: {"assume_scheme": "https"},
        models.DateTimeField: {"form_class": LocalSplitDateTimeField},
    }

    @admin.display(description="Bearbeitung", ordering="state")
    def shown_state(self, row: Publishable) -> str:
        """The state in words, with what follows from the dates."""
        if row.state != State.PUBLISHED or row.published_at is None:
            return str(State(row.state).label)
        if row.published_at > timezone.now():
            return f"Eingeplant ab {timezone.localtime(row.published_at):%d.%m.%Y, %H:%M} Uhr"
        return "Veröffentlicht" if row.is_published() else "Abgelaufen"

    def view_on_site(self, row: Publishable) -> str | None:
        """A link to the page, where there is one."""
        return row.get_absolute_url() if row.is_published() else None

    def get_readonly_fields(self, request: HttpRequest, obj: Publishable | None = None) -> list[str]:
        """What is public keeps its address: others have linked to it."""
        is_public = obj is not None and obj.state == State.PUBLISHED
        return [*super().get_readonly_fields(request, obj), *(["slug"] if is_public else [])]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj: Publishable | None = kwargs.get("obj")
        may_move = self.has_change_permission(request) if obj else self.has_add_permission(request)
        ways = TRANSITIONS[State(obj.state) if obj else State.DRAFT]
        context["moves"] = [MOVES[state][:2] for state in State if state in ways] if may_move else []
        # A row that may not be edited as it is can still be withdrawn: its buttons stand apart from the form.
        context["form_is_closed"] = obj is not None and not self.has_change_permission(request, obj)
        context["may_move"] = may_move
        context["preview_until"] = obj.preview_until if obj else None
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Publishable, form: Any, change: bool) -> None:
        """Save; an address that changes leads on from then."""
        super().save_model(request, obj, form, change)
        if change and "slug" in form.changed_data:
            versions.remember_address(obj, form.initial["slug"])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the parts, then keep what the whole says now as a version, and let it be found so."""
        super().save_related(request, form, formsets, change)
        versions.record(form.instance, by=request.user)  # type: ignore[arg-type]
        index.put(form.instance)

    def perform(self, row: Publishable, move: str, user: "User") -> Publishable:
        """Change the state and return what it is about now; a subject with a journey of its own overrides this."""
        if move in ("submit", "publish"):
            getattr(row, move)(by=user)
        else:
            getattr(row, move)()
        return row

    def get_urls(self) -> list[Any]:
        """Add comparing and bringing back versions, and the preview link."""
        own = [
            self.own_path("<path:object_id>/fassungen/", self.versions_view, "versions"),
            self.own_path("<path:object_id>/stand/", require_POST(self.move_view), "move"),
            self.own_path("<path:object_id>/vorschau/", require_POST(self.preview_view), "preview"),
        ]
        return [*own, *super().get_urls()]

    def move_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Change the state of a row whose form is closed because of what it is."""
        row = self.viewable_row(request, object_id)
        move = request.POST.get("_move", "")
        if move not in DONE or not self.has_change_permission(request):
            raise PermissionDenied
        return redirect(self.change_url(self._move(request, row, move)))

    def versions_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """All versions of one row; two of them compared field by field; one brought back by button."""
        row = self.viewable_row(request, object_id)
        found = list(versions.Version.objects.of(row).select_related("created_by"))
        if request.method == "POST":
            if not self.has_change_permission(request):
                raise PermissionDenied
            if request.POST.get("version") not in {str(version.pk) for version in found}:
                raise Http404
            return redirect(self.change_url(self._restore(request, row, int(request.POST["version"]))))
        by_pk = {str(version.pk): version for version in found}
        new = by_pk.get(request.GET.get("neu", ""), found[0] if found else None)
        old = by_pk.get(request.GET.get("alt", ""), found[1] if len(found) > 1 else None)
        return self.page(
            request,
            "admin/publishing/versions.html",
            title=f"Fassungen: {row}",
            row=row,
            versions=found,
            old=old,
            new=new,
            differences=versions.differences(self.model, old.data, new.data) if old and new else [],
            may_restore=self.has_change_permission(request),
        )

    def restore_version(self, row: Publishable, version_id: int, user: "User") -> Publishable:
        """Bring a version back; every subject says how, since it knows its parts."""
        raise NotImplementedError

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give out or end the secret preview link."""
        row = self.viewable_row(request, object_id)
        if not self.has_change_permission(request):
            raise PermissionDenied
        if "end" in request.POST:
            versions.close_preview(row)
            self.message_user(request, "Der Vorschau-Link gilt nicht mehr.", messages.SUCCESS)
        else:
            link = settings.BASE_URL + self.preview_path(versions.open_preview(row))
            self.log_change(request, row, "Vorschau-Link erzeugt.")
            until = timezone.localtime(row.preview_until)
            words = format_html('Vorschau-Link, gilt bis {}: <a href="{}">{}</a>', f"{until:%d.%m.%Y}", link, link)
            self.message_user(request, words, messages.SUCCESS)
        return redirect(self.change_url(row))

    def preview_path(self, token: str) -> str:
        """The public path of a preview, given by the subject."""
        raise NotImplementedError

    def response_add(
        self, request: HttpRequest, obj: Publishable, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._move_after_saving(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Publishable) -> HttpResponse:
        return self._move_after_saving(request, obj) or super().response_change(request, obj)

    @admin.action(description="Zur Prüfung geben", permissions=["change"])
    def submit_rows(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._move_all(request, queryset, "submit")

    @admin.action(description="Veröffentlichen", permissions=["change"])
    def publish_rows(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._move_all(request, queryset, "publish")

    @admin.action(description="Zurückziehen", permissions=["change"])
    def withdraw_rows(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._move_all(request, queryset, "withdraw")

    @admin.action(description="Archivieren", permissions=["change"])
    def archive_rows(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._move_all(request, queryset, "archive")

    def _restore(self, request: HttpRequest, row: Publishable, version_id: int) -> Publishable:
        try:
            row = self.restore_version(row, version_id, request.user)  # type: ignore[arg-type]
        except ValidationError as refused:
            self._refuse(request, row, refused)
        else:
            self.log_change(request, row, "Frühere Fassung zurückgeholt.")
            self.message_user(request, f"„{row}“: Die frühere Fassung ist zurück.", messages.SUCCESS)
        return row

    def _move_after_saving(self, request: HttpRequest, obj: Publishable) -> HttpResponse | None:
        move = request.POST.get("_move", "")
        if move not in DONE:
            return None
        return redirect(self.change_url(self._move(request, obj, move)))

    def _move_all(self, request: HttpRequest, queryset: QuerySet, move: str) -> None:
        for row in queryset:
            self._move(request, row, move)

    def _move(self, request: HttpRequest, row: Publishable, move: str) -> Publishable:
        try:
            row = self.perform(row, move, request.user)  # type: ignore[arg-type]
        except ValidationError as refused:
            self._refuse(request, row, refused)
        else:
            self.log_change(request, row, DONE[move])
            self.message_user(request, f"„{row}“: {DONE[move]}", messages.SUCCESS)
        return row

    def _refuse(self, request: HttpRequest, row: Publishable, refused: ValidationError) -> None:
        """Say why not: against the rules of its state, or because of what a field says."""
        by_field = refused.message_dict if hasattr(refused, "error_dict") else {NON_FIELD_ERRORS: refused.messages}
        for name, said in by_field.items():
            label = "" if name == NON_FIELD_ERRORS else f"{self.opts.get_field(name).verbose_name}: "
            self.message_user(request, f"„{row}“: {label}{' '.join(said)}", messages.ERROR)
