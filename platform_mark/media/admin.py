from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from platform_mark.admin_pages import SavedUnderLock

from .documents import save_document
from .forms import DocumentForm, ImageForm
from .images import save_image
from .models import Document, Image

RUNNING_OUT = timedelta(days=30)
PREVIEW_WIDTH = 320
THUMBNAIL_WIDTH = 120


class RightsFilter(admin.SimpleListFilter):
    title = "Rechte"
    parameter_name = "rechte"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("abgelaufen", "abgelaufen, nicht mehr zu sehen"), ("bald", "enden in den nächsten 30 Tagen")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        today = timezone.localdate()
        if self.value() == "abgelaufen":
            return queryset.filter(rights_until__lt=today)
        if self.value() == "bald":
            return queryset.filter(rights_until__range=(today, today + RUNNING_OUT))
        return queryset


@admin.register(Image)
class ImageAdmin(SavedUnderLock):
    form = ImageForm
    list_display = ["thumbnail", "name", "credit", "size", "rights"]
    list_display_links = ["name"]
    list_filter = [RightsFilter, "people", "is_decorative"]
    search_fields = ["alt", "credit"]
    date_hierarchy = "created_at"
    list_per_page = 50
    readonly_fields = ["preview", "size", "created_at"]
    fieldsets = [
        (None, {"fields": ["preview", "file", "size", "alt", "is_decorative"]}),
        ("Rechte", {"fields": ["credit", "rights_until", "people"]}),
        ("Ausschnitt", {"fields": ["focal_x", "focal_y"], "classes": ["collapse"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Image | None = None) -> Any:
        """Leave out what there is nothing to see of before the upload."""
        if obj:
            return super().get_fieldsets(request, obj)
        unseen = {"preview", "size"}
        return [
            (title, options | {"fields": [name for name in options["fields"] if name not in unseen]})
            for title, options in self.fieldsets
        ]

    def save_model(self, request: HttpRequest, obj: Image, form: ImageForm, change: bool) -> None:
        """Save the row together with its files where there are new ones."""
        if form.stored:
            save_image(obj, form.stored)
        else:
            super().save_model(request, obj, form, change)

    @admin.display(description="Vorschau")
    def preview(self, image: Image) -> str:
        """The picture as pages show it, with the description a screen reader reads."""
        return _picture(image, PREVIEW_WIDTH)

    @admin.display(description="Bild")
    def thumbnail(self, image: Image) -> str:
        """A small picture for the list."""
        return _picture(image, THUMBNAIL_WIDTH)

    @admin.display(description="Beschreibung", ordering="alt")
    def name(self, image: Image) -> str:
        """The description, or what stands in its place."""
        return image.alt or "Nur Schmuck"

    @admin.display(description="Größe", ordering="width")
    def size(self, image: Image) -> str:
        """Width and height of the largest stored size."""
        return f"{image.width} × {image.height} Pixel"

    @admin.display(description="Rechte bis", ordering="rights_until")
    def rights(self, image: Image) -> str:
        """The last day, in words where it has passed."""
        if image.rights_until is None:
            return "unbegrenzt"
        day = f"{image.rights_until:%d.%m.%Y}"
        return day if image.is_shown() else f"{day}, abgelaufen"


@admin.register(Document)
class DocumentAdmin(SavedUnderLock):
    form = DocumentForm
    list_display = ["title", "name", "size_text", "created_at"]
    search_fields = ["title", "name"]
    date_hierarchy = "created_at"
    list_per_page = 50

    def get_fields(self, request: HttpRequest, obj: Document | None = None) -> list[str]:
        """A new file is a new document: others may have linked to the old one."""
        return ["title", "link", "size_text", "created_at"] if obj else ["title", "file"]

    def get_readonly_fields(self, request: HttpRequest, obj: Document | None = None) -> list[str]:
        return ["link", "size_text", "created_at"] if obj else []

    def save_model(self, request: HttpRequest, obj: Document, form: DocumentForm, change: bool) -> None:
        """Save the row together with its file where there is one."""
        if form.stored:
            save_document(obj, form.stored)
        else:
            super().save_model(request, obj, form, change)

    @admin.display(description="Datei")
    def link(self, document: Document) -> str:
        """The file, to look at it before it goes out."""
        return format_html('<a href="{}">{}</a>', document.url, document.name)

    @admin.display(description="Größe", ordering="size")
    def size_text(self, document: Document) -> str:
        return document.size_text


def _picture(image: Image, width: int) -> str:
    width = min(width, image.width)
    return format_html(
        '<img src="{}" alt="{}" width="{}" height="{}" loading="lazy">',
        image.src,
        image.alt,
        width,
        max(1, round(image.height * width / image.width)),
    )
