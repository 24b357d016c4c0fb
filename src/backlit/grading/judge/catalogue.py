"""The mistakes that people make, by equation, from the most to the least specific."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from backlit.grading.judge.verdict import EQUATIONS
from backlit.grading.judge.wrong_functions import WRONG_NABLA_A, WRONG_PRIME, WRONG_SIGMA

Switch = tuple[str, str]


@dataclass(frozen=True)
class Mistake:
    """One mistake of the catalogue.

    Attributes
    ----------
    key : str
    hint : str
        What to look at, for the student.
    equations : dict of str to tuple of str
        The equations in which it is modelled, with its variants there (``("",)`` if it has none).
    """

    key: str
    hint: str
    equations: dict[str, tuple[str, ...]]

    def switches(self, equation: str) -> list[Switch]:
        """Return the switches of `backlit.grading.judge.algorithm` that make this mistake in one equation."""
        variants = self.equations.get(equation, ())
        return [(equation, f"{self.key}:{variant}" if variant else self.key) for variant in variants]


def _in(*equations: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(equations, ("",))


_WRONG_SIGMA = tuple(name + suffix for suffix in ("+prime", "") for name in WRONG_SIGMA)
# within one equation these two have names of their own: sign, and sigma_instead_of_sigma_prime
_WRONG_PRIME_IN_PLACE = tuple(name for name in WRONG_PRIME if name not in ("minus", "sigma"))
_OBSERVED = _in()
# of what the Hadamard product ⊙ is to multiply, one factor transposed
MATRIX_PRODUCTS = ("inner", "inner_t", "outer", "outer_t")
# σ applied too often or not at all; σ′ may be of z, or be written in terms of what came of it
_TIMES: dict[str, tuple[str, ...]] = {"a": ("", "prime_of_it")}

_ENTRIES = [
    Mistake("missing_bias", "The bias b does not seem to be added.", _in("z")),
    Mistake("bias_subtracted", "The bias seems to be subtracted; look at its sign.", _in("z")),
    Mistake("weights_transposed", "w seems to be transposed here; compare the shapes with n_l and n_{l−1}.", _in("z")),
    Mistake(
        "integer_arrays",
        "The decimals are cut off, as happens when results are stored in an array of integers. Look at the dtype.",
        _in("z", "a", "BP3", "BP4"),
    ),
    Mistake(
        "broadcast",
        "An array of shape (n,) meets one of shape (n, 1), and NumPy makes (n, n) of them. Print the shapes here.",
        {"z": ("",), "BP1": ("columns", "rows")},
    ),
    Mistake("no_output_activation", "The output is z^L; has σ been applied to the last layer?", _TIMES),
    Mistake("no_hidden_activation", "The hidden layers hand on z; has σ been applied to them?", _TIMES),
    Mistake("output_activation_twice", "σ seems to be applied twice to the last layer.", _TIMES),
    Mistake("activation_twice", "σ seems to be applied twice.", _TIMES),
    Mistake(
        "wrong_sigma", "σ itself is not the function asked for; try it on a few numbers by hand.", {"a": _WRONG_SIGMA}
    ),
    Mistake(
        "sigma_prime_expects_a",
        "This formula of σ′ is written for a = σ(z), but it is given z.",
        _in("sigma_prime", "BP1", "BP2"),
    ),
    Mistake(
        "wrong_sigma_prime",
        "σ′ itself is not the derivative of σ; compare it with a difference quotient.",
        {"sigma_prime": tuple(WRONG_PRIME), "BP1": _WRONG_PRIME_IN_PLACE, "BP2": _WRONG_PRIME_IN_PLACE},
    ),
    Mistake("missing_sigma_prime", "The factor σ′(z) is missing.", _in("BP1", "BP2")),
    Mistake("sigma_prime_of_a", "σ′ is taken of a; the equation asks for σ′(z).", _in("BP1", "BP2")),
    Mistake("sigma_instead_of_sigma_prime", "There is σ(z) where σ′(z) belongs.", _in("BP1", "BP2")),
    Mistake(
        "softmax_jacobian_diagonal",
        "Each output of softmax depends on every z of the layer, so a (1 − a) is only the diagonal of its Jacobian.",
        _in("BP1"),
    ),
    Mistake(
        "matrix_product",
        "Here stands a matrix product (@ or np.dot); ⊙ multiplies element by element, which is * in NumPy.",
        {"BP1": MATRIX_PRODUCTS, "BP2": MATRIX_PRODUCTS},
    ),
    Mistake("sign", "The sign is the other way round.", _in("BP1", "BP2", "BP3", "BP4", "update")),
    Mistake(
        "gradient_of_wrong_loss",
        "∇_a C is not that of the loss asked for; derive it once more, factors included.",
        {"BP1": tuple(WRONG_NABLA_A)},
    ),
    Mistake("sigma_prime_twice", "The factor σ′(z) stands there twice.", _in("BP1", "BP2")),
    Mistake("weights_not_transposed", "w^{l+1} must be transposed to bring the error back.", _in("BP2")),
    Mistake(
        "weights_of_own_layer", "These are the weights of layer l; the error comes back through w^{l+1}.", _in("BP2")
    ),
    Mistake("loop_stops_early", "Layer 2 gets no error: look at where the loop over the layers ends.", _in("BP2")),
    Mistake(
        "delta_not_passed_on", "δ^L is used for every layer; each layer needs the δ of the layer after it.", _in("BP2")
    ),
    Mistake(
        "not_summed_over_batch",
        "A bias has one gradient for the whole batch, but here every example keeps its own.",
        {"BP3": ("mean", "sum")},
    ),
    Mistake(
        "sum_instead_of_mean",
        "This is the sum over the examples; the factor 1/n is missing.",
        _in("BP3", "BP4", "update"),
    ),
    Mistake("divided_by_n_twice", "1/n seems to be there twice.", _in("BP3", "BP4", "update")),
    Mistake(
        "divided_by_wrong_n",
        "The sum is divided by a number of neurons; n is the number of examples. Look at the axis.",
        dict.fromkeys(("BP3", "BP4"), ("inputs", "outputs", "neurons", "previous")),
    ),
    Mistake(
        "summed_over_neurons",
        "The sum runs over the neurons as well; each neuron's bias has its own gradient. Look at the axis.",
        {"BP3": ("axis", "mean_axis", "flat", "mean_flat", "all", "mean")},
    ),
    Mistake("times_activation", "The gradient of a bias has no factor a.", _in("BP3")),
    Mistake(
        "outer_product_transposed", "The outer product is transposed: row j belongs to neuron j of layer l.", _in("BP4")
    ),
    Mistake("z_instead_of_a", "The equation asks for a^{l−1}, and here is z^{l−1}.", _in("BP4")),
    Mistake(
        "off_by_one_layer",
        "This is taken from a neighboring layer; check the index.",
        {"BP2": ("after", "before"), "BP3": ("delta_after",), "BP4": ("a_of_own", "always_x", "delta_after")},
    ),
    Mistake("layers_reversed", "The gradients come in reversed order of the layers.", _in("BP3", "BP4")),
    Mistake("missing_learning_rate", "The learning rate is missing.", _in("update")),
    Mistake("learning_rate_divides", "The step is divided by the learning rate.", _in("update")),
    Mistake("parameter_lost", "The step is there, but not the parameter it is taken from.", _in("update")),
    Mistake("bias_not_updated", "The biases stay as they were.", _in("update")),
    Mistake(
        "update_before_all_deltas",
        "w is changed before the errors of the earlier layers are computed with it.",
        _in("update"),
    ),
    # seen directly, not by running the algorithm
    Mistake(
        "float32",
        "The result has only the precision of float32, or of a very fine difference quotient. Look at the dtypes.",
        _OBSERVED,
    ),
    Mistake(
        "difference_quotient",
        "The numbers are nearly right, as those of difference quotients are; the four equations give them exactly.",
        _OBSERVED,
    ),
    Mistake(
        "accumulates", "Calling it twice gives something else: gradients must start from zero each time.", _OBSERVED
    ),
    Mistake(
        "overwritten",
        "Where a number is used twice, its gradients add up: grad += …, where here some grad = … overwrites what came "
        "before. Try c = a + a and c = a * a with a = 3: a.grad must be 2 and 6.",
        _OBSERVED,
    ),
    Mistake(
        "in_place_damage",
        "It changes an array that was given to it. Work on a copy; look for +=, -= and out=.",
        _OBSERVED,
    ),
    Mistake(
        "constant",
        "What comes back is the same for another network and other examples: nothing is computed yet, or it is lost.",
        _OBSERVED,
    ),
    Mistake(
        "fixed_depth",
        "Of a deeper network it takes the first layers alone. Look for a number of layers that is written down, such "
        "as L = 2, and where the loops over the layers end.",
        _OBSERVED,
    ),
    Mistake(
        "cost_of_other_gradients",
        "The gradients are right for the cost asked for, and this is another by a factor: ½, 1/n and the number of "
        "outputs belong in both, or in neither.",
        _OBSERVED,
    ),
    Mistake("not_written", "This is not written yet: it returns nothing.", _OBSERVED),
]

CATALOGUE: dict[str, Mistake] = {entry.key: entry for entry in _ENTRIES}


def key_of(switch: Switch) -> str:
    """Return the mistake's key, without its variant."""
    return switch[1].partition(":")[0]


def singles(equations: tuple[str, ...] = EQUATIONS) -> list[Switch]:
    """Return every modelled mistake of these equations."""
    return [s for equation in equations for entry in _ENTRIES for s in entry.switches(equation)]


def alone_and_in_pairs(equations: tuple[str, ...] = EQUATIONS) -> Iterator[frozenset[Switch]]:
    """Yield sets of switches, the simplest first: single ones, the same mistake in two equations, then pairs."""
    switches = singles(equations)
    # all gradients cut off to 0 would be explained by much else
    yield from (
        both for both in [frozenset({("BP3", "integer_arrays"), ("BP4", "integer_arrays")})] if "BP3" in equations
    )
    yield from (frozenset([s]) for s in switches)
    pairs = [pair for pair in combinations(switches, 2) if _can_be_together(*pair)]
    pairs.sort(key=lambda pair: key_of(pair[0]) != key_of(pair[1]))
    yield from map(frozenset, pairs)


def _can_be_together(first: Switch, second: Switch) -> bool:
    # σ′ wrong in one place only is rare enough for it to be the one mistake
    if any(s[0] in ("BP1", "BP2") and key_of(s) == "wrong_sigma_prime" for s in (first, second)):
        return False
    return not (first[0] == second[0] and key_of(first) == key_of(second))


def order_of(switch: Switch) -> int:
    """Where a switch's equation stands in the algorithm."""
    return EQUATIONS.index(switch[0])
