from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from .documents import DocumentRefused, StoredFile, check_document, write_file
from .images import CheckedImage, ImageRefused, StoredFiles, check_image, write_files
from .models import Document, Image

_LIMITS = "JPEG, PNG oder WebP, höchstens 10 MB und 40 Megapixel. Ort, Kamera und andere Zusatzdaten werden entfernt."


class ImageUploadField(forms.FileField):
    """A picture to upload; its cleaned value is a CheckedImage, or None where nothing was chosen."""

    widget = forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"})

    def clean(self, data: Any, initial: Any = None) -> CheckedImage | None:
        """Refuse what is no picture, with the reason beside the field."""
        file = super().clean(data, initial)
        return check_image(file) if file else None


class ImageForm(forms.ModelForm):
    file = ImageUploadField(label="Bilddatei", help_text=_LIMITS)
    #: Set by a valid form with a new picture: its files lie in their place, `save_image` makes the row.
    stored: StoredFiles | None = None

    class Meta:
        model = Image
        fields = ["alt", "is_decorative", "credit", "rights_until", "people", "focal_x", "focal_y"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["file"].required = False
            self.fields["file"].help_text = f"Nur wählen, um das Bild zu ersetzen. {_LIMITS}"

    def clean_rights_until(self) -> date | None:
        """Refuse a day that is over, unless it was stored before: such a picture would show nowhere."""
        day: date | None = self.cleaned_data["rights_until"]
        if day and day < timezone.localdate() and "rights_until" in self.changed_data:
            raise forms.ValidationError("Dieser Tag ist vorbei: Das Bild wäre nirgends zu sehen.", code="past")
        return day

    def full_clean(self) -> None:
        """Write the files as the last step, so that a full disk is an error of the form and other errors leave none."""
        super().full_clean()
        if self.is_bound and not self.errors and (checked := self.cleaned_data.get("file")):
            try:
                self.stored = write_files(checked)
            except ImageRefused as refused:
                self.add_error("file", refused)


class DocumentUploadField(forms.FileField):
    """A PDF to upload; its cleaned value is the file's content and its cleaned name, or None."""

    widget = forms.FileInput(attrs={"accept": "application/pdf"})

    def clean(self, data: Any, initial: Any = None) -> tuple[bytes, str] | None:
        """Refuse what is no plain PDF, with the reason beside the field."""
        file = super().clean(data, initial)
        return (check_document(file), file.name) if file else None


class DocumentForm(forms.ModelForm):
    file = DocumentUploadField(
        label="Datei",
        help_text="PDF, höchstens 20 MB, ohne Skripte. Prüfen Sie vorher, was in den Dateieigenschaften steht.",
    )

    #: Set by a valid form with a file: it lies in its place, `save_document` makes the row.
    stored: StoredFile | None = None

    class Meta:
        model = Document
        fields = ["title"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["file"]

    def full_clean(self) -> None:
        """Write the file as the last step, so that a full disk is an error of the form and other errors leave none."""
        super().full_clean()
        if self.is_bound and not self.errors and (checked := self.cleaned_data.get("file")):
            try:
                self.stored = write_file(*checked)
            except DocumentRefused as refused:
                self.add_error("file", refused)
