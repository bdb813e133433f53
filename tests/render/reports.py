"""Reports made by hand, with all that a renderer may meet."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from lscli.listings import Listing, Matrix, SmoothedLabels
from lscli.render.renderers import Screen, render
from lscli.report import Report, Row, Setting

PLAIN = Screen(width=100, color=False)
# Names as they come from outside: separators, quotes, markup of four kinds, escapes of a terminal, no UTF-8.
NAMES = [
    "logits.npy",
    "a,b;c.npy",
    'say "x".npy',
    "two\nlines\r\n.npy",
    "tab\there.npy",
    "x[/x].npy",
    "[bold red]x[/bold red].npy",
    ":smile:.npy",
    "\x1b[2J\x1b]0;title\x07.npy",
    "\x9b2J\x85\u2028.npy",
    "\u202egnp.npy",
    "=cmd|' /C calc'!A0",
    "caf\udce9.npy",
    "a|b*c_d`e~f#g<h>&amp;.npy",
    "back\\slash.npy",
    "__private__/_x.npy",
    "日本語/ü.npy",
    "n" * 300 + ".npy",
]
NAN, INF = math.nan, math.inf


def row(metric: str = "ece", value: float = 0.1, **more: Any) -> Row:
    """A row, with what matters given."""
    blank = Row("logits.npy", "", metric, value, NAN, NAN, NAN, 5000, {})
    return blank._replace(**more)


ROWS = [
    row("loss_hard", 0.2828249191582051, stderr=0.018654346700919044),
    row("loss_uniform", INF),
    row("loss_smoothed", 1.8531776837523644, stderr=0.0169, params={"eps": 0.1}),
    row("loss_smoothed", 3.4, stderr=1e-12, params={"eps": 0.2}),
    row("accuracy", 1 / 3, stderr=0.0, ci_low=0.1 + 0.2, ci_high=5e-324),
    row("confidence_gap", -0.00012345),
    row("top5_accuracy", 1.0),
    row("top3_accuracy", 0.95),
    row("ece", NAN, params={"bins": 15}),
    row("eps_gap", -INF, n=12.5),
    row("gamma", 1e10),
]


def report(name: str = "logits.npy", rows: list[Row] = ROWS, **more: Any) -> Report:
    """A report about logits of that name."""
    fields: dict[str, Any] = {
        "rows": [each._replace(source=name) for each in rows],
        "inputs": [
            {"role": "logits", "path": name, "shape": [5000, 10], "dtype": "float32", "size": 200_128},
            {"role": "labels", "path": "labels.npy", "shape": [5000], "dtype": "int64", "size": 40_128},
        ],
        "samples": {"rows": 5000, "kept": 4990, "ignored": 7, "skipped": 3, "masked": 0},
        "settings": {"eps": Setting([0.1, 0.2], "flag"), "threads": Setting(None, "default")},
        "versions": {"lscli": "0.1.0", "numpy": "2.0"},
        "warnings": [f"{name}: 3 of 5000 rows are not finite and are left out"],
        "conclusion": f"Over-confident: {name} has an ece of 0.0341.",
    }
    return Report(**{**fields, **more})


class Thing(NamedTuple):
    """A row of `Things`."""

    id: str
    kept: bool
    value: float
    definition: str


class Things(Listing):
    """A listing that no view knows."""

    rows: Iterable[Thing]
    title = "Things"

    @property
    def columns(self) -> Sequence[str]:
        return Thing._fields


THINGS = [
    Thing("one", True, 0.1 + 0.2, "mean of |a - b|, in [0, 1]"),
    Thing("two", False, NAN, "x" * 150),
    Thing("three", True, INF, "first\nsecond \x1b[2J [/x] caf\udce9"),
    Thing("four", False, -12345.678, ""),
]
LISTING = Things(rows=THINGS)


def smoothed(rows: NDArray[Any], blocks: Iterable[NDArray[Any]] | None = None, **provenance: Any) -> SmoothedLabels:
    """Smoothed targets, written as an array [N, K]; in several blocks if these are given."""
    matrix = Matrix((len(rows), rows.shape[1]), [rows] if blocks is None else blocks)
    return SmoothedLabels(rows=matrix, **provenance)


def text_of(answer: Report | Listing, format_name: str, screen: Screen = PLAIN) -> str:
    """The answer in a format; it can be encoded, and has no control character but the line feed."""
    text = b"".join(render(answer, format_name, screen)).decode()
    assert text == text.encode().decode()
    if not screen.color:
        assert "" == "".join(c for c in text if c != "\n" and (not c.isprintable()))
    assert ("\n", False) == (text[-1], text.endswith("\n\n"))
    return text


def without_color(text: str) -> str:
    """The text without the codes of colours."""
    return re.sub("\x1b\\[[0-9;]*m", "", text)


def squeezed(text: str) -> str:
    """The text without spaces and line ends: however it was wrapped."""
    return "".join(text.split())
