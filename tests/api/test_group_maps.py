"""Rows that a method cannot map are refused, wherever a calibrator is used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lscli
from lscli.estimators import Recalibrator
from lscli.recalibrators.methods import METHODS
from tests.cli.inprocess import Run, assert_refused
from tests.recalibrators.fitted import CLASSES, NAMES, data, fitted

Z, Y = data(samples=30)
MASKED = Z.copy()
MASKED[17, 1], MASKED[21, 2] = -np.inf, -np.inf
Y[[17, 21]] = 0
WITHOUT = [name for name in NAMES if not METHODS[name].masked]
REFUSED = r"^logits: row 17 has a class at minus infinity, which {} cannot map"


def ways(name: str) -> list[Callable[[Any], Any]]:
    calibrator = fitted(name)
    estimator = next(kind for kind in Recalibrator.__subclasses__() if kind._method == name)()
    vars(estimator)["_calibrator"] = calibrator
    return [
        lambda z: lscli.evaluate(z, Y, calibrator=calibrator, metrics="loss_hard"),
        lambda z: lscli.apply(calibrator, z),
        lambda z: estimator.transform(z),
        lambda z: estimator.transform(torch.tensor(z)),
    ]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("name", WITHOUT)
def test_a_masked_class_is_refused(name: str, place: int) -> None:
    with pytest.raises(lscli.InputError, match=REFUSED.format(name)) as caught:
        ways(name)[place](MASKED)
    assert "svs leaves such classes as they are" == caught.value.hint


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT])
def test_a_masked_class_stays_masked(name: str) -> None:
    for way in ways(name)[1:]:
        np.testing.assert_array_equal(np.isneginf(MASKED), np.isneginf(np.asarray(way(MASKED))))


def test_sms_is_such_a_method() -> None:
    assert ["sms"] == WITHOUT
    assert CLASSES > 2


def test_an_ignored_row_does_not_matter() -> None:
    label = Y.copy()
    label[[17, 21]] = -100
    report = lscli.evaluate(MASKED, label, calibrator=fitted("sms"))
    assert 2 == report.samples["ignored"]


def test_nothing_is_written(tmp_path: Path, run: Run) -> None:
    fitted("sms").save(tmp_path / "cal.json")
    np.save(tmp_path / "z.npy", MASKED)
    out = tmp_path / "out.npy"
    found = run("apply", str(tmp_path / "cal.json"), str(tmp_path / "z.npy"), "-o", str(out))
    assert_refused(found, 3, "row 17 has a class at minus infinity, which sms cannot map")
    assert not out.exists()
