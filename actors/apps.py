from typing import Any

from django.apps import AppConfig


class Actors(AppConfig):
    name = "actors"
    verbose_name = "Akteure und Aktivitäten"

    def ready(self) -> None:
        """Keep the index true when terms merge."""
        from platform_mark.taxonomy.merging import terms_merged

        terms_merged.connect(_find_again, dispatch_uid="actors")


def _find_again(sender: type, into: Any, **kwargs: Any) -> None:
    from platform_mark.search import index

    index.put(*into.activities.for_search())
