from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import linebreaksbr
from django.utils.html import urlize
from django.utils.safestring import SafeString

from platform_mark.admin_pages import OwnPages

from . import bulk, texts
from .models import BulkMail, OutgoingMail, OutgoingMailQuerySet
from .outbox import full_text, queue_test, retry
from .texts import Text


class KindFilter(admin.AllValuesFieldListFilter):
    """The kinds by what staff call them."""

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        """The choices with the labels of the kinds."""
        for choice in super().choices(changelist):
            yield choice | {"display": texts.label(str(choice["display"]))}


@admin.register(OutgoingMail)
class OutgoingMailAdmin(admin.ModelAdmin):
    """What was sent and what is stuck. In the quick start staff see mails in full, since no mail server brings them."""

    list_display = ["subject", "to", "shown_kind", "state", "attempts", "created_at", "sent_at"]
    list_filter = ["state", ("kind", KindFilter)]
    search_fields = ["to", "subject"]
    date_hierarchy = "created_at"
    actions = ["send_again"]
    fields = [
        "subject",
        "to",
        "shown_kind",
        "state",
        "shown_text",
        "shown_calendar",
        "error",
        "attempts",
        "next_attempt_at",
        "created_at",
        "retried_at",
        "sent_at",
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutgoingMail | None = None) -> bool:
        # Nothing in a mail can be edited; the right is only asked for by the action.
        return False

    @admin.display(description="Art", ordering="kind")
    def shown_kind(self, mail: OutgoingMail) -> str:
        """What staff call its kind."""
        return texts.label(mail.kind)

    @admin.display(description="Text")
    def shown_text(self, mail: OutgoingMail) -> str:
        # There the personal links are for pressing, as they are in a mail program.
        return linebreaksbr(SafeString(urlize(full_text(mail), autoescape=True))) if settings.QUICK_START else mail.text

    @admin.display(description="Angehängt")
    def shown_calendar(self, mail: OutgoingMail) -> str:
        return "termin.ics" if mail.calendar else ""

    @admin.action(description="Noch einmal versuchen", permissions=["retry"])
    def send_again(self, request: HttpRequest, mails: OutgoingMailQuerySet) -> None:
        failed = list(mails.failed())
        for mail in failed:
            retry(mail)
        self.message_user(request, f"{len(failed)} E-Mails werden noch einmal versucht.", messages.SUCCESS)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("outbox.change_outgoingmail")


class BulkMailForm(forms.ModelForm):
    class Meta:
        model = BulkMail
        fields = ["subject", "text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 20, "cols": 90})}

    def clean(self) -> dict[str, Any]:
        """Refuse placeholders that the drafts have no words for."""
        cleaned = super().clean() or {}
        if {"subject", "text"} <= cleaned.keys():
            text = Text(cleaned["subject"], cleaned["text"].replace("\r\n", "\n"))
            texts.check(text, placeholders=self.instance.placeholders, required=["link"])
        return cleaned


@admin.register(BulkMail)
class BulkMailAdmin(OwnPages):
    """Drafts for several people. They are made where the people are chosen, and released here after a look."""

    form = BulkMailForm
    change_form_template = "admin/outbox/bulkmail/change_form.html"
    list_display = ["subject", "shown_number", "created_by", "created_at", "released_at"]
    list_filter = [("released_at", admin.EmptyFieldListFilter)]
    list_select_related = ["created_by"]
    fields = ["subject", "text", "shown_placeholders", "shown_number", "shown_preview"]
    readonly_fields = ["shown_placeholders", "shown_number", "shown_preview"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Count the recipients along."""
        return super().get_queryset(request).annotate(number=Count("mails"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A draft begins where its recipients are chosen."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: BulkMail | None = None) -> bool:
        """What went out is read, not edited."""
        return super().has_change_permission(request, obj) and (obj is None or obj.released_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: BulkMail | None = None) -> bool:
        """Drafts are discarded by their own button; what went out stays as proof."""
        return False

    def get_urls(self) -> list[Any]:
        """Add the page that asks before sending."""
        return [self.own_path("<path:object_id>/absenden/", self.release_view, "release"), *super().get_urls()]

    def release_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Name the number of recipients and ask; send to them, send a test, or discard."""
        row = self.row(request, object_id)
        if not super().has_change_permission(request, row):
            raise PermissionDenied
        try:
            if done := self._perform(request, row):
                return done
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
            return redirect(request.path if row.released_at is None else "admin:outbox_bulkmail_changelist")
        first = bulk.recipients_of(row).first()
        return self.page(
            request,
            "admin/outbox/bulkmail/release.html",
            title=f"Absenden: {row}",
            row=row,
            number=bulk.recipients_of(row).count(),
            example=bulk.preview(row, first) if first and row.released_at is None else None,
        )

    def _perform(self, request: HttpRequest, row: BulkMail) -> HttpResponse | None:
        if request.method != "POST":
            return None
        if "test" in request.POST:
            first = bulk.recipients_of(row).first()
            if first:
                queue_test(request.user.email, bulk.preview(row, first), links=bulk.link_names(first))
                self.message_user(request, "Die Testmail ist an Sie unterwegs.", messages.SUCCESS)
            return redirect(request.path)
        if "discard" in request.POST:
            bulk.discard(row)
            self.message_user(request, "Der Entwurf ist verworfen.", messages.SUCCESS)
            return redirect("admin:outbox_bulkmail_changelist")
        if "release" in request.POST:
            number = request.POST["release"]
            bulk.release(row, recipients=int(number) if number.isdecimal() else 0, by=request.user)
            self.log_change(request, row, f"An {number} Empfänger abgeschickt.")
            self.message_user(request, f"Unterwegs an {number} Empfänger.", messages.SUCCESS)
            return redirect("admin:outbox_bulkmail_changelist")
        return None

    @admin.display(description="Empfänger", ordering="number")
    def shown_number(self, row: BulkMail) -> int:
        return row.number

    @admin.display(description="Platzhalter")
    def shown_placeholders(self, row: BulkMail) -> str:
        return " ".join(f"{{{name}}}" for name in row.placeholders)

    @admin.display(description="So liest es die erste Person")
    def shown_preview(self, row: BulkMail) -> str:
        first = row.mails.order_by("pk").first()
        if first is None:
            return ""
        if row.released_at:
            return first.text
        text = bulk.preview(row, first)
        return f"{text.subject}\n\n{text.body}"
