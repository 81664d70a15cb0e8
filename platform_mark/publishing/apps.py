from django.apps import AppConfig
from django.db.models.signals import post_delete


class Publishing(AppConfig):
    name = "platform_mark.publishing"
    verbose_name = "Veröffentlichen"

    def ready(self) -> None:
        """End the addresses of files whose place is deleted, in whatever way: alone, in bulk, or with something else."""
        from .files import end_after_deletion

        post_delete.connect(end_after_deletion, dispatch_uid="publishing")
