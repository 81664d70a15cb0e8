"""The staff's page for the texts of all mails: what each may name, a preview, a test mail, and the way back."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from dialogues import mails as dialogue_mails
from platform_mark.admin_pages import OwnPages
from platform_mark.alerts import mails as alert_mails
from platform_mark.mail import texts
from platform_mark.mail.models import MailText
from platform_mark.mail.outbox import queue_test
from platform_mark.mail.texts import MailKind, Text
from practices import mails as practice_mails

KINDS: dict[str, MailKind] = {
    kind.name: kind
    for kind in (*dialogue_mails.KINDS.values(), *practice_mails.KINDS.values(), *alert_mails.KINDS.values())
}


class MailTextForm(forms.ModelForm):
    class Meta:
        model = MailText
        fields = ["subject", "text"]
        widgets = {
            "subject": forms.TextInput(attrs={"size": 90}),
            "text": forms.Textarea(attrs={"rows": 26, "cols": 90}),
        }

    def __init__(self, *args: Any, kind: MailKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind

    def clean(self) -> dict[str, Any]:
        """Refuse unknown placeholders and the loss of those that the mail needs."""
        cleaned = super().clean() or {}
        if {"subject", "text"} <= cleaned.keys():
            texts.check(self.typed(), placeholders=self.kind.placeholders, required=self.kind.required)
        return cleaned

    def typed(self) -> Text:
        """What stands in the form."""
        return Text(self.cleaned_data["subject"], self.cleaned_data["text"].replace("\r\n", "\n").strip())


@admin.register(MailText)
class MailTextAdmin(OwnPages):
    """One line for each kind of mail, changed or not; a row exists only for those that were changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The kinds are given."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MailText | None = None) -> bool:
        """Going back to the shipped text has its own button."""
        return False

    def get_urls(self) -> list[Any]:
        """Add the page of one kind."""
        return [self.own_path("art/<slug:name>/", self.edit_view, "edit"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """List the kinds, not the rows."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        changed = {row.kind: row for row in MailText.objects.select_related("updated_by")}
        return self.page(
            request,
            "admin/outbox/mailtext/list.html",
            title="E-Mail-Texte",
            kinds=[(kind, changed.get(name), texts.current(kind).subject) for name, kind in KINDS.items()],
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A row is changed on the page of its kind."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return self.edit_view(request, row.kind)

    def edit_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show and change the text of one kind. Preview and test mail take what stands in the form, saved or not."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        kind = KINDS.get(name)
        if kind is None:
            raise Http404
        if request.method == "POST" and not self.has_change_permission(request):
            raise PermissionDenied
        row = MailText.objects.filter(kind=name).first()
        if "reset" in request.POST:
            return self._reset(request, row, kind)
        now = texts.current(kind)
        form = MailTextForm(
            request.POST or None,
            instance=row or MailText(kind=name),
            initial={"subject": now.subject, "text": now.body},
            kind=kind,
        )
        shown = now
        if request.method == "POST" and form.is_valid():
            shown = form.typed()
            if "save" in request.POST:
                return self._save(request, form)
            if "test" in request.POST:
                self._send_test(request, kind, shown)
        return self.page(
            request,
            "admin/outbox/mailtext/edit.html",
            status=422 if form.is_bound and form.errors else 200,
            title=kind.label,
            kind=kind,
            row=row,
            form=form,
            placeholders=[(name, words, name in kind.required) for name, words in kind.placeholders.items()],
            example=None if form.is_bound and form.errors else self._filled(request, kind, shown),
            may_change=self.has_change_permission(request),
        )

    def _save(self, request: HttpRequest, form: MailTextForm) -> HttpResponse:
        row = form.save(commit=False)
        row.text = form.typed().body
        row.updated_by = request.user
        row.save()
        self.log_change(request, row, "Text geändert.")
        self.message_user(request, f"Gespeichert. „{form.kind.label}“ geht ab jetzt so hinaus.", messages.SUCCESS)
        return redirect(reverse("admin:outbox_mailtext_changelist"))

    def _reset(self, request: HttpRequest, row: MailText | None, kind: MailKind) -> HttpResponse:
        if row is not None:
            self.log_change(request, row, "Auf den mitgelieferten Text zurückgesetzt.")
            row.delete()
        self.message_user(request, f"Für „{kind.label}“ gilt wieder der mitgelieferte Text.", messages.SUCCESS)
        return redirect("admin:outbox_mailtext_edit", kind.name)

    def _send_test(self, request: HttpRequest, kind: MailKind, text: Text) -> None:
        example = kind.example(self._may_see_people(request))
        filled = self._filled(request, kind, text)
        queue_test(request.user.email, filled, links=example.links, calendar=example.calendar)
        self.message_user(request, "Die Testmail ist an Sie unterwegs. Gespeichert ist noch nichts.", messages.SUCCESS)

    def _filled(self, request: HttpRequest, kind: MailKind, text: Text) -> Text:
        example = kind.example(self._may_see_people(request))
        filled = texts.fill(text, example.values, example.links)
        return Text(filled.subject, f"{filled.body}\n\n{texts.closing()}")

    def _may_see_people(self, request: HttpRequest) -> bool:
        # Real data are people's; who may not read sign-ups sees made-up ones.
        return request.user.has_perms(["dialogues.view_registration", "practices.view_suggestion"])
