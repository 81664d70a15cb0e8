from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from platform_mark.limits import require_within
from platform_mark.tokens import BadToken, keep_address

from . import suggesting
from .forms import SuggestionForm

POSTS_AN_HOUR = 10


@require_http_methods(["GET", "HEAD", "POST"])
def suggest(request: HttpRequest) -> HttpResponse:
    """The form for suggesting an example. A caught post comes back with all input, to be sent once more."""
    if request.method != "POST":
        return render(request, "practices/suggestion_form.html", {"form": SuggestionForm()})
    require_within("suggestion", request, most=POSTS_AN_HOUR, period=timedelta(hours=1))
    form = SuggestionForm(request.POST)
    if not form.is_valid():
        return render(request, "practices/suggestion_form.html", {"form": form}, status=422)
    fields = {name: form.cleaned_data[name] for name in SuggestionForm.Meta.fields}
    if form.is_suspicious():
        again = SuggestionForm(initial=fields)
        return render(request, "practices/suggestion_form.html", {"form": again, "ask_again": True}, status=422)
    suggesting.suggest(**fields)
    return HttpResponseRedirect(reverse("practices:suggest-sent"))


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """The same answer for everybody: look into your mail."""
    return render(request, "practices/suggestion_sent.html")


@require_http_methods(["GET", "HEAD", "POST"])
def suggestion(request: HttpRequest, token: str) -> HttpResponse:
    """The sender's own page: confirm by button, then see what became of it. Looking changes nothing."""
    try:
        found = suggesting.find_suggestion(token)
    except BadToken as error:
        raise Http404 from error
    if request.method == "POST":
        suggesting.confirm(found)
        return HttpResponseRedirect(reverse("practices:suggestion", args=[token]))
    practice = found.practice
    context = {"suggestion": found, "published": practice if practice and practice.is_published() else None}
    return keep_address(render(request, "practices/suggestion_detail.html", context), has_form=True)
