"""The portal without the lock of the dialogue: the negative control. With it, the judge of sign-ups must find faults."""

from platform_mark.wsgi import application  # sets Django up, so it comes first

# isort: split
from django.db.models.functions import Now

from dialogues import locking
from dialogues.models import Dialogue

__all__ = ["application"]


def _read_only(dialogue_id: int) -> Dialogue:
    return Dialogue.objects.annotate(locked_at=Now()).get(pk=dialogue_id)


locking.lock = _read_only
