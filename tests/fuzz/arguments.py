"""Call the public functions with odd values for their arguments: `python -m tests.fuzz.arguments --seeds 0:100000`.

A call gives an answer, or an error of lscli in the words of Python. Anything else is a crash. The functions, their
arguments and the options come from the signatures.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import inspect
import itertools
import math
import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

import lscli
from lscli.errors import ExitCode, LscliError
from tests.fuzz.contract import Crash, WrongError, judged, watched

X = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
Y = np.arange(6) % 3
FITTED = np.array([[2.0, 0, 0], [2, 0, 0], [0, 1, 0]]), np.array([0, 1, 1])
MAP = lscli.fit(*FITTED).calibrator
TABLE = lscli.SampleTable.from_confidences([0.9, 0.6, 0.7], [1, 0, 1])
THRESHOLD = Path(tempfile.mkdtemp()) / "threshold.json"
lscli.threshold(X, X.argmax(axis=1), coverage=0.5).save(THRESHOLD)


class Call(NamedTuple):
    """A public function with arguments that it accepts.

    Attributes:
        parameters: the names of all of its parameters.
    """

    function: Callable[..., Any]
    given: dict[str, Any]

    @property
    def parameters(self) -> list[str]:
        return list(inspect.signature(self.function).parameters)


_INPUTS = {"logits": X, "labels": Y, "threads": 1}
_OF_LOGITS = ("evaluate", "sweep", "per_bin", "per_class", "per_sample")


@functools.wraps(lscli.plot)
def _plot(*given: Any, **options: Any) -> Any:
    """Draw, and close the figure."""
    from matplotlib import pyplot as plt

    try:
        return lscli.plot(*given, **options)
    finally:
        plt.close("all")


CALLS = {
    **{
        name: Call(getattr(lscli, name), _INPUTS)
        for name in ("evaluate", "sweep", "per_bin", "per_class", "per_sample")
    },
    "compare": Call(lscli.compare, {"models": [X, X[::-1]], "labels": Y, "threads": 1, "bootstrap": 5}),
    "check": Call(lscli.check, {**_INPUTS, "max": {"loss_hard": 9}}),
    "threshold": Call(lscli.threshold, {**_INPUTS, "max_error": 0.9}),
    "conformal": Call(lscli.conformal, {"cal_logits": X, "cal_labels": Y, "alpha": 0.5, "threads": 1}),
    "ood": Call(lscli.ood, {"id_logits": X, "ood_logits": X + 1, "threads": 1, "bootstrap": 5}),
    "plot": Call(_plot, _INPUTS),
    "html_report": Call(lscli.html_report, {**_INPUTS, "bootstrap": 5}),
    "explain": Call(lscli.explain, {"value": "1.25", **_INPUTS}),
    "fit": Call(lscli.fit, {**_INPUTS, "labels": X.argmax(axis=1) * np.minimum(np.arange(6), 1)}),
    "apply": Call(lscli.apply, {"calibrator": MAP, "logits": X, "threads": 1}),
    "recalibrate": Call(
        lscli.recalibrate,
        {"val_logits": FITTED[0], "val_labels": FITTED[1], "test_logits": X, "test_labels": Y, "threads": 1},
    ),
    "load_calibrator": Call(lscli.load_calibrator, {"path": "sample_data/calibrator.json"}),
    "load_threshold": Call(lscli.load_threshold, {"path": str(THRESHOLD)}),
    "measure": Call(lscli.measure, {"table": TABLE, "threads": 1}),
    "inspect": Call(lscli.inspect, {"path": "sample_data/labels.npy"}),
    "smooth_labels": Call(lscli.smooth_labels, {"labels": Y, "num_classes": 3, "eps": 0.1}),
    "convert_eps": Call(lscli.convert_eps, {"eps": 0.1, "num_classes": 3, "source": "uniform", "target": "off-target"}),
    "from_confidences": Call(lscli.SampleTable.from_confidences, {"confidence": [0.5, 1], "correct": [0, 1]}),
    "LabelSmoothingCrossEntropy": Call(lscli.LabelSmoothingCrossEntropy, {}),
}


class Hostile:
    """A value whose every conversion fails in its own way."""

    ndim = 0

    def __float__(self) -> float:
        raise RuntimeError("no float")

    def __index__(self) -> int:
        raise ValueError("no index")

    def __iter__(self) -> Any:
        raise KeyError("no items")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise AttributeError("no array")

    def __repr__(self) -> str:
        raise OSError("no repr")


def _nested(depth: int) -> Any:
    value: Any = 0.5
    for _ in range(depth):
        value = [value]
    return value


_ITSELF: list[Any] = []
_ITSELF.append(_ITSELF)
_NUMBERS: list[Any] = [0, 1, 2, 3, 6, -1, -100, 2**31, 2**63, -(2**63) - 1, 2**64, 10**30, 10**400, 0.1, 0.5, 1.0, 1.5]
_NUMBERS += [-0.0, 1e-320, 1e308, math.nan, math.inf, -math.inf, True, False, None, 1j, Decimal("0.1"), Decimal("NaN")]
_NUMBERS += [Fraction(1, 3), np.int8(2), np.uint64(2**64 - 1), np.float16(0.5), np.float32(0.1), np.longdouble(0.1)]
_NUMBERS += [np.bool_(True), np.complex64(1), np.datetime64("2020-01-01"), np.timedelta64(1, "s"), np.str_("0.1")]
_NUMBERS += [torch.tensor(0.5), torch.tensor(2), torch.tensor(True), torch.tensor([1.0]), np.array(0.1), np.array([2])]
_TEXTS: list[Any] = ["", " ", "a", "0.1", "0.1,0.2", "0:1:0.5", "0:1", "1e999", "nan", "default", "all", "ece", "ece@x"]
_TEXTS += ["loss,brier", "classwise", "\ud800", "\x1b[2J", "a\nb", "a\0b", "*", "--eps", "x" * 5000, b"\xff", b"", b"a"]
_TEXTS += ["auto", "cpu", "cuda:99", "prior", "empirical", "uniform", "off-target", "classy", "probs", "log-probs"]
_TEXTS += [
    "exclude",
    "skip",
    "torch",
    "numpy",
    "l2",
    "max",
    "sklearn",
    "netcal",
    "entropy",
    "left",
    "target-only",
    "npy",
]
_TEXTS += [
    "class",
    "recall",
    "confidence",
    "no/such.npy",
    "sample_data",
    "sample_data/labels.npy",
    Path("x.npy"),
    Path(),
]
_ARRAYS: list[Any] = [[], [0], [[]], [0.5, 0.5], (1, 2, 3), [1, "a"], ["a", "b"], [None], [True] * 6, [[1, 2], [3]]]
_ARRAYS += [
    _nested(5),
    _nested(40),
    _nested(900),
    _ITSELF,
    {},
    {"a": 1},
    {0.1, 0.2},
    frozenset("a"),
    range(6),
    range(0),
]
_ARRAYS += [
    np.ones(6),
    np.ones(3),
    np.ones((6, 1)),
    np.ones((6, 3)),
    np.ones((6, 3), int),
    np.zeros((6, 3)),
    np.ones(0),
]
_ARRAYS += [np.ones((0, 3)), np.ones((2, 3, 3)), np.full(6, np.nan), -np.ones(6), np.ones(6, bool), np.ones(6, complex)]
_ARRAYS += [
    np.array(["a"] * 6),
    np.array([None] * 6),
    np.ones(6, ">f4"),
    np.ones(6, "M8[s]"),
    np.ones(6, [("a", "f4")]),
]
_ARRAYS += [np.ma.array(Y, mask=Y == 1), np.ma.array(X, mask=X > 1), np.ma.array(Y), np.ma.masked]
_ARRAYS += [
    [np.ma.masked, 1],
    np.full(6, 2**64 - 1, np.uint64),
    np.full(6, 1e308),
    np.full(6, 5e-324),
]
_ARRAYS += [
    pd.Series(Y),
    pd.Series(["a", None] * 3),
    pd.Series(Y, dtype="Int64"),
    pd.DataFrame(X),
]
_ARRAYS += [torch.ones(6), torch.ones(6, 3), torch.ones(3, dtype=torch.bfloat16), torch.ones(6, dtype=torch.float16)]
_ARRAYS += [torch.ones(3, requires_grad=True), torch.ones(6, 3, device="meta"), torch.eye(3).to_sparse()]
_ARRAYS += [torch.ones(6, dtype=torch.complex64)]
_ARRAYS += [torch.nn.Parameter(torch.ones(6, 3)), torch.ones(3).expand(6, 3), torch.ones(3, 6).T, [torch.ones(3)] * 6]
_OTHERS: list[Any] = [object(), Hostile(), lambda *_: None, Ellipsis, NotImplemented]
_OTHERS += [
    slice(3),
    datetime.date(2020, 1, 1),
    memoryview(b"abc"),
    bytearray(b"1"),
    torch.device("cpu"),
    torch.float32,
]
_OTHERS += [TABLE, np.dtype("f4"), ValueError("a")]
VALUES = [*_NUMBERS, *_TEXTS, *_ARRAYS, *_OTHERS]
# Values that can be read once are made for each call.
_MADE: list[Callable[[], Any]] = [lambda: iter([0.1, 0.2]), lambda: (str(n) for n in range(3)), itertools.count]


class Case(NamedTuple):
    """A call: the name of the function, and its odd arguments."""

    name: str
    odd: dict[str, Any]


def case(seed: int) -> Case:
    """One or two odd arguments of a function."""
    random_ = random.Random(seed)
    name = random_.choice(list(CALLS))
    parameters = CALLS[name].parameters
    chosen = random_.sample(parameters, min(len(parameters), random_.choice([1, 2])))
    return Case(name, {parameter: _value(random_) for parameter in chosen})


def _value(random_: random.Random) -> Any:
    place = random_.randrange(len(VALUES) + len(_MADE))
    return VALUES[place] if place < len(VALUES) else _MADE[place - len(VALUES)]()


def call(found: Case) -> None:
    """Call the function, and read the answer.

    Raises:
        WrongError: an error of lscli is a bug, has no hint, or speaks of flags.
    """
    function, given = CALLS[found.name]
    try:
        answer = function(**{**given, **found.odd})
        if isinstance(answer, lscli.Listing | lscli.Report):
            answer.to_frame()
            for note in answer.warnings:
                _spoken(note)
    except LscliError as error:
        if error.exit_code == ExitCode.BUG or not error.hint:
            raise WrongError(f"{type(error).__name__} without a hint: {error}") from error
        for text in (error.message, error.hint):
            _spoken(text)


def _spoken(text: str) -> None:
    """Refuse a text with flags, but for the one among the odd values."""
    flags = [flag for flag in re.findall("--[a-z][a-z-]*", text) if flag != "--eps"]
    if flags or not text.isprintable():
        raise WrongError(f"not in the words of Python: {text!r}")


def crashes(seeds: Iterable[int]) -> dict[str, tuple[int, Crash]]:
    """The first seed of each kind of crash."""
    found: dict[str, tuple[int, Crash]] = {}
    with watched() as watch:
        for seed in seeds:
            crash = judged(lambda _, seed=seed: call(case(seed)), b"", watch._replace(memory=None)).crash  # type: ignore[misc]
            if crash is not None:
                found.setdefault(crash.what, (seed, crash))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Call with the arguments of these seeds, and print the crashes."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.arguments", description=__doc__)
    parser.add_argument("--seeds", default="0:100000", metavar="FIRST:LAST")
    first, _, last = parser.parse_args(arguments).seeds.partition(":")
    seeds = range(int(first), int(last or int(first) + 1))
    found = crashes(seeds)
    for seed, crash in found.values():
        print(f"\nseed {seed}: {crash.what}\n{crash.detail}")
    print(f"{len(seeds):,} calls, {len(found)} kinds of crash")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
