"""Fuzz for minutes, by hand: `python -m tests.fuzz npy --seeds 0:400000`.

Inputs that crash are kept in tests/corpus/, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.mutate import KINDS, mutated
from tests.fuzz.run import CORPUS, Result, fuzz, keep
from tests.fuzz.settings import RUNS
from tests.fuzz.targets import opened


def main(arguments: Sequence[str] | None = None, corpus: Path = CORPUS) -> int:
    """Fuzz one format, or the options, and keep the inputs that crash."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("kind", choices=[*KINDS, *RUNS])
    parser.add_argument("--seeds", type=_seeds, default=range(100_000), metavar="FIRST:LAST", help="default: 0:100000")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--show", action="store_true", help="only print the input of the first seed, and read it")
    options = parser.parse_args(arguments)
    if options.show:
        data = mutated(options.kind, options.seeds.start)
        print(repr(data))
        with opened(options.kind, always=True) as target:
            target(data)
        print("accepted")
        return 0
    with opened(options.kind) as target:
        result = fuzz(target, options.kind, options.seeds, seconds=options.seconds, progress=_progress)
    for seed, data, crash in result.found:
        print(
            f"\nseed {seed}, kept as {keep(options.kind, data, corpus)}: {crash.what}\n{data[:300]!r}\n{crash.detail}"
        )
    print(f"{options.kind} seeds {options.seeds.start}:{options.seeds.stop}: {result}")
    return 1 if result.found else 0


def _seeds(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last) if last else int(first) + 1)


def _progress(seed: int, result: Result) -> None:
    print(f"  at seed {seed}: {result}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
