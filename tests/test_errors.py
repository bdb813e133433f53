"""Errors with their hints and exit codes, whole numbers, and warnings that name the caller's line."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lscli
from lscli import errors
from lscli.errors import (
    EngineError,
    ExitCode,
    InputError,
    LscliError,
    LscliWarning,
    NotFittedError,
    UsageError,
    warn,
    whole,
)

# Rows that sum to 1, which questions on logits warn of.
PROBABILITIES, LABELS = np.array([[0.9, 0.1], [0.25, 0.75]]), [0, 1]


def test_an_error_is_its_place_and_message_with_a_hint_beside_it() -> None:
    error = InputError("not found", "look again", where="x.npy")
    assert ("x.npy: not found", "not found", "look again", "x.npy") == (
        str(error),
        error.message,
        error.hint,
        error.where,
    )
    assert ("odd", "", "") == (str(UsageError("odd")), UsageError("odd").hint, UsageError("odd").where)


def test_every_kind_of_error_has_an_exit_code_of_its_own() -> None:
    kinds = [e for e in vars(errors).values() if inspect.isclass(e) and issubclass(e, LscliError)]
    kinds.remove(NotFittedError)  # a UsageError
    assert 5 == len(kinds) == len({kind.exit_code for kind in kinds})
    assert (2, 3, 5, 70) == (UsageError.exit_code, InputError.exit_code, EngineError.exit_code, LscliError.exit_code)
    assert ExitCode.USAGE is UsageError("x").exit_code


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), np.array(3), 10**30])
def test_whole_takes_whole_numbers_of_any_type(value: Any) -> None:
    assert (int(value), int) == (whole(value, "n"), type(whole(value, "n")))


@pytest.mark.parametrize("value", [3.0, "3", True, None, np.float64(3), [3], math.nan])
def test_whole_refuses_what_is_no_whole_number(value: Any) -> None:
    with pytest.raises(UsageError) as caught:
        whole(value, "n")
    assert f"n: must be a whole number, got {value!r}" == str(caught.value)
    assert caught.value.hint


def here() -> int:
    """The line that this is called from."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def nested(depth: int, call: Callable[[], object]) -> object:
    return call() if depth == 0 else nested(depth - 1, call)


def test_a_warning_names_the_line_that_called() -> None:
    line = here() + 2
    with pytest.warns(LscliWarning, match="^odd$") as caught:
        warn("odd")
    assert [(__file__, line)] == [(warning.filename, warning.lineno) for warning in caught]


@pytest.mark.parametrize(
    "question",
    [
        lambda: lscli.evaluate(PROBABILITIES, LABELS),
        lambda: lscli.per_bin(PROBABILITIES, LABELS),
        lambda: lscli.per_class(PROBABILITIES, LABELS),
        lambda: lscli.sweep(PROBABILITIES, LABELS),
        lambda: lscli.explain("1", PROBABILITIES, LABELS),
        lambda: lscli.measure(lscli.SampleTable.from_confidences([0.5], [1]), metrics="ece,brier"),
    ],
    ids=["evaluate", "per_bin", "per_class", "sweep", "explain", "measure"],
)
@pytest.mark.parametrize("depth", [0, 3])
def test_a_warning_from_deep_inside_names_the_line_that_called_lscli(
    question: Callable[[], object], depth: int
) -> None:
    with pytest.warns(LscliWarning) as caught:
        nested(depth, question)
    line = inspect.getsourcelines(question)[1]
    assert [(__file__, line)] == [(warning.filename, warning.lineno) for warning in caught]


def test_a_warning_while_rows_are_read_names_the_line_that_reads_them() -> None:
    logits = np.array([[1.5, 0.0], [math.nan, 1.0]])
    listing = lscli.per_sample(logits, LABELS, nonfinite="skip")
    with pytest.warns(LscliWarning, match="1 of 2 rows") as caught:
        read, line = list(listing.rows), here()
    assert (1, __file__, line) == (len(read), caught[0].filename, caught[0].lineno)


def test_a_module_called_like_lscli_is_not_lscli() -> None:
    namespace = {"__name__": "lscli_tools.report", "warn": warn}
    exec(compile("def call():\n    warn('odd')\n", "tools.py", "exec"), namespace)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        namespace["call"]()  # type: ignore[operator]
    assert [("tools.py", 2)] == [(warning.filename, warning.lineno) for warning in caught]
