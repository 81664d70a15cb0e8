"""The day itself: the list to print, the badges, and the list to tick off on a telephone."""

from dataclasses import dataclass
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from .. import staff_changes
from ..models import Attendee, Dialogue, Registration
from .steps import StepPages

# Modules of white around the code, without which cameras do not find it.
QUIET = 4


@dataclass(frozen=True)
class QrCode:
    """A QR code as the path of a drawing, so that no picture has to be stored and no style is needed."""

    size: int
    path: str


def qr_code(text: str) -> QrCode:
    """The QR code that leads to `text`."""
    rows = list(segno.make(text, error="m", micro=False).matrix)
    dark = [f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, row in enumerate(rows) for x, module in enumerate(row) if module]
    return QrCode(len(rows) + 2 * QUIET, "".join(dark))


def seated_people(dialogue: Dialogue) -> list[Attendee]:
    """Everybody with a confirmed seat, sorted by company and name, those without a name last."""
    rows = Attendee.objects.filter(registration__dialogue=dialogue, registration__state=Registration.State.CONFIRMED)
    found = list(rows.select_related("registration", "seat_kind"))
    return sorted(
        found,
        key=lambda row: (row.registration.company.casefold(), row.registration_id, not row.name, row.name, row.pk),
    )


class AttendancePages(StepPages):
    """What staff need on the day: own permissions, since all of it names people."""

    def get_urls(self) -> list[Any]:
        """Add the pages of the day."""
        return [
            self.own_path("<path:object_id>/liste/", self.list_view, "participants"),
            self.own_path("<path:object_id>/schilder/", self.badges_view, "badges"),
            self.own_path("<path:object_id>/abhaken/", self.check_in_view, "check_in"),
            self.own_path("<path:object_id>/rest-fehlt/", require_POST(self.no_show_view), "no_shows"),
            *super().get_urls(),
        ]

    def list_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The list of participants for paper, with the code that leads to the one for the telephone."""
        dialogue = self._of_people(request, object_id, "view_registration")
        people = seated_people(dialogue)
        waiting = dialogue.registrations.in_line().annotate(people=Count("attendees"))
        return self.page(
            request,
            "admin/dialogues/participants.html",
            title=f"Teilnehmerliste: {dialogue}",
            place="Teilnehmerliste",
            row=dialogue,
            people=people,
            companies=len({person.registration.company.casefold() for person in people}),
            waiting=waiting,
            qr=qr_code(settings.BASE_URL + self._url(dialogue, "check_in")),
            may_check_in=request.user.has_perm("dialogues.check_in_registration"),
        )

    def badges_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Name badges with name and company, ten to a sheet of A4; who comes without a name gets a line to write on."""
        dialogue = self._of_people(request, object_id, "view_registration")
        kinds = dialogue.seat_kinds.filter(way="onsite").values_list("pk", flat=True)
        people = [person for person in seated_people(dialogue) if person.seat_kind_id in set(kinds)]
        # By the last word of the name, as one looks for a badge; those without one stay by company, as on the list.
        people.sort(key=lambda person: (not person.name, person.name.casefold().split()[-1:], person.name.casefold()))
        return self.page(
            request,
            "admin/dialogues/badges.html",
            title=f"Namensschilder: {dialogue}",
            place="Namensschilder",
            row=dialogue,
            people=people,
        )

    def check_in_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The list to tick off; one button a person, so that it works on any telephone."""
        dialogue = self._of_people(request, object_id, "check_in_registration")
        if request.method == "POST":
            return self._check_in(request, dialogue)
        people = seated_people(dialogue)
        wanted = " ".join(request.GET.get("suche", "").split())[:80]
        shown = [person for person in people if _matches(person, wanted)] if wanted else people
        return self.page(
            request,
            "admin/dialogues/check_in.html",
            title=f"Abhaken: {dialogue}",
            place="Abhaken",
            row=dialogue,
            hides_links=not self.has_view_permission(request),
            people=shown,
            wanted=wanted,
            total=len(people),
            attended=sum(person.presence == Attendee.Presence.ATTENDED for person in people),
            absent=sum(person.presence == Attendee.Presence.ABSENT for person in people),
            unknown=sum(person.presence == Attendee.Presence.UNKNOWN for person in people),
            has_begun=dialogue.has_begun(),
        )

    def no_show_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Note that everybody who was not ticked off did not come; only once the dialogue has begun."""
        dialogue = self._of_people(request, object_id, "check_in_registration")
        if not dialogue.has_begun():
            self.message_user(request, "Der Dialog hat noch nicht begonnen.", messages.ERROR)
            return redirect(self._url(dialogue, "check_in"))
        left = [person for person in seated_people(dialogue) if person.presence == Attendee.Presence.UNKNOWN]
        try:
            for person in left:
                staff_changes.check_in(person, present=False, by=request.user)  # type: ignore[arg-type]
        except ValidationError as refused:
            self.message_user(request, " ".join(refused.messages), messages.ERROR)
        else:
            self.log_change(request, dialogue, "Nicht Abgehakte als „kam nicht“ eingetragen.")
            self.message_user(request, f"{len(left)} als „kam nicht“ eingetragen.", messages.SUCCESS)
        return redirect(self._url(dialogue, "check_in"))

    def _check_in(self, request: HttpRequest, dialogue: Dialogue) -> HttpResponse:
        number = request.POST.get("person", "")
        presence = request.POST.get("da", "")
        if presence not in {"ja", "nein"} or not (number.isascii() and number.isdigit() and len(number) < 16):
            raise Http404
        person = (
            Attendee.objects.filter(registration__dialogue=dialogue, pk=number).select_related("registration").first()
        )
        if person is None:
            raise Http404
        try:
            staff_changes.check_in(person, present=presence == "ja", by=request.user)  # type: ignore[arg-type]
        except ValidationError as refused:
            self.message_user(request, " ".join(refused.messages), messages.ERROR)
        return redirect(f"{self._url(dialogue, 'check_in')}#person-{person.pk}")

    def _of_people(self, request: HttpRequest, object_id: str, right: str) -> Dialogue:
        """The dialogue of a page that names people, for who has the right to see them."""
        self.allow(request, right)
        return self.row(request, object_id)

    def _url(self, dialogue: Dialogue, name: str) -> str:
        return reverse(f"admin:dialogues_dialogue_{name}", args=[dialogue.pk])


def _matches(person: Attendee, wanted: str) -> bool:
    words = wanted.casefold().split()
    text = f"{person.name} {person.registration.company} {person.registration.contact_name}".casefold()
    return all(word in text for word in words)
