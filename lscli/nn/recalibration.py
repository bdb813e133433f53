"""A fitted map of logits as a module, for deployment.

>>> model = torch.nn.Sequential(network, Recalibration.from_file("cal.json"))
>>> torch.export.export(model.eval(), (images,))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from lscli.api.calibrators import load_calibrator
from lscli.errors import UsageError
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.methods import METHODS
from lscli.text import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Callable


class Recalibration(nn.Module):
    """Recalibrated logits of logits [..., K], by the map that `lscli fit` or an estimator fitted.

    The parameters of the map are buffers under their names in the file, so they move with the module and are saved with
    it. They stay float64 (float32 on mps) when the module is cast: a rounded temperature is another map. Nothing is
    trained, and gradients flow to the logits. torch.export and torch.compile take the module.

    Args:
        calibrator: what `lscli.load_calibrator` returns, or `calibrator_` of an estimator.

    Raises:
        UsageError: it is not a calibrator, or has a map for each group.
    """

    def __init__(self, calibrator: Calibrator) -> None:
        super().__init__()
        if not isinstance(calibrator, Calibrator):
            hint = "give what lscli.load_calibrator returns; Recalibration.from_file takes a path"
            raise UsageError(f"must be a calibrator, got {shown(calibrator)}", hint, where="calibrator")
        if calibrator.groups:
            hint = "a module knows no groups: give calibrator.groups[name] for one of them"
            raise UsageError("has a map for each group", hint, where="calibrator")
        self.method = calibrator.method
        self.classes = calibrator.classes
        given = calibrator.parameters._asdict()
        self._arrays = frozenset(name for name, value in given.items() if isinstance(value, np.ndarray))
        for name, value in given.items():
            self.register_buffer(name, torch.as_tensor(np.asarray(value, np.float64).copy()))
        # Numbers are constants of the graph: a buffer of one number would have to be read back from its device.
        self._numbers = {name: value for name, value in given.items() if name not in self._arrays}
        self.register_load_state_dict_post_hook(Recalibration.take_numbers)  # type: ignore[no-untyped-call]

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Recalibration:
        """The module of a file that `lscli fit` wrote.

        Raises:
            LscliError: the file cannot be read, or is not that of a calibrator.
        """
        return cls(load_calibrator(path))

    def forward(self, logits: Tensor) -> Tensor:
        """Recalibrated logits.

        Args:
            logits: [..., K], of any floating type; -inf masks a class, but not all of a row. With two classes also
                [..., 1]: the logit of class 1, as binary classifiers have it.

        Returns:
            Logits of the same shape, float64 for float64 logits, else float32. Rows are not checked: one with nan, +inf
            or only -inf has no meaning.

        Raises:
            UsageError: the logits have another number of classes, or are not floating.
        """
        shape = logits.shape
        one_column = self.classes == 2 and len(shape) > 0 and shape[-1] == 1
        if not logits.is_floating_point() or len(shape) == 0 or not (one_column or shape[-1] == self.classes):
            raise UsageError(
                f"must be floating, [..., {self.classes}], got {logits.dtype} {tuple(shape)}",
                "fit the map on logits of the same model",
                where="logits",
            )
        z = logits.to(torch.float64 if logits.dtype == torch.float64 else torch.float32)
        if one_column:
            z = torch.cat((torch.zeros_like(z), z), dim=-1)
        method = METHODS[self.method]
        arrays = {name: self._buffers[name].to(z.dtype) for name in self._arrays}  # type: ignore[union-attr]
        rows = z.reshape(-1, self.classes)
        with torch.autocast(z.device.type, enabled=False):  # which would round products to half precision
            found = cast("Tensor", method.mapped(rows, method.parameters(**self._numbers, **arrays), torch))
        return (found[:, 1] - found[:, 0]).reshape(shape) if one_column else found.reshape(shape)

    def extra_repr(self) -> str:
        """The method and the number of classes."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in ("method", "classes"))

    def take_numbers(self, _keys: Any = None) -> None:
        """Use the numbers that are in the buffers now; `load_state_dict` calls it."""
        buffers: dict[str, Any] = self._buffers
        self._numbers = {name: buffers[name].tolist() for name in self._numbers}
        arrays = {name: buffers[name].cpu().numpy() for name in self._arrays}
        method = METHODS[self.method]
        method.check(method.parameters(**self._numbers, **arrays))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Recalibration:
        before = dict(self._buffers)
        super()._apply(lambda tensor: _moved(tensor, fn), recurse)  # type: ignore[no-untyped-call]
        for name, old in before.items():
            new = self._buffers[name]
            # What had no values before gets them from a state_dict.
            if old is not None and new is not None and new.dtype != old.dtype and new.device.type != "mps":
                self._buffers[name] = new.to(old.dtype) if old.is_meta else old.to(new.device)
        return self


def _moved(tensor: Tensor, fn: Callable[[Tensor], Tensor]) -> Tensor:
    try:
        return fn(tensor)
    except TypeError:  # mps has no float64
        return fn(tensor.float())
