"""`lscli classes`: the same questions class by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.cli import options

if TYPE_CHECKING:
    import typer

EXAMPLES = (
    "lscli classes sample_data/logits.npy sample_data/labels.npy",
    "lscli classes sample_data/logits_smoothed.npy sample_data/labels.npy --metrics gamma,above_target --sort gamma",
)
_OWN = ("sort", "ascending", "top", "class_names", "bins", "bin_edges", "norm")
_METRICS = ("metrics", "eps", *options.SMOOTHING, "noise_rate")


@options.accepts("logits", "labels", *_OWN, *_METRICS, *options.READING, *options.WRITING, metrics=[])
def classes_command(context: typer.Context, **values: Any) -> None:
    """Support, recall, precision, calibration error and losses of every class.

    The calibration error of a class compares its probability with how often it is the label, over all samples; recall
    and losses are over the samples of the class.
    """
    from lscli.api.classes import per_class
    from lscli.cli.run_command import answered

    answered(context, per_class, {**values, "eps": options.listed(values["eps"])})
