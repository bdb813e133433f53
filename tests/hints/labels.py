"""Labels that are coded otherwise, or that are no class numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.hints.case import Hint, Make, arrays, right
from tests.io.make import saved

DROPS = ("--ignore-index",)


def coded(labels: Sequence[int], classes: int, code: Callable[[Any], Any], *words: object) -> Make:
    """A `Make` of logits that predict all labels but the first, which are then coded otherwise."""
    x = right(labels, classes)
    x[0] = x[0, ::-1] if x[0, 0] != x[0, -1] else np.arange(classes)
    return arrays(x, code(np.array(labels)), *words)


def again(labels: Any, *words: object) -> Make:
    """A `Make` that saves the labels in another way, as the hint says."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "y.npy").write_bytes(saved(np.asarray(labels)))
        return ["eval", folder / "x.npy", folder / "y.npy", *words]

    return arguments


def hole(labels: Sequence[int], classes: int, mark: int, *words: object) -> Make:
    """A `Make` of labels whose last is a mark; of the others, the first is predicted wrong."""
    return coded([*labels, 0], classes, lambda y: np.append(y[:-1], mark), *words)


CASES = [
    Hint(
        "1 to K",
        coded([0, 1, 2, 1], 3, lambda y: y + 1),
        "the labels are 1 to 3, they seem to count from 1",
        "--labels-from 1",
        "--labels-from 1",
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "2 to K",
        coded([1, 2, 2, 1], 3, lambda y: y + 1),
        "the labels are 2 to 3, they seem to count from 1",
        "--labels-from 1",
        "--labels-from 1",
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "1 to K in uint8, for 255 classes",
        coded([*range(255)], 255, lambda y: (y + 1).astype(np.uint8)),
        "the labels are 1 to 255",
        "--labels-from 1",
        "--labels-from 1",
        accuracy=254 / 255,
        never=DROPS,
    ),
    Hint(
        "1 to K with the ignore index",
        coded([0, 1, 2, 1, 0], 3, lambda y: np.append(y[:-1] + 1, -100)),
        "the labels are 1 to 3",
        "--labels-from 1",
        "--labels-from 1",
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "1 to K with a mark",
        coded([0, 1, 2, 1, 0], 3, lambda y: np.append(y[:-1] + 1, 255)),
        "the labels are 1 to 3",
        "--labels-from 1",
        "--labels-from 1",
        again="if it marks samples without a class, say --ignore-index 255",
        never=DROPS,
    ),
    Hint(
        "1 to K with a mark, the second hint",
        coded([0, 1, 2, 1, 0], 3, lambda y: np.append(y[:-1] + 1, 255), "--labels-from", 1),
        "label out of range at row 4 (value 255, 3 classes)",
        "255 occurs 1 times",
        "--ignore-index 255",
        accuracy=0.75,
    ),
    Hint(
        "1 to K, and 0 for samples without a class",
        coded([0, 1, 2, 1, 0], 3, lambda y: np.append(y[:-1] + 1, 0), "--labels-from", 1),
        "label out of range at row 4 (value 0",
        "if it marks samples without a class",
        "--ignore-index 0",
        accuracy=0.75,
    ),
    Hint(
        "0 to K",
        arrays(right([0, 1, 2, 0], 3), [0, 1, 2, 3]),
        "label out of range at row 3 (value 3, 3 classes)",
        "the labels are 0 to 3",
        never=(*DROPS, "--labels-from"),
    ),
    Hint(
        "0 to K, without a 0 further down",
        arrays(right([1, 2, 0], 3), [1, 2, 4]),
        "label out of range at row 2 (value 4, 3 classes)",
        "in the order of the columns",
        never=DROPS,
    ),
    Hint(
        "0 to K-1 said to count from 1",
        coded([0, 1, 2, 1], 3, lambda y: y, "--labels-from", 1),
        "the labels are 0 to 2, they seem to count from 0",
        "leave out --labels-from",
        coded([0, 1, 2, 1], 3, lambda y: y),
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "-1 to K-2",
        coded([0, 1, 2, 1], 3, lambda y: y - 1),
        "the labels are -1 to 1, they seem to count from -1",
        "if -1 is a class, say --labels-from -1",
        "--labels-from -1",
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "any K numbers in a row",
        coded([0, 1, 2, 1], 3, lambda y: y + 2020),
        "the labels are 2020 to 2022",
        "--labels-from 2020",
        "--labels-from 2020",
        accuracy=0.75,
        never=DROPS,
    ),
    *(
        Hint(
            f"{mark} for samples without a class",
            hole([0, 1, 2, 1], 5, mark),
            f"label out of range at row 4 (value {mark}, 5 classes)",
            f"{mark} occurs 1 times: if it marks samples without a class",
            f"--ignore-index {mark}",
            accuracy=0.75,
        )
        for mark in (-1, 255, 65535, -999)
    ),
    Hint(
        "-1 beside ignored samples",
        coded([0, 1, 2, 1, 0, 0], 5, lambda y: np.append(y[:-2], [-1, -100])),
        "label out of range at row 4 (value -1, 5 classes)",
        "replace it by the ignore index",
        again([0, 1, 2, 1, -100, -100]),
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "a mask of 0 and 255",
        coded([0, 1, 1, 0], 2, lambda y: (y * 255).astype(np.uint8)),
        "label out of range at row 1 (value 255, 2 classes)",
        "np.unique(labels, return_inverse=True)[1]",
        again(np.unique([0, 255, 255, 0], return_inverse=True)[1]),
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "-1 and 1 saved as uint8",
        coded([0, 1, 1, 0], 2, lambda y: (2 * y - 1).astype(np.uint8)),
        "label out of range at row 0 (value 255, 2 classes)",
        "if these are the 2 classes in the order of the columns",
        never=DROPS,
    ),
    Hint(
        "-1 and 1 for more classes than two",
        arrays(right([0, 1, 1, 0], 3), [-1, 1, 1, -1]),
        "label out of range at row 0 (value -1, 3 classes)",
        "the labels are -1 to 1",
        never=(*DROPS, "--labels-from"),
    ),
    Hint(
        "numbers of another task",
        arrays(right([0, 1, 2, 0], 3), [17, 4, 900, 17]),
        "label out of range at row 0 (value 17, 3 classes)",
        "if these are the 3 classes",
        never=DROPS,
    ),
    Hint(
        "nothing but -1",
        arrays(right([0, 1, 2, 0], 3), [-1] * 4),
        "label out of range at row 0 (value -1, 3 classes)",
        "every label is -1",
        never=DROPS,
    ),
]
