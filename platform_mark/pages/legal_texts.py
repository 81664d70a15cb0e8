"""The legal texts the portal ships, and what is still missing in those that are in force."""

import re
from pathlib import Path

from django.utils import timezone

from .models import LegalText

FOLDER = Path(__file__).parent / "legal"
LEADS = {
    LegalText.Page.IMPRESSUM: "Wer dieses Portal betreibt und wie Sie uns erreichen.",
    LegalText.Page.DATENSCHUTZ: "Wir erheben so wenig wie möglich und sagen Ihnen, was wann gelöscht wird.",
    LegalText.Page.BARRIEREFREIHEIT: (
        "Dieses Portal soll für alle benutzbar sein: mit Tastatur, mit Vorleseprogramm, auf dem kleinen Telefon und auf "
        "Papier."
    ),
    LegalText.Page.NUTZUNG: "Was gilt, wenn Sie sich anmelden, etwas eintragen oder Daten mitnehmen.",
    LegalText.Page.MODERATION: "Was im Register stehen darf, wer prüft und wie Sie widersprechen.",
    LegalText.Page.LIZENZ: "Die Daten des Portals dürfen Sie weiterverwenden. Das sind die Regeln dafür.",
    LegalText.Page.LEICHT: "Hier steht in Leichter Sprache, was diese Internet-Seite ist.",
    LegalText.Page.LEICHT_BEISPIELE: "Hier steht in Leichter Sprache, was gute Beispiele und Angebote sind.",
    LegalText.Page.LEICHT_DIALOGE: "Hier steht in Leichter Sprache, was ein Branchen-Dialog ist.",
}
_PLACEHOLDER = re.compile(r"\[bitte ergänzen[^\]]*\]")


def load_legal_texts() -> int:
    """Make a first version of each page that has none; return how many were made."""
    made = 0
    for page in LegalText.Page:
        if not LegalText.objects.filter(page=page).exists():
            body = (FOLDER / f"{page.value}.html").read_text(encoding="utf-8")
            LegalText.objects.create(page=page, valid_from=timezone.localdate(), lead=LEADS[page], body=body)
            made += 1
    return made


def in_force() -> list[LegalText]:
    """The version of each page that is valid today."""
    return list(LegalText.objects.valid_on(timezone.localdate()).distinct("page"))


def missing() -> list[LegalText.Page]:
    """The pages of which no version is valid today."""
    valid = {text.page for text in in_force()}
    return [page for page in LegalText.Page if page.value not in valid]


def gaps() -> list[str]:
    """What the operator still has to write, in words: pages without a text, and marked places in those in force."""
    marked = [f"{text.get_page_display()}: {place}" for text in in_force() for place in placeholders(text)]
    return [*(f"{page.label}: Der Text fehlt." for page in missing()), *marked]


def placeholders(text: LegalText) -> list[str]:
    """The places in a text that the operator still has to fill in."""
    return _PLACEHOLDER.findall(f"{text.lead} {text.body}")
