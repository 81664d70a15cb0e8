from typing import Any

from django.apps import AppConfig


class Dialogues(AppConfig):
    name = "dialogues"
    verbose_name = "Branchendialoge"

    def ready(self) -> None:
        """Keep the index true when terms merge."""
        from platform_mark.taxonomy.merging import terms_merged

        terms_merged.connect(_find_again, dispatch_uid="dialogues")


def _find_again(sender: type, into: Any, **kwargs: Any) -> None:
    from platform_mark.search import index

    # Topics merge, too, and no dialogue has one.
    if hasattr(into, "dialogues"):
        index.put(*into.dialogues.for_search())
