"""What subscribers are told by mail; the texts are in `templates/email/`, and staff may change them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from platform_mark.mail.outbox import Link, queue_letter
from platform_mark.mail.texts import Letter, MailKind

from .models import Alert, Subscriber
from .news import Item, counted

CONFIRM = "alerts.confirm"
PLEASE_CONFIRM = "benachrichtigung-bestaetigen"
OWN = "alerts.own"
LEAVE = "alerts.leave"
CONFIRM_PATH = "/benachrichtigungen/bestaetigen/{token}/"
OWN_PATH = "/benachrichtigungen/{token}/"
LEAVE_PATH = "/benachrichtigungen/abmelden/{token}/"
# More than this nobody reads in a mail; the page has them all.
MOST_ITEMS = 15


@dataclass(frozen=True)
class Section:
    """What is new for one wish: the wish in words, its page, and the things."""

    words: str
    path: str
    items: Sequence[Item]


def ask_to_confirm(alert: Alert) -> bool:
    """Write the check mail: a link, nothing that was typed, nothing that advertises. Return whether it was written."""
    link = Link(CONFIRM_PATH, CONFIRM, alert.pk, alert.token_version)
    letter = Letter({}, {"link": link})
    return queue_letter(KINDS[PLEASE_CONFIRM], alert.subscriber.email, letter) is not None


def tell_of_existing(subscriber: Subscriber) -> bool:
    """Tell who ordered the same again where it can be changed. Return whether it was written."""
    letter = Letter({}, {"link": own_link(subscriber)})
    return queue_letter(KINDS["benachrichtigung-besteht"], subscriber.email, letter) is not None


def tell_news(subscriber: Subscriber, sections: Sequence[Section]) -> bool:
    """Write one mail with all that is new for one person. Return whether it was written."""
    items = [item for section in sections for item in section.items]
    letter = Letter(
        {"anzahl": counted(items), "neues": "\n\n".join(map(_listed, sections))},
        {"link": own_link(subscriber), "abmelden": Link(LEAVE_PATH, LEAVE, subscriber.pk, subscriber.token_version)},
        unsubscribe="abmelden",
    )
    return queue_letter(KINDS["benachrichtigung-neues"], subscriber.email, letter) is not None


def own_link(subscriber: Subscriber) -> Link:
    """The way to the page of an address, for whoever has shown that it is theirs."""
    return Link(OWN_PATH, OWN, subscriber.pk, subscriber.token_version)


def _listed(section: Section) -> str:
    lines = []
    for item in section.items[:MOST_ITEMS]:
        # One line each: a title is no place for a second one.
        said = " ".join(f"{item.title} ({item.note})".split() if item.note else item.title.split())
        lines.append(f"- {said}: {item.url}")
    text = f"{section.words}\n\n" + "\n".join(lines)
    if (rest := len(section.items) - MOST_ITEMS) > 0:
        where = f": {settings.BASE_URL}{section.path}" if section.path else "."
        text += f"\n\nUnd {rest} weitere{where}"
    return text


_MADE_UP = {
    "anzahl": "2 gute Beispiele und 1 Dialog",
    "neues": "Gute Beispiele, Branche: Metall und Draht\n\n- Rüsten in zehn Minuten statt vierzig\n- Die Prüfmaße kommen"
    " von selbst ins Protokoll\n\nBranchendialoge, Branche: Metall und Draht\n\n- Rüsten ohne Suchen (3. Dezember)",
}
_NOWHERE = Link("/test/{token}/", "test", 0, 0)


def _kind(
    name: str, label: str, placeholders: Mapping[str, str], *, required: tuple[str, ...], is_limited: bool = False
) -> MailKind:
    values = {name: value for name, value in _MADE_UP.items() if name in placeholders}
    links = dict.fromkeys(placeholders.keys() - values.keys(), _NOWHERE)
    return MailKind(
        name=name,
        label=f"Benachrichtigung: {label}",
        placeholders=placeholders,
        required=required,
        # Made up in any case: what somebody subscribed to is nobody else's business.
        example=lambda is_real: Letter(values, links, unsubscribe="abmelden" if "abmelden" in links else ""),
        is_limited=is_limited,
    )


_OWN = "Persönlicher Link zur Seite mit allen Benachrichtigungen der Adresse; steht allein in einer Zeile"
KINDS: Mapping[str, MailKind] = {
    kind.name: kind
    for kind in (
        _kind(
            PLEASE_CONFIRM,
            "Bitte bestätigen",
            {"link": "Persönlicher Link zum Bestätigen; steht allein in einer Zeile"},
            required=("link",),
            is_limited=True,
        ),
        _kind("benachrichtigung-besteht", "Schon bestellt", {"link": _OWN}, required=("link",), is_limited=True),
        _kind(
            "benachrichtigung-neues",
            "Das ist neu",
            {
                "anzahl": "Wie viel von welcher Art, zum Beispiel „2 gute Beispiele und 1 Dialog“",
                "neues": "Das Neue, nach Auswahl geordnet; steht allein in einer Zeile",
                "link": _OWN,
                "abmelden": "Persönlicher Link zum Abmelden; steht allein in einer Zeile",
            },
            required=("neues", "link", "abmelden"),
        ),
    )
}
