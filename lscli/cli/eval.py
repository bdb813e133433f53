"""`lscli eval`: losses, confidence and calibration of saved logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.cli import options

if TYPE_CHECKING:
    import typer

EXAMPLES = (
    "lscli eval sample_data/logits.npy sample_data/labels.npy --eps 0.1",
    "lscli eval sample_data/logits_smoothed.npy sample_data/labels.npy --metrics ece,loss --ci -f csv",
)
_OWN = (
    "eps",
    "metrics",
    *options.SMOOTHING,
    "noise_rate",
    "ci",
    "bootstrap",
    "seed",
    "level",
    "bins",
    "bin_edges",
    "norm",
    "compat",
    "score",
)


@options.accepts(
    *("logits", "labels", *_OWN, *options.READING, "soft_labels"),
    *(*options.WRITING[:2], "wide", *options.WRITING[2:]),
)
def eval_command(context: typer.Context, *, wide: bool, **values: Any) -> None:
    """How good, how confident and how calibrated saved logits are, and what label smoothing means for them.

    Prints the hard, the uniform and the smoothed loss with its floor, accuracy and confidence, calibration
    errors beside what noise alone would give, and the amount of smoothing that the logits speak of.
    """
    from lscli.cli.run_command import answered

    def evaluate(*arguments: Any, **keywords: Any) -> Any:
        from lscli.api.evaluate import evaluate

        report = evaluate(*arguments, **keywords)
        if not wide:
            return report
        from lscli.api.wide import wide as side_by_side

        return side_by_side(report, intervals=values["ci"])

    answered(context, evaluate, {**values, "eps": options.listed(values["eps"])})
