"""A command whose options come from classes: what Typer sees, and what the function gets."""

# Annotations are evaluated here: the fields carry their `Option`.
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import pytest
import typer
from typer.testing import CliRunner

from lscli.checked_options import Option, Options
from lscli.cli.flat_options import flat
from lscli.cli.typer_converters import PlainCommand
from lscli.errors import UsageError


class Work(Options):
    """What is done."""

    colour: Annotated[Literal["red", "green"], Option(group="Looks", short="-c", help="The colour.")] = "red"
    count: Annotated[int | None, Option(least=1, shown="all", metavar="N", help="How many.")] = None
    share: Annotated[float, Option(help="How much.")] = 0.5
    loud: Annotated[bool, Option(help="Whether it is heard.")] = False
    names: Annotated[str | Iterable[str], Option(several=True, help="Names.")] = "a"
    more: Annotated[str | Iterable[str], Option(several=True, environment="own_more", help="More names.")] = ()
    secret: Annotated[int, Option(hidden=True, help="For Python alone.")] = 7


class Place(Options):
    """Where it goes."""

    output: Annotated[str, Option(short="-o", help="A file.")] = "-"


Seen = dict[str, Any]


@pytest.fixture
def seen() -> Seen:
    """What the function of the command gets."""
    return {}


@pytest.fixture
def app(seen: Seen) -> typer.Typer:
    """A command of one argument and two classes of options."""
    made = typer.Typer(pretty_exceptions_enable=False)

    @flat
    def work(context: typer.Context, path: str, *, options: Work, place: Place) -> None:
        """Does the work."""
        seen.update(path=path, options=options, place=place, context=context)

    made.command(cls=PlainCommand)(work)
    return made


def run(app: typer.Typer, *arguments: str, env: dict[str, str] | None = None) -> Any:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", **(env or {})})


def test_without_options_the_function_gets_the_defaults(app: typer.Typer, seen: Seen) -> None:
    assert 0 == run(app, "x.npy").exit_code
    assert (Work, Place, "x.npy") == (type(seen["options"]), type(seen["place"]), seen["path"])
    assert {**vars(Work()), "names": ("a",)} == vars(seen["options"])
    assert "-" == seen["place"].output


def test_values_are_converted_and_given_to_their_classes(app: typer.Typer, seen: Seen) -> None:
    arguments = ("-c", "green", "--count", "3", "--share", "0.25", "--loud", "-o", "y.csv")
    assert 0 == run(app, "x.npy", *arguments).exit_code
    options = seen["options"]
    assert ("green", 3, 0.25, True, 7) == (options.colour, options.count, options.share, options.loud, options.secret)
    assert "y.csv" == seen["place"].output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--names", "b"], ("b",)),
        (["--names", "b,c"], ("b", "c")),
        (["--names", "b", "--names", "c,d"], ("b", "c", "d")),
        (["--names", ""], ("",)),
        ([], ("a",)),
    ],
)
def test_several_values_are_separated_by_commas_or_repeated(
    app: typer.Typer, seen: Seen, arguments: list[str], expected: tuple[str, ...]
) -> None:
    assert 0 == run(app, "x.npy", *arguments).exit_code
    assert expected == seen["options"].names
    assert () == seen["options"].more


def test_values_come_from_the_environment(app: typer.Typer, seen: Seen) -> None:
    env = {"LSCLI_COUNT": "4", "LSCLI_LOUD": "yes", "LSCLI_NAMES": "b c,d", "LSCLI_OWN_MORE": "e", "LSCLI_SECRET": "1"}
    assert 0 == run(app, "x.npy", env=env).exit_code
    options = seen["options"]
    assert (4, True, ("b", "c", "d"), ("e",), 7) == (
        options.count,
        options.loud,
        options.names,
        options.more,
        options.secret,
    )
    assert "ENVIRONMENT" == seen["context"].get_parameter_source("count").name


def test_help_has_every_option_with_its_words_and_default_but_no_hidden_one(app: typer.Typer) -> None:
    done = run(app, "--help-all")
    text = " ".join(done.output.split())
    assert 0 == done.exit_code
    for words in (
        *("Does the work.", "Looks", "--colour", "-c", "red|green", "The colour.", "[default: red]"),
        *("--count", "N", "How many.", "[default: (all)]", "--names", "Names.", "[default: a]", "-o", "A file."),
    ):
        assert words in text
    assert "--secret" not in text
    assert "--no-loud" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "0"], "count: must be at least 1, got 0"),
        (["--colour", "gren"], "colour: unknown value 'gren'"),
        (["--share", "nan"], "share: must be a finite number, got nan"),
    ],
)
def test_a_wrong_value_is_refused(app: typer.Typer, seen: Seen, arguments: list[str], message: str) -> None:
    done = run(app, "x.npy", *arguments)
    assert (UsageError, message) == (type(done.exception), str(done.exception))
    assert {} == seen


@pytest.mark.parametrize("arguments", [["--secret", "1"], ["--no-loud"], ["--count", "x"], []])
def test_what_typer_refuses_does_not_reach_the_function(app: typer.Typer, seen: Seen, arguments: list[str]) -> None:
    assert 2 == run(app, *(["x.npy"] if arguments else []), *arguments).exit_code
    assert {} == seen
