"""Every chart from the command line, of samples that are odd: it is drawn, no text is cut, and nothing else is said."""

from __future__ import annotations

import io
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from matplotlib.figure import Figure

from lscli.options import ChartName
from tests.cli.inprocess import Run
from tests.render.plots.overlaps import faults

NAMES = ["<script>alert(1)</script>", "a$b$_{x}% \x1b[31m", "模型 😀 שלום", "L" * 200]
KINDS = ("binary", "equal", "masked", "groups", "members", "far")


def _words(kind: str) -> list[Any]:
    """Write the files of a kind of samples here; the arguments that name them."""
    random = np.random.default_rng(3)
    y = random.integers(0, 4, 40)
    x = random.normal(size=(40, 4)).astype(np.float32)
    x[np.arange(40), y] += 1
    words: list[Any] = ["x.npy", "y.npy"]
    if kind == "binary":
        x, y = np.array([1.73, -4.55], np.float32), np.array([1, 0])
        words += ["--binary"]
    elif kind == "equal":
        x = np.zeros((1, 2), np.float16)
        y = y[:1] % 2
    elif kind == "masked":
        x[:, 3] = -np.inf
        y = np.where(np.arange(40) % 9 == 0, 255, y % 3)
        words += ["--ignore-index", "255"]
    elif kind == "groups":
        with open("meta.csv", "w", encoding="utf-8", newline="") as file:
            file.write("g\n" + "".join(f'"{NAMES[min(row // 13, 3)]}"\n' for row in range(40)))
        words += ["--groups", "meta.csv", "--group-by", "g"]
    elif kind == "members":
        np.save("x-1.npy", x[::-1])
        words = ["x*.npy", "y.npy", "--ensemble", "--temperature", "3", "--names", NAMES[0]]
    else:
        x = (1e9 * x).astype(np.float64)
    np.save("x.npy", x)
    np.save("y.npy", y)
    return words


@pytest.mark.parametrize("kind", KINDS)
def test_charts_of_odd_samples(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    found: list[str] = []
    save = Figure.savefig

    def saved(self: Figure, *arguments: Any, **options: Any) -> None:
        save(self, *arguments, **options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of signs that the font lacks
            found.extend(faults(self))

    monkeypatch.setattr(Figure, "savefig", saved)
    words = _words(kind)
    for chart in get_args(ChartName):
        answer = run("plot", *words, "--chart", chart, "--bootstrap", "10", "-q", "-f", "svg")
        assert (0, "") == (answer.code, answer.err), chart
        texts = [each.text or "" for each in ET.parse(io.StringIO(answer.out)).iter("{http://www.w3.org/2000/svg}text")]
        assert texts, chart
        assert "<script" not in answer.out
        assert "\x1b" not in answer.out
        assert [] == found, chart
