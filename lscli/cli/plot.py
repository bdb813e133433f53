"""`lscli plot`: a figure of calibration, confidence or losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from lscli.cli.arguments import ModelsPaths
from lscli.cli.flat_options import flat
from lscli.errors import UsageError
from lscli.options import PictureOutputOptions, PlotOptions

if TYPE_CHECKING:
    from lscli.curves.chart import Chart

EXAMPLES = (
    "lscli plot logits.npy labels.npy -o reliability.pdf",
    "lscli plot a.npy b.npy labels.npy -o both.svg",
)
COMMON = ("chart", "width", "names", "eps", "bins", "calibrator", "kind", "positive-class", "format", "output")


@flat
def plot_command(
    context: typer.Context,
    paths: ModelsPaths,
    *,
    options: PlotOptions,
    output: PictureOutputOptions,
) -> None:
    """Draw a chart into a PDF, SVG or PNG file: reliability, confidence, risk against coverage, losses.

    With --calibrator, --temperature or --cross-fit, the picture shows the model before and after. The other formats,
    such as -f csv, have the points of the chart.
    """
    from lscli.api.plot import chart
    from lscli.cli.origins import is_typed
    from lscli.cli.run_command import run_command
    from lscli.curves.curves import READ_BY, check_read
    from lscli.io.path_roles import roles_of

    if output.output == "-" and output.format == "auto":
        hint = f"say -o {options.chart}.pdf, or -f csv for its points"
        raise UsageError("a picture needs a file", hint)

    def answer(given: PlotOptions) -> Chart:
        logits, labels, others = roles_of(paths, given)
        return chart([logits, *others], labels, given)

    check_read(options.chart, {name for name in READ_BY if is_typed(name, context)})
    run_command(context, output, options, paths, answer)
