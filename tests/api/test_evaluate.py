"""`lscli.evaluate` from Python: inputs of every kind, and wrong ones."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lscli
from tests.command import LABELS, LOGITS

SAMPLE_LOGITS, SAMPLE_LABELS = np.load(LOGITS), np.load(LABELS)


def numbers(report: lscli.Report) -> list[tuple[str, Mapping[str, Any], float, float]]:
    return [(row.metric, row.params, row.value, row.stderr) for row in report.rows]


@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        (LOGITS, LABELS),
        (Path(LOGITS), LABELS.encode()),
        (SAMPLE_LOGITS, SAMPLE_LABELS),
        (torch.from_numpy(SAMPLE_LOGITS), torch.from_numpy(SAMPLE_LABELS)),
        (torch.from_numpy(SAMPLE_LOGITS).requires_grad_(), SAMPLE_LABELS.astype(np.uint8)),
        (SAMPLE_LOGITS.tolist(), SAMPLE_LABELS.tolist()),
        (np.asfortranarray(SAMPLE_LOGITS), SAMPLE_LABELS.astype(">i2")),
        (SAMPLE_LOGITS.astype(">f4"), LABELS),
    ],
    ids=["paths", "Path and bytes", "numpy", "torch", "requires grad", "lists", "Fortran", "big-endian"],
)
def test_every_kind_of_input_gives_the_same_numbers(logits: Any, labels: Any) -> None:
    assert repr(numbers(lscli.evaluate(LOGITS, LABELS))) == repr(numbers(lscli.evaluate(logits, labels)))


def test_several_eps_come_from_one_pass() -> None:
    report = lscli.evaluate(LOGITS, LABELS, eps=[0, 0.1, 0.1, 0.2], metrics="loss_smoothed")
    assert [{"eps": 0.0}, {"eps": 0.1}, {"eps": 0.2}] == [row.params for row in report.rows]


@pytest.mark.parametrize("eps", [0.1, np.float32(0.25), "0.1", (0.1,), np.array([0.1, 0.2])])
def test_eps_is_a_number_or_several(eps: Any) -> None:
    assert "loss_smoothed" in lscli.evaluate(LOGITS, LABELS, eps=eps)


@pytest.mark.parametrize("eps", [-0.1, 1.5, math.nan, math.inf, "x", [], [0.1, 2], None])
def test_an_eps_out_of_range_is_refused(eps: Any) -> None:
    with pytest.raises(lscli.UsageError, match="eps"):
        lscli.evaluate(LOGITS, LABELS, eps=eps)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel": "nmpy"}, "kernel: unknown value 'nmpy'"),
        ({"device": "gpu"}, "unknown device"),
        ({"device": "cuda:x"}, "unknown device"),
        ({"device": "cuda:99"}, "device cuda:99 is not available"),
        ({"kernel": "numpy", "device": "cuda"}, "does not run on cuda"),
        ({"nonfinite": "drop"}, "nonfinite: unknown value 'drop'"),
        ({"threads": 0}, "threads: must be at least 1, got 0"),
        ({"chunk_rows": -3}, "chunk_rows: must be at least 1, got -3"),
        ({"bins": 0}, "bins: must be from 1 to 10000"),
        ({"bin_edges": "both"}, "bin_edges: unknown value 'both'"),
        ({"norm": "l7"}, "norm: unknown value 'l7'"),
        ({"compat": "netcall"}, "compat: unknown value 'netcall'"),
        ({"score": "mps"}, "score: unknown value 'mps'"),
        ({"group_by": "split"}, "group_by: no file is given for this column"),
    ],
)
def test_a_wrong_value_of_an_option_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(lscli.UsageError, match=message):
        lscli.evaluate(LOGITS, LABELS, **options)


def test_logits_without_labels_are_refused() -> None:
    with pytest.raises(lscli.UsageError, match="no labels"):
        lscli.evaluate(LOGITS)


def test_swapped_logits_and_labels_are_named_as_such() -> None:
    for logits, labels in ((LABELS, LOGITS), (SAMPLE_LABELS, SAMPLE_LOGITS)):
        with pytest.raises(lscli.InputError, match="swapped"):
            lscli.evaluate(logits, labels)


def test_probabilities_given_as_logits_cause_a_warning() -> None:
    probabilities = torch.softmax(torch.from_numpy(SAMPLE_LOGITS), dim=1).numpy()
    with pytest.warns(lscli.LscliWarning, match="every row sums to 1"):
        lscli.evaluate(probabilities, SAMPLE_LABELS)


def test_log_probabilities_give_what_logits_give() -> None:
    log_probabilities = torch.log_softmax(torch.from_numpy(SAMPLE_LOGITS.astype(float)), dim=1).numpy()
    one, other = lscli.evaluate(SAMPLE_LOGITS, LABELS), lscli.evaluate(log_probabilities, LABELS)
    for row in one.rows:
        assert row.value == pytest.approx(other[row.metric], rel=1e-9), row.metric


def test_errors_are_one_family_with_hints() -> None:
    with pytest.raises(lscli.LscliError) as caught:
        lscli.evaluate("nowhere.npy", LABELS)
    assert str(caught.value) == "nowhere.npy: not found"
    assert caught.value.hint


def test_the_module_lists_its_names() -> None:
    assert {"evaluate", "Report", "SampleTable", "LscliError"} <= set(dir(lscli))
    assert all(getattr(lscli, name) is not None for name in lscli.__all__)
    with pytest.raises(AttributeError, match="evaluat"):
        lscli.evaluat  # noqa: B018


def test_evaluating_arrays_imports_neither_torch_nor_pandas() -> None:
    program = (
        "import sys, numpy, lscli; report = lscli.evaluate(numpy.eye(3) * 3, [0, 1, 2]);"
        "assert report['accuracy'] == 1; print(*({'torch', 'pandas', 'rich', 'typer'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


@pytest.mark.parametrize(
    ("confidence", "correct", "weight"),
    [
        ([0.5], [1, 0], None),
        ([], [], None),
        ([1.5], [1], None),
        ([math.nan], [1], None),
        ([0.5], [2], None),
        ([0.5], [1], [-1]),
        ([0.5], [1], [math.inf]),
        ([[0.5]], [[1]], None),
    ],
)
def test_wrong_confidences_are_refused(confidence: Any, correct: Any, weight: Any) -> None:
    with pytest.raises(lscli.UsageError):
        lscli.SampleTable.from_confidences(confidence, correct, weight=weight)
