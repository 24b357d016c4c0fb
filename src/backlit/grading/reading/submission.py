"""Finding out how to call a submission that makes a whole pass: a class, or plain functions.

The names of what a program offers tell; a class is constructed once to see where it keeps its parameters.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from backlit.grading.reading.answers import numbered_keys
from backlit.grading.reading.cases import Case, random_case
from backlit.grading.reading.conventions import conventions
from backlit.grading.reading.forms.form import Found
from backlit.grading.reading.forms.registry import call_name, find_form
from backlit.grading.reading.names import (
    BACKPROP,
    FORWARD,
    NUMBERED,
    TRAIN,
    Action,
    find,
    find_pass,
    lower,
    role_of,
    roles_of,
)
from backlit.grading.reading.recipe import Recipe
from backlit.grading.reading.student import Call, FunctionInfo, Inventory, StoppedError, Student

_WEIGHT_NAMES = ("weights", "w", "W", "Ws", "ws", "_weights", "weight_matrices", "theta")
_BIAS_NAMES = ("biases", "b", "B", "bs", "_biases", "bias", "bias_vectors")
_DICTIONARY_NAMES = ("parameters", "params", "_params", "theta")
# where each layer is an object of its own, in the manner of Keras
_LAYER_LISTS = ("layers", "_layers", "modules")
_LAYER_WEIGHTS, _LAYER_BIASES = ("W", "w", "weights", "weight"), ("b", "B", "biases", "bias")
_MOST_LAYERS = 8
_DEEP = 6
_NUMBERED_NAMES = tuple(f"{letter}{i}" for letter in "WwBb" for i in range(1, 5))


def _in_layers(names: Sequence[str]) -> list[str]:
    return [f"{layers}.{i}.{name}" for layers in _LAYER_LISTS for i in range(_MOST_LAYERS) for name in names]


def _layers_of(names: Sequence[str]) -> int | None:
    numbers = [int(name[-1]) for name in names if NUMBERED.fullmatch(name)]
    return max(numbers) + 1 if numbers else None


def find_recipe(student: Student, inventory: Inventory, probe: Case, text: str = "") -> Recipe | None:
    """Return how to call the whole pass that a program offers, or None if it offers none.

    Parameters
    ----------
    student : Student
    inventory : Inventory
    probe : Case
        A network to try calls on.
    text : str, optional
        The program's text, where known: it tells whether one that takes a fixed number of layers is meant so.
    """
    for name, methods in inventory.classes.items():
        functions = _functions(methods)
        if "gradients" in functions or "training" in functions:
            recipe = _class_recipe(student, name, methods, functions, probe, text)
            if recipe is not None:
                return recipe
    functions = _functions(inventory.functions)
    updater = None
    if "gradients" in functions:
        functions.pop("training", None)
        updater = _updater(inventory.functions)
    if "gradients" not in functions and "training" not in functions:
        return _form_recipe(student, inventory, probe)
    main: Action = "gradients" if "gradients" in functions else "training"
    signatures = [roles_of(functions[action], action) for action in functions if action in (main, "forward")]
    n_layers = _layers_of([role for roles in signatures for role in roles])
    recipe = Recipe(student, None, functions, n_layers=n_layers, updater=updater)
    if any("parameters" in roles for roles in signatures):
        recipe = _with_style(recipe, probe)
    return recipe if n_layers is not None else _with_depth(recipe, probe, text)


def _form_recipe(student: Student, inventory: Inventory, probe: Case) -> Recipe | None:
    found = find_form(inventory, probe.task)
    if found is None or found.missing:
        return None
    parameters = ("parts", "x", "y", "weights", "biases")
    together = FunctionInfo(call_name(found.form), parameters, 5, found.recognized[2])
    known = {**found.form.known, **_layer_known(student, found, probe)}
    return Recipe(student, None, {"gradients": together}, known=known, form=found)


def _layer_known(student: Student, found: Found, probe: Case) -> dict[str, Any]:
    if found.form.layer is None:
        return {}
    part, w_names, b_names = found.form.layer
    outcome = student.run([Call(found.parts[part], tuple(probe.sizes[:2]), read=(*w_names, *b_names))])[0]
    if outcome.stopped is not None:
        raise StoppedError(outcome.stopped)
    names = [next((n for n in names if n in outcome.attributes), None) for names in (w_names, b_names)]
    attributes = {name: kind for name, kind in zip(names, ("W1", "b1"), strict=True) if name is not None}
    return _known(outcome.attributes, attributes, probe)


def _with_depth(recipe: Recipe, probe: Case, text: str) -> Recipe:
    """Limit a program to the depth that it is written for.

    It is given a deep network, square so that whatever part of it is used fits together; if gradients come back for its
    first layers alone, the program looks at no others.
    """
    if recipe.main != "gradients":
        return recipe
    deep = random_case(np.random.default_rng(0), probe.task, (3,) * (_DEEP + 1), 1)
    for plain in recipe.conventions():
        for convention, case in ((plain, deep), (replace(plain, labels=True), deep.one_hot())):
            keys = numbered_keys(recipe.answers(case, convention, "gradients")[0].outcome.value)
            if keys:
                stops = bool(text) and not _names(text, keys[-1])
                fixed = replace(recipe, n_layers=len(keys) + 1, stops_early=stops)
                return recipe if len(keys) >= _DEEP else fixed
    return recipe


def _names(text: str, key: str) -> bool:
    """Whether a program writes a key out, ``"dW2"``, rather than making it of a letter and a number."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # as of a notebook's magic commands
        return key in text
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in said)
    keywords = (node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword))
    return key in [*constants, *keywords]


def _with_style(recipe: Recipe, probe: Case) -> Recipe:
    """Choose how all parameters are handed over in one, by trying."""
    for style in ("parameters", "pairs"):
        styled = replace(recipe, style=style)
        if any(styled.observe(probe, convention).error is None for convention in recipe.conventions()):
            return styled
    return recipe


def _updater(functions: tuple[FunctionInfo, ...]) -> FunctionInfo | None:
    return find(
        functions,
        ("update_parameters", "update_params", "update", "gradient_descent", "gradient_step", "sgd_step", "step"),
    )


def _functions(infos: tuple[FunctionInfo, ...]) -> dict[Action, FunctionInfo]:
    names: dict[Action, tuple[str, ...]] = {"gradients": BACKPROP, "training": TRAIN, "forward": FORWARD}
    find_it = {"gradients": find_pass, "training": find, "forward": find_pass}
    found = {action: find_it[action](infos, known) for action, known in names.items()}
    gradients, training = found["gradients"], found["training"]
    # that of cs231n gives gradients if it has targets; where all must be given, it is a number
    is_loss = gradients is not None and lower(gradients.name) == "loss"
    if is_loss and training is not None and gradients is not None and gradients.n_required == len(gradients.parameters):
        del found["gradients"]
    return {action: info for action, info in found.items() if info is not None}


def _class_recipe(
    student: Student,
    name: str,
    methods: tuple[FunctionInfo, ...],
    functions: dict[Action, FunctionInfo],
    probe: Case,
    text: str,
) -> Recipe | None:
    no_constructor = FunctionInfo("__init__", (), 0)
    info = next((m for m in methods if m.name == "__init__"), no_constructor)
    constructor = _constructor_roles(info)
    rates = tuple(name for name in info.parameters[len(constructor) :] if role_of(name, ("eta",)))
    n_layers = 3 if any(kind[5:].isdigit() for kind in constructor if kind.startswith("size_")) else None
    recipe = Recipe(student, name, functions, constructor, n_layers=n_layers)
    in_layers = _in_layers((*_LAYER_WEIGHTS, *_LAYER_BIASES))
    names = (*_WEIGHT_NAMES, *_BIAS_NAMES, *_DICTIONARY_NAMES, *_NUMBERED_NAMES, *in_layers)
    layouts = conventions()[:3] if "weights" in constructor else conventions()[:1]
    arguments = tuple(recipe.argument(kind, probe, layouts[0]) for kind in constructor)
    outcome = student.run([Call(name, arguments, read=tuple(dict.fromkeys(names)))])[0]
    if outcome.stopped is not None:
        raise StoppedError(outcome.stopped)
    attributes = _attribute_kinds(outcome.attributes)
    if not attributes:
        return None
    known: dict[str, Any] = {} if "weights" in constructor else _known(outcome.attributes, attributes, probe)
    n_layers = n_layers or _layers_of(list(attributes.values()))
    recipe = Recipe(student, name, functions, constructor, attributes, n_layers, known, constructor_rates=rates)
    return recipe if n_layers is not None else _with_depth(recipe, probe, text)


def _constructor_roles(info: FunctionInfo) -> tuple[str, ...]:
    by_size = [role_of(parameter, ("hidden_sizes", "size_first", "size_last")) for parameter in info.parameters]
    n_sized = max((i + 1 for i, role in enumerate(by_size) if role is not None), default=0)
    required = info.parameters[: max(info.n_required, n_sized)] or info.parameters[:1]
    roles: list[str] = []
    for i, parameter in enumerate(required):
        role = role_of(parameter, ("sizes", "eta", "weights", "biases", "parameters", "reg"))
        roles.append(role or (by_size[i] if "hidden_sizes" in by_size else None) or "unknown")
    unknown = roles.count("unknown")
    if unknown == 1 and "sizes" not in roles:
        roles[roles.index("unknown")] = "sizes"
    sizes = iter(range(unknown))
    return tuple(f"size_{next(sizes)}" if role == "unknown" else role for role in roles)


def _attribute_kinds(values: Mapping[str, Any]) -> dict[str, str]:
    for names in (_WEIGHT_NAMES, _BIAS_NAMES):
        if not any(isinstance(values.get(name), list | tuple) for name in names):
            break
    else:
        weights = next(name for name in _WEIGHT_NAMES if isinstance(values.get(name), list | tuple))
        biases = next(name for name in _BIAS_NAMES if isinstance(values.get(name), list | tuple))
        return {weights: "weights", biases: "biases"}
    for name in _DICTIONARY_NAMES:
        if isinstance(values.get(name), Mapping):
            return {name: "parameters"}
        if _is_pairs(values.get(name)):
            return {name: "pairs"}
    w_paths = [path for path in _in_layers(_LAYER_WEIGHTS) if isinstance(values.get(path), np.ndarray)]
    b_paths = [path for path in _in_layers(_LAYER_BIASES) if isinstance(values.get(path), np.ndarray)]
    if w_paths and len(w_paths) == len(b_paths):
        numbered = {path: f"W{i}" for i, path in enumerate(w_paths, start=1)}
        return numbered | {path: f"b{i}" for i, path in enumerate(b_paths, start=1)}
    return {name: name for name in _NUMBERED_NAMES if isinstance(values.get(name), np.ndarray)}


def _is_pairs(value: object) -> bool:
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(
        isinstance(item, list | tuple) and [np.ndim(part) for part in item] in ([2, 1], [2, 2]) for item in value
    )


def _shape(value: Any) -> tuple[int, ...] | None:
    try:
        return None if value is None else np.shape(value)
    except ValueError:  # lists of different lengths
        return None


def _known(values: Mapping[str, Any], attributes: Mapping[str, str], probe: Case) -> dict[str, Any]:
    """Read from the arrays that the constructor made how weights and biases are laid out."""
    arrays: dict[str, Any] = {}
    for name, kind in attributes.items():
        value = values[name]
        if isinstance(value, Mapping):
            arrays |= {lower(str(key))[:1]: item for key, item in value.items() if str(key).endswith("1")}
        elif kind == "pairs":
            arrays["w"], arrays["b"] = value[0]
        elif isinstance(value, list | tuple):
            arrays[kind[0]] = next((item for item in value if item is not None and np.ndim(item) > 0), None)
        elif kind.endswith("1"):
            arrays[kind[0].lower()] = value
    n_in, n_out = probe.sizes[:2]
    w_shape, b_shape = (_shape(arrays.get(letter)) for letter in "wb")
    known: dict[str, Any] = {}
    if w_shape in ((n_out, n_in), (n_in, n_out)):
        known["weights_transposed"] = w_shape == (n_in, n_out)
    shapes = {(n_out, 1): "column", (n_out,): "flat", (1, n_out): "row"}
    if b_shape in shapes:
        known["bias"] = shapes[b_shape]
    return known
