"""Public functions with keywords, made from functions that take an object of options.

The keywords, their types and defaults stand once, in `lscli.options`. A type checker and an editor see them in the
signature of the public function, since ParamSpec takes them from the constructor of the class; `help` and notebooks
see them in `__signature__` and the docstring.

The command line calls `with_options`; callers in Python get errors, warnings and answers in the words of Python.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from contextvars import Context, copy_context
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

import numpy as np

from lscli.checked_options import declared
from lscli.errors import LscliError
from lscli.in_python import in_python, python_words, reword

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from lscli.checked_options import Declared
    from lscli.options import Data
    from lscli.report import Report
    from lscli.table import SampleTable

    Path = str | bytes | os.PathLike[str]
    Model = Data | SampleTable | Report

P = ParamSpec("P")
O = TypeVar("O")  # noqa: E741  # options
O_contra = TypeVar("O_contra", contravariant=True)
L = TypeVar("L")
L_contra = TypeVar("L_contra", contravariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class LogitsFunction(Protocol[L_contra, P, O_contra, R_co]):
    """A question on logits and labels; some take tables without logits, too."""

    def __call__(self, logits: L_contra, labels: Data | None = None, *args: P.args, **options: P.kwargs) -> R_co: ...

    def with_options(self, logits: L_contra, labels: Data | None, options: O_contra, /) -> R_co: ...


class ModelsFunction(Protocol[P, O_contra, R_co]):
    """A question on several models, which see the same samples."""

    def __call__(
        self,
        models: Mapping[str, Model] | Sequence[Model],
        labels: Data | Mapping[str, Data] | None = None,
        *args: P.args,
        **options: P.kwargs,
    ) -> R_co: ...

    def with_options(
        self,
        models: Mapping[str, Model] | Sequence[Model],
        labels: Data | Mapping[str, Data] | None,
        options: O_contra,
        /,
    ) -> R_co: ...


class TwoSetsFunction(Protocol[P, O_contra, R_co]):
    """A question on validation and test samples; two arguments are two files that hold logits and labels."""

    def __call__(
        self,
        val_logits: Data,
        val_labels: Data | None,
        test_logits: Data,
        test_labels: Data | None = None,
        *args: P.args,
        **options: P.kwargs,
    ) -> R_co: ...

    def with_options(
        self,
        val_logits: Data,
        val_labels: Data | None,
        test_logits: Data,
        test_labels: Data | None,
        options: O_contra,
        /,
    ) -> R_co: ...


class CalibrationFunction(Protocol[P, O_contra, R_co]):
    """A question on calibration samples, and on test samples if there are any."""

    def __call__(
        self,
        cal_logits: Data,
        cal_labels: Data | None = None,
        test_logits: Data | None = None,
        test_labels: Data | None = None,
        *args: P.args,
        **options: P.kwargs,
    ) -> R_co: ...

    def with_options(
        self,
        cal_logits: Data,
        cal_labels: Data | None,
        test_logits: Data | None,
        test_labels: Data | None,
        options: O_contra,
        /,
    ) -> R_co: ...


class DetectionFunction(Protocol[P, O_contra, R_co]):
    """A question on ID samples and on one or more sets of OOD samples."""

    def __call__(
        self,
        id_logits: Data,
        ood_logits: Data | Sequence[Data] | Mapping[str, Data],
        *args: P.args,
        **options: P.kwargs,
    ) -> R_co: ...

    def with_options(
        self, id_logits: Data, ood_logits: Data | Sequence[Data] | Mapping[str, Data], options: O_contra, /
    ) -> R_co: ...


class LossFunction(Protocol[P, O_contra, R_co]):
    """A question on a printed loss."""

    def __call__(
        self, value: str | float, logits: Data, labels: Data | None = None, *args: P.args, **options: P.kwargs
    ) -> R_co: ...

    def with_options(self, value: str | float, logits: Data, labels: Data | None, options: O_contra, /) -> R_co: ...


class TableFunction(Protocol[P, O_contra, R_co]):
    """A question on a table of samples."""

    def __call__(self, table: SampleTable, *args: P.args, **options: P.kwargs) -> R_co: ...

    def with_options(self, table: SampleTable, options: O_contra, /) -> R_co: ...


class MapFunction(Protocol[P, O_contra, R_co]):
    """A question on a calibrator and logits."""

    def __call__(self, calibrator: Any, logits: Data, *args: P.args, **options: P.kwargs) -> R_co: ...

    def with_options(self, calibrator: Any, logits: Data, options: O_contra, /) -> R_co: ...


class FileFunction(Protocol[P, O_contra, R_co]):
    """A question on a file."""

    def __call__(self, path: Path, *args: P.args, **options: P.kwargs) -> R_co: ...

    def with_options(self, path: Path, options: O_contra, /) -> R_co: ...


def of_logits(
    options: Callable[P, O],
) -> Callable[[Callable[[L, Data | None, O], R]], LogitsFunction[L, P, O, R]]:
    """Make `f(logits, labels, options)` a function of logits, labels and keywords."""
    make: Callable[..., O] = options
    return lambda function: _public(
        function, make, lambda logits, labels=None, **given: function(logits, labels, make(**given))
    )


def of_models(
    options: Callable[P, O],
) -> Callable[[Callable[[Any, Data | None, O], R]], ModelsFunction[P, O, R]]:
    """Make `f(models, labels, options)` a function of models, labels and keywords."""
    make: Callable[..., O] = options
    return lambda function: _public(
        function, make, lambda models, labels=None, **given: function(models, labels, make(**given))
    )


def of_two_sets(
    options: Callable[P, O],
) -> Callable[[Callable[[Data, Data | None, Data, Data | None, O], R]], TwoSetsFunction[P, O, R]]:
    """Make a function of validation and test samples one with keywords."""
    make: Callable[..., O] = options
    return lambda function: _public(
        function,
        make,
        lambda val_logits, val_labels, test_logits, test_labels=None, **given: function(
            val_logits, val_labels, test_logits, test_labels, make(**given)
        ),
    )


def of_calibration(
    options: Callable[P, O],
) -> Callable[[Callable[[Data, Data | None, Data | None, Data | None, O], R]], CalibrationFunction[P, O, R]]:
    """Make a function of calibration samples, and test samples if there are any, one with keywords."""
    make: Callable[..., O] = options
    return lambda function: _public(
        function,
        make,
        lambda cal_logits, cal_labels=None, test_logits=None, test_labels=None, **given: function(
            cal_logits, cal_labels, test_logits, test_labels, make(**given)
        ),
    )


def of_id_and_ood(
    options: Callable[P, O],
) -> Callable[[Callable[[Data, Any, O], R]], DetectionFunction[P, O, R]]:
    """Make `f(id_logits, ood_logits, options)` a function of both and keywords."""
    make: Callable[..., O] = options
    return lambda function: _public(
        function, make, lambda id_logits, ood_logits, **given: function(id_logits, ood_logits, make(**given))
    )


def of_loss(
    options: Callable[P, O],
) -> Callable[[Callable[[str | float, Data, Data | None, O], R]], LossFunction[P, O, R]]:
    """Make `f(value, logits, labels, options)` a function of a loss, logits, labels and keywords."""
    make: Callable[..., O] = options
    return lambda function: _public(
        function, make, lambda value, logits, labels=None, **given: function(value, logits, labels, make(**given))
    )


def of_table(options: Callable[P, O]) -> Callable[[Callable[[SampleTable, O], R]], TableFunction[P, O, R]]:
    """Make `f(table, options)` a function of a table and keywords."""
    make: Callable[..., O] = options
    return lambda function: _public(function, make, lambda table, **given: function(table, make(**given)))


def of_map(options: Callable[P, O]) -> Callable[[Callable[[Any, Data, O], R]], MapFunction[P, O, R]]:
    """Make `f(calibrator, logits, options)` a function of a calibrator, logits and keywords."""
    make: Callable[..., O] = options
    return lambda function: _public(
        function, make, lambda calibrator, logits, **given: function(calibrator, logits, make(**given))
    )


def of_file(options: Callable[P, O]) -> Callable[[Callable[[Path, O], R]], FileFunction[P, O, R]]:
    """Make `f(path, options)` a function of a path and keywords."""
    make: Callable[..., O] = options
    return lambda function: _public(function, make, lambda path, **given: function(path, make(**given)))


def _public(function: Callable[..., Any], options: Any, call: Callable[..., Any]) -> Any:
    """The public function. Its signature and docstring list the options."""
    call.__qualname__ = function.__qualname__  # Python's errors about the arguments name it

    @wraps(function)
    def public(*arguments: Any, **given: Any) -> Any:
        with python_words():
            return _answer(call(*arguments, **given))

    own = inspect.signature(call, follow_wrapped=False).parameters.values()
    positional = [parameter for parameter in own if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
    describe(public, options, positional, function.__doc__)
    public.with_options = function  # type: ignore[attr-defined]
    return public


def describe(public: Any, options: Any, positional: Sequence[inspect.Parameter] = (), doc: str | None = "") -> None:
    """Give a public function or class the signature and the docstring that list its options."""
    taken = [each for each in declared(options) if not each.removed]
    keywords = [inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default) for each in taken]
    described = "".join(f"    {each.name}: {_described(each)}\n" for each in taken)
    public.__doc__ = f"{inspect.cleandoc(doc or '')}\n\nOptions:\n{described}"
    public.__signature__ = inspect.Signature([*positional, *keywords])


def _answer(found: Any) -> Any:
    """The answer in the words of Python, even if its rows are computed, and may warn or fail, while they are read.

    An array has no words.
    """
    if isinstance(found, np.ndarray):
        return found
    said = {"warnings": [in_python(note) for note in found.warnings], "conclusion": in_python(found.conclusion)}
    return replace(found, **said, rows=found.rows if isinstance(found.rows, Sequence) else _Rows(found.rows))


class _Rows:
    """Rows that are computed while they are read, whose errors and warnings are in the words of Python."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = rows
        self._words: Context = copy_context()

    def __iter__(self) -> Iterator[Any]:
        words, rows, end = self._words.copy(), iter(self._rows), object()
        try:
            while (row := words.run(next, rows, end)) is not end:
                yield row
        except LscliError as error:
            reword(error)
            raise


def _described(each: Declared) -> str:
    """The help of an option for Python, where options are keywords and not flags."""
    text = re.sub("--([a-z]+(?:-[a-z]+)*)", lambda flag: flag[1].replace("-", "_"), each.option.help)
    return text if all(word in text for word in each.choices) else f"{text} One of {', '.join(each.choices)}."
