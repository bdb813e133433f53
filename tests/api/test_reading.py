"""What is read serves each metric alone, however little of it the logits have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lscli
from lscli.api import reading
from lscli.io.labels import NO_LABELS
from lscli.metrics.catalogue import METRICS
from lscli.options import LogitsOptions

RNG = np.random.default_rng(3)
X, Y = RNG.standard_normal((30, 4)), RNG.integers(0, 4, 30)
LOG_P = X - np.log(np.exp(X).sum(axis=1, keepdims=True))
IDS = np.argsort(-X, axis=1)[:, :2]
TOP = np.take_along_axis(LOG_P, IDS, axis=1)
SOFT = RNG.dirichlet(np.ones(4), 30)


@pytest.mark.filterwarnings("ignore::lscli.LscliWarning")
@pytest.mark.parametrize(
    ("logits", "labels", "options"),
    [
        (X, Y, {}),
        ([X, X[::-1]], Y, {"ensemble": True}),
        (TOP, Y, {"topk_classes": IDS, "classes": 4}),
        (X, SOFT, {"soft_labels": True}),
    ],
    ids=["logits", "ensemble", "top k", "soft labels"],
)
def test_each_metric_alone_is_as_among_all(logits: Any, labels: Any, options: dict[str, Any]) -> None:
    by_name = [name for name, metric in METRICS.items() if metric.chosen_by == "name"]
    rows = lscli.evaluate(logits, labels, metrics=["all", *by_name], **options).rows
    for name in METRICS:
        expected = [row for row in rows if row.metric == name]
        try:
            found = lscli.evaluate(logits, labels, metrics=name, **options).rows
            found = [row for row in found if row.metric == name]  # temperature is a family, too
        except lscli.UsageError:  # soft labels refuse what is not defined for them
            assert "soft_labels" in options
            found = []
        assert repr(expected) == repr(found), name


@pytest.mark.parametrize(
    ("logits", "options"),
    [
        (X, {}),
        (X.reshape(6, 5, 4), {"flatten": True}),
        ([X, X[::-1]], {"ensemble": True}),
        (X[:, :1], {"binary": True}),
    ],
    ids=["logits", "tokens", "ensemble", "binary"],
)
def test_logits_without_labels_have_the_columns_that_need_none(logits: Any, options: dict[str, Any]) -> None:
    columns = {"row", "confidence", "entropy", "margin", "largest_logit", "energy"}
    labels = np.zeros((6, 5) if "flatten" in options else 30, np.int64)
    expected = reading.read(logits, labels, columns, LogitsOptions(**options))
    found = reading.read(logits, NO_LABELS, columns, LogitsOptions(**options))
    assert columns == found.all.columns.keys()
    assert [] == [name for name in columns if not np.array_equal(expected.all[name], found.all[name])]
    assert "labels" not in {entry["role"] for entry in found.provenance.inputs}
    assert [] == found.provenance.warnings
