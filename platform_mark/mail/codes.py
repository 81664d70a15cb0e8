"""Codes to type in: a mail keeps its code masked, like a link, because staff read the outbox and dumps lie around."""

import secrets

from platform_mark.tokens import hide_number, show_number

from .models import OutgoingMail

# Stands in a stored text where the code goes.
MARKER = "[persönlicher Code]"
PURPOSE = "mail.code"
DIGITS = 8


def hide(mail: OutgoingMail, code: str) -> None:
    """Keep the code of a mail that was just queued, so that only `text_of` can tell it. Dashes in it do not count."""
    pad = secrets.randbelow(2**31)
    mail.token_purpose, mail.token_version = PURPOSE, pad
    mail.token_row = hide_number(PURPOSE, int(code.replace("-", "")), pad, size=DIGITS)
    mail.save(update_fields=["token_purpose", "token_row", "token_version"])


def text_of(mail: OutgoingMail) -> str:
    """The stored text with its code, in two groups of four. Never stored, never logged."""
    if mail.token_purpose != PURPOSE or mail.token_row is None or mail.token_version is None:
        return mail.text
    digits = f"{show_number(PURPOSE, mail.token_row, mail.token_version, size=DIGITS):08}"
    return mail.text.replace(MARKER, f"{digits[:4]}-{digits[4:]}")
