"""The privacy notice of the sign-up and the texts of its consents, by edition.

Each booking stores the edition that was shown. An edition is never reworded: a new text is a new edition, so that what
somebody agreed to can be printed for as long as the booking is kept.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """One edition: the template of the notice and the sentences beside the boxes."""

    version: str
    template: str
    needs: str
    news: str
    listed: str


EDITIONS = {
    "2026-11": Notice(
        version="2026-11",
        template="dialogues/notices/2026-11.html",
        needs="Sie dürfen meinen Hinweis speichern und an Küche und Gastgeber weitergeben. Zwei Tage nach dem Dialog löschen Sie ihn.",
        news="Schreiben Sie mir bis zu einem Jahr nach diesem Dialog, wenn es Neues zu seinen Themen gibt. Das kann ich jederzeit beenden.",
        listed="Andere bestätigte Teilnehmende dürfen sehen, dass wir kommen: Betrieb und Namen. Die Liste gibt es bis eine Woche nach dem Dialog.",
    )
}
CURRENT = EDITIONS["2026-11"]


def edition(version: str) -> Notice:
    """The edition a booking was made under; raises KeyError for one that never was."""
    return EDITIONS[version]
