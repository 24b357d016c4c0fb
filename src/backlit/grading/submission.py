"""Submissions that make a whole pass: a class, or plain functions; how they are called and what they hand back.

A `Recipe` is found once from the names that a program offers. It then turns a case into calls, and what came back into
the judge's arrays. Nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from backlit.grading.algorithm import Numbers
from backlit.grading.cases import Case
from backlit.grading.conventions import Convention, conventions
from backlit.grading.gradients import UnreadableError, parameters_of, read_gradients
from backlit.grading.matching import Observed
from backlit.grading.names import BACKPROP, FORWARD, TRAIN, find, lower, role_of
from backlit.grading.student import Call, FunctionInfo, Inventory, Outcome, Student, Value

Action = Literal["gradients", "training", "forward"]

_NUMBERED = re.compile(r"[wWbB]_?[1-9]")
_WEIGHT_NAMES = ("weights", "w", "W", "Ws", "ws", "_weights", "weight_matrices", "theta")
_BIAS_NAMES = ("biases", "b", "B", "bs", "_biases", "bias", "bias_vectors")
_DICTIONARY_NAMES = ("parameters", "params", "_params", "theta")
_NUMBERED_NAMES = tuple(f"{letter}{i}" for letter in "WwBb" for i in range(1, 5))
_GRADIENT_NAMES = [
    "gradients",
    "grads",
    "nabla_b",
    "nabla_w",
    "db",
    "dw",
    "dW",
    "grads_b",
    "grads_w",
    "grad_b",
    "grad_w",
    "dW1",
    "db1",
    "dW2",
    "db2",
    "dW3",
    "db3",
    "dw1",
    "dw2",
    "dw3",
]


class StoppedError(Exception):
    """The student's process did not survive a call."""


@dataclass(frozen=True)
class Answer:
    """What one run of a submission gave: the outcome that counts, what was given to it, and what is to be read."""

    outcome: Outcome
    given: tuple[Value, ...]
    before: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """How to call a submission.

    Attributes
    ----------
    student : Student
    class_name : str or None
        None for plain functions.
    functions : dict of Action to FunctionInfo
    constructor : tuple of str
        What each argument of the constructor is.
    attributes : dict of str to str
        Attribute of the object → what it holds: ``"weights"``, ``"biases"``, ``"parameters"``, ``"W1"``, ….
    n_layers : int or None
        If the submission is written for networks of so many layers.
    known : dict
        What is known of the convention beforehand: arguments of `conventions`.
    updater : FunctionInfo or None
        A plain function that takes parameters and gradients, and makes the step.
    """

    student: Student
    class_name: str | None
    functions: dict[Action, FunctionInfo]
    constructor: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    n_layers: int | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    updater: FunctionInfo | None = None

    @property
    def main(self) -> Action:
        """What is observed: the gradients if they are offered, else the parameters after one step."""
        return "gradients" if "gradients" in self.functions else "training"

    def conventions(self) -> Sequence[Convention]:
        """Return the conventions that come into question."""
        return conventions(**self.known)

    def roles(self, action: Action) -> tuple[str, ...]:
        """Return what each required argument of a function is."""
        return roles_of(self.functions[action], action)

    def answers(self, case: Case, convention: Convention, action: Action, times: int = 1) -> list[Answer]:
        """Call the function for a case, several times on the same object if asked."""
        info, roles = self.functions[action], self.roles(action)
        prefix: list[Call] = []
        name = info.name
        if self.class_name is not None:
            name = f".{name}"
            parameters = {key: parameters_of(case, convention, kind) for key, kind in self.attributes.items()}
            arguments = tuple(self._argument(kind, case, convention, None) for kind in self.constructor)
            prefix.append(Call(self.class_name, arguments, attributes=parameters))
        forward_value: Value = None
        one_round: list[Call] = []
        if self._needs_forward(action):
            forward = self.functions["forward"]
            given = tuple(self._argument(kind, case, convention, None) for kind in self.roles("forward"))
            call = Call(forward.name if self.class_name is None else f".{forward.name}", given)
            if self.class_name is None:
                forward_value = self._run([call])[0].value
            else:
                one_round.append(call)
        given = tuple(self._argument(kind, case, convention, forward_value) for kind in roles)
        read = (*self.attributes, *(_GRADIENT_NAMES if action == "gradients" else ())) if self.class_name else ()
        one_round.append(Call(name, given, keywords=self._optional(info, case), read=read))
        outcomes = self._run([*prefix, *one_round * times])
        size = len(one_round)
        starts = [len(prefix) + i * size for i in range(times)]
        before = prefix[0].attributes if prefix else {}
        return [Answer(_first_error(outcomes[: i + size]), given, before) for i in starts]

    def _needs_forward(self, action: Action) -> bool:
        roles = self.roles(action)
        if action != "gradients" or "forward" not in self.functions:
            return False
        return "cache" in roles or "a" in roles or (self.class_name is not None and "x" not in roles)

    def _optional(self, info: FunctionInfo, case: Case) -> dict[str, Value]:
        return {name: case.eta for name in info.parameters[info.n_required :] if role_of(name, ("eta",))}

    def _run(self, script: Sequence[Call]) -> list[Outcome]:
        outcomes = self.student.run(script)
        for outcome in outcomes:
            if outcome.stopped is not None:
                raise StoppedError(outcome.stopped)
        missing = Outcome(None, (), {}, "the program did not answer")
        return [*outcomes, *[missing] * (len(script) - len(outcomes))]

    def _argument(self, kind: str, case: Case, convention: Convention, forward: Value) -> Value:
        makers: dict[str, Callable[[], Any]] = {
            "x": lambda: convention.give(case.x),
            "y": lambda: convention.give(case.y),
            "eta": lambda: case.eta,
            "n": lambda: case.n_examples,
            "sizes": lambda: list(case.sizes),
            "n_layers": lambda: case.n_layers,
            "mini_batch": lambda: _mini_batch(case, convention),
            "cache": lambda: forward[1] if isinstance(forward, tuple) and len(forward) == 2 else forward,
            "a": lambda: forward[0] if isinstance(forward, tuple) else forward,
        }
        if kind.startswith("size_"):
            return case.sizes[int(kind[5:])] if int(kind[5:]) < case.n_layers else 1
        return makers[kind]() if kind in makers else parameters_of(case, convention, kind)

    def observe(self, case: Case, convention: Convention, action: Action | None = None) -> Observed:
        """Run a case and read its numbers."""
        action = action or self.main
        return self.read(self.answers(case, convention, action)[0], case, convention, action)

    def observe_updater(self, case: Case, convention: Convention) -> Observed | None:
        """Give the parameters and the student's own gradients to the function that makes the step.

        None if it asks for something else.
        """
        assert self.updater is not None
        gradients = self.answers(case, convention, "gradients")[0].outcome.value
        known = ("parameters", "weights", "biases", "nabla_w", "nabla_b", "gradient", "eta", "n")
        roles: list[str] = []
        given: list[Value] = []
        for parameter in self.updater.parameters[: self.updater.n_required]:
            role = role_of(parameter, tuple(role for role in known if role not in roles))
            if role is None:
                return None
            roles.append(role)
            given.append(self._updater_argument(role, gradients, case, convention))
        keywords = self._optional(self.updater, case)
        if "eta" not in roles and not keywords:
            return None
        outcome = self._run([Call(self.updater.name, tuple(given), keywords)])[0]
        answer = Answer(outcome, tuple(given))
        if outcome.value is None and outcome.error is None:
            outcome = Outcome(_after_in_place(outcome, tuple(roles)), outcome.args_after, {})
            answer = Answer(outcome, tuple(given))
        return self.read(answer, case, convention, "training")

    def _updater_argument(self, role: str, gradients: Any, case: Case, convention: Convention) -> Any:
        if role == "gradient":
            parts = gradients if isinstance(gradients, tuple) else ()
            return next((part for part in parts if isinstance(part, Mapping)), gradients)
        if role in ("nabla_w", "nabla_b"):
            nabla_b, nabla_w = read_gradients(gradients, case)
            return list((nabla_b if role == "nabla_b" else nabla_w).values())
        return self._argument(role, case, convention, None)

    def read(self, answer: Answer, case: Case, convention: Convention, action: Action) -> Observed:
        """Turn an answer into the judge's arrays."""
        outcome = answer.outcome
        if outcome.error is not None:
            return Observed(case, {}, outcome.error, outcome.line)
        try:
            if action == "forward":
                numbers = _read_output(outcome.value, case, convention)
            else:
                numbers = self._read_per_layer(outcome, case, convention, action)
        except ValueError as error:
            return Observed(case, {}, f"{error}", outcome.line)
        return Observed(case, numbers)

    def _read_per_layer(self, outcome: Outcome, case: Case, convention: Convention, action: Action) -> Numbers:
        value: Any = outcome.value
        if action == "training" and self.class_name is not None:
            kept = {name: outcome.attributes.get(name) for name in self.attributes}
            value = _as_gradient_keys(kept, self.attributes)
        elif value is None and action == "training":
            value = _after_in_place(outcome, self.roles(action))
        elif _holds_nothing(value) and outcome.attributes:
            value = _from_attributes(outcome.attributes, self.attributes)
        nabla_b, nabla_w = read_gradients(value, case)
        b_name, w_name = ("b_new", "w_new") if action == "training" else ("nabla_b", "nabla_w")
        numbers: Numbers = {}
        for layer in case.w:
            numbers[b_name, layer] = convention.take_b(nabla_b[layer])
            numbers[w_name, layer] = convention.take_w(nabla_w[layer])
        return numbers


def _holds_nothing(value: object) -> bool:
    return value is None or isinstance(value, float | int) or (isinstance(value, np.ndarray) and value.ndim == 0)


def _first_error(outcomes: Sequence[Outcome]) -> Outcome:
    return next((outcome for outcome in outcomes if outcome.error is not None), outcomes[-1])


def _mini_batch(case: Case, convention: Convention) -> list[tuple[Any, Any]]:
    examples = [case.example(i) for i in range(case.n_examples)]
    return [(convention.give(example.x), convention.give(example.y)) for example in examples]


def _as_gradient_keys(kept: dict[str, Any], attributes: Mapping[str, str]) -> Any:
    by_kind = {kind: kept[name] for name, kind in attributes.items()}
    return by_kind["parameters"] if "parameters" in by_kind else by_kind


def _after_in_place(outcome: Outcome, roles: tuple[str, ...]) -> Any:
    by_kind = dict(zip(roles, outcome.args_after, strict=False))
    return by_kind.get(
        "parameters",
        {kind: by_kind[kind] for kind in by_kind if kind in ("weights", "biases") or _NUMBERED.fullmatch(kind)},
    )


def _from_attributes(attributes: Mapping[str, Any], parameters: Mapping[str, str]) -> Any:
    gradients = {name: value for name, value in attributes.items() if name not in parameters}
    for name in ("gradients", "grads"):
        if name in gradients:
            return gradients[name]
    return gradients


def _read_output(value: Any, case: Case, convention: Convention) -> Numbers:
    candidates = [convention.take(item) for item in _output_candidates(value)]
    if not candidates:
        raise UnreadableError("no output was found in what came back")
    fitting = [array for array in candidates if array.shape == case.y.shape]
    return {("a", case.n_layers): (fitting or candidates)[0]}


def _output_candidates(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, Mapping):
        names = sorted(name for name in value if lower(str(name)).startswith("a"))
        return [value[name] for name in names[-1:] if isinstance(value[name], np.ndarray)]
    if isinstance(value, list | tuple) and value:
        if all(isinstance(item, list | tuple) for item in value):
            return []  # (zs, activations) in some order: judged through the gradients
        return [value[0]] if isinstance(value, tuple) else _output_candidates(value[-1])
    return []


def roles_of(info: FunctionInfo, action: Action) -> tuple[str, ...]:
    """Return what each required parameter of a whole-pass function is."""
    known: tuple[str, ...] = ("x", "weights", "biases", "parameters")
    if action != "forward":
        known += ("y", "cache", "a", "eta", "mini_batch", "n", "sizes")
    roles: list[str] = []
    for parameter in info.parameters[: info.n_required]:
        if _NUMBERED.fullmatch(parameter):
            roles.append(parameter.replace("_", ""))
            continue
        role = role_of(parameter, tuple(role for role in known if role not in roles))
        left = [role for role in ("x", "y", "weights", "biases", "parameters") if role not in roles]
        roles.append(role or (left[0] if left else "x"))
    return tuple(roles)


def _layers_of(names: Sequence[str]) -> int | None:
    numbers = [int(name[-1]) for name in names if _NUMBERED.fullmatch(name)]
    return max(numbers) + 1 if numbers else None


def find_recipe(student: Student, inventory: Inventory, probe: Case) -> Recipe | None:
    """Return how to call the whole pass that a program offers, or None if it offers none."""
    for name, methods in inventory.classes.items():
        functions = _functions(methods)
        if "gradients" in functions or "training" in functions:
            recipe = _class_recipe(student, name, methods, functions, probe)
            if recipe is not None:
                return recipe
    functions = _functions(inventory.functions)
    updater = None
    if "gradients" in functions:
        functions.pop("training", None)
        updater = _updater(inventory.functions)
    if "gradients" not in functions and "training" not in functions:
        return None
    main: Action = "gradients" if "gradients" in functions else "training"
    n_layers = _layers_of(
        [role for action in functions if action in (main, "forward") for role in roles_of(functions[action], action)]
    )
    return Recipe(student, None, functions, n_layers=n_layers, updater=updater)


def _updater(functions: tuple[FunctionInfo, ...]) -> FunctionInfo | None:
    return find(
        functions,
        ("update_parameters", "update_params", "update", "gradient_descent", "gradient_step", "sgd_step", "step"),
    )


def _functions(infos: tuple[FunctionInfo, ...]) -> dict[Action, FunctionInfo]:
    names: dict[Action, tuple[str, ...]] = {"gradients": BACKPROP, "training": TRAIN, "forward": FORWARD}
    found = {action: find(infos, known) for action, known in names.items()}
    return {action: info for action, info in found.items() if info is not None}


def _class_recipe(
    student: Student,
    name: str,
    methods: tuple[FunctionInfo, ...],
    functions: dict[Action, FunctionInfo],
    probe: Case,
) -> Recipe | None:
    constructor = _constructor_roles(
        next((m for m in methods if m.name == "__init__"), FunctionInfo("__init__", (), 0))
    )
    n_layers = 3 if any(kind.startswith("size_") for kind in constructor) else None
    recipe = Recipe(student, name, functions, constructor, n_layers=n_layers)
    names = (*_WEIGHT_NAMES, *_BIAS_NAMES, *_DICTIONARY_NAMES, *_NUMBERED_NAMES)
    layouts = conventions()[:3] if "weights" in constructor else conventions()[:1]
    arguments = tuple(recipe._argument(kind, probe, layouts[0], None) for kind in constructor)
    outcome = student.run([Call(name, arguments, read=tuple(dict.fromkeys(names)))])[0]
    if outcome.stopped is not None:
        raise StoppedError(outcome.stopped)
    attributes = _attribute_kinds(outcome.attributes)
    if not attributes:
        return None
    known: dict[str, Any] = {} if "weights" in constructor else _known(outcome.attributes, attributes, probe)
    n_layers = n_layers or _layers_of(list(attributes.values()))
    return Recipe(student, name, functions, constructor, attributes, n_layers, known)


def _constructor_roles(info: FunctionInfo) -> tuple[str, ...]:
    required = info.parameters[: info.n_required] or info.parameters[:1]
    roles: list[str] = []
    for parameter in required:
        role = role_of(parameter, ("sizes", "eta", "weights", "biases", "parameters"))
        roles.append(role or "unknown")
    unknown = roles.count("unknown")
    if unknown == 1 and "sizes" not in roles:
        roles[roles.index("unknown")] = "sizes"
    sizes = iter(range(unknown))
    return tuple(f"size_{next(sizes)}" if role == "unknown" else role for role in roles)


def _attribute_kinds(values: Mapping[str, Any]) -> dict[str, str]:
    for names, kind in ((_WEIGHT_NAMES, "weights"), (_BIAS_NAMES, "biases")):
        if not any(isinstance(values.get(name), list | tuple) for name in names):
            break
    else:
        weights = next(name for name in _WEIGHT_NAMES if isinstance(values.get(name), list | tuple))
        biases = next(name for name in _BIAS_NAMES if isinstance(values.get(name), list | tuple))
        return {weights: "weights", biases: "biases"}
    for name in _DICTIONARY_NAMES:
        if isinstance(values.get(name), Mapping):
            return {name: "parameters"}
    return {name: name for name in _NUMBERED_NAMES if isinstance(values.get(name), np.ndarray)}


def _known(values: Mapping[str, Any], attributes: Mapping[str, str], probe: Case) -> dict[str, Any]:
    """Read from the arrays that the constructor made how weights and biases are laid out."""
    arrays: dict[str, Any] = {}
    for name, kind in attributes.items():
        value = values[name]
        if isinstance(value, Mapping):
            arrays |= {lower(str(key))[:1]: item for key, item in value.items() if str(key).endswith("1")}
        elif isinstance(value, list | tuple):
            arrays[kind[0]] = next((item for item in value if item is not None and np.ndim(item) > 0), None)
        elif kind.endswith("1"):
            arrays[kind[0].lower()] = value
    n_in, n_out = probe.sizes[:2]
    known: dict[str, Any] = {}
    if np.shape(arrays.get("w")) in ((n_out, n_in), (n_in, n_out)):
        known["weights_transposed"] = np.shape(arrays["w"]) == (n_in, n_out)
    shapes = {(n_out, 1): "column", (n_out,): "flat", (1, n_out): "row"}
    if np.shape(arrays.get("b")) in shapes:
        known["bias"] = shapes[np.shape(arrays["b"])]
    return known
