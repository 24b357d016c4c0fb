"""What no step of the engine can take less than.

On one core: its products, with their padding, by the rules of native/products.hpp and native/one_neuron.hpp, and its
stores. And the roofline, for any engine: the multiply-adds at the peak, or one pass over the weights and the
optimizer's state, whichever takes longer.
"""

from __future__ import annotations

import itertools

import numpy as np
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


def roofline(case: Case, peak: float, bandwidth: dict[int, float]) -> float:
    """Return the seconds that a step takes at least.

    Parameters
    ----------
    case : Case
    peak : float
        GFLOP/s of multiply-adds.
    bandwidth : dict of int to float
        GB/s of reading and writing vectors of so many bytes, from small to large; in between, by the logarithm.
    """
    numbers = sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(case.sizes)) * STORES[case.optimizer]
    held = numbers * np.dtype(case.dtype).itemsize
    there = np.interp(np.log(held), np.log(list(bandwidth)), list(bandwidth.values()))
    return max(case.flops_per_step / peak, 2 * held / float(there)) / 1e9
