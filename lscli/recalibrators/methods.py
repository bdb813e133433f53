"""The table of methods."""

from __future__ import annotations

from lscli.recalibrators import beta, ets, isotonic, quadratic, sms, svs, temperature, venn_abers
from lscli.recalibrators.base import Method

_ALL = (
    temperature.METHOD,
    ets.METHOD,
    svs.METHOD,
    sms.METHOD,
    beta.METHOD,
    quadratic.METHOD,
    isotonic.METHOD,
    venn_abers.METHOD,
)
METHODS: dict[str, Method] = {each.name: each for each in _ALL}
