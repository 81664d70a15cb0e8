from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.utils.html import format_html
from django.utils.safestring import SafeString


class DeskAdminConfig(AdminConfig):
    """Django's admin with our AdminSite, so that subjects use plain `@admin.register`."""

    default_site = "platform_mark.desk.site.DeskSite"

    def ready(self) -> None:
        """Find all admins, then drop those that packages bring: no staff's business, and one would show secrets."""
        super().ready()
        # Pages of the staff that know several subjects, so that no subject can hold them.
        from django.contrib.admin.templatetags import admin_list

        from platform_mark.desk import mail_texts  # noqa: F401

        admin_list._boolean_icon = _yes_or_no
        for model in list(admin.site._registry):
            if model._meta.app_label in {"account", "auth", "mfa", "procrastinate"}:
                admin.site.unregister(model)


def _yes_or_no(value: bool | None) -> SafeString:
    # Django's own is a picture with the alternative text „True“, whatever the language, and there is no hook for it.
    return format_html("{}", {True: "ja", False: "nein", None: "unbekannt"}[value])
