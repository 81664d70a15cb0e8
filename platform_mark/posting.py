"""What a page does with a form that was posted, and with what a journey has refused of it."""

from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, QueryDict


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: an empty post is a form with nothing filled in, too."""
    return request.POST if request.method == "POST" else None


def add_refusal(form: BaseForm, refused: ValidationError) -> None:
    """Show what a journey has refused: at the field it is about where the form has it, else above all fields."""
    if not hasattr(refused, "error_dict"):
        form.add_error(None, refused)
        return
    for name, errors in refused.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)
