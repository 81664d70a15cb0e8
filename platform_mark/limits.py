"""Limits for forms that anybody may post: how often, how fast, and a field that people do not see.

Counters live in the database, so they hold over all processes. An address is kept only as a keyed hash, and only for as
long as its window lasts.
"""

import ipaddress
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core import signing
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

# A person needs longer than this to read a form and type into it.
MINIMUM_TIME = timedelta(seconds=3)
LONGEST_TIME = timedelta(hours=24)


def client_network(request: HttpRequest) -> str:
    """The client's address, or its /64 for IPv6, seen past TRUSTED_PROXIES proxies of ours and no further."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        # Our own proxies append; what stands further left was written by the client.
        if len(hops) >= settings.TRUSTED_PROXIES:
            address = hops[-settings.TRUSTED_PROXIES]
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if ip.version == 6:
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network(f"{ip}/64", strict=False))
    return str(ip)


class TooManyRequests(Exception):
    """The limit is reached; the visitor gets the page for 429, with the seconds to wait."""

    def __init__(self, retry_after: timedelta) -> None:
        self.retry_after = retry_after
        super().__init__(f"Try again after {retry_after}.")


def require_within(name: str, request: HttpRequest, *, most: int, period: timedelta) -> None:
    """Count one request of this client; raises TooManyRequests over the limit (times POST_LIMIT_FACTOR)."""
    if not is_within(name, client_network(request), most=most * settings.POST_LIMIT_FACTOR, period=period):
        raise TooManyRequests(period)


def is_within(name: str, who: str, *, most: int, period: timedelta) -> bool:
    """Count one more attempt and say whether it is still within the limit."""
    window = int(timezone.now().timestamp() // period.total_seconds())
    key = salted_hmac("platform_mark.limits", f"{name}:{who}:{window}", algorithm="sha256").hexdigest()[:40]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO rate_counter AS r (key, number, expires_at) VALUES (%s, 1, %s) "
            "ON CONFLICT (key) DO UPDATE SET number = r.number + 1 RETURNING number",
            [key, timezone.now() + 2 * period],
        )
        return cursor.fetchone()[0] <= most


def forget_expired() -> int:
    """Delete counters whose window is over; return how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM rate_counter WHERE expires_at < %s", [timezone.now()])
        return cursor.rowcount


class OpenForm(forms.Form):
    """A public form with two quiet traps. A caught post is not lost: `is_suspicious` asks for one more plain step."""

    # Named like something a robot fills in; hidden from people by CSS and by its words from screen readers.
    website = forms.CharField(
        label="Bitte leer lassen",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    opened = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["opened"].initial = signing.dumps("opened", salt="platform_mark.limits")

    def is_suspicious(self) -> bool:
        """Whether a trap was touched: the hidden field is filled, or the form came back too fast or too late."""
        if self.cleaned_data.get("website"):
            return True
        try:
            signing.loads(self.cleaned_data.get("opened", ""), salt="platform_mark.limits", max_age=LONGEST_TIME)
        except signing.BadSignature:
            return True
        try:
            signing.loads(self.cleaned_data["opened"], salt="platform_mark.limits", max_age=MINIMUM_TIME)
        except signing.SignatureExpired:
            return False
        return True
