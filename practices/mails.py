"""What people are told by mail about a suggestion of theirs; the texts are in `templates/email/`."""

from collections.abc import Mapping

from platform_mark.mail.outbox import Link, queue_letter
from platform_mark.mail.texts import Letter, MailKind

from .models import Suggestion

PURPOSE = "practices.suggestion"
PATH = "/beispiele/vorschlag/{token}/"

_LINK = {"link": "Persönlicher Link zum Vorschlag; steht allein in einer Zeile"}
_COMPANY = {"betrieb": "Name des vorgeschlagenen Betriebs"}
_MADE_UP = {"betrieb": "Muster Drehteile", "grund": "Ein sehr ähnliches Beispiel haben wir schon aufgeschrieben."}


def tell(name: str, suggestion: Suggestion) -> None:
    """Write the mail of this kind to whoever suggested; in the transaction of its cause."""
    queue_letter(KINDS[name], suggestion.email, _letter(KINDS[name], suggestion))


def _letter(kind: MailKind, suggestion: Suggestion) -> Letter:
    values = {"betrieb": suggestion.company, "grund": suggestion.reason}
    return Letter(
        {name: value for name, value in values.items() if name in kind.placeholders},
        {"link": Link(PATH, PURPOSE, suggestion.pk, suggestion.token_version)},
    )


def _example(name: str, is_real: bool) -> Letter:
    kind = KINDS[name]
    latest = Suggestion.objects.exclude(email="").first() if is_real else None
    if latest is not None:
        letter = _letter(kind, latest)
        return Letter({name: value or _MADE_UP[name] for name, value in letter.values.items()}, letter.links)
    values = {name: value for name, value in _MADE_UP.items() if name in kind.placeholders}
    return Letter(values, {"link": Link("/test/{token}/", "test", 0, 0)})


def _kind(name: str, label: str, placeholders: Mapping[str, str], *, is_limited: bool = False) -> MailKind:
    return MailKind(
        name=name,
        label=f"Vorschlag: {label}",
        placeholders=placeholders,
        required=tuple({"grund", "link"} & placeholders.keys()),
        example=lambda is_real: _example(name, is_real),
        is_limited=is_limited,
    )


KINDS: Mapping[str, MailKind] = {
    kind.name: kind
    for kind in (
        # Nobody has confirmed the address yet, so it names nothing that somebody typed.
        _kind("vorschlag-bestaetigen", "Bitte bestätigen", _LINK, is_limited=True),
        _kind("vorschlag-angenommen", "Wird aufgeschrieben", {**_COMPANY, **_LINK}),
        _kind("vorschlag-abgelehnt", "Abgelehnt", {**_COMPANY, "grund": "Ihre Begründung", **_LINK}),
    )
}
