"""One page for each step that needs a word from staff: a form, the sentence that says what will happen, one button."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse


class StepPages(admin.ModelAdmin):
    """An admin with pages of its own, each behind the permission that the page asks for."""

    def page(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        """Answer with one of our templates, in the frame of the administration."""
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        whole = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, **context}
        return TemplateResponse(request, f"admin/dialogues/{template}.html", whole)

    def step(
        self,
        request: HttpRequest,
        row: Any,
        form: forms.BaseForm,
        *,
        title: str,
        button: str,
        run: Callable[[dict[str, Any]], str],
        intro: str = "",
        back: str = "",
        then: str = "",
    ) -> HttpResponse:
        """Show the form; when it is sent and right, run the step, say what came of it and go on to `then`.

        `run` takes the cleaned data and returns the sentence that says what happened; what it refuses is shown in the form.
        """
        back = back or self.change_url(row)
        if request.method == "POST" and form.is_valid():
            try:
                done = run(form.cleaned_data)
            except ValidationError as refused:
                add_refusal(form, refused)
            else:
                self.message_user(request, done, messages.SUCCESS)
                return redirect(then or back)
        return self.page(
            request, "step", title=title, row=row, form=form, intro=intro, button=button, back=back, place=title
        )

    def row(self, request: HttpRequest, object_id: str) -> Any:
        """The object of a page, or 404."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        return row

    def allow(self, request: HttpRequest, *rights: str) -> None:
        """Let pass who has all of these rights on this model; raises PermissionDenied."""
        for right in rights:
            if not request.user.has_perm(f"{self.opts.app_label}.{right}"):
                raise PermissionDenied

    def own_path(self, route: str, view: Callable[..., Any], name: str) -> Any:
        """A page of this admin, guarded as all of them are."""
        own = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return path(route, self.admin_site.admin_view(view), name=own)

    def change_url(self, row: Any) -> str:
        """The page of one object."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])


def add_refusal(form: forms.BaseForm, refused: ValidationError) -> None:
    """Show what a journey refused: at the field it is about where the form has it, else above all fields."""
    if not hasattr(refused, "error_dict"):
        form.add_error(None, refused)
        return
    for name, errors in refused.error_dict.items():
        form.add_error(name if name in form.fields and name != NON_FIELD_ERRORS else None, errors)
