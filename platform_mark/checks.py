"""What Django's own checks cannot know: which environment this portal must not run in.

Errors hold always, warnings are shown by `check --deploy`.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

# These backends look like sending and keep the mail on the machine; the file backend shows it to staff, links included.
KEEPS_MAIL = ("filebased", "console", "dummy")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@register(Tags.security)
def mail_leaves_the_machine(**kwargs: Any) -> Sequence[CheckMessage]:
    """Refuse mail backends that send nothing, outside the quick start."""
    backend = settings.EMAIL_BACKEND.split(".")[-2]
    if settings.QUICK_START or backend not in KEEPS_MAIL:
        return []
    return [
        Error(
            f"EMAIL_URL wählt „{backend}“, und das verschickt nichts.",
            hint="Bitte einen Mailserver nennen: smtp+tls://NAME:PASSWORT@RECHNER:587. Nur der Schnellstart behält Mails.",
            id="platform_mark.E001",
        )
    ]


@register(Tags.security)
def base_address_is_allowed(**kwargs: Any) -> Sequence[CheckMessage]:
    """Refuse a base address whose own host the portal would turn away."""
    host = urlsplit(settings.BASE_URL).hostname
    if host in settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        return []
    return [
        Error(
            "ALLOWED_HOSTS nennt den Rechner aus BASE_URL nicht: Das Portal würde jeden eigenen Link ablehnen.",
            hint=f"Bitte {host} in ALLOWED_HOSTS aufnehmen.",
            id="platform_mark.E002",
        )
    ]


@register(Tags.security, deploy=True)
def hosts_are_named(**kwargs: Any) -> Sequence[CheckMessage]:
    """Warn of wildcards: whoever points a name at the server could choose the host."""
    wild = [host for host in settings.ALLOWED_HOSTS if host.startswith(("*", "."))]
    if not wild:
        return []
    return [Warning(f"ALLOWED_HOSTS enthält Platzhalter: {', '.join(wild)}.", id="platform_mark.W001")]


@register(Tags.security, deploy=True)
def proxy_is_counted(**kwargs: Any) -> Sequence[CheckMessage]:
    """Warn of https without a proxy: the portal itself speaks http, so it would redirect for ever."""
    if not settings.HTTPS or settings.TRUSTED_PROXIES:
        return []
    return [
        Warning(
            "BASE_URL ist https, aber TRUSTED_PROXIES ist 0: Jede Seite leitet auf sich selbst um.",
            hint="Hinter nginx wie in deploy/nginx bitte TRUSTED_PROXIES=1 setzen.",
            id="platform_mark.W002",
        )
    ]


@register(Tags.security)
def mail_is_encrypted(**kwargs: Any) -> Sequence[CheckMessage]:
    """Refuse mail that crosses a network in the clear, password included."""
    if settings.EMAIL_HOST in LOOPBACK or settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL or settings.QUICK_START:
        return []
    return [
        Error(
            "EMAIL_URL schickt Mails und Passwort unverschlüsselt durchs Netz.",
            hint="Bitte smtp+tls:// (STARTTLS, Port 587) oder smtp+ssl:// (Port 465) verwenden.",
            id="platform_mark.E003",
        )
    ]
