"""`lscli threshold`: the score from which on a classifier may be trusted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from lscli.cli.arguments import LabelsPath, LogitsPath
from lscli.cli.flat_options import flat
from lscli.errors import ExitCode
from lscli.options import ThresholdOptions, ThresholdOutputOptions

if TYPE_CHECKING:
    from lscli.decisions.threshold import Threshold

EXAMPLES = (
    "lscli threshold sample_data/logits.npy sample_data/labels.npy --max-error 0.1",
    "lscli threshold sample_data/logits.npy sample_data/labels.npy --coverage 0.8 -f csv",
)


@flat
def threshold_command(
    context: typer.Context,
    logits: LogitsPath,
    labels: LabelsPath = None,
    *,
    options: ThresholdOptions,
    output: ThresholdOutputOptions,
) -> None:
    """Find the confidence from which on the error is at most --max-error, with a guarantee.

    The promise holds with probability --confidence over the samples that the threshold is found on. If no threshold
    keeps it, the exit code is 1.
    """
    from lscli.api.threshold import threshold
    from lscli.cli.output import json_path, write_file
    from lscli.cli.run_command import run_command
    from lscli.cli.stderr import say
    from lscli.decisions.threshold import Threshold as Answer
    from lscli.io.paths import files_of

    inputs = [file for path in (logits, labels, *options.files()) if path for file in files_of(path)]
    path = json_path(output.output, inputs, "threshold", "threshold.json")

    def answer(given: ThresholdOptions) -> Threshold:
        found = threshold.with_options(logits, labels, given)
        if path is not None and not found.found:
            say(f"lscli: {path} is not written: no threshold was found")
        elif path is not None:
            write_file(path, [found.saved.to_json().encode()])
            return replace(found, conclusion=f"{found.conclusion} It is in {path}.")
        return found

    found = run_command(context, output.replaced(output="-"), options, [logits, labels], answer)
    if isinstance(found, Answer) and not found.found:
        raise typer.Exit(ExitCode.REFUSED)
