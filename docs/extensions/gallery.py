"""The gallery: every chart of `lscli plot`, drawn by the command that stands over it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_args

from pages import DOCS, ROOT, plain, write

from lscli.options import values

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_COMMAND = "lscli plot sample_data/logits.npy sample_data/labels.npy --chart {name}"


def _gist(name: str) -> str:
    """The first line of the file that draws a chart."""
    module = import_module(f"lscli.render.plots.{name.replace('-', '_')}")
    return (module.__doc__ or "").strip().split("\n")[0]


def _drawn(name: str) -> list[str]:
    """Draw a chart, and the part of the page about it.

    Raises:
        CalledProcessError: the command failed.
    """
    command, path = _COMMAND.format(name=name), DOCS / "_generated" / "gallery" / f"{name}.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    arguments = [sys.executable, "-m", *shlex.split(command), "-o", str(path)]
    subprocess.run(arguments, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    shown = f"![{name}](gallery/{path.name})"
    return [f"## {name}", plain(_gist(name)), f"```sh\n{command} -o {name}.svg\n```", shown]


def _write(app: Sphinx) -> None:
    names = get_args(getattr(values, "ChartName", None))
    parts = [part for name in names for part in _drawn(name)]
    write(
        "gallery.md",
        "# Gallery",
        "The pictures of `lscli plot` of the sample in the repository. Each is drawn by the command over it while this "
        "site is built; `.pdf` and `.png` are other suffixes.",
        *parts,
    )


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", _write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
