from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from platform_mark.limits import OpenForm, require_within

from . import proposing
from .models import Activity, Proposal

POSTS_AN_HOUR = 10


class ProposalForm(forms.ModelForm, OpenForm):
    """Two fields, and the quiet traps of every open form."""

    class Meta:
        model = Proposal
        fields = ["text", "email"]
        help_texts = {
            "text": "Ein Satz genügt: „Die Telefonnummer gehört jetzt jemand anderem.“ Bitte keine Namen von Personen.",
            "email": "Für eine Antwort. Wir löschen sie 30 Tage danach.",
        }
        widgets = {
            "text": forms.Textarea(attrs={"rows": 5}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].error_messages["required"] = "Schreiben Sie, was nicht mehr stimmt."


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what is wrong in a public entry, without an account. A caught post comes back with all input."""
    activity = get_object_or_404(Activity.objects.readable(among_actors=False).select_related("actor"), slug=slug)
    context: dict[str, Any] = {"activity": activity, "form": ProposalForm()}
    if request.method != "POST":
        return render(request, "actors/proposal_form.html", context)
    require_within("proposal", request, most=POSTS_AN_HOUR, period=timedelta(hours=1))
    form = ProposalForm(request.POST)
    if not form.is_valid():
        return render(request, "actors/proposal_form.html", {**context, "form": form}, status=422)
    fields = {name: form.cleaned_data[name] for name in ProposalForm.Meta.fields}
    if form.is_suspicious():
        context |= {"form": ProposalForm(initial=fields), "ask_again": True}
        return render(request, "actors/proposal_form.html", context, status=422)
    proposing.propose(activity, **fields)
    return HttpResponseRedirect(reverse("actors:proposed", args=[slug]))


@require_safe
def proposed(request: HttpRequest, slug: str) -> HttpResponse:
    """Thanks, and what happens next."""
    activity = get_object_or_404(Activity.objects.readable(among_actors=False), slug=slug)
    return render(request, "actors/proposal_sent.html", {"activity": activity})
