"""Every recipe of `lscli.explain` is computed by torch, and `explain` names it as the best candidate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

import lscli
from lscli.recipes.catalogue import RECIPES
from tests.api.explained import KEPT, MANY, SOME, W, rows, what

TX, TY, TW = torch.from_numpy(MANY), torch.from_numpy(SOME), torch.from_numpy(W)
LOG_P = functional.log_softmax(TX, 1)
ONE_HOT = functional.one_hot(TY[KEPT], 7).double()


def targets(eps: float, smoothing: str) -> torch.Tensor:
    if smoothing == "off-target":
        return ONE_HOT * (1 - eps) + (1 - ONE_HOT) * eps / 6
    if smoothing == "classy":
        return (ONE_HOT + eps / 7) / (1 + eps)
    prior = ONE_HOT.mean(0) if smoothing == "prior:empirical" else torch.full((7,), 1 / 7, dtype=torch.float64)
    return (1 - eps) * ONE_HOT + eps * prior


def soft(eps: float, smoothing: str, **options: Any) -> torch.Tensor:
    return functional.cross_entropy(TX[KEPT], targets(eps, smoothing), **options)


def hard(**options: Any) -> torch.Tensor:
    return functional.cross_entropy(TX, TY, **options)


def fastai(eps: float, reduction: str) -> torch.Tensor:
    every = -LOG_P.sum(dim=1)
    every = every.mean() if reduction == "mean" else every.sum()
    return every * eps / 7 + (1 - eps) * functional.nll_loss(LOG_P, TY, reduction=reduction)


def classy_vision(eps: float, smoothing: str) -> torch.Tensor:
    q = torch.full((60, 7), 1 / 7, dtype=torch.float64)
    q[torch.from_numpy(KEPT)] = targets(eps, smoothing)
    return functional.cross_entropy(TX, q)


def divergence(eps: float, smoothing: str, reduction: str) -> torch.Tensor:
    return functional.kl_div(LOG_P[KEPT], targets(eps, smoothing), reduction=reduction)


def by_label(eps: float, smoothing: str) -> torch.Tensor:
    return TW[TY[KEPT]] * soft(eps, smoothing, reduction="none")


ALL = ("uniform", "off-target", "classy", "prior:empirical")
ORACLES: dict[str, tuple[tuple[str, ...], Callable[[float, str], Any]]] = {
    "mean over kept samples": (ALL, lambda e, s: soft(e, s)),
    "mean by class weights": (ALL, lambda e, s: soft(e, s, weight=TW, reduction="sum") / TW[TY[KEPT]].sum()),
    "sum over kept samples": (ALL, lambda e, s: soft(e, s, reduction="sum")),
    "sum by class weights": (ALL, lambda e, s: soft(e, s, weight=TW, reduction="sum")),
    "mean over all samples": (ALL, lambda e, s: soft(e, s, reduction="sum") / 60),
    "mean with the uniform part over all samples": (("uniform",), lambda e, s: fastai(e, "mean")),
    "sum with the uniform part over all samples": (("uniform",), lambda e, s: fastai(e, "sum")),
    "mean with ignored samples as uniform targets": (("uniform", "classy"), classy_vision),
    "mean KL divergence": (ALL, lambda e, s: divergence(e, s, "batchmean")),
    "sum of KL divergences": (ALL[:2], lambda e, s: divergence(e, s, "sum")),
    "KL divergence per sample and class": (
        ALL[:2],
        lambda e, s: divergence(e, s, "none").sum() / divergence(e, s, "none").numel(),
    ),
    "mean in base 2": (ALL[:2], lambda e, s: soft(e, s) / math.log(2)),
    "mean in base 10": (ALL[:2], lambda e, s: soft(e, s) / math.log(10)),
    "perplexity": (ALL[:2], lambda e, s: soft(e, s).exp()),
    "sum by class weights per kept sample": (ALL, lambda e, s: soft(e, s, weight=TW)),
    "mean by the labels' class weights": (ALL, lambda e, s: by_label(e, s).sum() / TW[TY[KEPT]].sum()),
    "mean of losses times the labels' class weights": (ALL, lambda e, s: by_label(e, s).mean()),
    "sum of losses times the labels' class weights": (ALL, lambda e, s: by_label(e, s).sum()),
}
HARD: dict[str, Callable[[], Any]] = {
    "mean over kept samples": hard,
    "mean by class weights": lambda: hard(weight=TW),
    "sum over kept samples": lambda: hard(reduction="sum"),
    "sum by class weights": lambda: hard(reduction="sum", weight=TW),
    "mean over all samples": lambda: hard(reduction="none").mean(),
    "KL divergence per sample and class": lambda: divergence(0, "uniform", "sum") / ONE_HOT.numel(),
    "mean in base 2": lambda: hard() / math.log(2),
    "mean in base 10": lambda: hard() / math.log(10),
    "perplexity": lambda: hard().exp(),
    "sum by class weights per kept sample": lambda: hard(reduction="sum", weight=TW) / KEPT.sum(),
}


@pytest.mark.parametrize("recipe", ORACLES)
@pytest.mark.parametrize("eps", [0.1, 0.25, 1.0])
def test_a_loss_computed_by_torch_is_explained(recipe: str, eps: float) -> None:
    smoothings, oracle = ORACLES[recipe]
    for smoothing in smoothings:
        value = float(oracle(eps, smoothing))
        found = rows(repr(value), MANY, SOME, class_weights=W, eps=[0.05, 0.1, 0.25, 1])
        assert (eps, smoothing, recipe) == what(found[0]) or f"the {recipe} of {smoothing}" in found[0]["who"]
        assert value == pytest.approx(found[0]["loss"], rel=1e-13)


@pytest.mark.parametrize("recipe", HARD)
def test_a_loss_computed_by_torch_without_smoothing_is_explained(recipe: str) -> None:
    found = rows(repr(float(HARD[recipe]())), MANY, SOME, class_weights=W)
    assert (0.0, "none", recipe) == what(found[0])
    assert "also" not in found[0]["who"]


def test_every_recipe_has_an_oracle() -> None:
    assert {recipe.name for recipe in RECIPES} == ORACLES.keys()
    tried = {recipe.name: {name for name in recipe.who if name not in ("none", "prior")} for recipe in RECIPES}
    assert tried == {name: set(smoothings) for name, (smoothings, _) in ORACLES.items()}
    assert {recipe.name for recipe in RECIPES if "none" in recipe.who} == HARD.keys()


@pytest.mark.parametrize("recipe", ["mean over kept samples", "mean KL divergence"])
@pytest.mark.parametrize("smoothing", ["uniform", "off-target", "classy"])
def test_an_excluded_masked_class_does_not_count_in_k(smoothing: str, recipe: str) -> None:
    x = np.concatenate((MANY, np.full((60, 1), -np.inf)), axis=1)
    value = repr(float(ORACLES[recipe][1](0.1, smoothing)))
    with pytest.warns(lscli.LscliWarning, match="masked class"):
        assert (0.1, smoothing, recipe) == what(rows(value, x, SOME, masked_classes="exclude")[0])
