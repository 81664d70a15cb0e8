"""Structured logs: one JSON object a line, in UTC, to standard output, without secrets.

Nothing that a visitor sends is trusted: line breaks and control characters are escaped by JSON, tokens in paths are
masked, e-mail addresses are shortened to their domain, and neither bodies nor query strings are logged.
"""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

_KEYWORD = r"(?:passwor[dt]|kennwort|secret|token|csrf|session|cookie|authorization|api[_-]?key)"
# `password=...`, `"token": "..."`, `SECRET_KEY=...`, `Authorization: Basic ...`, `Key (token)=(...)`.
_SECRET = re.compile(
    rf"""({_KEYWORD}[\w-]{{0,30}}["')\]]{{0,3}}\s?[=:]\s?)"""
    r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:(?:Basic|Bearer)\s)?[^\s"',;&}\]]+)""",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(_KEYWORD, re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^:/\s@]{0,100}:)\S{1,200}@")
# Local parts may hold letters of any alphabet; `%40` is the sign as it stands in addresses of pages.
_ADDRESS = re.compile(r"""[^\s@<>"'(){}\[\],;:/=*][^\s@<>"(){}\[\],;:/=*]{0,63}(?:@|%40)([\w.-]+)""")
# Tokens of platform_mark.tokens, wherever they stand.
_OWN_TOKEN = re.compile(r"\b\d+-\d+\.[\w-]{40,}", re.ASCII)
# Long segments of a path are tokens unless they read like the name of a page or a file.
_SEGMENT = re.compile(r"(?<=/)[\w:.=-]{20,}", re.ASCII)
# Each word is of one kind only: where both would do, a refusal would try every mixture of the two.
_WORD = r"(?:[A-Za-z]{1,30}|(?=[a-z]*[0-9])[a-z0-9]{1,8})"
_NAME = re.compile(rf"{_WORD}(?:[-_]{_WORD})*(?:\.[0-9a-f]{{12}})?(?:\.[a-z0-9]{{2,5}}){{0,2}}[.:]?", re.ASCII)

# PostgreSQL quotes the refused row or key, with whatever a person typed, line breaks included.
_DETAIL = re.compile(
    r"^(DETAIL:\s).*?(?=^(?:HINT|CONTEXT|QUERY|Traceback|The above exception|During handling)\b|\Z)",
    re.MULTILINE | re.DOTALL,
)

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def mask(text: str) -> str:
    """Return `text` with tokens, passwords and the local part of addresses replaced."""
    text = _DETAIL.sub(r"\1***\n", text)
    text = _URL_PASSWORD.sub(r"\1***@", text)
    text = _OWN_TOKEN.sub("***", text)
    text = _SECRET.sub(r"\1***", text)
    text = _ADDRESS.sub(r"***@\1", text)
    return _SEGMENT.sub(lambda found: found[0] if _NAME.fullmatch(found[0]) else "***", text)


class JsonFormatter(logging.Formatter):
    """One record as one JSON line; fields given by `extra=` are kept when they are plain values."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON text without line breaks."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": mask(record.getMessage()),
        }
        for key, value in vars(record).items():
            if key not in _PLAIN and isinstance(value, str | int | float | bool | None):
                line[key] = "***" if _SECRET_NAME.search(key) else mask(value) if isinstance(value, str) else value
        if record.exc_info:
            line["exception"] = mask(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=True)
