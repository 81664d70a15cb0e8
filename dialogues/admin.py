from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_POST

from platform_mark.exports import XLSX_TYPE
from platform_mark.posting import add_refusal
from platform_mark.publishing import versions
from platform_mark.publishing.admin import PublishableAdmin, VisibleFilter
from platform_mark.publishing.forms import RuleForm
from platform_mark.publishing.models import State

from . import occupancy, planning
from .attendance import attendance
from .desk.attendance import AttendancePages
from .desk.dialogue_form import (
    AgendaInline,
    AgreementInline,
    DialogueForm,
    DocumentInline,
    HostInline,
    OutcomeInline,
    PictureInline,
    QuestionInline,
    ReportInline,
    SeatKindInline,
)
from .desk.forms import CancelForm, CopyForm, PeriodForm, RescheduleForm, SeriesForm
from .desk.month import month, month_of
from .desk.registrations import RegistrationAdmin
from .desk.room import RoomPages
from .desk.statistics import download, statistics, usual_period
from .feedback import FEWEST_SHOWN
from .formats import admin as formats  # noqa: F401 (registers its own)
from .models import Agreement, Attendee, Dialogue, Feedback, Registration, Report, SeatKind, Series
from .seats import seat_state, seat_states

SOON = timedelta(days=14)


class TodoFilter(admin.SimpleListFilter):
    title = "Was zu tun ist"
    parameter_name = "zu-tun"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("entscheiden", "Anmeldungen prüfen"),
            ("warteliste", "Jemand wartet"),
            ("bald", "Findet in 14 Tagen statt"),
            ("link", "Link zur Online-Teilnahme fehlt"),
            ("abhaken", "Niemand abgehakt"),
            ("nachbericht", "Nachbericht fehlt"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Narrow the list by what was chosen."""
        now = timezone.now()
        match self.value():
            case "entscheiden":
                return queryset.filter(pk__in=Registration.objects.to_decide().order_by().values("dialogue"))
            case "warteliste":
                return queryset.with_people_waiting()
            case "bald":
                return queryset.filter(
                    starts_at__gt=now, starts_at__lte=now + SOON, state=State.PUBLISHED, cancelled_at=None
                )
            case "link":
                return queryset.filter(pk__in=planning.awaiting_link().order_by().values("pk"))
            case "abhaken":
                return queryset.unticked()
            case "nachbericht":
                return queryset.awaiting_report()
        return queryset


class WhenFilter(admin.SimpleListFilter):
    title = "Zeit"
    parameter_name = "wann"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("kommend", "Kommend"), ("vorbei", "Vorbei"), ("offen", "Termin offen"), ("abgesagt", "Abgesagt")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Narrow the list by what was chosen."""
        now = timezone.now()
        ways: dict[str, dict[str, Any]] = {
            "kommend": {"ends_at__gt": now, "cancelled_at": None},
            "vorbei": {"ends_at__lte": now},
            "offen": {"starts_at": None},
            "abgesagt": {"cancelled_at__isnull": False},
        }
        return queryset.filter(**ways.get(self.value() or "", {}))


class DialogueList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        """Look up the seats of all rows of the page at once."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        states = seat_states(self.result_list)
        for dialogue in self.result_list:
            dialogue.seats = states[dialogue.pk]


@admin.register(Dialogue)
class DialogueAdmin(AttendancePages, RoomPages, PublishableAdmin):
    form = DialogueForm
    change_form_template = "admin/dialogues/dialogue_form.html"
    list_display = ["title", "shown_when", "shown_where", "shown_seats", "shown_hint", "shown_state"]
    list_filter = [
        TodoFilter,
        WhenFilter,
        "state",
        VisibleFilter,
        "form",
        ("branches", admin.RelatedOnlyFieldListFilter),
        ("series", admin.RelatedOnlyFieldListFilter),
        "is_fictitious",
    ]
    list_per_page = 50
    list_select_related = ["municipality"]
    date_hierarchy = "starts_at"
    search_fields = ["title", "teaser", "venue", "municipality__name", "branches__name", "series__name"]
    fieldsets = [
        (None, {"fields": ["title", "teaser", "description", "for_whom", "branches", "target_groups", "series"]}),
        (
            "Termin und Ort",
            {
                "description": "Ist der Dialog veröffentlicht, ändern Sie Termin, Ort und Link oben über „Verlegen oder Ort "
                "ändern“: Dann erfahren es alle, die angemeldet sind.",
                "fields": [
                    *("form", "starts_at", "ends_at", "date_note", "venue", ("street", "postal_code")),
                    *(("municipality", "place"), "directions", "accessibility", "online_link"),
                ],
            },
        ),
        ("Kontakt", {"fields": [("contact_email", "contact_phone")]}),
        (
            "Anmeldung",
            {
                "fields": [
                    *("signup_opens_at", "signup_closes_at", "most_per_company", "is_moderated", "is_by_invitation"),
                    *("shows_exact_numbers", "waiting_mode", "offer_hours", "reminder_days", "retention_days"),
                ]
            },
        ),
        ("Was gezeigt wird", {"fields": ["practices"]}),
        (
            "Veröffentlichen",
            {
                "fields": [
                    *("shown_state", "slug", "published_at", "expires_at", "source_url", "is_fictitious"),
                    ("created_at", "updated_at"),
                ]
            },
        ),
    ]
    planning_inlines = [SeatKindInline, AgendaInline, HostInline, QuestionInline, DocumentInline, PictureInline]
    report_inlines = [ReportInline, OutcomeInline, AgreementInline]
    inlines = [*planning_inlines, *report_inlines]

    # ------------------------------------------------------------ list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DialogueList

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """What comes next stands first, then what has no date yet, then the past, the latest first."""
        group = Case(When(starts_at=None, then=1), When(ends_at__lte=Now(), then=2), default=0)
        ahead = Case(
            When(ends_at__gt=Now(), then=F("starts_at")), default=Value(None), output_field=models.DateTimeField()
        )
        return [group, ahead.asc(nulls_last=True), "-starts_at", "-pk"]

    @admin.display(description="Termin", ordering="starts_at")
    def shown_when(self, dialogue: Dialogue) -> str:
        """Day and hour, or what is known of them."""
        if dialogue.starts_at is None:
            return dialogue.date_note or "offen"
        words = date_format(timezone.localtime(dialogue.starts_at), "D, d.m.Y, H:i")
        return f"{words} (abgesagt)" if dialogue.cancelled_at else words

    @admin.display(description="Ort")
    def shown_where(self, dialogue: Dialogue) -> str:
        """The town, or that it is online."""
        return dialogue.town or "offen" if dialogue.is_onsite else "Online"

    @admin.display(description="Plätze")
    def shown_seats(self, dialogue: Dialogue) -> str:
        """The state of the seats, with how many are taken."""
        return occupancy.label(dialogue.seats)

    @admin.display(description="Warteliste")
    def shown_hint(self, dialogue: Dialogue) -> str:
        """How many more seats would help those who wait."""
        return occupancy.hint(dialogue.seats) if not dialogue.has_begun() else ""

    # ------------------------------------------------------------ form

    def get_inlines(self, request: HttpRequest, obj: Dialogue | None) -> list[Any]:
        """What comes of it is asked for once it has begun, and then first."""
        if obj is not None and obj.has_begun():
            return [*self.report_inlines, *self.planning_inlines]
        return self.planning_inlines

    def get_readonly_fields(self, request: HttpRequest, obj: Dialogue | None = None) -> list[str]:
        """What those who come must be told of is changed by the step that tells them."""
        fields = super().get_readonly_fields(request, obj)
        is_promised = obj is not None and obj.state == State.PUBLISHED and not obj.is_over()
        return [*fields, *planning.MOVABLE] if is_promised else fields

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save; who waits moves up where seats were added, and staff are told where they took too many."""
        seats = any(formset.model is SeatKind and formset.has_changed() for formset in formsets)
        super().save_related(request, form, formsets, change)
        if change and seats:
            changed = planning.seats_changed(form.instance)
            if changed.served:
                self.message_user(request, _moved_up(form.instance, changed.served), messages.SUCCESS)
            for warning in occupancy.warnings(changed.state):
                self.message_user(request, warning, messages.WARNING)

    def perform(self, row: Any, move: str, user: Any) -> Dialogue:
        """Publishing asks whether all is there that a visitor needs, withdrawing whether people count on it."""
        if move == "publish":
            return planning.publish(row, by=user)
        if move in ("withdraw", "archive"):
            return planning.take_offline(row, archive=move == "archive")
        super().perform(row, move, user)
        return row

    def restore_version(self, row: Any, version_id: int, user: Any) -> Dialogue:
        """Bring the words of a version back; seats, times and files stay."""
        return planning.restore_version(row, version_id, by=user)

    def versions_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Others may hold the dialogue while a version is to be brought back."""
        try:
            return super().versions_view(request, object_id)
        except planning.PlanRefused as refused:
            self.message_user(request, " ".join(refused.messages), messages.ERROR)
            return redirect("admin:dialogues_dialogue_versions", object_id)

    def preview_path(self, token: str) -> str:
        """The page that shows a draft to whoever has the link."""
        return reverse("dialogues:preview", args=[token])

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Tell how the sign-up stands and what can be done next."""
        dialogue: Dialogue | None = kwargs.get("obj")
        if dialogue is not None:
            state = seat_state(dialogue)
            report = Report.objects.filter(dialogue=dialogue).first()
            is_over = dialogue.is_over()
            context |= {
                "seats": state,
                "seats_label": occupancy.label(state),
                "seats_hint": occupancy.hint(state) if not dialogue.has_begun() else "",
                "seats_warnings": occupancy.warnings(state),
                "counts": dialogue.registrations.bookings().aggregate(
                    living=Count("pk", filter=Q(state__in=Registration.LIVING)),
                    to_decide=Count("pk", filter=Registration.TO_DECIDE),
                ),
                "people": Attendee.objects.filter(
                    registration__in=dialogue.registrations.filter(state__in=Registration.LIVING)
                ).count(),
                "is_published": dialogue.state == State.PUBLISHED,
                "is_ahead": dialogue.state == State.PUBLISHED and not is_over and not dialogue.cancelled_at,
                "is_over": is_over,
                "report": report,
                "attendance": attendance(dialogue),
                "missing": planning.missing_for_publication(dialogue) if dialogue.state != State.PUBLISHED else [],
                "invitation": dialogue.is_by_invitation,
                "invitation_link": planning.invitation_link(dialogue) if dialogue.is_by_invitation else "",
                "may_see_people": request.user.has_perm("dialogues.view_registration"),
                "may_sign_up": request.user.has_perm("dialogues.add_registration"),
                "may_check_in": request.user.has_perm("dialogues.check_in_registration"),
                "may_change": self.has_change_permission(request, dialogue),
                "may_add": self.has_add_permission(request),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # ------------------------------------------------------------ deleting

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, ...]:
        """Refuse for what people signed up for, with the reason; Django's own page would list their companies."""
        refusals = [refusal for dialogue in objs if (refusal := planning.refusal_to_delete(dialogue))]
        if refusals:
            return [], {}, set(), refusals
        return super().get_deleted_objects(objs, request)

    def delete_model(self, request: HttpRequest, obj: Dialogue) -> None:
        planning.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for dialogue in queryset:
            planning.delete(dialogue)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Somebody may sign up while the question is on the screen."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except planning.PlanRefused as refused:
            self.message_user(request, " ".join(refused.messages), messages.ERROR)
            return redirect("admin:dialogues_dialogue_change", object_id)

    # ------------------------------------------------------------ pages of its own

    def get_urls(self) -> list[Any]:
        """Add the month, the numbers and the steps."""
        return [
            self.own_path("kalender/", self.calendar_view, "calendar"),
            self.own_path("statistik/", self.statistics_view, "statistics"),
            self.own_path("<path:object_id>/absagen/", self.cancel_view, "cancel"),
            self.own_path("<path:object_id>/verlegen/", self.reschedule_view, "reschedule"),
            self.own_path("<path:object_id>/kopieren/", self.copy_view, "copy"),
            self.own_path("<path:object_id>/reihe/", self.series_view, "series"),
            self.own_path("<path:object_id>/nachbericht/", require_POST(self.report_view), "report"),
            self.own_path("<path:object_id>/einladung/", require_POST(self.invitation_view), "invitation"),
            *super().get_urls(),
        ]

    def calendar_view(self, request: HttpRequest) -> HttpResponse:
        """The month of everything that is scheduled."""
        self.allow(request, "view_dialogue")
        shown = month(
            month_of(request.GET.get("monat", "")),
            with_practices=request.user.has_perm("practices.view_practice"),
            with_pictures=request.user.has_perm("media.view_image"),
        )
        return self.page(
            request, "admin/dialogues/calendar.html", title=f"Kalender: {shown.title}", place="Kalender", month=shown
        )

    def statistics_view(self, request: HttpRequest) -> HttpResponseBase:
        """Sign-ups and attendance of a period, on the page or as a table to keep."""
        self.allow(request, "view_dialogue")
        is_asked = bool({"von", "bis"} & set(request.GET))
        form = PeriodForm(request.GET if is_asked else usual_period(), label_suffix="")
        found = statistics(form.cleaned_data["von"], form.cleaned_data["bis"]) if form.is_valid() else None
        if found and request.GET.get("form") == "xlsx":
            name = f"dialoge-{found.first:%Y-%m-%d}-{found.last:%Y-%m-%d}.xlsx"
            kind = XLSX_TYPE
            return FileResponse(download(found), as_attachment=True, filename=name, content_type=kind)
        return self.page(
            request,
            "admin/dialogues/statistics.html",
            title="Zahlen zu den Dialogen",
            place="Zahlen",
            form=form,
            found=found,
        )

    def cancel_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Call a dialogue off."""
        self.allow(request, "change_dialogue")
        dialogue = self.row(request, object_id)
        number = dialogue.registrations.bookings().living().count()

        def run(data: dict[str, Any]) -> str:
            told = planning.cancel_dialogue(dialogue, reason=data["reason"], by=request.user)  # type: ignore[arg-type]
            self.log_change(request, dialogue, "Abgesagt.")
            return f"Der Dialog ist abgesagt. {_mails(told)}"

        return self.step(
            request,
            dialogue,
            CancelForm(request.POST or None),
            title="Dialog absagen",
            intro=f"Die Seite bleibt und sagt „Abgesagt“. {_mails_ahead(number)} Das lässt sich nicht zurücknehmen.",
            button="Dialog absagen",
            run=run,
        )

    def reschedule_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Change time, place or link."""
        self.allow(request, "change_dialogue")
        dialogue: Dialogue = self.row(request, object_id)
        number = dialogue.registrations.bookings().living().count()
        # A row of its own, since checking a form writes into it.
        form = RescheduleForm(request.POST or None, instance=self.row(request, object_id))

        def run(data: dict[str, Any]) -> str:
            told = planning.change_dialogue(dialogue, by=request.user, **_moved(form, data))  # type: ignore[arg-type]
            self.log_change(request, dialogue, "Verlegt oder geändert.")
            return f"Die Änderung ist gespeichert. {_mails(told)}"

        return self.step(
            request,
            dialogue,
            form,
            title="Verlegen oder Ort ändern",
            intro=f"{_mails_ahead(number)} Darin steht, was neu ist und wie es bisher war. Die Kalender der Angemeldeten "
            "übernehmen die Änderung. Ist nur der Link neu, erfährt es, wer online dabei ist. Ändern Sie nur den Beginn, rückt „Anmeldung bis“ mit.",
            button="Ändern und Bescheid geben",
            run=run,
        )

    def copy_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Plan the same again for another day."""
        self.allow(request, "add_dialogue")
        dialogue = self.row(request, object_id)
        form = CopyForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                copy = planning.copy_dialogue(dialogue, by=request.user, **form.cleaned_data)  # type: ignore[arg-type]
            except ValidationError as refused:
                add_refusal(form, refused)
            else:
                self.log_addition(request, copy, f"Kopie von „{dialogue}“.")
                done = "Das ist die Kopie, ein Entwurf. Prüfen Sie Termin und Texte."
                self.message_user(request, done, messages.SUCCESS)
                return redirect(self.change_url(copy))
        return self.step_page(
            request,
            dialogue,
            form,
            title="Dialog kopieren",
            intro="Die Kopie ist ein Entwurf mit allem außer Anmeldungen, Nachbericht, Ergebnissen und Vereinbarungen. Wer im "
            "Programm mit Namen steht, muss neu zustimmen.",
            button="Kopie anlegen",
        )

    def series_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Plan further dates of a series."""
        self.allow(request, "add_dialogue", "change_dialogue", "add_series")
        dialogue = self.row(request, object_id)
        form = SeriesForm(
            request.POST or None, initial={"name": dialogue.series.name if dialogue.series else dialogue.title}
        )

        def run(data: dict[str, Any]) -> str:
            made = planning.copy_series(dialogue, by=request.user, **data)  # type: ignore[arg-type]
            for copy in made:
                self.log_addition(request, copy, f"Weiterer Termin der Reihe „{data['name']}“.")
            return f"{len(made)} Entwürfe angelegt." if len(made) > 1 else "1 Entwurf angelegt."

        return self.step(
            request,
            dialogue,
            form,
            title="Reihe anlegen",
            intro="Jeder weitere Termin ist eine Kopie zur selben Uhrzeit am selben Wochentag, zunächst als Entwurf. Feiertage "
            "und Ferien kennt das Portal nicht: Prüfen Sie die Tage im Kalender.",
            button="Termine anlegen",
            run=run,
            then=reverse("admin:dialogues_dialogue_changelist"),
        )

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Publish the report, or take it back."""
        self.allow(request, "change_dialogue", "change_report")
        dialogue = self.row(request, object_id)
        try:
            if "zurueck" in request.POST:
                planning.withdraw_report(dialogue, by=request.user)  # type: ignore[arg-type]
                done = "Der Nachbericht ist nicht mehr öffentlich."
            else:
                told = planning.publish_report(dialogue, by=request.user)  # type: ignore[arg-type]
                done = f"Der Nachbericht ist öffentlich. {_mails(told)}"
        except planning.PlanRefused as refused:
            self.message_user(request, " ".join(refused.messages), messages.ERROR)
        else:
            self.log_change(request, dialogue, done)
            self.message_user(request, done, messages.SUCCESS)
        return redirect(self.change_url(dialogue))

    def invitation_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the present invitation link die and make another."""
        self.allow(request, "change_dialogue")
        dialogue = self.row(request, object_id)
        planning.renew_invitation(dialogue)
        self.log_change(request, dialogue, "Einladungslink erneuert.")
        self.message_user(request, "Der alte Einladungslink gilt nicht mehr. Der neue steht hier.", messages.SUCCESS)
        return redirect(self.change_url(dialogue))


class OverdueFilter(admin.SimpleListFilter):
    title = "Frist"
    parameter_name = "frist"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("vorbei", "Offen und überfällig")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Narrow the list by what was chosen."""
        return queryset.overdue() if self.value() == "vorbei" else queryset


@admin.register(Agreement)
class AgreementAdmin(admin.ModelAdmin):
    """What was promised over all dialogues: who, by when, and what became of it."""

    form = RuleForm
    list_display = ["text", "shown_owner", "due_on", "state", "dialogue"]
    list_filter = [OverdueFilter, "state"]
    list_select_related = ["dialogue", "actor"]
    search_fields = ["text", "owner", "actor__name", "dialogue__title"]
    date_hierarchy = "due_on"
    ordering = ["due_on", "pk"]
    fields = ["dialogue", "text", ("actor", "owner"), ("due_on", "state", "reported_on"), "reason"]
    autocomplete_fields = ["dialogue", "actor"]

    def save_model(self, request: HttpRequest, obj: Agreement, form: Any, change: bool) -> None:
        """Note the day on which its state was last told."""
        if "state" in form.changed_data and "reported_on" not in form.changed_data:
            obj.reported_on = timezone.localdate()
        super().save_model(request, obj, form, change)
        versions.record(obj.dialogue, by=request.user)  # type: ignore[arg-type]

    @admin.display(description="Wer")
    def shown_owner(self, agreement: Agreement) -> str:
        """The organisation, from the register where it is listed there."""
        return str(agreement.actor or agreement.owner or "")


@admin.register(Series)
class SeriesAdmin(admin.ModelAdmin):
    list_display = ["name", "shown_number"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(number=Count("dialogues"))

    @admin.display(description="Dialoge")
    def shown_number(self, series: Series) -> int:
        return series.number


@admin.register(Feedback)
class FeedbackAdmin(admin.ModelAdmin):
    """What participants answered; read only, and nothing in it says who it was."""

    list_display = ["dialogue", "was_useful", "was_fitting", "will_act", "given_on"]
    list_filter = [("dialogue", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["dialogue"]
    fields = ["dialogue", "was_useful", "was_fitting", "will_act", "comment", "given_on"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Fewer than five answers of a dialogue would tell who gave them."""
        enough = Feedback.objects.order_by().values("dialogue").annotate(number=Count("pk"))
        return (
            super()
            .get_queryset(request)
            .filter(dialogue__in=enough.filter(number__gte=FEWEST_SHOWN).values("dialogue"))
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Answers come from those who were there."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Feedback | None = None) -> bool:
        """They say what they said."""
        return False


admin.site.register(Registration, RegistrationAdmin)


def _mails(number: int) -> str:
    if not number:
        return "Es gab niemanden, der eine E-Mail bekommt."
    return "1 Anmeldung bekommt eine E-Mail." if number == 1 else f"{number} Anmeldungen bekommen eine E-Mail."


def _moved_up(dialogue: Dialogue, number: int) -> str:
    who = "1 wartende Anmeldung" if number == 1 else f"{number} wartende Anmeldungen"
    if dialogue.waiting_mode == Dialogue.WaitingMode.OFFER:
        return f"{who} {'bekommt' if number == 1 else 'bekommen'} einen Platz angeboten, per E-Mail mit Frist."
    return f"{who} {'rückt nach und erfährt' if number == 1 else 'rücken nach und erfahren'} es per E-Mail."


def _mails_ahead(number: int) -> str:
    if not number:
        return "Angemeldet ist niemand, also geht keine E-Mail hinaus."
    return (
        "Die eine Anmeldung bekommt eine E-Mail." if number == 1 else f"Alle {number} Anmeldungen bekommen eine E-Mail."
    )


def _moved(form: forms.ModelForm, data: dict[str, Any]) -> dict[str, Any]:
    """What was changed on the page; what was not stays open, so that it may move along."""
    return {name: value for name, value in data.items() if name in form.changed_data}
