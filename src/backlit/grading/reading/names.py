"""What functions and parameters are called in submissions.

`template` is the file that a student may start from. Its names come first; the rest are what people write who do not
start from it.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import Literal

from backlit.grading.reading.student import FunctionInfo

EQUATION_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "z": ("weighted_input", "compute_z", "linear_forward", "linear", "preactivation"),
    "a": ("activation", "sigmoid", "sigma", "activate", "tanh", "relu", "softmax", "logistic"),
    "sigma_prime": (
        "activation_prime",
        "sigmoid_prime",
        "sigma_prime",
        "activation_derivative",
        "sigmoid_derivative",
        "sigmoid_grad",
        "dsigmoid",
        "d_sigmoid",
        "tanh_prime",
        "tanh_derivative",
        "relu_prime",
        "relu_derivative",
    ),
    "BP1": ("output_error", "bp1", "output_delta", "delta_output"),
    "BP2": ("backpropagated_error", "bp2", "hidden_error", "hidden_delta", "delta_hidden", "backpropagate_error"),
    "BP3": ("bias_gradient", "bp3", "gradient_b", "grad_b"),
    "BP4": ("weight_gradient", "bp4", "gradient_w", "grad_w"),
    "update": ("update", "gradient_descent", "sgd_update", "gradient_step"),
}

EQUATION_ROLES: dict[str, tuple[str, ...]] = {
    "z": ("w", "a_previous", "b"),
    "a": ("z",),
    "sigma_prime": ("z",),
    "BP1": ("a", "y", "z"),
    "BP2": ("w", "delta", "z"),
    "BP3": ("delta",),
    "BP4": ("delta", "a_previous"),
    "update": ("parameter", "gradient", "eta"),
}
"""What each function is given, in the template's order."""

_ROLE_NAMES: dict[str, set[str]] = {
    "w": {"w", "weights", "weight", "w_next", "next_w", "w_l", "wl", "weights_next", "next_weights"},
    "b": {"b", "bias", "biases"},
    "z": {"z", "zl", "z_l", "weighted_input", "zs"},
    "a": {"a", "al", "a_l", "a_out", "output", "outputs", "activation", "s", "y_hat", "yhat", "y_pred", "prediction"},
    "a_previous": {"a_previous", "a_prev", "prev_a", "a_in", "inputs", "x", "previous_activation"},
    "y": {"y", "target", "targets", "t", "label", "labels", "y_true"},
    "delta": {"delta", "delta_next", "next_delta", "error", "d", "dz", "delta_l", "error_next", "dz_next"},
    "nabla_a": {"nabla_a", "da", "grad_a", "cost_gradient"},
    "parameter": {"parameter", "param", "theta", "p", "w", "b", "weights", "value"},
    "gradient": {"gradient", "grad", "g", "nabla", "nabla_w", "dw", "d_param", "grads", "gradients"},
    "nabla_w": {"nabla_w", "nabla_ws", "dw", "dws", "grads_w", "grad_w", "gradients_w"},
    "nabla_b": {"nabla_b", "nabla_bs", "db", "dbs", "grads_b", "grad_b", "gradients_b"},
    "eta": {"eta", "lr", "learning_rate", "mu", "alpha", "rate", "step_size"},
    "n": {"n", "m", "n_examples", "batch_size", "num_examples"},
    "x": {"x", "inputs", "input", "data", "features", "a1", "a0", "x_batch", "xs", "input_data"},
    "reg": {"reg", "lambd", "lmbda", "lambda_", "l2", "reg_strength", "weight_decay", "reg_lambda"},
    "hidden_sizes": {"hidden_dims", "hidden_sizes", "hidden_layers", "hidden_layer_sizes", "hidden_units"},
    "size_first": {"input_dim", "input_size", "n_inputs", "n_input", "n_in", "n_features", "n_x", "d_in", "nin"},
    "size_last": {
        *("num_classes", "output_size", "output_dim", "n_classes", "n_outputs", "n_output", "n_out", "n_y", "d_out"),
    },
    "weights": {"weights", "w", "ws", "weight", "weight_matrices"},
    "biases": {"biases", "b", "bs", "bias", "bias_vectors"},
    "parameters": {"parameters", "params", "theta", "model"},
    "parts": {"parts"},
    "cache": {"cache", "caches", "memory", "forward_result"},
    "mini_batch": {"mini_batch", "minibatch", "batch", "examples", "pairs"},
    "sizes": {"sizes", "layers", "layer_sizes", "layer_dims", "topology", "dims", "architecture", "shape", "units"},
}

_ROLES_OF: dict[str, tuple[str, ...]] = {
    "z": ("w", "a_previous", "b", "a"),
    "a": ("z", "a_previous"),
    "sigma_prime": ("z", "a", "a_previous"),
    "BP1": ("a", "y", "z", "nabla_a", "n"),
    "BP2": ("w", "delta", "z", "a"),
    "BP3": ("delta", "n"),
    "BP4": ("delta", "a_previous", "a", "n"),
    "update": ("parameter", "gradient", "eta", "n"),
}

BACKPROP = (
    "backprop",
    "backpropagate",
    "backpropagation",
    "back_prop",
    "back_propagation",
    "backward",
    "backward_pass",
    "backward_propagation",
    "compute_gradients",
    "gradients",
    "get_gradients",
    "model_backward",
    "l_model_backward",
    "cost_and_gradient",
    "loss",
)
FORWARD = (
    "feedforward",
    "feed_forward",
    "forward",
    "forward_pass",
    "forward_propagation",
    "forward_prop",
    "model_forward",
    "l_model_forward",
    "predict",
)
TRAIN = (
    "update_mini_batch",
    "update_minibatch",
    "train_step",
    "train_on_batch",
    "train_batch",
    "sgd_step",
    "step",
    "learn",
    "gradient_descent_step",
    "update_parameters",
    "update_params",
)
COST_FUNCTIONS = (
    *(
        "cost",
        "compute_cost",
        "cost_function",
        "quadratic_cost",
        "mse",
        "mse_loss",
        "mean_squared_error",
        "squared_error",
    ),
    *(
        "loss",
        "compute_loss",
        "loss_function",
        "quadratic_loss",
        "cross_entropy",
        "cross_entropy_loss",
        "cross_entropy_cost",
    ),
    *("binary_cross_entropy", "categorical_cross_entropy"),
)


Action = Literal["gradients", "training", "forward"]
"""What a function that makes a whole pass is for."""

NUMBERED = re.compile(r"[wWbB]_?[1-9]")
"""Names of one layer's parameters."""


def template() -> str:
    """Return a program with one function for each equation, to be filled in. As it is, it fails kindly."""
    return resources.files("backlit.grading.reading").joinpath("template.txt").read_text(encoding="utf-8")


def lower(name: str) -> str:
    """Compare names without regard to case and leading underscores."""
    return name.lower().strip("_")


def find(infos: tuple[FunctionInfo, ...], names: tuple[str, ...]) -> FunctionInfo | None:
    """Return the first function that has one of these names, in the order of the names."""
    by_name = {lower(info.name): info for info in reversed(infos)}
    return next((by_name[name] for name in names if name in by_name), None)


# what is added to a name for a variant of the same thing: backward_propagation_n, backprop_two_layers
_VARIANT = re.compile(r"_(?:n|l|nn|net|network|model|batch|vectorized|full|all|deep|\d+|(?:two|three|\d)_?layers?)")


def find_pass(infos: tuple[FunctionInfo, ...], names: tuple[str, ...]) -> FunctionInfo | None:
    """Return the function for a whole pass that has one of these names, or a variant of one.

    Of several, the first that takes targets or what the forward pass remembered: beside a network's there may be one
    for a single parameter, to explain how gradients are checked.
    """
    candidates = [
        info
        for name in names
        for exact in (True, False)
        for info in infos
        if (lower(info.name) == name if exact else _is_variant(lower(info.name), name))
    ]
    fuller = (info for info in candidates if any(role_of(p, ("y", "cache", "mini_batch")) for p in info.parameters))
    return next(fuller, candidates[0] if candidates else None)


def _is_variant(name: str, known: str) -> bool:
    return name.startswith(known) and _VARIANT.fullmatch(name[len(known) :]) is not None


def role_of(parameter: str, roles: tuple[str, ...]) -> str | None:
    """Return the role that a parameter's name plays among some roles."""
    return next((role for role in roles if lower(parameter) in _ROLE_NAMES[role]), None)


def equation_roles(equation: str, info: FunctionInfo) -> tuple[str, ...] | None:
    """Return what to give to each parameter of an equation's function; None if it cannot be called.

    By the names of the parameters if all of them say it, else by position as in the template.
    """
    named: list[str] = []
    for parameter in info.parameters:
        role = role_of(parameter, tuple(role for role in _ROLES_OF[equation] if role not in named))
        if role is None:
            break
        named.append(role)
    if len(named) >= info.n_required and "a_previous" not in named[:1] * (equation in ("a", "sigma_prime")):
        return tuple(_meant(equation, role) for role in named)
    template = EQUATION_ROLES[equation]
    return template[: max(info.n_required, 1)] if info.n_required <= len(template) else None


def _meant(equation: str, role: str) -> str:
    # in z and BP4, "a" can only be the activation of the layer before
    return "a_previous" if equation in ("z", "BP4") and role == "a" else role


def roles_of(info: FunctionInfo, action: Action) -> tuple[str, ...]:
    """Return what each required parameter of a whole-pass function is."""
    known: tuple[str, ...] = ("x", "weights", "biases", "parameters", "reg")
    if action != "forward":
        known += ("cache", "a", "eta", "mini_batch", "n", "sizes", "parts")
    n_given = info.n_required
    if action == "gradients":  # targets may have a default: without them, the method only feeds forward
        n_given = max([n_given, *(i + 1 for i, p in enumerate(info.parameters) if lower(p) in ("y", "labels"))])
    roles: list[str] = []
    for parameter in info.parameters[:n_given]:
        if NUMBERED.fullmatch(parameter):
            roles.append(parameter.replace("_", ""))
            continue
        # a forward pass may ask for targets too, to give the cost
        role = role_of(parameter, tuple(role for role in (*known, "y") if role not in roles))
        left = [role for role in ("x", "y", "weights", "biases", "parameters") if role not in roles]
        roles.append(role or (left[0] if left else "x"))
    return tuple(roles)
