"""How large things may be in the lab, and what is said where they are larger.

The limits keep one page from slowing all others down; whoever needs more trains with `backlit train`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from backlit.errors import InvalidInputError

MOST_BYTES = 20 * 2**20
"""Of an uploaded file."""
MOST_ROWS = 100_000
MOST_COLUMNS = 2_000
MOST_CELLS = 5_000_000
"""Rows times inputs, as the network sees them."""
MOST_LAYERS = 12
"""The input included."""
MOST_NEURONS = 1_024
"""Of a hidden layer."""
MOST_PARAMETERS = 2_000_000
MOST_EXAMPLES = 32
"""Of a batch that is stepped through by hand."""
MOST_SHOWN = 16
"""Neurons of a layer that a picture shows."""
MOST_MOVES = 100_000
"""Steps, edits and epochs of a history."""
MOST_STEPS = 1_000
"""Steps by hand at once."""
MOST_LABS = 64
"""Pages that are open at once."""
MOST_TEXT = 2 * MOST_BYTES
"""Of a command: a lab's file holds the uploaded table as well."""


def within(what: str, came: int, most: int, remedy: str) -> None:
    """Raise where something is too large.

    Parameters
    ----------
    what : str
        In the plural: ``"rows"``.
    came, most : int
    remedy : str
        What to do, as a sentence.
    """
    if came > most:
        raise InvalidInputError(f"The lab takes up to {most:,} {what}, but {came:,} came. {remedy}")


def check_sizes(sizes: Sequence[int]) -> None:
    """Raise where a network is too large for the lab."""
    remedy = "Make it smaller, or train it with `backlit train`."
    within("layers", len(sizes), MOST_LAYERS, remedy)
    within("neurons in a hidden layer", max(sizes[1:-1], default=0), MOST_NEURONS, remedy)
    within("weights and biases", sum(n * (m + 1) for m, n in pairwise(sizes)), MOST_PARAMETERS, remedy)


def check_cells(n_rows: int, n_inputs: int) -> None:
    """Raise where a table is too large once it is encoded."""
    within("rows", n_rows, MOST_ROWS, "Take a part of the rows.")
    within("cells (rows × inputs)", n_rows * n_inputs, MOST_CELLS, "Take a part of the rows, or leave columns out.")
