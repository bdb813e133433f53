"""A map that is fitted on some samples and measured on others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ttest_rel

import lscli
from tests.api.test_tempered import best, made, nll

Array = NDArray[Any]


def test_before_and_after_are_those_of_eval_and_the_loss_has_a_paired_t_test() -> None:
    (z, y), (test, labels) = made(), made(seed=3)
    found = lscli.recalibrate(z, y, test, labels)
    t = best(z, y)
    before, after = lscli.evaluate(test, labels), lscli.evaluate(test, labels, temperature=t)
    assert ["loss_hard", "brier", "accuracy", "ece"] == [row.metric for row in found.rows]
    for row in found.rows:
        assert row.before == before[row.metric]
        assert row.after == pytest.approx(after[row.metric], rel=1e-6)
        assert (row.p_value < 0.05) == (not row.ci_low <= 0 <= row.ci_high)
    loss = found.rows[0]
    oracle = ttest_rel(nll(test, labels, t), nll(test, labels, 1.0))
    assert loss.p_value == pytest.approx(oracle.pvalue, rel=1e-3)
    assert [loss.ci_low, loss.ci_high] == pytest.approx([*oracle.confidence_interval()], rel=1e-4)
    assert "lowers the loss of the test samples by" in found.conclusion
    assert found.conclusion.endswith(f"accuracy stays at {before['accuracy']:.4g}.")


def test_weights_and_groups_are_of_the_test_samples() -> None:
    (z, y), (test, labels) = made(), made(300, seed=3)
    weight = np.random.default_rng(1).integers(0, 3, 600)
    group = np.where(np.arange(300) < 100, "a", "b")
    found = lscli.recalibrate(z, y, test, labels, val_weights=weight, groups=group)
    t = best(z, y, weight)
    assert found.calibrator.parameters.temperature == pytest.approx(t, rel=1e-6)
    own = {row.group: row.after for row in found.rows if row.metric == "loss_hard"}
    for name in ("a", "b"):
        assert own[name] == pytest.approx(nll(test, labels, t)[group == name].mean(), rel=1e-6)


def test_a_map_that_makes_it_worse_is_said_to() -> None:
    (z, y), (test, labels) = made(), made(4000, seed=3)
    found = lscli.recalibrate(z, y, test / 4, labels)
    assert "raises the loss of the test samples by" in found.conclusion


def test_other_classes_are_refused() -> None:
    (z, y), (test, labels) = made(), made(classes=4)
    with pytest.raises(lscli.InputError, match="has 4 classes, and logits has 5"):
        lscli.recalibrate(z, y, test, labels)


def test_clustered_validation_samples_have_a_standard_error_of_clusters() -> None:
    (z, y), (test, labels) = made(), made(seed=3)
    together = np.repeat(z, 4, axis=0), np.repeat(y, 4)
    plain = lscli.recalibrate(z, y, test, labels).conclusion
    found = lscli.recalibrate(*together, test, labels, val_clusters=np.repeat(np.arange(600), 4)).conclusion
    assert plain.partition(")")[0] == found.partition(")")[0]


def test_the_same_samples_are_noticed_and_its_hint_is_another_command() -> None:
    said = r"was fitted on these samples.*or measure these with lscli.evaluate\(cross_fit='temperature'\)$"
    with pytest.warns(lscli.LscliWarning, match=said):
        lscli.recalibrate(*made(), *made(), bootstrap=20)
