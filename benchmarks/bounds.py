"""What no step of the engine can take less than on one core: its products, with their padding, and its stores.

The rules of padding are those of native/products.hpp and native/one_neuron.hpp.
"""

from __future__ import annotations

import itertools

from cases import Case

STORES = {"sgd": 1, "adam": 3}  # of weights, and of the optimizer's moments


def vectors(columns: int, lanes: int, *, halves: bool) -> float:
    """Vectors that so many columns take; where `halves`, a last one that is half padding takes half the time."""
    whole, left = divmod(columns, lanes)
    if left == 0:
        return whole
    return whole + (0.5 if halves and whole and 2 * left <= lanes else 1.0)


def is_row(layer: int, n_out: int) -> bool:
    """Whether vectors run along the layer before: one neuron after a hidden layer."""
    return layer > 0 and n_out == 1


def multiply_adds(case: Case, lanes: int, *, halves: bool) -> float:
    """Multiply-adds of whole vectors in a step."""
    a_row = 0.0
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(case.sizes)):
        along_inputs, along_outputs = vectors(n_in, lanes, halves=False), n_in * vectors(n_out, lanes, halves=halves)
        a_row += 2 * (along_inputs if is_row(layer, n_out) else along_outputs)  # forward and BP4
        if layer > 0:
            a_row += n_out * vectors(n_in, lanes, halves=halves)  # BP2
    return a_row * case.batch_size


def stores(case: Case, lanes: int) -> float:
    """Vectors that the step of a batch writes."""
    weights = 0.0
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(case.sizes)):
        weights += -(-n_in // lanes) if is_row(layer, n_out) else n_in * -(-n_out // lanes)
    return weights * STORES[case.optimizer]
