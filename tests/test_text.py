"""Values and names in messages: short, printable, on one line."""

from __future__ import annotations

import pytest

from lscli.text import shown

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
