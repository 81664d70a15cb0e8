"""Reading mails as they went over the wire, and what holds for every one of them."""

import re
from datetime import datetime
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from html import unescape

from django.utils import timezone

from platform_mark.mail.bulk import draft_bulk
from platform_mark.mail.models import BulkMail, MailText, OutgoingMail
from platform_mark.mail.texts import Letter, Link, MailKind, shipped

HOST = "portal.test"
_URL = re.compile(r"https?://[^\s<>\"')\]]+")


def make_bulk(number: int = 1, *, subject: str = "Sicherheitsschuhe") -> BulkMail:
    """A draft for so many people."""
    link = Link("/anmeldung/{token}/", "probe", 7, 1)
    people = [
        (f"person{n}@firma.test", Letter({"anrede": f"Guten Tag Person {n}"}, {"link": link})) for n in range(number)
    ]
    kind = MailKind("dialog-nachricht", "Nachricht", {}, (), example=lambda is_real: people[0][1])
    return draft_bulk(kind, subject=subject, text="{anrede},\n\nbitte kommen.\n\nAnsehen:\n{link}", recipients=people)


def make_mail_text(kind: str = "dialog-erinnerung") -> MailText:
    """A text that staff changed."""
    return MailText.objects.create(kind=kind, subject="Geändert: Rüsten", text=shipped(kind).body)


def went_out(at: datetime | None = None) -> None:
    """Let every mail that waits have been sent, now or at another time."""
    OutgoingMail.objects.filter(state="waiting").update(state="sent", sent_at=at or timezone.now())


def read(mail: Message) -> EmailMessage:
    """The mail with its parts and headers decoded."""
    return BytesParser(policy=policy.default).parsebytes(mail.as_bytes())


def subject_of(mail: Message) -> str:
    # A long one begins on the second line.
    return str(read(mail)["subject"]).strip()


def text_of(mail: Message) -> str:
    return read(mail).get_body(("plain",)).get_content()  # type: ignore[union-attr]


def html_of(mail: Message) -> str:
    return read(mail).get_body(("html",)).get_content()  # type: ignore[union-attr]


def words(text: str) -> list[str]:
    """The words of a text, whatever the mark-up and the drawing of its tables."""
    return re.findall(r"[\w@.:/?&=%-]*\w", unescape(re.sub(r"<(style|title)>.*?</\1>|<[^>]+>", " ", text, flags=re.S)))


def faults(mail: Message, *, needs_unsubscribe: bool = False) -> list[str]:
    """Everything that is wrong with a mail that was sent."""
    found, message = [], read(mail)
    for name in ("from", "to", "subject", "date", "message-id", "mime-version", "auto-submitted", "list-unsubscribe"):
        if len(message.get_all(name, [])) > 1:
            found.append(f"{name} comes twice")
    senders, recipients = getaddresses([str(message["from"])]), getaddresses([str(message["to"])])
    if len(senders) != 1 or not senders[0][1].endswith(f"@{HOST}"):
        found.append("From is not ours")
    if len(recipients) != 1 or message["cc"] or message["bcc"]:
        found.append("not exactly one recipient")
    if parsedate_to_datetime(str(message["date"])).tzinfo is None:
        found.append("Date without a zone")
    if not re.fullmatch(rf"<[^<>@\s]+@{HOST}>", str(message["message-id"])):
        found.append("Message-ID is not ours")
    if message["auto-submitted"] != "auto-generated":
        found.append("not marked as automatic")
    subject = subject_of(mail)
    if not subject or len(subject) > 200 or re.search(r"[\x00-\x1f\x7f]", subject):
        found.append(f"subject: {subject!r}")
    if any(len(line) > 998 for line in mail.as_bytes().splitlines()):
        found.append("a line is too long")
    text, html = text_of(mail), html_of(mail)
    if leftover := re.search(r"\{\{|\}\}|\{%|\{\w+\}|\bNone\b|&lt;|&amp;|&#|\[persönlich", subject + text):
        found.append(f"leftover: {leftover[0]}")
    links = {url.rstrip(".,;") for url in _URL.findall(text)}
    found += [f"foreign link: {url}" for url in links if not url.startswith(f"https://{HOST}/")]
    linked = {unescape(url) for url in re.findall(r'href="([^"]+)"', html)}
    if linked - links:
        found.append(f"only in the HTML part: {linked - links}")
    if not re.search(r'<html lang="de">', html):
        found.append("the HTML part does not name its language")
    if re.search(r"<(script|form|iframe|object|embed|img|link)\b|url\(|@import|src=", html, re.I):
        found.append("the HTML part loads something")
    if missing := set(words(text)) - set(words(html)):
        found.append(f"only in the text part: {missing}")
    unsubscribe = str(message["list-unsubscribe"] or "").strip()
    one_click = str(message["list-unsubscribe-post"] or "") == "List-Unsubscribe=One-Click"
    if needs_unsubscribe != (bool(re.fullmatch(rf"<https://{HOST}/\S+>", unsubscribe)) and one_click):
        found.append(f"List-Unsubscribe: {unsubscribe!r}")
    return found
