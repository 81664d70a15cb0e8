from django.apps import AppConfig


class PlatformMark(AppConfig):
    """The platform itself: an app for the sake of its management commands and checks."""

    name = "platform_mark"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Register the system checks."""
        from . import checks, database_checks  # noqa: F401
