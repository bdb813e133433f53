"""`lscli samples`: one row a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.cli import options

if TYPE_CHECKING:
    import typer

EXAMPLES = (
    "lscli samples sample_data/logits.npy sample_data/labels.npy --worst 10 --by confidence",
    "lscli samples sample_data/logits.npy sample_data/labels.npy -f csv",
)
_OWN = ("worst", "by")


@options.accepts("logits", "labels", *_OWN, *options.READING, *options.WRITING)
def samples_command(context: typer.Context, **values: Any) -> None:
    """Every quantity of every sample, a row each, as fast as they are read.

    Losses, confidence, rank of the label, margin and logit gap, in the order of the file; or only the worst samples,
    by their loss or by their confidence among the wrong. Written as Parquet with -o x.parquet.
    """
    from lscli.api.samples import per_sample
    from lscli.cli.run_command import answered

    answered(context, per_sample, values)
