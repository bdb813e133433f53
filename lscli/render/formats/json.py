"""JSON: one object, full precision; nan and infinities are null."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.listings import Listing
    from lscli.render.renderers import Screen
    from lscli.report import Report


def report(answer: Report, screen: Screen) -> Iterator[str]:
    """The object that `Report.to_dict` gives."""
    yield _json(answer.to_dict()) + "\n"


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """An object with the same keys, whose rows are written one by one as they come."""
    conclusion = {"conclusion": answer.conclusion} if answer.conclusion else {}
    head = _json({**answer.described(f"lscli.{answer.name}/1"), **conclusion, "rows": []})
    yield head[: head.rindex("[]")] + "["
    before = "\n"
    for row in answer.cells():
        yield before + "    " + json.dumps(_clean(dict(zip(answer.columns, row, strict=True))), ensure_ascii=False)
        before = ",\n"
    yield "\n  ]\n}\n"


def _json(value: object) -> str:
    return json.dumps(_clean(value), indent=2, ensure_ascii=False, allow_nan=False)


def _clean(value: object) -> object:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
