"""How a submission that makes a whole pass is called, and how what it hands back is read.

A `Recipe` turns a case into calls, and what came back into the judge's arrays. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backlit.grading.reading.answers import Numbers, Observed, read_cost, read_gradients, read_output
from backlit.grading.reading.cases import Array, Case
from backlit.grading.reading.conventions import Convention, conventions, parameters_of
from backlit.grading.reading.forms.form import Found
from backlit.grading.reading.kept import GRADIENT_NAMES, after_in_place, as_gradient_keys, from_attributes, in_layers
from backlit.grading.reading.names import Action, role_of, roles_of
from backlit.grading.reading.student import Call, FunctionInfo, Outcome, StoppedError, Student, Value

_ROLES: dict[Action, str] = {
    "gradients": "the gradients of a whole pass",
    "training": "a step of gradient descent",
    "forward": "feeding forward",
}


@dataclass(frozen=True)
class Answer:
    """What one run of a submission gave: the outcome that counts, what was given to it, and what is to be read."""

    outcome: Outcome
    given: tuple[Value, ...]
    before: Mapping[str, Value] = field(default_factory=dict)
    cost: float | None = None


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
    style : str
        How plain functions take all parameters in one: ``"parameters"`` or ``"pairs"``, as in `parameters_of`.
    form : Found, optional
        The parts that are put together, where no function makes a whole pass.
    stops_early : bool
        Whether it only looks as if it were written for `n_layers`: it names no layer, and yet goes no further.
    constructor_rates : tuple of str
        Optional arguments of the constructor that are the learning rate.
    """

    student: Student
    class_name: str | None
    functions: dict[Action, FunctionInfo]
    constructor: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    n_layers: int | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    updater: FunctionInfo | None = None
    style: str = "parameters"
    form: Found | None = None
    stops_early: bool = False
    constructor_rates: tuple[str, ...] = ()

    @property
    def main(self) -> Action:
        """What is observed: the gradients if they are offered, else the parameters after one step."""
        return "gradients" if "gradients" in self.functions else "training"

    def line_of(self, equation: str) -> int | None:
        """Return where the function begins that makes an equation, where known."""
        steps = [self.updater, self.functions.get("training")] if equation == "update" else []
        infos = [*steps, self.functions[self.main]]
        return next((info.line for info in infos if info is not None), None)

    def name_of(self, info: FunctionInfo) -> str:
        """Return a function as people call it: ``"Network.backprop"``."""
        if self.form is not None:
            return self.form.title
        return info.name if self.class_name is None else f"{self.class_name}.{info.name}"

    def parts(self) -> list[tuple[str, str, int | None]]:
        """Return the functions that are used: name, what it is taken for, and the line on which it begins."""
        if self.form is not None:
            return [self.form.recognized]
        parts = [(self.name_of(info), _ROLES[action], info.line) for action, info in self.functions.items()]
        return parts if self.updater is None else [*parts, (self.updater.name, _ROLES["training"], self.updater.line)]

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
            arguments = tuple(self.argument(kind, case, convention) for kind in self.constructor)
            rates = dict.fromkeys(self.constructor_rates, case.eta)
            prefix.append(Call(self.class_name, arguments, keywords=rates, attributes=parameters))
        forward_value: Value = None
        cost: float | None = None
        one_round: list[Call] = []
        if self._needs_forward(action):
            forward = self.functions["forward"]
            given = tuple(self.argument(kind, case, convention) for kind in self.roles("forward"))
            call = Call(forward.name if self.class_name is None else f".{forward.name}", given)
            if self.class_name is None:
                forward_value = self._run([call])[0].value
                cost = read_cost(forward_value) if "y" in self.roles("forward") else None
            else:
                one_round.append(call)
        given = tuple(self.argument(kind, case, convention, forward_value) for kind in roles)
        gradients = (*GRADIENT_NAMES, *in_layers(self.attributes))
        read = (*self.attributes, *(gradients if action == "gradients" else ())) if self.class_name else ()
        one_round.append(Call(name, given, keywords=self._optional(info, case), read=read))
        outcomes = self._run([*prefix, *one_round * times])
        size = len(one_round)
        starts = [len(prefix) + i * size for i in range(times)]
        before = prefix[0].attributes if prefix else {}
        return [Answer(_first_error(outcomes[: i + size]), given, before, cost) for i in starts]

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

    def argument(self, kind: str, case: Case, convention: Convention, forward: Any = None) -> Any:
        """Return what a role stands for; `forward` is what the forward function returned before."""
        makers: dict[str, Callable[[], Any]] = {
            "x": lambda: convention.give(case.x),
            "y": lambda: convention.give_y(case.y),
            "reg": lambda: 0.0,
            "parts": lambda: dict(self.form.parts) if self.form is not None else {},
            "hidden_sizes": lambda: list(case.sizes[1:-1]),
            "size_first": lambda: case.sizes[0],
            "size_last": lambda: case.sizes[-1],
            "eta": lambda: case.eta,
            "n": lambda: case.n_examples,
            "sizes": lambda: list(case.sizes),
            "n_layers": lambda: case.n_layers,
            "mini_batch": lambda: _mini_batch(case, convention),
            "cache": lambda: forward[1] if isinstance(forward, tuple) and len(forward) == 2 else forward,
            "a": lambda: forward[0] if isinstance(forward, tuple) else forward,
        }
        if kind.startswith("size_") and kind not in makers:
            return case.sizes[int(kind[5:])] if int(kind[5:]) < case.n_layers else 1
        if kind == "parameters" and self.class_name is None:
            kind = self.style
        return makers[kind]() if kind in makers else parameters_of(case, convention, kind)

    def observe(self, case: Case, convention: Convention, action: Action | None = None) -> Observed:
        """Run a case and read its numbers."""
        action = action or self.main
        return self.read(self.answers(case, convention, action)[0], case, convention, action)

    def observe_output(self, case: Case, convention: Convention, is_output: Callable[[Array], bool]) -> Observed:
        """Run the function that only feeds forward, and read a^L; `is_output` is as in `read_output`."""
        outcome = self.answers(case, convention, "forward")[0].outcome
        return _observed(case, outcome, lambda: read_output(outcome.value, case, convention, is_output))

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
            outcome = Outcome(after_in_place(outcome, tuple(roles)), outcome.args_after, {})
            answer = Answer(outcome, tuple(given))
        return self.read(answer, case, convention, "training")

    def _updater_argument(self, role: str, gradients: Any, case: Case, convention: Convention) -> Any:
        if role == "gradient":
            parts = gradients if isinstance(gradients, tuple) else ()
            return next((part for part in parts if isinstance(part, Mapping)), gradients)
        if role in ("nabla_w", "nabla_b"):
            nabla_b, nabla_w = read_gradients(gradients, case)
            return list((nabla_b if role == "nabla_b" else nabla_w).values())
        return self.argument(role, case, convention)

    def read(self, answer: Answer, case: Case, convention: Convention, action: Action) -> Observed:
        """Turn an answer into the judge's arrays."""
        outcome = answer.outcome
        cost = answer.cost if answer.cost is not None or action != "gradients" else read_cost(outcome.value)
        observed = _observed(case, outcome, lambda: self._read_per_layer(outcome, case, convention, action))
        return replace(observed, cost=cost)

    def _read_per_layer(self, outcome: Outcome, case: Case, convention: Convention, action: Action) -> Numbers:
        value: Any = outcome.value
        if action == "training" and self.class_name is not None:
            kept = {name: outcome.attributes.get(name) for name in self.attributes}
            value = as_gradient_keys(kept, self.attributes)
        elif value is None and action == "training":
            value = after_in_place(outcome, self.roles(action))
        elif _holds_nothing(value) and outcome.attributes:
            value = from_attributes(outcome.attributes, self.attributes)
        pairs = self.style == "pairs" or "pairs" in self.attributes.values()
        nabla_b, nabla_w = read_gradients(value, case, pairs=pairs)
        b_name, w_name = ("b_new", "w_new") if action == "training" else ("nabla_b", "nabla_w")
        numbers: Numbers = {}
        for layer in case.w:
            numbers[b_name, layer] = convention.take_b(nabla_b[layer])
            numbers[w_name, layer] = convention.take_w(nabla_w[layer])
        if convention.sums and action == "gradients":
            return {key: array / case.n_examples for key, array in numbers.items()}
        return numbers


def _observed(case: Case, outcome: Outcome, read: Callable[[], Numbers]) -> Observed:
    if outcome.error is not None:
        return Observed(case, {}, outcome.error, outcome.line)
    try:
        return Observed(case, read())
    except ValueError as error:
        return Observed(case, {}, f"{error}", outcome.line)


def _holds_nothing(value: object) -> bool:
    return value is None or isinstance(value, float | int) or (isinstance(value, np.ndarray) and value.ndim == 0)


def _first_error(outcomes: Sequence[Outcome]) -> Outcome:
    return next((outcome for outcome in outcomes if outcome.error is not None), outcomes[-1])


def _mini_batch(case: Case, convention: Convention) -> list[tuple[Any, Any]]:
    examples = [case.example(i) for i in range(case.n_examples)]
    return [(convention.give(example.x), convention.give_y(example.y)) for example in examples]
