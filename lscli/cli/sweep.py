"""`lscli sweep`: the smoothed loss over a range of eps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.cli import options

if TYPE_CHECKING:
    import typer

EXAMPLES = (
    "lscli sweep sample_data/logits.npy sample_data/labels.npy",
    "lscli sweep sample_data/logits.npy sample_data/logits_smoothed.npy sample_data/labels.npy --eps 0:0.2:0.02 -f csv",
)
_OWN = ("eps", *options.SMOOTHING, "ci", "bootstrap", "seed", "level")


@options.accepts("paths", *_OWN, *options.READING, *options.WRITING, eps=["0:0.5:0.05"])
def sweep_command(context: typer.Context, **values: Any) -> None:
    """The smoothed loss over a range of eps, with its floor and its excess, and the eps that the logits imply.

    Says whether the model is over- or under-smoothed, where the numbers allow to. Of several models on the same samples
    the first is the baseline: each further one has its difference in loss, sample by sample, and the eps at which the
    ranking of the two flips.
    """
    from lscli.cli.run_command import answered

    def sweep(paths: list[str], **keywords: Any) -> Any:
        from lscli.api.sweep import sweep
        from lscli.io.path_roles import roles

        keys = (keywords["logits_key"], keywords["labels_key"])
        logits, labels, others = roles(paths, *keys, binary=keywords["binary"], flatten=keywords["flatten"])
        return sweep(logits, labels, others=others, **keywords)

    answered(context, sweep, {**values, "eps": options.listed(values["eps"])})
