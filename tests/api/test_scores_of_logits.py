"""Energies of probabilities: threshold and ood refuse them alike, and name what would do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.errors import LscliError

_RANDOM = np.random.default_rng(3)
Y = np.arange(60) % 3
X = 2 * np.eye(3)[Y] + _RANDOM.normal(size=(60, 3))
MEMBERS = np.stack([X, X + _RANDOM.normal(size=X.shape)])
LOG_P = X - np.logaddexp.reduce(X, axis=1, keepdims=True)

Ask = Callable[..., object]


def by_threshold(x: np.ndarray, **options: Any) -> object:
    return lscli.threshold(x, Y, coverage=0.5, score="energy", **options)


def by_ood(x: np.ndarray, **options: Any) -> object:
    return lscli.ood(x, np.flip(x, -2), score="energy", bootstrap=10, **options)


@pytest.mark.parametrize("ask", [by_threshold, by_ood])
@pytest.mark.parametrize(
    ("values", "options", "what"),
    [
        (np.exp(LOG_P), {"kind": "probs"}, "probabilities, or their logarithms"),
        (LOG_P, {"kind": "log-probs"}, "probabilities, or their logarithms"),
        (LOG_P.astype(np.float32), {}, "probabilities, or their logarithms"),
        (MEMBERS, {"ensemble_axis": 0}, "the mean probabilities of an ensemble"),
    ],
    ids=["probs", "log-probs", "undeclared", "ensemble"],
)
def test_probabilities_have_no_energy(ask: Ask, values: np.ndarray, options: dict[str, Any], what: str) -> None:
    with pytest.raises(LscliError, match=f"energy needs logits, and these are {what}"):
        ask(values, **options)


@pytest.mark.parametrize("ask", [by_threshold, by_ood])
def test_mean_logits_of_an_ensemble_have_an_energy_as_the_hint_says(ask: Ask) -> None:
    with pytest.raises(LscliError) as error:
        ask(MEMBERS, ensemble_axis=0)
    assert error.value.hint.endswith("or ensemble_of='logits'")
    assert ask(MEMBERS, ensemble_axis=0, ensemble_of="logits") is not None


@pytest.mark.parametrize("ask", [by_threshold, by_ood])
def test_logits_with_one_row_that_is_normalised_have_an_energy(ask: Ask) -> None:
    assert ask(np.concatenate([LOG_P[:1], X[1:]])) is not None
