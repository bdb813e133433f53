"""`lscli fit`: a map that recalibrates logits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from lscli.cli.arguments import LabelsPath, LogitsPath
from lscli.cli.flat_options import flat
from lscli.options import FitOptions, FitOutputOptions

if TYPE_CHECKING:
    from lscli.recalibrators.fits import Fits

EXAMPLES = ("lscli fit val.npz -o cal.json", "lscli fit logits.npy labels.npy --method all")
COMMON = ("method", "objective", "eps", "cross-fit", "groups", "group-by", "per-group", "kind", "format", "output")


@flat
def fit_command(
    context: typer.Context,
    logits: LogitsPath,
    labels: LabelsPath = None,
    *,
    options: FitOptions,
    output: FitOutputOptions,
) -> None:
    """Fit a map of logits that makes their probabilities calibrated, such as a temperature, on held-out samples.

    -o keeps the map in a file, which eval --calibrator and apply use. Each fit is printed with its certificate: how far
    it can be from the optimum. --method all compares every method on samples that its fit has not seen.
    """
    from lscli.api.fit import fit
    from lscli.cli.output import json_path, write_file
    from lscli.cli.run_command import run_command
    from lscli.cli.stderr import say
    from lscli.io.paths import files_of

    inputs = [file for path in (logits, labels, *options.files()) if path for file in files_of(path)]
    path = json_path(output.output, inputs, "calibrator", "cal.json")

    def answer(given: FitOptions) -> Fits:
        found = fit.with_options(logits, labels, given)
        if path is not None and found.calibrator is None:
            say(f"lscli: {path} is not written: no method does better than the logits as they are")
        elif path is not None and found.calibrator is not None:
            write_file(path, [found.calibrator.to_json().encode()])
            return replace(found, conclusion=f"{found.conclusion} It is in {path}.")
        return found

    run_command(context, output.replaced(output="-"), options, [logits, labels], answer)
