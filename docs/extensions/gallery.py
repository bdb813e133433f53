"""The gallery: every chart of `lscli plot`, and of answers, drawn by the command that stands over it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_args

from pages import GENERATED, ROOT, plain, write

from lscli.options import ChartName
from lscli.render.plots.plots import PLOTS

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_SAMPLE = "sample_data/logits.npy sample_data/labels.npy"
_MODELS = "sample_data/logits.npy sample_data/logits_smoothed.npy sample_data/labels.npy"
_SPLIT = "sample_data/val.npz sample_data/test.npz"
# The parts of the page after the charts of one model: a title, a sentence, and commands by the names of their files.
_PARTS: dict[str, tuple[str, dict[str, str]]] = {
    "Several models": (
        "Diagrams stand side by side on the same axes. Curves lie over one another.",
        {
            "reliability_of_models": f"lscli plot {_MODELS} --width double",
            "risk_of_models": f"lscli plot {_MODELS} --chart risk-coverage --names plain,smoothed",
        },
    ),
    "Before and after": (
        "With a temperature or another map of the logits, a chart shows each model before and after it.",
        {
            "reliability_before_after": f"lscli plot {_SAMPLE} --temperature 1.77 --width double",
            "confidence_before_after": "lscli plot sample_data/test.npz --calibrator sample_data/calibrator.json "
            "--chart confidence --width double",
        },
    ),
    "Answers of other commands": (
        "Commands whose -o has another use write their picture to standard output.",
        {
            "bins": f"lscli bins {_SAMPLE}",
            "sweep": f"lscli sweep {_SAMPLE} --eps 0:0.3:0.02",
            "compare": f"lscli compare {_MODELS} -m accuracy,loss_hard,ece",
            "recalibrate": f"lscli recalibrate {_SPLIT} -m accuracy,loss_hard,ece -f svg >",
            "threshold": f"lscli threshold {_SAMPLE} --max-error 0.02 -f svg >",
            "conformal": f"lscli conformal {_SPLIT} --by-class",
            "ood": "lscli ood sample_data/logits.npy sample_data/ood.npy",
        },
    ),
}


def _gist(name: ChartName) -> str:
    """The first line of the file that draws a chart."""
    return (import_module(PLOTS[name]).__doc__ or "").strip().split("\n")[0]


def _drawn(name: str, command: str, shows: str) -> list[str]:
    """Draw a picture; the command, and the picture with what it shows in words.

    Raises:
        CalledProcessError: the command failed.
    """
    path = GENERATED / "gallery" / f"{name}.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    typed = f"{command} {name}.svg" if command.endswith(">") else f"{command} -o {name}.svg"
    words = shlex.split(command.removesuffix(">"))
    arguments = [sys.executable, "-m", *words, *([] if command.endswith(">") else ["-o", str(path)])]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(arguments, cwd=ROOT, env=environment, check=True, capture_output=True)
    if command.endswith(">"):
        path.write_bytes(done.stdout)
    return [f"```sh\n{typed}\n```", f"![{plain(shows)}](gallery/{path.name})"]


def _page() -> list[str]:
    """The sections of the page."""
    found = []
    for name in get_args(ChartName):
        gist = _gist(name)
        found += [f"## {name}", plain(gist), *_drawn(name, f"lscli plot {_SAMPLE} --chart {name}", gist)]
    for title, (sentence, commands) in _PARTS.items():
        found += [f"## {title}", plain(sentence)]
        for name, command in commands.items():
            found += _drawn(name, command, f"{title}: {name.replace('_', ' ')}")
    return found


def _write(app: Sphinx) -> None:
    write(
        "gallery.md",
        "# Gallery",
        "Pictures of the sample in the repository. Each is drawn by the command over it while this site is built; "
        "`.pdf` and `.png` are other suffixes. [Figures](../figures.md) says how to read the charts, and how to put "
        "one into a paper.",
        *_page(),
    )


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", _write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
