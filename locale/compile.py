"""Turn the .po files beside this script into the .mo files that Python reads: no tool needed, on any machine.

Knows just what our files use: one-line strings, plurals and comments. A test compares both kinds of files.
"""

import ast
import re
import struct
import sys
from pathlib import Path

HERE = Path(__file__).parent
_LINE = re.compile(r'(msgid|msgid_plural|msgstr|msgstr\[\d\])? ?(".*")')


def read(po: Path) -> dict[str, str]:
    """Return the messages of a .po file, plural forms joined by NUL as the .mo format wants them."""
    messages: dict[str, str] = {}
    for block in po.read_text(encoding="utf-8").split("\n\n"):
        parts: dict[str, str] = {}
        keyword = ""
        for line in block.splitlines():
            if match := _LINE.fullmatch(line):
                keyword = match[1] or keyword
                parts[keyword] = parts.get(keyword, "") + ast.literal_eval(match[2])
            elif line and not line.startswith("#"):
                sys.exit(f"{po}: cannot read this line: {line}")
        if "msgid_plural" in parts:
            messages[f"{parts['msgid']}\0{parts['msgid_plural']}"] = f"{parts['msgstr[0]']}\0{parts['msgstr[1]']}"
        elif "msgid" in parts:
            messages[parts["msgid"]] = parts["msgstr"]
    return messages


def compiled(messages: dict[str, str]) -> bytes:
    """Return the content of a .mo file: a header, two tables of lengths and places, then the strings."""
    pairs = sorted((key.encode(), text.encode()) for key, text in messages.items())
    count, start = len(pairs), 28
    place = start + 16 * count
    tables, strings = b"", b""
    for column in (0, 1):
        for pair in pairs:
            tables += struct.pack("<II", len(pair[column]), place + len(strings))
            strings += pair[column] + b"\0"
    return struct.pack("<7I", 0x950412DE, 0, count, start, start + 8 * count, 0, place) + tables + strings


if __name__ == "__main__":
    for po in sorted(HERE.glob("*/LC_MESSAGES/*.po")):
        po.with_suffix(".mo").write_bytes(compiled(read(po)))
