"""Import and export in the list of examples: upload, look at what would happen, confirm; choose a form, download."""

import tempfile
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.formats import number_format

from platform_mark.exports import CellTooLong
from platform_mark.file_pages import KEPT_SECONDS, ExportForm, ExportPages, UploadForm
from platform_mark.posting import posted
from platform_mark.publishing.admin import PublishableAdmin

from ..models import Effect, Practice, Prerequisite, Step
from .export import FORMATS, MOST_ROWS, export, write_template
from .plan import Entry, Outcome, Plan, make_plan, refuse_unreadable
from .store import PlanChanged, carry_out

# More rows than anybody reads; the numbers above them count all.
_SHOWN = 300


def _number(count: int) -> str:
    return str(number_format(count, force_grouping=True))


def _of(count: int, one: str, many: str) -> str:
    return f"{_number(count)} {one if count == 1 else many}"


class ExamplesForm(UploadForm):
    def refuse_unreadable(self, content: bytes) -> None:
        """Raise FileRefused for what is no table of examples."""
        refuse_unreadable(content)


class ExchangeAdmin(ExportPages, PublishableAdmin):
    """The administration of content that also comes and goes in files."""

    actions = [*PublishableAdmin.actions, "export_rows"]

    def get_urls(self) -> list[Any]:
        """Add the pages of import and export."""
        own = [
            self.own_path("import/", self.import_view, "import"),
            self.own_path("import/vorlage/", self.template_view, "template"),
            self.own_path("import/<slug:token>/", self.check_view, "check"),
            self.own_path("export/", self.export_view, "export"),
        ]
        return [*own, *super().get_urls()]

    def may_import(self, request: HttpRequest) -> bool:
        """Whether this person may do by hand all that an import does."""
        parts = [
            f"practices.{action}_{model._meta.model_name}"
            for model in (Effect, Step, Prerequisite)
            for action in ("add", "change", "delete")
        ]
        own = self.has_add_permission(request) and self.has_change_permission(request)
        return own and request.user.has_perms(parts)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the link to the import to those who may."""
        return super().changelist_view(request, {"may_import": self.may_import(request)} | (extra_context or {}))

    @admin.action(description="Exportieren", permissions=["view"])
    def export_rows(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse:
        """Lead to the export of the chosen rows, or of the whole list as it is filtered."""
        return self.to_export(request, queryset)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list as it is filtered and searched, as a file; who took which is logged."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        chosen = self.filtered_list(request)
        if chosen is None:
            return redirect(self.list_url())
        form = ExportForm(posted(request), formats=FORMATS)
        is_too_long = chosen.result_count > MOST_ROWS
        if form.is_valid() and not is_too_long:
            try:
                return self._download(request, chosen.queryset, form.cleaned_data["form"])
            except CellTooLong as error:
                form.add_error("form", f"{error} Bitte wählen Sie CSV oder JSON.")
        return self.page(
            request,
            "admin/import_export/export.html",
            title="Gute Beispiele exportieren",
            form=form,
            count=_of(chosen.result_count, "Beispiel", "Beispiele"),
            is_filtered=chosen.result_count != chosen.full_result_count,
            is_empty=not chosen.result_count,
            limit=_number(MOST_ROWS) if is_too_long else "",
        )

    def _download(self, request: HttpRequest, rows: QuerySet[Practice], form: str) -> FileResponse:
        # Written whole before the first byte leaves: a fault in the middle must not look like a complete file.
        file = tempfile.TemporaryFile()  # noqa: SIM115 (the answer closes it)
        try:
            count = export(file, rows, form)
        except CellTooLong:
            file.close()
            raise
        self.log_list(request, f"Export von {_of(count, 'Beispiel', 'Beispielen')} als {FORMATS[form][0]}")
        file.seek(0)
        name = f"gute-beispiele-{timezone.localdate():%Y-%m-%d}.{form}"
        return FileResponse(file, as_attachment=True, filename=name, content_type=FORMATS[form][1])

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take a file and keep it for an hour, so that what it would do can be looked at."""
        if not self.may_import(request):
            raise PermissionDenied
        form = ExamplesForm(request.POST, request.FILES) if request.method == "POST" else ExamplesForm()
        if form.is_valid():
            name, content = form.cleaned_data["file"]
            token = get_random_string(32)
            cache.set(_kept(request, token), (name, content), KEPT_SECONDS)
            return redirect("admin:practices_practice_check", token)
        return self.page(request, "admin/import_export/upload.html", title="Gute Beispiele importieren", form=form)

    def template_view(self, request: HttpRequest) -> HttpResponseBase:
        """The empty table to fill in."""
        if not self.may_import(request):
            raise PermissionDenied
        file = tempfile.TemporaryFile()  # noqa: SIM115 (the answer closes it)
        write_template(file)
        file.seek(0)
        return FileResponse(
            file, as_attachment=True, filename="vorlage-gute-beispiele.xlsx", content_type=FORMATS["xlsx"][1]
        )

    def check_view(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show what a file would do; on confirmation do exactly that, once."""
        if not self.may_import(request):
            raise PermissionDenied
        kept = cache.get(_kept(request, token))
        if kept is None:
            message = (
                "Diese Datei ist schon eingelesen oder liegt zu lange zurück. Bitte laden Sie sie noch einmal hoch."
            )
            self.message_user(request, message, messages.WARNING)
            return redirect("admin:practices_practice_import")
        name, content = kept
        if request.method == "POST":
            return self._carry_out(request, token, name, content)
        plan = make_plan(content)
        return self.page(
            request,
            "admin/import_export/check.html",
            title=f"Import prüfen: {name}",
            plan=plan,
            summary=_summary(plan),
            faults=plan.faults[:_SHOWN],
            more_faults=_number(max(0, len(plan.faults) - _SHOWN)),
            entries=[*plan.changed, *plan.new][:_SHOWN],
            more_entries=_number(max(0, len(plan.changed) + len(plan.new) - _SHOWN)),
            button=_button(plan),
            form=ExamplesForm(),
        )

    def _carry_out(self, request: HttpRequest, token: str, name: str, content: bytes) -> HttpResponse:
        try:
            with transaction.atomic():
                # Whoever takes it out first carries it out: two presses of the button are one.
                if not cache.delete(_kept(request, token)):
                    return redirect("admin:practices_practice_check", token)
                done = carry_out(
                    content,
                    fingerprint=request.POST.get("fingerprint", ""),
                    by=request.user,  # type: ignore[arg-type]
                    name=f"„{name}“",
                )
                self._log_import(request, done, name)
        except PlanChanged:
            message = "Inzwischen hat sich etwas geändert. Bitte sehen Sie noch einmal hin, bevor Sie bestätigen."
            self.message_user(request, message, messages.WARNING)
            return redirect("admin:practices_practice_check", token)
        new = sum(entry.outcome is Outcome.NEW for entry, _ in done)
        told = [f"{_of(new, 'Beispiel', 'Beispiele')} als Entwurf angelegt"] if new else []
        told += [f"{_of(len(done) - new, 'Beispiel', 'Beispiele')} geändert"] if len(done) > new else []
        self.message_user(request, f"{' und '.join(told)}. Veröffentlicht ist davon nichts.", messages.SUCCESS)
        return redirect("admin:practices_practice_changelist")

    def _log_import(self, request: HttpRequest, done: list[tuple[Entry, Practice]], name: str) -> None:
        self.log_list(request, f"Import von {_of(len(done), 'Beispiel', 'Beispielen')} aus „{name}“")
        LogEntry.objects.bulk_create(
            LogEntry(
                user_id=request.user.pk,
                content_type=ContentType.objects.get_for_model(Practice),
                object_id=str(practice.pk),
                object_repr=str(practice)[:200],
                action_flag=ADDITION if entry.outcome is Outcome.NEW else CHANGE,
                change_message=f"Import aus „{name}“: {_told(entry)}.",
            )
            for entry, practice in done
        )


def _kept(request: HttpRequest, token: str) -> str:
    """Under this name a file waits; only for the person who uploaded it."""
    return f"practice-import:{request.user.pk}:{token}"


def _told(entry: Entry) -> str:
    fields = ", ".join(difference.label for difference in entry.differences)
    return f"{entry.outcome.value} ({fields})" if fields else entry.outcome.value


def _summary(plan: Plan) -> str:
    rows = len(plan.entries) + plan.wrong_rows
    parts = [
        f"{_number(len(plan.new))} neu",
        f"{_number(len(plan.changed))} geändert",
        f"{_number(len(plan.unchanged))} unverändert",
    ]
    if plan.faults:
        parts.append(f"{_number(plan.wrong_rows)} mit Fehlern")
    return f"{_of(rows, 'Beispiel', 'Beispiele')} gelesen: {', '.join(parts)}."


def _button(plan: Plan) -> str:
    parts = []
    if plan.new:
        parts.append(_of(len(plan.new), "Entwurf anlegen", "Entwürfe anlegen"))
    if plan.changed:
        parts.append(_of(len(plan.changed), "Beispiel ändern", "Beispiele ändern"))
    return " und ".join(parts)
