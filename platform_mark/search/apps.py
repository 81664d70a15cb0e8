from django.apps import AppConfig
from django.db.models.signals import post_delete


class Search(AppConfig):
    name = "platform_mark.search"
    verbose_name = "Suche"

    def ready(self) -> None:
        """Forget what is deleted, in whatever way: alone, in bulk, or with something else."""
        from .index import forget_deleted

        post_delete.connect(forget_deleted, dispatch_uid="search")
