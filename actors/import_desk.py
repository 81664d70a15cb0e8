"""Import in the list of entries: take a file, show what it would do, do exactly that."""

import tempfile
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.crypto import get_random_string

from platform_mark.admin_pages import OwnPages
from platform_mark.exports import XLSX_TYPE
from platform_mark.file_pages import KEPT_SECONDS, UploadForm

from .importing import Outcome, PlanChanged, Row, carry_out, make_plan, read, write_template

# More rows than anybody reads; the numbers above them count all.
_SHOWN = 300


class FactsForm(UploadForm):
    def refuse_unreadable(self, content: bytes) -> None:
        """Raise FileRefused for what holds neither facts nor a table."""
        read(content)


class ImportAdmin(OwnPages):
    """The list of entries with its import."""

    def get_urls(self) -> list[Any]:
        """Add the pages of the import."""
        own = [
            self.own_path("import/", self.import_view, "import"),
            self.own_path("import/vorlage/", self.template_view, "template"),
            self.own_path("import/<slug:token>/", self.check_view, "check"),
        ]
        return [*own, *super().get_urls()]

    def may_import(self, request: HttpRequest) -> bool:
        """Whether this person may do by hand all that an import does."""
        may_make_actors = request.user.has_perm("actors.add_actor")
        return self.has_add_permission(request) and self.has_change_permission(request) and may_make_actors

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the link to the import to those who may."""
        return super().changelist_view(request, {"may_import": self.may_import(request)} | (extra_context or {}))

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take a file and keep it for an hour, so that what it would do can be looked at."""
        self._require(request)
        form = FactsForm(request.POST, request.FILES) if request.method == "POST" else FactsForm()
        if form.is_valid():
            token = get_random_string(32)
            cache.set(_kept(request, token), form.cleaned_data["file"], KEPT_SECONDS)
            return redirect("admin:actors_activity_check", token)
        return self.page(request, "admin/actors/import.html", title="Aktivitäten importieren", form=form)

    def template_view(self, request: HttpRequest) -> HttpResponseBase:
        """The empty table to fill in."""
        self._require(request)
        file = tempfile.TemporaryFile()  # noqa: SIM115 (the answer closes it)
        write_template(file)
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename="vorlage-aktivitaeten.xlsx", content_type=XLSX_TYPE)

    def check_view(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show what a file would do; on confirmation do exactly that, once."""
        self._require(request)
        kept = cache.get(_kept(request, token))
        if kept is None:
            message = (
                "Diese Datei ist schon eingelesen oder liegt zu lange zurück. Bitte laden Sie sie noch einmal hoch."
            )
            self.message_user(request, message, messages.WARNING)
            return redirect("admin:actors_activity_import")
        name, content = kept
        rows = read(content)
        if request.method == "POST":
            return self._carry_out(request, token, name, rows)
        plan = make_plan(rows)
        return self.page(
            request,
            "admin/actors/import_check.html",
            title=f"Import prüfen: {name}",
            plan=plan,
            faults=plan.faults[:_SHOWN],
            entries=[entry for entry in plan.entries if entry.outcome is not Outcome.UNCHANGED][:_SHOWN],
            form=FactsForm(),
        )

    def _carry_out(self, request: HttpRequest, token: str, name: str, rows: list[Row]) -> HttpResponse:
        try:
            with transaction.atomic():
                # Whoever takes it out first carries it out: two presses of the button are one.
                if not cache.delete(_kept(request, token)):
                    return redirect("admin:actors_activity_check", token)
                done = carry_out(rows, by=request.user, fingerprint=request.POST.get("fingerprint", ""))  # type: ignore[arg-type]
        except PlanChanged:
            message = "Inzwischen hat sich etwas geändert. Bitte sehen Sie noch einmal hin, bevor Sie bestätigen."
            self.message_user(request, message, messages.WARNING)
            return redirect("admin:actors_activity_check", token)
        self.message_user(request, f"Aus „{name}“ eingelesen: {done.summary}.", messages.SUCCESS)
        return redirect("admin:actors_activity_changelist")

    def _require(self, request: HttpRequest) -> None:
        if not self.may_import(request):
            raise PermissionDenied


def _kept(request: HttpRequest, token: str) -> str:
    """Under this name a file waits; only for the person who uploaded it."""
    return f"activity-import:{request.user.pk}:{token}"
