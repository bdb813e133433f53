"""Which logits look smoothed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli import SampleTable
from lscli.api.reading import read
from lscli.metrics.base import Settings
from lscli.metrics.smoothing_marks import Marks
from lscli.options import EvaluateOptions

Array = NDArray[Any]
SAMPLE = Path(__file__).parent.parent.parent / "sample_data"
OF_EVAL = ("logit_gap", "entropy", "label_prob", "one_minus_confidence", "correct")
OF_SWEEP = ("logit_gap", "off_label_entropy")


def marks(logits: Any, labels: Any, columns: tuple[str, ...] = OF_EVAL, **options: Any) -> Marks | None:
    return Marks.of(read(logits, labels, columns, EvaluateOptions().replaced(**options)).all, Settings())


@pytest.mark.parametrize("columns", [OF_EVAL, OF_SWEEP], ids=["eval", "sweep"])
@pytest.mark.parametrize(("name", "smoothed"), [("logits", False), ("logits_smoothed", True)])
def test_the_sample(name: str, smoothed: bool, columns: tuple[str, ...]) -> None:
    paths = str(SAMPLE / f"{name}.npy"), str(SAMPLE / "labels.npy")
    found = marks(*paths, columns)
    assert found is not None
    assert smoothed == found.smoothed
    report = lscli.evaluate(*paths, metrics="eps_gap,logit_gap_mean,logit_gap_sd,off_label_entropy")
    expected = [report[name] for name in ("eps_gap", "logit_gap_mean", "logit_gap_sd", "off_label_entropy")]
    assert expected == pytest.approx([*found], rel=1e-5)


def drawn(classes: int, gap: float, spread: float, others: float = 0.0, rows: int = 800) -> tuple[Array, Array]:
    """Logits whose label lies this far above the others, which differ among each other."""
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, rows)
    logits = others * random.standard_normal((rows, classes))
    logits[np.arange(rows), labels] += gap + spread * random.standard_normal(rows)
    return logits, labels


@pytest.mark.parametrize("classes", [2, 10])
def test_each_mark_is_needed(classes: int) -> None:
    def smoothed(gap: float, spread: float, others: float = 0.0) -> bool:
        found = marks(*drawn(classes, gap, spread, others))
        assert found is not None
        return found.smoothed

    assert smoothed(4.0, 0.8)
    assert not smoothed(4.0, 2.0)  # the gaps vary
    assert not smoothed(9.0, 0.8)  # the eps is too small
    assert not smoothed(0.8, 0.1)  # and too large
    if classes > 2:  # the other classes differ
        assert not smoothed(4.0, 0.5, 2.0)


def test_weights_and_left_out_classes_count() -> None:
    logits, labels = drawn(6, 3.5, 0.6, 0.3)
    weight = np.arange(len(labels)) % 3
    again = np.repeat(np.arange(len(labels)), weight)
    one, two = marks(logits, labels, weights=weight), marks(logits[again], labels[again])
    assert one == pytest.approx(two, rel=1e-9)
    # A class that is masked in every row is as good as none.
    masked = np.concatenate((logits, np.full((len(labels), 1), -np.inf)), axis=1)
    assert marks(logits, labels) == pytest.approx(marks(masked, labels, masked_classes="exclude"), rel=1e-9)
    columns = OF_SWEEP
    assert marks(logits, labels) == pytest.approx(marks(masked, labels, columns, masked_classes="exclude"), rel=1e-9)


def test_what_is_not_known_is_not_claimed() -> None:
    logits, labels = drawn(6, 3.5, 0.6)
    assert marks(logits, labels, ("logit_gap",)) is None
    assert marks(logits, labels, ("entropy", "label_prob", "one_minus_confidence", "correct")) is None
    assert Marks.of(SampleTable.from_confidences([0.5], [1]), Settings()) is None
