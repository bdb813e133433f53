"""Hints of `lscli plot`."""

from __future__ import annotations

from tests.hints.case import Hint, typed
from tests.io.make import some_labels, some_logits

_BOTH = {"x": some_logits(24, 3), "y": some_labels(24, 3)}
_PRINTS = "source,group,low,high,count"

CASES = [
    Hint(
        "a picture without a file",
        typed("plot", "x.npy", "y.npy", "-f", "auto", **_BOTH),
        "a picture needs a file",
        "say -o reliability.pdf, or -f csv for its points",
        "-f csv",
        prints=_PRINTS,
        code=2,
    ),
    Hint(
        "an option that the chart does not read",
        typed("plot", "x.npy", "y.npy", "--score", "margin", **_BOTH),
        "the chart reliability does not read it",
        "leave out --score, or say --chart risk-coverage",
        typed("plot", "x.npy", "y.npy", **_BOTH),
        prints=_PRINTS,
        code=2,
    ),
    *(
        Hint(
            f"a width that is none, then {width}",
            typed("plot", "x.npy", "y.npy", "-f", "csv", "--width", "wide", **_BOTH),
            "must be single, double, or a number of inches",
            "say --width single, --width double, or for example --width 5",
            typed("plot", "x.npy", "y.npy", "-f", "csv", "--width", width, **_BOTH),
            prints=_PRINTS,
            code=2,
        )
        for width in ("single", "double", "5")
    ),
]
