"""Who was erased, kept outside the database, so that restoring a backup does not bring anybody back.

A line of the file holds a time and a keyed hash of the address: who has the file alone learns nothing from it. Lines end
with the backups that they are for.
"""

import json
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

# No backup may be kept for longer, here or elsewhere (docs/betrieb.md).
KEEP = timedelta(days=400)


def ledger() -> Path:
    """The file, beside the database and never in it."""
    return Path(settings.DATA_DIR) / "erasures.jsonl"


def note(address_key: str, *, at: datetime | None = None) -> None:
    """Remember that this address was erased; drops lines that no backup needs any more."""
    at = at or timezone.now()
    path = ledger()
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [line for line in _lines() if datetime.fromisoformat(line["at"]) > at - KEEP]
    lines.append({"at": at.isoformat(), "who": _digest(address_key, settings.SECRET_KEY)})
    draft = path.with_suffix(".partial")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def erased_since(at: datetime, address_keys: Iterable[str]) -> list[str]:
    """Those of the addresses that were erased at or after an instant."""
    erased = {line["who"] for line in _lines() if datetime.fromisoformat(line["at"]) >= at}
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [key for key in address_keys if erased & {_digest(key, secret) for secret in keys}]


def has_any_since(at: datetime) -> bool:
    """Whether anybody was erased at or after an instant."""
    return any(datetime.fromisoformat(line["at"]) >= at for line in _lines())


def _lines() -> list[dict[str, str]]:
    try:
        return [json.loads(line) for line in ledger().read_text().splitlines() if line.strip()]
    except FileNotFoundError:
        return []


def _digest(address_key: str, secret: str) -> str:
    return salted_hmac("platform_mark.erasures", address_key, secret=secret, algorithm="sha256").hexdigest()
