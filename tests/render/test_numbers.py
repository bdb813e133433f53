"""Values have four significant digits, standard errors two."""

from __future__ import annotations

import math

import pytest

from lscli.render.numbers import cell, error, settings, short
from lscli.report import Row


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1e-12, "1.000e-12"),
        (5e-324, "4.941e-324"),
        (0.95, "0.9500"),
        (1.0, "1.000"),
        (0.28282491, "0.2828"),
        (-0.00012349, "-0.0001235"),
        (0.000012349, "1.235e-05"),
        (999.95, "1000"),
        (1234.4, "1234"),
        (9999.4, "9999"),
        (9999.6, "10000"),
        (-9999.6, "-10000"),
        (12345.6, "12346"),
        (123456789.0, "123456789"),
        (1e10, "1.000e+10"),
        (math.nan, ""),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_a_number_has_four_significant_digits(value: float, text: str) -> None:
    assert text == short(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, ""),
        (0.018654, "0.019"),
        (0.5, "0.50"),
        (1.0, "1.0"),
        (12.3, "12"),
        (99.6, "100"),
        (150.0, "150"),
        (1e-12, "1.0e-12"),
        (math.nan, ""),
    ],
)
def test_a_standard_error_has_two_and_no_exponent_where_the_value_has_none(value: float, text: str) -> None:
    assert text == error(value)


@pytest.mark.parametrize("value", [0.1 + 0.2, 1 / 3, 2 / 3, 12.3456, 123.456, 4321.1, 1e-7 / 3, 1e12 / 7])
def test_a_short_number_is_the_number_to_four_digits(value: float) -> None:
    for signed in (value, -value):
        assert math.isclose(signed, float(short(signed)), rel_tol=5.01e-4)
        assert 4 == len(short(signed).partition("e")[0].lstrip("-0.").replace(".", ""))


@pytest.mark.parametrize(
    ("value", "text"), [(True, "yes"), (False, ""), (1234567, "1234567"), (0.123456, "0.1235"), ("a\x1b", "a\\x1b")]
)
def test_a_cell_is_text_that_a_terminal_shows_as_it_is(value: object, text: str) -> None:
    assert text == cell(value)


def test_long_numbers_among_the_params_are_shown_to_six_digits() -> None:
    params = {"nu": 0.9999709374130499, "eps": 0.000125, "p": 2, "score": "msp", "rho": 1e-12}
    row = Row("logits", "", "skce", 0.1, math.nan, math.nan, math.nan, 9, params)
    assert ["nu=0.999971", "eps=0.000125", "p=2", "score=msp", "rho=1e-12"] == settings(row)
