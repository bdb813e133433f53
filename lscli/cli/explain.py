"""`lscli explain`: find the convention that gives a printed loss."""

from __future__ import annotations

from typing import Annotated

import typer

from lscli.cli.arguments import LabelsPath, LogitsPath
from lscli.cli.flat_options import flat
from lscli.options import ExplainOptions, RunOptions

EXAMPLES = ("lscli explain 0.2828 logits.npy labels.npy", "lscli explain 1.853 logits.npy labels.npy --eps 0.1")
COMMON = (
    "eps",
    "candidates",
    "class-weights",
    "weights",
    "ignore-index",
    "kind",
    "logits-key",
    "labels-column",
    "format",
    "output",
)


@flat
def explain_command(
    context: typer.Context,
    value: Annotated[
        str,
        typer.Argument(metavar="VALUE", help="The loss as it was printed, with all of its digits.", show_default=False),
    ],
    logits: LogitsPath,
    labels: LabelsPath = None,
    *,
    options: ExplainOptions,
    output: RunOptions,
) -> None:
    """Find out which convention of label smoothing gives a loss that a training log printed.

    The candidates are the usual amounts of smoothing, or those of --eps, with every convention of the targets and every
    way to reduce the losses to one number: sum or mean, with or without ignored samples, in another base, minus the
    entropy of the targets, as a perplexity. Losses without smoothing are always among them.

    The digits of VALUE say how exact it is. Candidates that agree with all digits rank equally, the most usual first.
    A value of few digits matches some candidates by chance; the conclusion then says how many, and names none.
    """
    from lscli.api.explain import explain
    from lscli.cli.run_command import run_command

    run_command(
        context, output, options, [logits, labels], lambda given: explain.with_options(value, logits, labels, given)
    )
