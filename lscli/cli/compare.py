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
        list[str] | None,
        typer.Argument(
            metavar="LOGITS",
            help="Logits of two or more models, [N, K] each, the baseline first; then the labels [N] of all, unless "
            "the files hold them. With a pattern of models, the labels alone.",
            show_default=False,
        ),
    ] = None,
    *,
    options: CompareOptions,
    output: CompareOutputOptions,
) -> None:
    """Compare models on the same samples with the first of them: which is better, by how much, and is it noise.

    Differences are paired: their intervals and p-values are of the same samples in both models.
    """
    from lscli.api.compare import compare
    from lscli.cli.compare_paths import models_and_labels
    from lscli.cli.run_command import run_command

    def answer(given: CompareOptions) -> Comparison:
        models, labels = models_and_labels(paths or [], output.each, given)
        return compare.with_options(models, labels, given)

    run_command(context, output, options, [*(paths or []), output.each], answer)
