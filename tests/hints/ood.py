"""Hints of `lscli ood`."""

from __future__ import annotations

import numpy as np

from tests.hints.case import Hint, typed

_RANDOM = np.random.default_rng(0)
_ID, _OOD = 3 * _RANDOM.normal(size=(20, 3)), _RANDOM.normal(size=(12, 3))
_TOKENS = {"a": _ID.reshape(10, 2, 3), "b": _OOD.reshape(6, 2, 3)}
_MEMBERS = {"a": np.stack([_ID, _ID + 1]), "b": np.stack([_OOD, 2 * _OOD])}
_FAST = ("--bootstrap", "10")
_PRINTS = "msp,auroc,0."

CASES = [
    Hint(
        "tokens as independent samples",
        typed("ood", "a.npy", "b.npy", "--flatten", *_FAST, **_TOKENS),
        "belong together",
        "if all samples are independent, say --clusters none",
        "--clusters none",
        prints=_PRINTS,
        code=0,
    ),
    Hint(
        "clusters of OOD samples",
        typed("ood", "a.npy", "b.npy", *_FAST, "--clusters", "first-axis", a=_ID, b=_OOD),
        "intervals need independent samples",
        "leave it out, or say --clusters none",
        typed("ood", "a.npy", "b.npy", *_FAST, "--clusters", "none", a=_ID, b=_OOD),
        prints=_PRINTS,
        code=2,
    ),
    Hint(
        "OOD samples that are called as their mean",
        typed("ood", "a.npy", "b.npy", "c.npy", "--names", "x,mean", *_FAST, a=_ID, b=_OOD, c=2 * _OOD),
        "'mean' is what the mean of all sets is called",
        "give the sets other names, with --names A,B and so on",
        typed("ood", "a.npy", "b.npy", "c.npy", "--names", "A,B", *_FAST, a=_ID, b=_OOD, c=2 * _OOD),
        prints="mean,," + _PRINTS,
        code=2,
    ),
    Hint(
        "the energy of an ensemble",
        typed("ood", "a.npy", "b.npy", "--ensemble-axis", "0", "--score", "energy", *_FAST, **_MEMBERS),
        "energy needs logits, and these are the mean probabilities of an ensemble",
        "use msp, entropy or margin, or --ensemble-of logits",
        "--ensemble-of logits",
        prints="energy,auroc,0.",
        code=2,
    ),
    Hint(
        "the energy of probabilities",
        typed(
            "ood",
            "a.npy",
            "b.npy",
            "--kind",
            "log-probs",
            "--score",
            "energy",
            *_FAST,
            a=np.log([[0.5, 0.5]]),
            b=np.log([[0.2, 0.8]]),
        ),
        "energy needs logits",
        "use msp, entropy or margin",
        typed(
            "ood",
            "a.npy",
            "b.npy",
            "--kind",
            "log-probs",
            "--score",
            "msp",
            *_FAST,
            a=np.log([[0.5, 0.5]]),
            b=np.log([[0.2, 0.8]]),
        ),
        prints=_PRINTS,
        code=2,
    ),
    Hint(
        "labels among OOD samples",
        typed("ood", "a.npy", "b.npy", "c.npy", *_FAST, a=_ID, b=_OOD, c=np.arange(20)),
        "int64 values are refused as logits",
        "if these are labels, leave them out",
        typed("ood", "a.npy", "b.npy", *_FAST, a=_ID, b=_OOD),
        prints=_PRINTS,
    ),
]
