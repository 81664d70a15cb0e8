"""The staff's page for one person's data: give it out as a file, or erase it after a second press."""

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from platform_mark.exports import write_json

from . import privacy

if TYPE_CHECKING:
    from .site import DeskSite

MAY_EXPORT, MAY_ERASE = "outbox.export_outgoingmail", "outbox.erase_outgoingmail"


class PersonForm(forms.Form):
    address = forms.EmailField(label="E-Mail-Adresse der Person", max_length=254)


def person(site: "DeskSite", request: HttpRequest) -> HttpResponse:
    """Ask for an address; then export, or show what would be erased and ask once more."""
    may_export, may_erase = request.user.has_perm(MAY_EXPORT), request.user.has_perm(MAY_ERASE)
    if not (may_export or may_erase):
        raise PermissionDenied
    form = PersonForm(request.POST or None)
    found = None
    if request.method == "POST" and form.is_valid():
        address = form.cleaned_data["address"]
        if "export" in request.POST:
            _require(may_export)
            return _export(request, address)
        _require(may_erase)
        if "erase" in request.POST:
            try:
                return _erase(request, address)
            except privacy.ErasureRefused as refused:
                form.add_error("address", refused)
        else:
            found = privacy.count_rows(address)
    context = {
        **site.each_context(request),
        "title": "Daten einer Person",
        "form": form,
        "found": found,
        "may_export": may_export,
        "may_erase": may_erase,
    }
    return TemplateResponse(request, "admin/privacy.html", context, status=422 if form.errors else 200)


def _require(may: bool) -> None:
    if not may:
        raise PermissionDenied


def _export(request: HttpRequest, address: str) -> HttpResponse:
    found = privacy.export_person(address)
    _log(request, CHANGE, "Auskunft über eine Person gegeben")
    response = HttpResponse(content_type="application/json; charset=utf-8")
    write_json(response, found)  # type: ignore[arg-type]
    response.headers["Content-Disposition"] = f'attachment; filename="auskunft-{timezone.localdate()}.json"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _erase(request: HttpRequest, address: str) -> HttpResponse:
    erasure = privacy.erase_person(address)
    rows = sum(erasure.rows.values())
    _log(request, DELETION, f"Daten einer Person gelöscht: {rows} Zeilen")
    messages.success(request, f"Gelöscht oder geleert: {rows} Zeilen.")
    if erasure.remains:
        messages.warning(
            request, f"Die Adresse steht noch in: {', '.join(erasure.remains)}. Bitte sehen Sie dort nach."
        )
    return redirect("admin:person")


def _log(request: HttpRequest, flag: int, what: str) -> None:
    # Who did it and when, not about whom.
    LogEntry.objects.create(
        user_id=request.user.pk, action_flag=flag, object_repr="Daten einer Person", change_message=what
    )
