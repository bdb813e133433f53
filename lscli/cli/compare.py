"""`lscli compare`: several models on the same samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lscli.cli.flat_options import flat
from lscli.errors import ExitCode, UsageError
from lscli.options import CompareOptions, CompareOutputOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.decisions.comparison import Comparison
    from lscli.listings import Wide

EXAMPLES = ("lscli compare old.npy new.npy labels.npy", "lscli compare a.npy b.npy labels.npy --sort ece --wide")
COMMON = ("metrics", "names", "sort", "wide", "margin", "fail-on-regression", "no-labels", "kind", "format", "output")


@flat
def compare_command(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LOGITS",
            help="Logits of two or more models, [N, K] each, the baseline first; then the labels [N] of all, unless "
            "the files hold them. With a pattern of models, the labels alone. Or reports in JSON, compared by "
            "value alone.",
            show_default=False,
        ),
    ] = None,
    *,
    options: CompareOptions,
    output: CompareOutputOptions,
) -> None:
    """Compare models on the same samples with the first of them: which is better, by how much, and is it noise.

    Differences are paired: their intervals and p-values are of the same samples in both models.
    Reports that lscli eval -f json wrote have values alone, so their differences have no intervals.
    """
    from lscli.api.compare import compare
    from lscli.api.model_order import best_first, check_shown, regression_metrics, row_per_model
    from lscli.cli.compare_paths import models_and_labels
    from lscli.cli.run_command import run_command
    from lscli.decisions.comparison import Comparison
    from lscli.io.paths import expanded
    from lscli.io.saved_report import names_saved_answer

    deciding: list[str] = []

    def answer(given: CompareOptions) -> Comparison | Wide:
        if output.fail_on_regression is not None and output.wide:
            hint = "leave --wide or --fail-on-regression out"
            raise UsageError("a table of the values alone has no verdicts", hint, where="fail-on-regression")
        named = (paths or []) if output.each is None else expanded(output.each) or []
        reports = any(map(names_saved_answer, named))
        if reports and output.fail_on_regression is not None:
            hint = "give the logits of the models, or limit the change with lscli check --baseline report.json"
            what = "reports are compared by value, so there is no verdict"
            raise UsageError(what, hint, where="fail-on-regression")
        if output.sort is not None and not reports:  # reports have metrics of their own
            check_shown([output.sort], given, "sort")
        if output.fail_on_regression is not None:
            deciding.extend(regression_metrics(output.fail_on_regression, given))
        models, labels = models_and_labels(paths or [], output.each, given)
        found = compare.with_options(models, labels, given.replaced(intervals=not output.wide))
        names = best_first(found, output.sort) if output.sort is not None else found.models
        return row_per_model(found, names, output.sort or "") if output.wide else found.ordered(names)

    found = run_command(context, output, options, [*(paths or []), output.each], answer)
    if deciding and isinstance(found, Comparison):
        _fail_on_regression(found, deciding, quiet=output.quiet)


def _fail_on_regression(found: Comparison, metrics: Sequence[str], *, quiet: bool) -> None:
    """Exit with 1 if a model is worse by one of the metrics, or if one of them has no verdict at all."""
    from lscli.cli.github_actions import on_github, show_on_github
    from lscli.cli.stderr import say
    from lscli.render.formats.github import annotation, regressions

    worse = found.regressions(metrics)
    judged = {name for row in found.rows if row.verdict for name in (row.metric, row.name)}
    missing = [name for name in metrics if name not in judged]
    if not quiet and on_github():
        without = [annotation("error", f"lscli compare: {name}", f"there is no verdict on {name}") for name in missing]
        show_on_github(found, [*regressions(worse), *without])
    elif not quiet:
        for row in worse:
            group = f" in group {row.group}" if row.group else ""
            say(f"lscli: {row.source} is worse by {row.metric}{group}: {row.value:.4g} against {row.baseline:.4g}")
        for name in missing:
            say(f"lscli: there is no verdict on {name}, which counts as worse")
    if worse or missing:
        raise typer.Exit(ExitCode.REFUSED)
