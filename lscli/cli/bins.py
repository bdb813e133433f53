"""`lscli bins`: the reliability table."""

from __future__ import annotations

import typer

from lscli.cli.arguments import LabelsPath, LogitsPath
from lscli.cli.flat_options import flat
from lscli.options import BinsOptions, RunOptions

EXAMPLES = ("lscli bins logits.npy labels.npy", "lscli bins logits.npy labels.npy --equal-mass --bins 10")
COMMON = (
    "bins",
    "equal-mass",
    "bin-edges",
    "compat",
    "positive-class",
    "kind",
    "groups",
    "group-by",
    "format",
    "output",
)


@flat
def bins_command(
    context: typer.Context, logits: LogitsPath, labels: LabelsPath = None, *, options: BinsOptions, output: RunOptions
) -> None:
    """Print the reliability table: accuracy against confidence, bin by bin.

    Each bin has its edges, the number of samples, their mean confidence, their accuracy with its Wilson interval, and
    the gap between the two. With --binary or --positive-class, confidence is the mean probability of that class, and
    accuracy its share among the labels. A terminal shows the table as a diagram.
    """
    from lscli.api.bins import per_bin
    from lscli.cli.run_command import run_command

    run_command(context, output, options, [logits, labels], lambda given: per_bin.with_options(logits, labels, given))
