"""The Typer app, and the only place where errors become messages and exit codes."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

# lscli calls no BLAS, and starting its threads costs time and memory. numpy reads this variable on import.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer

from lscli import limits
from lscli._version import __version__
from lscli.cli import (
    apply,
    bins,
    check,
    classes,
    compare,
    completion,
    conformal,
    explain,
    fit,
    inspect,
    metrics,
    ood,
    plot,
    recalibrate,
    report,
    samples,
    smooth,
    sweep,
    threshold,
)
from lscli.cli import eval as eval_file
from lscli.cli.flat_options import reason_without
from lscli.cli.origins import origin_of_refused
from lscli.cli.stderr import say
from lscli.cli.typer_converters import HELP_ALL, PlainGroup, lazily, verbatim, with_common
from lscli.cli.unexpected_errors import explained
from lscli.errors import ClosedPipeError, ExitCode, LscliError, LscliWarning
from lscli.io.paths import several_files
from lscli.text import bounded, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

# The address space that numpy's libraries take, measured.
_NUMPY = 88 << 20

# Each command's function, its two examples, and the options that --help shows, in this order; --help-all shows all.
COMMANDS: dict[str, tuple[Callable[..., None], tuple[str, ...], tuple[str, ...]]] = {
    "eval": (eval_file.eval_command, eval_file.EXAMPLES, eval_file.COMMON),
    "sweep": (sweep.sweep_command, sweep.EXAMPLES, sweep.COMMON),
    "bins": (bins.bins_command, bins.EXAMPLES, bins.COMMON),
    "classes": (classes.classes_command, classes.EXAMPLES, classes.COMMON),
    "samples": (samples.samples_command, samples.EXAMPLES, samples.COMMON),
    "compare": (compare.compare_command, compare.EXAMPLES, compare.COMMON),
    "check": (check.check_command, check.EXAMPLES, check.COMMON),
    "plot": (plot.plot_command, plot.EXAMPLES, plot.COMMON),
    "report": (report.report_command, report.EXAMPLES, report.COMMON),
    "threshold": (threshold.threshold_command, threshold.EXAMPLES, threshold.COMMON),
    "conformal": (conformal.conformal_command, conformal.EXAMPLES, conformal.COMMON),
    "ood": (ood.ood_command, ood.EXAMPLES, ood.COMMON),
    "fit": (fit.fit_command, fit.EXAMPLES, fit.COMMON),
    "recalibrate": (recalibrate.recalibrate_command, recalibrate.EXAMPLES, recalibrate.COMMON),
    "apply": (apply.apply_command, apply.EXAMPLES, apply.COMMON),
    "smooth": (smooth.smooth_command, smooth.EXAMPLES, smooth.COMMON),
    "explain": (explain.explain_command, explain.EXAMPLES, explain.COMMON),
    "inspect": (inspect.inspect_command, inspect.EXAMPLES, inspect.COMMON),
    "metrics": (metrics.metrics_command, metrics.EXAMPLES, metrics.COMMON),
}


def _print_version(asked: bool) -> None:
    if asked:
        from lscli.cli.output import write_stdout

        write_stdout(f"lscli {__version__}\n".encode())
        raise typer.Exit


def _of_shell(flag: str, verb: str, callback: Callable[[str | None], None]) -> Any:
    return typer.Option(
        flag,
        metavar="[SHELL]",
        help=f"{verb} the completion script for your shell, or for {', '.join(completion.SHELLS[:-1])} or "
        f"{completion.SHELLS[-1]}.",
        callback=callback,
        is_eager=True,
        autocompletion=lambda: [*completion.SHELLS],
        show_default=False,
    )


def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
    show_completion: Annotated[str | None, _of_shell(completion.SHOW, "Print", completion.show)] = None,
    install_completion: Annotated[str | None, _of_shell(completion.INSTALL, "Install", completion.install)] = None,
) -> None:
    """Calibration analysis of saved classifier logits: losses, confidence, calibration, label smoothing."""
    if not {"-h", "--help", HELP_ALL} & set(context.obj or ()):  # help works even if pyproject.toml is broken
        from lscli.cli.defaults import load_pyproject

        load_pyproject(context)
        limits.check_room("numpy", _NUMPY)


def _app(names: Iterable[str]) -> typer.Typer:
    app = typer.Typer(
        name="lscli",
        cls=PlainGroup,
        callback=_start,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,  # lscli has options of its own, which take the name of a shell
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="lscli COMMAND --help shows examples and the most used options; --help-all shows all options.\n\n"
        "Options have defaults in the environment (LSCLI_EPS) and in pyproject.toml (\\[tool.lscli] eps = 0.1)."
        "\n\nExit codes: 0 done, 1 check, compare or threshold said no, 2 wrong usage, 3 unusable input, 4 reading or "
        "writing failed.",
    )
    for name in names:
        _add(app, name)
    return app


def _add(app: typer.Typer, name: str) -> None:
    function, examples, common = COMMANDS[name]
    app.command(name, cls=with_common(common), help=_help(function, examples))(function)


def _help(function: Callable[..., None], examples: Sequence[str]) -> str:
    """The docstring, with the examples after its summary, and each paragraph on one line, for the terminal to wrap."""
    summary, *more = (" ".join(paragraph.split()) for paragraph in (function.__doc__ or "").split("\n\n"))
    return "\n\n".join((summary, verbatim(("Examples:", *examples)), *more))


app = _app(COMMANDS)


def main(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code. An error prints one line and a hint on stderr."""
    # A signal that the parent ignores, as nohup does, stays ignored.
    handled = [number for number in _ENDING if signal.getsignal(number) == signal.SIG_DFL]
    for number in handled:
        signal.signal(number, _terminate)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", LscliWarning)
            warnings.showwarning = _show_warning
            return _guarded(arguments)
    except _Terminated as ended:
        return ended.code
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


def _guarded(arguments: Sequence[str]) -> int:
    try:
        completion.prepare()
        words = completion.with_shell(arguments)
        code = lazily(_app(()), COMMANDS, _add)(words, standalone_mode=False, prog_name="lscli", obj=list(arguments))
        if sys.stdout is not None:
            sys.stdout.flush()  # Typer prints help without flushing
        return code if isinstance(code, int) else ExitCode.OK
    except LscliError as error:
        return _fail(error, str(error), error.hint, error.exit_code)
    except typer.TyperException as error:
        reason = _reason_without(error)
        if reason:
            what = f"{_option(error)} is not an option of {error.ctx.command_path}"  # type: ignore[attr-defined]
            return _fail(error, what, reason, ExitCode.USAGE)
        message = said(error.format_message())
        if isinstance(error, typer.BadParameter):
            message += origin_of_refused(error)
        # Without a command, Typer prints the help and raises an error without a message.
        return _fail(error, message, _usage_hint(error), ExitCode.USAGE) if message else ExitCode.USAGE
    except (ClosedPipeError, BrokenPipeError):
        return ExitCode.CLOSED_PIPE
    except SystemExit as error:
        # Typer exits after completing a word, and rich exits if the reader of the help closed the pipe.
        return (ExitCode.USAGE if error.code else ExitCode.OK) if completion.completes() else ExitCode.CLOSED_PIPE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:
        # A library may turn a signal into its own error while it is being imported.
        for earlier in _chain(error):
            if isinstance(earlier, KeyboardInterrupt):
                return ExitCode.INTERRUPTED
            if isinstance(earlier, _Terminated):
                return earlier.code
        if completion.completes():
            what = f"words cannot be completed: {said(repr(error))}"
            return _fail(error, what, "_LSCLI_COMPLETE is for the shell: unset it", ExitCode.USAGE)
        cause = error.__cause__ if isinstance(error, typer.Abort) and error.__cause__ else error
        return _fail(error, *explained(cause))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and the errors that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# The signals that end a process and can be handled, where the system has them: SIGXCPU is the limit of `ulimit -t`.
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU") if hasattr(signal, name)]


class _Terminated(BaseException):
    """A signal as an exception, so that temporary files are removed.

    Attributes:
        code: the exit code, which shells give to a process that the signal ended.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


def _terminate(number: int, frame: Any) -> None:
    for each in _ENDING:  # a second signal must not interrupt the cleanup
        signal.signal(each, signal.SIG_IGN)
    raise _Terminated(number)


def _fail(error: BaseException, message: str, hint: str, code: int) -> int:
    say(f"lscli: {bounded(message, 600)}")
    if hint:
        say(f"hint: {hint}")
    if os.environ.get("LSCLI_DEBUG"):
        import traceback

        for line in "".join(traceback.format_exception(error)).splitlines():
            say(line)
    return code


_LIMITS = ("--max", "--min", "--max-rise", "--max-drop")


def _usage_hint(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    typed = () if context is None else context.obj or ()
    files = list(filter(os.path.isfile, typed))
    extra = "unexpected extra argument" in error.format_message()
    if extra and any(flag in _LIMITS and "=" not in word for flag, word in pairwise(typed)):
        return "write a metric and its limit as one word: --max ece=0.05"
    if extra and len(files) > 2:
        if context is not None and context.info_name == "apply":
            return "name the calibrator and one file of logits; no labels are needed"
        return several_files(files)
    option = _option(error)
    others = [f"lscli {name}" for name, command in _commands(context).items() if _takes(command, option)]
    if others:
        *first, last = others
        return f"{', '.join(first)} and {last} take it" if first else f"{last} takes it"
    if context is None:
        return "see lscli --help"
    if option == HELP_ALL:
        return "every command has it, as in lscli eval --help-all"
    flag = option or next(iter(getattr(getattr(error, "param", None), "opts", ())), "")
    common = COMMANDS[context.info_name][2] if context.info_name in COMMANDS else None
    rare = common is not None and flag.startswith("-") and flag.removeprefix("--") not in common
    return f"see {context.command_path} {HELP_ALL if rare else '--help'}"


def _option(error: typer.TyperException) -> str:
    """The flag that the command does not know; empty if the error is another one."""
    return getattr(error, "option_name", None) or ""


def _reason_without(error: typer.TyperException) -> str:
    """Why the command does not have the option that was typed; empty if it gives no reason."""
    context = getattr(error, "ctx", None)
    if context is None or context.info_name not in COMMANDS or _takes(context.command, _option(error)):
        return ""
    return reason_without(COMMANDS[context.info_name][0], _option(error))


def _commands(context: Any) -> Mapping[str, Any]:
    """All commands, by their names."""
    found: Mapping[str, Any] = getattr(getattr(getattr(context, "parent", None), "command", None), "commands", {})
    return found


def _takes(command: Any, option: str) -> bool:
    return any(option in param.opts for param in command.params)


def _show_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    if issubclass(category, LscliWarning) or os.environ.get("LSCLI_DEBUG"):
        say(f"lscli: warning: {message}")
