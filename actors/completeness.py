"""What an entry still lacks, as advice for those who write it. Never shown to others, never a ranking."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .models import Actor

# What is missing, in words that follow "Es fehlt" or "Es fehlen", and which fields supply it.
PARTS = (
    ("die Beschreibung", ("description",)),
    ("die Zielgruppe", ("target_groups",)),
    ("die Phase", ("phases",)),
    ("das Thema", ("topics",)),
    ("das Gebiet", ("municipalities", "districts", "area")),
    ("die Kosten", ("cost",)),
    ("der Weg dahin", ("access",)),
    ("das Postfach", ("contact_email",)),
    ("die Internetadresse", ("url",)),
)


@dataclass(frozen=True)
class Completeness:
    missing: tuple[str, ...]

    @property
    def total(self) -> int:
        return len(PARTS)

    @property
    def done(self) -> int:
        return self.total - len(self.missing)

    @property
    def text(self) -> str:
        """„7 von 9: Es fehlen die Zielgruppe und die Kosten.“"""
        share = f"{self.done} von {self.total}"
        if not self.missing:
            return f"{share}: Alles Wichtige steht da."
        *most, last = self.missing
        verb = "fehlen" if most else "fehlt"
        return f"{share}: Es {verb} {', '.join(most)}{' und ' if most else ''}{last}."


def completeness(actor: Actor, data: Mapping[str, Any]) -> Completeness:
    """What a snapshot of this organisation's entry lacks; the organisation's own mailbox counts for the entry."""
    given = {name for name, value in data.items() if value and value != "unknown"}
    if actor.contact_email:
        given.add("contact_email")
    return Completeness(tuple(words for words, names in PARTS if not given.intersection(names)))
