"""The optional packages, and the extra of lscli-calibration that installs each."""

from __future__ import annotations

import importlib.util

from lscli.errors import UsageError

# By the name of the package; pyproject.toml has the same extras.
EXTRA_OF = {"jinja2": "plot", "matplotlib": "plot", "pyarrow": "parquet", "venn-abers": "venn-abers"}


def needed(package: str, what: str, *, instead: str = "", where: str = "") -> UsageError:
    """The error that `what` needs a package that is not installed.

    Args:
        package: a name of `EXTRA_OF`.
        what: what needs it, the subject of the message.
        instead: what does without it, to end the hint: "write a .csv".
        where: the file or option concerned.
    """
    # Double quotes, which every shell understands, that of Windows too.
    hint = f'pip install "lscli-calibration[{EXTRA_OF[package]}]"'
    return UsageError(
        f"{what} needs {package}, which is not installed", f"{hint}, or {instead}" if instead else hint, where=where
    )


def check_installed(package: str, what: str) -> None:
    """Refuse what needs a package that is not installed, before any work is done and without importing it.

    Args:
        package: a name of `EXTRA_OF`, which is that of the module.
        what: what needs it.

    Raises:
        UsageError: it is not installed.
    """
    try:
        found = importlib.util.find_spec(package)
    except ValueError:  # a module without a specification
        found = None
    if found is None:
        raise needed(package, what)
