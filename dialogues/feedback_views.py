from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from platform_mark.tokens import BadToken, keep_address

from . import feedback as journey
from .feedback import FeedbackRefused, Stage
from .models import Feedback


class FeedbackForm(forms.ModelForm):
    """Three marks and one free answer; nothing is chosen beforehand."""

    class Meta:
        model = Feedback
        fields = ["was_useful", "was_fitting", "will_act", "comment"]
        help_texts = {"comment": "Bitte nennen Sie keine Namen: Wir wollen nicht wissen, wer hier schreibt."}
        widgets = {"comment": forms.Textarea(attrs={"rows": 4})}

    was_useful = forms.TypedChoiceField(coerce=int, widget=forms.RadioSelect, choices=Feedback.MARKS)
    was_fitting = forms.TypedChoiceField(coerce=int, widget=forms.RadioSelect, choices=Feedback.MARKS)
    will_act = forms.TypedChoiceField(coerce=int, widget=forms.RadioSelect, choices=Feedback.MARKS)
    field_order = ["was_useful", "was_fitting", "will_act", "comment"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for name in journey.QUESTIONS:
            self.fields[name].label = Feedback._meta.get_field(name).verbose_name
            self.fields[name].error_messages |= {
                "required": "Wählen Sie bitte eine Antwort.",
                "invalid_choice": "Wählen Sie bitte eine der fünf Antworten.",
            }


@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request: HttpRequest, token: str) -> HttpResponse:
    """The four questions behind the link of the thank-you mail. Looking changes nothing."""
    try:
        registration = journey.find_registration(token)
    except BadToken as error:
        raise Http404 from error
    stage = journey.stage(registration)
    form = FeedbackForm(request.POST) if request.method == "POST" and stage is Stage.OPEN else FeedbackForm()
    if form.is_bound and form.is_valid():
        try:
            journey.give(registration, **{name: form.cleaned_data[name] for name in FeedbackForm.Meta.fields})
        except FeedbackRefused:
            # Somebody pressed twice: the page below says where it stands.
            stage = journey.stage(journey.find_registration(token))
        else:
            return HttpResponseRedirect(reverse("dialogues:feedback", args=[token]))
    context = {"dialogue": registration.dialogue, "form": form, "stage": stage.value}
    status = 422 if form.is_bound and form.errors else 200
    return keep_address(render(request, "dialogues/feedback_form.html", context, status=status), has_form=True)
