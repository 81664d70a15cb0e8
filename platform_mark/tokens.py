"""Signed links: a token names one row for one purpose and one version, and nothing is stored that opens a door.

The row holds the version. Raising it (on resending or use) kills every older token of that purpose.
"""

from dataclasses import dataclass

from django.core.signing import BadSignature, Signer


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


def _signer(purpose: str) -> Signer:
    # HMAC-SHA256 with a key derived from SECRET_KEY and the purpose: 256 bits.
    return Signer(salt=f"platform_mark.token.{purpose}", sep=".")
