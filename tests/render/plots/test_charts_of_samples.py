"""The charts of confidences and of logit gaps for all kinds of samples: nothing overlaps, and nothing is cut."""

from __future__ import annotations

import warnings
import xml.etree.ElementTree as ET
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from lscli.errors import LscliWarning
from lscli.render.plots.figure import picture
from lscli.render.plots.style import RC
from tests.curves.samples import drawn, logits
from tests.render.plots.pictures import CHARTS, check, figure, said


def _kinds() -> dict[str, tuple[Any, Any, dict[str, Any]]]:
    x, y = logits(200, 10)
    masked = x.copy()
    masked[:, 9] = -np.inf
    random = np.random.default_rng(6)
    binary, label = logits(200, 2)
    return {
        "ten classes": (x, y, {}),
        "double": (x, y, {"width": "double"}),
        "two classes": (binary, label, {}),
        "class 1": (binary, label, {"positive_class": 1}),
        "a thousand classes": (*logits(100, 1000), {}),
        "one sample": (x[:1], y[:1], {}),
        "one bin": (x, y, {"bins": 1}),
        "many bins": (x, y, {"bins": 500}),
        "all right": (x, x.argmax(axis=1), {}),
        "all wrong": (x, (x.argmax(axis=1) + 1) % 10, {}),
        "a masked class": (masked, np.minimum(y, 8), {"masked_classes": "exclude"}),
        "infinite gaps": (masked, np.minimum(y, 8), {}),
        "equal logits": (np.zeros((50, 10)), y[:50], {}),
        "sure": (40 * x, y, {}),
        "weights": (x, y, {"weights": random.random(200)}),
        "groups": (x, y, {"groups": np.arange(200) % 2, "width": "double"}),
        "clusters": (x, y, {"clusters": np.arange(200) // 4}),
        "one cluster": (x, y, {"clusters": np.zeros(200, int)}),
        "another level": (x, y, {"level": 0.5}),
        "several eps": (x, y, {"eps": (0.05, 0.1, 0.2)}),
    }


# What only these charts draw differently.
_ONLY = {"one bin": ("reliability", "confidence"), "many bins": ("reliability",), "several eps": ("gaps",)}
_DIAGONAL = dict.fromkeys(("clusters", "one cluster", "another level"), ("reliability", "corp", "smooth"))
_CASES = [(name, kind) for kind in _kinds() for name in CHARTS if name in (_ONLY | _DIAGONAL).get(kind, CHARTS)]


@pytest.mark.parametrize(("name", "kind"), _CASES)
def test_nothing_overlaps(name: str, kind: str) -> None:
    x, y, options = _kinds()[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LscliWarning)  # of labels that look wrong
        chart = drawn(x, y, chart=name, **options)
    check(figure(chart))


@pytest.mark.parametrize("name", CHARTS)
def test_svg_has_its_words_as_text_and_the_same_bytes(name: str) -> None:
    chart = drawn(*logits(100, 3), chart=name)
    data = picture(chart, "svg")
    assert data == picture(chart, "svg")
    text = " ".join(each.text or "" for each in ET.fromstring(data).iter("{http://www.w3.org/2000/svg}text"))
    assert {"gaps": "Logit gap"}.get(name, "Confidence") in text


@pytest.mark.parametrize("name", CHARTS)
def test_notes_stand_in_the_caption(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LscliWarning)
        x, y = logits(50, 3)
        x[0, 2], y[0] = -np.inf, 0
        chart = drawn(x, y, chart=name, clusters=np.zeros(50, int))
    (series,) = chart.series
    assert series.note in said(chart)
    assert bool(series.note) == (name != "confidence")


def test_panels_share_their_scales() -> None:
    for name in CHARTS:
        chart = drawn(*logits(100, 3), chart=name, groups=np.arange(100) % 2, width="double")
        axes = figure(chart).axes
        assert len({each.get_ylim() for each in axes if each.patches or each.lines}) == 1, name


def test_drawing_leaves_the_settings_of_matplotlib() -> None:
    before = dict(mpl.rcParams)
    picture(drawn(*logits(30, 3)), "png")
    assert before == dict(mpl.rcParams)
    assert RC["text.parse_math"] is False
