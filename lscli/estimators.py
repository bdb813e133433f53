"""Recalibration as estimators, in the way of scikit-learn: options at first, then `fit`, then `transform`.

    >>> scaling = lscli.TemperatureScaling().fit(val_logits, val_labels)
    >>> scaling.temperature_, scaling.transform(test_logits)

scikit-learn is not needed. An estimator is an object of options, so its keywords are those of `lscli.options`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np

from lscli.api.apply import apply
from lscli.api.calibrators import load_calibrator
from lscli.api.fit import fit
from lscli.api.keywords import describe
from lscli.arrays import is_tensor
from lscli.checked_options import declared
from lscli.errors import InputError, NotFittedError, UsageError
from lscli.in_python import python_words
from lscli.options import ApplyOptions, EstimatorOptions, FitOptions, TemperatureOptions
from lscli.recalibrators.arithmetic import log_softmax
from lscli.text import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from lscli.options import Data
    from lscli.recalibrators.calibrator import Calibrator

    Array = NDArray[Any]


class Recalibrator(EstimatorOptions):
    """A method of recalibration, with its options; after `fit`, also with the fitted map.

    Attributes:
        calibrator_: the fitted map, as `lscli.load_calibrator` returns it.
        certificate_: how near its parameters are to the optimum.
        temperature_: T, for the methods that have one.
        n_classes_: K.

    Raises:
        UsageError: an option that it cannot have.
    """

    # Annotations in this class, or in those below, would declare options.
    _method = ""

    def __init_subclass__(cls) -> None:
        describe(cls, cls, doc=cls.__doc__)

    def __init__(self, **options: Any) -> None:
        with python_words():
            super().__init__(**options)

    def fit(
        self,
        logits: Data,
        labels: Data | None = None,
        sample_weight: Data | None = None,
        *,
        weights: Data | None = None,
    ) -> Self:
        """Fit the map.

        Args:
            logits: [N, K], or [N] with `binary`: a path, an array or a tensor, as in `lscli.evaluate`.
            labels: [N] class numbers from 0 to K-1; optional if one file holds both.
            sample_weight: [N], read as counts: 2 is the row twice.
            weights: the same, as other functions of lscli call it.

        Raises:
            InputError: the inputs cannot be used, or there is no optimum.
            ReadWriteError: a file cannot be read.
            UsageError: options that cannot be combined.
        """
        vars(self).pop("_calibrator", None)  # a failed fit leaves no older one
        with python_words():
            if weights is not None and sample_weight is not None:
                raise UsageError("is the same as weights", "give one of them", where="sample_weight")
            given = sample_weight if weights is None else weights
            options = FitOptions(**{**self.get_params(), "method": self._method, "weights": given})
            vars(self)["_calibrator"] = fit.with_options(logits, labels, options).calibrator
        return self

    @overload
    def transform(self, logits: Tensor) -> Tensor: ...
    @overload
    def transform(self, logits: Data) -> Array: ...

    def transform(self, logits: Data | Tensor) -> Array | Tensor:
        """Recalibrated logits [N, K], also if the logits were probabilities.

        Args:
            logits: a path or an array, for an array; or a tensor, for a tensor on its device, with gradients. For a
                file that is larger than the memory, `lscli apply` writes another file.

        Returns:
            As `lscli.apply`: float64 for float64, else float32. With `binary` [N], the logit of class 1; with `flatten`
            or `class_axis` it has the axes of the samples, and then that of the classes.

        Raises:
            InputError: the logits have another number of classes or a row that is not finite, or cannot be used.
            NotFittedError: `fit` was not called.
        """
        with python_words():
            return self._transformed(logits)

    def fit_transform(
        self,
        logits: Data,
        labels: Data | None = None,
        sample_weight: Data | None = None,
        *,
        weights: Data | None = None,
    ) -> Array | Tensor:
        """`fit`, then `transform` of the same logits, whose metrics are too good: the map knows their labels."""
        return self.fit(logits, labels, sample_weight, weights=weights).transform(logits)

    def predict_proba(self, logits: Data | Tensor) -> Array | Tensor:
        """Recalibrated probabilities: the softmax of `transform`; [N, 2] with `binary`.

        Raises:
            LscliError: as `transform`.
        """
        z: Any = self.transform(logits)
        xp: Any = sys.modules["torch"] if is_tensor(logits) else np  # a tensor exists only if torch is imported
        if self.binary:
            z = xp.stack((xp.zeros_like(z), z), -1)
        found: Array | Tensor = xp.exp(log_softmax(z, xp))
        return found

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted map to a file, for `lscli.load_calibrator` and `lscli eval --calibrator`.

        Raises:
            NotFittedError: `fit` was not called.
            ReadWriteError: the file cannot be written.
        """
        with python_words():
            self.calibrator_.save(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], **options: Any) -> Self:
        """The estimator of a file that `save` or `lscli fit` wrote.

        Raises:
            LscliError: the file cannot be read, or holds a map of another method or of groups.
        """
        found = load_calibrator(path)
        if found.method != cls._method or found.groups:
            what = "holds a map for each group" if found.groups else f"holds a map of the method {found.method}"
            raise InputError(what, "lscli.load_calibrator reads it", where=str(path))
        estimator = cls(**options)
        vars(estimator)["_calibrator"] = found
        return estimator

    @property
    def calibrator_(self) -> Calibrator:
        """The fitted map."""
        found: Calibrator | None = vars(self).get("_calibrator")
        if found is None:
            name = type(self).__name__
            raise NotFittedError(f"this {name} is not fitted", f"call fit, or use {name}.load")
        return found

    @property
    def temperature_(self) -> float:
        """T; an AttributeError for a method without a temperature."""
        return float(self.calibrator_.parameters.temperature)

    @property
    def certificate_(self) -> Mapping[str, Any]:
        """How near the parameters are to the optimum."""
        return self.calibrator_.certificate

    @property
    def n_classes_(self) -> int:
        """K."""
        return self.calibrator_.classes

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.get_params():
            self.set_params(**{name: value})
        else:
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        given = [each for each in declared(type(self)) if getattr(self, each.name) != each.default]
        return f"{type(self).__name__}({', '.join(f'{each.name}={shown(getattr(self, each.name))}' for each in given)})"

    def __sklearn_is_fitted__(self) -> bool:
        return "_calibrator" in vars(self)

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags, TransformerTags  # only scikit-learn asks

        return Tags(None, target_tags=TargetTags(required=True), transformer_tags=TransformerTags())

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options by name; `deep` is there for scikit-learn."""
        return {each.name: getattr(self, each.name) for each in declared(type(self)) if each.kind is not type(None)}

    def set_params(self, **options: Any) -> Self:
        """Change options. A fitted map stays as it is.

        Raises:
            UsageError: an option that it cannot have.
        """
        vars(self).update(vars(type(self)(**{**self.get_params(), **options})))
        return self

    def _transformed(self, logits: Data | Tensor) -> Array | Tensor:
        options = ApplyOptions(**{name: value for name, value in self.get_params().items() if name in _OF_APPLY})
        given: Any = logits
        if not is_tensor(logits):
            found: Array = apply.with_options(self.calibrator_, given, options)
            return found
        from lscli.nn.tensors import transformed  # imports torch

        return transformed(self.calibrator_, given, options)


_OF_APPLY = {each.name for each in declared(ApplyOptions) if ApplyOptions().takes(each.name)}


class TemperatureScaling(TemperatureOptions, Recalibrator):
    """z / T with the T > 0 of the smallest mean nll, or with `objective` and `eps` of the smallest smoothed loss.

    It keeps every prediction and the order of the classes in each row (Guo et al. 2017).
    """

    _method = "temperature"


class EnsembleTemperatureScaling(Recalibrator):
    """A mixture of the softmax at T, the softmax as it is and the uniform distribution (Zhang et al. 2020).

    It keeps every prediction and the order of the classes in each row.
    """

    _method = "ets"


class StructuredVectorScaling(Recalibrator):
    """Temperature scaling, then a scale and a shift of each class with a ridge penalty (Berta et al. 2025)."""

    _method = "svs"


class StructuredMatrixScaling(Recalibrator):
    """Temperature scaling, then a matrix and a shift with a ridge penalty; at most 200 classes (Berta et al. 2025)."""

    _method = "sms"


class BetaCalibration(Recalibrator):
    """Beta calibration (Kull et al. 2017) of two classes, or of the predicted class, whose prediction it keeps."""

    _method = "beta"


class QuadraticCalibration(Recalibrator):
    """A quadratic function of the log-odds of two classes, or of the predicted class, whose prediction it keeps."""

    _method = "quadratic"


class IsotonicCalibration(Recalibrator):
    """Isotonic regression of two classes, or of the predicted class, with probabilities that are never 0 or 1."""

    _method = "isotonic"


class VennAbersCalibration(Recalibrator):
    """Venn-Abers predictors of two classes, or of the predicted class; needs the package venn-abers."""

    _method = "venn-abers"
