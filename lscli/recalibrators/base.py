"""What every method of recalibration has: the rows of the fit, its parameters, its map and its certificate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import numpy as np

from lscli.errors import InputError
from lscli.scan.blocks import pass_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.options import Progress
    from lscli.scan.blocks import Block

    Array = NDArray[Any]

T = TypeVar("T")

# What stays as it was: the order of the classes in each row, the order of the rows by confidence and the prediction, or
# nothing.
Keeps = Literal["order in the row", "order of confidence", "nothing"]
# A mean over the samples: of the row's loss, or of the loss or the squared error of c as the probability of a.
Minimised = Literal["nll", "binary nll", "squared error"]
# Of an array parameter, the length of each axis: K, or a number of steps that the arrays of a map share.
Axis = Literal["K", "steps"]


@dataclass(frozen=True, eq=False)
class FitRows:
    """The rows that a map is fitted on. Every row of a weight above 0 was read and checked before.

    Attributes:
        logits: [N, K].
        label: [N], from 0 to K-1 in the rows that have a weight.
        weight: [N], counts; 0 for a row that is left out.
        threads: the number of threads; None for all processors.
        progress: called with the number of rows that a pass has read, and of all.
        name: what errors call these rows.
        eps: the amount of smoothing of the labels in the loss that temperature minimises, by the uniform distribution.
        beside: the parts that share passes with these rows, and these rows; empty if there are none.
    """

    logits: Logits
    label: Array
    weight: Array
    threads: int | None = None
    progress: Progress | None = None
    name: str = "logits"
    eps: float = 0.0
    beside: list[FitRows] = field(default_factory=list)
    _memo: dict[Any, Any] = field(default_factory=dict)
    _whole: FitRows | None = None

    @property
    def classes(self) -> int:
        """K."""
        return self.logits.shape[1]

    @property
    def total(self) -> float:
        """N, the sum of the weights."""
        return float(np.add.reduce(self.weight))

    def weighted(self, weight: Array, name: str = "") -> FitRows:
        """The same rows with other weights, [N], such as 0 for a fold."""
        return replace(self, weight=weight, name=name or self.name, _memo={}, _whole=self.whole, beside=[])

    def parts(self, weights: Iterable[tuple[Array, str]]) -> list[FitRows]:
        """The same rows with each of several weights and names: what passes can compute for all of them, they share."""
        parts = [self.weighted(weight, name) for weight, name in weights]
        for part in parts:
            part.beside[:] = parts
        return parts

    @property
    def whole(self) -> FitRows:
        """The rows that were checked, of which these are a weighting."""
        return self._whole or self

    def keep(self, compute: Callable[[FitRows], T], value: T | InputError) -> None:
        """Give the value that `once` returns for this function, or the error that it raises."""
        self._memo[compute] = value

    def once(self, compute: Callable[[FitRows], T]) -> T:
        """The value of a module-level function of these rows, computed once, such as the fitted temperature."""
        if compute not in self._memo:
            self._memo[compute] = compute(self)
        found: T | InputError = self._memo[compute]
        if isinstance(found, InputError):
            raise found
        return found

    def read(self, work: Callable[[Block], T], take: Callable[[T], None]) -> None:
        """Read all rows once; see `pass_over`."""
        pass_over(self.logits, self.label, self.weight, work, take, self.threads, self.progress)

    def refused(self, why: str, hint: str) -> InputError:
        """The error that these rows have no fit."""
        return InputError(why, hint, where=self.name)


class Fit(NamedTuple):
    """A fitted map.

    Attributes:
        parameters: an object of the method's class of parameters.
        before, after: the mean loss that the method minimises, of the logits as they are and after the map.
        certificate: numbers by name that show how near the parameters are to the optimum. Methods share the names:
            `gradient`, the largest slope or the length of all slopes of the loss there; `excess`, a bound or an
            estimate of the loss above its minimum; `violation` of other conditions; `passes` over all rows.
        stderr: standard errors of parameters by name; empty for most.
        notes: what a user should know about this fit.
    """

    parameters: Any
    before: float
    after: float
    certificate: Mapping[str, float | int]
    stderr: Mapping[str, float] = {}
    notes: tuple[str, ...] = ()


class Method(NamedTuple):
    """A method of recalibration.

    Attributes:
        name: as `--method` takes it.
        title: what it is called in sentences.
        gist: one line that says what the map is.
        parameters: a NamedTuple class; its fields are the keys of the file.
        shapes: the axes of the parameters that are arrays.
        mapped: new logits of rows [n, K] of finite maximum, with the parameters and the module `numpy` or `torch`.
            A class at -inf stays there.
        fit: fits the parameters, or raises InputError that says why there is no optimum.
        check: raises an error if the parameters cannot be used, such as T <= 0; their types, lengths and finiteness are
            checked before.
        keeps: what the map keeps.
        minimises: the loss of `Fit.before` and `Fit.after`.
        masked: whether rows may have classes at -inf.
        most_classes: the most classes that it is fitted for; None for any number.
        needs: the package that it needs besides those that lscli needs; empty for most.
    """

    name: str
    title: str
    gist: str
    parameters: Any
    shapes: Mapping[str, tuple[Axis, ...]]
    mapped: Callable[[Any, Any, Any], Any]
    fit: Callable[[FitRows], Fit]
    check: Callable[[Any], None]
    keeps: Keeps
    minimises: Minimised = "nll"
    masked: bool = True
    most_classes: int | None = None
    needs: str = ""
