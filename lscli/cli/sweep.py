"""`lscli sweep`: the smoothed loss over a range of eps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lscli.cli.flat_options import flat
from lscli.options import RunOptions, SweepOptions

if TYPE_CHECKING:
    from lscli.report import Report

EXAMPLES = ("lscli sweep logits.npy labels.npy --eps 0:0.2:0.05 --ci", "lscli sweep a.npy b.npy labels.npy")
COMMON = ("eps", "smoothing", "ci", "level", "kind", "logits-key", "labels-column", "calibrator", "format", "output")


@flat
def sweep_command(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="LOGITS",
            help="Logits of one or more models, [N, K] each; then the labels [N] of all, unless the files hold them. "
            "The last path is the labels if its array is one-dimensional, or if labels are soft.",
            show_default=False,
        ),
    ],
    *,
    options: SweepOptions,
    output: RunOptions,
) -> None:
    """Compute the smoothed loss over a range of eps, with its floor and excess, and the eps that the logits imply.

    A conclusion says whether the model is over- or under-confident, if that is beyond noise, and whether its logits
    look smoothed. With several models on the same samples, the first is the baseline; each further model gets its
    difference in loss, sample by sample, and the eps at which the ranking of the two flips.
    """
    from lscli.api.sweep import sweep
    from lscli.cli.run_command import run_command
    from lscli.io.path_roles import roles_of

    def answer(given: SweepOptions) -> Report:
        logits, labels, others = roles_of(paths, given, soft=given.soft_labels)
        return sweep.with_options(logits, labels, given.replaced(others=others))

    run_command(context, output, options, paths, answer)
