"""Lists of the administration that come and go as files: what is uploaded is checked first, what is taken away is logged."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import number_format

from .admin_pages import OwnPages
from .sheets import MAX_BYTES, MAX_ROWS, FileRefused

# Between looking at a file and confirming it; the file lies in the database's cache so long.
KEPT_SECONDS = 60 * 60


class UploadForm(forms.Form):
    """A file to read; each subject says whether it can be read, and which rows are right is told on the next page."""

    file = forms.FileField(
        label="Datei",
        help_text=f"Excel (.xlsx), CSV oder JSON, höchstens {MAX_BYTES // 1024 // 1024} MB und "
        f"{number_format(MAX_ROWS, force_grouping=True)} Zeilen.",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.json"}),
        error_messages={"required": "Bitte wählen Sie eine Datei.", "empty": "Die Datei ist leer."},
    )

    def refuse_unreadable(self, content: bytes) -> None:
        """Raise FileRefused for what cannot be read at all."""
        raise NotImplementedError

    def clean_file(self) -> tuple[str, bytes]:
        """The name of the file, fit to be shown, and its content."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise ValidationError(f"Die Datei ist größer als {MAX_BYTES // 1024 // 1024} MB.")
        content = file.read()
        try:
            self.refuse_unreadable(content)
        except FileRefused as refused:
            raise ValidationError([*refused.messages]) from refused
        return "".join(letter for letter in file.name or "" if letter.isprintable())[-80:], content


class ExportForm(forms.Form):
    """The form of the file: `formats` gives for each its name and its media type."""

    form = forms.ChoiceField(
        label="Form",
        initial="xlsx",
        widget=forms.RadioSelect,
        error_messages={"required": "Bitte wählen Sie eine Form."},
    )

    def __init__(self, *args: Any, formats: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["form"].choices = [(form, label) for form, (label, _) in formats.items()]


class ExportPages(OwnPages):
    """An admin whose list is taken away as it is filtered and searched, on its page named "export"."""

    def to_export(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse:
        """Lead to the export of the chosen rows, or of the whole list as it is filtered."""
        if request.POST.get("select_across") == "1":
            query = request.GET.urlencode()
        else:
            query = urlencode({"pk__in": ",".join(str(pk) for pk in queryset.values_list("pk", flat=True))})
        return redirect(f"{reverse(f'admin:{self.opts.app_label}_{self.opts.model_name}_export')}?{query}")

    def filtered_list(self, request: HttpRequest) -> ChangeList | None:
        """The list as it is filtered and searched; None, and a word why, for a filter that there is not."""
        try:
            return self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            self.message_user(request, "Diesen Filter gibt es nicht.", messages.ERROR)
            return None

    def log_list(self, request: HttpRequest, what: str) -> None:
        """Log what was done with the list as a whole."""
        LogEntry.objects.create(
            user_id=request.user.pk,
            content_type=ContentType.objects.get_for_model(self.model),
            object_repr=what[:200],
            action_flag=CHANGE,
            change_message=what,
        )
