"""Time fits and what follows them, as whole processes in turn with the plain `lscli eval`.

    python benchmarks/fits.py FOLDER [RUNS]

FOLDER gets the generated logits, 50,000 x 1,000 float32 (200 MB). The script that most projects copy,
lbfgs_temperature.py, comes last and once: it takes minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from run import HERE, compare, logits_in

ASKED = (
    ("temperature", ("fit",)),
    ("ets", ("fit", "--method", "ets")),
    ("svs", ("fit", "--method", "svs")),
    ("eval after a temperature", ("eval", "--temperature", "1.3")),
    ("eval after temperatures without each fold", ("eval", "--cross-fit", "temperature")),
    ("metrics at the best temperature", ("eval", "--metrics", "default,temperature")),
)


def main(folder: Path, runs: int) -> None:
    """Make what is missing, then time it."""
    lscli = [str(Path(sys.executable).with_name("lscli"))]
    files = logits_in(folder / "wide", 50_000, 1000)
    plain = [*lscli, "eval", *files]
    for what, words in ASKED:
        compare(what, [*lscli, *words, *files], plain, runs)
    compare(
        "the copied script", [sys.executable, str(HERE / "lbfgs_temperature.py"), *files], [*lscli, "fit", *files], 1
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7)
