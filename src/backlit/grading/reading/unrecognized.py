"""What to say of a submission in which nothing was recognized."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from backlit.grading.reading.names import BACKPROP, EQUATION_FUNCTIONS, TRAIN, find, lower
from backlit.grading.reading.student import FunctionInfo, Inventory


def nothing_recognized(inventory: Inventory) -> list[str]:
    """Return remarks: what was looked for, what was found, and what may have been meant."""
    known = [names[0] for names in EQUATION_FUNCTIONS.values()]
    remarks = [
        f"Nothing to grade was recognized. Looked for functions named {', '.join(known)} "
        "(see backlit grade --template), for a class with a method backprop(x, y), "
        "or for a function backprop(x, y, weights, biases)."
    ]
    methods = [f"{name}.{method.name}" for name, infos in inventory.classes.items() for method in infos]
    names = [*offered(inventory.functions), *methods]
    remarks.append(f"Found: {', '.join(names)}." if names else "Found neither a function nor a class.")
    for name, infos in inventory.classes.items():
        method = find(infos, BACKPROP)
        if method is not None:
            remarks.append(
                f"{name}.{method.name} was found, but not where {name} keeps its weights and biases: keep them in "
                "lists named weights and biases, in a dictionary named parameters, as W1, b1, W2, b2, or in a list of "
                "layers that have W and b."
            )
    everything = {name for names in EQUATION_FUNCTIONS.values() for name in names} | {*BACKPROP, *TRAIN}
    for name in [*(function.name for function in inventory.functions), *(m.split(".")[1] for m in methods)]:
        near = difflib.get_close_matches(name.lower(), everything, n=1, cutoff=0.75)
        if near and near[0] != name.lower():
            remarks.append(f"{name} is close to {near[0]}: did you mean that?")
    return remarks


def offered(info: Sequence[FunctionInfo]) -> list[str]:
    """Return the names of functions, for a remark."""
    return [f"{function.name}({', '.join(function.parameters)})" for function in info if lower(function.name)]
