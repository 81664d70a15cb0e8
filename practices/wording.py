"""Numbers as German readers expect them: „20.000 bis 25.000 €“, „10 Wochen“, „4,1 %“."""

from decimal import Decimal

NBSP = "\N{NO-BREAK SPACE}"
WEEKS_A_MONTH = 52 / 12
_GERMAN = str.maketrans(",.-", ".,−")


def number(value: Decimal | int) -> str:
    """Return a number with decimal comma, points between thousands, a true minus and no trailing zeros."""
    # Adding 0 takes the sign from a zero.
    text = f"{value:,d}" if isinstance(value, int) else f"{value.normalize() + 0:,f}"
    return text.translate(_GERMAN)


def euros(low: int | None, high: int | None) -> str:
    """Return a range of euros in words, empty when unknown."""
    if low is None or high is None:
        return ""
    if low == high:
        return f"{number(low)}{NBSP}€" if low else "keine"
    return f"{number(low)} bis {number(high)}{NBSP}€"


def weeks(count: int | None) -> str:
    """Return a number of weeks in words: weeks up to a quarter, months above; empty when unknown."""
    if count is None:
        return ""
    if count <= 12:
        return "1 Woche" if count == 1 else f"{count} Wochen"
    return f"{round(count / WEEKS_A_MONTH)} Monate"


def after_weeks(count: int | None) -> str:
    """Return the same as a moment in words: „nach 10 Wochen“, „nach 3 Monaten“."""
    text = weeks(count)
    return f"nach {text}{'n' if text.endswith('Monate') else ''}" if text else ""


def person_days(count: Decimal | None) -> str:
    """Return an effort in words, empty when unknown."""
    if count is None:
        return ""
    return "1 Personentag" if count == 1 else f"{number(count)} Personentage"


def after_months(count: Decimal | None) -> str:
    """Return a delay in words, empty when unknown."""
    if count is None:
        return ""
    if not count:
        return "sofort"
    return "nach 1 Monat" if count == 1 else f"nach {number(count)} Monaten"


def quantity(value: Decimal | None, unit: str) -> str:
    """Return a number with its unit, empty when unknown."""
    if value is None:
        return ""
    return f"{number(value)}{NBSP}{unit}" if unit else number(value)


def share(value: Decimal | None, other: Decimal | None) -> int:
    """Return how long a bar for `value` is, in percent of the larger of both; 0 when unknown."""
    length, rest = abs(value or Decimal(0)), abs(other or Decimal(0))
    largest = max(length, rest)
    return round(length / largest * 100) if largest else 0
