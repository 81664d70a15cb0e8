from django.apps import AppConfig


class Media(AppConfig):
    name = "platform_mark.media"
    verbose_name = "Bilder"

    def ready(self) -> None:
        """Listen for deleted rows."""
        from . import images  # noqa: F401
