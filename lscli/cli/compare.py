"""`lscli compare`: several models on the same samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lscli.cli.flat_options import flat
from lscli.options import CompareOptions, CompareOutputOptions

if TYPE_CHECKING:
    from lscli.decisions.comparison import Comparison

EXAMPLES = (
    "lscli compare sample_data/logits.npy sample_data/logits_smoothed.npy sample_data/labels.npy",
    "lscli compare sample_data/logits.npy sample_data/logits_smoothed.npy sample_data/labels.npy --metrics ece -f csv",
)


@flat
def compare_command(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="LOGITS",
            help="Logits of two or more models, [N, K] each, the baseline first; then the labels [N] of all, unless "
            "the files hold them. Or reports in JSON, which are compared by value alone.",
            show_default=False,
        ),
    ],
    *,
    options: CompareOptions,
    output: CompareOutputOptions,
) -> None:
    """Compare models on the same samples with the first of them: which is better, by how much, and is it noise.

    Differences are paired: their intervals and p-values are of the same samples in both models.
    Reports that lscli eval -f json wrote have values alone, so their differences have no intervals.
    """
    from lscli.api.compare import compare
    from lscli.cli.run_command import run_command
    from lscli.io.path_roles import assign_roles
    from lscli.io.saved_report import names_saved_answer

    def answer(given: CompareOptions) -> Comparison:
        if any(map(names_saved_answer, paths)):
            return compare.with_options(paths, None, given)
        keys = (given.logits_key, given.labels_key)
        flatten = given.flatten or given.class_axis is not None
        logits, labels, others = assign_roles(paths, *keys, binary=given.binary, flatten=flatten)
        return compare.with_options([logits, *others], labels, given)

    run_command(context, output, options, paths, answer)
