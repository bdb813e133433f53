"""Limits of metrics, as `--max ece=0.05` gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lscli.decisions.checked import Bound
    from lscli.options import Limits


class Limit(NamedTuple):
    """A limit of a metric."""

    bound: Bound
    metric: str
    limit: float


def parse_limits(bound: Bound, given: Limits | None) -> list[Limit]:
    """The limits that an option gives."""
    if given is None:
        return []
    if isinstance(given, Mapping):
        return [Limit(bound, name, float(number)) for name, number in given.items()]
    words: Iterable[str] = [given] if isinstance(given, str) else given
    pairs = (word.partition("=") for part in words for word in part.split(","))
    return [Limit(bound, name.strip(), float(number)) for name, _, number in pairs]
