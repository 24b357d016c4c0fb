"""Every activation function σ beside its derivative σ′.

An activation maps the weighted input z of a layer to its activation a = σ(z). Most act on each neuron alone; softmax
couples the neurons of a layer, so its derivative is a Jacobian. `Activation.pull_back` hides the difference: it is
the one place where a vector of ∂C/∂a becomes ∂C/∂z.

To add an activation, write σ and σ′ here, one `Activation` entry in the registry at the end, its twin in
``native/activations.hpp``, and what explanations write for it in `backlit.explanation.story.formulas`. Both must give
a = NaN for z = NaN, never a number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from backlit.core.definitions import POSITIVE, REALS, UNIT, Activation, Interval
from backlit.core.namespace import Array, erfc, namespace
from backlit.errors import InvalidInputError, ShapeError, UnknownNameError

LEAKY_RELU_SLOPE = 0.01
ELU_ALPHA = 1.0
# Klambauer et al. 2017, "Self-Normalizing Neural Networks", equation 14
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_LAMBDA = 1.0507009873554804934193349852946


# Stable building blocks. Selecting with `where` before, not after, the risky function keeps automatic
# differentiation of these formulas free of 0·∞, and lets NaN through.


def _magnitude(z: Array) -> Array:
    # |z| whose derivative at 0 is +1 in every library; the formulas below rely on it being one-sided.
    return namespace(z).where(z < 0, -z, z)


def _negative_part(z: Array) -> Array:
    xp = namespace(z)
    return xp.where(z > 0, xp.zeros_like(z), z)


def sigmoid(z: Array) -> Array:
    """``σ(z) = 1 / (1 + e^−z)``, the lecture's activation."""
    xp = namespace(z)
    decay = xp.exp(-_magnitude(z))
    return xp.where(z < 0, decay, 0.0 * decay + 1.0) / (1.0 + decay)


def sigmoid_prime(z: Array) -> Array:
    """``σ′(z) = σ(z) (1 − σ(z))``, written with 1 − σ(z) = σ(−z) so that it keeps its digits in both tails."""
    return sigmoid(z) * sigmoid(-z)


def log_sigmoid(z: Array) -> Array:
    """``log σ(z) = −softplus(−z)``."""
    return -softplus(-z)


def tanh(z: Array) -> Array:
    """``tanh(z)``."""
    return namespace(z).tanh(z)


def tanh_prime(z: Array) -> Array:
    """``1 − tanh²(z) = 4 σ′(2z)``, which keeps its digits in both tails."""
    return 4.0 * sigmoid_prime(2.0 * z)


def relu(z: Array) -> Array:
    """``max(0, z)``; NaN stays NaN."""
    xp = namespace(z)
    return xp.where(z <= 0, xp.zeros_like(z), z)


def relu_prime(z: Array) -> Array:
    """1 for z > 0, else 0; 0 at the kink."""
    return _step(z, 0.0)


def leaky_relu(z: Array) -> Array:
    """``z`` for z > 0, else ``0.01 z``."""
    return namespace(z).where(z <= 0, LEAKY_RELU_SLOPE * z, z)


def leaky_relu_prime(z: Array) -> Array:
    """1 for z > 0, else 0.01; 0.01 at the kink."""
    return _step(z, LEAKY_RELU_SLOPE)


def elu(z: Array) -> Array:
    """``z`` for z > 0, else ``e^z − 1`` (α = 1)."""
    xp = namespace(z)
    return xp.where(z < 0, ELU_ALPHA * xp.expm1(_negative_part(z)), z)


def elu_prime(z: Array) -> Array:
    """1 for z ≥ 0, else ``e^z``."""
    xp = namespace(z)
    return xp.where(z < 0, ELU_ALPHA * xp.exp(_negative_part(z)), _step(z, 1.0))


def selu(z: Array) -> Array:
    """``λ z`` for z > 0, else ``λ α (e^z − 1)`` (Klambauer et al. 2017)."""
    xp = namespace(z)
    return xp.where(z <= 0, SELU_LAMBDA * SELU_ALPHA * xp.expm1(_negative_part(z)), SELU_LAMBDA * z)


def selu_prime(z: Array) -> Array:
    """λ for z > 0, else ``λ α e^z``; λ α at the kink."""
    xp = namespace(z)
    return xp.where(z <= 0, SELU_LAMBDA * SELU_ALPHA * xp.exp(_negative_part(z)), SELU_LAMBDA * _step(z, 0.0))


def gelu(z: Array) -> Array:
    """``z Φ(z)`` with Φ the normal distribution function, exact (Hendrycks and Gimpel 2016)."""
    return z * _normal_cdf(z)


def gelu_prime(z: Array) -> Array:
    """``Φ(z) + z φ(z)`` with φ the normal density."""
    return _normal_cdf(z) + z * namespace(z).exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def _normal_cdf(z: Array) -> Array:
    return 0.5 * erfc(z * -math.sqrt(0.5))


def silu(z: Array) -> Array:
    """``z σ(z)`` with σ the sigmoid, also known as swish."""
    return z * sigmoid(z)


def silu_prime(z: Array) -> Array:
    """``σ(z) (1 + z (1 − σ(z)))``."""
    return sigmoid(z) * (1.0 + z * sigmoid(-z))


def mish(z: Array) -> Array:
    """``z tanh(softplus(z))`` (Misra 2019)."""
    return z * namespace(z).tanh(softplus(z))


def mish_prime(z: Array) -> Array:
    """``tanh(s) + z (1 − tanh²(s)) σ(z)`` with s = softplus(z)."""
    s = softplus(z)
    return namespace(z).tanh(s) + z * tanh_prime(s) * sigmoid(z)


def softplus(z: Array) -> Array:
    """``log(1 + e^z)``, without overflow."""
    xp = namespace(z)
    return xp.where(z < 0, xp.zeros_like(z), z) + xp.log1p(xp.exp(-_magnitude(z)))


def log_softplus(z: Array) -> Array:
    """``log softplus(z)``, which tends to z where softplus itself underflows."""
    xp = namespace(z)
    far = z < SOFTPLUS_IS_EXP_BELOW
    return xp.where(far, z, xp.log(softplus(xp.where(far, xp.zeros_like(z), z))))


SOFTPLUS_IS_EXP_BELOW = -40.0
"""Below this z, softplus(z) and e^z agree to the last bit of a float64."""


def exp(z: Array) -> Array:
    """``e^z``."""
    return namespace(z).exp(z)


def identity(z: Array) -> Array:
    """``z``."""
    return z


def identity_prime(z: Array) -> Array:
    """1 everywhere."""
    return _step(z, 1.0)


def softmax(z: Array) -> Array:
    """``e^{z_j} / Σ_k e^{z_k}`` over the neurons of a layer."""
    xp = namespace(z)
    exponentials = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    return exponentials / xp.sum(exponentials, axis=-1, keepdims=True)


def softmax_transposed_jacobian(z: Array, nabla_a: Array) -> Array:
    """``Σ_k (∂a_k/∂z_j) ∇_{a_k} C = a_j (∇_{a_j} C − Σ_k a_k ∇_{a_k} C)``."""
    xp = namespace(z, nabla_a)
    a = softmax(z)
    return a * (nabla_a - xp.sum(a * nabla_a, axis=-1, keepdims=True))


def log_softmax(z: Array) -> Array:
    """``z_j − log Σ_k e^{z_k}``."""
    xp = namespace(z)
    shifted = z - xp.max(z, axis=-1, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))


def _step(z: Array, at_or_below_zero: float) -> Array:
    # 1 above zero, the given value elsewhere, NaN for NaN, in z's dtype
    xp = namespace(z)
    return xp.where(z > 0, xp.ones_like(z), xp.where(z <= 0, xp.full_like(z, at_or_below_zero), z))


# Minima of gelu, silu and mish, rounded down: ranges may be stated a little too wide, never too narrow.
_ENTRIES = [
    Activation("sigmoid", sigmoid, sigmoid_prime, UNIT, "glorot_uniform", log_value=log_sigmoid),
    Activation("tanh", tanh, tanh_prime, Interval(-1.0, 1.0), "glorot_uniform"),
    Activation("relu", relu, relu_prime, Interval(0.0, math.inf, low_open=False), "he_normal", kinks=(0.0,)),
    Activation("leaky_relu", leaky_relu, leaky_relu_prime, REALS, "he_normal", kinks=(0.0,)),
    Activation("elu", elu, elu_prime, Interval(-1.0, math.inf), "he_normal", bends=(0.0,)),
    Activation("selu", selu, selu_prime, Interval(-SELU_LAMBDA * SELU_ALPHA, math.inf), "inverse_sqrt", kinks=(0.0,)),
    Activation("gelu", gelu, gelu_prime, Interval(-0.1700, math.inf), "he_normal"),
    Activation("silu", silu, silu_prime, Interval(-0.2785, math.inf), "he_normal"),
    Activation("mish", mish, mish_prime, Interval(-0.3089, math.inf), "he_normal"),
    Activation("softplus", softplus, sigmoid, POSITIVE, "he_normal", log_value=log_softplus),
    Activation("exp", exp, exp, POSITIVE, "inverse_sqrt", log_value=identity),
    Activation("identity", identity, identity_prime, REALS, "glorot_uniform"),
    Activation(
        "softmax",
        softmax,
        None,
        UNIT,
        "glorot_uniform",
        log_value=log_softmax,
        transposed_jacobian=softmax_transposed_jacobian,
    ),
]

ACTIVATIONS: dict[str, Activation] = {entry.name: entry for entry in _ENTRIES}
ALIASES = {"logistic": "sigmoid"}


def get_activation(name: str) -> Activation:
    """Return the registered activation of this name or alias, or the one that a custom name carries.

    Raises
    ------
    UnknownNameError
        With the names that come closest.
    """
    definition = getattr(name, "definition", None)  # of a `backlit.core.custom.CustomActivation`
    if isinstance(definition, Activation):
        return definition
    try:
        return ACTIVATIONS[ALIASES.get(name, name)]
    except (KeyError, TypeError):
        raise UnknownNameError("activation", name, [*ACTIVATIONS, *ALIASES]) from None


def resolve_activations(activation: str | Sequence[str], n_layers: int) -> tuple[str, ...]:
    """Return one registered name for each layer but the input.

    Parameters
    ----------
    activation : str or sequence of str
        One name for all layers, output included, or ``n_layers − 1`` names.
    n_layers : int
        L, the input layer included.
    """
    names = [activation] * (n_layers - 1) if isinstance(activation, str) else list(activation)
    if len(names) != n_layers - 1:
        raise ShapeError(
            f"A network of {n_layers} layers needs {n_layers - 1} activations (the input layer has none), "
            f"but {len(names)} came: {names}. Give one name per layer, or one name for all."
        )
    if not names:
        raise InvalidInputError("A network needs at least two layers, the input and the output.")
    return tuple(get_activation(name).name for name in names)
