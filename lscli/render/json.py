"""JSON: one object, full precision; nan and infinities are null."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from lscli.text import printable

if TYPE_CHECKING:
    from lscli.render import Screen
    from lscli.report import Listing, Report


def report(answer: Report, screen: Screen) -> str:
    """The object that `Report.to_dict` gives."""
    return _json(answer.to_dict())


def listing(answer: Listing, screen: Screen) -> str:
    """An array with one object a row."""
    return _json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])


def _json(value: Any) -> str:
    return json.dumps(_clean(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
