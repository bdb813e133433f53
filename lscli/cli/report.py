"""`lscli report`: one HTML page of a model, or of several."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from lscli.cli.arguments import ModelsPaths
from lscli.cli.flat_options import flat
from lscli.errors import UsageError
from lscli.options import PageOutputOptions, ReportOptions, RunOptions

if TYPE_CHECKING:
    from lscli.render.report.contents import Page

EXAMPLES = (
    "lscli report logits.npy labels.npy -o report.html",
    "lscli report a.npy b.npy labels.npy -o models.html",
)
COMMON = ("output", "names", "eps", "metrics", "bins", "calibrator", "kind", "class-names", "groups", "group-by")
_SUFFIXES = (".html", ".htm")


@flat
def report_command(
    context: typer.Context,
    paths: ModelsPaths,
    *,
    options: ReportOptions,
    output: PageOutputOptions,
) -> None:
    """Write one HTML page: conclusion, metrics with intervals, pictures, the worst classes and samples, definitions.

    The page is one file that needs no network, and prints well. Several models stand side by side, with their paired
    differences. With --calibrator, --temperature or --cross-fit, the page of one model shows it before and after.
    """
    from lscli.api.html_report import html_report
    from lscli.cli.run_command import run_command
    from lscli.io.path_roles import roles_of
    from lscli.render.report.page import check_packages
    from lscli.text import printable

    check_packages()
    if output.output != "-" and os.path.splitext(output.output)[1].lower() not in _SUFFIXES:
        what = "a report is a page with the suffix .html"
        raise UsageError(
            what, "say -o report.html; lscli eval writes the metrics in other formats", where=output.output
        )

    def answer(given: ReportOptions) -> Page:
        logits, labels, others = roles_of(paths, given)
        found = html_report.with_options([logits, *others] if others else logits, labels, given)
        return replace(found, command=printable(_typed(context)))

    run_command(context, RunOptions(format="html", output=output.output, quiet=output.quiet), options, paths, answer)


def _typed(context: typer.Context) -> str:
    """The command as a shell reads it."""
    import shlex

    return shlex.join(["lscli", *map(str, context.obj or ())])
