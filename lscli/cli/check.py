"""`lscli check`: a gate for CI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from lscli.cli.arguments import LabelsPath, LogitsPath
from lscli.cli.flat_options import flat
from lscli.errors import ExitCode
from lscli.options import CheckOptions, RunOptions

if TYPE_CHECKING:
    from lscli.decisions.checked import Checked

EXAMPLES = ("lscli check logits.npy labels.npy --max ece=0.05", "lscli check logits.npy labels.npy --min accuracy=0.9")
COMMON = ("max", "min", "baseline", "max-rise", "max-drop", "strict", "threshold", "kind", "format", "output")


@flat
def check_command(
    context: typer.Context,
    logits: LogitsPath,
    labels: LabelsPath = None,
    *,
    options: CheckOptions,
    output: RunOptions,
) -> None:
    """Check metrics against limits, and exit with 1 if one is beyond its limit.

    Every verdict is printed, with the value and its interval. Limits may stand in pyproject.toml, in the table
    tool.lscli.check; one that is typed replaces that of its metric there. In GitHub Actions, each limit that is not
    kept is also an annotation, and the table is added to the summary of the step; --quiet turns both off.
    """
    from lscli.api.check import check
    from lscli.cli.defaults import with_project_pairs
    from lscli.cli.github_actions import on_github, show_on_github
    from lscli.cli.run_command import run_command
    from lscli.decisions.checked import Checked as Answer

    options = with_project_pairs(options, context)

    def answer(given: CheckOptions) -> Checked:
        return check.with_options(logits, labels, given)

    found = run_command(context, output, options, [logits, labels], answer)
    if on_github() and not output.quiet and isinstance(found, Answer):
        from lscli.render.formats.github import failures

        show_on_github(found, () if str(output.format) == "github" else failures(found))
    if not getattr(found, "passed", True):
        raise typer.Exit(ExitCode.REFUSED)
