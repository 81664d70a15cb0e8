from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from .models import OutgoingMail
from .outbox import full_text, retry


@admin.register(OutgoingMail)
class OutgoingMailAdmin(admin.ModelAdmin):
    """What was sent and what is stuck. In the quick start staff see mails in full, since no mail server brings them."""

    list_display = ["subject", "to", "kind", "state", "attempts", "created_at", "sent_at"]
    list_filter = ["state", "kind"]
    search_fields = ["to", "subject"]
    date_hierarchy = "created_at"
    actions = ["send_again"]
    fields = [
        "subject",
        "to",
        "kind",
        "state",
        "shown_text",
        "error",
        "attempts",
        "next_attempt_at",
        "created_at",
        "sent_at",
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutgoingMail | None = None) -> bool:
        # Nothing in a mail can be edited; the right is only asked for by the action.
        return False

    @admin.display(description="Text")
    def shown_text(self, mail: OutgoingMail) -> str:
        return full_text(mail) if settings.QUICK_START else mail.text

    @admin.action(description="Noch einmal versuchen", permissions=["retry"])
    def send_again(self, request: HttpRequest, mails: QuerySet[OutgoingMail]) -> None:
        failed = list(mails.filter(state=OutgoingMail.State.FAILED))
        for mail in failed:
            retry(mail)
        self.message_user(request, f"{len(failed)} E-Mails werden noch einmal versucht.", messages.SUCCESS)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("outbox.change_outgoingmail")
