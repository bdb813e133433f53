"""The pass over an ensemble: the same bits for any chunks and threads, every row checked, every member looked at."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from tests import ensembles

METRICS = "loss,confidence,ensemble,brier,ece,classwise_ece"


def answers(logits: Any, labels: Any, **options: Any) -> list[float]:
    report = lscli.evaluate(logits, labels, metrics=METRICS, **options)
    return [number for row in report.rows for number in (row.value, row.stderr)]


@pytest.mark.parametrize(
    ("rows", "classes", "dtype"), [(131, 3, "float32"), (67, 200, "float16"), (50, 900, "float64")]
)
@pytest.mark.parametrize("of", ["probs", "logits"])
def test_no_bit_depends_on_chunks_threads_or_the_source(
    rows: int, classes: int, dtype: str, of: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = ensembles.members(rows, classes, 3, dtype), ensembles.labels(rows, classes)
    y[::7] = -100
    for place, each in enumerate(x):
        np.save(tmp_path / f"x-{place}.npy", each)
    sources: list[tuple[Any, dict[str, Any]]] = [
        ([*x], {"ensemble": True}),
        (tmp_path / "x-*.npy", {"ensemble": True}),
        (x, {"ensemble_axis": 0}),
    ]
    monkeypatch.setattr("lscli.kernels.ensemble._TILES", 3 * 8 * classes * 10)
    expected = answers([*x], y, ensemble=True, ensemble_of=of, threads=1)
    for chunk_rows, threads in ((1, 2), (2, 1), (17, 3), (1000, 2)):
        for source, named in sources:
            found = answers(source, y, ensemble_of=of, chunk_rows=chunk_rows, threads=threads, **named)
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("classes", [4, 200])
def test_the_torch_kernel_agrees(classes: int) -> None:
    x, y = ensembles.members(40, classes), ensembles.labels(40, classes)
    expected = answers(x, y, ensemble_axis=0)
    np.testing.assert_allclose(answers(x, y, ensemble_axis=0, kernel="torch"), expected, rtol=1e-5, atol=1e-6)


def test_a_bad_row_names_its_member(tmp_path: Path) -> None:
    x, y = ensembles.members(30, 4), ensembles.labels(30, 4)
    x[2, 11, 1], x[1, 20, 0], x[0, 25] = np.nan, np.inf, -np.inf
    for place, each in enumerate(x):
        np.save(tmp_path / f"x-{place}.npy", each)
    pattern = str(tmp_path / "x-*.npy")
    for first, says in (
        (0, "x-2.npy: row 11 has nan"),
        (12, r"x-1.npy: row 20 has \+inf"),
        (21, "x-0.npy: row 25 has"),
    ):
        own = np.where(np.arange(30) < first, -100, y)
        with pytest.raises(lscli.InputError, match=says):
            lscli.evaluate(pattern, own, ensemble=True, chunk_rows=3, threads=1)
    kept = np.delete(np.arange(30), [11, 20, 25])
    with pytest.warns(lscli.LscliWarning, match="3 of 30 rows are not finite and are left out"):
        found = answers(pattern, y, ensemble=True, nonfinite="skip")
    np.testing.assert_allclose(found, answers(x[:, kept], y[kept], ensemble_axis=0), rtol=1e-13)


def test_probabilities_that_do_not_sum_to_1_name_their_member() -> None:
    p, y = np.exp(ensembles.log_probabilities(ensembles.members(30, 4))).astype(float), ensembles.labels(30, 4)
    p[1, 7] *= 1.25
    for of in ("probs", "logits"):
        with pytest.raises(lscli.InputError, match=r"logits\[1\]: row 7 of probs sums to 1.25, not to 1"):
            lscli.evaluate([*p], y, ensemble=True, kind="probs", ensemble_of=of)
    p[2, 3, 1] = -1
    with pytest.raises(lscli.InputError, match=r"logits\[2\]: row 3 has nan or a negative probability"):
        lscli.evaluate([*p], y, ensemble=True, kind="probs")
    x = ensembles.members(30, 4)
    with pytest.raises(lscli.InputError, match="sums to") as caught:
        lscli.evaluate([*x], y, ensemble=True, kind="log-probs")
    assert "these look like logits: leave kind out" == caught.value.hint


@pytest.mark.filterwarnings("ignore:.*have a masked class")
def test_masked_classes_are_those_that_all_members_mask() -> None:
    x, y = ensembles.members(30, 4, dtype="float64"), np.zeros(30, int)
    x[:, :, 3] = -np.inf
    x[0, :, 2] = -np.inf
    report = lscli.evaluate(x, y, ensemble_axis=0, masked_classes="exclude", metrics="loss_hard,loss_uniform")
    assert 30 == report.samples["masked"]
    log_p = ensembles.log_mean(x)[:, :3]
    assert pytest.approx(float(-log_p[:, 0].mean()), rel=1e-13) == report["loss_hard"]
    assert pytest.approx(float(-log_p.mean()), rel=1e-13) == report["loss_uniform"]
    # The mean of logits is -inf where any of them is.
    report = lscli.evaluate(
        x, y, ensemble_axis=0, ensemble_of="logits", masked_classes="exclude", metrics="loss_uniform"
    )
    expected = ensembles.log_probabilities(x.mean(axis=0)[:, :2])
    assert pytest.approx(float(-expected.mean()), rel=1e-13) == report["loss_uniform"]


def test_values_that_are_no_logits_are_noticed_in_the_members() -> None:
    x, y = ensembles.members(60, 4), ensembles.labels(60, 4)
    p = np.exp(ensembles.log_probabilities(x)).astype(float)
    with pytest.warns(lscli.LscliWarning, match="every row sums to 1: if these are probabilities, say kind='probs'"):
        lscli.evaluate([*p], y, ensemble=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lscli.evaluate([p[0], x[1]], y, ensemble=True)
        lscli.evaluate([*x], y, ensemble=True)
    labelled = np.concatenate([x, np.broadcast_to(y, (3, 60))[..., None]], axis=2)
    with pytest.warns(lscli.LscliWarning, match="column 4 holds only whole numbers and equals the labels"):
        lscli.evaluate([*labelled], y, ensemble=True)
