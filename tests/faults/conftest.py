"""What the tests of faults share with those of the command line."""

from __future__ import annotations

from tests.cli.conftest import _keep_sigterm, run

__all__ = ["_keep_sigterm", "run"]
