"""A fitted map with what it was fitted on, and its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.recalibrators.methods import METHODS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.recalibrators.base import Method

    Array = NDArray[Any]

SCHEMA = "lscli.calibrator/1"


@dataclass(frozen=True, eq=False)
class Calibrator:
    """A fitted map of logits to logits.

    Attributes:
        method: its name.
        classes: K.
        parameters: an object of the method's class of parameters.
        fit: the rows that it was fitted on, their weight, how many were ignored, and the loss before and after.
        certificate: how near the parameters are to the optimum.
        data: the fingerprint of the rows and labels, the number of distinct rows, and a sketch of them.
        versions: of lscli and of numpy.
        groups: a map for each group of samples, by its name; then this object itself has no parameters.
    """

    method: str
    classes: int
    parameters: Any
    fit: Mapping[str, Any] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, Calibrator] = field(default_factory=dict)

    @property
    def _method(self) -> Method:
        return METHODS[self.method]

    def mapped(self, x: Any, xp: Any = np) -> Any:
        """New logits of rows [n, K] of finite maximum, as arrays of the module `xp`."""
        return self._method.mapped(x, self.parameters, xp)

    def to_json(self) -> str:
        """The text of its file: sorted keys, and floats as the shortest decimal that reads back."""
        return json.dumps(self._fields(), sort_keys=True, indent=1, allow_nan=False) + "\n"

    def _fields(self) -> dict[str, Any]:
        parameters = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in self.parameters._asdict().items()
        }
        return {
            "schema": SCHEMA,
            "method": self.method,
            "classes": self.classes,
            "parameters": parameters,
            "fit": dict(self.fit),
            "certificate": dict(self.certificate),
            "data": dict(self.data),
            "versions": dict(self.versions),
        }

    @classmethod
    def from_json(cls, text: str, name: str) -> Calibrator:
        """The calibrator of a file's text.

        Raises:
            InputError: the text is not that of a calibrator.
        """
        found = json.loads(text)
        if not isinstance(found, dict) or found.get("schema") != SCHEMA:
            raise InputError("is not a calibrator", "write one with lscli fit", where=name)
        method = METHODS[found["method"]]
        parameters = method.parameters(
            **{key: np.asarray(v, np.float64) if isinstance(v, list) else v for key, v in found["parameters"].items()}
        )
        method.check(parameters)
        rest = {key: found.get(key, {}) for key in ("fit", "certificate", "data", "versions")}
        return cls(found["method"], found["classes"], parameters, **rest)
