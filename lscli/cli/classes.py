"""`lscli classes`: calibration and losses of every class."""

from __future__ import annotations

import typer

from lscli.cli.arguments import LabelsPath, LogitsPath
from lscli.cli.flat_options import flat
from lscli.options import ClassesOptions, RunOptions

EXAMPLES = (
    "lscli classes logits.npy labels.npy --sort ece --top 10",
    "lscli classes logits.npy labels.npy -o classes.csv",
)
COMMON = ("sort", "ascending", "top", "metrics", "eps", "bins", "class-names", "kind", "format", "output")


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
