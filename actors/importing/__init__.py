"""Entries from files: published facts in JSON, and lists that staff keep in a table. Checked row by row, stored all or not at all.

An organisation that is not listed yet becomes an actor without account. Entries start unconfirmed: nobody of the
organisation has assured them. What a row leaves open stays open, above all its dates: a year is no day.
"""

from platform_mark.sheets import is_json, read_json

from .facts import read_facts
from .plan import ImportRefused, Outcome, Plan, PlanChanged, carry_out, make_plan
from .rows import Fault, Row
from .tables import ACTOR_COLUMN, SHEET, read_lines, write_template

__all__ = [
    "ACTOR_COLUMN",
    "SHEET",
    "Fault",
    "ImportRefused",
    "Outcome",
    "Plan",
    "PlanChanged",
    "Row",
    "carry_out",
    "make_plan",
    "read",
    "read_facts",
    "write_template",
]


def read(content: bytes) -> list[Row]:
    """The rows of a JSON file of facts or of a table; raises FileRefused when it cannot be read at all."""
    return read_facts(read_json(content)) if is_json(content) else read_lines(content)
