"""The lecture's algorithm, with switches for the mistakes that people make in it.

With no switch on it is the algorithm: a test holds it to `backlit.core`. A submission that agrees with it in every
number under some switches, in networks where this cannot be chance, has made those mistakes. Each equation is one
function of the pass so far and of a layer, so that whatever a mistake spoils is handed on as it would be in the
student's program.

Arrays hold examples as columns, ``(n_neurons, n_examples)``; layers are numbered as in the lecture.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.backpropagation import output_error
from backlit.core.likelihood_losses import SHORT_CUTS
from backlit.core.losses import get_loss
from backlit.grading.judge.one_pass import Pass
from backlit.grading.judge.wrong_functions import WRONG_NABLA_A, WRONG_PRIME, WRONG_SIGMA, named_sigma, prime_from_value
from backlit.grading.reading.cases import Array, Case


def run(
    case: Case,
    switches: frozenset[tuple[str, str]] = frozenset(),
    sigma: Callable[[Array], Array] | None = None,
    sigma_prime: Callable[[Array], Array] | None = None,
    disturbed: str | None = None,
) -> Pass:
    """Run the algorithm, steps 1 to 6; what is `disturbed` is as in `Pass`.

    Raises
    ------
    ValueError
        Where a mistake makes shapes not fit.
    """
    p = Pass(case, switches, sigma, sigma_prime, disturbed, w=dict(case.w))
    with np.errstate(all="ignore"):
        feed_forward(p)
        for layer in range(p.last, 1, -1):
            p.delta[layer] = p.out("BP1", bp1(p)) if layer == p.last else p.out("BP2", bp2(p, layer))
            if p.makes("update", "update_before_all_deltas"):
                p.w[layer] = update(p, p.w[layer], bp4(p, layer))
        if p.makes("BP2", "loop_stops_early"):
            p.delta[2] = np.zeros_like(p.delta[2])
        for layer in range(2, p.last + 1):
            p.nabla_b[layer], p.nabla_w[layer] = p.out("BP3", bp3(p, layer)), p.out("BP4", bp4(p, layer))
        with suppress(ValueError):  # gradients of a wrong shape are still to be looked at
            for layer in range(2, p.last + 1):
                p.w_new[layer] = p.out("update", update(p, case.w[layer], p.nabla_w[layer]))
                stays = p.makes("update", "bias_not_updated")
                p.b_new[layer] = case.b[layer] if stays else update(p, case.b[layer], p.nabla_b[layer])
    return p


def feed_forward(p: Pass) -> None:
    """Steps 1 and 2: ``a^1 = x``, then z and a of every layer."""
    p.a[1] = p.case.x
    for layer in range(2, p.last + 1):
        p.z[layer] = p.out("z", weighted_input(p, layer))
        p.a[layer] = p.out("a", activation(p, layer))


def weighted_input(p: Pass, layer: int) -> Array:
    """``z^l = w^l a^{l−1} + b^l``."""
    w, b = p.case.w[layer], p.case.b[layer]
    if p.makes("z", "weights_transposed"):
        w = w.T
    z = w @ p.a[layer - 1]
    if p.makes("z", "broadcast"):
        z = z + b.ravel()
    elif p.makes("z", "bias_subtracted"):
        z = z - b
    elif not p.makes("z", "missing_bias"):
        z = z + b
    return np.trunc(z) if p.makes("z", "integer_arrays") else z


def activation(p: Pass, layer: int) -> Array:
    """``a^l = σ(z^l)``."""
    z = p.z[layer]
    is_output = layer == p.last
    if _makes_any(p, "a", "no_output_activation") and is_output:
        return z
    if _makes_any(p, "a", "no_hidden_activation") and not is_output:
        return z
    a = _sigma(p, layer, z)
    if _makes_any(p, "a", "output_activation_twice") and is_output:
        a = _sigma(p, layer, a)
    if _makes_any(p, "a", "activation_twice"):
        a = _sigma(p, layer, a)
    return np.trunc(a) if p.makes("a", "integer_arrays") else a


def _makes_any(p: Pass, equation: str, mistake: str) -> bool:
    return p.makes(equation, mistake) or p.makes(equation, f"{mistake}:prime_of_it")


def _sigma(p: Pass, layer: int, z: Array) -> Array:
    name = p.case.task.activation(layer, p.last)
    variant = p.variant("a", "wrong_sigma")
    if variant is not None and get_activation(name).couples == variant.startswith("over_"):
        return WRONG_SIGMA[variant.removesuffix("+prime")](name, z)
    if p.sigma is not None and not get_activation(name).couples:
        return p.sigma(z)
    return named_sigma(name, z)


def sigma_prime(p: Pass, layer: int, argument: Array) -> Array:
    """``σ′(z^l)``; the argument is z unless a mistake puts something else there."""
    name = p.case.task.activation(layer, p.last)
    variant = p.variant("sigma_prime", "wrong_sigma_prime")
    if variant is not None:
        return WRONG_PRIME[variant](name, argument)
    if p.makes("sigma_prime", "sigma_prime_expects_a"):
        return prime_from_value(name, argument)
    wrong = p.variant("a", "wrong_sigma")
    if wrong is not None and wrong.endswith("+prime"):
        return prime_from_value(name, _sigma(p, layer, argument))
    if p.sigma_prime is not None:
        return p.sigma_prime(argument)
    derivative = get_activation(name).derivative
    return np.ones_like(argument) if derivative is None else np.asarray(derivative(argument))


def _sigma_prime_factor(p: Pass, equation: str, layer: int) -> Array:
    argument = p.z[layer]
    if p.makes(equation, "missing_sigma_prime"):
        return np.ones_like(argument)
    if p.makes(equation, "sigma_instead_of_sigma_prime"):
        return _sigma(p, layer, argument)
    variant = p.variant(equation, "wrong_sigma_prime")
    if variant is not None:
        return WRONG_PRIME[variant](p.case.task.activation(layer, p.last), argument)
    if p.makes(equation, "sigma_prime_expects_a"):
        return prime_from_value(p.case.task.activation(layer, p.last), argument)
    if p.makes(equation, "sigma_prime_of_a"):
        return p.out("sigma_prime", sigma_prime(p, layer, p.a[layer]))
    if p.makes(equation, "off_by_one_layer:after"):
        return p.out("sigma_prime", sigma_prime(p, layer, p.z[layer + 1]))
    if p.makes(equation, "off_by_one_layer:before"):
        return p.out("sigma_prime", sigma_prime(p, layer, p.z[layer - 1] if layer > 2 else p.a[1]))
    factor = p.out("sigma_prime", sigma_prime(p, layer, argument))
    if any(name.endswith(":prime_of_it") for _, name in p.switches):  # written in terms of a, which is not σ(z)
        factor = p.out("sigma_prime", prime_from_value(p.case.task.activation(layer, p.last), p.a[layer]))
    return factor * factor if p.makes(equation, "sigma_prime_twice") else factor


def bp1(p: Pass) -> Array:
    """BP1: ``δ^L = ∇_a C ⊙ σ′(z^L)``."""
    z, a, y = p.z[p.last], p.a[p.last], p.case.y
    task = p.case.task
    loss, couples = get_loss(task.loss, task.output), get_activation(task.output).couples
    made = {equation for equation, _ in p.switches}
    has_short_cut = (loss.name, task.output) in SHORT_CUTS  # such a program feels nothing of its σ′
    as_is = not made & {"sigma_prime", "a"} and p.sigma_prime is None and p.disturbed != "sigma_prime"
    if "BP1" not in made and (has_short_cut or couples or as_is):
        delta = np.asarray(output_error(task.loss, task.output, z.T, a.T, y.T)).T
    else:
        delta = _nabla_a(p, a, y, loss.nabla_a)
        if p.makes("BP1", "softmax_jacobian_diagonal"):
            delta = delta * a * (1.0 - a)
        elif couples and not p.makes("BP1", "missing_sigma_prime"):
            delta = np.asarray(get_activation(task.output).pull_back(z.T, delta.T)).T
        else:
            delta = _product(p, "BP1", delta, _sigma_prime_factor(p, "BP1", p.last))
    return -delta if p.makes("BP1", "sign") else delta


def _product(p: Pass, equation: str, error: Array, factor: Array) -> Array:
    """The Hadamard product ``⊙``, unless a mistake makes a matrix product of it."""
    variant = p.variant(equation, "matrix_product")
    if variant is None:
        return error * factor
    product = error.T @ factor if variant.startswith("inner") else error @ factor.T
    return product.T if variant.endswith("_t") else product


def _nabla_a(p: Pass, a: Array, y: Array, right: Callable[[Array, Array], Array]) -> Array:
    if p.makes("BP1", "broadcast:columns"):
        return right(a, y.ravel())
    if p.makes("BP1", "broadcast:rows"):
        return right(a.T, y.T.ravel()).T
    variant = p.variant("BP1", "gradient_of_wrong_loss")
    return right(a, y) if variant is None else WRONG_NABLA_A[variant](a, y)


def bp2(p: Pass, layer: int) -> Array:
    """BP2: ``δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)``."""
    w = p.w[layer] if p.makes("BP2", "weights_of_own_layer") else p.w[layer + 1]
    delta = p.delta[p.last] if p.makes("BP2", "delta_not_passed_on") else p.delta[layer + 1]
    product = (w if p.makes("BP2", "weights_not_transposed") else w.T) @ delta
    result = _product(p, "BP2", product, _sigma_prime_factor(p, "BP2", layer))
    return -result if p.makes("BP2", "sign") else result


def _scale(p: Pass, equation: str, layer: int) -> float:
    """What a sum over examples is multiplied by; 1/n when nothing is wrong."""
    n = p.case.n_examples
    if p.makes(equation, "sum_instead_of_mean"):
        return 1.0
    if p.makes(equation, "divided_by_n_twice"):
        return 1.0 / n**2
    sizes = p.case.sizes
    wrong = {"inputs": sizes[0], "outputs": sizes[-1], "neurons": sizes[layer - 1], "previous": sizes[layer - 2]}
    variant = p.variant(equation, "divided_by_wrong_n")
    return 1.0 / n if variant is None else 1.0 / wrong[variant]


def _layer_taken(p: Pass, equation: str, layer: int) -> int:
    if p.makes(equation, "layers_reversed"):
        return p.last + 2 - layer
    if p.makes(equation, "off_by_one_layer:delta_after"):
        return min(layer + 1, p.last)
    return layer


def bp3(p: Pass, layer: int) -> Array:
    """BP3: ``∂C/∂b^l_j = δ^l_j``, averaged over the batch."""
    layer = _layer_taken(p, "BP3", layer)
    delta = p.delta[layer]
    if p.makes("BP3", "times_activation"):
        delta = delta * p.a[layer]
    variant = p.variant("BP3", "not_summed_over_batch")
    if variant is not None:
        nabla_b = delta if variant == "sum" else delta * _scale(p, "BP3", layer)
    elif p.makes("BP3", "summed_over_neurons:all"):
        nabla_b = np.sum(delta) * np.ones((1, 1)) * _scale(p, "BP3", layer)
    elif p.makes("BP3", "summed_over_neurons:mean"):
        nabla_b = np.mean(delta) * np.ones((1, 1))
    elif p.makes("BP3", "summed_over_neurons:mean_axis"):
        nabla_b = np.mean(delta, axis=0, keepdims=True)
    elif p.makes("BP3", "summed_over_neurons:mean_flat"):  # of rows; a flat bias is a column to us
        nabla_b = np.mean(delta, axis=0)[:, np.newaxis]
    elif p.makes("BP3", "summed_over_neurons:flat"):
        nabla_b = np.sum(delta, axis=0)[:, np.newaxis] * _scale(p, "BP3", layer)
    elif p.makes("BP3", "summed_over_neurons:axis"):
        nabla_b = np.sum(delta, axis=0, keepdims=True) * _scale(p, "BP3", layer)
    else:
        nabla_b = np.sum(delta, axis=1, keepdims=True) * _scale(p, "BP3", layer)
    return _finished(p, "BP3", nabla_b)


def bp4(p: Pass, layer: int) -> Array:
    """BP4: ``∂C/∂w^l_jk = a^{l−1}_k δ^l_j``, averaged over the batch."""
    layer = _layer_taken(p, "BP4", layer)
    a, delta = p.a[layer - 1], p.delta[layer]
    if p.makes("BP4", "off_by_one_layer:a_of_own"):
        a = p.a[layer]
    elif p.makes("BP4", "off_by_one_layer:always_x"):
        a = p.a[1]
    elif p.makes("BP4", "z_instead_of_a"):
        a = p.z[layer - 1] if layer > 2 else a
    outer = a @ delta.T if p.makes("BP4", "outer_product_transposed") else delta @ a.T
    return _finished(p, "BP4", outer * _scale(p, "BP4", layer))


def _finished(p: Pass, equation: str, gradient: Array) -> Array:
    if p.makes(equation, "sign"):
        gradient = -gradient
    return np.trunc(gradient) if p.makes(equation, "integer_arrays") else gradient


def update(p: Pass, parameter: Array, gradient: Array) -> Array:
    """``w ← w − μ ∂C/∂w``, and the same for b."""
    eta, n = p.case.eta, p.case.n_examples
    factors = {
        "sign": -1.0,
        "missing_learning_rate": 1.0 / eta,
        "learning_rate_divides": 1.0 / eta**2,
        "sum_instead_of_mean": float(n),
        "divided_by_n_twice": 1.0 / n,
    }
    step = eta * gradient
    for mistake, factor in factors.items():
        if p.makes("update", mistake):
            step = step * factor
    if p.makes("update", "parameter_lost"):
        return -step
    return parameter - step
