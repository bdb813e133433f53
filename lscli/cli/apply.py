"""`lscli apply`: logits after a fitted map."""

from __future__ import annotations

from typing import Annotated

import typer

from lscli.cli.arguments import LogitsPath
from lscli.cli.flat_options import flat
from lscli.options import ApplyOptions, RunOptions

EXAMPLES = ("lscli apply cal.json test.npz -o calibrated.npy", "lscli apply cal.json logits.npy -f csv")
COMMON = ("kind", "logits-key", "groups", "group-by", "flatten", "class-axis", "format", "output")


@flat
def apply_command(
    context: typer.Context,
    calibrator: Annotated[
        str, typer.Argument(metavar="CALIBRATOR", help="The file that lscli fit -o wrote.", show_default=False)
    ],
    logits: LogitsPath,
    *,
    options: ApplyOptions,
    output: RunOptions,
) -> None:
    """Write the logits after a map that lscli fit wrote, in the order of the rows.

    Every row is checked first, so that nothing is written if one cannot be used; then rows are written as they are
    read, so memory stays flat. Use -o calibrated.npy for an array: float64 if the logits are, else float32.
    Probabilities come out as logits; of a binary classifier, one logit per sample.
    """
    from lscli.api.apply import applied
    from lscli.cli.run_command import run_command

    run_command(
        context, output, options, [calibrator, logits], lambda given: applied(calibrator, logits, given), arrays=True
    )
