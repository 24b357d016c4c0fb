"""The application: its commands, and what becomes of errors."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from backlit.cli.check import check
from backlit.cli.demo import demo
from backlit.cli.demon import demon
from backlit.cli.diagnose import diagnose
from backlit.cli.evaluate import evaluate
from backlit.cli.explain import explain
from backlit.cli.export import export
from backlit.cli.find_rate import find_rate
from backlit.cli.grade import grade
from backlit.cli.inspect import inspect
from backlit.cli.lab import lab
from backlit.cli.predict import predict
from backlit.cli.train import train
from backlit.cli.tune import tune

# click's, which typer brings along; it is the parent of the errors that typer exports
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
INTERRUPTED = "Interrupted; nothing was written."


def _says_when_interrupted(command: Callable[..., None]) -> Callable[..., None]:
    # typer makes an exit code of Ctrl-C and says nothing
    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt:
            _complain(INTERRUPTED)
            raise

    return run


def version() -> None:
    """Print the version, and which engine and instruction set this machine uses."""
    import platform

    import numpy as np

    from backlit import __version__
    from backlit.engine import native_is_available

    if native_is_available():
        from backlit.engine.native import NativeEngine

        engine = f"native ({NativeEngine().instruction_set})"
    else:
        engine = "reference (the native engine is not installed)"
    print(f"backlit {__version__}")
    print(f"engine: {engine}")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}")


app = typer.Typer(
    name="backlit",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done · 1 failed · 2 wrong usage · 130 interrupted.",
)
COMMANDS = (
    *(inspect, train, find_rate, tune, evaluate, predict),
    *(explain, demon, lab, check, diagnose, grade, export, demo, version),
)
for command in COMMANDS:
    app.command()(_says_when_interrupted(command))


@app.callback()
def describe(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Neural networks you can see through, trained as fast as your CPU allows.

    Example: [bold]backlit train housing.csv --target median_house_value --out housing.safetensors[/bold]
    """


def main() -> None:
    """Run the command line and leave with its exit code."""
    debug = "--debug" in sys.argv
    # accepted behind the command too, where people type it once an error has come
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        code = app(args=arguments, prog_name="backlit", standalone_mode=False)
        sys.stdout.flush()  # here, where a full disk can still be reported
        sys.exit(code or 0)
    except UsageError as error:
        _complain(_describe_usage(error))
        sys.exit(EXIT_USAGE)
    except (KeyboardInterrupt, typer.Abort):
        _complain(INTERRUPTED)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        _silence_standard_output()  # whoever read our output has enough
        sys.exit(EXIT_FAILURE)
    except Exception as error:
        if debug:
            raise
        _complain(_describe_error(error))
        if isinstance(error, OSError):
            _silence_standard_output()
        sys.exit(EXIT_FAILURE)


def _silence_standard_output() -> None:
    # what is still in the buffer cannot be printed, not even at exit
    with contextlib.suppress(OSError):  # standard output may be no file at all
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _describe_usage(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "backlit"
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    return message if message.startswith("\n") else f"Error: {message}\nTry: {command} --help"


def _describe_error(error: Exception) -> str:
    from backlit.errors import BacklitError

    if isinstance(error, BacklitError):
        return f"Error: {error}"
    if isinstance(error, OSError) and error.filename is None:  # no file: it was standard output
        return f"Error: cannot write the result: {error.strerror}. Make room, or write it elsewhere."
    if isinstance(error, MemoryError):
        return "Error: there is not enough memory. Use fewer rows, a smaller network or a smaller --batch-size."
    return f"Error: {type(error).__name__}: {error}. This looks like a mistake in backlit; --debug shows where."


def _complain(message: str) -> None:
    print(message, file=sys.stderr)
