"""Names and values in messages are printable and bounded; in hints they are quoted as a shell reads them."""

from __future__ import annotations

import re
import shlex

import pytest

from lscli.errors import InputError
from lscli.text import bounded, listed, nearest, percent, printed, rounded, shown, typed

ODD = ["$(touch PWNED)", "`touch x`", "a b", "it's", 'say "no"', "a;b", "*", "~", "-x", "日本語"]


@pytest.mark.parametrize("name", ODD)
def test_a_name_is_typed_as_the_shell_reads_it(name: str) -> None:
    assert [name] == shlex.split(typed(name))
    assert [name, "b"] == [each.removesuffix(",") for each in shlex.split(listed([name, "b"]))]


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "a\u2028b", "\udce9", "k" * 81])
def test_a_name_that_cannot_be_typed_is_not_offered(name: str) -> None:
    assert "" == typed(name)
    assert listed([name]).isprintable()
    assert "" == nearest(name, [name])


@pytest.mark.parametrize("name", ODD)
def test_a_similar_name_is_quoted(name: str) -> None:
    (found,) = re.fullmatch(r"did you mean (.*)\?", nearest(f"{name}", [name])).groups()  # type: ignore[union-attr]
    assert [name] == shlex.split(found)


def test_long_names_are_cut_in_the_middle() -> None:
    assert ("abc", 40) == (bounded("abc", 40), len(bounded("a" * 5000, 40)))
    assert len(printed("k" * 30_000)) < 200
    assert len(listed(["k" * 30_000] * 12)) < 1200
    error = InputError("k" * 30_000, "h" * 30_000, where="x")
    assert len(str(error)) < 1000
    assert len(error.hint) < 2000


DEEP: list[object] = []
for _ in range(10_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "value",
    [
        *("\x1b[2J" * 99, "\ud800", "\u2028a\nb", 10**30, -(10**5000), 1e400, None, DEEP),
        *(["a" * 99] * 99, {"a" * 99: {}}, [10**5000], b"\xff" * 99),
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_value_is_shown_in_a_short_printable_line(value: object) -> None:
    text = shown(value)
    assert text.isprintable()
    assert 0 < len(text) <= 80


@pytest.mark.parametrize("value", ["it's", 5, -2.5, True, None, [1, "a"], {"a": 0.1}])
def test_a_short_value_is_shown_as_python_writes_it(value: object) -> None:
    assert repr(value) == shown(value)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (170.4, 2, "170"),
        (168.3, 2, "170"),
        (99.6, 2, "100"),
        (1234567.0, 3, "1230000"),
        (-21946.0, 3, "-21900"),
        (999999999.0, 2, "1e+09"),
        (2.6e-07, 2, "2.6e-07"),
        (0.03411, 3, "0.0341"),
        (0.5, 3, "0.5"),
        (6.7, 2, "6.7"),
        (0.0, 2, "0"),
        (1.5e12, 2, "1.5e+12"),
        (float("inf"), 2, "inf"),
        (float("nan"), 2, "nan"),
    ],
)
def test_a_number_in_a_sentence_has_no_exponent_where_it_is_large(value: float, digits: int, text: str) -> None:
    assert text == rounded(value, digits)


def test_a_percentage_has_a_space() -> None:
    assert ["80.0 %", "98.32 %"] == [percent(0.8), percent(0.98324, 2)]


@pytest.mark.parametrize(("value", "text"), [(170.4, "+170"), (-0.5, "-0.5"), (0.0, "+0")])
def test_a_signed_number_has_its_sign(value: float, text: str) -> None:
    assert text == rounded(value, 2, signed=True)
