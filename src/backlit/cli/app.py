"""The application: its commands, and what becomes of errors."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from backlit.cli.demo import demo
from backlit.cli.evaluate import evaluate
from backlit.cli.explain import explain
from backlit.cli.predict import predict
from backlit.cli.train import train
from backlit.cli.version import version

EXIT_FAILURE = 1
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="backlit",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done · 1 failed · 2 wrong usage · 130 interrupted.",
)
for command in (train, evaluate, predict, explain, demo, version):
    app.command()(command)


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
        app(args=arguments, prog_name="backlit", standalone_mode=True)
    except KeyboardInterrupt:
        _complain("Interrupted; nothing was written.")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # whoever read our output has enough; nothing more can be printed, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILURE)
    except Exception as error:
        if debug:
            raise
        _complain(_describe_error(error))
        sys.exit(EXIT_FAILURE)


def _describe_error(error: Exception) -> str:
    from backlit.errors import BacklitError

    if isinstance(error, BacklitError):
        return f"Error: {error}"
    if isinstance(error, MemoryError):
        return "Error: there is not enough memory. Use fewer rows, a smaller network or a smaller --batch-size."
    return f"Error: {type(error).__name__}: {error}. This looks like a mistake in backlit; --debug shows where."


def _complain(message: str) -> None:
    print(message, file=sys.stderr)
