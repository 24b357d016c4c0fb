"""Options of commands: those that several share, and those that are the fields of a dataclass.

Each default and each line of help is so written once. What is only a function's default is read from its signature, by
`default_of`.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from backlit.errors import InvalidInputError, OutputError

GROUPS = (
    "Network",
    "Loss",
    "Optimizer",
    "Regularization",
    "Stopping",
    "Data",
    "Checkpoints",
    "Engine",
    "Machines",
    "Output",
)
"""The headings of options, in the order of --help; what has none comes first."""

DataFile = Annotated[
    Path,
    typer.Argument(help="Table: CSV, Parquet, Excel, JSON, ARFF, libsvm, NPZ, IDX; .gz is fine.", show_default=False),
]
DataFiles = Annotated[
    list[Path],
    typer.Argument(
        help="Table: CSV, Parquet, Excel, JSON, ARFF, libsvm, NPZ, IDX; .gz is fine. Of Parquet and CSV also several "
        "files, folders and globs.",
        show_default=False,
    ),
]
OptionalDataFile = Annotated[
    Path | None,
    typer.Argument(help="Table: CSV, Parquet, Excel, JSON, ARFF, libsvm, NPZ, IDX; .gz is fine.", show_default=False),
]
OptionalModelFile = Annotated[Path | None, typer.Argument(help="Model that `backlit train` saved.", show_default=False)]
ModelFile = Annotated[Path, typer.Argument(help="Model that `backlit train` saved.", show_default=False)]
Member = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Which network of a model that has several members, counted from 1. Default: the first.",
        show_default=False,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        rich_help_panel="Engine",
        help="Most threads to use. Default: what the work calls for.",
        show_default=False,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", rich_help_panel="Output", help="No progress and no remarks.")]
AsJson = Annotated[
    bool, typer.Option("--json", rich_help_panel="Output", help="Print the result as one JSON document.")
]


def with_options_of(
    options: type,
    name: str,
    *,
    leave_out: frozenset[str] = frozenset(),
    defaults: Mapping[str, Any] = types.MappingProxyType({}),
    decided: Mapping[str, str] = types.MappingProxyType({}),
) -> Callable[..., Callable[..., None]]:
    """Return a decorator that gives a command an option for each described field of a dataclass.

    Parameters
    ----------
    options : type
        A dataclass whose fields are made by `backlit.training.options.option`.
    name : str
        The command's parameter that takes the object made of them. What is wrong with it is wrong usage.
    leave_out : set of str
        Fields that this command does without.
    defaults : mapping of str to object
        Defaults that are others here than in Python.
    decided : mapping of str to str
        Fields whose default is decided by something else → what --help says in the default's place.
    """
    described = [f for f in dataclasses.fields(options) if f.metadata.get("help") and f.name not in leave_out]
    tells_given = any(field.name == "given" for field in dataclasses.fields(options))
    kinds = typing.get_type_hints(options, localns=_LATER)

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(*arguments: Any, **given: Any) -> None:
            values = {field.name: _value(field, given.pop(field.name)) for field in described}
            if tells_given:
                context = given.pop("context")
                values["given"] = frozenset(name for name in values if _is_typed(context, name))
            command(*arguments, **given, **{name: usage(options, **values)})

        signature = inspect.signature(command, eval_str=True)
        parameters = [p for p in signature.parameters.values() if p.name != name]
        at = list(signature.parameters).index(name)
        parameters[at:at] = [
            _parameter(field, kinds[field.name], defaults.get(field.name, field.default), decided.get(field.name))
            for field in described
        ]
        parameters.sort(key=_place_in_help)
        if tells_given:
            parameters.append(inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context))
        # options all have defaults, and Python wants those without first
        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate


def _is_typed(context: typer.Context, name: str) -> bool:
    # whether the user typed an option, be it with the default's value
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _place_in_help(parameter: inspect.Parameter) -> int:
    # a parameter that another decorator fills has no words for --help
    group = next((each.rich_help_panel for each in getattr(parameter.annotation, "__metadata__", ())), None)
    return GROUPS.index(group) if group in GROUPS else -1


def _value(field: dataclasses.Field[Any], value: Any) -> Any:
    if isinstance(field.default, tuple) and "parse" not in field.metadata:
        return tuple(value or ())
    if "parse" not in field.metadata or not isinstance(value, str):
        return value
    try:
        return field.metadata["parse"](value)
    except InvalidInputError as error:
        raise typer.BadParameter(str(error), param_hint=_flag(field)) from None


def _parameter(field: dataclasses.Field[Any], kind: Any, default: Any, decided: str | None) -> inspect.Parameter:
    more = field.metadata
    text = "parse" in more
    default = _as_text(default) if text else default
    flag = _flag(field)
    flags = [f"{flag}/--no-{flag[2:]}"] if field.default is True else [flag]
    option = typer.Option(
        *flags,
        help=more["help"],
        rich_help_panel=more["group"] or None,
        min=more.get("min"),
        show_default=decided or default not in (None, ()),
    )
    default = None if default == () else default  # an option that may be given more than once
    annotation: Any = Annotated[_plain(kind, text=text, optional=default is None), option]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _flag(field: dataclasses.Field[Any]) -> str:
    flag: str = field.metadata.get("flag") or "--" + field.name.replace("_", "-")
    return flag


def _plain(kind: Any, *, text: bool, optional: bool) -> Any:
    # what typer can read from a command line: text for what is parsed, or has its own types besides
    members = [each for each in typing.get_args(kind) if each is not types.NoneType]
    plain = kind if kind in _READ_BY_TYPER else next((each for each in _READ_BY_TYPER if each in members), str)
    if text:
        plain = str
    elif typing.get_origin(kind) is tuple:
        plain = list[plain]  # type: ignore[valid-type]
    return plain | None if optional else plain


def _as_text(value: Any) -> Any:
    return ",".join(map(str, value)) if isinstance(value, tuple) else value


def refuse_to_overwrite(out: Path | None, *inputs: Path) -> None:
    """Raise if a result would replace one of the files it is made from."""
    if out is not None and out.is_file() and any(path.exists() and out.samefile(path) for path in inputs):
        raise OutputError(f"--out {out} is an input of this command and would be lost. Give another name.")


@dataclasses.dataclass(frozen=True)
class _DefaultOf:
    """The default of a parameter, looked up when it is needed: by --help of its command, or when the command runs."""

    function: str
    parameter: str

    def __call__(self) -> Any:
        module, _, name = self.function.rpartition(".")
        function = getattr(importlib.import_module(module), name)
        return inspect.signature(function).parameters[self.parameter].default

    def __str__(self) -> str:
        return str(self())


def default_of(function: str, parameter: str) -> Any:
    """Return the default of an option that is handed on to a function, without importing that function yet.

    Parameters
    ----------
    function : str
        A function or a class, with its module: ``"backlit.core.gradient_check.check_gradient"``.
    parameter : str
    """
    return _DefaultOf(function, parameter)


def usage(make: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Make something of what the user typed; what is wrong with it is wrong usage."""
    try:
        return make(*arguments, **options)
    except InvalidInputError as error:
        raise typer.BadParameter(str(error)) from None


_READ_BY_TYPER = (bool, int, float, Path, str)
# types that only type checkers import
_LATER: dict[str, Any] = dict.fromkeys(("Dropout", "Schedule", "EarlyStopping", "Optimizer", "Penalty"), object)
