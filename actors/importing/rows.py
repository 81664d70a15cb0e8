"""One entry as a file has it, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError

from .. import writing


@dataclass(frozen=True)
class Fault:
    """One wrong field: the row it is in, where exactly, and what is wrong."""

    number: int
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass
class Row:
    """One entry as a file has it."""

    number: int
    name: str
    actor: str = ""
    seat: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    source_url: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, name: str, message: str) -> None:
        """Note what is wrong with one field."""
        self.faults.append(Fault(self.number, self.where.get(name) or f"{self.name}, Feld „{name}“", message))

    def keep(self, values: Mapping[str, Any]) -> None:
        """Take these values as the content of the entry; what cannot be stored is a fault of its field."""
        try:
            self.data = writing.to_data(values)
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                self.fault(name, " ".join(messages))
