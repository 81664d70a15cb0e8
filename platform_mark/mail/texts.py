"""What mails say: shipped texts that staff may change, with a fixed list of placeholders for each kind.

A placeholder is a word in braces. It is replaced by a ready-made string, once and by name: there is no attribute, no filter
and no template language, so neither staff nor what a person typed can reach anything by a text.
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.core.exceptions import ValidationError
from django.template import TemplateDoesNotExist
from django.template.loader import get_template

from platform_mark.contact import operator
from platform_mark.tokens import make_token

from .models import MailText

log = logging.getLogger(__name__)

# Stands in a stored text where the personal link goes, so that neither the database nor a dump opens a door.
LINK = "[persönlicher Link]"
SUBJECT_LENGTH = 200

_COMMENT = re.compile(r"\{# (.+?) #\}")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
# Controls, and the marks that turn the direction of writing: they hide what a line says, and NUL cannot be stored.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Link:
    """A personal link: a path with `{token}` in it, and what the token names."""

    path: str
    purpose: str
    row_id: int
    version: int

    @property
    def token(self) -> str:
        return make_token(self.purpose, self.row_id, self.version)

    @property
    def url(self) -> str:
        return f"{settings.BASE_URL}{self.path.replace('{token}', self.token)}"


@dataclass(frozen=True)
class Letter:
    """What one person is told: the strings for the placeholders, their links by placeholder, and what is enclosed."""

    values: Mapping[str, str]
    links: Mapping[str, Link] = field(default_factory=dict)
    # An iCalendar file.
    calendar: str = ""
    # The placeholder of the link that ends mails of this kind (RFC 8058).
    unsubscribe: str = ""


# What staff call the kinds whose texts they may change, and the one that only they get.
_LABELS = {"test": "Testmail"}


@dataclass(frozen=True)
class MailKind:
    """A kind of mail whose text staff may change; `name` is that of its shipped text in `email/`."""

    name: str
    label: str
    # What each placeholder stands for, in words for staff.
    placeholders: Mapping[str, str]
    # Those that a text of this kind may not do without.
    required: tuple[str, ...]
    # For a preview: real data where that is asked for and there is some, else made up.
    example: Callable[[bool], Letter]
    # Anybody can trigger it for any address, so it counts towards the limit of that address.
    is_limited: bool = False

    def __post_init__(self) -> None:
        _LABELS[self.name] = self.label


@dataclass(frozen=True)
class Text:
    subject: str
    body: str


def label(name: str) -> str:
    """What staff call a kind of mail; where staff may not change its text, the template begins with that as a comment."""
    if name in _LABELS:
        return _LABELS[name]
    try:
        source = get_template(f"email/{name}.txt").template.source
    except TemplateDoesNotExist:
        # A kind of an earlier version.
        return name
    found = _COMMENT.match(source)
    return found[1] if found else name


def shipped(name: str) -> Text:
    """The text that comes with the portal: a subject, an empty line, the body."""
    source = get_template(f"email/{name}.txt").template.source
    subject, _, body = source.partition("\n")
    return Text(subject.strip(), body.strip())


def current(kind: MailKind) -> Text:
    """What staff made of it, or the shipped text; that also where theirs names what a later version dropped."""
    row = MailText.objects.filter(kind=kind.name).first()
    if row is None:
        return shipped(kind.name)
    text = Text(row.subject, row.text)
    if set(_PLACEHOLDER.findall(f"{text.subject}{text.body}")) - set(kind.placeholders):
        log.error("text of a mail is out of date", extra={"kind": kind.name})
        return shipped(kind.name)
    return text


def marker(placeholder: str) -> str:
    """What stands in a stored text for a personal link."""
    return LINK if placeholder == "link" else f"{LINK[:-1]}: {placeholder}]"


def fill(text: Text, values: Mapping[str, str], links: Iterable[str]) -> Text:
    """Put the strings in; `links` names the placeholders whose links are made at sending only.

    A line whose placeholders are all empty falls away, together with a line above it that ends with a colon. A placeholder that nobody
    knows raises KeyError: saving a text refuses it, so this is a fault of ours.
    """
    known = {name: clean(value).replace(LINK[:-1], "(persönlicher Link") for name, value in values.items()}
    known |= {name: marker(name) for name in links}
    lines: list[str] = []
    for line in text.body.split("\n"):
        filled = _fill_line(line, known)
        if filled is not None:
            lines.append(filled)
        elif lines and lines[-1].endswith(":"):
            # It announced what is not there.
            lines.pop()
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    subject = " ".join((_fill_line(text.subject, known) or "").split())
    return Text(subject[:SUBJECT_LENGTH].rstrip(), body)


def check(text: Text, *, placeholders: Iterable[str], required: Iterable[str]) -> None:
    """Raise ValidationError, by field, unless the text names known placeholders only, and all that it must name."""
    allowed = set(placeholders)
    faults: dict[str, list[str]] = {"subject": [], "text": []}
    for name, part in {"subject": text.subject, "text": text.body}.items():
        unknown = dict.fromkeys(found for found in _PLACEHOLDER.findall(part) if found not in allowed)
        faults[name] += [f"Den Platzhalter {{{found}}} gibt es hier nicht." for found in unknown]
        if re.search(r"[{}]", _PLACEHOLDER.sub("", part)):
            faults[name].append("Eine geschweifte Klammer steht allein. Platzhalter sehen so aus: {titel}.")
        if _CONTROL.search(part.replace("\r\n", "\n")):
            faults[name].append("Hier steht ein Zeichen, das man nicht sieht. Bitte tippen Sie die Zeile neu.")
    if "\n" in text.subject.strip():
        faults["subject"].append("Der Betreff ist eine einzige Zeile.")
    faults["text"] += [
        f"Der Platzhalter {{{name}}} muss im Text stehen bleiben."
        for name in required
        if f"{{{name}}}" not in text.body
    ]
    if found := {name: messages for name, messages in faults.items() if messages}:
        raise ValidationError(found)


def clean(value: str) -> str:
    """The string without what is invisible; every line break is a plain one."""
    return _CONTROL.sub(" ", value.replace("\r\n", "\n").replace("\r", "\n"))


def closing() -> str:
    """What stands under every text: greeting and address of the operator."""
    who = operator()
    return (
        f"Freundliche Grüße\n{who['name']}\n\n-- \n{who['name']}\n"
        f"{who['street']}, {who['town']}\nTelefon {who['phone']}\n"
    )


def _fill_line(line: str, known: Mapping[str, str]) -> str | None:
    names = _PLACEHOLDER.findall(line)
    if names and not any(known[name] for name in names):
        return None
    return _PLACEHOLDER.sub(lambda found: known[found[1]], line)
