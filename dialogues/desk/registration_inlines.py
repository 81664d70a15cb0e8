"""The people, the answers and the history of a booking, shown below it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ..models import Answer, Attendee, RegistrationEvent


class PeopleInline(admin.TabularInline):
    """Shown, never edited: the person changes them by their link, staff by a step."""

    can_delete = False
    extra = 0
    classes = ["people"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may see a booking may see its parts."""
        return request.user.has_perm("dialogues.view_registration")


class AttendeeInline(PeopleInline):
    model = Attendee
    fields = ["shown_name", "seat_kind", "role", "presence"]
    readonly_fields = fields  # type: ignore[assignment]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("seat_kind")

    @admin.display(description="Name")
    def shown_name(self, attendee: Attendee) -> str:
        """The name, or what stands for one."""
        return attendee.name or "N.N."


class AnswerInline(PeopleInline):
    model = Answer
    fields = ["question", "shown_texts"]
    readonly_fields = fields  # type: ignore[assignment]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("question")

    @admin.display(description="Antwort")
    def shown_texts(self, answer: Answer) -> str:
        """All that was chosen, on one line."""
        return ", ".join(answer.texts)


class EventInline(PeopleInline):
    model = RegistrationEvent
    fields = ["at", "shown_action", "to_state", "people", "note", "by"]
    readonly_fields = fields  # type: ignore[assignment]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("by")

    @admin.display(description="Was")
    def shown_action(self, event: RegistrationEvent) -> str:
        """What happened, in words."""
        return ACTIONS.get(event.action, event.action)


# What the journey functions write into the history of a booking.
ACTIONS = {
    "signed-up": "Angemeldet",
    "signed-up-by-staff": "Von uns angemeldet",
    "signed-up-anew": "Noch einmal angemeldet, mit anderen Angaben",
    "confirmed": "Adresse bestätigt",
    "accepted": "Angenommen",
    "rejected": "Nicht angenommen",
    "cancelled": "Storniert",
    "party-changed": "Personen geändert",
    "contact-renamed": "Ansprechperson umbenannt",
    "handed-over": "Übergeben",
    "moved-in": "Umgebucht hierher",
    "moved-out": "Umgebucht",
    "entered": "Eingetragen",
    "checked-in": "Abgehakt: war da",
    "absent": "Abgehakt: kam nicht",
    "link-resent": "Link noch einmal gesendet",
    "erased": "Daten gelöscht",
    "offer-accepted": "Angebot angenommen",
    "offer-declined": "Angebot abgelehnt",
    "offer-expired": "Angebot verfallen",
    "offered": "Platz angeboten",
    "promoted": "Nachgerückt",
    "expired": "Nicht bestätigt, verfallen",
    "waits-on": "Wartet weiter",
    "part-ended": "Teil beendet",
    "merged": "Zusammengelegt",
    "starter": "Startinhalt",
}
