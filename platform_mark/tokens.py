"""Signed links: a token names one row for one purpose and one version, and nothing is stored that opens a door.

The row holds the version. Raising it (on resending or use) kills every older token of that purpose.

A page behind such a link has an address that is a key: `keep_address` keeps it to whoever has it.
"""

from dataclasses import dataclass
from typing import TypeVar

from django.core.signing import BadSignature, Signer
from django.http import HttpResponseBase
from django.utils.crypto import salted_hmac

Response = TypeVar("Response", bound=HttpResponseBase)


class BadToken(Exception):
    """The token is not ours, not for this purpose, or was changed. People are told the same for all of these."""


@dataclass(frozen=True)
class TokenSubject:
    row_id: int
    version: int


def make_token(purpose: str, row_id: int, version: int) -> str:
    """Return the token for one row; the caller checks the version and any expiry when it comes back."""
    return _signer(purpose).sign(f"{row_id}-{version}")


def read_token(purpose: str, token: str) -> TokenSubject:
    """Return what a token names; raises BadToken. Old keys count while they are in SECRET_KEY_FALLBACKS."""
    try:
        row_id, version = _signer(purpose).unsign(token).split("-")
        return TokenSubject(int(row_id), int(version))
    except (BadSignature, ValueError) as error:
        raise BadToken from error


def keep_address(response: Response, *, has_form: bool) -> Response:
    """Keep the address of this answer out of caches, indexes and Referers, and return the answer.

    `has_form` says that the page posts to its own site. Under "no-referrer" browsers send "Origin: null" with a form,
    which the check of form tokens refuses; under "same-origin" other sites learn just as little.
    """
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "same-origin" if has_form else "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def hide_number(purpose: str, number: int, pad: int, *, size: int) -> int:
    """Mask a number of `size` digits, so that it may lie in the database; `pad` must be random and used once."""
    return (number + _pad(purpose, pad)) % 10**size


def show_number(purpose: str, hidden: int, pad: int, *, size: int) -> int:
    """Undo `hide_number`. After a change of SECRET_KEY another number comes out, which opens nothing."""
    return (hidden - _pad(purpose, pad)) % 10**size


def _pad(purpose: str, pad: int) -> int:
    return int(salted_hmac(f"platform_mark.pad.{purpose}", str(pad), algorithm="sha256").hexdigest(), 16)


def _signer(purpose: str) -> Signer:
    # HMAC-SHA256 with a key derived from SECRET_KEY and the purpose: 256 bits.
    return Signer(salt=f"platform_mark.token.{purpose}", sep=".")
