"""`lscli eval`: losses, confidence and calibration of saved logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from lscli.cli.arguments import LabelsPath, LogitsPath
from lscli.cli.flat_options import flat
from lscli.options import EvalOutputOptions, EvaluateOptions

if TYPE_CHECKING:
    from lscli.listings import Listing
    from lscli.report import Report

EXAMPLES = ("lscli eval logits.npy labels.npy --eps 0.1", "lscli eval logits.npy labels.npy --metrics ece,loss --ci")
COMMON = ("eps", "metrics", "ci", "bins", "kind", "logits-key", "labels-column", "calibrator", "format", "output")


@flat
def eval_command(
    context: typer.Context,
    logits: LogitsPath,
    labels: LabelsPath = None,
    *,
    options: EvaluateOptions,
    output: EvalOutputOptions,
) -> None:
    """Measure losses, confidence and calibration of saved logits, and what label smoothing does to them.

    The output has the hard, the uniform and the smoothed loss with its floor, accuracy and confidence, calibration
    errors next to those that noise alone would give, and the amount of label smoothing that the logits imply.
    """
    from lscli.api.evaluate import evaluate
    from lscli.api.wide import wide
    from lscli.cli.run_command import run_command

    def answer(given: EvaluateOptions) -> Report | Listing:
        report = evaluate.with_options(logits, labels, given)
        return wide(report, intervals=given.ci) if output.wide else report

    run_command(context, output, options, [logits, labels], answer)
