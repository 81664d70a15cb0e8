"""Who runs the portal: on every page, error pages included, so it comes from a small file and never from the database.

Staff edit it in the administration (`pages.Operator`), which writes the file anew. Without a file the environment says it.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

# What pages and mails may ask for.
FIELDS = ("name", "street", "town", "phone", "hours", "email")

_read: dict[tuple[str, int], dict[str, str]] = {}


def operator() -> Mapping[str, str]:
    """Name, street, town, phone, hours and e-mail address; any of them may be empty. A damaged file counts as none."""
    path = _path()
    try:
        key = (str(path), path.stat().st_mtime_ns)
    except OSError:
        return settings.OPERATOR
    if key not in _read:
        _read.clear()
        _read[key] = _parsed(path)
    return _read[key]


def publish(values: Mapping[str, str]) -> None:
    """Let every process say this from now on; raises OSError where the data folder cannot be written."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".operator-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({name: values[name] for name in FIELDS}, file, ensure_ascii=False)
    Path(draft).chmod(0o644)
    Path(draft).replace(path)


def _parsed(path: Path) -> dict[str, str]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {name: str(told[name]) for name in FIELDS}
    except (OSError, ValueError, KeyError, TypeError):
        return settings.OPERATOR


def _path() -> Path:
    return settings.DATA_DIR / "operator.json"
