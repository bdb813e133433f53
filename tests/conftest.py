"""Fixtures and settings that all tests share."""

from __future__ import annotations

import os

# Typer forces ANSI sequences in help where it sees a CI's environment; asked before typer is imported.
os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"
# Defaults of whoever runs the tests must not reach them.
for _name in [name for name in os.environ if name.startswith("LSCLI_")]:
    del os.environ[_name]
for _name in ("FORCE_COLOR", "NO_COLOR"):
    os.environ.pop(_name, None)
