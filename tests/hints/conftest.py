"""Fixtures of the command line, for bad inputs."""

from __future__ import annotations

from tests.cli.conftest import _keep_sigterm, run

__all__ = ["_keep_sigterm", "run"]
