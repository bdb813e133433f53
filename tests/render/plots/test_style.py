"""The colours are told apart in grey and by colour-blind readers, together with lines and marks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from lscli.render.plots.style import COLOURS, LINES, MARKS, RIGHT, WRONG

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
_BLIND = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colour: str, seen: str) -> np.ndarray:
    """CIE L*a*b* of a colour, as such an eye sees it."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(_BLIND[seen]) @ linear, 0, 1)
    xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]] @ linear
    x, y, z = np.cbrt(np.maximum(xyz / [0.9505, 1, 1.089], 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("seen", _BLIND)
def test_colours_differ_for_every_eye(seen: str) -> None:
    apart = {
        (one, other): np.linalg.norm(lab(one, seen) - lab(other, seen))
        for one, other in itertools.combinations(COLOURS, 2)
    }
    assert min(apart.values()) > 10


def test_neighbours_and_right_and_wrong_differ_in_grey() -> None:
    light = [lab(each, "none")[0] for each in COLOURS]
    assert min(abs(a - b) for a, b in itertools.pairwise(light)) > 8
    assert abs(lab(RIGHT, "none")[0] - lab(WRONG, "none")[0]) > 8


def test_series_differ_without_colour() -> None:
    count = len(COLOURS)
    assert count == len({*MARKS})
    assert count == len({(LINES[place % len(LINES)], MARKS[place]) for place in range(count)})
