"""`lscli classes`: calibration and losses of every class."""

from __future__ import annotations

import typer

from lscli.cli.arguments import LabelsPath, LogitsPath
from lscli.cli.flat_options import flat
from lscli.options import ClassesOptions, RunOptions

EXAMPLES = (
    "lscli classes sample_data/logits.npy sample_data/labels.npy",
    "lscli classes sample_data/logits_smoothed.npy sample_data/labels.npy --metrics gamma,above_target --sort gamma",
)


@flat
def classes_command(
    context: typer.Context,
    logits: LogitsPath,
    labels: LabelsPath = None,
    *,
    options: ClassesOptions,
    output: RunOptions,
) -> None:
    """Print support, recall, precision, calibration error and losses of every class.

    The calibration error of a class compares its probability with how often it is the label, over all samples. Recall
    and losses are over the samples with that label.
    """
    from lscli.api.classes import per_class
    from lscli.cli.run_command import run_command

    run_command(context, output, options, [logits, labels], lambda given: per_class.with_options(logits, labels, given))
