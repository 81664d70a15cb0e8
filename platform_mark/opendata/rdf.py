"""Statements about things, written as Turtle and as JSON-LD. Both say the same; a test reads both and compares."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What may not stand in an address between angle brackets, and what may not stand between quotation marks.
_NOT_IN_IRI = re.compile(r"[\x00-\x20<>\"{}|^`\\]")
_NOT_IN_TEXT = re.compile(r"[\x00-\x1f\x7f\"\\]")
_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class Iri:
    """A thing by its address; a short form „dcat:Dataset“ where its prefix is known."""

    value: str


@dataclass(frozen=True)
class Text:
    """A text, in a language or of a type (in its short form)."""

    value: str
    language: str = ""
    type: str = ""


Value = Iri | Text


@dataclass(frozen=True)
class Thing:
    """All that is said about one thing: its address, its types, and pairs of a property and a value."""

    iri: str
    types: Sequence[str]
    values: Sequence[tuple[str, Value]]


def turtle(things: Iterable[Thing], prefixes: Mapping[str, str]) -> str:
    """The statements as Turtle."""
    lines = [f"@prefix {name}: <{_iri(address)}> ." for name, address in prefixes.items()]
    for thing in things:
        said = [f"a {', '.join(thing.types)}", *(f"{name} {_turtle(value, prefixes)}" for name, value in thing.values)]
        lines += ["", f"<{_iri(thing.iri)}>", *(f"    {each} ;" for each in said[:-1]), f"    {said[-1]} ."]
    return "\n".join(lines) + "\n"


def json_ld(things: Iterable[Thing], prefixes: Mapping[str, str]) -> dict[str, Any]:
    """The same as JSON-LD."""
    graph = []
    for thing in things:
        node: dict[str, Any] = {"@id": thing.iri, "@type": list(thing.types)}
        for name, value in thing.values:
            node.setdefault(name, []).append(_json(value))
        graph.append(node)
    return {"@context": dict(prefixes), "@graph": graph}


def _turtle(value: Value, prefixes: Mapping[str, str]) -> str:
    if isinstance(value, Iri):
        return value.value if value.value.partition(":")[0] in prefixes else f"<{_iri(value.value)}>"
    text = f'"{_NOT_IN_TEXT.sub(_escaped, value.value)}"'
    return text + (f"@{value.language}" if value.language else f"^^{value.type}" if value.type else "")


def _json(value: Value) -> dict[str, str]:
    if isinstance(value, Iri):
        return {"@id": value.value}
    kind = {"@language": value.language} if value.language else {"@type": value.type} if value.type else {}
    return {"@value": value.value, **kind}


def _iri(address: str) -> str:
    return _NOT_IN_IRI.sub(lambda found: f"%{ord(found.group()):02X}", address)


def _escaped(found: re.Match[str]) -> str:
    return _SHORT.get(found.group(), f"\\u{ord(found.group()):04X}")
