"""Time `lscli eval` on tables of confidences against a script of pandas, as whole processes in turn.

    python benchmarks/confidences.py FOLDER [RUNS] [ROWS]

FOLDER gets the tables: a confidence and right or wrong, the same with predictions and labels as text, and Parquet. The
script computes accuracy, the mean confidence and ece; lscli computes these, their errors and the other default metrics.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from run import compare

SCRIPT = """
import sys
import numpy as np
import pandas as pd

path, right = sys.argv[1:]
table = pd.read_parquet(path) if path.endswith("parquet") else pd.read_csv(path)
confidence = table["conf"].to_numpy()
correct = (table["ok"] == 1 if right == "ok" else table["pred"] == table["label"]).to_numpy()
place = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
sums = np.bincount(place, correct - confidence, 15)
print(correct.mean(), confidence.mean(), np.abs(sums).sum() / len(table))
"""
ASKED = {"ok": ("--correct", "ok"), "pred": ("--predicted", "pred")}


def make(folder: Path, rows: int) -> None:
    """Write the tables."""
    import numpy as np
    import pandas as pd

    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    confidence = random.uniform(0.3, 1, rows)
    correct = random.random(rows) < confidence**1.3
    label = random.integers(0, 100, rows)
    names = np.array([f"class {number}" for number in range(100)])
    frame = pd.DataFrame({"conf": confidence, "ok": correct.astype(int)})
    texts = pd.DataFrame(
        {"conf": confidence, "pred": names[np.where(correct, label, (label + 1) % 100)], "label": names[label]}
    )
    frame.to_csv(folder / "two.csv", index=False)
    texts.to_csv(folder / "text.csv", index=False)
    frame.to_parquet(folder / "two.parquet", index=False)


def main(folder: Path, runs: int, rows: int) -> None:
    """Make the tables in another process, whose memory is not that of what is timed; then time them."""
    subprocess.run([sys.executable, __file__, "--make", str(folder), str(rows)], check=True)
    for name, right in (("two.csv", "ok"), ("text.csv", "pred"), ("two.parquet", "ok")):
        path = str(folder / name)
        own = [sys.executable, "-m", "lscli", "eval", path, "--confidence", "conf", *ASKED[right], "-f", "csv"]
        compare(f"{name}: {rows:,} rows", own, [sys.executable, "-c", SCRIPT, path, right], runs)


if __name__ == "__main__":
    if sys.argv[1] == "--make":
        make(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        given = [int(word) for word in sys.argv[2:]]
        main(Path(sys.argv[1]), *given, *(7, 1_000_000)[len(given) :])
