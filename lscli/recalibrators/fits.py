"""The answer of a fit: maps with their losses and certificates, and how well they do on samples they have not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from lscli.listings import Listing

if TYPE_CHECKING:
    from lscli.recalibrators.calibrator import Calibrator

RAW = "none"  # in the place of a method: the logits as they are
# What a row is about: a parameter of the map, a loss or a number of rows of the fit, its certificate, a metric of
# cross-fitted samples, a remark, or the reason why a method has no fit.
Kind = Literal["parameter", "fit", "certificate", "cross-fit", "note", "refused"]


class FitRow(NamedTuple):
    """A number, or words, about a map. The fields are the columns of the CSV.

    Attributes:
        source: the name of the logits.
        group: the group of samples that the map is for; empty for all samples.
        method: its method; `none` for the logits as they are.
        kind: what the row is about.
        name: of the number; of a note or a reason, the words.
        value: nan for words.
        stderr: its standard error; nan if it has none.
        ci_low, ci_high: its interval; nan if it has none.
    """

    source: str
    group: str
    method: str
    kind: Kind
    name: str
    value: int | float
    stderr: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Fits(Listing):
    """Fitted maps, one `FitRow` per number.

    Attributes:
        calibrator: the map, or the best one of all methods; None if no method is better than the logits as they are.
        method: as it was asked for, such as `all`.
        refused: why there is no fit, by method or by group.
    """

    rows: Sequence[FitRow]
    calibrator: Calibrator | None = None
    method: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    name = "fit"
    title = "Fit"
    row = FitRow

    def described(self, schema: str) -> dict[str, Any]:
        """The object that `-f json` prints, without the rows: with the calibrator as its file has it."""
        file = None if self.calibrator is None else self.calibrator.to_dict()
        return {**super().described(schema), "calibrator": file, "refused": dict(self.refused)}
