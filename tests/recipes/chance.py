"""Losses that no recipe gives, and what `lscli explain` says of them: `python -m tests.recipes.chance` prints a table.

For each number of digits, it counts the losses that some candidate gives, those for which one is named, and of the
losses that candidates do give, those for which one is named.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

import lscli

Array = NDArray[np.float64]
Samples = tuple[Array, NDArray[np.int64]]
DIGITS = (2, 3, 4, 5, 6)


def drawn(random: np.random.Generator) -> Samples:
    """Logits [300, K] and labels [300]."""
    classes = int(random.choice([3, 5, 10, 30, 100]))
    labels = random.integers(0, classes, 300)
    noise = random.uniform(0.5, 2) * random.standard_normal((300, classes))
    return noise + random.uniform(1, 8) * np.eye(classes)[labels], labels


def foreign(samples: Samples, random: np.random.Generator) -> Iterator[float]:
    """Losses that training code prints and no recipe gives, and one that is a random number."""
    logits, labels = samples
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    tempered = logits / random.uniform(1.2, 2.5)
    tempered -= np.logaddexp.reduce(tempered, axis=1, keepdims=True)
    at = np.arange(len(labels)), labels
    hard, p = -log_p[at], np.exp(log_p[at])
    eps = random.choice([0.07, 0.13, 0.035, 0.17, 0.22, 0.33])
    yield float(((1 - p) ** 2 * hard).mean())  # focal loss (Lin et al. 2017)
    yield float((hard + 1 - p).mean())  # PolyLoss-1 (Leng et al. 2022)
    yield float((hard + 0.1 * (np.exp(log_p) * log_p).sum(axis=1)).mean())  # confidence penalty (Pereyra et al. 2017)
    yield float(((1 - p**0.7) / 0.7).mean())  # generalised cross-entropy (Zhang & Sabuncu 2018)
    yield float(-tempered[at].mean())
    yield float(hard[: len(hard) // 3].mean())
    yield float(((1 - eps) * hard - eps * log_p.mean(axis=1)).mean())  # an eps that is not tried
    yield float((hard**2).mean())
    yield float(np.median(hard))
    yield float(hard.mean() * random.uniform(0.3, 3))


def printed(value: float, digits: int) -> str:
    return f"{value:.{digits - 1}e}"


def named(value: str, samples: Samples) -> tuple[bool, bool]:
    """Whether a candidate gives the loss, and whether the conclusion names one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lscli.LscliWarning)
        said = lscli.explain(value, *samples, threads=1).conclusion
    return not said.startswith("None"), "candidate" in said and "by chance" not in said and not said.startswith("None")


def counted(sets: int, digits: tuple[int, ...] = DIGITS) -> Counter[tuple[str, int]]:
    """How often each answer was given, by its name and the number of digits."""
    random, found = np.random.default_rng(8), Counter[tuple[str, int]]()
    for _ in range(sets):
        samples = drawn(random)
        for loss in foreign(samples, random):
            for count in digits:
                fits, name = named(printed(loss, count), samples)
                found["foreign", count] += 1
                found["given by a candidate", count] += fits
                found["named", count] += name
        every = lscli.explain("1", *samples, candidates=9999).rows
        for row in [every[int(place)] for place in random.integers(0, len(every), 10)]:
            for count in digits:
                found["of a recipe", count] += 1
                found["of a recipe and named", count] += named(printed(row.loss, count), samples)[1]
    return found


def main() -> None:
    found = counted(20)
    names = ("foreign", "given by a candidate", "named", "of a recipe", "of a recipe and named")
    print("digits  " + "  ".join(names))
    for count in DIGITS:
        print(f"{count:6}  " + "  ".join(f"{found[name, count]:{len(name)}}" for name in names))


if __name__ == "__main__":
    main()
