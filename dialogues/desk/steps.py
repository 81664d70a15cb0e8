"""One page for each step that needs a word from staff: a form, the sentence that says what will happen, one button."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from platform_mark.admin_pages import OwnPages
from platform_mark.posting import add_refusal


class StepPages(OwnPages):
    """An admin with a page for each step, behind the permission that the page asks for."""

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
        return self.step_page(request, row, form, title=title, button=button, intro=intro, back=back)

    def step_page(
        self,
        request: HttpRequest,
        row: Any,
        form: forms.BaseForm,
        *,
        title: str,
        button: str,
        intro: str = "",
        back: str = "",
    ) -> HttpResponse:
        """Only show the form, for a step that goes on to what it has made."""
        return self.page(
            request,
            "admin/dialogues/step.html",
            title=title,
            row=row,
            form=form,
            intro=intro,
            button=button,
            back=back or self.change_url(row),
            place=title,
        )
