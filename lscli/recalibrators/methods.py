"""The table of methods."""

from __future__ import annotations

from lscli.recalibrators import ets, temperature
from lscli.recalibrators.base import Method

METHODS: dict[str, Method] = {each.name: each for each in (temperature.METHOD, ets.METHOD)}
