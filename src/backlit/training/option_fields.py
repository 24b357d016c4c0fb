"""Fields of options: beside its default, each has what the command line says of it, and how it reads it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from backlit.core.optimizers import OPTIMIZERS, arguments
from backlit.errors import InvalidInputError

if TYPE_CHECKING:
    from backlit.core.dropout import Dropout


def option(default: Any, help: str = "", group: str = "", **more: Any) -> Any:
    """Return a field of options with what the command line says of it.

    Parameters
    ----------
    default : object
    help : str
        Without it the field is no option of a command.
    group : str
        The heading it stands under.
    more
        ``min``, ``flag`` (its name on the command line where that differs), ``parse`` (text → value).
    """
    return dataclasses.field(default=default, metadata={"help": help, "group": group, **more})


_ITS_OWN: Any = object()


def optimizer_option(name: str, default: Any = _ITS_OWN, **more: Any) -> Any:
    """Return a field for the argument of this name, as the table of optimizers describes it.

    Parameters
    ----------
    name : str
    default : object, optional
        Default: that of the optimizers, which all have the same.
    more
        See `option`.
    """
    having = {kind.name: each for kind in OPTIMIZERS.values() for each in arguments(kind) if each.name == name}
    argument, *others = having.values()
    assert all(other == argument for other in others), f"the optimizers describe {name} in different ways"
    owners = "" if len(having) == len(OPTIMIZERS) else f" Of {', '.join(having)}."
    return option(argument.default if default is _ITS_OWN else default, f"{argument.help}{owners}", "Optimizer", **more)


def rates_of_layers(text: str) -> float | Dropout:
    """Return the shares that an option such as ``0.5`` or ``0.5,0.2`` gives."""
    from backlit.core.dropout import Dropout

    try:
        rates = tuple(float(rate) for rate in text.split(","))
    except ValueError:
        raise InvalidInputError(
            f"Dropout takes a number, or one for each hidden layer as 0.5,0.2; {text!r} came."
        ) from None
    return rates[0] if len(rates) == 1 else Dropout(rates)


def sizes_of(text: str) -> tuple[int, ...]:
    """Return the sizes that an option such as ``100,50`` gives."""
    try:
        sizes = tuple(int(size) for size in text.split(",")) if text.strip() else ()
    except ValueError:
        sizes = (0,)
    if any(size < 1 for size in sizes):
        raise InvalidInputError(f"{text!r} is not a list of positive whole numbers such as 100,50.")
    return sizes


def names_of(text: str) -> str | tuple[str, ...]:
    """Return one activation, or those that ``tanh,relu`` gives."""
    names = tuple(name.strip() for name in text.split(","))
    return names[0] if len(names) == 1 else names
