"""The page that people open on their telephones in the room: ask, press "me too", answer a poll."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from platform_mark.limits import TooManyRequests, client_network, is_within, require_within

from ..models import Dialogue
from . import asking
from .asking import RoomRefused
from .forms import AskForm
from .models import Poll, RoomQuestion

TEN_MINUTES = timedelta(minutes=10)
# A whole hall sits behind one address.
PRESSES, PRESSES_OF_DIALOGUE, QUESTIONS = 600, 3_000, 60
THANKS = {
    "frage": "Danke, Ihre Frage ist angekommen. Die Moderation liest sie. Nimmt sie die Frage auf, steht sie hier für alle.",
    "auch": "Gezählt.",
    "wahl": "Danke, Ihre Antwort ist gezählt.",
}


@require_http_methods(["GET", "HEAD", "POST"])
def room(request: HttpRequest, slug: str) -> HttpResponse:
    """The questions of one dialogue; looking changes nothing, and outside the hours it says when to come."""
    dialogue = get_object_or_404(Dialogue.objects.published(), slug=slug)
    if request.method != "POST":
        return _page(request, dialogue, AskForm(), thanks=THANKS.get(request.GET.get("danke", ""), ""))
    if "text" in request.POST:
        return _ask(request, dialogue)
    _require_within_limits(request, dialogue)
    number = request.POST.get("seite", "")
    try:
        if "auch" in request.POST:
            asking.press(dialogue, _key(request.POST["auch"]), number=number)
            done = "auch"
        else:
            asking.answer(dialogue, _key(request.POST.get("wahl", "")), number=number)
            done = "wahl"
    except RoomRefused as refused:
        return _page(request, dialogue, AskForm(), status=409, refusal=" ".join(refused.messages))
    return HttpResponseRedirect(f"{reverse('dialogues:room', args=[dialogue.slug])}?danke={done}")


def _ask(request: HttpRequest, dialogue: Dialogue) -> HttpResponse:
    form = AskForm(request.POST)
    most = QUESTIONS * settings.POST_LIMIT_FACTOR
    if not is_within("room-question", client_network(request), most=most, period=TEN_MINUTES):
        form.add_error(None, "Von hier kamen gerade sehr viele Fragen. Warten Sie bitte zehn Minuten.")
        return _page(request, dialogue, form, status=429)
    if not form.is_valid():
        return _page(request, dialogue, form, status=422)
    text = form.cleaned_data["text"]
    if form.is_suspicious():
        return _page(request, dialogue, AskForm(initial={"text": text}), status=422, ask_again=True)
    try:
        asking.ask(dialogue, text)
    except RoomRefused as refused:
        form.add_error(None, refused.messages)
        return _page(request, dialogue, form, status=409)
    return HttpResponseRedirect(f"{reverse('dialogues:room', args=[dialogue.slug])}?danke=frage")


def _page(
    request: HttpRequest,
    dialogue: Dialogue,
    form: AskForm,
    *,
    status: int = 200,
    thanks: str = "",
    refusal: str = "",
    ask_again: bool = False,
) -> HttpResponse:
    is_open = asking.is_open(dialogue)
    polls = Poll.objects.filter(dialogue=dialogue).prefetch_related("choices")
    context = {
        "dialogue": dialogue,
        "is_open": is_open,
        # What somebody typed stays to be copied, even when the room has closed meanwhile.
        "form": form if is_open or form.is_bound or ask_again else None,
        "thanks": thanks,
        "refusal": refusal,
        "ask_again": ask_again,
        "number": asking.page_number(),
        "questions": RoomQuestion.objects.shown().filter(dialogue=dialogue) if is_open else [],
        "poll": polls.running().first() if is_open else None,
        "ended": polls.ended() if is_open else [],
    }
    response = render(request, "dialogues/room.html", context, status=status)
    # Everybody is to see what is asked now.
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _key(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Http404
    return int(text)


def _require_within_limits(request: HttpRequest, dialogue: Dialogue) -> None:
    require_within("room-press", request, most=PRESSES, period=TEN_MINUTES)
    most = PRESSES_OF_DIALOGUE * settings.POST_LIMIT_FACTOR
    if not is_within("room-press-of", str(dialogue.pk), most=most, period=TEN_MINUTES):
        raise TooManyRequests(TEN_MINUTES)
