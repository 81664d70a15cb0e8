"""Reports of barriers: taken from anybody, answered by staff within two weeks, forgotten three months later."""

from datetime import timedelta

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from platform_mark.limits import OpenForm, require_within

from .models import BarrierReport

POSTS_AN_HOUR = 10
KEEP = timedelta(days=90)
TEMPLATE = "pages/barrier_form.html"


class BarrierForm(forms.ModelForm, OpenForm):
    """Two fields and a voluntary address, with the quiet traps of every open form."""

    class Meta:
        model = BarrierReport
        fields = ["where", "what", "email"]
        widgets = {
            "what": forms.Textarea(attrs={"rows": 6}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """The form. A caught post comes back with all input, to be sent once more."""
    if request.method != "POST":
        return render(request, TEMPLATE, {"form": BarrierForm()})
    require_within("barrier", request, most=POSTS_AN_HOUR, period=timedelta(hours=1))
    form = BarrierForm(request.POST)
    if not form.is_valid():
        return render(request, TEMPLATE, {"form": form}, status=422)
    if form.is_suspicious():
        fields = {name: form.cleaned_data[name] for name in BarrierForm.Meta.fields}
        return render(request, TEMPLATE, {"form": BarrierForm(initial=fields), "ask_again": True}, status=422)
    form.save()
    return HttpResponseRedirect(reverse("barrier-sent"))


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Thanks, and when an answer comes."""
    return render(request, "pages/barrier_sent.html")


@transaction.atomic
def answered(reports: list[BarrierReport]) -> int:
    """Note that these have been answered; return how many were open."""
    open_ones = BarrierReport.objects.select_for_update().filter(pk__in=[row.pk for row in reports], answered_at=None)
    return open_ones.update(answered_at=timezone.now())


def forget_old() -> int:
    """Delete what was answered three months ago; return how many."""
    number, _ = BarrierReport.objects.filter(answered_at__lt=timezone.now() - KEEP).delete()
    return number
