"""`lscli bins`: the reliability table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.cli import options

if TYPE_CHECKING:
    import typer

EXAMPLES = (
    "lscli bins sample_data/logits.npy sample_data/labels.npy",
    "lscli bins sample_data/logits_smoothed.npy sample_data/labels.npy --equal-mass --bins 10 -f csv",
)
_OWN = ("bins", "bin_edges", "compat", "equal_mass", "level")


@options.accepts("logits", "labels", *_OWN, *options.READING, *options.WRITING)
def bins_command(context: typer.Context, **values: Any) -> None:
    """The reliability table: how often the model is right, bin by bin of its confidence.

    Each bin has its edges, the number of samples, their mean confidence, their accuracy with its Wilson interval, and
    the gap between the two. On a terminal it is drawn with bars.
    """
    from lscli.api.bins import per_bin
    from lscli.cli.run_command import answered

    answered(context, per_bin, values)
