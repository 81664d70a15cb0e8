import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practices import wording
from practices.models import Effect, Practice

decimals = st.decimals(min_value=-(10**9), max_value=10**9, places=2)


def read(text: str) -> Decimal:
    """The number that a German reader reads."""
    return Decimal(text.replace(".", "").replace(",", ".").replace("−", "-"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1000, "1.000"),
        (1234567, "1.234.567"),
        (-38, "−38"),
        (-1000, "−1.000"),
        (Decimal("4.10"), "4,1"),
        (Decimal("4.00"), "4"),
        (Decimal("0.05"), "0,05"),
        (Decimal("1234.50"), "1.234,5"),
        (Decimal("-0.50"), "−0,5"),
        (Decimal("-0.00"), "0"),
        (Decimal("100"), "100"),
        (Decimal("1E+3"), "1.000"),
        (Decimal("1000000.00"), "1.000.000"),
    ],
)
def test_numbers_are_written_as_in_german(value, text):
    assert wording.number(value) == text


@given(decimals | st.integers(-(10**12), 10**12))
def test_every_number_can_be_read_back_and_has_no_idle_zeros(value):
    text = wording.number(value)
    assert read(text) == value
    assert re.fullmatch(r"−?\d{1,3}(\.\d{3})*(,\d*[1-9])?", text)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (None, None, ""),
        (5000, None, ""),
        (None, 5000, ""),
        (0, 0, "keine"),
        (800, 800, "800\xa0€"),
        (12000, 12000, "12.000\xa0€"),
        (20000, 25000, "20.000 bis 25.000\xa0€"),
        (0, 5000, "0 bis 5.000\xa0€"),
    ],
)
def test_amounts_are_ranges_of_euros(low, high, text):
    assert wording.euros(low, high) == text


@given(st.integers(0, 10**8), st.integers(0, 10**8))
def test_an_amount_names_both_ends_and_one_currency(one, other):
    low, high = sorted((one, other))
    text = wording.euros(low, high)
    if high:
        assert text.count("€") == 1
        assert [read(part) for part in text.removesuffix("\xa0€").split(" bis ")] == sorted({low, high})
    else:
        assert text == "keine"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, ""),
        (0, "0 Wochen"),
        (1, "1 Woche"),
        (2, "2 Wochen"),
        (12, "12 Wochen"),
        (13, "3 Monate"),
        (20, "5 Monate"),
        (52, "12 Monate"),
        (104, "24 Monate"),
    ],
)
def test_durations_are_weeks_and_then_months(count, text):
    assert wording.weeks(count) == text


@given(st.integers(13, 500))
def test_months_are_never_off_by_more_than_two_weeks_and_a_bit(count):
    months = int(wording.weeks(count).removesuffix(" Monate"))
    assert abs(months * 52 / 12 - count) <= 52 / 12 / 2 + 1e-9


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, ""),
        (Decimal(0), "0 Personentage"),
        (Decimal("1.0"), "1 Personentag"),
        (Decimal("12.50"), "12,5 Personentage"),
    ],
)
def test_efforts_are_days_of_one_person(count, text):
    assert wording.person_days(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, ""),
        (Decimal(0), "sofort"),
        (Decimal("1.0"), "nach 1 Monat"),
        (Decimal("1.5"), "nach 1,5 Monaten"),
        (Decimal("6.0"), "nach 6 Monaten"),
    ],
)
def test_a_benefit_comes_at_once_or_after_months(count, text):
    assert wording.after_months(count) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "min", ""),
        (Decimal("52.00"), "min", "52\xa0min"),
        (Decimal("4.10"), "%", "4,1\xa0%"),
        (Decimal("3"), "", "3"),
        (Decimal("0"), "Fehler", "0\xa0Fehler"),
    ],
)
def test_a_quantity_is_never_torn_from_its_unit(value, unit, text):
    assert wording.quantity(value, unit) == text


@pytest.mark.parametrize(
    ("value", "other", "length"),
    [
        (None, None, 0),
        (None, Decimal(5), 0),
        (Decimal(5), None, 100),
        (Decimal(0), Decimal(0), 0),
        (Decimal(0), Decimal(9), 0),
        (Decimal(52), Decimal(32), 100),
        (Decimal(32), Decimal(52), 62),
        (Decimal(-20), Decimal(40), 50),
    ],
)
def test_a_bar_is_as_long_as_its_share_of_the_larger(value, other, length):
    assert wording.share(value, other) == length


@given(decimals, decimals)
def test_the_longer_of_two_bars_is_full_and_none_is_longer(one, other):
    lengths = wording.share(one, other), wording.share(other, one)
    assert all(0 <= length <= 100 for length in lengths)
    assert max(lengths) == (100 if one or other else 0)


def test_an_effect_speaks_of_before_and_after():
    effect = Effect(label="Rüstzeit", unit="min", before=Decimal("52.00"), after=Decimal("32.50"), method="measured")
    assert (effect.before_text, effect.after_text) == ("52\xa0min", "32,5\xa0min")
    assert (effect.before_share, effect.after_share) == (100, 62)
    unknown = Effect(label="Rüstzeit", unit="min", before=None, after=Decimal("32.50"), method="estimated")
    assert (unknown.before_text, unknown.before_share, unknown.after_share) == ("", 0, 100)


def test_an_example_speaks_of_cost_and_duration():
    practice = Practice(investment_from=20000, investment_to=25000, running_cost_from=0, running_cost_to=0)
    practice.duration_weeks = 20
    assert practice.cost_text == "20.000 bis 25.000\xa0€"
    assert practice.running_cost_text == "keine"
    assert practice.duration_text == "5 Monate"
    silent = Practice()
    assert (silent.cost_text, silent.running_cost_text, silent.duration_text) == ("", "", "")
