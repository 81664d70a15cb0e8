from typing import Any

from django.apps import AppConfig


class Dialogues(AppConfig):
    name = "dialogues"
    verbose_name = "Branchendialoge"

    def ready(self) -> None:
        """Keep the index true when terms merge, and names when organisations go."""
        from actors.joining import actor_erased
        from platform_mark.taxonomy.merging import terms_merged

        terms_merged.connect(_find_again, dispatch_uid="dialogues")
        actor_erased.connect(_keep_name, dispatch_uid="dialogues")


def _find_again(sender: type, into: Any, **kwargs: Any) -> None:
    from platform_mark.search import index

    # Topics merge, too, and no dialogue has one.
    if hasattr(into, "dialogues"):
        index.put(*into.dialogues.for_search())


def _keep_name(sender: type, actor: Any, **kwargs: Any) -> None:
    """Who invited to a dialogue and who promised something there stays said, as of those who were never in the register."""
    actor.hosted.update(actor=None, name=actor.name, is_fictitious=actor.is_fictitious)
    actor.agreements.update(actor=None, owner=actor.name)
