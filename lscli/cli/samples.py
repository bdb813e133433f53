"""`lscli samples`: one row per sample."""

from __future__ import annotations

import typer

from lscli.cli.arguments import LabelsPath, LogitsPath
from lscli.cli.flat_options import flat
from lscli.options import RunOptions, SamplesOptions

EXAMPLES = ("lscli samples logits.npy labels.npy --worst 20", "lscli samples logits.npy labels.npy -o samples.csv")
COMMON = ("worst", "by", "groups", "group-by", "class-names", "kind", "logits-key", "labels-column", "format", "output")


@flat
def samples_command(
    context: typer.Context,
    logits: LogitsPath,
    labels: LabelsPath = None,
    *,
    options: SamplesOptions,
    output: RunOptions,
) -> None:
    """Print one row per sample: losses, confidence, rank of the label, margin and logit gap.

    Rows are written as they are read, in the order of the file. With --worst, only the worst samples are shown; with
    --clusters, each row ends with its cluster. Use -o x.parquet for a Parquet file.
    """
    from lscli.api.samples import per_sample
    from lscli.cli.run_command import run_command

    run_command(
        context, output, options, [logits, labels], lambda given: per_sample.with_options(logits, labels, given)
    )
