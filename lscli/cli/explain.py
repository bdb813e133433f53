"""`lscli explain`: which convention gives a loss that was printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.cli import options

if TYPE_CHECKING:
    import typer

EXAMPLES = (
    "lscli explain 0.6613 sample_data/logits_smoothed.npy sample_data/labels.npy",
    "lscli explain 1.0146 sample_data/logits_smoothed.npy sample_data/labels.npy --eps 0.1 --candidates 3 -f csv",
)
# One loss is of all samples.
_READING = tuple(name for name in options.READING if name not in ("groups", "group_by"))


@options.accepts(
    *("value", "logits", "labels", "eps", "candidates", "prior_to_try", "class_weights"),
    *(*_READING, *options.WRITING),
    eps=[],
)
def explain_command(context: typer.Context, **values: Any) -> None:
    """Which convention of label smoothing gives a loss that a training log printed.

    Tries the usual amounts of smoothing, or those of --eps, with every convention of the targets and every way to make
    one number of all samples: sum or mean, with or without the ignored ones, in another base, less the entropy of the
    targets, as a perplexity. Losses without smoothing are always among them.

    The digits of VALUE say how exact it is: candidates that agree with all of them are equally near, and the most usual
    comes first.
    """
    from lscli.api.explain import explain
    from lscli.cli.run_command import answered

    answered(context, explain, {**values, "eps": options.listed(values["eps"]) or None})
