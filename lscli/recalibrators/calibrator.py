"""A fitted map with what it was fitted on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import ReadWriteError, UsageError
from lscli.io.output import write_atomically
from lscli.recalibrators.methods import METHODS
from lscli.text import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.recalibrators.base import Method

    Array = NDArray[Any]

SCHEMA = "lscli.calibrator/1"


@dataclass(frozen=True, eq=False)
class Calibrator:
    """A fitted map of logits to logits, or one for each group of samples.

    Attributes:
        method: its name.
        classes: K.
        parameters: an object of the method's class of parameters; None with groups.
        fit: the rows that it was fitted on, their weight, how many were ignored, and the loss before and after.
        certificate: how near the parameters are to the optimum.
        data: the fingerprint of the rows and labels, the number of distinct rows, and a sketch of them.
        versions: of lscli and of numpy.
        groups: a map for each group of samples, by its name; empty for one map of all samples.
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
        """New logits of rows [n, K] of finite maximum, as arrays of the module `xp`.

        Raises:
            UsageError: it has a map for each group.
        """
        if self.groups:
            raise UsageError("has a map for each group", "map the rows of a group by its own, of groups")
        return self._method.mapped(x, self.parameters, xp)

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that tell this map from others: of its method, classes and parameters alone."""
        from hashlib import blake2b  # imported only for a threshold

        found = self.to_dict()
        own = {key: found.get(key) for key in ("method", "classes", "parameters")}
        groups = {name: entry["parameters"] for name, entry in found.get("groups", {}).items()}
        text = json.dumps([own, groups], sort_keys=True, allow_nan=False)
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def to_json(self) -> str:
        """The text of its file: sorted keys, and floats as the shortest decimal that reads back."""
        return json.dumps(self.to_dict(), sort_keys=True, indent=1, allow_nan=False) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """The object of its file."""
        own = {"schema": SCHEMA, "method": self.method, "classes": self.classes, "versions": dict(self.versions)}
        if not self.groups:
            return own | self._of_map()
        groups = {name: each._of_map() for name, each in self.groups.items()}  # noqa: SLF001
        return own | {"fit": dict(self.fit), "data": dict(self.data), "groups": groups}

    def _of_map(self) -> dict[str, Any]:
        parameters = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in self.parameters._asdict().items()
        }
        return {
            "parameters": parameters,
            "fit": dict(self.fit),
            "certificate": dict(self.certificate),
            "data": dict(self.data),
        }

    @classmethod
    def from_json(cls, text: str, name: str) -> Calibrator:
        """The calibrator of a file's text; `name` is what errors call it.

        Raises:
            InputError: the text is not that of a calibrator.
            UsageError: the method needs a package that is not installed.
        """
        from lscli.recalibrators.calibrator_file import parsed

        return parsed(text, name)

    @classmethod
    def load(cls, path: str | bytes | os.PathLike[str]) -> Calibrator:
        """Read a calibrator's file. Nothing in it is executed.

        Raises:
            InputError: it is not a file of a calibrator.
            ReadWriteError: it cannot be read.
        """
        from lscli.recalibrators.calibrator_file import read

        return read(os.fsdecode(path))

    def save(self, path: str | bytes | os.PathLike[str]) -> None:
        """Write its file, completely or not at all.

        Raises:
            ReadWriteError: it cannot be written; an old file is unchanged.
        """
        try:
            write_atomically(os.fsdecode(path), [self.to_json().encode()])
        except OSError as error:
            what = f"cannot be written: {os.strerror(error.errno or 0)}"
            raise ReadWriteError(what, "choose another place", where=printable(os.fsdecode(path))) from error
