"""The room for staff: open it, sort what is asked, run polls, show it large, and take it into the report."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from ..models import Dialogue
from ..room import asking, moderating
from ..room.asking import RoomRefused
from ..room.models import LONGEST, MOST_CHOICES, Poll, RoomQuestion
from .attendance import qr_code
from .steps import StepPages, add_refusal

# The seconds after which the large page loads itself anew, where staff ask for that.
PACE = 15
# What the large page holds without scrolling.
LARGE = 6


class PollForm(forms.Form):
    text = forms.CharField(label="Frage", max_length=200)
    choices = forms.CharField(
        label="Antworten zur Wahl",
        help_text=f"Zwei bis {MOST_CHOICES} Antworten, eine je Zeile, je höchstens 80 Zeichen.",
        max_length=MOST_CHOICES * LONGEST,
        widget=forms.Textarea(attrs={"rows": MOST_CHOICES}),
    )


class RoomPages(StepPages):
    """The pages of the question time, for whoever may change the dialogue."""

    def get_urls(self) -> list[Any]:
        """Add the pages of the room."""
        return [
            self.own_path("<path:object_id>/fragen/", self.room_view, "room"),
            self.own_path("<path:object_id>/fragen/blatt/", self.room_sheet_view, "room_sheet"),
            self.own_path("<path:object_id>/fragen/leinwand/", self.room_screen_view, "room_screen"),
            *super().get_urls(),
        ]

    def room_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What was asked, sorted by what is to be done, and the polls; each button is one step."""
        self.allow(request, "change_dialogue")
        dialogue: Dialogue = self.row(request, object_id)
        form = PollForm(request.POST if "text" in request.POST else None)
        if request.method == "POST":
            if not form.is_bound:
                return self._step(request, dialogue)
            if form.is_valid():
                try:
                    moderating.write_poll(
                        dialogue, form.cleaned_data["text"], form.cleaned_data["choices"].splitlines()
                    )
                except RoomRefused as refused:
                    add_refusal(form, refused)
                else:
                    self.message_user(request, "Die Umfrage liegt bereit.", messages.SUCCESS)
                    return redirect(self._room(dialogue))
        questions = list(dialogue.room_questions.order_by("-presses", "pk"))
        return self.page(
            request,
            "admin/dialogues/room.html",
            title=f"Fragerunde: {dialogue}",
            place="Fragerunde",
            row=dialogue,
            form=form,
            is_open=asking.is_open(dialogue),
            groups=[
                (str(state.label).capitalize(), state, [row for row in questions if row.state == state])
                for state in RoomQuestion.State
            ],
            number=len(questions),
            polls=dialogue.polls.prefetch_related("choices"),
            address=self._address(dialogue),
        )

    def room_sheet_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A sheet for the wall or the tables, with the code that leads to the page for everybody."""
        self.allow(request, "change_dialogue")
        dialogue: Dialogue = self.row(request, object_id)
        address = self._address(dialogue)
        return self.page(
            request,
            "admin/dialogues/room_sheet.html",
            title="Was möchten Sie fragen?",
            place="Aushang",
            row=dialogue,
            address=address,
            qr=qr_code(address),
        )

    def room_screen_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The running poll and the questions in large letters. It loads itself anew only where staff ask for that."""
        self.allow(request, "change_dialogue")
        dialogue: Dialogue = self.row(request, object_id)
        is_moving = "laufend" in request.GET
        polls = Poll.objects.filter(dialogue=dialogue).prefetch_related("choices")
        context = {
            "row": dialogue,
            "is_moving": is_moving,
            "pace": PACE,
            "is_open": asking.is_open(dialogue),
            "poll": polls.running().first(),
            "last": polls.ended().first(),
            "questions": RoomQuestion.objects.shown().filter(dialogue=dialogue, state=RoomQuestion.State.SHOWN)[:LARGE],
            "address": self._address(dialogue),
            "qr": qr_code(self._address(dialogue)),
        }
        response = TemplateResponse(request, "admin/dialogues/room_screen.html", context)
        if is_moving:
            response.headers["Refresh"] = str(PACE)
        return response

    def _step(self, request: HttpRequest, dialogue: Dialogue) -> HttpResponse:
        """One press of a button."""
        posted = request.POST
        try:
            if "oeffnen" in posted:
                moderating.open_room(dialogue)
                done = "Die Fragerunde ist eingeschaltet. Geöffnet ist sie am Tag des Dialogs."
            elif "schliessen" in posted:
                moderating.close_room(dialogue)
                done = "Die Fragerunde ist geschlossen."
            elif "starten" in posted:
                moderating.start_poll(dialogue, _key(posted["starten"]))
                done = "Die Umfrage läuft."
            elif "beenden" in posted:
                moderating.end_poll(dialogue)
                done = "Die Umfrage ist beendet. Das Ergebnis sehen jetzt alle."
            elif "verwerfen" in posted:
                moderating.drop_poll(dialogue, _key(posted["verwerfen"]))
                done = "Die Umfrage ist verworfen."
            elif "uebernehmen" in posted:
                self.allow(request, "change_dialogue", "change_report")
                moderating.take_into_report(dialogue, by=request.user)  # type: ignore[arg-type]
                done = "Fragen und Ergebnisse stehen im Nachbericht unter der Zusammenfassung. Bitte lesen Sie sie dort durch."
                self.log_change(request, dialogue, "Fragen und Umfragen in den Nachbericht übernommen.")
            elif posted.get("stand") in RoomQuestion.State.values:
                if not moderating.sort(dialogue, _key(posted.get("frage", "")), posted["stand"]):
                    raise Http404
                return redirect(f"{self._room(dialogue)}#fragen")
            else:
                raise Http404
        except RoomRefused as refused:
            self.message_user(request, " ".join(refused.messages), messages.ERROR)
        else:
            self.message_user(request, done, messages.SUCCESS)
        return redirect(self._room(dialogue))

    def _room(self, dialogue: Dialogue) -> str:
        return reverse("admin:dialogues_dialogue_room", args=[dialogue.pk])

    def _address(self, dialogue: Dialogue) -> str:
        return settings.BASE_URL + reverse("dialogues:room", args=[dialogue.slug])


def _key(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Http404
    return int(text)
