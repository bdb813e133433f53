"""`lscli ood`: does a classifier notice what it was not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lscli.cli.flat_options import flat
from lscli.options import OodOptions, RunOptions

if TYPE_CHECKING:
    from lscli.decisions.detection import Detection

EXAMPLES = ("lscli ood logits.npy other.npy", "lscli ood logits.npy other.npy --score msp,energy")
COMMON = ("score", "recall", "names", "level", "kind", "calibrator", "temperature", "format", "output")


@flat
def ood_command(
    context: typer.Context,
    id_logits: Annotated[
        str, typer.Argument(metavar="ID", help="Logits of samples like those of training, [N, K].", show_default=False)
    ],
    ood_logits: Annotated[
        list[str],
        typer.Argument(metavar="OOD...", help="Logits of other samples, [M, K]; one file or more.", show_default=False),
    ],
    *,
    options: OodOptions,
    output: RunOptions,
) -> None:
    """Measure how well scores tell ID samples from OOD samples.

    ID samples are like those that the classifier was trained on, OOD samples are not. No labels are read.
    """
    from lscli.api.ood import ood
    from lscli.cli.run_command import run_command

    def answer(given: OodOptions) -> Detection:
        return ood.with_options(id_logits, ood_logits, given)

    run_command(context, output, options, [id_logits, *ood_logits], answer)
