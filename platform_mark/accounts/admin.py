from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, BaseUserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from platform_mark.admin_pages import LoggedByNumber, ReadOnlyAdmin

from . import idle, second_factor
from .addresses import unconfirm
from .models import User

# What decides about what an account may do. Nobody changes these for the own account.
RIGHTS = ["is_active", "is_staff", "groups"]


class AccountForm(forms.ModelForm):
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.order_by("name"),
        label="Rollen",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Was eine Rolle darf, ist fest eingestellt.",
    )

    def clean_email(self) -> str:
        """Addresses are kept in small letters, so that one address has one account."""
        return str(self.cleaned_data["email"]).lower()


class NewAccountForm(AccountForm, BaseUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name", "is_staff", "groups"]
        field_classes: dict[str, Any] = {}


class SetPasswordForm(AdminPasswordChangeForm):
    """Set a password; an account without one is no way to log in, so that choice is not offered."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)
        self.fields["password1"].required = self.fields["password2"].required = True


@admin.register(User)
class UserAdmin(LoggedByNumber, DjangoUserAdmin):
    """Accounts for those who administer them. Superusers are seen by everybody here and changed by superusers only."""

    form = AccountForm
    add_form = NewAccountForm
    change_password_form = SetPasswordForm
    add_form_template = "admin/change_form.html"
    change_user_password_template = "admin/accounts/set_password.html"  # noqa: S105
    list_display = ["email", "name", "roles", "is_staff", "is_active", "last_login"]
    list_filter = ["is_active", "is_staff", "groups"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    filter_horizontal: list[str] = []
    actions = ["reset_second_factor"]
    readonly_fields = ["shown_password", "shown_second_factor", "last_login", "kept_at", "shown_idle", "joined_at"]
    fieldsets = [
        (None, {"fields": ["email", "name"]}),
        ("Zugang", {"fields": RIGHTS}),
        ("E-Mails", {"fields": ["gets_digest"]}),
        (
            "Anmeldung",
            {
                "fields": [
                    *("shown_password", "shown_second_factor"),
                    *("last_login", "kept_at", "shown_idle", "joined_at"),
                ]
            },
        ),
    ]
    add_fieldsets = [
        (None, {"fields": ["email", "name"]}),
        ("Zugang", {"fields": ["is_staff", "groups"]}),
        (
            "Passwort",
            {
                "fields": ["password1", "password2"],
                "description": "Geben Sie das Passwort persönlich weiter. Die Person ändert es nach der ersten Anmeldung.",
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Nobody raises the own rights, and nobody locks the own door by mistake."""
        own = RIGHTS if obj == request.user else []
        return [*super().get_readonly_fields(request, obj), *own]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Who may change a superuser could take that account over, and with it all rights."""
        is_above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return super().has_change_permission(request, obj) and not is_above

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """An account is switched off, not deleted: the history names it."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        """Save; where the address was changed, the old one opens nothing any more. Opened again, it counts as used today."""
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and obj.is_active:
            idle.keep(obj)
        if change and "email" in form.changed_data:
            unconfirm(obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set somebody's password; the own one only by the page that asks for the old one."""
        if str(request.user.pk) == str(id):
            return redirect("account_change_password")
        return super().user_change_password(request, id, form_url)

    @admin.display(description="Rollen")
    def roles(self, user: User) -> str:
        return "alle Rechte" if user.is_superuser else ", ".join(group.name for group in user.groups.all())

    @admin.display(description="Passwort")
    def shown_password(self, user: User) -> str:
        """The way to a new one; the stored one is of no use to anybody."""
        return format_html(
            '<a href="{}">Neues Passwort setzen</a>', reverse("admin:auth_user_password_change", args=[user.pk])
        )

    @admin.display(description="Zweiter Faktor")
    def shown_second_factor(self, user: User) -> str:
        return "eingerichtet" if second_factor.is_set_up(user) else "nicht eingerichtet"

    @admin.display(description="Lange unbenutzt")
    def shown_idle(self, user: User) -> str:
        """What an account was told that nobody uses, and when it ends or ended."""
        row = getattr(user, "idle", None)
        if row is None:
            return "nein"
        if row.ended_at:
            return f"abgeschaltet am {timezone.localdate(row.ended_at):%d.%m.%Y}, nach {row.asked} E-Mails ohne Antwort"
        return (
            f"{row.asked} von {len(idle.DAYS_BEFORE)} E-Mails verschickt, endet ohne Antwort am {row.ends_on:%d.%m.%Y}"
        )

    @admin.action(description="Zweiten Faktor zurücksetzen", permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For somebody who has lost telephone and codes; the history says who did it for whom."""
        for user in queryset:
            if user == request.user:
                self.message_user(
                    request, "Ihren eigenen zweiten Faktor ändern Sie unter „Sicherheit“.", messages.ERROR
                )
                continue
            if not self.has_change_permission(request, user):
                raise PermissionDenied
            if second_factor.reset(user):
                self.log_change(request, user, "Zweiter Faktor zurückgesetzt.")
                text = f"Der zweite Faktor von {user} ist zurückgesetzt. Beim nächsten Anmelden wird ein neuer eingerichtet."
                self.message_user(request, text, messages.SUCCESS)
            else:
                self.message_user(request, f"{user} hatte keinen zweiten Faktor.", messages.WARNING)


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """Who of the staff did what, exports of lists among it. Written by the administration, changed by nobody.

    It ends by itself: see `platform_mark.tasks.housekeeping`.
    """

    list_display = ["action_time", "user", "object_repr", "kind_of_thing", "told"]
    list_filter = ["action_flag", ("user", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["user", "content_type"]
    list_per_page = 50
    search_fields = ["object_repr", "change_message"]
    date_hierarchy = "action_time"
    fields = ["action_time", "user", "object_repr", "kind_of_thing", "told"]
    readonly_fields = fields  # type: ignore[assignment]

    @admin.display(description="Art")
    def kind_of_thing(self, entry: LogEntry) -> str:
        """What kind of thing it was done to."""
        model = entry.content_type.model_class() if entry.content_type else None
        return str(model._meta.verbose_name) if model else ""

    @admin.display(description="Was geschah")
    def told(self, entry: LogEntry) -> str:
        """The deed in words."""
        return entry.get_change_message() or str(entry.get_action_flag_display())
