"""Who was erased and what was withdrawn, kept outside the database, so that restoring a backup does not bring it back.

A line of the file holds a time, a keyed hash of the address and, where only one thing of it was erased or ended, the kind and
the number of that thing: who has the file alone learns nothing from it. Lines end with the backups that they are for.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

# No backup may be kept for longer, here or elsewhere (docs/betrieb.md).
KEEP = timedelta(days=400)


class Erased(NamedTuple):
    """An address that was erased: whole, or only one thing of it, by the kind of thing and the key of its row.

    What belongs to no address has an empty key.
    """

    address_key: str
    what: str
    row: int | None


def ledger() -> Path:
    """The file, beside the database and never in it."""
    return Path(settings.DATA_DIR) / "erasures.jsonl"


def note(address_key: str, what: str = "", row: int | None = None, *, at: datetime | None = None) -> None:
    """Remember that this address was erased, or only one thing of it; drops lines that no backup needs any more.

    Call it last in the transaction that erases: noted and erased twice does no harm, erased and forgotten does.
    """
    at = at or timezone.now()
    path = ledger()
    with _locked(path):
        lines = [line for line in _lines() if datetime.fromisoformat(line["at"]) > at - KEEP]
        one = {"what": what, "row": row} if what else {}
        lines.append({"at": at.isoformat(), "who": _digest(address_key, settings.SECRET_KEY), **one})
        draft = path.with_suffix(".partial")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


def erased_since(at: datetime, address_keys: Iterable[str]) -> list[Erased]:
    """What was erased of these addresses at or after an instant, each thing once."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    known = {_digest(key, secret): key for key in address_keys for secret in secrets}
    lines = [line for line in _lines() if datetime.fromisoformat(line["at"]) >= at and line["who"] in known]
    return list(dict.fromkeys(Erased(known[line["who"]], line.get("what", ""), line.get("row")) for line in lines))


def has_any_since(at: datetime) -> bool:
    """Whether anybody was erased at or after an instant."""
    return any(datetime.fromisoformat(line["at"]) >= at for line in _lines())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time: each reads all lines and writes all of them again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A file beside it, since the ledger itself is replaced.
    with os.fdopen(os.open(path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lines() -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in ledger().read_text().splitlines() if line.strip()]
    except FileNotFoundError:
        return []


def _digest(address_key: str, secret: str) -> str:
    return salted_hmac("platform_mark.erasures", address_key, secret=secret, algorithm="sha256").hexdigest()
