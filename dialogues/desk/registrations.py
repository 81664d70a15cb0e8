"""Participants: found, answered, written to and handed out as a list. Every change is a journey function."""

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from platform_mark.admin_pages import LoggedByNumber
from platform_mark.file_pages import ExportForm, ExportPages
from platform_mark.posting import add_refusal, posted

from .. import registration as signing_up
from .. import staff_changes
from ..mails import draft_message
from ..models import Attendee, Dialogue, Registration
from . import participant_files
from .registration_forms import MessageForm, ReasonForm, SignUpForm, bookable
from .registration_inlines import AnswerInline, AttendeeInline, EventInline
from .registration_steps import STEPS, Step
from .steps import StepPages

State = Registration.State

MOST_AT_ONCE = 500


class TodoFilter(admin.SimpleListFilter):
    title = "Was zu tun ist"
    parameter_name = "zu-tun"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("entscheiden", "Annehmen oder ablehnen"),
            ("angebot", "Angebot läuft"),
            ("ohne-adresse", "Ohne E-Mail"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Narrow the list by what was chosen."""
        match self.value():
            case "entscheiden":
                return queryset.filter(Registration.TO_DECIDE, dialogue__ends_at__gt=timezone.now())
            case "angebot":
                return queryset.filter(state=State.OFFERED)
            case "ohne-adresse":
                return queryset.filter(email="", anonymised_at=None, state__in=Registration.LIVING)
        return queryset


class TimeFilter(admin.SimpleListFilter):
    title = "Dialog"
    parameter_name = "wann"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("kommend", "Kommend"), ("vorbei", "Vorbei")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Narrow the list by what was chosen."""
        now = timezone.now()
        chosen = {"kommend": Q(dialogue__ends_at__gt=now), "vorbei": Q(dialogue__ends_at__lte=now)}.get(
            self.value() or ""
        )
        return queryset.filter(chosen) if chosen else queryset


class RegistrationAdmin(LoggedByNumber, ExportPages, StepPages):
    change_form_template = "admin/dialogues/registration_form.html"
    list_display = ["shown_company", "contact_name", "dialogue", "shown_people", "shown_state", "created_at"]
    list_filter = [
        TodoFilter,
        TimeFilter,
        "state",
        ("needs", admin.EmptyFieldListFilter),
        ("branch", admin.RelatedOnlyFieldListFilter),
        "size",
    ]
    list_select_related = ["dialogue"]
    list_per_page = 100
    search_fields = ["company", "contact_name", "email", "attendees__name", "dialogue__title"]
    search_help_text = "Betrieb, Ansprechperson, E-Mail-Adresse, Name oder Dialog"
    ordering = ["-created_at", "-pk"]
    actions = ["accept_rows", "reject_rows", "message_rows", "export_rows"]
    inlines = [AttendeeInline, AnswerInline, EventInline]
    fieldsets = [
        (None, {"fields": ["dialogue", "company", ("contact_name", "email"), ("size", "branch"), "group"]}),
        ("Stand", {"fields": ["shown_state", "offered_until", "seated_early_because", "reject_reason"]}),
        ("Hinweise", {"fields": ["needs", "needs_agreed_at"]}),
        (
            "Zeiten und Einwilligungen",
            {
                "fields": [
                    "created_at",
                    "confirmed_at",
                    "ended_at",
                    "news_agreed_at",
                    "list_agreed_at",
                    "notice_version",
                ]
            },
        ),
    ]
    # The company's name may be mistyped; all else belongs to a step.
    editable = ("company", "size", "branch")

    # ------------------------------------------------------------ rights

    def get_readonly_fields(self, request: HttpRequest, obj: Registration | None = None) -> list[str]:
        names = [name for _, options in self.fieldsets for entry in options["fields"] for name in _flat(entry)]
        return [name for name in names if name not in self.editable]

    def has_delete_permission(self, request: HttpRequest, obj: Registration | None = None) -> bool:
        """Rows stay as counts; what is personal is erased by its step."""
        return False

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("dialogues.export_registration")

    def save_model(self, request: HttpRequest, obj: Registration, form: Any, change: bool) -> None:
        """Write only what was typed: a booking may change its state in the same second."""
        if form.changed_data:
            obj.save(update_fields=[name for name in form.changed_data if name in self.editable])

    # ------------------------------------------------------------ list

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """With the number of people and the place in line."""
        people = Attendee.objects.filter(registration=OuterRef("pk")).order_by().values("registration")
        # As `seats.place_in_line` tells it to the person: those who wait for the same kind of seat.
        kinds = Attendee.objects.filter(registration=OuterRef(OuterRef("pk"))).values("seat_kind")
        before = (
            Registration.objects.filter(
                dialogue=OuterRef("dialogue"), state=State.WAITING, waiting_number__lte=OuterRef("waiting_number")
            )
            .filter(attendees__seat_kind__in=kinds)
            .order_by()
            .values("dialogue")
        )
        return (
            super()
            .get_queryset(request)
            .annotate(
                people=Coalesce(Subquery(people.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0),
                place=Subquery(before.annotate(n=Count("pk", distinct=True)).values("n"), output_field=IntegerField()),
            )
        )

    @admin.display(description="Betrieb", ordering="company")
    def shown_company(self, registration: Registration) -> str:
        """The company, or that it has been forgotten."""
        if registration.anonymised_at:
            return f"gelöscht ({registration.pk})"
        return f"{registration} (Teil)" if registration.part_of_id else str(registration)

    @admin.display(description="Personen", ordering="people")
    def shown_people(self, registration: Registration) -> int:
        """How many come or want to."""
        return registration.people

    @admin.display(description="Stand", ordering="state")
    def shown_state(self, registration: Registration) -> str:
        """The state in words, with the place in line and what it waits for."""
        if registration.state == State.PENDING:
            return "Wartet auf Ihre Entscheidung" if registration.confirmed_at else "E-Mail nicht bestätigt"
        label = str(registration.get_state_display())
        if registration.state == State.WAITING:
            return f"{label}, Platz {registration.place}"
        if registration.state == State.OFFERED and registration.offered_until:
            return f"{label} bis {timezone.localtime(registration.offered_until):%d.%m., %H:%M} Uhr"
        return label

    # ------------------------------------------------------------ pages of its own

    def get_urls(self) -> list[Any]:
        """Add the export, the answer to several, and a page for each step."""
        return [
            self.own_path("export/", self.export_view, "export"),
            *(self.own_path(f"<path:object_id>/{step.route}/", self._step_view(step), step.name) for step in STEPS),
            *super().get_urls(),
        ]

    def _step_view(self, step: Step) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            self.allow(request, "change_registration")
            registration: Registration = self.row(request, object_id)
            if not step.fits(registration):
                self.message_user(request, f"Das geht nicht mehr: „{self.shown_state(registration)}“.", messages.ERROR)
                return redirect(self.change_url(registration))

            def run(data: dict[str, Any]) -> str:
                done = step.run(registration, data, request.user)
                self.log_change(request, registration, f"{step.title}.")
                return done

            form = step.form(posted(request), registration=registration)
            return self.step(
                request, registration, form, title=step.title, intro=step.intro, button=step.button, run=run
            )

        return view

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Offer the steps that make sense now."""
        registration: Registration | None = kwargs.get("obj")
        context["show_save_and_add_another"] = False
        if registration is not None and self.has_change_permission(request):
            context["steps"] = [
                (reverse(f"admin:dialogues_registration_{step.name}", args=[registration.pk]), step.title)
                for step in STEPS
                if step.fits(registration)
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Sign somebody up on behalf: first the dialogue, then who comes."""
        self.allow(request, "add_registration")
        wanted = request.GET.get("dialog", "")
        if not wanted:
            return self.page(
                request,
                "admin/dialogues/choose_dialogue.html",
                title="Jemanden anmelden",
                place="Jemanden anmelden",
                dialogues=bookable().select_related("municipality"),
            )
        is_number = wanted.isascii() and wanted.isdigit() and len(wanted) < 16
        dialogue = bookable().filter(pk=wanted).first() if is_number else None
        if dialogue is None:
            raise Http404
        form = SignUpForm(posted(request), dialogue=dialogue)
        if request.method == "POST" and form.is_valid():
            try:
                made = signing_up.sign_up_for(dialogue, **form.cleaned_data, by=request.user)  # type: ignore[arg-type]
            except ValidationError as refused:
                add_refusal(form, refused)
            else:
                self.log_change(request, made, "Von uns angemeldet.")
                self.message_user(request, f"Angemeldet: {made.get_state_display()}.", messages.SUCCESS)
                return redirect(self.change_url(made))
        return self.page(
            request,
            "admin/dialogues/step.html",
            title=f"Anmelden: {dialogue}",
            place="Jemanden anmelden",
            row=None,
            form=form,
            intro="Die Anmeldung gilt sofort. Sagen Sie der Person, dass wir ihre Angaben bis "
            f"{dialogue.retention_days} Tage nach dem Dialog speichern und wo die Datenschutzhinweise stehen.",
            button="Anmelden",
            back=reverse("admin:dialogues_registration_changelist"),
        )

    # ------------------------------------------------------------ several at once

    @admin.action(description="Annehmen", permissions=["change"])
    def accept_rows(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._decide_all(request, queryset, accept=True)

    @admin.action(description="Nicht annehmen, mit Grund", permissions=["change"])
    def reject_rows(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Ask for the reason first; it goes to all of them."""
        is_answered = "reason" in request.POST
        form = ReasonForm(request.POST if is_answered else None)
        if is_answered and form.is_valid():
            self._decide_all(request, queryset, accept=False, reason=form.cleaned_data["reason"])
            return None
        rows = self._few_enough(request, queryset)
        if not rows:
            return None
        return self.page(
            request,
            "admin/dialogues/selection.html",
            title="Nicht annehmen, mit Grund",
            place="Nicht annehmen",
            row=None,
            form=form,
            action="reject_rows",
            rows=rows,
            intro=_of(len(rows), "Anmeldung bekommt", "Anmeldungen bekommen") + " eine E-Mail mit diesem Grund.",
            button="Nicht annehmen und E-Mails schicken",
            back=reverse("admin:dialogues_registration_changelist"),
        )

    @admin.action(description="Nachricht schreiben", permissions=["change"])
    def message_rows(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Draft a mail to the chosen ones who still come or want to; it goes out when somebody has read and releases it."""
        chosen = queryset.count()
        queryset = queryset.living()
        is_written = "subject" in request.POST
        form = MessageForm(request.POST if is_written else None)
        if is_written and form.is_valid():
            try:
                bulk = draft_message(
                    queryset.select_related("dialogue", "part_of__dialogue"), by=request.user, **form.cleaned_data
                )
            except ValidationError as refused:
                add_refusal(form, refused)
            else:
                number = _of(bulk.mails.count(), "Empfänger", "Empfänger")
                self.message_user(
                    request, f"Entwurf an {number}. Prüfen Sie ihn und schicken Sie ihn dann ab.", messages.SUCCESS
                )
                return redirect("admin:outbox_bulkmail_change", bulk.pk)
        rows = self._few_enough(request, queryset)
        if not rows:
            if not queryset.exists():
                self.message_user(request, "Von den gewählten Anmeldungen gilt keine mehr.", messages.ERROR)
            return None
        ended = _of(chosen - len(rows), "Anmeldung, die nicht mehr gilt", "Anmeldungen, die nicht mehr gelten")
        left_out = f" Nicht dabei: {ended}." if chosen > len(rows) else ""
        return self.page(
            request,
            "admin/dialogues/selection.html",
            title="Nachricht schreiben",
            place="Nachricht",
            row=None,
            form=form,
            action="message_rows",
            rows=rows,
            intro="Das wird ein Entwurf. Er geht erst hinaus, wenn Sie ihn auf der nächsten Seite abschicken. Wer seine Adresse "
            f"nicht bestätigt hat, bekommt nichts.{left_out}",
            button="Entwurf anlegen",
            back=reverse("admin:dialogues_registration_changelist"),
        )

    @admin.action(description="Teilnehmerliste ausgeben", permissions=["export"])
    def export_rows(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse:
        """Lead to the export of the chosen rows, or of the whole list as it is filtered."""
        return self.to_export(request, queryset)

    def _few_enough(self, request: HttpRequest, queryset: QuerySet) -> list[Registration]:
        """The chosen rows; none, and a word why, where the next page could not carry them all on."""
        rows = list(queryset[: MOST_AT_ONCE + 1])
        if len(rows) <= MOST_AT_ONCE:
            return rows
        self.message_user(request, f"Bitte wählen Sie höchstens {MOST_AT_ONCE} Anmeldungen auf einmal.", messages.ERROR)
        return []

    def _decide_all(self, request: HttpRequest, queryset: QuerySet, *, accept: bool, reason: str = "") -> None:
        # In the order of their sign-up: who came first gets the seat.
        done = 0
        for registration in queryset.order_by("confirmed_at", "pk"):
            try:
                staff_changes.decide(registration, accept=accept, reason=reason, by=request.user)  # type: ignore[arg-type]
            except ValidationError as refused:
                self.message_user(request, f"„{registration}“: {' '.join(refused.messages)}", messages.ERROR)
            else:
                self.log_change(request, registration, "Angenommen." if accept else "Nicht angenommen.")
                done += 1
        if done:
            what = "angenommen" if accept else "nicht angenommen"
            self.message_user(request, f"{_of(done, 'Anmeldung', 'Anmeldungen')} {what}.", messages.SUCCESS)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the way to the export to those who may take it."""
        return super().changelist_view(
            request, {"may_export": self.has_export_permission(request)} | (extra_context or {})
        )

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list as it is filtered and searched, as a file; who took which is logged."""
        if not (self.has_export_permission(request) and self.has_view_permission(request)):
            raise PermissionDenied
        chosen = self.filtered_list(request)
        if chosen is None:
            return redirect(self.list_url())
        form = ExportForm(posted(request), formats=participant_files.FORMATS)
        is_too_long = chosen.result_count > participant_files.MOST_ROWS
        if form.is_valid() and not is_too_long and chosen.result_count:
            return self._download(request, chosen.queryset, form.cleaned_data["form"])
        return self.page(
            request,
            "admin/dialogues/export.html",
            title="Teilnehmerliste ausgeben",
            place="Ausgeben",
            row=None,
            form=form,
            count=_of(chosen.result_count, "Anmeldung", "Anmeldungen"),
            is_filtered=chosen.result_count != chosen.full_result_count,
            is_empty=not chosen.result_count,
            limit=participant_files.MOST_ROWS if is_too_long else 0,
            button="Herunterladen",
        )

    def _download(self, request: HttpRequest, rows: QuerySet[Registration], form: str) -> FileResponse:
        # Written whole before the first byte leaves, and kept nowhere: the answer closes and so deletes it.
        file = tempfile.TemporaryFile()  # noqa: SIM115
        count = participant_files.export(file, rows, form)
        label, kind = participant_files.FORMATS[form]
        titles = Dialogue.objects.filter(pk__in=rows.order_by().values("dialogue")).values_list("title", flat=True)[:3]
        number = _of(count, "Anmeldung", "Anmeldungen")
        self.log_list(request, f"Teilnehmerliste ausgegeben: {number} als {label} ({', '.join(titles)})")
        file.seek(0)
        name = f"teilnehmende-{timezone.localdate():%Y-%m-%d}.{form}"
        return FileResponse(file, as_attachment=True, filename=name, content_type=kind)


def _flat(entry: str | Sequence[str]) -> Sequence[str]:
    return [entry] if isinstance(entry, str) else entry


def _of(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
