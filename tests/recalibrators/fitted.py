"""Every method that is there, fitted on a small set of logits that are over-confident and shifted."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lscli.io.logits import Logits
from lscli.io.memory import open_array
from lscli.recalibrators.base import FitRows
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.methods import METHODS

Array = NDArray[Any]
CLASSES = 4
NAMES = [name for name, each in METHODS.items() if not each.needs or find_spec(each.needs.replace("-", "_"))]


def data(seed: int = 7, samples: int = 400) -> tuple[Array, Array]:
    """Logits [N, 4] and labels that were drawn from their softmax at T = 1.6 with shifted classes."""
    random = np.random.default_rng(seed)
    z = 3 * random.standard_normal((samples, CLASSES))
    noise = random.gumbel(size=z.shape)
    return z, (z / 1.6 + np.array([0.4, 0.0, 0.0, -0.3]) + noise).argmax(axis=1)


def fit(name: str, z: Array, label: Array, weight: Array) -> Calibrator:
    """The map of a method, fitted on these rows."""
    rows = FitRows(Logits(open_array(z, "logits")), label, weight, threads=1)
    return Calibrator(name, z.shape[1], METHODS[name].fit(rows).parameters)


@cache
def fitted(name: str) -> Calibrator:
    """The map of a method, fitted on `data`."""
    z, label = data()
    return fit(name, z, label, np.ones(len(z)))
