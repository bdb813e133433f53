"""Read the inputs of many seeds, and keep those that crash."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.contract import Crash, Target, digest, judged, watched
from tests.fuzz.mutate import mutated

CORPUS = Path(__file__).parent.parent / "corpus"
_MOST_CRASHES = 20
_EVERY = 5.0


class Found(NamedTuple):
    """The first seed that crashed in one way."""

    seed: int
    data: bytes
    crash: Crash


class Result(NamedTuple):
    """Counts of a range of seeds.

    Attributes:
        inputs: number of inputs that were read.
        accepted: number of inputs that were arrays.
        found: one input for each kind of crash.
        crashes: number of inputs that crashed.
        seconds: wall time.
    """

    inputs: int
    accepted: int
    found: list[Found]
    crashes: int
    seconds: float

    def __str__(self) -> str:
        rate = self.inputs / max(self.seconds, 1e-9)
        outcome = f"{self.accepted:,} accepted, {self.crashes:,} crashes of {len(self.found)} kinds"
        return f"{self.inputs:,} inputs in {self.seconds:,.0f} s ({rate:,.0f}/s): {outcome}"


def fuzz(
    target: Target,
    kind: str,
    seeds: Iterable[int],
    *,
    seconds: float = float("inf"),
    progress: Callable[[int, Result], None] | None = None,
) -> Result:
    """Read the inputs of these seeds, until the time is up or too many kinds of crash are found."""
    found: dict[str, Found] = {}
    count = accepted = crashes = 0
    start = told = time.perf_counter()

    def result() -> Result:
        return Result(count, accepted, list(found.values()), crashes, time.perf_counter() - start)

    with watched() as watch:
        for seed in seeds:
            data = mutated(kind, seed)
            outcome = judged(target, data, watch)
            count += 1
            accepted += outcome.accepted
            if outcome.crash is not None:
                crashes += 1
                found.setdefault(outcome.crash.what, Found(seed, data, outcome.crash))
            now = time.perf_counter()
            if progress is not None and now - told > _EVERY:
                told = now
                progress(seed, result())
            if len(found) >= _MOST_CRASHES or now - start > seconds:
                break
    return result()


def keep(kind: str, data: bytes, corpus: Path = CORPUS) -> Path:
    """Save an input in the corpus; the tests replay it from then on."""
    path = corpus / kind / digest(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def kept(corpus: Path = CORPUS) -> list[tuple[str, Path]]:
    """All inputs of the corpus, each with its format."""
    return [(path.parent.name, path) for path in sorted(corpus.glob("*/*"))]
